//! How counts, lists, moments and durations are written for people: in one place, so they look
//! the same everywhere.
//!
//! | what | function | example |
//! |---|---|---|
//! | a count with its noun | [`many`] | `1 step`, `2 entries` |
//! | names | [`list`] | `a, b, c` |
//! | the first of many names | [`first`] | `a, b and 3 more` |
//! | clauses | [`all_clauses`] | `a; b; c` |
//! | the first of many clauses | [`clauses`] | `a; b; and 3 more rows` |
//! | advice for one, to many | [`likewise`] | `...; likewise for each of the others` |
//! | the word that was meant | [`nearest`] | `night` for `nigth` |
//! | the same, as a hint begins | [`meant`] | ``did you mean `night`? `` |
//! | what the system says of a file or a connection | [`system`] | `no such file or folder` |
//! | bytes | [`hex`] | `00ff` |
//! | a moment | [`time`] | `2026-07-04 08:15:30 UTC` |
//! | the same beside the reader's own time | [`time_in`] | `2026-07-04 08:15:30 UTC (Sat 10:15 CEST)` |
//! | how far away a moment is | [`away`] | `4 min ago`, `in 2 h 5 min` |
//! | how long it has been | [`since`] | `4 min`, `2 h 5 min` |
//! | a duration, exactly | [`duration`] | `1m 30s` |
//! | the same of a duration | [`about`] | `2 h 5 min`, `25 days` |
//! | an estimate | [`minutes`] | `20 min` |
//!
//! Its counterpart is [`crate::foreign`], for words of others: these functions arrange words and
//! make nothing harmless. Words for one type, such as an outcome's, are methods of that type.

use std::{
    fmt::{self, Display, Write as _},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};

/// A count and its noun, in the right number: `1 step`, `2 entries`, `3 people`.
#[must_use]
pub fn many<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let noun = if count == N::from(1) { noun.to_owned() } else { plural(noun) };
    format!("{count} {noun}")
}

/// The plural of the last word of a noun.
fn plural(noun: &str) -> String {
    if let Some(before) = noun.strip_suffix("person") {
        return format!("{before}people");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// `is` or `are`, for that many.
#[must_use]
pub fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// All items: `a, b, c`.
#[must_use]
pub fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    joined(items, ", ")
}

/// At most so many of the items, and how many there are besides: `a, b and 3 more`.
#[must_use]
pub fn first<I: IntoIterator<Item: Display>>(most: usize, items: I) -> String {
    let mut items = items.into_iter();
    let shown = list(items.by_ref().take(most));
    match items.count() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The same for items that are sentences: `a; b; and 3 more rows`.
#[must_use]
pub fn clauses<I: IntoIterator<Item: Display>>(most: usize, items: I, noun: &str) -> String {
    let mut items = items.into_iter();
    let shown = joined(items.by_ref().take(most), "; ");
    match items.count() {
        0 => shown,
        more => format!("{shown}; and {}", many(more, &format!("more {noun}"))),
    }
}

/// All items that are sentences: `a; b; c`.
#[must_use]
pub fn all_clauses(items: impl IntoIterator<Item = impl Display>) -> String {
    joined(items, "; ")
}

/// Advice that names one of several to whom it applies, for all of them.
#[must_use]
pub fn likewise(advice: &str) -> String {
    format!("{advice}; likewise for each of the others, by its own name")
}

fn joined(items: impl IntoIterator<Item = impl Display>, between: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(between)
}

/// A moment, to the second and in UTC: `2026-07-04 08:15:30 UTC`.
#[must_use]
pub fn time(at: Timestamp) -> Time {
    Time(at)
}

/// What [`time`] shows.
#[derive(Debug, Clone, Copy)]
pub struct Time(Timestamp);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }
}

/// The same, and what the clock says where the reader is.
#[must_use]
pub fn time_in(at: Timestamp, zone: &TimeZone) -> String {
    let there = at.to_zoned_datetime(zone.clone());
    if there.offset().is_zero() {
        return time(at).to_string();
    }
    format!("{} ({})", time(at), there.strftime("%a %H:%M %Z"))
}

/// How far away a moment is: `now`, `4 min ago`, `in 2 h 5 min`, `3 days ago`.
#[must_use]
pub fn away(at: Timestamp, now: Timestamp) -> String {
    match (between(at, now).as_secs(), between(now, at).as_secs()) {
        (0, 0) => "now".to_owned(),
        (0, ahead) => format!("in {}", span(ahead)),
        (ago, _) => format!("{} ago", span(ago)),
    }
}

/// How long it has been since a moment: `4 min`, `2 h 5 min`.
#[must_use]
pub fn since(at: Timestamp, now: Timestamp) -> String {
    span(between(at, now).as_secs())
}

/// A duration in the one or two units that people would use: `2 h 5 min`, `25 days`.
#[must_use]
pub fn about(time: Duration) -> String {
    span(time.as_secs())
}

/// So many seconds in those units.
fn span(seconds: u64) -> String {
    let minutes = seconds / 60;
    let hours = seconds / 3600;
    match (seconds, minutes % 60) {
        (..60, _) => format!("{seconds} s"),
        (..3600, _) => format!("{minutes} min"),
        (..172_800, 0) => format!("{hours} h"),
        (..172_800, minutes) => format!("{hours} h {minutes} min"),
        _ => format!("{} days", hours / 24),
    }
}

/// A duration in its units, to the millisecond: `1m 30s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis)).to_string()
}

