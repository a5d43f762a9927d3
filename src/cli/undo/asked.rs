//! Which runs are to be taken back.

use super::{Arguments, recorded};
use crate::{
    cli::{
        exit::Failure,
        out,
        past::{self, PassOrRun},
    },
    model::{Entry, RunId, RunStart},
    ports::History,
    words::{many, time},
};

/// What is to be taken back.
pub(super) struct UndoRequest {
    /// In words: `pass 1f0c5e7a93`.
    pub(super) what: String,
    /// All runs of it, the oldest first: what was there before the first of them comes back.
    pub(super) runs: Vec<RunId>,
    /// All that is on record of it, in its order.
    pub(super) entries: Vec<Entry>,
}

/// The runs that the arguments mean.
pub(super) async fn asked(
    arguments: &Arguments,
    history: &impl History,
    begun: &[RunStart],
) -> Result<UndoRequest, Failure> {
    let (what, runs) = match (&arguments.id, arguments.since) {
        (_, Some(since)) => (format!("all since {}", time(since)), past::since(since, begun)?),
        (_, None) if arguments.last => of(past::last(begun)?),
        (Some(id), None) => match past::meant(id, begun) {
            Ok(meant) => of(meant),
            Err(unknown) => return old(id, history).await?.ok_or(unknown),
        },
        (None, None) => return Err(past::unknown("", begun)),
    };
    let all = runs.len();
    let runs: Vec<&RunStart> =
        runs.into_iter().filter(|run| arguments.tenants.has(&run.tenant)).collect();
    if runs.is_empty() {
        return Err(Failure::new(format!("{what} wrote nothing of such a tenant"))
            .hint("`dialplane history PASS` lists its tenants"));
    }
    if runs.len() < all {
        out::talk(&format!("left out by --tenant: {} of {what}\n", many(all - runs.len(), "run")));
    }
    let runs: Vec<RunId> = runs.iter().rev().map(|run| run.run.clone()).collect();
    let entries = recorded::entries(history, &runs).await?;
    Ok(UndoRequest { what, runs, entries })
}

fn of(meant: PassOrRun<'_>) -> (String, Vec<&RunStart>) {
    match meant {
        PassOrRun::Pass(pass, runs) if runs.iter().all(|run| run.run.as_str() == pass.as_str()) => {
            (format!("run {pass}"), runs)
        }
        PassOrRun::Pass(pass, runs) => (format!("pass {pass}"), runs),
        PassOrRun::Run(run) => (format!("run {}", run.run), vec![run]),
    }
}

/// A run that is too long ago to be among those that are looked at, by its whole id.
async fn old(id: &str, history: &impl History) -> Result<Option<UndoRequest>, Failure> {
    let run = past::run(id);
    let entries = history.entries(&run).await?;
    let what = format!("run {run}");
    Ok((!entries.is_empty()).then(|| UndoRequest { what, runs: vec![run], entries }))
}
