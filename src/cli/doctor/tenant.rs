//! One tenant: does the service know it, does the customer consent, can its users be read, are they those of the manifests?

use super::{Check, Checks};
use crate::{
    api::connecttoteams::Reader,
    model::{Consent, Coverage, DesiredTenant, LiveCalling, LiveSource, LiveTenant, TenantRef, Upn},
    plan::{self, render::many},
    ports::LiveReader,
};

/// How many names a line tells.
const SHOWN: usize = 3;

/// `users` is whatever reads this tenant's users; `service` answers for the rest.
pub(super) async fn check(service: &Reader, users: &impl LiveReader, desired: &DesiredTenant) -> Vec<Check> {
    let mut checks = Checks::of(desired.name.as_str());
    let tenant = desired.reference();
    let login = service.log_in_for(&tenant).await;
    let own_token = login.is_some();
    if let Some(login) = login {
        match login {
            Ok(()) => checks.pass("own token", "the enterprise's credentials are accepted"),
            Err(fault) => checks.fault("own token", fault),
        }
    }
    match service.consent(&tenant).await {
        Ok(Consent::Granted) if own_token => {
            checks.pass("consent", "not needed: the Microsoft token can be used");
        }
        Ok(found) => consent(&mut checks, &tenant, &found),
        Err(fault) => {
            checks.fault("enterprise", fault);
            return checks.list;
        }
    }
    if let Ok(inventory) = service.inventory(&tenant).await {
        for note in plan::inventory::notes(desired, &inventory) {
            checks.warn("inventory", note.to_string(), "correct the manifests, or ask the vendor's support to assign it");
        }
    }
    match users.observe(&tenant).await {
        Ok(live) => visible(&mut checks, desired, &live),
        Err(fault) => checks.fault("users", fault),
    }
    checks.list
}

fn consent(checks: &mut Checks, tenant: &TenantRef, consent: &Consent) {
    let letter = format!(
        "send this to an admin of the customer: \"Please sign in to the Enterprise Portal of ConnecttoTeams as a Global Admin of \
         tenant {} and turn on 'Allow Management by Service Provider', so that we can manage calling for your users.\"",
        tenant.id
    );
    match consent {
        Consent::Granted => {
            checks.pass("enterprise", "found and registered");
            checks.pass("consent", "given");
        }
        Consent::Missing => {
            checks.pass("enterprise", "found and registered");
            checks.warn("consent", "the customer has not allowed the provider to manage its users", letter);
        }
        Consent::Disagrees { flag, listed } => {
            checks.pass("enterprise", "found and registered");
            let listed = if *listed { "listed" } else { "not listed" };
            checks.warn(
                "consent",
                format!(
                    "its two signs disagree: canResellerManageEnterpriseProvisioning is {flag}, EnterpriseManagement is {listed}"
                ),
                letter,
            );
        }
        Consent::TokenUnusable(why) => {
            checks.warn("own token", why.clone(), "put a new MSAL object where `enterprises` of the account says");
        }
    }
}

fn visible(checks: &mut Checks, desired: &DesiredTenant, live: &LiveTenant) {
    let calling = live.users.values().filter(|user| user.calling == LiveCalling::Enabled).count();
    let unclear = live.users.values().filter(|user| matches!(user.calling, LiveCalling::Unclear(_))).count();
    let count = format!("{}, {calling} with calling", many(live.users.len(), "user"));
    let remedy = match desired.live {
        LiveSource::ConnecttoTeams => "check `listUsers` under `endpoints` of the account",
        LiveSource::Graph => "look again later; if it stays so, check what the application may read",
        LiveSource::File => "export or observe the tenant anew, whole",
    };
    match &live.coverage {
        Coverage::Suspect(what) => checks.warn("users", format!("{count}; the list may not be whole: {what}"), remedy),
        Coverage::Complete if unclear > 0 => checks.warn(
            "users",
            format!("{count}; of {} it is not clear whether calling is on", many(unclear, "user")),
            "add the values that the service sends to `listUsers.calling`",
        ),
        Coverage::Complete => checks.pass("users", count),
    }
    let missing: Vec<&Upn> = desired.users.keys().filter(|upn| !live.users.contains_key(*upn)).collect();
    // Whoever is missing from a list that is cut short is no news beside that.
    if !missing.is_empty() && live.coverage == Coverage::Complete {
        let names: Vec<&str> = missing.iter().take(SHOWN).map(|upn| upn.as_str()).collect();
        let more = missing.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        checks.warn(
            "visibility",
            format!("{} of the manifests not shown by the service: {}{more}", many(missing.len(), "user"), names.join(", ")),
            "check that they exist, are licensed and are in a group that the customer syncs; new users can take hours to appear",
        );
    }
}
