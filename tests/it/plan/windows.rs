//! Change windows: what waits and for how long, daylight saving included, and that the rest goes
//! on.

use std::fmt::Write as _;

use dialplane::{
    journal::VolatileJournal,
    model::{Calling, Entry, Event, Field, RunId, Value, Windows},
    plan::{HoldKind, window},
};
use jiff::Timestamp;
use proptest::prelude::*;

use super::carry_out;
use crate::snapshot::snapshot;
use crate::support::{House, contoso, id, name, number, of, runnable, store, switch, text};

const NIGHTS: &str = "windows: \
    { timeZone: Europe/Berlin, allow: [ { days: [mon, tue, wed, thu], from: \"22:00\", to: \"05:00\" } ] }";

/// An update, an enable, a disable, a first number, a number that changes, one that is given up,
/// and one of a disabled user.
const MIXED: [&str; 7] = [
    "adele enabled useTeamsVoicemail=true",
    "bert enabled +14255550102",
    "carl disabled",
    "dora enabled +14255550104",
    "eric enabled +14255550105",
    "fred enabled none",
    "gina disabled none",
];

async fn mixed(spec: &str) -> House {
    House::open(
        &contoso(
            &format!(
                "{spec}, numbers: {{ release: clear }}, limits: {{ disable: {{ percent: 100 }} }}"
            ),
            &MIXED,
        ),
        |world| {
            store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
            store(world, "bert", Field::PhoneNumber, number("+14255550109"));
            switch(world, "bert", Calling::Disabled);
            switch(world, "carl", Calling::Enabled);
            store(world, "dora", Field::PhoneNumber, Value::NoPhone);
            store(world, "eric", Field::PhoneNumber, number("+14255550115"));
            store(world, "fred", Field::PhoneNumber, number("+14255550116"));
            store(world, "gina", Field::PhoneNumber, number("+14255550117"));
        },
    )
    .await
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn what_interrupts_waits_and_the_rest_goes_on() {
    let house = mixed(NIGHTS).await;
    // A Friday: the next window opens on Monday night.
    let friday = at("2026-07-03T10:00:00Z");
    let plan = house.plan_at(friday).await;
    snapshot!(text(&plan));
    assert_eq!(of(&plan, "contoso").resumes(), Some(at("2026-07-06T20:00:00Z")));
    let waiting: Vec<&str> = of(&plan, "contoso")
        .steps
        .iter()
        .filter(|step| step.holds.iter().any(|hold| hold.kind == HoldKind::Window))
        .map(|step| step.user.as_str().split('@').next().unwrap())
        .collect();
    assert_eq!(waiting, ["carl", "eric", "fred"]);
    carry_out(&house, &plan).await;
    // Inside the window the rest runs, and then nothing is left.
    let inside = house.plan_at(at("2026-07-06T20:00:00Z")).await;
    assert_eq!(runnable(&inside).len(), 3, "{}", text(&inside));
    carry_out(&house, &inside).await;
    let after = house.plan_at(at("2026-07-07T09:00:00Z")).await;
    assert_eq!(
        (runnable(&after).len(), of(&after, "contoso").resumes()),
        (0, None),
        "{}",
        text(&after)
    );
}

#[tokio::test]
async fn a_window_that_never_opens_is_told() {
    let house = mixed("windows: { timeZone: UTC, deny: [ { from: \"00:00\" } ] }").await;
    let plan = house.plan_at(at("2026-07-03T10:00:00Z")).await;
    assert!(text(&plan).contains("none opens within a year"), "{}", text(&plan));
    assert_eq!(of(&plan, "contoso").resumes(), None);
}

/// Windows as they are written.
fn windows(text: &str) -> Windows {
    let manifests = contoso(&format!("windows: {text}"), &["adele enabled"]);
    let loaded = dialplane::manifest::load(&[dialplane::manifest::ManifestFile::new(
        "fleet.yaml",
        &manifests,
    )]);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.desired.tenants.values().next().unwrap().windows.clone().unwrap()
}

/// What a clock on the wall shows at each moment of a time at which windows open or close.
fn changes(windows: &Windows, from: &str, hours: i64) -> String {
    let begin = at(from);
    let mut told = String::new();
    let mut was = None;
    for minute in 0..hours * 60 {
        let now = begin + jiff::SignedDuration::from_mins(minute);
        let open = window::is_open(windows, now);
        if was.replace(open) != Some(open) {
            let local = now.to_zoned_datetime(windows.zone.clone());
            let _ = writeln!(
                told,
                "  {} {}",
                local.strftime("%a %d %H:%M %Z"),
                if open { "open" } else { "closed" }
            );
        }
    }
    told
}

/// Whoever looks in these hours is told the first minute that is open in them, and never one that
/// is closed.
fn foreseen(windows: &Windows, from: &str, hours: i64) {
    let moments: Vec<Timestamp> =
        (0..hours * 60).map(|minute| at(from) + jiff::SignedDuration::from_mins(minute)).collect();
    let mut next = None;
    for (minute, now) in moments.into_iter().enumerate().rev() {
        next = if window::is_open(windows, now) { Some(now) } else { next };
        if next.is_some() && minute % 30 == 0 {
            assert_eq!(window::next_open(windows, now), next, "from {now}");
        }
    }
}

#[test]
fn windows_over_both_changes_of_the_clocks() {
    let nights = |from: &str, to: &str| {
        windows(&format!(
            "{{ timeZone: Europe/Berlin, allow: [ {{ days: [sat, sun], from: \"{from}\", to: \"{to}\" }} ] }}"
        ))
    };
    let mut told = String::new();
    for (what, from) in [
        ("spring, 02:00 becomes 03:00", "2026-03-27T22:00:00Z"),
        ("autumn, 03:00 becomes 02:00", "2026-10-23T22:00:00Z"),
    ] {
        for (begin, end) in [
            ("22:00", "05:00"),
            ("01:00", "02:30"),
            ("02:15", "02:45"),
            ("02:30", "04:00"),
            ("23:30", "24:00"),
        ] {
            let windows = nights(begin, end);
            foreseen(&windows, from, 54);
            let _ = write!(told, "{what}: {begin} to {end}\n{}", changes(&windows, from, 54));
        }
    }
    snapshot!(told);
}

#[test]
fn days_dates_and_exceptions() {
    let cases = [
        ("{ timeZone: UTC, allow: [ { days: [sat, sun] } ] }", 24 * 8),
        (
            "{ timeZone: UTC, deny: [ { days: [mon, tue, wed, thu, fri], from: \"08:00\", to: \"18:00\" } ] }",
            24 * 4,
        ),
        (
            "{ timeZone: UTC, allow: [ { from: \"20:00\", to: \"06:00\" } ], deny: [ { first: 2026-07-04, last: 2026-07-05 } ] }",
            24 * 5,
        ),
        (
            "{ timeZone: UTC, allow: [ { first: 2026-07-05, from: \"23:00\", to: \"01:00\" } ], deny: [ { to: \"00:30\" } ] }",
            24 * 6,
        ),
        (
            "{ timeZone: America/St_Johns, allow: [ { last: 2026-07-03, from: \"12:00\" } ] }",
            24 * 4,
        ),
    ];
    let mut told = String::new();
    for (text, hours) in cases {
        let _ = write!(told, "{text}\n{}", changes(&windows(text), "2026-07-03T00:00:00Z", hours));
    }
    snapshot!(told);
}

const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
];

