//! One tenant: does the service know it, does the customer consent, can its users be read, are they
//! those of the manifests?

use super::{Checks, DoctorCheck};
use crate::{
    api::connecttoteams::TenantReader,
    model::{
        Calling, Consent, Coverage, DesiredTenant, DesiredUser, Field, LiveCalling, LiveSource,
        LiveTenant, NumberList, ObservedValue, Service, TenantRef, Upn,
    },
    plan,
    ports::LiveReader,
    words::{first, many},
};

/// How many names a line tells.
const SHOWN: usize = 3;

/// `users` is whatever reads this tenant's users; `service` answers for the rest.
pub(super) async fn check(
    service: &TenantReader,
    users: &impl LiveReader,
    desired: &DesiredTenant,
) -> Vec<DoctorCheck> {
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
        Ok(Consent::Granted) if own_token => match service.token_to_be_renewed(&tenant).await {
            Some(what) => {
                checks.pass("consent", format!("not needed: there is a Microsoft token; {what}"));
            }
            None => checks.pass("consent", "not needed: the Microsoft token can be used"),
        },
        Ok(found) => consent(&mut checks, &tenant, &found),
        Err(fault) => {
            checks.fault("enterprise", fault);
            return checks.list;
        }
    }
    if let Ok(inventory) = service.inventory(&tenant).await {
        for note in plan::inventory::notes(desired, &inventory) {
            checks.warn(
                "inventory",
                note.to_string(),
                "correct the manifests, or ask the vendor's support to assign it",
            );
        }
    }
    match users.observe(&tenant).await {
        Ok(live) => {
            visible(&mut checks, desired, &live);
            call_app(&mut checks, desired, &live);
            understood(&mut checks, &live);
        }
        Err(fault) => checks.fault("users", fault),
    }
    checks.list
}

fn consent(checks: &mut Checks, tenant: &TenantRef, consent: &Consent) {
    let letter = format!(
        "send this to an admin of the customer: \"Please sign in to the Enterprise Portal of \
            ConnecttoTeams as a Global Admin of tenant {} and turn on 'Allow Management by \
            Service Provider', so that we can manage calling for your users.\"",
        tenant.id
    );
    let problem = consent.problem().unwrap_or_default();
    match consent {
        Consent::Granted => {
            checks.pass("enterprise", "found and registered");
            checks.pass("consent", "given");
        }
        Consent::Missing | Consent::Disagrees { .. } => {
            checks.pass("enterprise", "found and registered");
            checks.warn("consent", problem, letter);
        }
        Consent::NotShown | Consent::NoAccount => {
            checks.warn("consent", problem, "look at it in the customer portal");
        }
        Consent::ResellerUnclear(_) => {
            checks.pass("enterprise", "found and registered");
            checks.pass("consent", "given");
            checks.fail(
                "reseller",
                problem,
                format!(
                    "correct the settings, or ask the vendor which reseller it is and set \
                        `resellerOf: {{ {}: ID }}` of the account",
                    tenant.name
                ),
            );
        }
        Consent::TokenUnusable(_) => {
            checks.warn(
                "own token",
                problem,
                "put a new MSAL object where `enterprises` of the account says",
            );
        }
    }
}

fn visible(checks: &mut Checks, desired: &DesiredTenant, live: &LiveTenant) {
    let calling = live.users.values().filter(|user| user.calling == LiveCalling::Enabled).count();
    let unclear =
        live.users.values().filter(|user| matches!(user.calling, LiveCalling::Unclear(_))).count();
    let count = format!("{}, {calling} with calling", many(live.users.len(), "user"));
    let remedy = match desired.live {
        LiveSource::ConnecttoTeams => "check `listUsers` under `endpoints` of the account",
        LiveSource::Graph => {
            "look again later; if it stays so, check what the application may read"
        }
        LiveSource::File => "export or observe the whole tenant again",
    };
    match &live.coverage {
        Coverage::Suspect(what) => {
            checks.warn("users", format!("{count}; the list may be incomplete: {what}"), remedy);
        }
        Coverage::Complete if unclear > 0 => checks.warn(
            "users",
            format!("{count}; of {} it is not clear whether calling is on", many(unclear, "user")),
            "add the values that the service sends to `listUsers.calling`",
        ),
        Coverage::Complete => checks.pass("users", count),
    }
    let missing: Vec<&Upn> =
        desired.users.keys().filter(|upn| !live.users.contains_key(upn)).collect();
    // Users missing from a list that is cut short add nothing to that.
    if !missing.is_empty() && live.coverage == Coverage::Complete {
        checks.warn(
            "visibility",
            format!(
                "{} of the manifests not shown by the service: {}",
                many(missing.len(), "user"),
                first(SHOWN, &missing)
            ),
            "check that they exist, are licensed and are in a group that the customer syncs; new \
                users can take hours to appear",
        );
    }
}

