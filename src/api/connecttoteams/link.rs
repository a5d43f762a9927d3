//! The link by which a customer's admin gives consent (contract 6.12).
//!
//! **Invariant:** a link is text of others that people follow. Only one that is encrypted, names no
//! user and repeats no secret of ours is handed out, and only if it is certain which one is meant.

use reqwest::Url;
use serde_json::Value;

use super::{call::Draft, core::Core, outcome};
use crate::{
    config::EndpointRow,
    model::{Fault, FaultKind, TenantRef},
};

/// The longest link that is handed out: as long as all programs take.
const MAX_LINK: usize = 2000;

impl Core {
    /// Asks for the link of a tenant.
    pub(super) async fn consent_link(&self, tenant: &TenantRef) -> Result<String, Fault> {
        let what = format!("get a consent link for {}", tenant.name);
        let Some(row) = &self.account.endpoints.consent_link else {
            let message = format!("{what}: the configuration does not say what to ask for");
            return Err(Fault::new(FaultKind::NotConfigured, message).hint(format!(
                "set {}: no public page of the vendor that was read names all that its body \
                    holds, and the vendor's support knows it. Until then `dialplane doctor` words \
                    a mail to the customer's admin",
                self.section().row(EndpointRow::ConsentLink.name())
            )));
        };
        let draft = Draft::new(what, EndpointRow::ConsentLink, &row.call, tenant);
        // Boxed: it is large.
        let (request, reply) = Box::pin(self.call(&draft)).await?;
        let value = outcome::read_or_text(&request, &reply)?;
        let found = match &row.url {
            Some(pointer) => value.pointer(pointer).and_then(Value::as_str).ok_or_else(|| {
                let row = self.section().row("consentLink.url");
                format!("an answer without a text at `{pointer}`, where {row} looks for the link")
            }),
            None => only_link(&value),
        };
        let secret = |text: &str| reply.redactor.holds_secret(text);
        found.and_then(|link| safe(link, secret)).map_err(|why| outcome::garbled(&request, &why))
    }
}

/// The only link in an answer.
fn only_link(value: &Value) -> Result<&str, String> {
    let mut links = Vec::new();
    find(value, 4, &mut links);
    match links.as_slice() {
        [only] => Ok(only),
        [] => Err("an answer without a link".to_owned()),
        more => Err(format!(
            "{} links; `url` of the row consentLink must say which is meant",
            more.len()
        )),
    }
}

fn find<'v>(value: &'v Value, depth: usize, links: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if text.trim_start().starts_with("http") => links.push(text),
        Value::Array(items) if depth > 0 => {
            for item in items {
                find(item, depth - 1, links);
            }
        }
        Value::Object(fields) if depth > 0 => {
            for item in fields.values() {
                find(item, depth - 1, links);
            }
        }
        _ => {}
    }
}

/// The link as a browser would write it: in ASCII, whatever it was written in.
fn safe(link: &str, holds_secret: impl Fn(&str) -> bool) -> Result<String, String> {
    let url =
        Url::parse(link.trim()).map_err(|error| format!("a link that is not a URL ({error})"))?;
    let plain = url.as_str();
    if url.scheme() != "https" {
        return Err("a link that does not begin with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a link that names a user".to_owned());
    }
    if plain.len() > MAX_LINK || !plain.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("a link of {} characters, which nobody can follow", plain.len()));
    }
    if holds_secret(plain) || holds_secret(link) {
        return Err("a link that repeats our own credentials".to_owned());
    }
    Ok(plain.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_link_that_people_can_follow_is_handed_out() {
        let read = |value: Value| {
            only_link(&value).and_then(|link| safe(link, |text| text.contains("hunter2")))
        };
        let good = "https://login.microsoftonline.com/x/adminconsent?client_id=1";
        for (answer, expected) in [
            (json!(good), Ok(good)),
            (json!({ "status": "ok", "data": { "url": good } }), Ok(good)),
            (
                json!({ "url": "https://ex\u{e4}mple.com/\u{202e}a b" }),
                Ok("https://xn--exmple-cua.com/%E2%80%AEa%20b"),
            ),
            (
                json!({ "url": good, "help": "https://kb.example.com" }),
                Err("2 links; `url` of the row consentLink must say which is meant"),
            ),
            (json!({ "url": "javascript:alert(1)" }), Err("an answer without a link")),
            (
                json!({ "url": "http://example.com" }),
                Err("a link that does not begin with https://"),
            ),
            (json!({ "url": "https://admin@example.com" }), Err("a link that names a user")),
            (
                json!({ "url": "https://example.com/?t=hunter2" }),
                Err("a link that repeats our own credentials"),
            ),
            (json!({ "url": "https://" }), Err("a link that is not a URL (empty host)")),
        ] {
            assert_eq!(
                read(answer.clone()).as_deref().map_err(String::as_str),
                expected,
                "{answer}"
            );
        }
        assert!(read(json!(format!("https://example.com/{}", "x".repeat(2000)))).is_err());
    }
}
