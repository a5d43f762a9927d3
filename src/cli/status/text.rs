//! The status as text: first whether it is alive and whether anybody is needed, then the tenants,
//! those that need somebody first.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};

use super::{lead, versions};
use crate::{
    board::{Group, LastPass, ReceiverRow, Status, TenantRow},
    foreign::line,
    style::{ALARM, FAINT, GREEN, PLAIN, YELLOW},
    words::{away, is_or_are, many, since, time_in},
};

/// Tenants that are as the manifests want them and shown one by one, at most.
const SHOWN: usize = 20;

/// Whether the service lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It does.
    Alive,
    /// It has ended in order.
    Ended,
    /// It was killed, or hangs.
    Lost,
}

/// A status as somebody reads it.
pub(super) struct StatusDisplay<'s> {
    pub(super) status: &'s Status,
    pub(super) life: Life,
    /// It has just said all this itself.
    pub(super) answers: bool,
    pub(super) now: Timestamp,
    /// Where the reader is.
    pub(super) zone: &'s TimeZone,
    /// Show also those many that are well, one by one.
    pub(super) all: bool,
}

impl fmt::Display for StatusDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.life(f)?;
        lead::write(f, self.status.lead.as_ref(), self.now, self.zone)?;
        if self.status.stands_by() {
            // Of tenants only the service that leads knows anything.
            return versions::write(f, self.status, |at| self.since(at));
        }
        self.verdict(f)?;
        versions::write(f, self.status, |at| self.since(at))?;
        if let Some(reason) = &self.status.journal_away {
            writeln!(f, "{ALARM}nothing new begins:{ALARM:#} {}", line(reason))?;
        }
        self.status.receivers.iter().try_for_each(|row| self.receiver(f, row))?;
        let rows = || self.status.tenants.iter().map(AsRef::as_ref);
        let in_need = rows().filter(|row| !row.needs.is_empty());
        let others = rows().filter(|row| row.needs.is_empty() && !row.is_well());
        for row in in_need.chain(others) {
            self.row(f, row)?;
        }
        let well = || rows().filter(|row| row.is_well());
        if well().count() > SHOWN && !self.all {
            let count = well().count();
            let tenants = rows().count();
            writeln!(f, "  {count} of {} as wanted: `--all` shows each", many(tenants, "tenant"))
        } else {
            well().try_for_each(|row| self.row(f, row))
        }
    }
}

