//! What happens next to a user, as far as that can be known.

use super::{LastPlanOfUser, UserContext, Wait};
use crate::model::{Adopt, Mode, Prune, Upn};

/// What happens next. Where it depends on live state and nobody has looked, that is said.
pub(super) fn step(
    user: &Upn,
    about: &UserContext<'_>,
    waits: &[Wait],
    futile: bool,
    found: Option<&LastPlanOfUser>,
) -> &'static str {
    if about.stopped.is_some() {
        return "nothing is written while everything is stopped";
    }
    if about.tenant.mode == Mode::Enforce
        && about.moment.memory.suspension(about.moment.now).is_some()
    {
        return "nothing is written while the tenant is suspended";
    }
    match about.tenant.mode {
        Mode::Suspend => return "nothing: the tenant is left alone",
        Mode::Report => return "the next look shows what differs and writes nothing",
        Mode::Enforce => {}
    }
    if found.is_some_and(|found| !found.holds.is_empty()) {
        return "nothing, until what holds it is lifted; the look after that goes on";
    }
    if !about.tenant.users.contains_key(user)
        && let Some(next) = next_unnamed(user, about)
    {
        return next;
    }
    let lost =
        about.moment.memory.written.get(user).is_some_and(|written| written.unknown.is_some());
    match found {
        _ if about.begins(user).is_some() => {
            "nothing, until `from`: the service acts then, without a service the next `apply`"
        }
        _ if lost => {
            "nothing, until live state shows what became of the lost answer, or its time is over"
        }
        _ if futile => {
            "nothing of what had no effect, until live state shows it, the manifests want \
                something else, or an approval sends it once more"
        }
        _ if !waits.is_empty() => "what is waited for; what has not arrived by then is sent again",
        Some(found) if found.steps.is_empty() => {
            "nothing, if all is as at that look: it found nothing to do for this user; `dialplane \
                plan` looks again"
        }
        Some(found)
            if found.steps.iter().all(|step| step.outcome.as_deref() == Some("accepted")) =>
        {
            "nothing: what was to be done at that look was accepted"
        }
        Some(_) => "the next look tries again what was not accepted at that one",
        None => {
            "that depends on live state, and no look at it is on record here: `dialplane plan` \
                shows what differs and what holds it"
        }
    }
}

/// The same of a user that no manifest names; nothing if a run would disable it.
fn next_unnamed(user: &Upn, about: &UserContext<'_>) -> Option<&'static str> {
    let memory = about.moment.memory;
    match (about.tenant.prune, about.tenant.adopt) {
        (Prune::Never, _) => {
            Some("nothing: users that no manifest names are left alone here (prune: never)")
        }
        (Prune::Disable, Adopt::All) => None,
        (Prune::Disable, Adopt::Named)
            if memory.managed.contains(user) || memory.written.contains_key(user) =>
        {
            None
        }
        (Prune::Disable, Adopt::Named) if memory.has_looked() => Some(
            "nothing: users that no manifest has named since the journal began are left \
                alone (adopt: named)",
        ),
        (Prune::Disable, Adopt::Named) => Some(
            "that cannot be foreseen here: the journal has never seen this tenant (prune: \
                disable, adopt: named)",
        ),
    }
}
