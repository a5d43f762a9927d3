//! Whether this service leads, where several share a journal, and whether its manifests may come into
//! force.
//!
//! ```text
//! stands by --> leads: nothing is written yet --> its head is adopted --> all is looked at, passes
//!                                             \-> it may be behind: waits, and reads its sources again
//! ```

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::Id;

use super::versions::Versions;
use crate::{
    board::{BehindRow, LeadRow},
    model::{Adopted, Head, Standing, VersionGrounds, VersionInForce},
    ports::Lead,
    reconcile::At,
    source::SourceReport,
};

/// How long an answer is waited for before the store is asked again.
const PAUSE: At = At::from_secs(1);

/// One service of several, or the only one.
#[derive(Debug, Default)]
pub(super) struct Rank {
    /// Absent: nobody else shares the journal.
    pub(super) lead: Option<Arc<dyn Lead>>,
    /// The term in which the loop does passes. Another one begins with nothing of it.
    term: Option<u64>,
    heading: ManifestProgress,
    /// The contents of the manifests that were taken.
    contents: [u8; 32],
    /// The number of the head that is in force, once one is in this term.
    number: Option<i64>,
    reads: SourceReadings,
    behind: Option<(VersionInForce, Timestamp)>,
    /// What was last told.
    pub(super) told: Option<LeadRow>,
}

/// How far the manifests are on their way into force.
#[derive(Debug, Default, PartialEq, Eq)]
enum ManifestProgress {
    /// Nothing is to be done about them.
    #[default]
    Idle,
    /// They are to be put on record, from then on.
    Due(At),
    /// That is under way, in this task, on these grounds.
    Asks(Id, VersionGrounds),
    /// They are in force.
    InForce,
}

/// What sources have said since the service leads.
#[derive(Debug, Default)]
struct SourceReadings {
    since: Timestamp,
    first: Option<SourceReading>,
    twice: bool,
}

/// What they said at one look.
#[derive(Debug)]
struct SourceReading {
    digest: [u8; 32],
    at: At,
    heard_at: Vec<Option<Timestamp>>,
}

impl Rank {
    /// What this service is, by this right to lead if it shares its journal.
    pub(super) fn of(lead: Option<Arc<dyn Lead>>) -> Self {
        Self { lead, ..Self::default() }
    }

    /// Whether the loop may do what a leader does. A right that has run out, or another term, is
    /// none.
    pub(super) fn leads(&self) -> bool {
        self.lead.as_ref().is_none_or(|lead| {
            self.term.is_some()
                && lead.standing().term() == self.term
                && lead.permit().check().is_ok()
        })
    }

    /// The term that the loop works in.
    pub(super) fn term(&self) -> Option<u64> {
        self.term
    }

    /// Whether what was taken may be carried out.
    pub(super) fn is_in_force(&self) -> bool {
        self.lead.is_none() || self.heading == ManifestProgress::InForce
    }

    /// A term begins: nothing is in force yet. `is_any`: manifests were taken.
    pub(super) fn begin(&mut self, term: u64, is_any: bool, now: At) {
        self.term = Some(term);
        self.number = None;
        self.behind = None;
        self.reads = SourceReadings { since: Timestamp::now(), ..SourceReadings::default() };
        self.heading = if is_any { ManifestProgress::Due(now) } else { ManifestProgress::Idle };
    }

    /// It is over.
    pub(super) fn end(&mut self) {
        self.term = None;
        self.behind = None;
        self.heading = ManifestProgress::Idle;
    }

    /// Other manifests were taken.
    pub(super) fn take(&mut self, contents: [u8; 32], now: At) {
        self.contents = contents;
        if self.term.is_some() {
            self.heading = ManifestProgress::Due(now);
        }
    }

    /// Whether the manifests are to be put on record now.
    pub(super) fn is_due(&self, now: At) -> bool {
        matches!(self.heading, ManifestProgress::Due(at) if at <= now)
    }

