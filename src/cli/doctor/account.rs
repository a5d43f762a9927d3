//! One account at the service: can it be reached, does it let us in, and who are we there?

use std::{sync::Arc, time::Duration};

use super::{Checks, DoctorCheck};
use crate::{
    api::connecttoteams::Probe,
    config::Settings,
    model::{Desired, DesiredTenant, Fault, FaultKind},
    words::{about, list, many},
};

/// How far clocks may be apart. Tokens last minutes; what is written settles for hours.
const MAX_APART: i64 = 60;

pub(super) async fn check(probe: &Probe) -> Vec<DoctorCheck> {
    let mut checks = Checks::of(probe.section());
    let login = probe.log_in().await;
    // Without its secrets nothing was asked yet.
    let connected = match &login {
        Err(fault) if fault.kind == FaultKind::NotConfigured => probe.reach().await,
        Err(fault) if !reached(fault) => Err(fault.clone()),
        _ => Ok(()),
    };
    if let Err(fault) = connected {
        checks.fault("connection", fault);
        if let Err(fault) = login.as_ref().map_err(Clone::clone)
            && fault.kind == FaultKind::NotConfigured
        {
            checks.fault("login", fault);
        }
        return checks.list;
    }
    checks.pass("connection", format!("{} answers", probe.host()));
    clock(&mut checks, probe);
    match login {
        Ok(()) => checks.pass("login", format!("{} has a token", probe.username())),
        Err(fault) => {
            checks.fault("login", fault);
            return checks.list;
        }
    }
    if identity(&mut checks, probe).await {
        inventory(&mut checks, probe).await;
    }
    checks.list
}

/// Whether the service said something, were it only no.
fn reached(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Auth | FaultKind::Rejected | FaultKind::Throttled)
}

fn clock(checks: &mut Checks, probe: &Probe) {
    match probe.clock_ahead().map(|ahead| ahead.as_secs()) {
        None => {}
        Some(ahead) if ahead.abs() <= MAX_APART => {
            checks.pass("clock", "it agrees with the service's");
        }
        Some(ahead) => {
            let apart = about(Duration::from_secs(ahead.unsigned_abs()));
            let which = if ahead > 0 { "behind" } else { "ahead of" };
            checks.warn(
                "clock",
                format!("this machine's clock is {apart} {which} the service's"),
                "set it right (NTP): lifetimes of tokens and waits are told by it",
            );
        }
    }
}

/// Whether the reseller is known.
async fn identity(checks: &mut Checks, probe: &Probe) -> bool {
    let identity = match (probe.identity().await, probe.configured_reseller()) {
        (Ok(identity), _) => identity,
        (Err(fault), Some(id)) => {
            let hint =
                "the calls go on with the configured id; if they are refused, correct `resellerId`";
            checks.warn(
                "reseller",
                format!("{id} by the configuration, and could not be checked: {}", fault.message),
                hint,
            );
            return true;
        }
        (Err(fault), None) => {
            checks.fault("reseller", fault);
            return false;
        }
    };
    if identity.password_changed == Some(false) {
        checks.fail(
            "first login",
            format!("{} has never changed its first password", probe.username()),
            "log in once to the Service Portal with it and change the initial password; then \
                store the new one",
        );
    }
    match probe.configured_reseller() {
        Some(id) if id != identity.reseller => checks.warn(
            "reseller",
            format!("{id} by the configuration, and {} by the service", identity.reseller),
            format!(
                "take `{}.resellerId` out of the configuration, unless it is a reseller below \
                    this master reseller",
                probe.section()
            ),
        ),
        _ => checks.pass("reseller", format!("{} ({})", identity.reseller, identity.kind)),
    }
    true
}

async fn inventory(checks: &mut Checks, probe: &Probe) {
    let inventory = match probe.inventory().await {
        Ok(inventory) => inventory,
        Err(fault) => {
            checks.fault("inventory", fault);
            return;
        }
    };
    let remedy = |row: &str| {
        format!(
            "nothing depends on it; `{}.endpoints.{row}` says how it is asked for",
            probe.section()
        )
    };
    match &inventory.tenants {
        Ok(tenants) => {
            checks.pass("tenants", format!("the service lists {}", many(tenants.len(), "tenant")));
        }
        Err(why) => {
            checks.warn("tenants", format!("could not be checked: {why}"), remedy("enterprises"));
        }
    }
    match &inventory.gateways {
        Ok(gateways) => {
            let known = gateways.iter().map(|(id, region)| format!("{} {region}", id.get()));
            checks.pass("gateways", list(known));
        }
        Err(why) => {
            checks.warn("gateways", format!("could not be checked: {why}"), remedy("gateways"));
        }
    }
}

/// Tenants of the settings that no manifest describes, or for another account: what is here
/// would silently not be used.
pub(super) fn enterprises(settings: &Settings, desired: &Desired) -> Vec<DoctorCheck> {
    let mut all = Vec::new();
    for (section, _, account) in settings.all_accounts() {
        let mut checks = Checks::of(section.clone());
        let known = |name: &str| {
            let tenant = desired.tenants.values().find(|tenant| tenant.name.as_str() == name);
            let account = tenant.and_then(|tenant| settings.account_of(tenant.account.as_ref()));
            account.is_some_and(|(of, _)| of == section)
        };
        for name in account.enterprises.keys().filter(|name| !known(name)) {
            checks.warn(
                "enterprises",
                format!("no manifest describes a tenant `{name}` of this account"),
                format!("correct or remove `{section}.enterprises.{name}`"),
            );
        }
        all.extend(checks.list);
    }
    all
}

/// Accounts whose users could not be read by anybody. Tenants that there are tell it themselves.
pub(super) fn readers(settings: &Settings, desired: Option<&Desired>) -> Vec<DoctorCheck> {
    let mut all = Vec::new();
    for (section, ..) in
        settings.all_accounts().filter(|(.., account)| account.endpoints.list_users.is_none())
    {
        let of_it = |tenant: &&Arc<DesiredTenant>| {
            settings.account_of(tenant.account.as_ref()).is_some_and(|(of, _)| of == section)
        };
        if desired.is_some_and(|desired| desired.tenants.values().any(|tenant| of_it(&tenant))) {
            continue;
        }
        let mut checks = Checks::of(section.clone());
        let finding = "no call is configured that lists users, and no public page names one";
        let remedy = format!(
            "ask the vendor's support for it and set `{section}.endpoints.listUsers`; or read \
                tenants from Microsoft Graph (`graph`, `live: graph`) or from a file \
                (`live.file`, `live: file`)"
        );
        if settings.graph.is_some() || settings.live.file.is_some() {
            checks.warn(
                "readers",
                format!("{finding}: only tenants with `live: graph` or `live: file` can be read"),
                remedy,
            );
        } else {
            checks.fail("readers", finding, remedy);
        }
        all.extend(checks.list);
    }
    all
}
