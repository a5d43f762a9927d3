//! What all news adds up to.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    Activity, Applied, Commit, Halt, LeadRow, Manifests, News, ReceiverRow, ServiceCounts, Status,
    TenantRow, applied,
};
use crate::{manifest::InForce, model::TenantName};

/// The service at this moment. A clone shares the rows and is cheap.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// What is known of the manifests.
    manifests: Manifests,
    /// Why the journal cannot be reached.
    journal_away: Option<String>,
    /// That the stop switch is on.
    stop: Option<Halt>,
    /// Which of several services leads.
    lead: Option<LeadRow>,
    /// What is known of the receivers of notices.
    receivers: Vec<ReceiverRow>,
    /// What has happened so far.
    counts: ServiceCounts,
    /// What passes have sent lately.
    applied: Vec<Arc<Applied>>,
    /// Whether the service has ended.
    over: bool,
    /// The tenants that are looked at.
    rows: BTreeMap<TenantName, Arc<TenantRow>>,
    /// Those that have no version in force.
    broken: Vec<Arc<TenantRow>>,
}

impl Board {
    /// Takes in what has happened. True if a view may show something else now, or is to be shown
    /// again as a sign of life.
    pub fn hear(&mut self, news: &News<'_>) -> bool {
        match news {
            News::Beat => true,
            News::Journal(away) => set(&mut self.journal_away, away.map(str::to_owned)),
            News::Lead(lead) => set(&mut self.lead, Some((*lead).clone())),
            News::Stopped(halt) => set(&mut self.stop, halt.cloned()),
            News::Manifests { errors, .. } => set(&mut self.manifests.errors, errors.len()),
            News::InForce(in_force, at) => {
                self.take(in_force);
                self.manifests.taken_at = Some(*at);
                true
            }
            News::Revision(revision) => {
                set(&mut self.manifests.revision, revision.map(Commit::from))
            }
            News::Sources(sources) => set(&mut self.manifests.sources, sources.to_vec()),
            News::Receivers(receivers) => set(&mut self.receivers, receivers.to_vec()),
            News::Recovered(tenant, debts) => self.change(tenant, |row| row.recovered(debts)),
            News::Tenant(tenant, Activity::Gone) => self.rows.remove(*tenant).is_some(),
            News::Tenant(tenant, Activity::Running) => self.next(tenant, None),
            News::Tenant(tenant, Activity::Waiting(at)) => self.next(tenant, Some(*at)),
            News::Planned(plan, at) => self.change(&plan.tenant, |row| row.planned(plan, *at)),
            News::Finished(plan, report) => {
                self.counts.finished(plan, report);
                let commit = self.manifests.revision.as_ref();
                let sent = applied::take(&mut self.applied, (plan, report), commit);
                self.change(&plan.tenant, |row| row.finished(plan, report)) || sent
            }
            News::Remembered(tenant, memory, at) => {
                self.change(tenant, |row| row.remembered(memory, *at))
            }
            News::Ended { tenant, ending, at, took, failure } => {
                self.counts.ended((*ending).into(), *took);
                self.change(tenant, |row| row.ended(*ending, *at, *failure))
            }
            News::Over => set(&mut self.over, true),
        }
    }

    /// The board as the status of a process that began at `started`. It counts from `at` until
    /// `until`.
    #[must_use]
    pub fn status(
        &self,
        (process, started): (u32, Timestamp),
        at: Timestamp,
        until: Timestamp,
    ) -> Status {
        let mut status = Status {
            version: Status::VERSION,
            process,
            started,
            at,
            until,
            ended: self.over,
            needs: Vec::new(),
            manifests: self.manifests.clone(),
            journal_away: self.journal_away.clone(),
            stop: self.stop.clone(),
            lead: self.lead.clone(),
            receivers: self.receivers.clone(),
            applied: self.applied.clone(),
            tenants: self.rows.values().chain(&self.broken).cloned().collect(),
        };
        status.judge();
        status
    }

    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> &ServiceCounts {
        &self.counts
    }

    fn take(&mut self, in_force: &InForce) {
        for (tenant, desired) in &in_force.desired.tenants {
            let row = self.row(tenant);
            let mut now = TenantRow::clone(row);
            let kept = in_force.kept.get(tenant);
            let note = kept.map(|reason| format!("an older version is in force: {reason}"));
            now.manifests(desired, note);
            if **row != now {
                *row = Arc::new(now);
            }
        }
        let broken = |(tenant, reason): (&TenantName, &String)| {
            TenantRow::broken(tenant.as_str(), format!("held: {reason}"))
        };
        self.broken = in_force.broken.iter().map(broken).map(Arc::new).collect();
    }

    /// The row of a tenant, which it has from now on.
    fn row(&mut self, tenant: &TenantName) -> &mut Arc<TenantRow> {
        let new = || Arc::new(TenantRow::new(tenant.as_str()));
        self.rows.entry(tenant.clone()).or_insert_with(new)
    }

