//! A status for everybody: nothing in it names a person.
//!
//! **Invariant:** whatever words of others, such as reasons and mistakes, may hold a name are
//! replaced by what their code means. What is added to a row does not compile before it was looked at
//! here.

use std::sync::Arc;

use super::{
    Commit, Group, Halt, Manifests, SourceRow, SourceTrouble, Status, Suspended, TenantRow,
};
use crate::plan::codes;

impl Status {
    /// The same without names of people.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let Self { version, process, started, at, until, ended, .. } = *self;
        let Self { needs, manifests, journal_away, stop, lead, receivers, tenants, .. } = self;
        let Manifests { errors, taken_at, revision, sources } = manifests;
        Self {
            version,
            process,
            started,
            at,
            until,
            ended,
            needs: needs.clone(),
            manifests: Manifests {
                errors: *errors,
                taken_at: *taken_at,
                revision: revision.as_ref().map(Commit::without_names),
                sources: sources.iter().map(SourceRow::without_names).collect(),
            },
            journal_away: journal_away.as_ref().map(|_| "it cannot be reached".to_owned()),
            stop: stop.as_ref().map(|stop| Halt {
                message: "everything is stopped".to_owned(),
                hint: "`dialplane status` says by whom and why".to_owned(),
                by: None,
                at: stop.at,
                reason: None,
            }),
            // Machines and moments.
            lead: lead.clone(),
            // The operator's own words, as those of tenants.
            receivers: receivers.clone(),
            applied: Vec::new(),
            tenants: tenants.iter().map(|row| Arc::new(row.without_names())).collect(),
        }
    }
}

impl Commit {
    pub(super) fn without_names(&self) -> Self {
        Self { author: None, subject: None, signer: None, ..self.clone() }
    }
}

impl SourceRow {
    /// Addresses and branches may hold the names of customers; so may what a server says.
    fn without_names(&self) -> Self {
        let Self { name: _, branch: _, revision, heard_at, trouble } = self;
        let trouble = trouble.as_ref().map(|trouble| {
            let SourceTrouble { code, reason: _, hint: _, since, matters_from } = trouble.clone();
            let reason = code.clone();
            let hint = "`dialplane status` says more".to_owned();
            SourceTrouble { code, reason, hint, since, matters_from }
        });
        let name = "a source".to_owned();
        let revision = revision.as_ref().map(Commit::without_names);
        Self { name, branch: String::new(), revision, heard_at: *heard_at, trouble }
    }
}

impl TenantRow {
    fn without_names(&self) -> Self {
        let Self { tenant, mode, managed, needs, last, last_at, last_success, .. } = self;
        let Self { failures, failure, next_at, note, suspended, holds, problems, drift, .. } = self;
        let Self { drift_since, sync_owed_since, last_sync, lost_answers, settling, .. } = self;
        let Self { settling_until, did_not_land, confirmed, last_run, last_pass, .. } = self;
        let broken = if mode.is_empty() { "held" } else { "an older version is in force" };
        Self {
            tenant: tenant.clone(),
            mode: mode.clone(),
            managed: *managed,
            needs: needs.clone(),
            last: *last,
            last_at: *last_at,
            last_success: *last_success,
            failures: *failures,
            failure: failure.as_ref().map(|_| "`dialplane status` says why".to_owned()),
            next_at: *next_at,
            note: note.as_ref().map(|_| format!("{broken}: the manifests have mistakes")),
            suspended: suspended.as_ref().map(Suspended::without_names),
            holds: holds.iter().map(Group::without_names).collect(),
            problems: problems.iter().map(Group::without_names).collect(),
            drift: *drift,
            drift_since: *drift_since,
            sync_owed_since: *sync_owed_since,
            last_sync: *last_sync,
            lost_answers: *lost_answers,
            settling: *settling,
            settling_until: *settling_until,
            did_not_land: *did_not_land,
            confirmed: *confirmed,
            last_run: last_run.clone(),
            last_pass: last_pass.clone(),
        }
    }
}

impl Suspended {
    fn without_names(&self) -> Self {
        let Self { at, until, .. } = *self;
        Self { at, by: None, reason: None, until }
    }
}

impl Group {
    fn without_names(&self) -> Self {
        let Self { code, count, since, until, for_people, .. } = self;
        let known = codes::all().into_iter().find(|known| known.code == *code);
        Self {
            code: code.clone(),
            count: *count,
            reason: known.map_or(code.as_str(), |known| known.text.means).to_owned(),
            hint: format!("`dialplane explain {code}`"),
            since: *since,
            until: *until,
            for_people: *for_people,
        }
    }
}
