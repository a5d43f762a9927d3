//! A tenant's plan, taken apart: what a change causes, and what is planned without it as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::discriminant,
};

use crate::{
    model::{Field, Upn, Value, Verb},
    plan::{
        ByStep, Cause, Facts, FieldChange, Hold, Note, Problem, Remarks, Step, StepId, Steps,
        SyncPlan, TenantPlan, interruption,
    },
};

/// The two parts.
pub(super) struct Split {
    pub(super) caused: TenantPlan,
    pub(super) drift: TenantPlan,
}

/// Takes a plan apart. `base` is the plan of the same tenant without the change, `asks` tells
/// whether the change says something else of a user, and `waits` whether it asks for something that
/// no step is planned for.
pub(super) fn apart(
    head: &TenantPlan,
    base: Option<&TenantPlan>,
    asks: &dyn Fn(&Upn) -> bool,
    waits: bool,
) -> Split {
    let flags = caused_steps(head, base);
    let all = head.steps.0.len();
    let is_caused = |id: StepId| flags[id.0];
    let caused_steps = with_drift_marked(only(&head.steps, is_caused), head, base);
    let drift_steps = only(&head.steps, |id| !is_caused(id));
    debug_assert_eq!(caused_steps.len() + drift_steps.len(), all, "each step is in one part");

    let known: &[Problem] = base.map_or(&[], |base| &base.remarks.problems);
    let same = |one: &Problem, other: &Problem| one.user == other.user && one.kind == other.kind;
    let (caused_problems, drift_problems): (Vec<Problem>, Vec<Problem>) =
        head.remarks.problems.iter().cloned().partition(|problem| {
            asks(&problem.user) || !known.iter().any(|known| same(known, problem))
        });
    let (caused_notes, drift_notes) =
        notes(&head.remarks.notes, base.map_or(&[], |base| &base.remarks.notes));
    let is_new = |hold: &Hold| {
        !base.is_some_and(|base| base.holds.iter().any(|known| known.kind == hold.kind))
    };
    let held = waits || !caused_steps.is_empty() || head.holds.iter().any(is_new);
    let caused_holds = if held { head.holds.clone() } else { Vec::new() };
    let rest = !held || !drift_steps.is_empty();
    let drift_holds = if rest { head.holds.clone() } else { Vec::new() };

    let runs =
        |steps: &Steps| head.holds.is_empty() && steps.iter().any(|step| step.holds.is_empty());
    let sync = |steps: &Steps| if runs(steps) { SyncPlan::AfterSteps } else { SyncPlan::NotNeeded };
    let caused_sync = sync(&caused_steps);
    let drift_sync = match &head.sync {
        SyncPlan::Owed(_) | SyncPlan::Again(_) => head.sync.clone(),
        SyncPlan::AfterSteps | SyncPlan::NotNeeded => sync(&drift_steps),
    };
    let mut caused = TenantPlan {
        steps: caused_steps,
        holds: caused_holds,
        sync: caused_sync,
        remarks: Remarks { problems: caused_problems, notes: caused_notes, ..Remarks::default() },
        ..frame(head)
    };
    let mut drift = TenantPlan {
        steps: drift_steps,
        holds: drift_holds,
        sync: drift_sync,
        remarks: Remarks {
            problems: drift_problems,
            notes: drift_notes,
            undecided: head.remarks.undecided.clone(),
            confirmed: None,
        },
        ..frame(head)
    };
    for part in [&mut caused, &mut drift] {
        part.remarks.notes.extend(interruption::note(&part.steps));
    }
    Split { caused, drift }
}

/// What both parts say of the tenant, without anything that is planned.
fn frame(head: &TenantPlan) -> TenantPlan {
    TenantPlan {
        steps: Steps::default(),
        holds: Vec::new(),
        sync: SyncPlan::NotNeeded,
        waits_for: BTreeSet::new(),
        gateways: None,
        remarks: Remarks::default(),
        facts: Facts::default(),
        lease: None,
        tenant: head.tenant.clone(),
        reference: head.reference.clone(),
        mode: head.mode,
        sync_from: head.sync_from,
        sync_hold: head.sync_hold.clone(),
        due: head.due,
        fingerprint: head.fingerprint.clone(),
    }
}

/// What two plans have to agree in for a step to be the same in both.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ComparableStep<'s> {
    user: &'s Upn,
    verb: Verb,
    parking: bool,
    changes: Vec<(Field, &'s Value)>,
    runs: bool,
}

impl<'s> ComparableStep<'s> {
    fn of(plan: &TenantPlan, step: &'s Step) -> Self {
        Self {
            user: &step.user,
            verb: step.action.verb(),
            parking: step.cause == Cause::Parking,
            changes: step.changes.iter().map(|change| (change.field, &change.desired)).collect(),
            runs: plan.may_run(step),
        }
    }
}

