//! Whether Teams shows what the service shows, for tenants that ask for it (`confirm: graph`).
//!
//! What was sent lately, or is synced only now, may take hours to arrive in Teams: such users are
//! waited for. Others who differ are told.
//!
//! **Invariant:** it tells and decides nothing: no step, no hold and no order comes from here.

use jiff::Timestamp;

use super::{Confirmed, Difference, Moment, Note, Problem, ProblemKind, Remarks};
use crate::model::{
    Confirmation, Coverage, DesiredTenant, LiveCalling, LivePhone, LiveTenant, LiveUser,
    PhoneNumber, Service, Upn,
};

/// What one user turned out to be.
enum Comparison {
    Confirmed,
    Differs(Difference),
    /// It cannot be told.
    Unknown,
}

/// Compares both views of a tenant's managed users, and tells what it found.
pub(super) fn tenant(
    desired: &DesiredTenant,
    live: &LiveTenant,
    moment: Moment<'_>,
    remarks: &mut Remarks,
) {
    let (users, coverage) = match &live.confirmation {
        Confirmation::NotAsked => return,
        Confirmation::Failed(why) => {
            return remarks.notes.push(Note::NotConfirmed(why.clone()));
        }
        Confirmation::Seen(users, coverage) => (users, coverage),
    };
    if let Coverage::Suspect(what) = coverage {
        let why = format!("the list of Teams users may be incomplete: {what}");
        remarks.notes.push(Note::NotConfirmed(why));
    }
    let mut told = Confirmed::default();
    for both in desired.users.beside(&live.users) {
        let (Some(user), Some(service)) = both else { continue };
        // The Call App is not calling in Teams: what Teams shows of its users is not known.
        if user.service == Service::CallApp || live.has_call_app(service) {
            continue;
        }
        match compare(service, users.get(&user.upn), *coverage == Coverage::Complete) {
            Comparison::Unknown => {}
            Comparison::Confirmed => told.confirmed += 1,
            Comparison::Differs(_) if is_fresh(moment, &user.upn) => told.waiting += 1,
            Comparison::Differs(difference) => {
                told.differ += 1;
                let kind = ProblemKind::TeamsDiffers(difference);
                let origin = Some(user.origin.clone());
                remarks.problems.push(Problem { user: user.upn.clone(), kind, origin });
            }
        }
    }
    if told.waiting > 0 {
        remarks.notes.push(Note::NotConfirmedYet(told.waiting));
    }
    remarks.confirmed = Some(told);
}

fn compare(service: &LiveUser, teams: Option<&LiveUser>, whole: bool) -> Comparison {
    let Some(teams) = teams else {
        return match service.calling {
            LiveCalling::Enabled if whole => Comparison::Differs(Difference::NotShown),
            LiveCalling::Disabled if whole => Comparison::Confirmed,
            _ => Comparison::Unknown,
        };
    };
    match (&service.calling, &teams.calling) {
        (LiveCalling::Unclear(_), _) => Comparison::Unknown,
        (_, LiveCalling::Unclear(text)) => {
            Comparison::Differs(Difference::CallingUnclear(text.clone()))
        }
        (LiveCalling::Enabled, LiveCalling::Disabled) => Comparison::Differs(Difference::Off),
        (LiveCalling::Disabled, LiveCalling::Enabled) => Comparison::Differs(Difference::On),
        (LiveCalling::Disabled, LiveCalling::Disabled) => Comparison::Confirmed,
        (LiveCalling::Enabled, LiveCalling::Enabled) => compare_numbers(service, teams),
    }
}

fn compare_numbers(service: &LiveUser, teams: &LiveUser) -> Comparison {
    let differ = |here: Option<&PhoneNumber>, there: Option<&PhoneNumber>| {
        let service = here.map(ToString::to_string);
        Comparison::Differs(Difference::Number { service, teams: there.map(ToString::to_string) })
    };
    match (service.phone(), teams.phone()) {
        (LivePhone::Number(here), LivePhone::Number(there)) if here != there => {
            differ(Some(here), Some(there))
        }
        (LivePhone::Number(here), LivePhone::Nothing) => differ(Some(here), None),
        (LivePhone::Nothing, LivePhone::Number(there)) => differ(None, Some(there)),
        (LivePhone::Number(_) | LivePhone::Nothing, LivePhone::Unread(read)) => {
            Comparison::Differs(Difference::NumberNotUnderstood(read.clone()))
        }
        // Of these it cannot be told whether they are the same.
        (LivePhone::Unread(_), _) | (LivePhone::Number(_), LivePhone::NotShown) => {
            Comparison::Unknown
        }
        (LivePhone::Number(_) | LivePhone::Nothing | LivePhone::NotShown, _) => {
            Comparison::Confirmed
        }
    }
}

/// Whether something of a user may still be on its way to Teams. That the service shows a write
/// says nothing of Teams.
fn is_fresh(moment: Moment<'_>, user: &Upn) -> bool {
    let open = |at: Timestamp| moment.is_open_since(at);
    // A sync pushes everybody.
    if moment.memory.sync_owed.is_some() || moment.memory.last_sync.is_some_and(open) {
        return true;
    }
    moment.written(user).is_some_and(|written| {
        let calling = written.calling.as_ref().map(|write| write.at);
        let details = written.details.values().map(|write| write.at);
        calling.into_iter().chain(details).chain(written.unknown.map(|(_, at)| at)).any(open)
    })
}
