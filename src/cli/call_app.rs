//! `call-app service-account`: has the service make the account through which the Call App works in a
//! tenant. It happens when a person types the tenant's name, and never otherwise.

use clap::{Args, Subcommand};

use super::{
    args::Global,
    complete, credentials,
    exit::{Exit, Failure},
    manifests, out, session,
};
use crate::{
    api::connecttoteams::call_app::AccountMaker,
    model::{FaultKind, Mode, TenantName},
    ports::Permit,
};

#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Have the service make the Call App's own account of a tenant, `callappservice@...`
    ///
    /// The Call App needs it once for each customer. Dialplane touches that account in no other way.
    ServiceAccount(ServiceAccount),
}

#[derive(Debug, Args)]
pub(super) struct ServiceAccount {
    /// The tenant, by its name in the manifests
    #[arg(value_parser = |name: &str| TenantName::parse(name), add = complete::tenants())]
    tenant: TenantName,
    /// Say that it is meant without being asked: the tenant's name once more
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

/// Has it made.
pub(super) async fn service_account(
    global: &Global,
    command: &ServiceAccount,
) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let desired = credentials::tenant(&settings, &command.tenant)?;
    if desired.mode != Mode::Enforce {
        let mode = desired.mode.name();
        return Err(Failure::new(format!(
            "tenant `{}` says `mode: {mode}`: nothing is written to it",
            desired.name
        ))
        .hint("set `mode: enforce` first"));
    }
    let tenant = desired.reference();
    let (section, account) = credentials::account(&settings, &tenant)?;
    let maker = AccountMaker::new(&section, account)?;
    let switch = session::switch(false, &settings).await;
    switch.check()?;
    let question = format!(
        "The service will make an account of its own, `callappservice@...`, in the directory of {}. The \
            Call App works\nthrough it, and it must not be deleted.\n",
        tenant.name
    );
    let typed = match &command.confirm {
        Some(name) => name.clone(),
        None => credentials::ask(&tenant, &question).await?,
    };
    let confirmed = credentials::confirmed(&tenant, &typed)?;
    let permit = Permit::new(move || switch.check());
    if let Err(fault) = maker.make(confirmed, &permit).await {
        let is_lost =
            matches!(fault.kind, FaultKind::NoAnswer | FaultKind::Server | FaultKind::Garbled);
        let failure = Failure::from(fault);
        return Err(if is_lost {
            failure.hint(
                "the account may or may not have been made: look for `callappservice@...` in the \
                    customer's directory before you run this again",
            )
        } else {
            failure
        });
    }
    out::data(&format!(
        "the service has taken the order for the Call App's own account of {}: `callappservice@...`, which \
            must not be deleted\n",
        tenant.name
    ));
    Ok(Exit::Done)
}