/// Whether it shows who has the Call App, if somebody is to have it.
fn call_app(checks: &mut Checks, desired: &DesiredTenant, live: &LiveTenant) {
    let users = desired.users.clone();
    let wanted = users.values().filter(|user| user.service == Service::CallApp).count();
    match &live.beside.call_app {
        _ if wanted == 0 => {}
        Some(users) => {
            checks.pass("call app", format!("{} shown with it", many(users.len(), "user")));
            switched(checks, desired, live);
        }
        None => checks.warn(
            "call app",
            format!(
                "the manifests want it for {}, and the list does not say who has it",
                many(wanted, "user")
            ),
            "say in `listUsers.callApp` of the account how its list shows it; until then nothing is \
                sent to these users",
        ),
    }
}

/// Whether somebody is to lose the Call App, now or later, and no call takes it.
fn switched(checks: &mut Checks, desired: &DesiredTenant, live: &LiveTenant) {
    let ends =
        |user: &&DesiredUser| user.calling == Calling::Disabled || user.dates().until.is_some();
    let of_app = |user: &&DesiredUser| user.service == Service::CallApp;
    let leavers = desired.users.clone().values().filter(|user| of_app(user) && ends(user)).count();
    if leavers > 0 && !live.beside.call_app_calls.disable {
        checks.warn(
            "call app",
            format!(
                "the manifests say `calling: disabled` or `until` of {} with it, and the settings \
                    name no call that takes it away",
                many(leavers, "user")
            ),
            "name the call that the vendor's support tells you in `disableCallApp` of the account's \
                `endpoints`, or disable them in the portal when the day comes",
        );
    }
}

/// Whether what is shown of the users is where it is looked for, and can be read.
fn understood(checks: &mut Checks, live: &LiveTenant) {
    for unmatched in live.beside.unmatched.iter().filter(|unmatched| unmatched.named) {
        let (finding, remedy) = plan::nowhere(unmatched);
        checks.warn("pointers", finding, remedy);
    }
    match &live.beside.number_list {
        NumberList::NotAsked => {}
        NumberList::Seen => checks.pass("numbers", "the numbers that Teams keeps are read"),
        NumberList::NotRead(why) | NumberList::InDoubt(why) => checks.warn(
            "numbers",
            format!("the numbers that Teams keeps are not read: {why}"),
            "give the application the permission TeamsTelephoneNumber.Read.All and let an admin \
                of the customer agree once more; without it a number of a resource account that \
                the list of users does not show has no holder that is seen",
        ),
    }
    let numbers: Vec<String> = plan::unread_numbers(live)
        .into_iter()
        .map(|(holder, read)| format!("{holder} {read}"))
        .collect();
    if !numbers.is_empty() {
        checks.warn(
            "numbers",
            format!(
                "{} not understood, and each may be any: {}",
                many(numbers.len(), "number"),
                first(SHOWN, &numbers)
            ),
            "write them as `+`, country code and number where they are kept; until then no number \
                is given to anybody unless its holder is seen to give it up",
        );
    }
    let odd = live
        .users
        .values()
        .flat_map(|user| user.details.iter().map(move |(field, observed)| (user, field, observed)));
    let odd = odd.filter_map(|(user, field, observed)| match observed {
        ObservedValue::Unreadable(read) if field != Field::PhoneNumber => {
            Some(format!("{field} of {} {read}", user.upn))
        }
        _ => None,
    });
    let odd: Vec<String> = odd.collect();
    if !odd.is_empty() {
        checks.warn(
            "values",
            format!("{} not understood: {}", many(odd.len(), "value"), first(SHOWN, &odd)),
            "they are not overwritten; correct the pointers of these fields, or the values where \
                they are kept",
        );
    }
}
