//! `getAuthenticatedUser`: who we are at the service, and whose reseller (contract 2.2).

use serde_json::Value;

/// Who the service says that we are (contract 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The reseller or master reseller.
    pub reseller: i64,
    /// Which of them; other values than `RESELLER` are not documented.
    pub kind: String,
    /// Whether the first password was changed, if the answer says so.
    pub password_changed: Option<bool>,
}

impl Identity {
    /// From the answer of `getAuthenticatedUser`; `None` if it names no reseller.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        let id = answer
            .get("resellerId")
            .and_then(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
        Some(Self {
            reseller: id.filter(|id| *id > 0)?,
            kind: answer.get("type").and_then(Value::as_str).unwrap_or("RESELLER").to_owned(),
            password_changed: answer.get("passwordChanged").and_then(Value::as_bool),
        })
    }

    /// Whether this is a reseller, whose tenants are its own, and no master reseller, whose tenants
    /// belong to others.
    #[must_use]
    pub fn is_plain_reseller(&self) -> bool {
        self.kind == "RESELLER"
    }
}