fn span() -> impl Strategy<Value = String> {
    let days =
        prop::sample::subsequence(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 0..7);
    let time = (0..24_u8, prop::sample::select(vec![0_u8, 1, 15, 30, 59]));
    (days, time.clone(), time, 0..4_u8, 1..28_u8, 0..20_u8).prop_map(
        |(days, from, to, kind, day, length)| {
            let to =
                if from == to { "24:00".to_owned() } else { format!("{:02}:{:02}", to.0, to.1) };
            let mut keys = vec![format!("from: \"{:02}:{:02}\", to: \"{to}\"", from.0, from.1)];
            if !days.is_empty() {
                keys.push(format!("days: [{}]", days.join(", ")));
            }
            if kind == 0 {
                keys.push(format!("first: 2026-03-{day:02}, last: 2026-04-{:02}", length + 1));
            }
            format!("{{ {} }}", keys.join(", "))
        },
    )
}

#[test]
fn the_next_opening_is_the_one_that_a_look_at_each_minute_finds() {
    let spans = || prop::collection::vec(span(), 0..3);
    // Around the changes of the clocks in March, April, October and November.
    let begin = (
        prop::sample::select(vec![
            1_773_000_000_i64,
            1_774_700_000,
            1_775_300_000,
            1_792_800_000,
            1_793_500_000,
        ]),
        0..200_000_i64,
    );
    let cases = (prop::sample::select(ZONES.to_vec()), spans(), spans(), begin);
    let config =
        ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(
        proptest::test_runner::RngAlgorithm::ChaCha,
    );
    proptest::test_runner::TestRunner::new_with_rng(config, rng)
        .run(&cases, |(zone, allow, deny, (begin, more))| {
            prop_assume!(!allow.is_empty() || !deny.is_empty());
            let text = format!(
                "{{ timeZone: {zone}, allow: [{}], deny: [{}] }}",
                allow.join(", "),
                deny.join(", ")
            );
            let windows = windows(&text);
            let now = Timestamp::from_second((begin + more) / 60 * 60).unwrap();
            let minutes =
                (0..9 * 24 * 60).map(|minute| now + jiff::SignedDuration::from_mins(minute));
            let scanned = minutes.into_iter().find(|minute| window::is_open(&windows, *minute));
            let found = window::next_open(&windows, now);
            let far =
                |at: Timestamp| at.duration_since(now) >= jiff::SignedDuration::from_hours(9 * 24);
            if scanned.is_some() {
                prop_assert_eq!(found, scanned, "{} from {}", text, now);
            } else {
                prop_assert!(found.is_none_or(far), "{} from {}: {:?}", text, now, found);
            }
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn what_has_ended_by_one_of_two_clocks_alone_has_not_ended() {
    let spec = "windows: { timeZone: UTC, allow: [ { from: \"22:00\", to: \"05:00\" } ] }, \
        limits: { disable: { percent: 100 } }";
    let mut house = House::open(&contoso(spec, &["ann disabled"]), |world| {
        switch(world, "ann", Calling::Enabled);
    })
    .await;
    let suspended = Event::Suspended {
        by: "ada".to_owned(),
        reason: "the vendor is moving".to_owned(),
        until: Some(at("2040-01-14T12:00:00Z")),
    };
    house.journal = VolatileJournal::of([Entry {
        at: at("2040-01-10T12:00:00Z"),
        run: RunId::new("r1"),
        tenant: name("contoso"),
        tenant_id: id("contoso"),
        event: suspended,
    }]);
    let nothing: [HoldKind; 0] = [];
    // By this machine's clock the suspension is over, and the window is open.
    for (hours, kinds, told) in [
        (0, &nothing[..], "disable  ann@contoso.com"),
        (-24, &nothing, "disable  ann@contoso.com"),
        (-12, &[HoldKind::Window], "not by the service's (Sunday, 2040-01-15 at 1"),
        (12, &[HoldKind::Window], "not by the service's (Monday, 2040-01-16 at 1"),
        (-48, &[HoldKind::Suspended], "it has ended by the clock of this machine"),
    ] {
        house.sandbox.faults(|faults| faults.clock_ahead_seconds = hours * 3600);
        let plan = house.plan_at(at("2040-01-15T23:00:00Z")).await;
        let steps = of(&plan, "contoso").steps.iter().flat_map(|step| &step.holds);
        let found = of(&plan, "contoso").holds.iter().chain(steps).map(|hold| hold.kind);
        assert_eq!(found.collect::<Vec<_>>(), kinds, "{hours} h: {}", text(&plan));
        assert_eq!(runnable(&plan).is_empty(), !kinds.is_empty(), "{hours} h");
        assert!(text(&plan).contains(told), "{hours} h: {}", text(&plan));
    }
}
