//! `regenerateAPICredentials` (contract 2.3): makes new credentials of an enterprise and so ends
//! those that anybody else uses.
//!
//! **Invariant:** this is the only file that names the call, and a [`Regenerator`] is the only
//! thing that can make it. It is built from settings, not from a [`super::Client`]: the holder of a
//! reader or a writer has no way to one.
//!
//! **Invariant:** it takes a [`ConfirmedTenant`], which exists only for a name that a person gave.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use super::{
    address::PathPlaces,
    answer,
    core::{Core, MAX_ANSWER},
    outcome,
    transport::{HttpRequest, Payload},
};
use crate::{
    config::{Account, Effort, Method},
    model::{Fault, FaultKind, TenantRef},
    ports::Permit,
};

const PATH: &str = "/enterprise/regenerateAPICredentials";

/// Can make new credentials.
pub struct Regenerator {
    core: Core,
}

/// A tenant whose name somebody gave to say that this is meant.
#[derive(Debug)]
pub struct ConfirmedTenant<'a>(&'a TenantRef);

impl<'a> ConfirmedTenant<'a> {
    /// What was typed must be the name of the tenant.
    #[must_use]
    pub fn by(tenant: &'a TenantRef, typed: &str) -> Option<Self> {
        (typed.trim() == tenant.name.as_str()).then_some(Self(tenant))
    }

    /// The tenant.
    pub(super) fn tenant(&self) -> &'a TenantRef {
        self.0
    }
}

/// What the service answered.
pub struct NewCredentials {
    /// The answer, as it was sent.
    pub answer: SecretString,
    /// What of a login it lacks, in words; nothing if it is credentials.
    pub lacks: Option<String>,
}

impl std::fmt::Debug for Regenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Regenerator").field("host", &self.core.host()).finish_non_exhaustive()
    }
}

impl Regenerator {
    /// The account that manages the tenant, and the section of the settings that it is in.
    pub fn new(section: &str, account: &Account) -> Result<Self, Fault> {
        // Nobody may end it halfway: what comes back exists nowhere else.
        let timeout = account.timeout.max(Duration::from_secs(60));
        Ok(Self { core: Core::new(section, Account { timeout, ..account.clone() })? })
    }

    /// Asks for them, if `permit` still says so when the call goes out. From here on the former ones are no longer good.
    pub async fn regenerate(
        &self,
        confirmed: ConfirmedTenant<'_>,
        permit: &Permit,
    ) -> Result<NewCredentials, Fault> {
        let ConfirmedTenant(tenant) = confirmed;
        let what = format!("make new credentials of {}", tenant.name);
        let url = self.core.url(&what, "regenerate", PATH, PathPlaces::default())?;
        let request = HttpRequest {
            what,
            section: self.core.section().clone(),
            row: "regenerate",
            effort: Effort::Write,
            method: Method::Post,
            template: PATH.to_owned(),
            url,
            // Bare, as the vendor shows it.
            payload: Payload::Text(tenant.id.to_string()),
            limit: MAX_ANSWER,
            until: None,
            permit: permit.clone(),
        };
        let answer = self.core.send(&request).await?;
        if !answer.reply.status.is_success()
            || answer::json(&answer.reply.body)
                .is_ok_and(|json| answer::error_inside(&json).is_some())
        {
            let refused = outcome::read(&request, &answer).err();
            let fault = refused.unwrap_or_else(|| {
                Fault::new(FaultKind::Rejected, format!("{}: refused", request.what))
            });
            return Err(fault.hint(
                "the enterprise must be registered with the service first; nothing was changed if \
                    it refused",
            ));
        }
        // Whatever came is kept, understood or not: the former credentials may be gone.
        let text = String::from_utf8_lossy(&answer.reply.body).into_owned();
        Ok(NewCredentials { answer: text.into(), lacks: lacks(&answer.reply.body) })
    }
}

/// What an answer lacks of the credentials that a login needs.
#[must_use]
pub fn lacks(answer: &[u8]) -> Option<String> {
    let json = match answer::json(answer) {
        Ok(json) => json,
        Err(why) => return Some(format!("it is {why}")),
    };
    let there = |name: &&str| {
        json.get(*name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
    };
    let names = ["clientID", "clientSecret", "entAdminUsername", "entAdminSecret"];
    let missing: Vec<&str> = names.into_iter().filter(|name| !there(name)).collect();
    if missing.is_empty() { None } else { Some(format!("it has no `{}`", missing.join("`, `"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_all_that_a_login_needs() {
        let whole = r#"{"enterpriseId":1,"clientID":"c","clientSecret":"s","entAdminUsername":"u","entAdminSecret":"p"}"#;
        assert_eq!(lacks(whole.as_bytes()), None);
        for (answer, words) in [
            ("<html>sign in</html>", "it is a web page instead of JSON"),
            ("", "it is an empty answer"),
            ("{}", "it has no `clientID`, `clientSecret`, `entAdminUsername`, `entAdminSecret`"),
            ("[]", "it has no `clientID`"),
            (
                r#"{"clientID":"c","clientSecret":" ","entAdminUsername":7,"entAdminSecret":"p"}"#,
                "no `clientSecret`, `entAdminUsername`",
            ),
        ] {
            assert!(lacks(answer.as_bytes()).unwrap().contains(words), "{answer}");
        }
    }
}
