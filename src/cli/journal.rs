//! `journal`: whether the record of what was done is whole, what can be saved of it, and which one
//! counts.

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{
    args::{Global, Output},
    exit::{Exit, Failure},
    manifests, out,
};
use crate::{
    foreign,
    journal::{Accepted, JournalLocation},
    ports::{History, JournalExport},
    words::{all_clauses, many, time},
};

#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Prove that the journal is whole: its pages, its chain of hashes, and what it adds up to
    Check {
        /// How it is shown
        #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
        output: Output,
    },
    /// Take what lies in the state folder for its journal, after it was lost, replaced or brought
    /// back from a backup
    ///
    /// If there is no journal, a new one begins. What is missing is forgotten: steps whose answer
    /// was lost, approvals that were used up, and what was sent since. Calls may have been carried
    /// out that this journal does not know, so each tenant owes a sync from now on. Who was not
    /// visible for a while since is not known either: users that no manifest names keep calling
    /// until one says `calling: disabled`.
    ///
    /// A folder that was only moved, to another disk or machine, holds the newest journal all the
    /// same: with `--newest` it counts as it is, and nothing is forgotten. Until one of both is said,
    /// `prune` disables nobody (`dialplane explain journal-brought-back`).
    ///
    /// In a database, tenants are accepted that are held because it lost entries; all of them if
    /// none is.
    Accept {
        /// It is the newest: nothing has written to the folder that it was copied from since
        #[arg(long)]
        newest: bool,
    },
    /// Print every entry that can be read, a JSON object a line, also of a damaged journal
    ///
    /// A file `journal.jsonl` with these lines, alone in an empty state folder, is taken over as
    /// the journal by the next command that writes.
    Export,
    /// Move the journal from the state folder to the database that `state.postgres` names
    ///
    /// End all services first. The journal is proved, copied, read back and compared: entries, the
    /// chain and the sum of each tenant. The database may hold no other journal. Cut off anywhere,
    /// it can be run again. Afterwards the file is called `journal.db.moved`, and a command that
    /// would write to the folder is told where the journal went.
    #[command(name = "move")]
    Move {
        /// Where to
        #[arg(long, value_enum, value_name = "STORE")]
        to: MoveTarget,
    },
}

/// Where a journal can be moved to.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MoveTarget {
    /// The database of `state.postgres`
    Postgres,
}

/// What follows from a journal that may not be the newest.
const DEBT: &str = "it may not know the last calls, so each tenant owes a sync, which its next run \
    sends; users that no manifest names by then keep calling until one does";

/// Checks or exports the journal.
pub(super) async fn journal(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let place = JournalLocation::of(&manifests::settings(global)?.state);
    match command {
        Arguments::Check { output } => check(&place.look_at_all().await?, *output).await,
        Arguments::Accept { newest: true } => {
            place.accept_as_newest().await?;
            let place = foreign::line(&place);
            out::talk(&format!("what lies in {place} is its journal, and the newest one\n"));
            Ok(Exit::Done)
        }
        Arguments::Accept { newest: false } => {
            let accepted = place.accept().await?;
            let place = foreign::line(&place);
            out::talk(&match accepted {
                Accepted::Journal => {
                    format!("what lies in {place} is its journal from now on: {DEBT}\n")
                }
                Accepted::Nothing => {
                    format!("there was no journal in {place}, and a new one begins: {DEBT}\n")
                }
                Accepted::Tenants(0) => format!("nothing is on record in {place}\n"),
                Accepted::Tenants(count) => {
                    let tenants = many(count, "tenant");
                    format!("what {place} has of {tenants} is the journal from now on: {DEBT}\n")
                }
            });
            Ok(Exit::Done)
        }
        Arguments::Export => {
            let history = place.look_at_all().await?;
            let exported =
                export(&history, |line| out::raw(&format!("{}\n", foreign::json(line)))).await;
            out::talk(&format!("{} exported\n", many(exported.entries, "entry")));
            told(&exported.problems)
        }
        Arguments::Move { to: MoveTarget::Postgres } => transfer(&place).await,
    }
}

async fn transfer(place: &JournalLocation) -> Result<Exit, Failure> {
    let Some(moved) = place.transfer().await? else {
        return Err(Failure::new("no database is set").hint(
            "set `state.postgres` and leave `state.path` as it is: `dialplane guide operating`",
        ));
    };
    let entries = many(moved.entries, "entry");
    let tenants = many(moved.tenants, "tenant");
    let to = foreign::line(&moved.to);
    let kept = foreign::line(moved.kept.display());
    let done = if moved.was_there {
        format!("an earlier run moved {entries} of {tenants} to {to}")
    } else {
        format!(
            "{entries} of {tenants} are in {to}; entries, chains and sums are equal on both sides"
        )
    };
    out::talk(&format!("{done}\nthe file is kept as {kept} and is not written any more\n"));
    Ok(Exit::Done)
}

/// Looks back through the seam, as it is for every store.
async fn export(history: &impl History, mut each: impl FnMut(&str) + Send) -> JournalExport {
    history.export(&mut each).await
}

async fn check(history: &impl History, output: Output) -> Result<Exit, Failure> {
    let checked = history.check().await?;
    match output {
        Output::Json => out::json(&json!({
            "version": 1, "kind": "JournalCheck", "entries": checked.entries, "first": checked.first, "last": checked.last,
            "head": checked.head, "problems": checked.problems,
        })),
        Output::Text => {
            let entries = many(checked.entries, "entry");
            match (checked.first, checked.last) {
                (Some(first), Some(last)) => {
                    out::data(&format!(
                        "{entries}, {} to {}\nlast hash {}\n",
                        time(first),
                        time(last),
                        checked.head
                    ));
                }
                _ => out::data(&format!("{entries}\n")),
            }
        }
    }
    told(&checked.problems)
}

fn told(problems: &[String]) -> Result<Exit, Failure> {
    if problems.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::new(format!("the journal is damaged: {}", all_clauses(problems))).hint(
        "restore it from a backup, or save what can be read: see `dialplane journal export --help`",
    ))
}
