//! What is wrong now, as incidents.

use std::collections::BTreeMap;

use crate::{
    board::{Group, LastPass, Need, Status, TenantRow},
    model::{Incident, IncidentDetails, IncidentKind, Mode},
};

/// What is wrong now.
pub(super) type Incidents = BTreeMap<Incident, IncidentDetails>;

/// What a status says.
pub(super) fn of(status: &Status) -> Incidents {
    let mut found = Incidents::new();
    // What concerns the fleet is told by the service that leads.
    if status.stands_by() {
        of_journal(&mut found, status);
        return found;
    }
    if let Some(stop) = &status.stop {
        add(&mut found, None, IncidentKind::Stopped, (&stop.message, &stop.hint));
    }
    of_journal(&mut found, status);
    if status.manifests.errors > 0 {
        let told = ("the last versions without mistakes stay in force", VALIDATE);
        let incident = add(&mut found, None, IncidentKind::Manifests, told);
        incident.count = status.manifests.errors;
    }
    if status.needs.contains(&Need::Empty) {
        let hint = "check that the folder of the manifests is mounted and holds them";
        add(&mut found, None, IncidentKind::Empty, ("the manifests name no tenant", hint));
    }
    if let Some(behind) = status.lead.as_ref().and_then(|lead| lead.behind.as_ref()) {
        let told = (behind.reason.as_str(), behind.hint.as_str());
        add(&mut found, None, IncidentKind::Source, told).count = 1;
    }
    of_sources(&mut found, status);
    for row in &status.tenants {
        of_tenant(&mut found, row);
    }
    found
}

/// The store of the journal cannot be reached from here.
fn of_journal(found: &mut Incidents, status: &Status) {
    if let Some(reason) = &status.journal_away {
        let hint = "see that the folder or server of the journal can be reached; nothing new \
            begins until then";
        add(found, None, IncidentKind::Journal, (reason, hint));
    }
}

/// What to do about mistakes.
const VALIDATE: &str = "`dialplane validate` shows each mistake at its place";

/// Branches whose newest commit is not in force, and should be by now; one incident for each code.
fn of_sources(found: &mut Incidents, status: &Status) {
    let troubles = status.manifests.sources.iter().filter_map(|source| source.trouble.as_ref());
    for trouble in troubles.filter(|trouble| trouble.matters_from <= status.at) {
        let code = Some(trouble.code.clone());
        let incident = Incident { kind: IncidentKind::Source, tenant: None, code };
        let new = || IncidentDetails {
            count: 0,
            reason: trouble.reason.clone(),
            hint: trouble.hint.clone(),
        };
        found.entry(incident).or_insert_with(new).count += 1;
    }
}

fn of_tenant(found: &mut Incidents, row: &TenantRow) {
    let tenant = Some(row.tenant.as_str());
    if let Some(note) = &row.note {
        add(found, tenant, IncidentKind::Manifests, (note, VALIDATE));
    }
    if row.needs.contains(&Need::Failing) {
        let reason = row.failure.as_deref().unwrap_or("the log says why");
        let hint = "`dialplane status` shows the passes, and `dialplane doctor` what does not work";
        let incident = add(found, tenant, IncidentKind::Failing, (reason, hint));
        incident.count = usize::try_from(row.failures).unwrap_or(usize::MAX);
    }
    // A suspended tenant is as somebody wants it.
    if row.mode != Mode::Suspend.name() {
        groups(found, tenant, IncidentKind::Held, &row.holds);
        groups(found, tenant, IncidentKind::Problems, &row.problems);
    }
    if row.did_not_land > 0 {
        let told = (
            "the service accepted them and does not show them in time",
            "`dialplane plan` shows them; ask the vendor if it happens again",
        );
        add(found, tenant, IncidentKind::DidNotLand, told).count = row.did_not_land;
    }
    if row.drift > 0 {
        let told = (
            "somebody changed it elsewhere, or it was never as the manifests say",
            "`dialplane plan` shows the difference",
        );
        add(found, tenant, IncidentKind::Drift, told).count = row.drift;
    }
}

/// What only people can lift, one incident for each code.
fn groups(found: &mut Incidents, tenant: Option<&str>, kind: IncidentKind, groups: &[Group]) {
    for group in groups.iter().filter(|group| group.for_people) {
        let tenant = tenant.map(str::to_owned);
        let incident = Incident { kind, tenant, code: Some(group.code.clone()) };
        let details = IncidentDetails {
            count: group.count,
            reason: group.reason.clone(),
            hint: group.hint.clone(),
        };
        found.insert(incident, details);
    }
}

fn add<'i>(
    found: &'i mut Incidents,
    tenant: Option<&str>,
    kind: IncidentKind,
    (reason, hint): (&str, &str),
) -> &'i mut IncidentDetails {
    let incident = Incident { kind, tenant: tenant.map(str::to_owned), code: None };
    let details = IncidentDetails { count: 0, reason: reason.to_owned(), hint: hint.to_owned() };
    found.entry(incident).or_insert(details)
}

/// Whether a status can tell that an incident is over: what it concerns was looked at.
pub(super) fn is_known(status: &Status, incident: &Incident) -> bool {
    if status.stands_by() {
        // It looks at nothing else.
        return !status.ended && incident.kind == IncidentKind::Journal;
    }
    if status.ended || status.manifests.taken_at.is_none() {
        return false;
    }
    let Some(tenant) = &incident.tenant else { return !is_pending(status, incident) };
    // A tenant that no manifest names any more is no concern of anybody.
    let row = status.tenants.iter().find(|row| row.tenant == *tenant);
    row.is_none_or(|row| shows_end(row, incident.kind))
}

/// Whether a branch has such trouble and it may still pass: it is not told yet, and not over.
fn is_pending(status: &Status, incident: &Incident) -> bool {
    let mut troubles = status.manifests.sources.iter().filter_map(|source| source.trouble.as_ref());
    incident.kind == IncidentKind::Source
        && troubles.any(|trouble| incident.code.as_ref() == Some(&trouble.code))
}

/// Whether the row of a tenant shows that something of this kind is over if it is not in it.
fn shows_end(row: &TenantRow, kind: IncidentKind) -> bool {
    let Some(last) = row.last else { return false };
    match kind {
        // A service that was started again counts failures from none.
        IncidentKind::Failing => last != LastPass::Failed,
        // What holds the tenant as a whole hides what holds steps.
        IncidentKind::Held | IncidentKind::DidNotLand => !row.holds.iter().any(Group::is_of_tenant),
        IncidentKind::Problems | IncidentKind::Drift => !row.holds.iter().any(Group::is_unread),
        IncidentKind::Stopped
        | IncidentKind::Journal
        | IncidentKind::Manifests
        | IncidentKind::Source
        | IncidentKind::Empty
        | IncidentKind::Applied => true,
    }
}
