//! What was done lately: charts of the last days, and the last passes with what undoes each.
//!
//! The charts are drawn here as SVG in the page. Readers who cannot see them read the same in words.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::{
    board::{Day, PassRow, RecentPasses},
    foreign::line,
    words::{about, away, list, many, time},
};

/// The drawing, in its own units: room for bars, and for dates below them.
const WIDTH: usize = 308;
const BARS: usize = 80;
const HEIGHT: usize = BARS + 16;
/// Between two bars.
const GAP: usize = 4;

/// Both, if there is anything.
pub(super) fn lately(past: &RecentPasses, now: Timestamp) -> Markup {
    html! {
        @if past.days.iter().any(|day| day.steps() > 0 || day.drift > Some(0)) {
            h2 { "The last " (many(past.days.len(), "day")) }
            div.charts { (steps(&past.days)) (drift(&past.days)) (applied(&past.days)) }
        }
        @if !past.passes.is_empty() {
            h2 { "Last passes" }
            table {
                thead { tr { th { "When" } th { "Tenants" } th { "Steps" } th { "Commit" } th { "More" } } }
                tbody { @for pass in &past.passes { (row(pass, now)) } }
            }
        }
    }
}

fn row(pass: &PassRow, now: Timestamp) -> Markup {
    html! {
        tr {
            td { span title=(time(pass.at)) { (away(pass.at, now)) } }
            td data-is="Tenants" {
                @if pass.tenants == 1 { (line(&pass.tenant)) } @else { (many(pass.tenants, "tenant")) }
            }
            td data-is="Steps" { (pass.became) @if pass.is_undo { ", an undo" } }
            td {
                @if let Some(commit) = &pass.commit {
                    code { (line(commit.commit.get(..12).unwrap_or(&commit.commit))) }
                    @if let Some(author) = &commit.author { " by " (line(author)) }
                    @if commit.edited { ", edited since" }
                }
                @if let Some(by) = &pass.by { p.faint { "by hand: " (line(by)) } }
            }
            td {
                small {
                    code { "dialplane history " (line(&pass.pass)) }
                    @if !pass.is_undo { br; code { "dialplane undo " (line(&pass.pass)) } }
                }
            }
        }
    }
}

/// Steps by what became of them, a bar for each day.
fn steps(days: &[Day]) -> Markup {
    let parts = |day: &Day| {
        [
            ("c-wanted", day.wanted, "accepted in the first pass of a commit, or without one"),
            ("c-later", day.later, "accepted later: drift, or held before"),
            ("c-lost", day.lost, "answer lost"),
            ("c-failed", day.failed, "failed"),
        ]
    };
    let mut totals = parts(&Day::new(jiff::civil::Date::ZERO));
    for day in days {
        for (total, part) in totals.iter_mut().zip(parts(day)) {
            total.1 += part.1;
        }
    }
    let told = totals.iter().filter(|(_, count, _)| *count > 0);
    let words = list(told.clone().map(|(_, count, what)| format!("{count} {what}")));
    let most = days.iter().map(Day::steps).max().unwrap_or_default().max(1);
    let bar = |day: &Day| stacked(&parts(day), most);
    html! {
        figure {
            figcaption { strong { "Steps" } ", " (many(most, "step")) " a day at most" }
            (drawing(days, &format!("Steps: {words}"), |day| many(day.steps(), "step"), bar))
            p.faint {
                @for (class, count, what) in told { span.key { i class=(class) {} (count) " " (what) } " " }
            }
        }
    }
}

/// Parts of a bar, one upon the other: the class, where it begins, and how high it is.
fn stacked(
    parts: &[(&'static str, usize, &'static str)],
    most: usize,
) -> Vec<(&'static str, usize, usize)> {
    let mut base = BARS;
    let mut drawn = Vec::new();
    for (class, count, _) in parts.iter().filter(|(_, count, _)| *count > 0) {
        let height = (count * BARS / most).max(1);
        base = base.saturating_sub(height);
        drawn.push((*class, base, height));
    }
    drawn
}

