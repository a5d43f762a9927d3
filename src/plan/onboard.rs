//! Onboarding: setting up people that the directory knows and the service has not set up.
//!
//! Users of the Call App are set up by one call, and nothing enables them (contract 5.5).
//!
//! | the service | the directory | then |
//! |---|---|---|
//! | lists the user without set-up | (the service is its own) | configure, then enable |
//! | does not list the user, its list is whole | Teams shows the user, without calling | the same |
//! | the same | Teams shows calling or a number | a problem: it comes from elsewhere |
//! | the same | does not know the user, or was not asked | not visible: a problem, never a step |
//!
//! **Invariant:** nobody is set up because of what is not there. Somebody has to show the user: the
//! list of the service, or Teams.

use std::sync::Arc;

use super::{
    Action, Difference, Hold, HoldKind, ProblemKind,
    diff::{ComparedUser, Diff, Switch},
    past::LostCall,
    vain,
};
use crate::model::{
    Calling, Confirmation, DesiredUser, LiveCalling, LivePhone, LiveUser, Onboard, Service, SetUp,
    UpdateRequest,
};

/// What the directory knows of somebody who is not visible.
enum DirectoryAnswer {
    /// The user is there, without calling.
    Free(LiveUser),
    /// The user has something from elsewhere.
    Taken(Difference),
}

impl Diff<'_> {
    /// Plans to set up a user who is not visible, if that may be; whether it may.
    pub(super) fn onboards(&mut self, desired: &DesiredUser) -> bool {
        let Some(onboard) = &desired.onboard else { return false };
        let is_told = self.past.live.beside.call_app.is_some();
        match self.known(desired) {
            None => return false,
            Some(DirectoryAnswer::Taken(difference)) => {
                self.problem(desired, ProblemKind::TeamsDiffers(difference));
            }
            // Who is to have no calling yet is as wanted.
            Some(DirectoryAnswer::Free(_)) if desired.calling == Calling::Disabled => {}
            // Nothing would show later what became of it.
            Some(DirectoryAnswer::Free(_)) if desired.service == Service::CallApp && !is_told => {
                self.problem(desired, ProblemKind::ServiceNotShown);
            }
            Some(DirectoryAnswer::Free(user)) => self.set_up(desired, &user, onboard),
        }
        true
    }

    fn known(&self, desired: &DesiredUser) -> Option<DirectoryAnswer> {
        let live = self.past.live;
        if let Some(user) = live.beside.not_set_up.get(&desired.upn) {
            return Some(DirectoryAnswer::Free(user.clone()));
        }
        let Confirmation::Seen(users, _) = &live.confirmation else { return None };
        let user = users.get(&desired.upn)?;
        Some(match (&user.calling, user.phone()) {
            (LiveCalling::Enabled, _) => DirectoryAnswer::Taken(Difference::OnElsewhere),
            (LiveCalling::Unclear(text), _) => {
                DirectoryAnswer::Taken(Difference::CallingUnclear(text.clone()))
            }
            (LiveCalling::Disabled, LivePhone::Number(number)) => {
                DirectoryAnswer::Taken(Difference::Number {
                    service: None,
                    teams: Some(number.to_string()),
                })
            }
            (LiveCalling::Disabled, LivePhone::Unread(read)) => {
                DirectoryAnswer::Taken(Difference::NumberNotUnderstood(read.clone()))
            }
            (LiveCalling::Disabled, LivePhone::Nothing | LivePhone::NotShown) => {
                DirectoryAnswer::Free(LiveUser::not_set_up(user.upn.clone(), user.id.clone()))
            }
        })
    }

    fn set_up(&mut self, desired: &DesiredUser, user: &LiveUser, onboard: &Arc<Onboard>) {
        if let Some(LostCall::Undecided { verb, at, until }) = self.past.lost(user) {
            return self.frozen(&user.upn, Some(&desired.origin), verb, at, until);
        }
        let written = self.past.written(&desired.upn);
        let ComparedUser { changes, vain, mut settling, .. } = self.compare(desired, user, written);
        // The set-up itself is all that the Call App has.
        let switch = match desired.service {
            Service::CallApp => Switch::default(),
            Service::Phone => {
                self.switch(Calling::Disabled, written, Calling::Enabled, &mut settling)
            }
        };
        self.count_settling(settling);
        let calling = switch.in_vain.map(|tries| vain::calling(desired.calling, tries));
        let path = self.desired.writes_of(desired);
        let request = UpdateRequest::new(user.upn.clone(), desired.details.clone(), path);
        // Who is not complete is not set up, and not as wanted either.
        let request = match request {
            Ok(request) => request,
            Err(field) => return self.lacks(desired, field),
        };
        let mut first = None;
        if !changes.is_empty() {
            let in_vain = changes.iter().all(|change| vain.has(change.field));
            let holds = self.removed(desired).into_iter().chain(in_vain.then(|| vain.hold()));
            let holds: Vec<Hold> = holds.collect();
            let set_up = SetUp { request, secrets: onboard.secrets.clone() };
            let id = self.step(desired, Action::Configure(set_up), changes, Vec::new());
            self.outcome.steps.at_mut(id).user = user.upn.clone();
            self.hold(id, holds);
            first = Some(id);
        }
        if switch.needed {
            let id = self.step(desired, Action::Enable, Vec::new(), first.into_iter().collect());
            self.outcome.steps.at_mut(id).user = user.upn.clone();
            self.mark(id, switch);
        }
        if let Some(problem) = vain.problem(calling, |_| true) {
            self.problem(desired, problem);
        }
    }

    /// The hold of somebody who was set up before.
    fn removed(&self, desired: &DesiredUser) -> Option<Hold> {
        self.past.moment.memory.managed.get(&desired.upn)?;
        Some(Hold::new(
            HoldKind::Quarantined,
            "it was set up before, and the service shows it without set-up: somebody has taken \
                that back",
            "find out who did, and why; set it up in the portal if it is to have calling again",
        ))
    }
}
