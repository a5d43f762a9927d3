//! What is on record, by the ids and times that people give: ids may be cut short, as in git.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil, tz::TimeZone};

use super::exit::Failure;
use crate::{
    foreign::line,
    model::{PassId, RunId, RunStart},
    words::{list, time},
};

/// Runs that are looked at for passes and cut-short ids, at most: the last ones.
pub(super) const LOOKED_AT: usize = 20_000;
/// Ids that are told to somebody whose own means none, or several.
const TOLD: usize = 5;

/// What an id means.
pub(super) enum PassOrRun<'b> {
    /// All runs of a pass, newest first.
    Pass(&'b PassId, Vec<&'b RunStart>),
    /// One run.
    Run(&'b RunStart),
}

/// What an id means, whole or cut short, among these runs.
pub(super) fn meant<'b>(id: &str, begun: &'b [RunStart]) -> Result<PassOrRun<'b>, Failure> {
    let pass = |pass: &'b PassId| {
        PassOrRun::Pass(pass, begun.iter().filter(|begun| begun.pass == *pass).collect())
    };
    if let Some(found) = begun.iter().find(|begun| begun.pass.as_str() == id) {
        return Ok(pass(&found.pass));
    }
    if let Some(found) = begun.iter().find(|begun| begun.run.as_str() == id) {
        return Ok(PassOrRun::Run(found));
    }
    let begins = |text: &str| !id.is_empty() && text.starts_with(id);
    let passes: BTreeSet<&PassId> =
        begun.iter().map(|begun| &begun.pass).filter(|pass| begins(pass.as_str())).collect();
    // A run of an older journal is its own pass, and counts as that.
    let runs: Vec<&RunStart> = begun
        .iter()
        .filter(|begun| begins(begun.run.as_str()) && begun.pass.as_str() != begun.run.as_str())
        .collect();
    match (passes.first(), runs.as_slice()) {
        (Some(only), []) if passes.len() == 1 => Ok(pass(only)),
        (None, [only]) => Ok(PassOrRun::Run(only)),
        (None, []) => Err(unknown(id, begun)),
        _ => {
            let passes = passes.iter().map(|pass| format!("pass {pass}"));
            let runs = runs.iter().map(|run| format!("run {}", run.run));
            let told: Vec<String> = passes.chain(runs).take(TOLD).map(line).collect();
            Err(Failure::new(format!("`{id}` begins more than one id"))
                .hint(format!("give more of it: {}", list(told))))
        }
    }
}

/// That nothing is on record at all.
fn nothing_yet() -> Failure {
    Failure::new("no pass has written anything yet, as far as the journal knows").hint(
        "`apply` and the service write passes, and a rehearsal (`--sandbox`) keeps none; is \
            `state.path` the right one?",
    )
}

/// That nothing of that id is on record.
pub(super) fn unknown(id: &str, begun: &[RunStart]) -> Failure {
    let mut last: Vec<&PassId> = Vec::new();
    for begun in begun {
        if last.len() < TOLD && !last.contains(&&begun.pass) {
            last.push(&begun.pass);
        }
    }
    if last.is_empty() {
        return nothing_yet();
    }
    let message = match id.trim() {
        "" => "an empty id names no pass and no run".to_owned(),
        id => format!("the journal knows no pass and no run `{}`", line(id)),
    };
    Failure::new(message).hint(format!(
        "the last passes that wrote are {}; `dialplane history` lists them, and old ones are let go \
            of (`state.retention`)",
        list(last.into_iter().map(line))
    ))
}

/// The runs that have begun since a moment.
pub(super) fn since(at: Timestamp, begun: &[RunStart]) -> Result<Vec<&RunStart>, Failure> {
    let Some(newest) = begun.first() else { return Err(nothing_yet()) };
    let runs: Vec<&RunStart> = begun.iter().filter(|begun| begun.at >= at).collect();
    if !runs.is_empty() {
        return Ok(runs);
    }
    Err(Failure::new(format!("nothing was written since {}", time(at))).hint(format!(
        "the last pass is {}, of {}; `dialplane history` lists them",
        line(&newest.pass),
        time(newest.at)
    )))
}

/// The pass before which nothing was written since. An undo is not taken back by chance.
pub(super) fn last(begun: &[RunStart]) -> Result<PassOrRun<'_>, Failure> {
    let Some(newest) = begun.first() else { return Err(nothing_yet()) };
    if let Some(undone) = &newest.undoes {
        return Err(Failure::new(format!(
            "the last pass, {}, is itself an undo of {}",
            line(&newest.pass),
            line(undone)
        ))
        .hint("name the pass that is meant: `dialplane history` lists them"));
    }
    meant(newest.pass.as_str(), begun)
}

/// A run of that id, if it is a whole one.
pub(super) fn run(id: &str) -> RunId {
    RunId::new(id)
}

