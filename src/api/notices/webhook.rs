//! A webhook: a `CloudEvent` (version 1.0, structured mode) that is signed as Standard Webhooks
//! say, so a receiver can tell who sent it and when.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretBox};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{NoticeBody, secret, short};
use crate::{
    api::http::section::Section,
    config::Receiver,
    model::{Fault, FaultKind, Notice, NoticeEntry, NoticeOccasion},
};

/// How a secret begins that is written as the standard wants it.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has, by the standard.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// Keys are written with padding and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a body is signed with: more than one while a secret is replaced.
pub(super) type SigningKeys = Vec<SecretBox<Vec<u8>>>;

/// The keys of a receiver, as their sources give them now.
pub(super) async fn keys(receiver: &Receiver, section: &Section) -> Result<SigningKeys, Fault> {
    let mut keys = SigningKeys::new();
    let sources = [("secret", &receiver.secret), ("formerSecret", &receiver.former_secret)];
    for (name, source) in sources {
        let Some(source) = source else { continue };
        let text = secret(source, section, name).await?;
        let coded = text.expose_secret().trim();
        let coded = coded.strip_prefix(PREFIX).unwrap_or(coded);
        let key = BASE64.decode(coded).ok().filter(|key| LENGTHS.contains(&key.len()));
        let Some(key) = key else {
            let message = format!(
                "{} is not a signing secret: `{PREFIX}` and {} to {} bytes in base64",
                section.key(name),
                LENGTHS.start(),
                LENGTHS.end()
            );
            return Err(Fault::new(FaultKind::NotConfigured, message).hint(
                "make one with `printf 'whsec_%s' \"$(openssl rand -base64 32)\"`, and give it to \
                    the receiver",
            ));
        };
        keys.push(SecretBox::new(Box::new(key)));
    }
    Ok(keys)
}

/// The notice as it is sent at this moment.
pub(super) fn body(
    notice: &Notice,
    page: Option<&str>,
    keys: &SigningKeys,
    at: Timestamp,
) -> NoticeBody {
    let text = event(notice, page).to_string();
    NoticeBody {
        content_type: "application/cloudevents+json",
        headers: signed(&notice.id, &text, keys, at),
        text,
    }
}

/// The headers of Standard Webhooks. Without a key there is nothing to sign with, and the id alone
/// lets a receiver notice what it had before.
fn signed(id: &str, body: &str, keys: &SigningKeys, at: Timestamp) -> HeaderMap {
    let seconds = at.as_second().to_string();
    let signatures: Vec<String> =
        keys.iter().filter_map(|key| sign(key, id, &seconds, body)).collect();
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| {
        // They are made of letters and digits.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("webhook-id", id);
    add("webhook-timestamp", &seconds);
    if !signatures.is_empty() {
        add("webhook-signature", &signatures.join(" "));
    }
    headers
}

fn sign(key: &SecretBox<Vec<u8>>, id: &str, seconds: &str, body: &str) -> Option<String> {
    // It takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).ok()?;
    for part in [id, ".", seconds, ".", body] {
        mac.update(part.as_bytes());
    }
    Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}

fn event(notice: &Notice, page: Option<&str>) -> Value {
    let (told, more) = notice.in_words();
    let (kind, subject, data) = match told {
        [] => ("dialplane.trial".to_owned(), None, json!({ "text": notice.headline() })),
        [only] if more == 0 => (
            match only.telling {
                NoticeOccasion::Applied => "dialplane.applied".to_owned(),
                telling => format!("dialplane.incident.{}", telling.name()),
            },
            only.incident.tenant.clone(),
            data(only),
        ),
        told => {
            let incidents: Vec<Value> = told.iter().map(data).collect();
            let data = json!({ "text": notice.headline(), "incidents": incidents, "more": more });
            ("dialplane.digest".to_owned(), None, data)
        }
    };
    let mut event = json!({
        "specversion": "1.0",
        "id": notice.id,
        "source": page.unwrap_or("dialplane"),
        "type": kind,
        "time": notice.at.to_string(),
        "datacontenttype": "application/json",
        "data": data,
    });
    if let (Some(subject), Some(event)) = (subject, event.as_object_mut()) {
        event.insert("subject".to_owned(), subject.into());
    }
    event
}

fn data(told: &NoticeEntry) -> Value {
    let incident = &told.incident;
    let mut data = json!({
        "telling": told.telling.name(),
        "kind": incident.kind.name(),
        "tenant": incident.tenant,
        "code": incident.code,
        "since": told.since.to_string(),
        "text": told.headline(),
    });
    if let (Some(details), Some(data)) = (&told.details, data.as_object_mut()) {
        data.insert("count".to_owned(), details.count.into());
        data.insert("reason".to_owned(), short(&details.reason).into());
        data.insert("hint".to_owned(), short(&details.hint).into());
    }
    if let (Some(version), Some(data)) = (&told.in_force, data.as_object_mut()) {
        data.insert("manifests".to_owned(), short(version).into());
    }
    data
}
