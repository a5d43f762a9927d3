//! A list that may be incomplete: a user that is not in it is not gone, and a number that
//! nobody there holds is not free.

use super::context::Context;
use crate::{
    model::{Coverage, DesiredTenant, Field, LiveTenant},
    plan::{Action, Grounds, Hold, HoldKind, Step},
};

/// Holds what depends on who is absent from the list.
pub(super) fn step(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let depends_on_absence = step.action == Action::Disable
        || step.changes.iter().any(|change| change.field == Field::PhoneNumber);
    match &context.live.coverage {
        Coverage::Suspect(what) if depends_on_absence => vec![Grounds::new(
            format!("the user list may be incomplete: {what}"),
            "no user is disabled and no number moves until a complete list arrives",
        )],
        Coverage::Suspect(_) | Coverage::Complete => Vec::new(),
    }
}

/// The hold of a tenant whose list is empty although people are expected in it: a user-by-user
/// complaint would hide the cause.
pub(in crate::plan) fn nobody_there(desired: &DesiredTenant, live: &LiveTenant) -> Option<Hold> {
    match &live.coverage {
        Coverage::Suspect(what) if live.users.is_empty() && !desired.users.is_empty() => {
            Some(Hold::new(
                HoldKind::Coverage,
                what.clone(),
                "an empty list is never taken to mean that there are no users: check what the \
                    account may see and how users are listed \
                    (`connectToTeams.endpoints.listUsers`, `graph`), and look again later",
            ))
        }
        _ => None,
    }
}
