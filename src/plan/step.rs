//! One step of a plan: the call, why it is made, what differs, and what holds it.

use std::{fmt, time::Duration};

use jiff::Timestamp;

use super::{Hold, StepId};
use crate::model::{
    Before, Call, Calling, Details, Field, Origin, Service, SetUp, Site, TenantName,
    UnreadableValue, UpdateRequest, Upn, Value, Verb,
};

/// One call for one user.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The user that it changes.
    pub user: Upn,
    /// The call.
    pub action: Action,
    /// Which service of the user it is about: each has calls of its own.
    pub service: Service,
    /// What differs, field by field.
    pub changes: Vec<FieldChange>,
    /// Why calling is switched, if it is.
    pub cause: Cause,
    /// The same switch was sent at this time and has not become visible in time.
    pub did_not_land: Option<Timestamp>,
    /// The service has refused the very same before, and a sync was accepted since: refused once
    /// more, it owes none.
    pub refused_before: bool,
    /// The numbers of the steps that must be accepted before.
    pub after: Vec<StepId>,
    /// Why it may not run.
    pub holds: Vec<Hold>,
    /// The approvals that have lifted holds of it.
    pub approved: Vec<TenantName>,
    /// How long the user is expected to be without calls.
    pub interruption: Duration,
    /// Where the manifests want it; absent for users that no manifest names.
    pub origin: Option<Origin>,
    /// Where the user's phone is, if the manifests say so.
    pub site: Option<Site>,
}

impl Step {
    /// A step that depends on no other and is not held.
    #[must_use]
    pub fn new(user: Upn, action: Action, cause: Cause, origin: Option<Origin>) -> Self {
        Self {
            user,
            action,
            service: Service::Phone,
            changes: Vec::new(),
            cause,
            did_not_land: None,
            refused_before: false,
            after: Vec::new(),
            holds: Vec::new(),
            approved: Vec::new(),
            interruption: Duration::ZERO,
            origin,
            site: None,
        }
    }

    /// Whether it sends what was sent before and did not land.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.did_not_land.is_some()
            || self.changes.iter().any(|change| change.did_not_land.is_some())
    }

    /// What is sent.
    #[must_use]
    pub fn call(&self) -> Call {
        let user = || self.user.clone();
        match (&self.action, self.service) {
            (Action::Enable, Service::Phone) => Call::Enable(user()),
            (Action::Disable, Service::Phone) => Call::Disable(user()),
            (Action::Enable, Service::CallApp) => Call::SwitchCallApp(user(), Calling::Enabled),
            (Action::Disable, Service::CallApp) => Call::SwitchCallApp(user(), Calling::Disabled),
            (Action::Update(update), _) => Call::Update(update.clone()),
            (Action::Configure(set_up), _) => Call::Configure(set_up.clone()),
        }
    }

    /// What the step changes, as it was before: what would undo it.
    #[must_use]
    pub fn before(&self) -> Before {
        self.changes.iter().filter_map(FieldChange::before).collect()
    }
}

/// The call of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Switch calling on.
    Enable,
    /// Switch calling off.
    Disable,
    /// Change stored details.
    Update(UpdateRequest),
    /// Set somebody up.
    Configure(SetUp),
}

impl Action {
    /// Its verb.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::Enable => Verb::Enable,
            Self::Disable => Verb::Disable,
            Self::Update(_) => Verb::Update,
            Self::Configure(_) => Verb::Configure,
        }
    }

    /// What an update or a set-up carries; nothing for the other verbs.
    #[must_use]
    pub fn details(&self) -> Details {
        match self {
            Self::Update(update) => update.details().clone(),
            Self::Configure(set_up) => set_up.request.details().clone(),
            Self::Enable | Self::Disable => Details::default(),
        }
    }
}

/// Who wants a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A manifest says so.
    Declared,
    /// No manifest names the user, and the tenant is pruned.
    NotNamed,
    /// The number is parked to open a cycle of numbers; the user's next step gives the
    /// number that the manifests want.
    Parking,
    /// A date of the manifests has come, then: calling ends, or the number is the next one's.
    Dated(Timestamp),
}

/// A difference in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// What was observed.
    pub live: LiveValue,
    /// What the manifests want.
    pub desired: Value,
    /// The same value was sent at this time and has not become visible in time: not drift, but a
    /// write that did not land.
    pub did_not_land: Option<Timestamp>,
    /// In what a change of the manifests causes: it differs already, and the same is sent without
    /// the change too.
    pub is_drift: bool,
}

impl FieldChange {
    /// The field as it was before, if that is known.
    fn before(&self) -> Option<(Field, Option<Value>)> {
        let value = match &self.live {
            LiveValue::Value(value) | LiveValue::Written(value) => Some(value.clone()),
            LiveValue::Nothing => None,
            LiveValue::NotVisible | LiveValue::Unreadable(_) => return None,
        };
        Some((self.field, value))
    }
}

/// The live value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveValue {
    /// This value.
    Value(Value),
    /// Nothing is set.
    Nothing,
    /// This reader cannot see the field, or the answer did not have it; it was never written by us
    /// either.
    NotVisible,
    /// The last value that we wrote, to a field that cannot be seen or does not show it yet.
    Written(Value),
    /// Something that is not a value of the field.
    Unreadable(UnreadableValue),
}

impl fmt::Display for LiveValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Nothing => f.write_str("none"),
            Self::NotVisible => f.write_str("(not visible)"),
            Self::Written(value) => write!(f, "{value} (as last written)"),
            Self::Unreadable(read) => write!(f, "{:?} (not understood)", read.text()),
        }
    }
}
