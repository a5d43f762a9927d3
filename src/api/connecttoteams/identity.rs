//! `getAuthenticatedUser`: who we are at the service, and whose reseller (contract 2.2).

use serde_json::Value;

use super::answer;

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
    pub(super) fn of(said: &Value) -> Option<Self> {
        let id = said
            .get("resellerId")
            .and_then(|id| id.as_i64().or_else(|| id.as_str()?.trim().parse().ok()));
        Some(Self {
            reseller: id.filter(|id| *id > 0)?,
            kind: said.get("type").and_then(Value::as_str).unwrap_or("RESELLER").to_owned(),
            password_changed: said.get("passwordChanged").and_then(answer::flag),
        })
    }

    /// Whether this is a reseller, whose tenants are its own, and no master reseller, whose tenants
    /// belong to others.
    #[must_use]
    pub fn is_plain_reseller(&self) -> bool {
        self.kind.trim().eq_ignore_ascii_case("RESELLER")
    }
}
