//! Approvals: which of a plan's holds a reviewed file lifts, and what is said of each file.
//!
//! **Invariant:** a hold is lifted only by an approval that was made for exactly this plan, is
//! neither used nor expired, and names its gate and its user. Whatever is not a matter of judgement
//! has no gate ([`super::HoldKind::rule`]).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{ApprovalRuling, Hold, Lifter, Note, Step};
use crate::model::{Approval, ApprovedUsers, Fingerprint, Gate, Memory, Upn};

/// Lifts what the approvals lift, and says what became of each.
pub(super) fn lift(
    steps: &mut [Step],
    approvals: &[Approval],
    plan: &Fingerprint,
    memory: &Memory,
    now: Timestamp,
) -> Vec<Note> {
    let ruled = |approval: &Approval| Note::Approval {
        name: approval.name.clone(),
        origin: approval.origin.clone(),
        ruling: rule(steps, approval, plan, memory, now),
    };
    approvals.iter().map(ruled).collect()
}

fn rule(
    steps: &mut [Step],
    approval: &Approval,
    plan: &Fingerprint,
    memory: &Memory,
    now: Timestamp,
) -> ApprovalRuling {
    if let Some(used) = memory.approvals.get(&(approval.name.clone(), approval.plan.clone())) {
        return ApprovalRuling::Used(used.run.clone(), used.at);
    }
    if now >= approval.expires {
        return ApprovalRuling::Expired(approval.expires);
    }
    if approval.plan != *plan {
        return ApprovalRuling::Outdated { made_for: approval.plan.clone(), plan: plan.clone() };
    }
    let concerned =
        |hold: &Hold| hold.kind.gate().is_some_and(|gate| approval.gates.contains(&gate));
    let covered = |user: &Upn| match &approval.users {
        ApprovedUsers::Users(users) => users.contains(user),
        ApprovedUsers::AtMost(_) => true,
    };
    let lifted = |step: &Step| covered(&step.user) && step.holds.iter().any(concerned);
    let users: BTreeSet<Upn> =
        steps.iter().filter(|step| lifted(step)).map(|step| step.user.clone()).collect();
    match &approval.users {
        ApprovedUsers::AtMost(most)
            if users.len() > usize::try_from(*most).unwrap_or(usize::MAX) =>
        {
            return ApprovalRuling::TooMany { covers: *most, users: users.len() };
        }
        _ if users.is_empty() => return ApprovalRuling::Idle,
        _ => {}
    }
    for step in steps.iter_mut().filter(|step| lifted(step)) {
        step.holds.retain(|hold| !concerned(hold));
        step.approved.push(approval.name.clone());
    }
    let gates = approval.gates.clone();
    let reason = approval.reason.to_string();
    ApprovalRuling::Opens { gates, users: users.len(), reason }
}

/// The gates and users that an approval of this plan would have to name, so it lets something
/// run.
#[must_use]
pub fn wanted(steps: &[Step]) -> Option<(BTreeSet<Gate>, BTreeSet<Upn>)> {
    // What only waits is lifted by time.
    let waits = |hold: &Hold| hold.kind.rule().lifted_by == Lifter::Time;
    let judged =
        |step: &&Step| step.holds.iter().all(|hold| hold.kind.gate().is_some() || waits(hold));
    let judged: Vec<&Step> = steps.iter().filter(judged).collect();
    let gated = |step: &&&Step| step.holds.iter().any(|hold| hold.kind.gate().is_some());
    let gates: BTreeSet<Gate> =
        judged.iter().flat_map(|step| &step.holds).filter_map(|hold| hold.kind.gate()).collect();
    let users = judged.iter().filter(gated).map(|step| step.user.clone()).collect();
    (!gates.is_empty()).then_some((gates, users))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Origin, TenantName},
        plan::{Action, Cause, HoldKind},
    };

    fn approval(expires: Timestamp) -> Result<Approval, String> {
        Ok(Approval {
            name: TenantName::parse("autumn")?,
            plan: Fingerprint::new([7; 32]),
            gates: [Gate::Limit].into(),
            users: ApprovedUsers::AtMost(1),
            reason: "autumn".into(),
            expires,
            origin: Origin { file: "a.yaml".into(), line: None },
        })
    }

    #[test]
    fn an_approval_is_valid_before_its_end_and_no_longer() -> Result<(), String> {
        let user = Upn::parse("adele@contoso.com")?;
        let held = Step {
            holds: vec![Hold::new(HoldKind::Limit, "too many", "split it")],
            ..Step::new(user, Action::Disable, Cause::Declared, None)
        };
        let end = Timestamp::UNIX_EPOCH;
        for (now, opens) in [(-1, true), (0, false), (1, false)] {
            let mut steps = [held.clone()];
            let now = Timestamp::from_second(now).map_err(|error| error.to_string())?;
            let plan = Fingerprint::new([7; 32]);
            let notes = lift(&mut steps, &[approval(end)?], &plan, &Memory::default(), now);
            assert_eq!(steps[0].holds.is_empty(), opens, "{now}");
            let is_expired = matches!(
                notes.as_slice(),
                [Note::Approval { ruling: ApprovalRuling::Expired(at), .. }] if *at == end
            );
            assert_eq!(is_expired, !opens, "{now}: {notes:?}");
        }
        Ok(())
    }

    #[test]
    fn an_approval_opens_nothing_for_others_than_it_covers() -> Result<(), String> {
        let step = |name: &str| {
            Ok::<Step, String>(Step {
                holds: vec![Hold::new(HoldKind::Limit, "too many", "split it")],
                ..Step::new(Upn::parse(name)?, Action::Disable, Cause::Declared, None)
            })
        };
        let bert = ApprovedUsers::Users([Upn::parse("bert@contoso.com")?].into());
        let [idle, too_many] =
            [ApprovalRuling::Idle, ApprovalRuling::TooMany { covers: 1, users: 2 }];
        for (users, ruling) in [(bert, idle), (ApprovedUsers::AtMost(1), too_many)] {
            let mut steps = [step("adele@contoso.com")?, step("carl@contoso.com")?];
            let approval = Approval { users, ..approval(Timestamp::MAX)? };
            let plan = Fingerprint::new([7; 32]);
            let now = Timestamp::UNIX_EPOCH;
            let notes = lift(&mut steps, &[approval], &plan, &Memory::default(), now);
            assert!(steps.iter().all(|step| !step.holds.is_empty() && step.approved.is_empty()));
            assert!(
                matches!(notes.as_slice(), [Note::Approval { ruling: found, .. }] if *found == ruling),
                "{notes:?}"
            );
        }
        Ok(())
    }
}
