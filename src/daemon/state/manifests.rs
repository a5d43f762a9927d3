//! What the loop does about manifests: judge a look, take them, recall what is open with tenants that
//! are new.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tracing::{debug, info, warn};

use super::{Loop, Task};
use crate::{
    board::{Commit, News, SourceRow, SourceTrouble},
    daemon::{
        look::{
            Findings, LoadedTree, LookRequest, SourceObserver, SourceSighting, UnderstoodManifests,
            warn_of,
        },
        versions::Versions,
    },
    model::{Debts, TenantId, TenantName},
    ports::{Journal, LiveReader, Provisioner},
    reconcile::{LookDecision, LookTiming, Looks},
    source::SourceReport,
};

impl<R, P, J> Loop<R, P, J>
where
    R: LiveReader + 'static,
    P: Provisioner + 'static,
    J: Journal + 'static,
{
    /// Looks at the manifests, beside the loop.
    pub(in crate::daemon) fn look(&mut self) {
        self.looking = true;
        self.looked_at = Timestamp::now();
        let sources = self.daemon.sources.clone();
        self.told.look_begins(|wish| sources.were_asked(wish));
        let sight = self.debounce.looked(self.now());
        self.poll_at = self.now() + self.daemon.timing.poll;
        let eye = std::mem::take(&mut self.eye);
        let asked = LookRequest {
            sight,
            taken: self.looks.taken(),
            in_force: self.in_force.desired.clone(),
            said: self.said.last(),
        };
        self.tasks.spawn_blocking(move || Task::Findings(Box::new(eye.look(&sources, &asked))));
        self.listeners.tell(&News::Beat);
    }

    /// Judges a look.
    pub(super) fn looked(&mut self, findings: Findings) {
        self.eye = findings.eye;
        self.tell_sources(findings.reports);
        let Some(seen) = findings.seen else {
            // Whatever a source says first is news.
            self.looking = false;
            return self.told.look_again();
        };
        let SourceSighting { sight, digest, files, trust, versions } = seen;
        if self.looks.taken() == Some(digest) {
            self.rank.read(digest, &self.reports, (self.now(), self.daemon.timing.poll));
        }
        match self.looks.judge(digest, sight, trust) {
            LookDecision::Same => {
                self.looking = false;
                self.see_still();
                if sight == LookTiming::Early {
                    return self.told.look_again();
                }
                // What was only edited may be committed by now.
                self.versions.list = versions;
                self.listeners.tell(&News::Revision(self.versions.whole()));
                let said = self.said.take(&self.versions.list);
                if said.is_any() {
                    let counts = |tenant: &_| said.counts_for(tenant);
                    let news = self.absences.said(&mut self.in_force, counts);
                    self.fleet.take(&self.in_force);
                    for tenant in news {
                        self.schedule.news(&tenant, self.now());
                    }
                }
                self.look_for_those_who_asked();
            }
            LookDecision::Again => {
                self.looking = false;
                self.told.look_again();
                self.debounce.again(self.now());
            }
            LookDecision::Take => {
                if let Some((known, earlier)) = self.eye.give(digest) {
                    let LoadedTree { contents, loaded, read, speakers, .. } = known;
                    let versions = Versions { list: versions, speakers };
                    let understood =
                        UnderstoodManifests { files, read, contents, loaded, earlier, versions };
                    self.recall(understood);
                } else {
                    self.forget_looks();
                    self.debounce.again(self.now());
                }
            }
        }
    }

    /// The manifests are still what is in force: what is missing in them counts after a while.
    fn see_still(&mut self) {
        self.absences.look(self.looked_at, self.longest_between_looks());
        let news = self.absences.still(&mut self.in_force, self.looked_at);
        self.fleet.looked_at_manifests(self.looked_at);
        if news.is_empty() {
            return;
        }
        self.fleet.take(&self.in_force);
        for tenant in news {
            self.schedule.news(&tenant, self.now());
        }
    }

    /// What lies between two looks counts as seen for so long: one may come late.
    fn longest_between_looks(&self) -> Duration {
        self.daemon.timing.poll * 3
    }

    /// Tells what has changed with the branches that are followed.
    fn tell_sources(&mut self, reports: Vec<SourceReport>) {
        if reports != self.reports {
            self.listeners.tell(&News::Sources(&rows(&reports)));
            self.reports = reports;
        }
    }

    /// Nothing that was seen or kept counts any more.
    pub(super) fn forget_looks(&mut self) {
        self.looking = false;
        self.told.look_again();
        self.eye = SourceObserver::default();
        self.looks = Looks::default();
    }

    pub(super) fn take(&mut self, understood: UnderstoodManifests) {
        let UnderstoodManifests { files, read, contents, mut loaded, earlier, versions } =
            understood;
        let commit_before = self.versions.whole().map(|revision| revision.commit.clone());
        self.versions = versions;
        let (diagnostics, warnings) =
            (std::mem::take(&mut loaded.diagnostics), std::mem::take(&mut loaded.warnings));
        let before = std::mem::take(&mut self.in_force);
        if let Some(earlier) = earlier.filter(|_| self.beginning.waits()) {
            // It is what stays of tenants that the newest commit has mistakes in.
            drop(self.keeper.take(earlier));
        }
        self.in_force = self.keeper.take(loaded);
        let said = self.said.take(&self.versions.list);
        let counts = |tenant: &_| said.counts_for(tenant);
        let patience = self.daemon.timing.absence;
        self.absences.look(self.looked_at, self.longest_between_looks());
        self.absences.take(&mut self.in_force, self.looked_at, patience, counts);
        let tenants = &self.in_force.desired.tenants;
        let changed = self.in_force.changed_since(&before);
        let all: BTreeSet<TenantName> = tenants.keys().cloned().collect();
        let commit = self.versions.whole().map(|revision| revision.commit.as_str());
        let is_same = before.says_the_same(&self.in_force) && commit_before.as_deref() == commit;
        let since = self.in_force_since.filter(|_| is_same).unwrap_or_else(Timestamp::now);
        self.in_force_since = Some(since);
        info!(
            commit,
            files,
            read,
            tenants = all.len(),
            changed = changed.len(),
            errors = diagnostics.len(),
            "manifests taken"
        );
        warn_of(&self.in_force);
        for gone in before.desired.tenants.keys().filter(|name| !all.contains(name)) {
            warn!(tenant = %gone, "no longer named by the manifests; its users stay as they are");
            self.last.remove(gone);
            self.waits_for.remove(gone);
            self.nobody_waits_for(gone);
        }
        let news = News::Manifests { errors: &diagnostics, warnings: &warnings };
        self.listeners.tell(&news);
        self.listeners.tell(&News::Revision(self.versions.whole()));
        self.listeners.tell(&News::InForce(&self.in_force, since));
        self.running.supersede(&self.in_force, &changed);
        // Only now, so nothing of this is carried out by a pass that began before.
        self.fleet.take(&self.in_force);
        self.fleet.looked_at_manifests(self.looked_at);
        self.schedule.desired(&all, &changed, self.now());
        self.rounds.end();
        self.beginning.manifests();
        self.rank.take(contents, self.now());
    }

    /// Asks the journal about tenants that are met for the first time, before any of them has its
    /// turn. What it cannot tell now is asked again with the next manifests.
    pub(super) fn recall(&mut self, understood: UnderstoodManifests) {
        let tenants = understood.loaded.desired.tenants.values().map(|tenant| &tenant.id);
        // Of several services the one that leads asks, when it puts them in force.
        let tenants = tenants.filter(|_| self.rank.lead.is_none());
        let unmet: Vec<TenantId> = tenants.filter(|id| !self.met.contains(*id)).cloned().collect();
        let daemon = Arc::clone(&self.daemon);
        drop(self.tasks.spawn(async move {
            let debts = debts_of(&*daemon.journal, unmet).await;
            Task::Recalled(Box::new(understood), debts)
        }));
    }

    /// Tells what earlier runs of the program have left open with tenants that are met for the
    /// first time; they come first.
    pub(super) fn recover(&mut self, debts: Vec<(TenantId, Option<Debts>)>) {
        let debts: BTreeMap<TenantId, Option<Debts>> = debts.into_iter().collect();
        for (name, tenant) in &self.in_force.desired.tenants {
            let Some(debts) = debts.get(&tenant.id) else { continue };
            self.met.insert(tenant.id.clone());
            if let Some(debts) = debts {
                warn!(tenant = %name, "recovered: {debts}");
                self.listeners.tell(&News::Recovered(name, debts));
                self.schedule.put_first(name);
            }
        }
    }
}

