//! Passes as `history` lists them: what was carried out together, counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    board::{Commit, PassRow},
    foreign::line,
    journal::{Run, RunSync},
    model::{PassId, Revision, RunStart, StepOutcome},
    ports::{History, HistoryError},
    style::{BOLD, FAINT},
    words::{list, many, time},
};

/// One pass with its runs, newest first.
pub(super) struct Pass {
    pub(super) id: PassId,
    pub(super) runs: Vec<Run>,
}

/// Ids of passes with the ids of their runs, newest first.
pub(super) type RunsByPass<'b> = Vec<(&'b PassId, Vec<&'b RunStart>)>;

/// The runs that are asked for, by pass, the newest pass first; so many passes at most.
pub(super) fn grouped<'b>(
    begun: impl Iterator<Item = &'b RunStart>,
    limit: usize,
) -> RunsByPass<'b> {
    let mut places: BTreeMap<&PassId, usize> = BTreeMap::new();
    let mut grouped: RunsByPass<'b> = Vec::new();
    for begun in begun {
        match places.get(&begun.pass) {
            Some(place) => {
                if let Some((_, runs)) = grouped.get_mut(*place) {
                    runs.push(begun);
                }
            }
            None if grouped.len() < limit => {
                places.insert(&begun.pass, grouped.len());
                grouped.push((&begun.pass, vec![begun]));
            }
            None => {}
        }
    }
    grouped
}

/// Reads the runs of a pass.
pub(super) async fn read(
    history: &impl History,
    id: &PassId,
    begun: &[&RunStart],
) -> Result<Pass, HistoryError> {
    let mut runs = Vec::new();
    for begun in begun {
        runs.extend(Run::of(&history.entries(&begun.run).await?));
    }
    Ok(Pass { id: id.clone(), runs })
}

/// What became of steps and syncs.
#[derive(Default)]
struct PassCounts {
    meant: usize,
    accepted: usize,
    failed: usize,
    lost: usize,
    syncs: usize,
    open: usize,
}

impl PassCounts {
    fn of<'r>(runs: impl Iterator<Item = &'r Run>) -> Self {
        let mut counts = Self::default();
        for run in runs {
            counts.meant += run.meant;
            for step in &run.steps {
                match step.outcome.as_ref().map(|(_, outcome)| outcome) {
                    Some(StepOutcome::Accepted) => counts.accepted += 1,
                    Some(StepOutcome::Failed(_)) => counts.failed += 1,
                    Some(StepOutcome::Unknown(_)) | None => counts.lost += 1,
                    Some(StepOutcome::NotTried(_)) => {}
                }
            }
            match run.sync {
                RunSync::Accepted(_) => counts.syncs += 1,
                RunSync::NotNeeded => {}
                RunSync::Open => counts.open += 1,
            }
        }
        counts
    }

    /// Steps, then what is to be told of `syncs`.
    fn words(&self, syncs: Vec<String>) -> String {
        let mut parts = vec![format!("{} of {} accepted", self.accepted, many(self.meant, "step"))];
        parts.extend((self.failed > 0).then(|| format!("{} failed", self.failed)));
        parts.extend((self.lost > 0).then(|| many(self.lost, "lost answer")));
        parts.extend(syncs);
        list(parts)
    }
}

/// What became of a run, in a few words.
pub(super) fn became(run: &Run) -> String {
    let sync = match run.sync {
        RunSync::Accepted(_) => Some("sync accepted".to_owned()),
        RunSync::NotNeeded => None,
        RunSync::Open => Some("sync left to a later run".to_owned()),
    };
    PassCounts::of(std::iter::once(run)).words(sync.into_iter().collect())
}

/// Who carried a run out, and what it took back: `, undo of pass 1f0c5e7a93, by hand: ada@desk`.
/// Nothing where an older journal does not say.
pub(super) fn who(run: &Run) -> String {
    let undo = run.part_of.undoes.as_ref().map(|undoes| format!(", undo of {}", line(undoes)));
    let told = run.part_of.pass.as_str() != run.id.as_str();
    let by = match &run.by {
        Some(by) => format!(", by hand: {}", line(by)),
        None if told => ", by the service".to_owned(),
        None => String::new(),
    };
    undo.unwrap_or_default() + &by
}

