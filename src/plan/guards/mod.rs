//! The brakes between a plan and people's phones. Each says why it holds and what lifts it, and
//! lets the safe part go on.
//!
//! ```text
//! what differs --tenant--> holds of the tenant
//! steps        --step, steps--> holds of steps --what is left, over all tenants--> fleet --> holds of steps
//! ```
//!
//! A guard is one row of [`GUARDS`] and one function. Its row names the kind of its holds, which
//! gives it a name, a code, and who lifts them ([`HoldKind::rule`]); its function says of what it
//! looks at whether it holds, and on which grounds.
//!
//! Deliberately not here: what cannot be done at all. A tenant that was not read, a number that
//! somebody else keeps and a value that nobody understands are found where they are compared.

mod brought_back;
mod clock;
mod context;
mod coverage;
mod limits;
mod manifests;
mod protect;
mod tenant;
mod window;

pub(super) use context::Context;
pub(super) use coverage::nobody_there;
pub(super) use limits::{Hour, Wanted};
pub(super) use manifests::older_version;
pub(super) use tenant::{not_enforced, not_yet, suspended, suspended_by_hand};

use super::{Grounds, Hold, HoldKind, Step, StepId, Steps};

/// One guard.
#[derive(Debug)]
pub(super) struct Guard {
    /// The kind of its holds.
    holds: HoldKind,
    /// The settings and keys of manifests that people turn it with.
    pub(super) settings: &'static [&'static str],
    /// What it looks at, and how it decides.
    check: GuardCheck,
}

