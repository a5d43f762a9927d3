//! How counts, lists, moments and durations are written for people: in one place, so that they look
//! the same everywhere.
//!
//! | what | function | example |
//! |---|---|---|
//! | a count with its noun | [`many`] | `1 step`, `2 entries` |
//! | names | [`list`] | `a, b, c` |
//! | the first of many names | [`first`] | `a, b and 3 more` |
//! | clauses | [`all_clauses`] | `a; b; c` |
//! | the first of many clauses | [`clauses`] | `a; b; and 3 more rows` |
//! | the word that was meant | [`nearest`] | `night` for `nigth` |
//! | a moment | [`time`] | `2026-07-04 08:15:30 UTC` |
//! | a duration, exactly | [`duration`] | `1m 30s` |
//! | an age | [`roughly`] | `2h 5m` |
//! | an estimate | [`minutes`] | `20 min` |
//!
//! Its counterpart is [`crate::foreign`], for words of others: these functions arrange words and
//! make nothing harmless. Words for one type, such as an outcome's, are methods of that type.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use jiff::Timestamp;

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
        _ => format!("{noun}s"),
    }
}

/// `is` or `are`, for that many.
#[must_use]
pub fn are(count: usize) -> &'static str {
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

/// A duration in whole minutes, which is as exact as people care: `2h 5m`.
#[must_use]
pub fn roughly(time: Duration) -> String {
    match time.as_secs() / 60 {
        0 => "less than a minute".to_owned(),
        minutes => duration(Duration::from_secs(minutes * 60)),
    }
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
    fn times_and_durations_are_short() {
        let at: Timestamp = "2026-07-04T08:15:30.9Z".parse().unwrap();
        let later: Timestamp = "2026-07-04T08:17:00.9Z".parse().unwrap();
        assert_eq!(time(at).to_string(), "2026-07-04 08:15:30 UTC");
        assert_eq!(duration(between(at, later)), "1m 30s");
        assert_eq!(duration(between(later, at)), "0s");
        assert_eq!(duration(Duration::from_micros(1_500_700)), "1s 500ms");
        assert_eq!(roughly(Duration::from_secs(59)), "less than a minute");
        assert_eq!(roughly(Duration::from_secs(7_530)), "2h 5m");
        assert_eq!(minutes(Duration::from_secs(59)), "59 s");
        assert_eq!(minutes(Duration::from_secs(61)), "2 min");
    }
}
