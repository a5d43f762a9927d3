//! What holds a whole tenant: its mode, a suspension, the customer's consent, and which reseller it belongs to.

use super::context::Context;
use crate::{
    model::{Consent, Mode, TenantName},
    plan::{Grounds, Hold, HoldKind, Moment},
    words::time,
};

/// What the customer's admin has to do.
const ASK: &str = "ask the customer's admin to open the customer portal and turn on \"Allow \
    Management by Service Provider\"";

/// The tenant's mode lets nothing be written.
pub(super) fn mode(context: &Context<'_>) -> Option<Grounds> {
    not_enforced(context.desired().mode)
}

/// Why a mode lets nothing be written, if so.
pub(in crate::plan) fn not_enforced(mode: Mode) -> Option<Grounds> {
    match mode {
        Mode::Enforce => None,
        Mode::Report => Some(Grounds::new(
            "mode is `report`: differences are only shown",
            "set `mode: enforce`",
        )),
        Mode::Suspend => Some(left_alone()),
    }
}

/// Somebody has suspended it.
pub(super) fn by_hand(context: &Context<'_>) -> Option<Grounds> {
    let tenant = &context.desired().name;
    let here = suspended_by_hand(tenant, context.moment);
    if here.is_some() {
        return here;
    }
    let there = context.there()?;
    let grounds = suspended_by_hand(tenant, Moment { now: there, ..context.moment })?;
    let now = time(context.moment.now);
    let reason = format!(
        "{}; it has ended by the clock of this machine ({now}), and not by the service's ({})",
        grounds.reason,
        time(there)
    );
    Some(Grounds { reason, until: None, ..grounds })
}

/// Why nothing of a tenant is written that somebody has suspended, if so.
pub(in crate::plan) fn suspended_by_hand(
    tenant: &TenantName,
    moment: Moment<'_>,
) -> Option<Grounds> {
    let suspension = moment.memory.suspension(moment.now)?;
    let remedy = match suspension.until {
        None => format!("`dialplane resume {tenant}` lets it go on"),
        Some(until) => {
            format!("`dialplane resume {tenant}` lets it go on before {}", time(until))
        }
    };
    let reason = format!("the tenant is suspended {suspension}");
    Some(Grounds { reason, remedy, until: suspension.until })
}

/// The customer has not consented, or nobody can act for it.
pub(super) fn consent(context: &Context<'_>) -> Option<Grounds> {
    let remedy = match &context.live.consent {
        Consent::Granted | Consent::ResellerUnclear(_) => return None,
        Consent::Missing => format!("{ASK}; {}", link(context)),
        Consent::NotShown => {
            "a plan without `--live` asks the service; nothing is written from a list".to_owned()
        }
        Consent::NoAccount => "to write, set `connectToTeams` to the account that the vendor gave \
                out; until then differences are only shown"
            .to_owned(),
        Consent::Disagrees { .. } => {
            format!("the service demands both; {ASK} again; {}", link(context))
        }
        Consent::TokenUnusable(_) => "put a new Microsoft (MSAL) object where the \
                configuration's `enterprises` says, or set `endpoints.refreshMsal`"
            .to_owned(),
    };
    Some(Grounds::new(context.live.consent.problem()?, remedy))
}

/// What saves the admin from looking for the switch.
fn link(context: &Context<'_>) -> String {
    let name = &context.desired().name;
    format!("`dialplane doctor --consent-link {name}` prints a link to send")
}

/// It is not certain which reseller the customer belongs to.
pub(super) fn reseller(context: &Context<'_>) -> Option<Grounds> {
    let Consent::ResellerUnclear(why) = &context.live.consent else { return None };
    Some(Grounds::new(
        why.clone(),
        format!(
            "correct the settings, or ask the vendor which reseller it is and set `resellerOf: {{ \
                {}: ID }}` of the account: a write that names a wrong one is refused",
            context.desired().name
        ),
    ))
}

/// The hold of a suspended tenant, which is not even read.
pub(in crate::plan) fn suspended() -> Hold {
    Hold::of(HoldKind::Mode, left_alone())
}

/// The hold of a tenant that nobody has looked at yet.
pub(in crate::plan) fn not_yet() -> Hold {
    Hold::new(
        HoldKind::NotRead,
        "this tenant was not read yet",
        "it is planned when it has been read",
    )
}

fn left_alone() -> Grounds {
    Grounds::new(
        "mode is `suspend`: the tenant is left alone",
        "set `mode: enforce` or `mode: report`",
    )
}