/// The word that is nearest to what was given, if it is at most so many slips away.
#[must_use]
pub fn nearest<'w>(
    given: &str,
    words: impl IntoIterator<Item = &'w str>,
    slips: usize,
) -> Option<&'w str> {
    let given = given.to_lowercase();
    let away = |word: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &given);
    let near = words.into_iter().map(|word| (away(word), word)).min_by_key(|(away, _)| *away)?;
    (near.0 <= slips).then_some(near.1)
}

/// What a hint begins with, where a known word is near to the given one.
#[must_use]
pub fn meant<'w>(given: &str, words: impl IntoIterator<Item = &'w str>, slips: usize) -> String {
    let near = nearest(given, words, slips);
    near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default()
}

/// What the system says of a file or a connection, as it stands in a sentence: without its number,
/// and wherever it is in the text.
#[must_use]
pub fn system(text: impl Display) -> String {
    let text = text.to_string();
    let Some((before, after)) = text.split_once(" (os error ") else { return text };
    let rest = after.split_once(')').map_or("", |(_, rest)| rest);
    let (told, said) = before.split_at(before.rfind(": ").map_or(0, |at| at + 2));
    let said = match said {
        "No such file or directory" => "no such file or folder".to_owned(),
        "Is a directory" => "it is a folder".to_owned(),
        "Not a directory" => "a part of this path is a file, not a folder".to_owned(),
        "File exists" => "it exists already".to_owned(),
        "Read-only file system" => "the disk may only be read".to_owned(),
        "No space left on device" => "the disk is full".to_owned(),
        other => lower_first(other),
    };
    format!("{told}{said}{}", system(rest))
}

fn lower_first(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map(|first| first.to_lowercase().collect::<String>() + rest.as_str())
        .unwrap_or_default()
}

/// Bytes in hexadecimal, two digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// From one moment to a later one; a clock that was set back took no time.
#[must_use]
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// An estimate: minutes, rounded up, or seconds below one minute.
#[must_use]
pub fn minutes(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_noun_in_the_right_number() {
        for (count, noun, shown) in [
            (0, "step", "0 steps"),
            (1, "step", "1 step"),
            (2, "entry", "2 entries"),
            (1, "entry", "1 entry"),
            (2, "more key", "2 more keys"),
            (1, "person", "1 person"),
            (7, "person", "7 people"),
            (4, "pass", "4 passes"),
            (2, "branch", "2 branches"),
        ] {
            assert_eq!(many(count, noun), shown);
        }
    }

    #[test]
    fn what_a_list_leaves_out_is_counted() {
        assert_eq!(list(["a", "b"]), "a, b");
        assert_eq!(first(2, ["a", "b"]), "a, b");
        assert_eq!(first(2, ["a", "b", "c", "d"]), "a, b and 2 more");
        assert_eq!(first(2, [""; 0]), "");
        assert_eq!(clauses(1, ["a"], "row"), "a");
        assert_eq!(clauses(1, ["a", "b"], "row"), "a; and 1 more row");
        assert_eq!(clauses(2, ["a", "b", "c", "d"], "row"), "a; b; and 2 more rows");
    }

    #[test]
    fn what_the_system_says_stands_in_a_sentence() {
        let absent = std::io::Error::from_raw_os_error(2);
        assert_eq!(system(&absent), "no such file or folder");
        assert_eq!(
            system(format!("a: b: {absent}, tried once")),
            "a: b: no such file or folder, tried once"
        );
        let both = format!("a: {absent}; b: {}", std::io::Error::from_raw_os_error(111));
        assert_eq!(system(both), "a: no such file or folder; b: connection refused");
        for as_it_is in ["", "Somebody said so", "é (os error"] {
            assert_eq!(system(as_it_is), as_it_is);
        }
        assert_eq!(system(" (os error "), "");
        assert_eq!(system("É (os error 2"), "é");
    }

    #[test]
    fn how_far_away_a_moment_is_takes_two_units_at_most() {
        let now: Timestamp = "2026-07-04T08:15:30Z".parse().unwrap();
        for (seconds, shown) in [
            (0, "now"),
            (59, "59 s ago"),
            (240, "4 min ago"),
            (7_200, "2 h ago"),
            (7_530, "2 h 5 min ago"),
            (172_800, "2 days ago"),
            (-90, "in 1 min"),
            (-90_000, "in 25 h"),
        ] {
            assert_eq!(away(now - jiff::SignedDuration::from_secs(seconds), now), shown);
        }
    }

    #[test]
    fn times_and_durations_are_short() {
        let at: Timestamp = "2026-07-04T08:15:30.9Z".parse().unwrap();
        let later: Timestamp = "2026-07-04T08:17:00.9Z".parse().unwrap();
        assert_eq!(time(at).to_string(), "2026-07-04 08:15:30 UTC");
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(time_in(at, &berlin), "2026-07-04 08:15:30 UTC (Sat 10:15 CEST)");
        assert_eq!(time_in(at, &TimeZone::UTC), "2026-07-04 08:15:30 UTC");
        assert_eq!(duration(between(at, later)), "1m 30s");
        assert_eq!(duration(between(later, at)), "0s");
        assert_eq!(duration(Duration::from_micros(1_500_700)), "1s 500ms");
        assert_eq!(about(Duration::from_secs(7_530)), "2 h 5 min");
        assert_eq!(about(Duration::from_secs(2_186_520)), "25 days");
        assert_eq!(minutes(Duration::from_secs(59)), "59 s");
        assert_eq!(minutes(Duration::from_secs(61)), "2 min");
    }
}
