//! The head of the page, and what waits for people in the whole fleet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::prose::prose;
use crate::{
    board::{Commit, Group, LeadRow, ReceiverRow, Status},
    foreign::line,
    words::{away, first, is_or_are, likewise, many, since, time},
};

/// Names of tenants that are told for one reason, at most.
const TOLD: usize = 12;

/// Whether it is well, whether it is stopped, and what is in force.
pub(super) fn head(status: &Status, now: Timestamp) -> Markup {
    let tenants = status.tenants.len();
    let in_need = status.in_need().count();
    let well = status.tenants.iter().filter(|row| row.is_well()).count();
    html! {
        h1 {
            @if status.ended { span.bad { "The service has ended" } }
            @else if status.stands_by() { span { "Stands by" } }
            @else if in_need == 0 && status.needs.is_empty() { span.good { "Nobody is needed" } }
            @else if in_need == 0 { span.wait { "Somebody is needed" } }
            @else {
                span.bad { (many(in_need, "tenant")) " " @if in_need == 1 { "needs" } @else { "need" } " somebody" }
            }
        }
        @if let Some(lead) = &status.lead { (leads(lead, now)) }
        @if !status.stands_by() {
            p { (well) " of " (many(tenants, "tenant")) " " (is_or_are(well)) " as the manifests want." }
        }
        @if let Some(stop) = &status.stop {
            div.box.alarm {
                strong.bad { (line(&stop.message)) }
                @if let Some(at) = stop.at { p { "for " (since(at, now)) ", since " (time(at)) } }
                p.faint { (prose(&stop.hint)) }
            }
        }
        (suspended(status, now))
        @if let Some(reason) = &status.journal_away {
            div.box.alarm { strong.bad { "Nothing new begins: " } (prose(reason)) }
        }
        @if status.manifests.errors > 0 {
            div.box.care {
                strong.wait { (many(status.manifests.errors, "error")) " in the manifests" }
                p.faint { code { "dialplane validate" } " shows each; tenants with mistakes keep their last good version" }
            }
        }
        @for source in &status.manifests.sources {
            @if let Some(trouble) = &source.trouble {
                div.box.care {
                    strong.wait { (line(&source.name)) ": " (prose(&trouble.reason)) }
                    p.faint {
                        "What was in force stays. " (prose(&trouble.hint)) " (since " (time(trouble.since)) ")"
                    }
                }
            }
        }
        @if status.manifests.sources.len() > 1 {
            @for source in &status.manifests.sources {
                @if let Some(revision) = &source.revision {
                    p.faint { (line(&source.name)) ": " (commit(revision)) }
                }
            }
        }
        @for row in &status.receivers { (receiver(row, now)) }
        p.faint {
            @match &status.manifests.revision {
                Some(revision) => {
                    "Manifests " (commit(revision))
                }
                None => "Manifests",
            }
            @match status.manifests.taken_at {
                Some(at) => {
                    @if status.carries_out() { " in force for " } @else { " unchanged here for " }
                    (since(at, now)) ", since " (time(at)) "."
                }
                None => " were not read yet.",
            }
            " Process " (status.process) ", heard " (away(status.at, now)) ", running for "
            (since(status.started, now)) "."
        }
    }
}

/// Which of several services leads.
fn leads(lead: &LeadRow, now: Timestamp) -> Markup {
    html! {
        p {
            @if lead.leads { "This service leads" }
            @else if let Some(leader) = &lead.leader {
                (line(&leader.host)) ", process " (leader.process) ", leads and shows the tenants"
            } @else { "Nobody leads yet" }
            @if let Some(leader) = &lead.leader {
                ", for " (since(leader.since, now)) ", since " (time(leader.since))
            }
            "."
        }
        @if let Some(behind) = &lead.behind {
            div.box.care {
                strong.wait { "Nothing is written: " } (line(&behind.reason))
                p.faint { (line(&behind.hint)) " (since " (time(behind.since)) ")" }
            }
        }
    }
}