/// What is known of branches, as views show it.
fn rows(reports: &[SourceReport]) -> Vec<SourceRow> {
    let row = |report: &SourceReport| SourceRow {
        name: report.name.clone(),
        branch: report.branch.clone(),
        revision: report.revision.as_ref().map(Commit::from),
        heard_at: report.heard_at,
        trouble: trouble_of(report),
    };
    reports.iter().map(row).collect()
}

fn trouble_of(report: &SourceReport) -> Option<SourceTrouble> {
    let (trouble, since) = report.trouble.as_ref()?;
    let may_pass = trouble.kind.may_pass();
    let passed = since.checked_add(report.patience).unwrap_or(Timestamp::MAX);
    Some(SourceTrouble {
        code: trouble.kind.code().to_owned(),
        reason: trouble.reason.clone(),
        hint: trouble.hint.clone(),
        since: *since,
        matters_from: if may_pass { passed } else { *since },
    })
}

/// What is open with these tenants, as far as the journal can tell now.
pub(super) async fn debts_of<J: Journal>(
    journal: &J,
    tenants: Vec<TenantId>,
) -> Vec<(TenantId, Option<Debts>)> {
    let mut debts = Vec::new();
    for id in tenants {
        match journal.recall(&id).await {
            Ok(memory) => debts.push((id, memory.debts())),
            Err(error) => {
                debug!(%error, "the journal cannot tell what is open");
                break;
            }
        }
    }
    debts
}
