//! `configureValetServiceAccount` (contract 5.5): has the service make the account `callappservice@...`
//! of a customer, through which the Call App works there.
//!
//! **Invariant:** this is the only file that names the call, and an [`AccountMaker`] is the only thing
//! that can make it. It is built from settings, not from a [`super::Client`], and takes a
//! [`ConfirmedTenant`], which exists only for a name that a person gave. Nothing else touches that account.

use super::{
    address::PathPlaces,
    core::{Core, MAX_ANSWER},
    outcome,
    regenerate::ConfirmedTenant,
    transport::{HttpRequest, Payload},
    write,
};
use crate::{
    config::{Accept, Account, Effort, Method},
    model::{Fault, FaultKind},
    ports::Permit,
};

const PATH: &str = "/valet/configureValetServiceAccount";
/// As messages name it.
const ROW: &str = "configureValetServiceAccount";

/// Can have the account made.
pub struct AccountMaker {
    core: Core,
}

impl std::fmt::Debug for AccountMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountMaker").field("host", &self.core.host()).finish_non_exhaustive()
    }
}

impl AccountMaker {
    /// The account that manages the tenant, and the section of the settings that it is in.
    pub fn new(section: &str, account: &Account) -> Result<Self, Fault> {
        Ok(Self { core: Core::new(section, account.clone())? })
    }

    /// Asks for it once, if the customer consents and `permit` still says so when the call goes out.
    pub async fn make(&self, confirmed: ConfirmedTenant<'_>, permit: &Permit) -> Result<(), Fault> {
        let tenant = confirmed.tenant();
        let core = &self.core;
        let what = format!("make the Call App's own account in {}", tenant.name);
        if let Some(problem) = write::consent(core, tenant).await?.problem() {
            return Err(Fault::new(FaultKind::Rejected, format!("{what}: {problem}"))
                .hint("`dialplane doctor` says what to do; nothing was sent"));
        }
        let url = core.url(&what, ROW, PATH, PathPlaces::default())?;
        let (json, until) = core.authorisation(tenant).await?.parts();
        let request = HttpRequest {
            what,
            section: core.section().clone(),
            row: ROW,
            effort: Effort::Write,
            method: Method::Post,
            template: PATH.to_owned(),
            url,
            payload: Payload::Text(json.unwrap_or_default().to_string()),
            limit: MAX_ANSWER,
            until,
            permit: permit.clone(),
        };
        let answer = match core.delegated(tenant) {
            Some(delegated) => delegated.send(&request).await?,
            None => core.send(&request).await?,
        };
        outcome::write(&request, &answer, Accept::Json)
    }
}
