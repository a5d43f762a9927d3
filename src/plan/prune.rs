//! Users that no manifest names: counted, or disabled under every guard.

use std::collections::BTreeSet;

use super::{
    Action, Cause, Hold, LiveValue, Note, Problem, ProblemKind, Step,
    diff::{Diff, Switch},
    people::{People, PruneStanding},
    vain,
};
use crate::model::{Calling, LiveUser, PhoneNumber, Prune, Release, Upn, Value};

impl Diff<'_> {
    /// Whether a number that is to be given up has been, for a parking number.
    pub(super) fn is_parked(&self, seen: &LiveValue, wanted: &Value) -> bool {
        let parked = |number: &PhoneNumber| self.desired.parking.contains(number);
        let holds = matches!(seen, LiveValue::Value(Value::Phone(number)) | LiveValue::Written(Value::Phone(number)) if parked(number));
        *wanted == Value::NoPhone && self.desired.release == Release::Park && holds
    }

    /// Users that no manifest names: enabled ones, and those that were written to before.
    pub(super) fn unmanaged(&mut self, people: &People<'_>) {
        let desired = self.desired;
        let unmanaged: Vec<&LiveUser> = people.unmanaged().collect();
        let mut pruned = Vec::new();
        let mut strangers = Vec::new();
        match desired.prune {
            Prune::Never if unmanaged.is_empty() => {}
            Prune::Never => {
                let users = unmanaged.iter().map(|user| user.upn.clone()).collect();
                self.outcome.remarks.notes.push(Note::Unmanaged(users));
            }
            Prune::Disable => {
                for user in unmanaged {
                    match people.standing(user) {
                        PruneStanding::Stranger => strangers.push(user.upn.clone()),
                        PruneStanding::Managed => pruned.push((user, None)),
                        PruneStanding::Doubtful(hold) => pruned.push((user, Some(hold))),
                    }
                }
            }
        }
        if !strangers.is_empty() {
            let note = if self.past.moment.memory.has_looked() {
                Note::NotAdopted
            } else {
                Note::Unforeseen
            };
            self.outcome.remarks.notes.push(note(strangers));
        }
        let names: BTreeSet<&Upn> = pruned.iter().map(|(user, _)| &user.upn).collect();
        for upn in self.past.moment.memory.written.keys().filter(|upn| !names.contains(upn)) {
            let given_up = self.past.given_up(upn);
            let is_named = desired.users.contains_key(upn);
            if is_named && given_up.is_none() {
                continue;
            }
            match self.past.live.users.get(upn) {
                Some(live) if !is_named => drop(self.notice(live)),
                Some(_) => {}
                None => self.outcome.decided.extend(given_up.map(|at| (upn.clone(), at))),
            }
        }
        for (user, hold) in pruned {
            self.prune(user, hold);
        }
    }

    fn prune(&mut self, live: &LiveUser, hold: Option<Hold>) {
        if self.is_frozen(live, None) {
            return;
        }
        let service = self.past.live.service_of(live);
        if !self.switches(service, Calling::Disabled) {
            let kind = ProblemKind::NotSwitched(Calling::Disabled);
            let user = live.upn.clone();
            return self.outcome.remarks.problems.push(Problem { user, kind, origin: None });
        }
        let mut settling = None;
        let written = self.past.written(&live.upn);
        let Switch { needed, did_not_land, fought, in_vain } =
            self.switch(Calling::Enabled, written, Calling::Disabled, &mut settling);
        self.count_settling(settling);
        if needed {
            let user = live.upn.clone();
            let action = Action::Disable;
            let cause = Cause::NotNamed;
            let futile = in_vain.map(|tries| vain::hold("this", tries.times));
            let holds = fought.into_iter().chain(hold).chain(futile).collect();
            self.outcome.steps.push(Step {
                service,
                did_not_land,
                holds,
                ..Step::new(user, action, cause, None)
            });
        }
        if let Some(tries) = in_vain {
            let kind = ProblemKind::NoEffect(vec![vain::calling(Calling::Disabled, tries)]);
            self.outcome.remarks.problems.push(Problem {
                user: live.upn.clone(),
                kind,
                origin: None,
            });
        }
    }
}
