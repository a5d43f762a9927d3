//! Whether Teams shows what the service shows, for tenants that ask for it (`confirm: graph`).
//!
//! What was sent lately, or is synced only now, may take hours to arrive in Teams: such users are
//! waited for. Others who differ are told.
//!
//! **Invariant:** it tells and decides nothing: no step, no hold and no order comes from here.

use jiff::Timestamp;

use super::{Confirmed, Note, Patience, Problem};
use crate::model::{
    Confirmation, Coverage, DesiredTenant, LiveCalling, LivePhone, LiveTenant, LiveUser, Memory,
    Upn,
};

/// What one user turned out to be.
enum Verdict {
    Confirmed,
    Differs(String),
    /// It cannot be told.
    Unknown,
}

/// Compares both views of a tenant's managed users.
pub(super) fn tenant(
    desired: &DesiredTenant,
    live: &LiveTenant,
    memory: &Memory,
    (now, patience): (Timestamp, Patience),
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Note>,
) -> Option<Confirmed> {
    let (users, coverage) = match &live.confirmation {
        Confirmation::NotAsked => return None,
        Confirmation::Failed(why) => {
            notes.push(Note::NotConfirmed(why.clone()));
            return None;
        }
        Confirmation::Seen(users, coverage) => (users, coverage),
    };
    if let Coverage::Suspect(what) = coverage {
        notes.push(Note::NotConfirmed(format!("the list of Teams users may not be whole: {what}")));
    }
    let fresh = Fresh { memory, now, patience };
    let mut told = Confirmed::default();
    for user in desired.users.values() {
        let Some(service) = live.users.get(&user.upn) else { continue };
        match compare(service, users.get(&user.upn), *coverage == Coverage::Complete) {
            Verdict::Unknown => {}
            Verdict::Confirmed => told.confirmed += 1,
            Verdict::Differs(_) if fresh.of(&user.upn) => told.waiting += 1,
            Verdict::Differs(reason) => {
                told.differ += 1;
                let remedy = "check the user's licence and policies in the Teams admin center; \
                    switching calling off and on again pushes the settings anew";
                let (user, origin) = (user.upn.clone(), Some(user.origin.clone()));
                problems.push(Problem { user, reason, remedy: remedy.to_owned(), origin });
            }
        }
    }
    if told.waiting > 0 {
        notes.push(Note::NotConfirmedYet(told.waiting));
    }
    Some(told)
}

fn compare(service: &LiveUser, teams: Option<&LiveUser>, whole: bool) -> Verdict {
    let differs = |text: &str| Verdict::Differs(text.to_owned());
    let Some(teams) = teams else {
        return match service.calling {
            LiveCalling::Enabled if whole => {
                differs("calling is on at the service, and Teams does not show this user")
            }
            LiveCalling::Disabled if whole => Verdict::Confirmed,
            _ => Verdict::Unknown,
        };
    };
    match (&service.calling, &teams.calling) {
        (LiveCalling::Unclear(_), _) => Verdict::Unknown,
        (_, LiveCalling::Unclear(text)) => {
            Verdict::Differs(format!("Teams says {text:?} of this user's calling"))
        }
        (LiveCalling::Enabled, LiveCalling::Disabled) => {
            differs("calling is on at the service and off in Teams")
        }
        (LiveCalling::Disabled, LiveCalling::Enabled) => {
            differs("calling is off at the service and on in Teams")
        }
        (LiveCalling::Disabled, LiveCalling::Disabled) => Verdict::Confirmed,
        (LiveCalling::Enabled, LiveCalling::Enabled) => compare_numbers(service, teams),
    }
}

fn compare_numbers(service: &LiveUser, teams: &LiveUser) -> Verdict {
    match (service.phone(), teams.phone()) {
        (LivePhone::Number(here), LivePhone::Number(there)) if here != there => {
            Verdict::Differs(format!("the number is {here} at the service and {there} in Teams"))
        }
        (LivePhone::Number(here), LivePhone::Nothing) => {
            Verdict::Differs(format!("the number is {here} at the service, and Teams shows none"))
        }
        (LivePhone::Nothing, LivePhone::Number(there)) => {
            Verdict::Differs(format!("the service shows no number, and Teams {there}"))
        }
        (LivePhone::Number(_) | LivePhone::Nothing, LivePhone::Unread(read)) => {
            Verdict::Differs(format!("the number that Teams shows is not understood: {read}"))
        }
        // Of these nobody can say that they are the same.
        (LivePhone::Unread(_), _) | (LivePhone::Number(_), LivePhone::NotShown) => Verdict::Unknown,
        (LivePhone::Number(_) | LivePhone::Nothing | LivePhone::NotShown, _) => Verdict::Confirmed,
    }
}

/// What may still be on its way to Teams. That the service shows a write says nothing of Teams.
struct Fresh<'a> {
    memory: &'a Memory,
    now: Timestamp,
    patience: Patience,
}

impl Fresh<'_> {
    fn of(&self, user: &Upn) -> bool {
        let open = |at: Timestamp| self.patience.is_open_since(self.memory, at, self.now);
        // A sync pushes everybody.
        if self.memory.sync_owed.is_some() || self.memory.last_sync.is_some_and(open) {
            return true;
        }
        self.memory.written.get(user).is_some_and(|written| {
            let calling = written.calling.as_ref().map(|write| write.at);
            let details = written.details.values().map(|write| write.at);
            calling.into_iter().chain(details).chain(written.unknown.map(|(_, at)| at)).any(open)
        })
    }
}