    fn next(&mut self, tenant: &TenantName, next_at: Option<Timestamp>) -> bool {
        Arc::make_mut(self.row(tenant)).next_at = next_at;
        true
    }

    /// Changes the row of a tenant, if it has one. A pass may end after its tenant is gone.
    fn change(&mut self, tenant: &TenantName, change: impl FnOnce(&mut TenantRow)) -> bool {
        let Some(row) = self.rows.get_mut(tenant) else { return false };
        change(Arc::make_mut(row));
        true
    }
}

/// Sets a value. True if it was another one.
fn set<T: PartialEq>(value: &mut T, new: T) -> bool {
    let changed = *value != new;
    *value = new;
    changed
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        board::LastPass,
        manifest::{self, Keeper, ManifestFile},
        reconcile::Ending,
    };

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn name(name: &str) -> TenantName {
        TenantName::parse(name).unwrap()
    }

    /// A board that has heard all this.
    fn board(all: &[News<'_>]) -> Board {
        let mut board = Board::default();
        for news in all {
            board.hear(news);
        }
        board
    }

    fn rows(board: &Board) -> Vec<Arc<TenantRow>> {
        board.status((1, AT), AT, AT).tenants
    }

    #[test]
    fn news_of_one_tenant_changes_its_row_and_no_other() {
        let [a, b] = ["a", "b"].map(name);
        let mut board = board(&[
            News::Tenant(&a, Activity::Waiting(AT)),
            News::Tenant(&b, Activity::Waiting(AT)),
        ]);
        let before = rows(&board);
        assert!(board.hear(&News::Tenant(&b, Activity::Running)));
        assert!(board.hear(&News::Ended {
            tenant: &b,
            ending: Ending::Held,
            at: AT,
            took: Duration::ZERO,
            failure: None
        }));
        let after = rows(&board);
        assert!(Arc::ptr_eq(&before[0], &after[0]), "the row of a is the same one");
        let expected = TenantRow {
            tenant: "b".to_owned(),
            last: Some(LastPass::Held),
            last_at: Some(AT),
            last_success: Some(AT),
            ..TenantRow::default()
        };
        assert_eq!(*after[1], expected);
    }

    #[test]
    fn a_tenant_keeps_its_note_for_as_long_as_an_older_version_is_in_force() {
        let [a, b] = ["a", "b"].map(name);
        let text = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: a }\nspec: { mode: \
            report, prune: never, tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd }\n";
        let loaded = manifest::load(&[ManifestFile::new("a.yaml", text)]);
        let mut in_force = Keeper::default().take(loaded);
        in_force.kept.insert(a.clone(), "a.yaml could not be understood".to_owned());
        in_force.broken.insert(b.clone(), "`mode` is missing".to_owned());
        let mut board =
            board(&[News::InForce(&in_force, AT), News::Tenant(&a, Activity::Waiting(AT))]);
        let notes = |board: &Board| -> Vec<Option<String>> {
            rows(board).iter().map(|row| row.note.clone()).collect()
        };
        assert_eq!(
            notes(&board),
            [
                Some("an older version is in force: a.yaml could not be understood".to_owned()),
                Some("held: `mode` is missing".to_owned())
            ]
        );
        in_force.kept.clear();
        in_force.broken.clear();
        board.hear(&News::InForce(&in_force, AT));
        assert_eq!(notes(&board), [None], "both are mended");
    }

    #[test]
    fn a_pass_that_ends_after_its_tenant_is_gone_brings_no_row_back() {
        let a = name("a");
        let mut board =
            board(&[News::Tenant(&a, Activity::Running), News::Tenant(&a, Activity::Gone)]);
        assert!(!board.hear(&News::Ended {
            tenant: &a,
            ending: Ending::Done,
            at: AT,
            took: Duration::ZERO,
            failure: None
        }));
        assert!(rows(&board).is_empty());
    }

    #[test]
    fn what_changes_nothing_that_is_shown_is_not_shown_again() {
        let mut board = Board::default();
        assert!(board.hear(&News::Beat), "a sign of life is shown");
        assert!(!board.hear(&News::Manifests { errors: &[], warnings: &[] }));
    }

    #[test]
    fn a_journal_that_cannot_be_reached_is_told_until_it_is_back() {
        let mut board = Board::default();
        assert!(board.hear(&News::Journal(Some("connection refused"))));
        assert!(!board.hear(&News::Journal(Some("connection refused"))), "it was told before");
        let told = board.status((1, AT), AT, AT).journal_away;
        assert_eq!(told.as_deref(), Some("connection refused"));
        assert!(board.hear(&News::Journal(None)));
        assert_eq!(board.status((1, AT), AT, AT).journal_away, None);
    }

    #[test]
    fn how_a_pass_ended_is_one_word_in_the_status() {
        let words =
            [Ending::Done, Ending::Held, Ending::Failed, Ending::Waits(Duration::from_secs(1))]
                .map(|ending| serde_json::to_string(&LastPass::from(ending)).unwrap());
        assert_eq!(words, ["\"done\"", "\"held\"", "\"failed\"", "\"waits\""]);
    }
}