/// For each step whether the change causes it: it is not planned without it, or it belongs to one
/// that is not. Steps that wait for each other travel together, as the parts of a number's move do.
fn caused_steps(head: &TenantPlan, base: Option<&TenantPlan>) -> Vec<bool> {
    let mut known: BTreeMap<ComparableStep<'_>, usize> = BTreeMap::new();
    if let Some(base) = base {
        for step in &base.steps {
            *known.entry(ComparableStep::of(base, step)).or_default() += 1;
        }
    }
    let mut caused = Vec::with_capacity(head.steps.len());
    for step in &head.steps {
        let left = known.get_mut(&ComparableStep::of(head, step)).filter(|left| **left > 0);
        caused.push(left.is_none());
        if let Some(left) = left {
            *left -= 1;
        }
    }
    together(&head.steps, &mut caused);
    caused
}

/// Marks the values of caused steps that differ already and are sent without the change too: a call
/// carries all that differs of a user.
fn with_drift_marked(mut steps: Steps, head: &TenantPlan, base: Option<&TenantPlan>) -> Steps {
    let Some(base) = base else { return steps };
    let mut known: BTreeMap<&Upn, Vec<&Step>> = BTreeMap::new();
    for step in base.steps.iter().filter(|step| step.cause != Cause::Parking) {
        known.entry(&step.user).or_default().push(step);
    }
    for step in &mut steps.0 {
        let runs = head.may_run(step);
        let before = known.get(&step.user).into_iter().flatten();
        let before: Vec<&FieldChange> = before
            .filter(|before| base.may_run(before) == runs)
            .flat_map(|before| &before.changes)
            .collect();
        for change in &mut step.changes {
            change.is_drift = step.cause != Cause::Parking && before.contains(&&*change);
        }
    }
    steps
}

/// Marks what waits for a marked step, and what one of them waits for: these travel together.
pub(super) fn together(steps: &Steps, marked: &mut [bool]) {
    let edges: Vec<(usize, usize)> = steps
        .numbered()
        .flat_map(|(id, step)| step.after.iter().map(move |before| (before.0, id.0)))
        .collect();
    loop {
        let joined = edges.iter().filter(|(one, other)| marked[*one] != marked[*other]);
        let joined: Vec<usize> = joined.flat_map(|(one, other)| [*one, *other]).collect();
        if joined.is_empty() {
            return;
        }
        for step in joined {
            marked[step] = true;
        }
    }
}

/// Some of the steps, with new numbers. Whatever a step waits for is among them.
pub(super) fn only(steps: &Steps, wanted: impl Fn(StepId) -> bool) -> Steps {
    let kept: Vec<StepId> = steps.numbered().map(|(id, _)| id).filter(|id| wanted(*id)).collect();
    let places: BTreeMap<StepId, StepId> =
        kept.iter().enumerate().map(|(place, id)| (*id, StepId(place))).collect();
    let renumbered = kept.iter().map(|id| {
        let step = steps.at(*id);
        let after = step.after.iter().filter_map(|before| places.get(before).copied()).collect();
        Step { after, ..step.clone() }
    });
    ByStep(renumbered.collect())
}

/// Notes that are new, and those that are not. What depends on the steps is told of each part.
fn notes(head: &[Note], base: &[Note]) -> (Vec<Note>, Vec<Note>) {
    let mut caused = Vec::new();
    let mut drift = Vec::new();
    for note in head {
        match note {
            Note::Interruption { .. } => {}
            // Counts: that they change says nothing.
            Note::DetailsWait(_) | Note::Settling(..) | Note::NotConfirmedYet(_) => {
                drift.push(note.clone());
            }
            note => match naming(note) {
                Some((users, again)) => {
                    let known =
                        base.iter().find(|other| discriminant(*other) == discriminant(note));
                    let known = known.and_then(naming).map(|(users, _)| users).unwrap_or_default();
                    let (old, new): (Vec<Upn>, Vec<Upn>) =
                        users.iter().cloned().partition(|user| known.contains(user));
                    caused.extend((!new.is_empty()).then(|| again(new)));
                    drift.extend((!old.is_empty()).then(|| again(old)));
                }
                None if base.contains(note) => drift.push(note.clone()),
                None => caused.push(note.clone()),
            },
        }
    }
    (caused, drift)
}

/// The users that a note names, and what makes the same note of others.
pub(super) type NoteOfUsers<'n> = (&'n [Upn], fn(Vec<Upn>) -> Note);

pub(super) fn naming(note: &Note) -> Option<NoteOfUsers<'_>> {
    match note {
        Note::Unmanaged(users) => Some((users, Note::Unmanaged)),
        Note::NotAdopted(users) => Some((users, Note::NotAdopted)),
        Note::Unforeseen(users) => Some((users, Note::Unforeseen)),
        Note::Early(users) => Some((users, Note::Early)),
        _ => None,
    }
}