/// The version of the manifests that a run carried out.
pub(super) fn revision(revision: Option<&Revision>) -> String {
    revision.map_or_else(|| "unknown".to_owned(), line)
}

impl Pass {
    /// Whether it is known which version of the manifests each run carried out.
    pub(super) fn is_versioned(&self) -> bool {
        self.runs.iter().all(|run| run.revision.is_some())
    }

    /// When its first run began.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.runs.iter().map(|run| run.began).min()
    }

    /// For the page of the service.
    pub(super) fn row(&self) -> PassRow {
        let first = self.runs.first();
        let names: BTreeSet<&str> = self.runs.iter().map(|run| run.tenant.as_str()).collect();
        PassRow {
            pass: self.id.to_string(),
            at: self.began().unwrap_or_default(),
            tenants: names.len(),
            tenant: names.first().copied().unwrap_or_default().to_owned(),
            became: PassCounts::of(self.runs.iter()).words(Vec::new()),
            commit: first.and_then(|run| run.revision.as_ref()).map(Commit::from),
            by: first.and_then(|run| run.by.clone()),
            is_undo: first.is_some_and(|run| run.part_of.undoes.is_some()),
        }
    }

    /// In two lines.
    pub(super) fn text(&self) -> String {
        let [first, more @ ..] = self.runs.as_slice() else { return String::new() };
        if more.is_empty() {
            return self.of_one(first);
        }
        let counts = PassCounts::of(self.runs.iter());
        let mut syncs = Vec::new();
        syncs
            .extend((counts.syncs > 0).then(|| format!("{} accepted", many(counts.syncs, "sync"))));
        syncs.extend(
            (counts.open > 0).then(|| format!("{} left to later runs", many(counts.open, "sync"))),
        );
        let names: BTreeSet<&str> = self.runs.iter().map(|run| run.tenant.as_str()).collect();
        let began = self.began().unwrap_or(first.began);
        format!(
            "{}  {BOLD}{}{BOLD:#}  {}\n    {FAINT}pass {}, revision {}{}{FAINT:#}\n",
            time(began),
            many(names.len(), "tenant"),
            counts.words(syncs),
            line(&self.id),
            revision(first.revision.as_ref()),
            who(first)
        )
    }

    fn of_one(&self, run: &Run) -> String {
        let pass = match self.id.as_str() {
            same if same == run.id.as_str() => String::new(),
            pass => format!("pass {}, ", line(pass)),
        };
        format!(
            "{}  {BOLD}{}{BOLD:#}  {}\n    {FAINT}{pass}run {}, revision {}{}{FAINT:#}\n",
            time(run.began),
            run.tenant,
            became(run),
            line(&run.id),
            revision(run.revision.as_ref()),
            who(run)
        )
    }

    /// The pass and each of its runs, by tenant.
    pub(super) fn whole(&self) -> String {
        let mut out = self.text();
        let mut runs: Vec<&Run> = self.runs.iter().collect();
        runs.sort_by(|a, b| (&a.tenant, a.began).cmp(&(&b.tenant, b.began)));
        for run in runs {
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "  {BOLD}{:20}{BOLD:#} {}  {FAINT}run {}{FAINT:#}",
                run.tenant.as_str(),
                became(run),
                line(&run.id)
            );
        }
        out
    }

    /// For machines; `run` shows one of its runs.
    pub(super) fn json(&self, run: impl Fn(&Run) -> Value) -> Value {
        let counts = PassCounts::of(self.runs.iter());
        let first = self.runs.first();
        json!({
            "pass": self.id.as_str(),
            "began": self.began(),
            "undoes": first.and_then(|run| run.part_of.undoes.clone()),
            "by": first.and_then(|run| run.by.clone()),
            "revision": first.and_then(|run| run.revision.clone()),
            "meant": counts.meant,
            "accepted": counts.accepted,
            "failed": counts.failed,
            "lost": counts.lost,
            "syncs": { "accepted": counts.syncs, "open": counts.open },
            "runs": self.runs.iter().map(run).collect::<Vec<_>>(),
        })
    }
}