impl StatusDisplay<'_> {
    fn life(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status { process, started, at, .. } = self.status;
        let heard = self.moment(*at);
        match self.life {
            Life::Alive => {
                let running = since(*started, self.now);
                let answers = if self.answers { " and answers" } else { "" };
                let alive = format!("process {process} is alive{answers}");
                writeln!(f, "{alive}, last heard {heard}; running for {running}")
            }
            Life::Ended => writeln!(f, "process {process} has ended in order {heard}"),
            Life::Lost => writeln!(
                f,
                "{ALARM}process {process} is not alive or hangs{ALARM:#}, last heard {heard}"
            ),
        }
    }

    /// Whether anybody is needed.
    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let then = if self.life == Life::Alive { "" } else { "when it was last heard, " };
        let tenants = self.status.tenants.len();
        let in_need = self.status.in_need().count();
        let well = self.status.tenants.iter().filter(|row| row.is_well()).count();
        if in_need > 0 {
            let need = if in_need == 1 { "needs" } else { "need" };
            let of = many(tenants, "tenant");
            writeln!(f, "{YELLOW}{then}{in_need} of {of} {need} somebody{YELLOW:#}")?;
        }
        if tenants == 0 {
            writeln!(f, "{then}no tenant is in force")
        } else if well == tenants {
            let all = many(tenants, "tenant");
            let are = is_or_are(tenants);
            let each = if tenants == 1 { "" } else { "all " };
            writeln!(f, "{GREEN}{then}{each}{all} {are} as the manifests want{GREEN:#}")
        } else {
            let of = many(tenants, "tenant");
            let are = if tenants == 1 { "is" } else { is_or_are(well) };
            writeln!(f, "{then}{well} of {of} {are} as the manifests want")
        }
    }

    /// Whether somebody hears of what is wrong.
    fn receiver(&self, f: &mut fmt::Formatter<'_>, row: &ReceiverRow) -> fmt::Result {
        let name = line(&row.name);
        let last = row.last_delivery.map(|at| format!("last taken {}", away(at, self.now)));
        let last = last.unwrap_or_else(|| "none taken since the service began".to_owned());
        if row.gone {
            let told = "it wants none any more (410)";
            writeln!(f, "{YELLOW}notices to {name}: {told}{YELLOW:#}, {last}")
        } else if row.undelivered > 0 {
            let undelivered = row.undelivered;
            writeln!(f, "{YELLOW}notices to {name}: {undelivered} undelivered{YELLOW:#}, {last}")
        } else {
            writeln!(f, "notices to {name}: all delivered, {last}")
        }
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, row: &TenantRow) -> fmt::Result {
        let (word, colour) = word(row);
        let last = row.last_at.map(|at| away(at, self.now)).unwrap_or_default();
        let next = self.next(row);
        let tenant = line(&row.tenant);
        let times = format!("{last:16} {next}");
        match times.trim_end() {
            "" => writeln!(f, "  {tenant:30} {colour}{word}{colour:#}")?,
            times => writeln!(f, "  {tenant:30} {colour}{word:14}{colour:#} {times}")?,
        }
        for told in self.details(row) {
            writeln!(f, "    {told}")?;
        }
        for group in row.holds.iter().chain(&row.problems) {
            self.group(f, group, row.holds.contains(group))?;
        }
        Ok(())
    }

    /// When the next pass is due; of a service that does not live, none is.
    fn next(&self, row: &TenantRow) -> String {
        match (self.life, row.next_at) {
            (Life::Ended | Life::Lost, _) => String::new(),
            (Life::Alive, Some(at)) if at > self.now => format!("next {}", away(at, self.now)),
            (Life::Alive, Some(_)) => "due".to_owned(),
            (Life::Alive, None) if row.mode.is_empty() => String::new(),
            (Life::Alive, None) => "running now".to_owned(),
        }
    }

    /// What there is to say of a tenant beside holds and problems.
    fn details(&self, row: &TenantRow) -> Vec<String> {
        let users = |count: usize| many(count, "user");
        let failing = row.failure.as_ref().map(|failure| {
            let times = many(row.failures, "time");
            let ever = row.last_success.map(|at| format!("last success {}", self.moment(at)));
            let ever = ever.unwrap_or_else(|| "no success since the service began".to_owned());
            format!("failed {times}, {ever}: {}", line(failure))
        });
        let owed = row.sync_owed_since.map(|at| format!("a sync is owed for {}", self.since(at)));
        let lost = (row.lost_answers > 0).then(|| {
            format!("{} left alone: the answer to a call was lost", users(row.lost_answers))
        });
        let late = (row.did_not_land > 0).then(|| {
            format!("did not land in time, sent again: {}", many(row.did_not_land, "step"))
        });
        let settling = (row.settling > 0).then(|| {
            let until = row
                .settling_until
                .map(|at| format!(", expected to be visible {}", self.moment(at)));
            format!("{} settling{}", users(row.settling), until.unwrap_or_default())
        });
        let drift = (row.drift > 0).then(|| {
            let from = row.drift_since.map(|at| format!(" for {}", self.since(at)));
            format!("drift {} (report){}", row.drift, from.unwrap_or_default())
        });
        let confirmed = row
            .confirmed
            .map(|(confirmed, of)| format!("{confirmed} of {} confirmed in Teams", users(of)));
        let note = row.note.as_ref().map(line);
        [note, failing, owed, lost, late, settling, drift, confirmed]
            .into_iter()
            .flatten()
            .collect()
    }

    fn group(&self, f: &mut fmt::Formatter<'_>, group: &Group, holds: bool) -> fmt::Result {
        let what = match (holds, group.count) {
            (true, 0) => "held".to_owned(),
            (true, steps) => format!("held: {}", many(steps, "step")),
            (false, users) => format!("{} in need of attention", many(users, "user")),
        };
        let reason = line(&group.reason);
        let code = line(&group.code);
        let since = since(group.since, self.now);
        writeln!(f, "    {YELLOW}{what}{YELLOW:#}: {reason} {FAINT}[{code}] for {since}{FAINT:#}")?;
        let until = group
            .until
            .map(|at| format!(" (until {}, {})", time_in(at, self.zone), away(at, self.now)));
        let hint = line(&group.hint);
        writeln!(f, "      {FAINT}hint: {hint}{}{FAINT:#}", until.unwrap_or_default())
    }

    /// How far away a moment is, and when that is by the clocks.
    fn moment(&self, at: Timestamp) -> String {
        format!("{}, {}", away(at, self.now), time_in(at, self.zone))
    }

    /// How long it has been since a moment, and when that was.
    fn since(&self, at: Timestamp) -> String {
        format!("{}, since {}", since(at, self.now), time_in(at, self.zone))
    }
}

