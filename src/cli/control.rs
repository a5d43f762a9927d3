//! `reconcile`, `suspend TENANT` and `resume TENANT`: what a running service is told. Without one,
//! a suspension is put into the journal directly.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{
    args::{Global, Output},
    choose::Tenants,
    complete,
    exit::{Exit, Failure},
    manifests, operator, out,
    right::CommandLead,
    session::unusable,
};
use crate::{
    config::Settings,
    control::{ClientError, ControlClient, Order, Request, RequestState},
    foreign::line,
    journal::{JournalLocation, Store},
    model::{TenantName, TenantRef, parse_expiry},
    pass,
    style::YELLOW,
    words::{duration, time},
};

/// For its help.
pub(super) const RECONCILE_EXAMPLES: &str = "\
Examples:
  dialplane reconcile --wait                 look at all tenants now, and say how it ended
  dialplane reconcile contoso

Exit codes of --wait:
  0  every pass is done
  3  something is held, or the newest version of something is not in force
  4  a pass failed, or a sync waits";

/// For its help.
pub(super) const SUSPEND_EXAMPLES: &str = "\
Examples:
  dialplane suspend contoso --reason 'the vendor moves them tonight' --until 8h
  dialplane suspend contoso --reason 'ticket 4711' --until 2026-07-31T18:00:00Z
";

#[derive(Debug, Args)]
pub(super) struct Reconcile {
    /// Which tenant; without one, all
    #[arg(value_parser = |name: &str| TenantName::parse(name), add = complete::tenants())]
    tenant: Option<TenantName>,
    /// Wait until it is done, and say how it ended
    #[arg(long)]
    wait: bool,
    /// How the outcome is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Suspend {
    /// Which tenant
    #[arg(value_parser = |name: &str| TenantName::parse(name), add = complete::tenants())]
    tenant: TenantName,
    /// Files and folders with manifests, if no service runs [default: `manifests` of the
    /// configuration]
    paths: Vec<PathBuf>,
    /// Why; plans, `status`, `why`, the page and the journal tell it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends: 2h, 2026-07-31, 2026-07-31T18:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How the outcome is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The tenant that is suspended; without one, the stop switch is let go
    #[arg(value_parser = |name: &str| TenantName::parse(name), add = complete::tenants())]
    pub(super) tenant: Option<TenantName>,
    /// Files and folders with manifests, if no service runs [default: `manifests` of the
    /// configuration]
    #[arg(requires = "tenant")]
    paths: Vec<PathBuf>,
    /// How the outcome is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT", requires = "tenant")]
    output: Output,
}

/// Has the service look at the manifests and at live state now.
pub(super) async fn reconcile(global: &Global, command: &Reconcile) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let order = Order::Reconcile { tenant: command.tenant.clone() };
    let client = ControlClient::of(&settings.state.path);
    let request = match client.order(&order, &operator::name()).await {
        Err(error @ ClientError::NobodyThere(..)) => {
            refuse_if_held(&settings, &error).await?;
            let hint = "`dialplane apply` makes one pass without a service; `dialplane run` starts \
                one; a rehearsal (`--sandbox`) takes no orders";
            let elsewhere = manifests::elsewhere(global, &settings);
            return Err(Failure::new(error).hint(elsewhere.unwrap_or_else(|| hint.to_owned())));
        }
        taken => taken.map_err(failure)?,
    };
    let request = if command.wait { settled(&client, request).await? } else { request };
    tell(&request, command.output);
    if !command.wait {
        return Ok(Exit::Done);
    }
    let ended = |ending: &str| request.passes.iter().any(|pass| pass.ending == ending);
    Ok(if ended("failed") || ended("waits") {
        Exit::Partly
    } else if ended("held") || !request.behind.is_empty() {
        Exit::Held
    } else {
        Exit::Done
    })
}

/// Has nothing written of a tenant from now on.
pub(super) async fn suspend(global: &Global, command: &Suspend) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let reason = operator::one_line(&command.reason);
    if reason.is_empty() {
        return Err(Failure::new("a suspension needs a reason")
            .hint("say with `--reason` what the next reader should know"));
    }
    let now = Timestamp::now();
    let until = command.until.as_deref().map(|text| end(text, now)).transpose()?;
    let tenant = command.tenant.clone();
    let order = Order::Suspend { tenant, reason, until };
    carry_out(&settings, &order, &command.paths, command.output).await
}

/// Ends that.
pub(super) async fn resume(
    global: &Global,
    tenant: &TenantName,
    command: &Resume,
) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let order = Order::Resume { tenant: tenant.clone() };
    carry_out(&settings, &order, &command.paths, command.output).await
}

/// The moment that somebody names: from now on, or by the calendar.
fn end(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let span = humantime::parse_duration(text).ok();
    let from_now = span.and_then(|span| now.checked_add(span).ok());
    let until = match from_now {
        Some(until) => until,
        None => parse_expiry(text).map_err(|wrong| {
            Failure::new(format!("--until: {wrong}")).hint("or name a while, such as 2h or 3days")
        })?,
    };
    if until <= now {
        return Err(Failure::new(format!("--until: {} is over already", time(until))));
    }
    Ok(until)
}