/// Whether a receiver of notices hears of what is wrong.
fn receiver(row: &ReceiverRow, now: Timestamp) -> Markup {
    html! {
        p.faint {
            "Notices to " (line(&row.name)) ": "
            @if row.gone {
                strong.wait { "it wants none any more (410)" }
            } @else if row.undelivered > 0 {
                strong.wait { (row.undelivered) " undelivered" }
            } @else {
                "all delivered"
            }
            @match row.last_delivery {
                Some(at) => { ", last taken " span title=(time(at)) { (away(at, now)) } "." }
                None => ", none taken since the service began.",
            }
        }
    }
}

/// The tenants that somebody has suspended, each with who and why.
fn suspended(status: &Status, now: Timestamp) -> Markup {
    let rows = status.tenants.iter().filter_map(|row| Some((row, row.suspended.as_ref()?)));
    html! {
        @for (row, suspended) in rows {
            div.box.care {
                strong.wait { (line(&row.tenant)) " is suspended" }
                @if let Some(by) = &suspended.by { " by " (line(by)) }
                ", for " (since(suspended.at, now)) ", since " (time(suspended.at))
                @if let Some(until) = suspended.until { ", until " (time(until)) }
                @if let Some(reason) = &suspended.reason { ": " (line(reason)) }
                p.faint { "It is planned, and nothing is written. " code { "dialplane resume " (line(&row.tenant)) } " ends that." }
            }
        }
    }
}

/// A version of the manifests, with those who made and signed it.
fn commit(commit: &Commit) -> Markup {
    html! {
        code { (line(commit.commit.get(..12).unwrap_or(&commit.commit))) }
        @if let Some(author) = &commit.author { " by " (line(author)) }
        @if let Some(signer) = &commit.signer { ", signed by " (line(signer)) }
        @if commit.edited { ", edited since" }
    }
}

/// One reason, with all tenants that it concerns.
struct ReasonRow<'s> {
    first: &'s Group,
    held: bool,
    since: Timestamp,
    count: usize,
    tenants: Vec<&'s str>,
    /// Some of them have hints of their own.
    differ: bool,
}

/// What is held and what is wrong with users, by reason: what waits for people first, and the oldest
/// first.
pub(super) fn reasons(status: &Status, now: Timestamp) -> Markup {
    let mut by_code: BTreeMap<(bool, &str), ReasonRow<'_>> = BTreeMap::new();
    for row in &status.tenants {
        // A suspension is told with who and why, which are not the same for all.
        let told = |group: &&Group| row.suspended.is_none() || !group.is_suspension();
        let held = row.holds.iter().filter(told).map(|group| (true, group));
        for (held, group) in held.chain(row.problems.iter().map(|group| (false, group))) {
            let reason = by_code.entry((held, group.code.as_str())).or_insert_with(|| ReasonRow {
                first: group,
                held,
                since: group.since,
                count: 0,
                tenants: Vec::new(),
                differ: false,
            });
            reason.differ |= reason.first.hint != group.hint;
            reason.count += group.count;
            reason.since = reason.since.min(group.since);
            reason.tenants.push(&row.tenant);
        }
    }
    let mut reasons: Vec<ReasonRow<'_>> = by_code.into_values().collect();
    reasons.sort_by_key(|reason| (!reason.first.for_people, reason.since));
    html! {
        @if !reasons.is_empty() {
            h2 { "What waits" }
            @for reason in &reasons { (one(reason, now)) }
        }
    }
}

fn one(reason: &ReasonRow<'_>, now: Timestamp) -> Markup {
    let ReasonRow { first: group, held, since: at, count, tenants, differ } = reason;
    let hint = if *differ { likewise(&group.hint) } else { group.hint.clone() };
    let what = if *held { "step" } else { "user" };
    html! {
        div.box.care[group.for_people] {
            strong.wait[group.for_people] {
                @if *held { "Held" } @else { "In need of attention" }
                @if *count > 0 { ": " (many(*count, what)) }
            }
            " in " (first(TOLD, tenants.iter().map(line))) ", for " (since(*at, now)) " "
            small { "[" (line(&group.code)) "]" }
            p { (prose(&group.reason)) }
            p.faint { "What to do: " (prose(hint)) }
        }
    }
}
