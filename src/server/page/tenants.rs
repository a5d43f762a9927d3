//! The table of tenants: those that need somebody first.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Query, prose::prose};
use crate::{
    board::{LastPass, Status, TenantRow},
    foreign::line,
    words::{away, many, since, time},
};

/// Tenants on one page, at most. The filter finds the rest.
const SHOWN: usize = 200;

/// The table, with its filter.
pub(super) fn table(status: &Status, query: &Query, now: Timestamp) -> Markup {
    let part = query.tenant.trim().to_lowercase();
    let matches = |row: &&TenantRow| row.tenant.to_lowercase().contains(&part);
    let mut rows: Vec<&TenantRow> =
        status.tenants.iter().map(AsRef::as_ref).filter(matches).collect();
    rows.sort_by_key(|row| (row.needs.is_empty(), row.is_well()));
    let more = rows.len().saturating_sub(SHOWN);
    html! {
        h2 { "Tenants" }
        form method="get" action="/" {
            input name="tenant" value=(line(&query.tenant)) aria-label="Part of a tenant's name"
                placeholder="Part of a tenant's name";
            button { "Filter" }
        }
        table {
            thead { tr { th { "Tenant" } th { "State" } th { "Last success" } th { "Next" } th { "More" } } }
            tbody { @for row in rows.iter().take(SHOWN) { (tenant(row, status.ended, now)) } }
        }
        @if rows.is_empty() { p.faint { "No tenant has such a name." } }
        @if more > 0 { p.faint { (more) " more: filter by name." } }
    }
}

fn tenant(row: &TenantRow, ended: bool, now: Timestamp) -> Markup {
    let (word, class) = word(row);
    html! {
        tr {
            td { strong { (line(&row.tenant)) } @if row.mode == "report" || row.mode == "suspend" { " " small { (row.mode) } } }
            td data-is="State" { span class=(class) { (word) } }
            td data-is="Last success" { @if let Some(at) = row.last_success { span title=(time(at)) { (away(at, now)) } } }
            td data-is="Next" {
                @if !ended {
                    @match row.next_at {
                        Some(at) if at > now => (away(at, now)),
                        Some(_) => "due",
                        None if row.mode.is_empty() => "",
                        None => "running now",
                    }
                }
            }
            td { (more(row, now)) }
        }
    }
}

/// What else there is to say.
fn more(row: &TenantRow, now: Timestamp) -> Markup {
    html! {
        @if let Some(note) = &row.note { p.wait { (prose(note)) } }
        @if let Some(failure) = &row.failure { p.bad { "failed " (many(row.failures, "time")) ": " (prose(failure)) } }
        @if let Some(at) = row.sync_owed_since { p.wait { "a sync is owed for " (since(at, now)) } }
        @if row.lost_answers > 0 { p.wait { (many(row.lost_answers, "user")) " left alone: the answer to a call was lost" } }
        @if row.did_not_land > 0 { p.wait { "did not land in time, sent again: " (many(row.did_not_land, "step")) } }
        @if row.settling > 0 {
            p { (many(row.settling, "user")) " settling" @if let Some(at) = row.settling_until { ", expected to be visible " (away(at, now)) } }
        }
        @if row.drift > 0 { p { "drift " (row.drift) " (only shown)" @if let Some(at) = row.drift_since { " for " (since(at, now)) } } }
        @if let Some((confirmed, of)) = row.confirmed { p { (confirmed) " of " (many(of, "user")) " confirmed in Teams" } }
        @if let Some(run) = &row.last_run {
            p { small { code { "dialplane history " (line(run)) }
                @if let Some(pass) = &row.last_pass {
                    br; code { "dialplane undo " (line(pass)) " --tenant " (line(&row.tenant)) }
                }
            } }
        }
    }
}

/// How a tenant is, and the class of that.
fn word(row: &TenantRow) -> (&'static str, &'static str) {
    match row.last {
        _ if row.mode.is_empty() => ("broken", "bad"),
        Some(LastPass::Failed) => ("failed", "bad"),
        _ if row.suspended.is_some() => ("suspended", "wait"),
        _ if row.note.is_some() => ("older version", "wait"),
        Some(LastPass::Held) => ("held", "wait"),
        Some(LastPass::Waits) => ("sync waits", "wait"),
        Some(LastPass::Done) if !row.needs.is_empty() => ("attention", "wait"),
        Some(LastPass::Done) if row.mode == "report" && row.drift > 0 => ("drift", "wait"),
        Some(LastPass::Done) => ("done", "good"),
        None => ("not looked at", "faint"),
    }
}