/// How a tenant is, in a word or two. Nothing is done that the manifests leave open.
fn word(row: &TenantRow) -> (&'static str, anstyle::Style) {
    match row.last {
        _ if row.mode.is_empty() => ("broken", ALARM),
        Some(LastPass::Failed) => ("failed", ALARM),
        _ if row.suspended.is_some() => ("suspended", YELLOW),
        _ if row.note.is_some() => ("older version", YELLOW),
        Some(LastPass::Held) => ("held", YELLOW),
        Some(LastPass::Waits) => ("sync waits", YELLOW),
        Some(LastPass::Done) if !row.needs.is_empty() => ("attention", YELLOW),
        Some(LastPass::Done) if row.mode == "suspend" => ("suspended", PLAIN),
        Some(LastPass::Done) if row.mode == "report" && row.drift > 0 => ("drift", YELLOW),
        Some(LastPass::Done) => ("done", GREEN),
        None => ("not looked at", PLAIN),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::board::{Commit, Halt, Manifests, Need};

    fn at(text: &str) -> Timestamp {
        format!("2026-07-04T{text}Z").parse().unwrap()
    }

    fn done(tenant: &str) -> TenantRow {
        TenantRow {
            tenant: tenant.to_owned(),
            mode: "enforce".to_owned(),
            managed: 12,
            last: Some(LastPass::Done),
            last_at: Some(at("08:11:00")),
            last_success: Some(at("08:11:00")),
            next_at: Some(at("08:26:00")),
            ..TenantRow::default()
        }
    }

    fn group(code: &str, count: usize, reason: &str) -> Group {
        Group {
            code: code.to_owned(),
            count,
            reason: reason.to_owned(),
            hint: "what to do".to_owned(),
            since: at("06:10:00"),
            until: None,
            for_people: true,
        }
    }

    fn status(rows: Vec<TenantRow>) -> Status {
        Status {
            version: Status::VERSION,
            process: 4711,
            started: at("05:00:00"),
            at: at("08:14:58"),
            until: at("08:16:38"),
            manifests: Manifests {
                errors: 0,
                taken_at: Some(at("08:10:50")),
                revision: Some(Commit {
                    commit: "9b1c2d3e4f5a6b7c".to_owned(),
                    author: Some("Ada <ada@acme.example>".to_owned()),
                    edited: false,
                    ..Commit::default()
                }),
                sources: Vec::new(),
            },
            tenants: rows.into_iter().map(Arc::new).collect(),
            ..Status::default()
        }
    }

    fn shown(status: &Status, life: Life) -> String {
        let zone = crate::model::time_zone("Europe/Berlin").unwrap();
        let answers = false;
        let now = at("08:15:00");
        let view = StatusDisplay { status, life, answers, now, zone: &zone, all: false };
        anstream::adapter::strip_str(&view.to_string()).to_string()
    }

    #[test]
    fn a_fleet_that_is_well_takes_few_lines() {
        let rows = (0..300).map(|number| done(&format!("t{number:03}"))).collect();
        insta::assert_snapshot!(shown(&status(rows), Life::Alive));
    }

    #[test]
    fn those_who_need_somebody_come_first_with_reasons_and_ages() {
        let mut held = done("contoso");
        held.last = Some(LastPass::Held);
        held.needs = vec![Need::Held, Need::Problems];
        held.holds = vec![group("limit-disable", 31, "31 people would lose calling")];
        held.problems = vec![group("not-visible", 1, "the service does not show the user")];
        let failing = TenantRow {
            last: Some(LastPass::Failed),
            last_success: Some(at("07:00:00")),
            failures: 5,
            failure: Some("HTTP 503 from the service".to_owned()),
            needs: vec![Need::Failing],
            sync_owed_since: Some(at("07:30:00")),
            lost_answers: 1,
            ..done("fabrikam")
        };
        let kept = TenantRow {
            note: Some("an older version is in force: kept.yaml: `caling`".to_owned()),
            needs: vec![Need::Manifests],
            ..done("kept")
        };
        let settling = TenantRow {
            last: Some(LastPass::Waits),
            settling: 3,
            settling_until: Some(at("12:00:00")),
            did_not_land: 1,
            ..done("northwind")
        };
        let report = TenantRow {
            mode: "report".to_owned(),
            drift: 4,
            drift_since: Some(at("04:00:00")),
            confirmed: Some((11, 12)),
            ..done("report")
        };
        let broken = TenantRow {
            tenant: "broken".to_owned(),
            note: Some("held: `mode` is missing".to_owned()),
            needs: vec![Need::Manifests],
            ..TenantRow::default()
        };
        let mut status =
            status(vec![held, done("adatum"), failing, kept, settling, report, broken]);
        status.manifests.errors = 2;
        status.journal_away = Some("connection refused".to_owned());
        status.stop = Some(Halt {
            message: "everything is stopped".to_owned(),
            hint: "let go".to_owned(),
            by: None,
            at: None,
            reason: None,
        });
        status.receivers = vec![
            ReceiverRow {
                name: "on-call".to_owned(),
                undelivered: 3,
                last_delivery: Some(at("06:00:00")),
                ..ReceiverRow::default()
            },
            ReceiverRow { name: "channel".to_owned(), gone: true, ..ReceiverRow::default() },
            ReceiverRow {
                name: "desk".to_owned(),
                last_delivery: Some(at("08:14:00")),
                ..ReceiverRow::default()
            },
        ];
        let text = shown(&status, Life::Alive);
        assert_eq!(text.matches(" done ").count(), 1, "only what is done says so: {text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_is_due_once_the_service_has_ended() {
        for (life, words) in [(Life::Ended, "has ended in order"), (Life::Lost, "is not alive")] {
            let text = shown(&status(vec![done("adatum")]), life);
            assert!(text.contains(words) && !text.contains("next"), "{text}");
            assert!(text.contains("when it was last heard, 1 tenant is as"), "{text}");
        }
    }
}
