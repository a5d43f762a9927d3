//! Asks who we are at the service: `getAuthenticatedUser` (contract 2.2).

use super::{
    core::{Core, MAX_ANSWER},
    identity::Identity,
    login::before_the_call,
    outcome,
    transport::{HttpRequest, Payload},
};
use crate::{
    config::EndpointRow,
    model::{Fault, FaultKind},
    ports::Permit,
};

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
            Fault::new(FaultKind::NotConfigured, format!("{what}: {why}")).hint(format!(
                "set {}, then it need not be asked for",
                self.section().key("resellerId")
            ))
        };
        let request = HttpRequest {
            what: what.clone(),
            section: self.section().clone(),
            row: EndpointRow::WhoAmI.name(),
            effort: EndpointRow::WhoAmI.effort(),
            method: call.method,
            template: call.path.clone(),
            url: self.base().at(&call.path).map_err(unusable)?,
            // Bare, as the vendor shows it; whether quotes are understood is unknown (contract 10
            // #19).
            payload: Payload::Text(self.account.username.clone()),
            limit: MAX_ANSWER,
            until: None,
            permit: Permit::default(),
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
        Identity::of(&answer).ok_or_else(|| unusable("the answer names no `resellerId`".to_owned()))
    }
}