/// What differed and was only shown: the most of each day.
fn drift(days: &[Day]) -> Markup {
    let counted: Vec<&Day> = days.iter().filter(|day| day.drift.is_some()).collect();
    let (Some(first), Some(last)) = (counted.first(), counted.last()) else { return html! {} };
    let of = |day: &Day| day.drift.unwrap_or_default();
    let most = counted.iter().map(|day| of(day)).max().unwrap_or_default();
    let since = if days.first().is_some_and(|day| day.drift.is_none()) {
        format!(", counted since {}", first.date.strftime("%d %b"))
    } else {
        String::new()
    };
    let words = format!(
        "{} at most where the mode is report, {} on {}{since}",
        many(most, "difference"),
        of(last),
        last.date.strftime("%d %b")
    );
    let bar = |day: &Day| {
        let height = Some(of(day)).filter(|count| *count > 0);
        let height = height.map(|count| (count * BARS / most.max(1)).max(1));
        height.map(|height| ("c-later", BARS - height, height)).into_iter().collect()
    };
    let title = |day: &Day| match day.drift {
        Some(0) => "nothing differed".to_owned(),
        Some(count) => format!("{} at most", many(count, "difference")),
        None => "not counted".to_owned(),
    };
    html! {
        figure {
            figcaption { strong { "Drift" } ", " (many(most, "difference")) " at most" }
            (drawing(days, &format!("Drift: {words}"), title, bar))
            p.faint { (words) ". What is put back is among the steps" }
        }
    }
}

/// From commit to applied: the slowest of each day.
fn applied(days: &[Day]) -> Markup {
    let mut all: Vec<Duration> = days.iter().flat_map(|day| &day.applied).copied().collect();
    all.sort_unstable();
    let (Some(median), Some(worst)) = (all.get(all.len() / 2), all.last()) else {
        return html! {};
    };
    let words = format!(
        "{} carried out, half of them within {}",
        many(all.len(), "commit"),
        about(*median)
    );
    let most = worst.as_secs().max(1);
    let slowest = |day: &Day| day.applied.iter().max().copied();
    let bar = |day: &Day| {
        let height = slowest(day).map(|took| {
            usize::try_from(took.as_secs() * BARS as u64 / most).unwrap_or(BARS).max(1)
        });
        height.map(|height| ("c-wanted", BARS - height, height)).into_iter().collect()
    };
    let title = |day: &Day| match slowest(day) {
        Some(took) => {
            format!("{}, the slowest took {}", many(day.applied.len(), "commit"), about(took))
        }
        None => "no commit".to_owned(),
    };
    html! {
        figure {
            figcaption { strong { "From commit to applied" } ", " (about(*worst)) " at most" }
            (drawing(days, &format!("From commit to applied: {words}"), title, bar))
            p.faint { (words) }
        }
    }
}

/// A bar for each day, of parts: class, top and height.
fn drawing(
    days: &[Day],
    words: &str,
    title: impl Fn(&Day) -> String,
    bar: impl Fn(&Day) -> Vec<(&'static str, usize, usize)>,
) -> Markup {
    let step = WIDTH / days.len().max(1);
    let date = |day: &Day| day.date.strftime("%d %b").to_string();
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(words) {
            @for (place, day) in days.iter().enumerate() {
                g {
                    title { (date(day)) ": " (title(day)) }
                    rect.c-day x=(place * step) y="0" width=(step.saturating_sub(GAP)) height=(BARS) {}
                    @for (class, top, height) in bar(day) {
                        rect class=(class) x=(place * step) y=(top) width=(step.saturating_sub(GAP)) height=(height) {}
                    }
                }
            }
            @if let (Some(first), Some(last)) = (days.first(), days.last()) {
                text x="0" y=(HEIGHT - 3) { (date(first)) }
                text x=(WIDTH - GAP) y=(HEIGHT - 3) text-anchor="end" { (date(last)) }
            }
        }
    }
}