/// Tells the service; without one, does it.
async fn carry_out(
    settings: &Settings,
    order: &Order,
    paths: &[PathBuf],
    output: Output,
) -> Result<Exit, Failure> {
    let client = ControlClient::of(&settings.state.path);
    match client.order(order, &operator::name()).await {
        Ok(request) => tell(&settled(&client, request).await?, output),
        Err(error @ (ClientError::NobodyThere(..) | ClientError::NoSocket(_))) => {
            refuse_if_held(settings, &error).await?;
            tell(&directly(settings, order, paths).await?, output);
            out::talk(&format!(
                "no service works with the state in {}: its journal keeps this for the next. A \
                    rehearsal (`--sandbox`) has a journal of its own and hears nothing of it\n",
                JournalLocation::of(&settings.state)
            ));
        }
        Err(error) => return Err(failure(error)),
    }
    Ok(Exit::Done)
}

/// Somebody works with the state and hears nothing: a command, or a service whose socket is gone.
async fn refuse_if_held(settings: &Settings, error: &ClientError) -> Result<(), Failure> {
    let place = JournalLocation::of(&settings.state);
    // What cannot be looked at is told where it is opened.
    if !place.is_held().await.unwrap_or_default() {
        return Ok(());
    }
    let hint = match error {
        ClientError::NoSocket(error) => error.hint(),
        _ => {
            "if it is a command, wait for its end; if it is the service, its socket is gone: \
                restart it. `dialplane stop` works without it"
        }
    };
    let reason = format!("a process works with the state in {place}, and takes no orders: {error}");
    Err(Failure::new(line(reason)).hint(hint))
}

/// Waits until nothing more becomes of a request.
async fn settled(client: &ControlClient, mut request: Request) -> Result<Request, Failure> {
    while !request.is_settled() {
        request = match client.request(&request.id).await {
            Err(error @ ClientError::NobodyThere(..)) => {
                return Err(Failure::new(format!("the service ended meanwhile: {error}"))
                    .hint("`dialplane status` and `dialplane why` say how things are"));
            }
            told => told.map_err(failure)?,
        };
    }
    Ok(request)
}

fn failure(error: ClientError) -> Failure {
    let hint = error.hint();
    Failure::new(line(error)).hint(line(hint))
}

/// Puts a suspension, or its end, into the journal, which no process may be using.
async fn directly(
    settings: &Settings,
    order: &Order,
    paths: &[PathBuf],
) -> Result<Request, Failure> {
    let Some(name) = order.tenant() else { return Err(Failure::new("no service runs")) };
    let looked = manifests::look_at_kept(&manifests::sources(paths, settings))?;
    looked.know(&Tenants::one(name))?;
    let tenant = looked.in_force.desired.tenants.get(name).map(|tenant| tenant.reference());
    let tenant = tenant.ok_or_else(|| {
        Failure::new(format!("the manifests of tenant {name} have errors"))
            .hint("`dialplane validate` shows them; nothing of the tenant is written until then")
    })?;
    let journal = JournalLocation::of(&settings.state).open().await?;
    let right = CommandLead::take(settings).await?;
    let by = operator::name();
    let recorded = record(&journal, &tenant, order, by).await;
    right.give_up().await;
    recorded
}

async fn record(
    journal: &Store,
    tenant: &TenantRef,
    order: &Order,
    by: String,
) -> Result<Request, Failure> {
    use crate::ports::Journal as _;
    let at = journal.now();
    let run = pass::run_id(at, 0);
    let mut request = Request::new(run.to_string(), order, by.clone(), at);
    request.run = Some(run.to_string());
    match order {
        Order::Suspend { reason, until, .. } => {
            let suspension = (by, reason.clone(), *until);
            pass::suspend(journal, tenant, run, suspension).await.map_err(unusable)?;
            request.suspended(*until);
        }
        Order::Resume { .. } => {
            let before = pass::resume(journal, tenant, run, by).await.map_err(unusable)?;
            request.resumed(before.as_ref());
        }
        Order::Reconcile { .. } | Order::Stop { .. } | Order::LetGo | Order::Undo(_) => {}
    }
    Ok(request)
}

/// Shows what became of an order.
fn tell(request: &Request, output: Output) {
    if output == Output::Json {
        return out::json(&serde_json::to_value(request).unwrap_or_default());
    }
    let message = match (&request.message, request.state) {
        (Some(message), _) => line(message),
        (None, RequestState::Taken) => {
            format!("told: the service looks now (request {})", line(&request.id))
        }
        (None, _) => format!("the service has not answered yet (request {})", line(&request.id)),
    };
    out::data(&format!("{message}\n"));
    for pass in &request.passes {
        let tenant = line(&pass.tenant);
        let ending = line(&pass.ending);
        let run = line(&pass.run);
        let took = duration_since(request.at, pass.at);
        out::data(&format!("  {tenant:30} {ending:6} {took} after it was asked, run {run}\n"));
    }
    for behind in &request.behind {
        out::data(&format!("  {YELLOW}behind{YELLOW:#}  {}\n", line(behind)));
    }
    if let Some(run) = &request.run {
        out::data(&format!("  run {}\n", line(run)));
    }
}

fn duration_since(from: Timestamp, to: Timestamp) -> String {
    let span = std::time::Duration::try_from(to.duration_since(from)).unwrap_or_default();
    duration(span)
}
