//! Updates: what is sent of a user whose details differ, complete as the call demands it.

use super::{
    Action, FieldChange, Hold, LiveValue, ProblemKind, StepId, diff::Diff, unread,
    vain::FutileWrites,
};
use crate::model::{
    Calling, DesiredUser, Details, Field, LiveUser, UpdateRequest, Value, Write, WritePath,
};

impl Diff<'_> {
    /// Adds an update for `changes`, if there are any. `Err` if one is needed and cannot be made.
    pub(super) fn update(
        &mut self,
        desired: &DesiredUser,
        live: &LiveUser,
        mut changes: Vec<FieldChange>,
        vain: &FutileWrites,
    ) -> Result<Option<StepId>, ()> {
        let is_firm = |change: &FieldChange| unread::is_firm(self.past.live, change);
        let firm = changes.iter().any(|change| is_firm(change) && !vain.has(change.field));
        let in_vain = !firm && changes.iter().any(|change| vain.has(change.field));
        // What is not understood is not a reason to write; it goes along with what is.
        changes.retain(|change| firm || !matches!(change.live, LiveValue::Unreadable(_)));
        if changes.is_empty() {
            return Ok(None);
        }
        let of_disabled = desired.calling == Calling::Disabled;
        let wanted: Details = if of_disabled {
            changes.iter().map(|change| (change.field, change.desired.clone())).collect()
        } else {
            desired.details.clone()
        };
        let mut known = live.known();
        if let Some(written) = self.past.written(&desired.upn) {
            // A list that still shows what was before a write must not bring that back.
            let newer = |(field, write): &(&Field, &Write<Value>)| {
                !live.details.has(**field) || self.past.under_way(Some(*write)).is_some()
            };
            let newer = written
                .details
                .iter()
                .filter(newer)
                .map(|(field, write)| (*field, write.value.clone()));
            known = newer.collect::<Details>().over(&known);
        }
        // A release that is all a disabled user is sent does not name what its call demands: where
        // it is not known, what is declared serves.
        let path = self.desired.writes_of(desired);
        let declared = |field: &Field| Some((*field, desired.details.get(*field)?.clone()));
        let known = known.over(&path.demands().iter().filter_map(declared).collect());
        let made = UpdateRequest::new(live.upn.clone(), wanted.over(&known), path);
        match made.map(|request| request.keeping_calling_on(self.stays_on(desired, live))) {
            Ok(request) => {
                let holds: Vec<Hold> = self
                    .fought(desired, &changes)
                    .into_iter()
                    .chain(unread::unsure(self.past.live, live, &changes, &request))
                    .chain(in_vain.then(|| vain.hold()))
                    .collect();
                let id = self.step(desired, Action::Update(request), changes, Vec::new());
                self.hold(id, holds);
                Ok(Some(id))
            }
            Err(field) => {
                self.lacks(desired, field);
                Err(())
            }
        }
    }

    /// Tells of a field that the call demands and that nobody names.
    pub(super) fn lacks(&mut self, desired: &DesiredUser, field: Field) {
        let path = self.desired.writes_of(desired);
        let kind = match field {
            Field::SbcGatewayId if path != WritePath::ConfigureValetUser => {
                ProblemKind::GatewayMissing
            }
            field => ProblemKind::PbxMissing(path, field),
        };
        self.problem(desired, kind);
    }

    /// Whether calling is on, and nothing that was sent or is wanted changes that.
    fn stays_on(&self, desired: &DesiredUser, live: &LiveUser) -> bool {
        let on = Some(Calling::Enabled);
        desired.calling == Calling::Enabled
            && live.calling.known() == on
            && self.past.moment.calling(live).known() == on
    }

    /// The hold of an update if somebody else changes one of its fields back again and again.
    fn fought(&self, desired: &DesiredUser, changes: &[FieldChange]) -> Option<Hold> {
        let written = self.past.written(&desired.upn)?;
        changes.iter().find_map(|change| {
            let write = written.details.get(&change.field);
            self.past.fought(Some(written), Some(change.field), write, &change.desired)
        })
    }
}
