//! `getAuthenticatedUser`: who we are at the service, and whose reseller (contract 2.2).

use serde_json::Value;

use super::{
    call::{Core, MAX_ANSWER},
    login::before_the_call,
    outcome,
    transport::{Payload, Request},
};
use crate::model::{Fault, FaultKind};

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
    /// Whether this is a reseller, whose tenants are its own, and no master reseller, whose tenants
    /// belong to others.
    #[must_use]
    pub fn is_plain_reseller(&self) -> bool {
        self.kind == "RESELLER"
    }
}

impl Core {
    /// Whose reseller we are: configured, or asked once, however many wait.
    pub(super) async fn reseller_id(&self) -> Result<i64, Fault> {
        match self.account.reseller_id {
            Some(id) => Ok(id),
            None => self.identity().await.map(|identity| identity.reseller),
        }
    }

    /// Who we are. Kept once known.
    pub(super) async fn identity(&self) -> Result<&Identity, Fault> {
        self.identity.get_or_try_init(|| self.ask_identity()).await
    }

    /// `getAuthenticatedUser` (contract 2.2). Its faults are those of a preparing call: what it
    /// prepares was not sent.
    async fn ask_identity(&self) -> Result<Identity, Fault> {
        let call = &self.account.endpoints.who_am_i;
        let what = format!("ask {} for the reseller id of {}", self.host(), self.account.username);
        let unusable = |why: String| {
            Fault::new(FaultKind::NotConfigured, format!("{what}: {why}"))
                .hint("set `connectToTeams.resellerId`, then it need not be asked for")
        };
        let request = Request {
            what: what.clone(),
            row: "whoAmI",
            method: call.method,
            template: call.path.clone(),
            url: self.base().at(&call.path).map_err(unusable)?,
            // Bare, as the vendor shows it; whether quotes are understood is unknown (contract 10
            // #19).
            payload: Payload::Text(self.account.username.clone()),
            limit: MAX_ANSWER,
            until: None,
        };
        let answer =
            self.send(&request).await.and_then(|answer| outcome::read(&request, &answer)).map_err(
                |fault| {
                    match fault.kind {
                        // Refusing this call refuses every call that needs the id.
                        FaultKind::Rejected => unusable(fault.message),
                        _ => before_the_call(fault),
                    }
                },
            )?;
        let id = answer
            .get("resellerId")
            .and_then(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
        let reseller = id
            .filter(|id| *id > 0)
            .ok_or_else(|| unusable("the answer names no `resellerId`".to_owned()))?;
        let kind = answer.get("type").and_then(Value::as_str).unwrap_or("RESELLER").to_owned();
        Ok(Identity {
            reseller,
            kind,
            password_changed: answer.get("passwordChanged").and_then(Value::as_bool),
        })
    }
}
