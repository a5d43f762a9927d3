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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::{Memory, ObservedValue, RunId, SyncDebt, Value},
        plan::Patience,
    };

    /// Somebody with this state of calling, and this number if one is shown.
    fn user(calling: LiveCalling, phone: Option<&str>) -> LiveUser {
        let number = phone.map(|phone| match phone {
            "" => ObservedValue::Unset,
            phone => ObservedValue::Set(Value::Phone(PhoneNumber::parse(phone, None).unwrap())),
        });
        LiveUser {
            upn: Upn::parse("adele@contoso.com").unwrap(),
            id: None,
            calling,
            details: number
                .map(|number| (crate::model::Field::PhoneNumber, number))
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn what_the_list_of_teams_leaves_out_says_something_only_if_it_is_whole() {
        let on = LiveCalling::Enabled;
        let off = LiveCalling::Disabled;
        let compare =
            |calling: &LiveCalling, whole| compare(&user(calling.clone(), None), None, whole);
        assert!(matches!(compare(&on, true), Comparison::Differs(Difference::NotShown)));
        assert!(matches!(compare(&off, true), Comparison::Confirmed));
        assert!(matches!(compare(&on, false), Comparison::Unknown));
        assert!(matches!(compare(&off, false), Comparison::Unknown));
    }

    #[test]
    fn numbers_are_confirmed_only_where_both_lists_show_them() {
        let one = Some("+14255550101");
        let two = Some("+14255550102");
        let compare = |here, there| {
            let [here, there] = [here, there].map(|phone| user(LiveCalling::Enabled, phone));
            compare(&here, Some(&there), true)
        };
        for (here, there) in [(one, two), (one, Some("")), (Some(""), one)] {
            let difference = compare(here, there);
            assert!(matches!(difference, Comparison::Differs(Difference::Number { .. })));
        }
        assert!(matches!(compare(one, one), Comparison::Confirmed));
        assert!(matches!(compare(Some(""), Some("")), Comparison::Confirmed));
        assert!(matches!(compare(one, None), Comparison::Unknown));
    }

    #[test]
    fn a_sync_that_is_owed_pushes_everybody_to_teams_once_more() {
        let hour = Duration::from_secs(3600);
        let patience = Patience {
            settle: hour,
            first_settle: hour,
            sync_spacing: Duration::ZERO,
            flap_limit: 3,
            flap_window: hour,
            sync_settings: 0,
        };
        let since = Timestamp::UNIX_EPOCH;
        let now = since + jiff::SignedDuration::from_hours(9);
        let fresh = |memory: &Memory| {
            let moment = Moment { memory, now, patience, looked: None };
            is_fresh(moment, &Upn::parse("adele@contoso.com").unwrap())
        };
        assert!(!fresh(&Memory::default()));
        let owing = SyncDebt { since, run: RunId::new("r") };
        assert!(fresh(&Memory { sync_owed: Some(owing), ..Memory::default() }));
        assert!(!fresh(&Memory { last_sync: Some(since), ..Memory::default() }));
        assert!(fresh(&Memory { last_sync: Some(now), ..Memory::default() }));
    }
}
