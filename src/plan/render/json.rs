//! A plan for machines. The shape is versioned: a reader may rely on every key of its version.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Tally, losing, seal::seal};
use crate::{
    model::{Fingerprint, Service, Site, TenantName, Upn, Verb},
    plan::{
        Cause, Confirmed, Hold, HoldKind, Note, NoteCode, Plan, ProblemCode, Step, StepId,
        SyncPlan, TenantPlan, fingerprint_of,
    },
};

/// The version of the shape.
const VERSION: u32 = 1;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanView<'p> {
    version: u32,
    kind: &'static str,
    /// For `apply --expect`; absent of a part of a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// The moment that it is the plan of, if one was asked for (`--at`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    at: Option<Timestamp>,
    summary: Tally,
    /// Tenants that the journal has never looked at, where users may be written to.
    unremembered: Vec<&'p str>,
    tenants: Vec<TenantView<'p>>,
    /// Over all of it, as SHA-256: a file that was damaged or edited is no saved plan; absent of a
    /// part of a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TenantView<'p> {
    tenant: &'p str,
    tenant_id: Option<&'p str>,
    /// Which account at which host it was planned for; absent where none writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'p str>,
    /// Unknown if its manifests are broken.
    mode: Option<&'static str>,
    /// Of the plan; absent if nothing is to be done.
    fingerprint: Option<&'p str>,
    /// Seconds without calls over all steps that may run, as estimated.
    interruption: u64,
    holds: Vec<HoldView<'p>>,
    steps: Vec<StepView<'p>>,
    problems: Vec<ProblemView<'p>>,
    loses_calling: Vec<LosingView<'p>>,
    sync: &'static str,
    /// The sync may not be sent before.
    sync_from: Option<String>,
    /// Why the sync may not be sent before people have looked.
    sync_holds: Vec<HoldView<'p>>,
    /// Users whose last answer was lost and is not decided.
    undecided: Vec<&'p str>,
    /// Users of whom it cannot be foreseen here whether a run would disable them.
    unforeseen: Vec<&'p str>,
    confirmed: Option<Confirmed>,
    notes: Vec<NoteView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StepView<'p> {
    #[schemars(with = "usize")]
    step: StepId,
    #[schemars(with = "String")]
    action: Verb,
    user: &'p str,
    /// Which service of the user it is about, if not calling in Teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'static str>,
    cause: &'static str,
    /// When a date of the manifests came that wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    since: Option<Timestamp>,
    runs: bool,
    did_not_land: bool,
    approved: Vec<&'p str>,
    interruption: u64,
    #[schemars(with = "Vec<usize>")]
    after: &'p [StepId],
    changes: Vec<ChangeView>,
    holds: Vec<HoldView<'p>>,
    origin: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeView {
    field: &'static str,
    live: String,
    desired: String,
    did_not_land: bool,
    /// In what a change causes: it differs already, and the same is sent without the change too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    drift: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HoldView<'p> {
    /// The code, which `dialplane explain` explains.
    #[schemars(with = "String")]
    code: HoldKind,
    reason: &'p str,
    remedy: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    until: Option<Timestamp>,
}

/// People of one site who would lose calling, and who would if it were not held.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LosingView<'p> {
    site: Option<&'p str>,
    people: usize,
    held: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProblemView<'p> {
    user: &'p str,
    #[schemars(with = "String")]
    code: ProblemCode,
    reason: String,
    remedy: String,
    origin: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NoteView {
    #[schemars(with = "String")]
    code: NoteCode,
    note: String,
}

/// A plan for machines.
#[must_use]
pub fn json(plan: &Plan) -> serde_json::Value {
    // The view has only string keys and plain values, which always have a JSON form.
    seal(serde_json::to_value(view(plan)).unwrap_or_default())
}

/// The shape of a plan for machines, as JSON Schema.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(PlanView<'static>).to_value()
}

fn view(plan: &Plan) -> PlanView<'_> {
    // Nobody can ask for the plan of a moment that is ahead.
    let fingerprint = plan.at.is_none().then(|| fingerprint_of(plan).to_string());
    PlanView { fingerprint, ..part(plan) }
}

