//! What a change asks for: the words of two versions of a tenant, and what becomes of them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    RequestedChange, RequestedValue, TenantReview, UnplannedChange, offline::come_to, settings,
};
use crate::{
    model::{
        Calling, DesiredTenant, DesiredUser, Field, LiveTenant, Memory, Mode, Prune, Upn, Verb,
    },
    plan::{
        Observation, TenantInput, TenantPlan,
        past::{equal, seen},
    },
    words::time,
};

/// What a change says of a tenant.
pub(super) struct ChangedTenant {
    pub(super) touched: TenantReview,
    /// The users about whom it says something else.
    pub(super) users: BTreeSet<Upn>,
    approvals: bool,
}

impl ChangedTenant {
    /// Whether it says the same as before.
    pub(super) fn is_empty(&self) -> bool {
        !self.approvals
            && !self.touched.is_new
            && self.touched.settings.is_empty()
            && self.users.is_empty()
    }
}

/// What the change says of a tenant, and what becomes of that beside the steps of `plan`.
pub(super) fn of(
    base: Option<&TenantInput>,
    head: &TenantInput,
    plan: &TenantPlan,
    now: Timestamp,
) -> ChangedTenant {
    let before = base.map(|base| come_to(&base.tenant.desired, now));
    let before = before.as_ref();
    let after = &come_to(&head.tenant.desired, now);
    let mut touched = TenantReview {
        is_new: before.is_none(),
        settings: before.map(|before| settings::of(before, after)).unwrap_or_default(),
        ..TenantReview::default()
    };
    let approvals = base.is_some_and(|base| base.tenant.approvals != head.tenant.approvals);
    let live = match &head.live {
        Observation::Seen(live) => Some(&**live),
        _ => None,
    };
    let place = ReviewContext { head, plan, live, now };
    let mut users = BTreeSet::new();
    for user in after.users.values() {
        let earlier = before.and_then(|before| before.users.get(&user.upn));
        let asked = changes(earlier, user);
        // A reason, a site or a service is something else to say, and nothing to send.
        let beside = |user: &DesiredUser| (user.site.clone(), user.reason.clone(), user.service);
        let says_more = earlier.is_none_or(|earlier| beside(earlier) != beside(user));
        if !asked.is_empty() || says_more {
            users.insert(user.upn.clone());
        }
        let switched_off = earlier.is_some_and(|earlier| earlier.calling == Calling::Enabled);
        for what in asked {
            place.settle(user, what, switched_off, &mut touched);
        }
        if earlier.is_some_and(|earlier| earlier.calling == Calling::Disabled) {
            place.stays_off(user, &mut touched);
        }
    }
    for user in before.into_iter().flat_map(|before| gone(before, after)) {
        users.insert(user.upn.clone());
        place.removed(user, &mut touched);
    }
    ChangedTenant { touched, users, approvals }
}

/// The users who are no longer named.
fn gone<'b>(
    before: &'b DesiredTenant,
    after: &'b DesiredTenant,
) -> impl Iterator<Item = &'b DesiredUser> {
    before.users.values().filter(|user| !after.users.contains_key(&user.upn))
}

/// What is asked for a user and was not before.
fn changes(before: Option<&DesiredUser>, after: &DesiredUser) -> Vec<RequestedValue> {
    let mut asked = Vec::new();
    if before.is_none_or(|before| before.calling != after.calling) {
        asked.push(RequestedValue::Calling(after.calling));
    }
    let fields = after.details.iter().filter(|(field, value)| {
        before.and_then(|before| before.details.get(*field)) != Some(*value)
    });
    asked.extend(fields.map(|(field, value)| RequestedValue::Field(field, value.clone())));
    let earlier = before.map(DesiredUser::dates).unwrap_or_default();
    let dates = after.dates();
    asked.extend(
        (before.is_some() && dates.from != earlier.from)
            .then_some(RequestedValue::From(dates.from)),
    );
    asked.extend((dates.until != earlier.until).then_some(RequestedValue::Until(dates.until)));
    asked
}

/// Where it is settled what becomes of something that is asked for.
struct ReviewContext<'a> {
    head: &'a TenantInput,
    plan: &'a TenantPlan,
    live: Option<&'a LiveTenant>,
    now: Timestamp,
}