    /// They are, in this task.
    pub(super) fn asks(&mut self, task: Id, grounds: VersionGrounds) {
        self.heading = ManifestProgress::Asks(task, grounds);
    }

    /// The task that was to put them on record ended unexpectedly. True if it was one.
    pub(super) fn failed(&mut self, task: Id, now: At) -> bool {
        let is_task = matches!(self.heading, ManifestProgress::Asks(id, _) if id == task);
        if is_task {
            self.heading = ManifestProgress::Due(now + PAUSE);
        }
        is_task
    }

    /// The version to put on record, and what speaks for it.
    pub(super) fn head(&self, versions: &Versions, vouched_for: bool) -> (Head, VersionGrounds) {
        let byte = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
        let digest = self.contents.iter().flat_map(byte).flatten().collect();
        let commit = |version: &crate::source::SourceVersion| {
            let revision = version.revision.as_ref().filter(|revision| !revision.edited)?;
            Some(revision.commit.clone())
        };
        let commits: Option<Vec<String>> = versions.list.iter().map(commit).collect();
        let commit = commits.filter(|commits| !commits.is_empty()).map(|all| all.join(" "));
        let grounds =
            VersionGrounds { follows: self.number, read_twice: self.reads.twice, vouched_for };
        (Head { digest, commit }, grounds)
    }

    /// What became of it in this term; nothing if that is not known. True if what was taken last is in
    /// force now.
    pub(super) fn adopted(
        &mut self,
        (task, term): (Id, u64),
        adopted: Option<Adopted>,
        now: At,
    ) -> bool {
        if self.term != Some(term) {
            return false;
        }
        if let Some(Adopted::InForce(number)) = adopted {
            self.number = Some(number);
        }
        let ManifestProgress::Asks(id, grounds) = self.heading else { return false };
        if id != task {
            return false;
        }
        match adopted {
            Some(Adopted::InForce(_)) => {
                self.behind = None;
                self.heading = ManifestProgress::InForce;
                return true;
            }
            Some(Adopted::Behind(newest)) => {
                let since = self.behind.take().map_or_else(Timestamp::now, |(_, since)| since);
                self.behind = Some((newest, since));
                // The next reading of the sources may change that, and may have by now.
                let is_news = self.reads.twice && !grounds.read_twice;
                self.heading =
                    if is_news { ManifestProgress::Due(now) } else { ManifestProgress::Idle };
            }
            None => self.heading = ManifestProgress::Due(now + PAUSE),
        }
        false
    }

    /// The sources were read, and say this, which is what was taken.
    pub(super) fn read(
        &mut self,
        digest: [u8; 32],
        reports: &[SourceReport],
        (now, poll): (At, At),
    ) {
        if self.term.is_none() || self.reads.twice {
            return;
        }
        let heard_at: Vec<_> = reports.iter().map(|report| report.heard_at).collect();
        let before = self.reads.first.as_ref().filter(|first| first.digest == digest);
        let is_newer = |number: usize, heard_at: &Option<Timestamp>| {
            let first = before.and_then(|first| *first.heard_at.get(number)?);
            heard_at.is_some_and(|at| at > first.unwrap_or(self.reads.since))
        };
        let is_sound = reports.iter().all(|report| report.trouble.is_none())
            && heard_at.iter().enumerate().all(|(number, at)| is_newer(number, at));
        match before {
            _ if !is_sound => {}
            Some(first) if now < first.at + poll => {}
            Some(_) => {
                self.reads.twice = true;
                if self.heading == ManifestProgress::Idle {
                    self.heading = ManifestProgress::Due(now);
                }
            }
            None => self.reads.first = Some(SourceReading { digest, at: now, heard_at }),
        }
    }

