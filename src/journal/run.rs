//! A run, as its entries tell it. Pure.

use jiff::Timestamp;

use crate::model::{
    Before, Details, Entry, Event, Origin, PartOf, PassId, Revision, RunId, RunStart, StepOutcome,
    TenantId, TenantName, Upn, Verb,
};

/// One run of one tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The tenant, by the name that it had then.
    pub tenant: TenantName,
    /// The tenant itself.
    pub tenant_id: TenantId,
    /// When it began.
    pub began: Timestamp,
    /// When the last thing is on record of it.
    pub last: Timestamp,
    /// How many steps it meant to carry out.
    pub meant: usize,
    /// Which version of the manifests wanted it, where that is known.
    pub revision: Option<Revision>,
    /// Who carried it out by hand: user and machine. Absent for the service, and in older journals.
    pub by: Option<String>,
    /// The pass that it was part of. In older journals it was its own.
    pub part_of: PartOf,
    /// The plan as text, perhaps cut short; empty in older journals.
    pub plan: String,
    /// What was sent, in its order.
    pub steps: Vec<SentStep>,
    /// What became of its sync.
    pub sync: RunSync,
}

/// A call that was made, or was about to be.
#[derive(Debug, Clone, PartialEq)]
pub struct SentStep {
    /// The user that it changed.
    pub user: Upn,
    /// The verb.
    pub verb: Verb,
    /// What an update carried.
    pub details: Details,
    /// What was there before, as far as it was known.
    pub before: Before,
    /// Which line of the manifests wanted it.
    pub origin: Option<Origin>,
    /// When it was sent.
    pub sent: Timestamp,
    /// When it was answered, and what became of it. Nothing if the process ended before.
    pub outcome: Option<(Timestamp, StepOutcome)>,
}

/// What became of the sync of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunSync {
    /// The service accepted it.
    Accepted(Timestamp),
    /// Nothing was sent, so none was owed.
    NotNeeded,
    /// It was not sent, or not accepted: a later run owed it.
    Open,
}

impl Run {
    /// The run that these entries are of. Nothing if it never meant to write.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Option<Self> {
        let (first, began) = entries.iter().find_map(|entry| match &entry.event {
            Event::Began { steps, revision, by, part_of, plan } => {
                Some((entry, (*steps, revision.clone(), by.clone(), part_of.clone(), plan.clone())))
            }
            _ => None,
        })?;
        let (meant, revision, by, part_of, plan) = began;
        let own = || PartOf { pass: PassId::new(first.run.as_str()), undoes: None };
        let mut run = Self {
            id: first.run.clone(),
            tenant: first.tenant.clone(),
            tenant_id: first.tenant_id.clone(),
            began: first.at,
            last: entries.last().map_or(first.at, |entry| entry.at),
            meant,
            revision,
            by,
            part_of: part_of.unwrap_or_else(own),
            plan,
            steps: Vec::new(),
            sync: RunSync::Open,
        };
        for entry in entries {
            run.add(entry);
        }
        Some(run)
    }

    fn add(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Intent { user, verb, details, before, origin } => self.steps.push(SentStep {
                user: user.clone(),
                verb: *verb,
                details: details.clone(),
                before: before.clone(),
                origin: origin.clone(),
                sent: entry.at,
                outcome: None,
            }),
            Event::Outcome { user, verb, outcome } => {
                let open = |step: &&mut SentStep| {
                    step.outcome.is_none() && step.user == *user && step.verb == *verb
                };
                if let Some(step) = self.steps.iter_mut().find(open) {
                    step.outcome = Some((entry.at, outcome.clone()));
                }
            }
            Event::Synced => self.sync = RunSync::Accepted(entry.at),
            Event::NothingSent => self.sync = RunSync::NotNeeded,
            _ => {}
        }
    }

    /// That it began.
    pub(super) fn beginning(self) -> RunStart {
        RunStart {
            at: self.began,
            run: self.id,
            tenant: self.tenant.to_string(),
            pass: self.part_of.pass,
            undoes: self.part_of.undoes,
        }
    }

    /// How many of its steps the service accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step.outcome, Some((_, StepOutcome::Accepted))))
            .count()
    }
}