/// A part of a plan, which nobody can ask for alone.
pub(super) fn part(plan: &Plan) -> PlanView<'_> {
    let tenants = plan.tenants.iter().map(|tenant| tenant_view(plan, tenant)).collect();
    PlanView {
        version: VERSION,
        kind: "Plan",
        fingerprint: None,
        at: plan.at,
        summary: Tally::of(plan),
        unremembered: plan.unremembered.iter().map(TenantName::as_str).collect(),
        tenants,
        sum: None,
    }
}

fn tenant_view<'p>(plan: &'p Plan, tenant: &'p TenantPlan) -> TenantView<'p> {
    let steps =
        tenant.steps.numbered().map(|(number, step)| step_view(tenant, number, step)).collect();
    let problems = tenant.remarks.problems.iter().map(|problem| ProblemView {
        user: problem.user.as_str(),
        code: problem.kind.code(),
        reason: problem.kind.to_string(),
        remedy: problem.kind.remedy(),
        origin: problem.origin.as_ref().map(ToString::to_string),
    });
    TenantView {
        tenant: tenant.tenant.as_str(),
        tenant_id: tenant.reference.as_ref().map(|reference| reference.id.as_str()),
        account: plan.accounts.get(&tenant.tenant).map(String::as_str),
        mode: tenant.reference.as_ref().map(|_| tenant.mode.name()),
        fingerprint: tenant.fingerprint.as_ref().map(Fingerprint::as_str),
        interruption: tenant
            .steps
            .iter()
            .filter(|step| tenant.may_run(step))
            .map(|step| step.interruption.as_secs())
            .sum(),
        holds: holds_view(&tenant.holds),
        steps,
        problems: problems.collect(),
        loses_calling: losing::by_site(tenant)
            .into_iter()
            .map(|at| LosingView {
                site: at.site.map(Site::as_str),
                people: at.people,
                held: at.held,
            })
            .collect(),
        sync: match tenant.sync {
            SyncPlan::NotNeeded => "notNeeded",
            SyncPlan::AfterSteps => "afterSteps",
            SyncPlan::Owed(_) | SyncPlan::Again(_) => "owed",
        },
        sync_from: tenant.sync_from.map(|from| from.to_string()),
        sync_holds: holds_view(tenant.sync_hold.as_slice()),
        undecided: tenant.remarks.undecided.iter().map(Upn::as_str).collect(),
        unforeseen: tenant.unforeseen().iter().map(Upn::as_str).collect(),
        confirmed: tenant.remarks.confirmed,
        notes: tenant.remarks.notes.iter().map(note_view).collect(),
    }
}

fn step_view<'p>(tenant: &TenantPlan, number: StepId, step: &'p Step) -> StepView<'p> {
    let changes = step.changes.iter().map(|change| ChangeView {
        field: change.field.name(),
        live: change.live.to_string(),
        desired: change.desired.to_string(),
        did_not_land: change.did_not_land.is_some(),
        drift: change.is_drift,
    });
    StepView {
        step: number,
        action: step.action.verb(),
        user: step.user.as_str(),
        service: (step.service != Service::Phone).then(|| step.service.name()),
        cause: match step.cause {
            Cause::Declared => "declared",
            Cause::NotNamed => "notNamed",
            Cause::Parking => "parking",
            Cause::Dated(_) => "dated",
        },
        since: match step.cause {
            Cause::Dated(since) => Some(since),
            _ => None,
        },
        runs: tenant.may_run(step),
        did_not_land: step.did_not_land.is_some(),
        approved: step.approved.iter().map(TenantName::as_str).collect(),
        interruption: step.interruption.as_secs(),
        after: &step.after,
        changes: changes.collect(),
        holds: holds_view(&step.holds),
        origin: step.origin.as_ref().map(ToString::to_string),
    }
}

fn note_view(note: &Note) -> NoteView {
    NoteView { code: note.code(), note: note.to_string() }
}

fn holds_view(holds: &[Hold]) -> Vec<HoldView<'_>> {
    holds
        .iter()
        .map(|hold| HoldView {
            code: hold.kind,
            reason: &hold.reason,
            remedy: &hold.remedy,
            until: hold.until,
        })
        .collect()
}
