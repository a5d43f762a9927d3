//! Requests and answers: what the sandbox reads from bytes and writes as JSON.
//!
//! **Invariant:** pure, and no type here is shared with a client of the service.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Map, Value as Json, json};

/// A request, whole.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Still percent-encoded.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) host: String,
    pub(super) authorization: String,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

impl Request {
    /// A value from the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        pairs(&self.query).remove(name)
    }

    /// A value from the query, or from the top of a JSON body; numbers have to be numbers there.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let of_body = || match self.object().ok()?.remove(name)? {
            Json::String(text) => Some(text),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        self.query(name).or_else(of_body)
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Json>, Reply> {
        if !self.content_type.starts_with("application/json") {
            return Err(Reply::error(415, "the body must be application/json"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Reply::error(400, format!("the body is not a JSON object: {error}")))
    }
}

/// Reads `a=b&c=d`, as queries and forms have it.
pub(super) fn pairs(text: &str) -> BTreeMap<String, String> {
    let plain = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) retry_after: Option<u32>,
    pub(super) location: Option<&'static str>,
    pub(super) body: String,
}

impl Reply {
    /// JSON.
    pub(super) fn json(status: u16, body: &Json) -> Self {
        Self {
            status,
            content_type: "application/json",
            retry_after: None,
            location: None,
            body: body.to_string(),
        }
    }

    /// A refusal. The vendor documents no shape for it (contract 1).
    pub(super) fn error(status: u16, message: impl Into<String>) -> Self {
        Self::json(status, &json!({ "error": message.into() }))
    }

    /// A refusal dressed up as a success, as the vendor's validating calls do it (contract
    /// 5.7).
    pub(super) fn error_inside(message: impl Into<String>) -> Self {
        Self::json(200, &json!({ "hasErrors": true, "error": message.into() }))
    }

    /// The answer of a provisioning call: an object without named fields (contract 1).
    pub(super) fn accepted() -> Self {
        Self::json(200, &json!({}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = pairs("grant_type=password&password=a%2Bb+c&empty=");
        assert_eq!(form["password"], "a+b c");
        assert_eq!(form["empty"], "");
    }
}