/// What a guard looks at, with the function that decides.
#[derive(Debug, Clone, Copy)]
enum GuardCheck {
    /// The tenant as a whole.
    Tenant(fn(&Context<'_>) -> Option<Grounds>),
    /// Each step for its own sake, whatever else is planned.
    Step(fn(&Context<'_>, &Step) -> Vec<Grounds>),
    /// All steps of the tenant together, with what guards above it hold.
    Steps(fn(&Context<'_>, &Steps) -> Vec<(StepId, Grounds)>),
    /// The steps that nothing holds, beside what all other tenants send.
    Fleet(fn(&Context<'_>, &Steps, &Hour) -> Vec<(StepId, Grounds)>),
}

/// All guards, in the order in which they look and in which their holds are told.
const GUARDS: &[Guard] = &[
    guard(HoldKind::Mode, &["mode"], GuardCheck::Tenant(tenant::mode)),
    guard(HoldKind::Suspended, &[], GuardCheck::Tenant(tenant::by_hand)),
    guard(HoldKind::Consent, &[], GuardCheck::Tenant(tenant::consent)),
    guard(HoldKind::Reseller, &["resellerOf"], GuardCheck::Tenant(tenant::reseller)),
    guard(HoldKind::Protected, &["protect"], GuardCheck::Step(protect::protected)),
    guard(HoldKind::ReasonMissing, &["reason"], GuardCheck::Step(protect::reason_missing)),
    guard(HoldKind::LastOfSite, &["site"], GuardCheck::Steps(protect::last_of_site)),
    guard(HoldKind::Coverage, &["limits.shrink"], GuardCheck::Step(coverage::step)),
    guard(HoldKind::Incomplete, &[], GuardCheck::Step(manifests::incomplete)),
    guard(HoldKind::Clock, &["until"], GuardCheck::Step(clock::ahead)),
    guard(HoldKind::BroughtBack, &[], GuardCheck::Step(brought_back::removal)),
    guard(HoldKind::Absent, &["run.absence"], GuardCheck::Step(manifests::absent)),
    guard(HoldKind::EmptyDesired, &[], GuardCheck::Steps(manifests::emptied)),
    guard(HoldKind::Limit, &["limits.disable"], GuardCheck::Steps(limits::disables)),
    guard(HoldKind::NumberLimit, &["limits.numbers"], GuardCheck::Steps(limits::numbers)),
    guard(HoldKind::ChangeLimit, &["limits.changes"], GuardCheck::Steps(limits::changes)),
    guard(HoldKind::Window, &["windows"], GuardCheck::Steps(window::closed)),
    guard(HoldKind::HourLimit, &["execution.perHour"], GuardCheck::Fleet(limits::in_an_hour)),
];

const fn guard(holds: HoldKind, settings: &'static [&'static str], check: GuardCheck) -> Guard {
    Guard { holds, settings, check }
}

/// The settings that people turn a kind of hold with, if a guard makes it.
pub(super) fn settings(kind: HoldKind) -> &'static [&'static str] {
    GUARDS.iter().find(|guard| guard.holds == kind).map_or(&[], |guard| guard.settings)
}

/// What holds the whole tenant.
pub(super) fn hold_tenant(context: &Context<'_>) -> Vec<Hold> {
    let mut holds = Vec::new();
    for guard in GUARDS {
        if let GuardCheck::Tenant(check) = guard.check {
            holds.extend(check(context).map(|grounds| Hold::of(guard.holds, grounds)));
        }
    }
    holds
}

/// Holds what the tenant's own guards hold.
pub(super) fn hold_steps(context: &Context<'_>, steps: &mut Steps) {
    for guard in GUARDS {
        match guard.check {
            GuardCheck::Step(check) => {
                for step in steps.iter_mut() {
                    let grounds = check(context, step);
                    step.holds.extend(grounds.into_iter().map(|one| Hold::of(guard.holds, one)));
                }
            }
            GuardCheck::Steps(check) => guard.hold(steps, check(context, steps)),
            GuardCheck::Tenant(_) | GuardCheck::Fleet(_) => {}
        }
    }
}

/// Holds what is too much for the whole fleet.
pub(super) fn hold_for_fleet(context: &Context<'_>, steps: &mut Steps, hour: &Hour) {
    for guard in GUARDS {
        if let GuardCheck::Fleet(check) = guard.check {
            guard.hold(steps, check(context, steps, hour));
        }
    }
}

impl Guard {
    fn hold(&self, steps: &mut Steps, found: Vec<(StepId, Grounds)>) {
        for (id, grounds) in found {
            steps.at_mut(id).holds.push(Hold::of(self.holds, grounds));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Kinds that no guard makes, and where they are found.
    const ELSEWHERE: &[(HoldKind, &str)] = &[
        (HoldKind::Manifests, "fleet"),
        (HoldKind::NotRead, "tenant"),
        (HoldKind::Quarantined, "people"),
        (HoldKind::Renamed, "people"),
        (HoldKind::NumberTaken, "numbers"),
        (HoldKind::NumberCycle, "numbers"),
        (HoldKind::NumberRelease, "numbers"),
        (HoldKind::NumberUnproven, "numbers"),
        (HoldKind::Unread, "unread"),
        (HoldKind::Unmatched, "unread"),
        (HoldKind::AfterHeld, "order"),
        (HoldKind::Stopped, "types"),
        (HoldKind::Flap, "diff"),
        (HoldKind::NoEffect, "vain"),
        (HoldKind::SyncUnclear, "moment"),
    ];

    #[test]
    fn each_kind_of_hold_has_one_guard_or_is_found_elsewhere() {
        let rows: Vec<HoldKind> = GUARDS.iter().map(|guard| guard.holds).collect();
        let elsewhere = ELSEWHERE.iter().map(|(kind, _)| *kind);
        let mut all: Vec<HoldKind> = rows.iter().copied().chain(elsewhere).collect();
        all.sort_unstable();
        let mut each = HoldKind::ALL.to_vec();
        each.sort_unstable();
        assert_eq!(all, each, "once each");
    }

    #[test]
    fn settings_of_guards_are_in_the_manual() {
        let manual = concat!(
            include_str!("../../guide/manifests.md"),
            include_str!("../../guide/plans.md"),
            include_str!("../../../examples/dialplane.yaml")
        );
        let named: BTreeSet<&str> =
            GUARDS.iter().flat_map(|guard| guard.settings).copied().collect();
        for setting in named {
            let key = setting.rsplit('.').next().unwrap_or(setting);
            assert!(manual.contains(key), "{setting}");
        }
    }
}
