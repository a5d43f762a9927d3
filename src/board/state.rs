//! What all news adds up to.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    Doing, News,
    status::{Left, Status, TenantRow},
};
use crate::{manifest::InForce, model::TenantName, plan::TenantPlan};

/// The service at this moment. A clone shares the rows and is cheap.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Mistakes in the manifests that were looked at last.
    manifest_errors: usize,
    /// Why the journal cannot be reached.
    journal_away: Option<String>,
    /// Why an older version of a tenant is in force, where one is.
    kept: BTreeMap<TenantName, String>,
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
            News::Journal(away) => {
                let away = away.map(str::to_owned);
                std::mem::replace(&mut self.journal_away, away.clone()) != away
            }
            News::Manifests { errors, .. } => {
                std::mem::replace(&mut self.manifest_errors, errors.len()) != errors.len()
            }
            News::InForce(in_force) => {
                self.take(in_force);
                true
            }
            News::Tenant(tenant, Doing::Gone) => self.rows.remove(*tenant).is_some(),
            News::Tenant(tenant, Doing::Running) => self.next(tenant, None),
            News::Tenant(tenant, Doing::Waiting(at)) => self.next(tenant, Some(*at)),
            News::Planned(plan) => self.planned(plan),
            News::Ended { tenant, ending, at } => self.change(tenant, |row| {
                row.last = Some((*ending).into());
                row.last_at = Some(*at);
            }),
            News::Recovered(..) | News::Finished(..) => false,
        }
    }

    /// The board as the status of this process. It counts from `at` until `until`.
    #[must_use]
    pub fn status(&self, process: u32, at: Timestamp, until: Timestamp) -> Status {
        Status {
            version: Status::VERSION,
            process,
            at,
            until,
            manifest_errors: self.manifest_errors,
            journal_away: self.journal_away.clone(),
            tenants: self.rows.values().chain(&self.broken).cloned().collect(),
        }
    }

    fn take(&mut self, in_force: &InForce) {
        self.kept.clone_from(&in_force.kept);
        for (tenant, row) in &mut self.rows {
            let note = note(&self.kept, tenant);
            if row.note != note {
                Arc::make_mut(row).note = note;
            }
        }
        let broken = |(tenant, reason): (&TenantName, &String)| TenantRow {
            tenant: tenant.to_string(),
            note: Some(format!("held: {reason}")),
            ..TenantRow::default()
        };
        self.broken = in_force.broken.iter().map(broken).map(Arc::new).collect();
    }

    fn next(&mut self, tenant: &TenantName, next_at: Option<Timestamp>) -> bool {
        if !self.rows.contains_key(tenant) {
            let row = TenantRow {
                tenant: tenant.to_string(),
                note: note(&self.kept, tenant),
                ..TenantRow::default()
            };
            self.rows.insert(tenant.clone(), Arc::new(row));
        }
        self.change(tenant, |row| row.next_at = next_at)
    }

    fn planned(&mut self, plan: &TenantPlan) -> bool {
        self.change(&plan.tenant, |row| {
            row.confirmed = plan.confirmed.map(|now| (now.confirmed, now.of()));
            row.left = Some(Left::of(plan));
        })
    }

    /// Changes the row of a tenant, if it has one. A pass may end after its tenant is gone.
    fn change(&mut self, tenant: &TenantName, change: impl FnOnce(&mut TenantRow)) -> bool {
        let Some(row) = self.rows.get_mut(tenant) else { return false };
        change(Arc::make_mut(row));
        true
    }
}

/// What is wrong with the manifests of a tenant that is in force.
fn note(kept: &BTreeMap<TenantName, String>, tenant: &TenantName) -> Option<String> {
    kept.get(tenant).map(|reason| format!("an older version is in force: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{board::LastPass, reconcile::Ending};

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
        board.status(1, AT, AT).tenants
    }

    #[test]
    fn news_of_one_tenant_changes_its_row_and_no_other() {
        let [a, b] = ["a", "b"].map(name);
        let mut board =
            board(&[News::Tenant(&a, Doing::Waiting(AT)), News::Tenant(&b, Doing::Waiting(AT))]);
        let before = rows(&board);
        assert!(board.hear(&News::Tenant(&b, Doing::Running)));
        assert!(board.hear(&News::Ended { tenant: &b, ending: Ending::Held, at: AT }));
        let after = rows(&board);
        assert!(Arc::ptr_eq(&before[0], &after[0]), "the row of a is the same one");
        let expected = TenantRow {
            tenant: "b".to_owned(),
            last: Some(LastPass::Held),
            last_at: Some(AT),
            ..TenantRow::default()
        };
        assert_eq!(*after[1], expected);
    }

    #[test]
    fn a_tenant_keeps_its_note_for_as_long_as_an_older_version_is_in_force() {
        let [a, b] = ["a", "b"].map(name);
        let mut in_force = InForce::default();
        in_force.kept.insert(a.clone(), "a.yaml could not be understood".to_owned());
        in_force.broken.insert(b.clone(), "`mode` is missing".to_owned());
        let mut board = board(&[News::InForce(&in_force), News::Tenant(&a, Doing::Waiting(AT))]);
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
        board.hear(&News::InForce(&InForce::default()));
        assert_eq!(notes(&board), [None], "both are mended");
    }

    #[test]
    fn a_pass_that_ends_after_its_tenant_is_gone_brings_no_row_back() {
        let a = name("a");
        let mut board = board(&[News::Tenant(&a, Doing::Running), News::Tenant(&a, Doing::Gone)]);
        assert!(!board.hear(&News::Ended { tenant: &a, ending: Ending::Done, at: AT }));
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
        let told = board.status(1, AT, AT).journal_away;
        assert_eq!(told.as_deref(), Some("connection refused"));
        assert!(board.hear(&News::Journal(None)));
        assert_eq!(board.status(1, AT, AT).journal_away, None);
    }

    #[test]
    fn how_a_pass_ended_is_one_word_in_the_status() {
        let words = [
            Ending::Done,
            Ending::Held,
            Ending::Failed,
            Ending::Waits(std::time::Duration::from_secs(1)),
        ]
        .map(|ending| serde_json::to_string(&LastPass::from(ending)).unwrap());
        assert_eq!(words, ["\"done\"", "\"held\"", "\"failed\"", "\"waits\""]);
    }
}