    /// As views show it; nothing of the only service.
    pub(super) fn row(&self, is_read_again: bool) -> Option<LeadRow> {
        let standing: Standing = self.lead.as_ref()?.standing();
        let leads = self.term.is_some() && standing.term() == self.term;
        let behind = self.behind.as_ref().filter(|_| leads);
        let behind = behind.map(|(newest, since)| BehindRow::new(newest, is_read_again, *since));
        Some(LeadRow { behind, ..LeadRow::from(&standing) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{HandedOrder, JournalError, Permit};
    use futures_util::future::BoxFuture;

    #[derive(Debug)]
    struct Leads;

    impl Lead for Leads {
        fn standing(&self) -> Standing {
            let own = crate::model::Leader {
                host: "here".to_owned(),
                process: 1,
                version: String::new(),
                since: Timestamp::UNIX_EPOCH,
                until: Timestamp::UNIX_EPOCH,
            };
            Standing::Leads { term: 7, own }
        }
        fn permit(&self) -> Permit {
            Permit::default()
        }
        fn trouble(&self) -> Option<JournalError> {
            None
        }
        fn stand(&self) {}
        fn adopt(
            &self,
            _: Head,
            _: VersionGrounds,
        ) -> BoxFuture<'_, Result<Adopted, JournalError>> {
            Box::pin(async { Err(JournalError::Lost) })
        }
        fn hand<'a>(
            &'a self,
            _: &'a str,
            _: &'a str,
        ) -> BoxFuture<'a, Result<Option<String>, String>> {
            Box::pin(async { Ok(None) })
        }
        fn handed(&self, _: u64) -> BoxFuture<'_, Result<Vec<HandedOrder>, String>> {
            Box::pin(async { Ok(Vec::new()) })
        }
        fn answer<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
            Box::pin(async { Ok(()) })
        }
        fn put_back<'a>(&'a self, _: &'a str, _: u64) -> BoxFuture<'a, Result<(), String>> {
            Box::pin(async { Ok(()) })
        }
        fn give_up(&self) -> BoxFuture<'_, ()> {
            Box::pin(async {})
        }
    }

    fn rank() -> Rank {
        let mut rank = Rank::of(Some(Arc::new(Leads)));
        rank.begin(7, true, At::ZERO);
        rank
    }

    fn report(heard_at: Timestamp) -> SourceReport {
        SourceReport {
            name: "main".to_owned(),
            branch: "main".to_owned(),
            revision: None,
            heard_at: Some(heard_at),
            trouble: None,
            patience: At::ZERO,
        }
    }

    /// Whether two readings of this digest, with servers heard so long after the beginning, prove it.
    fn proves(readings: &[([u8; 32], u64, i64)]) -> bool {
        let mut rank = rank();
        let since = rank.reads.since;
        for (digest, at, heard) in readings {
            let heard_at = since + jiff::SignedDuration::from_secs(*heard);
            let now = At::from_secs(*at);
            rank.read(*digest, &[report(heard_at)], (now, At::from_secs(30)));
        }
        rank.head(&Versions::default(), true).1.read_twice
    }

    #[test]
    fn a_branch_proves_its_age_when_it_was_heard_twice_since_a_poll_apart_with_the_same() {
        let one = [1; 32];
        let other = [2; 32];
        assert!(proves(&[(one, 1, 1), (one, 31, 31)]));
        assert!(!proves(&[(one, 1, 1), (one, 30, 30)]), "not a poll apart");
        assert!(!proves(&[(one, 1, 1), (one, 31, 1)]), "it was not heard again");
        assert!(!proves(&[(one, 1, -1), (one, 31, 1)]), "heard before it led");
        assert!(!proves(&[(one, 1, 1), (other, 31, 31)]), "it says something else");
        assert!(proves(&[(one, 1, 1), (other, 31, 31), (other, 61, 61)]));
    }

    #[test]
    fn nothing_is_carried_out_before_it_is_on_record_in_this_term() {
        let mut rank = rank();
        assert!(rank.leads() && !rank.is_in_force());
        rank.begin(6, true, At::ZERO);
        assert!(!rank.leads(), "the term is another one");
        rank.end();
        assert!(!rank.leads() && !rank.is_in_force());
        let alone = Rank::of(None);
        assert!(alone.leads() && alone.is_in_force() && alone.row(true).is_none());
    }
}