impl ReviewContext<'_> {
    /// Notes it, unless a step is planned for it.
    fn settle(
        &self,
        user: &DesiredUser,
        what: RequestedValue,
        switched_off: bool,
        touched: &mut TenantReview,
    ) {
        let in_steps = match &what {
            RequestedValue::Calling(calling) => self.is_switched(&user.upn, *calling),
            RequestedValue::Field(field, _) => self.is_changed(&user.upn, *field),
            RequestedValue::From(_) | RequestedValue::Until(_) => false,
        };
        if in_steps {
            return;
        }
        let off = what == RequestedValue::Calling(Calling::Disabled);
        let asked = RequestedChange {
            user: user.upn.clone(),
            what,
            origin: Some(user.origin.clone()),
            unforeseen: off && switched_off && self.is_blind(),
        };
        if self.is_so(&asked) {
            touched.already.push(asked);
        } else {
            let why = self.why(&asked, user);
            touched.waits.push(UnplannedChange { asked, why });
        }
    }

    /// Somebody who is no longer named, in a tenant that is pruned.
    fn removed(&self, user: &DesiredUser, touched: &mut TenantReview) {
        let prunes = self.head.tenant.desired.prune == Prune::Disable;
        if !prunes || self.is_switched(&user.upn, Calling::Disabled) {
            return;
        }
        let asked = RequestedChange {
            user: user.upn.clone(),
            what: RequestedValue::Calling(Calling::Disabled),
            origin: None,
            unforeseen: user.calling == Calling::Enabled && self.is_blind(),
        };
        if self.is_so(&asked) {
            if user.calling == Calling::Disabled && self.is_blind() && self.writes() {
                touched.off_unproven.push(user.upn.clone());
            }
            touched.already.push(asked);
        } else if self.may_be_on(&user.upn) {
            // No step yet, and one as soon as the tenant can be read or the answer is known.
            let why = self.why(&asked, user);
            touched.waits.push(UnplannedChange { asked, why });
        }
    }

    /// Somebody who is disabled with and without the change.
    fn stays_off(&self, user: &DesiredUser, touched: &mut TenantReview) {
        let live = self.live.and_then(|live| live.users.get(&user.upn));
        let is_off = live.is_some_and(|live| live.calling.known() == Some(Calling::Disabled));
        if user.calling == Calling::Disabled && is_off && self.is_blind() && self.writes() {
            touched.off_unproven.push(user.upn.clone());
        }
    }

    fn writes(&self) -> bool {
        self.head.tenant.desired.mode == Mode::Enforce
    }

    /// Whether calling is on, or not known to be off: nobody could look, or the value is not
    /// understood.
    fn may_be_on(&self, user: &Upn) -> bool {
        let calling = |live: &LiveTenant| live.users.get(user).map(|live| live.calling.known());
        self.live.is_none_or(|live| {
            calling(live).is_some_and(|calling| calling != Some(Calling::Disabled))
        })
    }

    fn memory(&self) -> &Memory {
        &self.head.memory
    }

    /// Whether it is not known here what was sent lately.
    fn is_blind(&self) -> bool {
        !self.memory().has_looked()
    }

    fn is_switched(&self, user: &Upn, calling: Calling) -> bool {
        let verb = match calling {
            Calling::Enabled => Verb::Enable,
            Calling::Disabled => Verb::Disable,
        };
        self.plan.steps.iter().any(|step| step.user == *user && step.action.verb() == verb)
    }

    fn is_changed(&self, user: &Upn, field: Field) -> bool {
        let of_user = self.plan.steps.iter().filter(|step| step.user == *user);
        of_user.flat_map(|step| &step.changes).any(|change| change.field == field)
    }

    /// Whether live state shows it.
    fn is_so(&self, asked: &RequestedChange) -> bool {
        let live = self.live.and_then(|live| live.users.get(&asked.user));
        match &asked.what {
            RequestedValue::Calling(calling) => {
                live.is_some_and(|it| it.calling.known() == Some(*calling))
            }
            RequestedValue::Field(field, value) => {
                let Some(live) = live else { return false };
                let written = self.memory().written.get(&asked.user);
                let written = written.and_then(|written| written.details.get(field));
                equal(&seen(live, *field, written), value)
            }
            RequestedValue::From(at) | RequestedValue::Until(at) => {
                at.is_none_or(|at| at <= self.now)
            }
        }
    }

    /// Why no step is planned for what is not so.
    fn why(&self, asked: &RequestedChange, user: &DesiredUser) -> String {
        if let RequestedValue::Until(_) = asked.what {
            return "calling is off from then on".to_owned();
        }
        if let Some(from) = user.begins(self.now) {
            return format!("nothing is done for the user before {}", time(from));
        }
        if self.live.is_none()
            && let Some(hold) = self.plan.holds.first()
        {
            return hold.reason.clone();
        }
        let problem = self.plan.remarks.problems.iter().find(|problem| problem.user == asked.user);
        if let Some(problem) = problem {
            return problem.kind.to_string();
        }
        if self.plan.remarks.undecided.contains(&asked.user) {
            return "the answer to an earlier call was lost".to_owned();
        }
        if matches!(asked.what, RequestedValue::Field(..)) && user.calling == Calling::Disabled {
            return "it waits until calling is enabled".to_owned();
        }
        if self.memory().written.contains_key(&asked.user) {
            return "it was sent, and is not visible yet".to_owned();
        }
        "nothing can be sent for it".to_owned()
    }
}
