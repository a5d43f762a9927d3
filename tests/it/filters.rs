//! What differs from run to run (times, ports, hashes), as words, so that what people read can be
//! kept and compared.
//!
//! One list for every snapshot: text that keeps a value of its day, its machine or its process
//! passes once.

use std::sync::LazyLock;

use regex::Regex;

/// What is looked for, in this order, and what it becomes.
const WORDS: &[(&str, &str)] = &[
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[time]"),
    (r"\b\d{8}T\d{6}Z-[0-9a-f]+-\d+\b", "[run]"),
    (r"\bpass( +)[0-9a-f]{10}\b", "pass${1}[pass]"),
    (r"\bafter \d+(d|h|m|s|ms)( \d+(h|m|s|ms))*\b", "after [span]"),
    (r"\b127\.0\.0\.1:\d{4,}", "[service]"),
    (r"\((now|\d+ (s|min|h|days)( \d+ min)? ago)\)", "([span] ago)"),
    (r"\b(by hand:? +\w+@)[^\s,]+", "${1}[host]"),
    (r"\b(revision *)[0-9a-f]{12}\b", "${1}[commit]"),
    (r", commit [0-9a-f]{12} by", ", commit [commit] by"),
    (r"\bplan ([0-9a-f]{12}|[0-9a-f]{64})\b", "plan [fingerprint]"),
    (r"\bapproval [a-z0-9.-]+-\d{8}-\d{6}\b", "approval [name]"),
    (r"\b[0-9a-f]{64}\b", "[hash]"),
];

static FILTERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    WORDS.iter().map(|(pattern, word)| (Regex::new(pattern).unwrap(), *word)).collect()
});

/// Text without colours and without what differs from run to run.
pub(crate) fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    FILTERS
        .iter()
        .fold(text, |text, (pattern, word)| pattern.replace_all(&text, *word).into_owned())
}

#[test]
fn what_differs_is_a_word_and_what_does_not_is_kept() {
    let print = "0f".repeat(32);
    for (text, shown) in [
        ("at 2026-07-04 08:15:30 UTC, \u{1b}[31mred\u{1b}[0m", "at [time], red"),
        ("run 20260704T081530Z-0417beef-1 of adatum", "run [run] of adatum"),
        ("accepted after 1m 2s 30ms; after 5ms", "accepted after [span]; after [span]"),
        ("to 127.0.0.1:41234 broke, 127.0.0.1:1 too", "to [service] broke, 127.0.0.1:1 too"),
        ("  revision  0123456789ab by Ada", "  revision  [commit] by Ada"),
        (&format!("plan {print}, plan {}", &print[..12]), "plan [fingerprint], plan [fingerprint]"),
        ("approval contoso-20260704-081530 (a.yaml)", "approval [name] (a.yaml)"),
        (&format!("last hash {print}"), "last hash [hash]"),
        (
            "expires: 2026-07-10, plan deadbeef, after 15 min",
            "expires: 2026-07-10, plan deadbeef, after 15 min",
        ),
    ] {
        assert_eq!(plain(text), shown);
    }
}