/// A moment that has passed: `2026-07-04T02:00:00Z`, `2026-07-04 02:00` or `02:00`, the last time
/// that it was so late, both in UTC; or how long ago it was, as `90min`.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let utc = |at: civil::DateTime| TimeZone::UTC.to_timestamp(at).ok();
    let text = text.trim();
    let of_day = |time: civil::Time| {
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        let at = utc(today.to_datetime(time))?;
        if at <= now { Some(at) } else { utc(today.yesterday().ok()?.to_datetime(time)) }
    };
    let ago = || humantime::parse_duration(text).ok().and_then(|ago| now.checked_sub(ago).ok());
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<civil::DateTime>().ok().and_then(utc))
        .or_else(|| text.parse::<civil::Time>().ok().and_then(of_day))
        .or_else(ago);
    match at {
        Some(at) if at <= now => Ok(at),
        Some(_) => Err(format!("`{text}` is not over yet")),
        None => Err(format!(
            "`{text}` is not a time; possible are `2026-07-04 02:00` and `02:00`, both in UTC, or \
                how long ago it was, as `90min`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(run: &str, pass: &str, undoes: Option<&str>) -> RunStart {
        RunStart {
            at: Timestamp::UNIX_EPOCH,
            run: RunId::new(run),
            tenant: "contoso".to_owned(),
            pass: PassId::new(pass),
            undoes: undoes.map(str::to_owned),
        }
    }

    #[test]
    fn an_id_may_be_cut_short_while_it_means_one_thing() {
        let all = [
            begun("20260704T1-a-2", "1f0c", None),
            begun("20260704T1-a-1", "1f0c", None),
            begun("20260703T1-b-1", "1e99", None),
            begun("20260702T1-c-1", "20260702T1-c-1", None),
        ];
        let runs = |id: &str| match meant(id, &all) {
            Ok(PassOrRun::Pass(pass, runs)) => format!("pass {pass} {}", runs.len()),
            Ok(PassOrRun::Run(run)) => format!("run {}", run.run),
            Err(failure) => failure.message,
        };
        assert_eq!(runs("1f0c"), "pass 1f0c 2");
        assert_eq!(runs("1f"), "pass 1f0c 2");
        assert_eq!(runs("1"), "`1` begins more than one id");
        assert_eq!(runs("20260704T1-a-1"), "run 20260704T1-a-1");
        assert_eq!(runs("20260703"), "run 20260703T1-b-1");
        assert_eq!(runs("20260704"), "`20260704` begins more than one id");
        assert_eq!(runs("20260702"), "pass 20260702T1-c-1 1", "of an older journal");
        assert_eq!(runs("beef"), "the journal knows no pass and no run `beef`");
        assert_eq!(runs(""), "an empty id names no pass and no run");
        assert_eq!(runs(" "), "an empty id names no pass and no run");
    }

    #[test]
    fn a_journal_without_a_pass_says_so_whatever_was_asked_for() {
        let told = "no pass has written anything yet, as far as the journal knows";
        let refused = [
            last(&[]).err(),
            meant("1f0c", &[]).err(),
            meant("", &[]).err(),
            since(Timestamp::UNIX_EPOCH, &[]).err(),
        ];
        for failure in refused {
            let failure = failure.unwrap();
            assert_eq!(failure.message, told);
            assert!(failure.hint.unwrap().contains("`state.path`"));
        }
    }

    #[test]
    fn asked_for_a_time_in_which_nothing_was_written_it_tells_when_something_was() {
        let all = [begun("r1", "1f0c", None)];
        let second = Timestamp::from_second(1).unwrap();
        let refused = since(second, &all).err().unwrap();
        assert_eq!(refused.message, "nothing was written since 1970-01-01 00:00:01 UTC");
        assert_eq!(
            refused.hint.unwrap(),
            "the last pass is 1f0c, of 1970-01-01 00:00:00 UTC; `dialplane history` lists them"
        );
        assert_eq!(since(Timestamp::UNIX_EPOCH, &all).unwrap_or_default().len(), 1);
    }

    #[test]
    fn an_undo_is_not_taken_back_by_chance() {
        let all = [begun("r2", "b", Some("pass a")), begun("r1", "a", None)];
        let refused = last(&all).err().unwrap();
        assert_eq!(refused.message, "the last pass, b, is itself an undo of pass a");
        assert!(matches!(last(&all[1..]), Ok(PassOrRun::Pass(pass, _)) if pass.as_str() == "a"));
    }

    #[test]
    fn a_moment_is_given_in_several_ways() {
        let now: Timestamp = "2026-07-04T08:15:30Z".parse().unwrap();
        let at = |text: &str| moment(text, now).map(|at| at.to_string());
        assert_eq!(at("2026-07-03T22:00:00Z").unwrap(), "2026-07-03T22:00:00Z");
        assert_eq!(at("2026-07-03 22:00").unwrap(), "2026-07-03T22:00:00Z");
        assert_eq!(at("02:00").unwrap(), "2026-07-04T02:00:00Z");
        assert_eq!(at("22:00").unwrap(), "2026-07-03T22:00:00Z", "yesterday");
        assert_eq!(at("90min").unwrap(), "2026-07-04T06:45:30Z");
        assert!(at("2026-07-05").is_err() && at("soon").is_err());
    }
}
