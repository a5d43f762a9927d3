//! An undo beside a running service, which alone may write: it is planned and asked about here, and
//! handed over. The service plans it again and carries out this plan, or none.

use std::{collections::BTreeMap, time::Instant};

use super::UndoPass;
use crate::{
    cli::{
        backend::Backend,
        confirm,
        exit::{Exit, Failure},
        operator, out,
        report::{self, DebtsByTenant},
        session,
        show::{self, PlanDisplay},
        signals::Signals,
    },
    config::Settings,
    control::{ClientError, ControlClient, Order, Request, RequestState, TakeBack},
    execute::TenantReport,
    foreign::line,
    journal::JournalLocation,
    model::RunId,
    pass::Memories,
    plan::{Note, Plan, TenantPlan, fingerprint_of},
    words::{duration, list},
};

/// Plans, asks, hands over, and shows what the service answers.
pub(super) async fn hand_over(
    back: &UndoPass<'_>,
    runs: &[RunId],
    (view, yes): (&PlanDisplay<'_>, bool),
    (settings, client): (&Settings, &ControlClient),
) -> Result<Exit, Failure> {
    let backend = Backend::real(settings)?;
    confirm::tell_place(&backend);
    let remembered = JournalLocation::of(&settings.state).look().await?;
    let tenants = back.looked.in_force.desired.tenants.values();
    let memories = Memories::recall(&remembered, tenants).await.map_err(session::unusable)?;
    let mut plan = back.plan(&backend.reader(), &backend.execution, &memories).await?;
    session::stop(&mut plan, &session::switch(false, settings).await);
    confirm::agree(&plan, &backend, (view, yes), back.signals).await?;
    let begun = Instant::now();
    let carried = if plan.tenants.iter().any(TenantPlan::writes) {
        let order = Order::Undo(TakeBack {
            what: back.what.to_owned(),
            runs: runs.to_vec(),
            tenants: back.tenants.keys().cloned().collect(),
            plan: fingerprint_of(&plan),
        });
        out::talk("handed over to the running service, which plans it again and carries it out\n");
        told(client, &order, back.signals).await?
    } else {
        // Nothing is to be sent.
        None
    };
    let reports = reports(&plan, carried.as_ref())?;
    if view.output == crate::cli::args::PlanOutput::Ndjson {
        show::plan(&plan, view);
        tell_steps(&plan, &reports, view);
    }
    show::reports(&plan, &reports, &DebtsByTenant::new(), view, begun.elapsed());
    if reports.iter().any(|report| report.accepted() > 0) {
        tell_of_the_next_pass(&plan, settings);
    }
    Ok(report::exit(&plan, &reports))
}

/// Gives the order, and waits for what becomes of it.
async fn told(
    client: &ControlClient,
    order: &Order,
    signals: &Signals,
) -> Result<Option<Request>, Failure> {
    let mut request = client.order(order, &operator::name()).await.map_err(not_taken)?;
    while !request.is_settled() {
        request = tokio::select! {
            told = client.request(&request.id) => told.map_err(not_done)?,
            () = signals.asked().cancelled_owned() => return Err(Failure::new(
                "you no longer wait for it, and the service goes on with the undo")
                .hint("`dialplane history` shows what it did; `dialplane stop` stops it")),
        };
    }
    match request.state {
        RequestState::Refused => Err(refused(&request)),
        RequestState::Asked | RequestState::Taken | RequestState::Done => Ok(Some(request)),
    }
}

fn refused(request: &Request) -> Failure {
    let message = line(request.message.as_deref().unwrap_or("the service refused the undo"));
    Failure::new(message).hint(line(request.hint.as_deref().unwrap_or_default()))
}

/// The order was not taken, or it is not known whether it was.
fn not_taken(error: ClientError) -> Failure {
    match error {
        ClientError::Unknown => Failure::new(format!("nothing was changed: {error}")).hint(
            "start the service again with this version, and undo again; or end it, and undo \
                without it",
        ),
        ClientError::NobodyThere(..) => {
            Failure::new(format!("nothing was changed: {}", line(&error)))
                .hint("the service has ended meanwhile: undo again, which then works without it")
        }
        error @ ClientError::NoAnswer(_) => lost(&error),
        error => {
            let hint = line(error.hint());
            Failure::new(line(error)).hint(hint)
        }
    }
}

/// The order was taken, and the service refuses it or cannot be heard any more.
fn not_done(error: ClientError) -> Failure {
    match error {
        ClientError::Refused { message, hint } => Failure::new(line(message)).hint(line(hint)),
        error => lost(&error),
    }
}

/// What became of it cannot be heard any more.
fn lost(error: &ClientError) -> Failure {
    Failure::new(format!(
        "the service ended before it said what became of the undo ({}): some of it may be done",
        line(error)
    ))
    .hint(
        "`dialplane history` shows what was done; undo again, and the plan shows what is left: \
            what is back already is not sent twice",
    )
    .exit(Exit::Unknown)
}

/// What became of each tenant, in the plan's order. Nothing was sent of one that has nothing to
/// send.
fn reports(plan: &Plan, carried: Option<&Request>) -> Result<Vec<TenantReport>, Failure> {
    let carried = carried.map(|request| request.carried.as_slice()).unwrap_or_default();
    let carried: BTreeMap<&str, _> =
        carried.iter().map(|carried| (carried.tenant.as_str(), carried)).collect();
    let report = |tenant: &TenantPlan| match carried.get(tenant.tenant.as_str()) {
        Some(carried) => carried.report(tenant),
        None if tenant.writes() => None,
        None => Some(TenantReport::untouched(&tenant.work(), RunId::new(""))),
    };
    let reports: Option<Vec<TenantReport>> = plan.tenants.iter().map(report).collect();
    reports.ok_or_else(|| lost(&ClientError::NoAnswer("it is about another plan".to_owned())))
}

/// Each step, where each is told in a line.
fn tell_steps(plan: &Plan, reports: &[TenantReport], view: &PlanDisplay<'_>) {
    for (tenant, report) in plan.tenants.iter().zip(reports) {
        for (step, outcome) in tenant.steps.iter().zip(&report.steps) {
            if let Some(outcome) = outcome {
                show::step(tenant, step, outcome, view.output);
            }
        }
    }
}

/// The service goes on with what the manifests say, and some of it was just taken back.
fn tell_of_the_next_pass(plan: &Plan, settings: &Settings) {
    let is_against = |note: &Note| matches!(note, Note::NotLasting { .. });
    let against = plan.tenants.iter().filter(|tenant| tenant.remarks.notes.iter().any(is_against));
    let against: Vec<String> = against.map(|tenant| tenant.tenant.to_string()).collect();
    let Some(first) = against.first() else { return };
    let message = format!(
        "the service does it again within {}, or as soon as manifests change, unless they no \
            longer ask for it: {}\n  hint: commit what `dialplane undo --patch` prints; until then \
            `dialplane suspend {first} --reason TEXT` keeps the tenant as it is now\n",
        duration(settings.run.resync),
        list(&against),
    );
    out::talk(&message);
}
