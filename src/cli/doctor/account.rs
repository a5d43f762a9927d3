//! One account at the service: can it be reached, does it let us in, and who are we there?

use super::{Check, Checks};
use crate::{
    api::connecttoteams::Probe,
    config::Settings,
    model::Desired,
    plan::render::many,
    ports::{Fault, FaultKind},
};

/// How far clocks may be apart. Tokens last minutes; what is written settles for hours.
const MAX_APART: i64 = 60;

pub(super) async fn check(probe: &Probe) -> Vec<Check> {
    let mut checks = Checks::of(probe.section());
    let login = probe.log_in().await;
    if let Err(fault) = &login
        && !reached(fault)
    {
        checks.fault("connection", fault.clone());
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
    // Secrets that cannot be read are a matter of the login as well.
    matches!(fault.kind, FaultKind::Auth | FaultKind::Rejected | FaultKind::Throttled | FaultKind::NotConfigured)
}

fn clock(checks: &mut Checks, probe: &Probe) {
    match probe.clock_ahead().map(|ahead| ahead.as_secs()) {
        None => {}
        Some(ahead) if ahead.abs() <= MAX_APART => checks.pass("clock", "it agrees with the service's"),
        Some(ahead) => {
            let (apart, which) = (ahead.unsigned_abs(), if ahead > 0 { "behind" } else { "ahead of" });
            let apart = humantime::format_duration(std::time::Duration::from_secs(apart / 60 * 60));
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
            let hint = "the calls go on with the configured id; if they are refused, correct `resellerId`";
            checks.warn("reseller", format!("{id} by the configuration, and could not be checked: {}", fault.message), hint);
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
            "log in once to the Service Portal with it and change the initial password; then store the new one",
        );
    }
    match probe.configured_reseller() {
        Some(id) if id != identity.reseller => checks.warn(
            "reseller",
            format!("{id} by the configuration, and {} by the service", identity.reseller),
            format!(
                "take `{}.resellerId` out of the configuration, unless it is a reseller below this master reseller",
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
    let remedy = |row: &str| format!("nothing depends on it; `{}.endpoints.{row}` says how it is asked for", probe.section());
    match &inventory.tenants {
        Ok(tenants) => checks.pass("tenants", format!("the service lists {}", many(tenants.len(), "tenant"))),
        Err(why) => checks.warn("tenants", format!("could not be checked: {why}"), remedy("enterprises")),
    }
    match &inventory.gateways {
        Ok(gateways) => {
            let list: Vec<String> = gateways.iter().map(|(id, region)| format!("{} {region}", id.get())).collect();
            checks.pass("gateways", list.join(", "));
        }
        Err(why) => checks.warn("gateways", format!("could not be checked: {why}"), remedy("gateways")),
    }
}

/// Tenants of the settings that no manifest describes, or for another account: what stands here would silently not be used.
pub(super) fn enterprises(settings: &Settings, desired: &Desired) -> Vec<Check> {
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
