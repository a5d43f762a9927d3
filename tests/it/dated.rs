//! Intent with dates: joiners and leavers that are planned ahead.

mod moved;

use std::fmt::Write as _;

use dialplane::{
    manifest::{self, Keeper, ManifestFile},
    model::{Calling, Field, UserId, Value},
    plan::render::{self, Detail, Screen},
    sandbox::{User, World},
    yaml,
};
use jiff::Timestamp;

use crate::{
    stage::{Stage, fleet},
    support::{House, contoso, id, number, of, runnable, switch, tenant, text, upn, user},
};

const SPEC: &str = "timeZone: Europe/Berlin, writes: configureUser, \
    numbers: { release: clear, quarantine: 30d }, limits: { disable: { percent: 100 }, \
    numbers: { percent: 100 } }, defaults: { sbcGatewayId: 805, pbxLocation: \"7\", onboard: true }";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn indented(text: &str) -> String {
    text.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

/// What is planned and sent at a moment, as a part of a story.
async fn live_through(house: &House, story: &mut String, when: &str, what: &str) {
    let plan = house.plan_at(at(when)).await;
    let before = house.writes().len();
    let shown = render::screen(&plan, &Screen { detail: Detail::Usual, user: None });
    let shown = anstream::adapter::strip_str(&shown).to_string();
    let _ = write!(story, "# {when}: {what}\n{}", indented(&shown));
    house.apply(&plan).await;
    for call in house.writes().split_off(before) {
        let _ = writeln!(story, "  -> {call}");
    }
    story.push('\n');
}

#[tokio::test]
async fn a_year_with_a_joiner_who_marries_and_leaves_and_a_successor() {
    const OFFICE: &str = "carl enabled +14255550109 pbxUserId=c";
    let adele = |name: &str, dates: &str| {
        format!("{name} enabled +14255550100 pbxUserId=a from=\"2040-02-01\" {dates}")
    };
    let bert = |from: &str| format!("bert enabled +14255550100 pbxUserId=b from=\"{from}\"");
    let first = "adele enabled +14255550100 pbxUserId=a from=\"2040-01-15\"";
    let mut house = House::open(&contoso(SPEC, &[first, OFFICE]), |_| {}).await;
    house.sandbox.world(|world| {
        for (name, id) in [("adele", "a-1"), ("bert", "b-1")] {
            let mut person = User::not_set_up();
            person.id = UserId::observed(id);
            tenant(world, "contoso").users.insert(upn(&format!("{name}@contoso.com")), person);
        }
    });
    let mut story = String::new();
    let told = &mut story;
    live_through(&house, told, "2040-01-10T08:00:00Z", "adele is to begin on January 15").await;
    let moved = contoso(SPEC, &[&adele("adele", ""), OFFICE]);
    edit(&mut house, told, "2040-01-12T08:00:00Z", "she begins on February 1 instead", &moved);
    live_through(&house, told, "2040-01-15T08:00:00Z", "the day that was meant first").await;
    live_through(&house, told, "2040-01-31T22:59:59Z", "a second before February in Berlin").await;
    live_through(&house, told, "2040-01-31T23:00:00Z", "adele begins").await;
    live_through(&house, told, "2040-03-25T01:00:00Z", "the clocks are put forward").await;
    house.sandbox.world(|world| rename(world, "adele", "adele.vance"));
    live_through(&house, told, "2040-06-01T08:00:00Z", "adele marries").await;
    let married = contoso(SPEC, &[&adele("adele.vance", ""), OFFICE]);
    edit(&mut house, told, "2040-06-02T08:00:00Z", "the manifests follow", &married);
    live_through(&house, told, "2040-06-02T09:00:00Z", "her new name").await;
    let leaves = |until: &str, from: &str| {
        let adele = adele("adele.vance", &format!("until=\"{until}\""));
        contoso(SPEC, &[&adele, &bert(from), OFFICE])
    };
    let early = leaves("2040-11-01", "2040-11-15");
    edit(&mut house, told, "2040-07-01T08:00:00Z", "bert is to have her number", &early);
    let later = leaves("2040-11-01", "2040-12-01");
    edit(&mut house, told, "2040-07-01T08:30:00Z", "once it has rested", &later);
    let moved = leaves("2040-10-01", "2040-11-01");
    edit(&mut house, told, "2040-08-01T08:00:00Z", "she leaves a month earlier", &moved);
    live_through(&house, told, "2040-09-30T21:59:59Z", "a second before October in Berlin").await;
    live_through(&house, told, "2040-09-30T22:00:00Z", "adele has left").await;
    live_through(&house, told, "2040-10-28T01:00:00Z", "the clocks are put back").await;
    live_through(&house, told, "2040-10-31T22:59:59Z", "the number still rests").await;
    live_through(&house, told, "2040-10-31T23:00:00Z", "bert begins with the number").await;
    live_through(&house, told, "2040-12-24T12:00:00Z", "nothing is left to do").await;
    insta::assert_snapshot!(story);
    assert_eq!(house.user("adele.vance@contoso.com").calling, Calling::Disabled);
    let bert = house.user("bert@contoso.com");
    assert_eq!(bert.calling, Calling::Enabled);
    assert_eq!(bert.stored.get(Field::PhoneNumber), Some(&number("+14255550100")));
}

/// Other manifests, as a part of a story, with what is wrong in them.
fn edit(house: &mut House, story: &mut String, when: &str, what: &str, manifests: &str) {
    let loaded = manifest::load(&[ManifestFile::new("fleet.yaml", manifests)]);
    let wrong: String = loaded.diagnostics.iter().map(yaml::render).collect();
    let wrong = anstream::adapter::strip_str(&wrong).to_string();
    let _ = writeln!(story, "# {when}: edited: {what}\n{}", indented(&wrong));
    house.edit(&[("fleet.yaml", manifests)]);
}

fn rename(world: &mut World, before: &str, now: &str) {
    let users = &mut world.tenants.get_mut(&id("contoso")).unwrap().users;
    let person = users.remove(&upn(&format!("{before}@contoso.com"))).unwrap();
    users.insert(upn(&format!("{now}@contoso.com")), person);
}

#[tokio::test]
async fn before_its_date_nothing_is_done_and_nobody_is_disabled() {
    const WISH: &str = "adele enabled pbxUserId=a +14255550100 from=\"2040-02-01\"";
    for spec in [SPEC.to_owned(), format!("{SPEC}, prune: disable, adopt: all")] {
        for calling in [Calling::Enabled, Calling::Disabled] {
            let house = House::open(&contoso(&spec, &[WISH]), |world| {
                let adele = user(world, "adele");
                adele.calling = calling;
                adele.stored.set(Field::PhoneNumber, number("+14255550199"));
            })
            .await;
            let plan = house.plan_at(at("2040-01-31T22:59:59Z")).await;
            assert!(of(&plan, "contoso").steps.is_empty(), "{}", text(&plan));
            let early =
                "1 user with calling before `from`, left as is until then: adele@contoso.com";
            assert_eq!(text(&plan).contains(early), calling == Calling::Enabled, "{}", text(&plan));
            assert!(of(&plan, "contoso").facts.managed.is_empty(), "not managed yet");
            let plan = house.plan_at(at("2040-01-31T23:00:00Z")).await;
            assert_eq!(of(&plan, "contoso").facts.managed.len(), 1);
            assert!(!runnable(&plan).is_empty(), "{}", text(&plan));
        }
    }
}

#[tokio::test]
async fn somebody_who_never_began_is_not_pruned_when_the_entry_goes() {
    let spec = format!("{SPEC}, prune: disable, adopt: named");
    let entry = ["carl enabled", "adele enabled pbxUserId=a from=\"2040-02-01\""];
    let mut house = House::open(&contoso(&spec, &entry), |_| {}).await;
    let plan = house.plan_at(at("2040-01-01T00:00:00Z")).await;
    house.apply(&plan).await;
    house.edit(&[("fleet.yaml", &contoso(&spec, &entry[..1]))]);
    let plan = house.plan_at(at("2040-03-01T00:00:00Z")).await;
    assert!(of(&plan, "contoso").steps.is_empty(), "{}", text(&plan));
}

#[tokio::test]
async fn while_manifests_are_broken_no_date_takes_anything_away() {
    let wish = "adele enabled pbxUserId=a until=\"2040-02-01\"";
    let manifest = contoso(SPEC, &[wish]);
    let mut house = House::open(&manifest, |_| {}).await;
    house.edit(&[("fleet.yaml", &manifest.replace("calling: enabled", "calling: maybe"))]);
    let plan = house.plan_at(at("2040-03-01T00:00:00Z")).await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("their newest version may have another date"), "{}", text(&plan));
}

#[tokio::test]
async fn a_date_goes_past_no_guard() {
    let wish = "adele enabled pbxUserId=a until=\"2040-02-01\"";
    let spec = format!("{SPEC}, protect: [adele@contoso.com]");
    let house = House::open(&contoso(&spec, &[wish]), |_| {}).await;
    let plan = house.plan_at(at("2040-02-01T00:00:00Z")).await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("protected"), "{}", text(&plan));
    let spec = SPEC.replace("disable: { percent: 100 }", "disable: { percent: 0 }");
    let house = House::open(&contoso(&spec, &[wish]), |_| {}).await;
    let plan = house.plan_at(at("2040-02-01T00:00:00Z")).await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
}

#[tokio::test]
async fn a_plan_says_when_the_next_date_comes() {
    let wish = "adele enabled pbxUserId=a until=\"2040-02-01T08:00\"";
    let house = House::open(&contoso(SPEC, &[wish]), |_| {}).await;
    let plan = house.plan_at(at("2040-01-01T00:00:00Z")).await;
    assert_eq!(of(&plan, "contoso").resumes(), Some(at("2040-02-01T07:00:00Z")));
    let plan = house.plan_at(at("2040-02-01T07:00:00Z")).await;
    assert_eq!(of(&plan, "contoso").resumes(), None);
}

/// The fleet of a stage, with dates of one of contoso's people.
fn dated_fleet(dates: &str) -> String {
    let before = "user0@contoso.example\n      calling: enabled\n";
    let text = fleet();
    assert!(text.contains(before));
    text.replace(before, &format!("{before}{dates}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_plan_is_shown_and_never_carried_out() {
    let text = dated_fleet("      until: 2040-02-01T08:00:00+01:00\n");
    let stage = Stage::with(text, |desired| World::from_desired(desired, 1)).await;
    let now = stage.run(&["plan"]).await;
    assert_eq!(now.code, 3, "without a journal: {}{}", now.stdout, now.stderr);
    assert!(
        now.stdout.contains(
            "1 user with dates ahead; next, on 2040-02-01 07:00:00 UTC: \
        user0@contoso.example loses calling"
        ),
        "{}",
        now.stdout
    );
    let later = "2040-02-01T08:00:00+01:00";
    let then = stage.run(&["plan", "--at", later]).await;
    assert_eq!(then.code, 2, "{}{}", then.stdout, then.stderr);
    insta::assert_snapshot!(then.stdout);
    let json = stage.run(&["plan", "--at", later, "--output", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["at"], "2040-02-01T07:00:00Z");
    assert_eq!(
        (&json["fingerprint"], json["tenants"][1]["fingerprint"].as_str()),
        (&serde_json::Value::Null, None)
    );
    let step = &json["tenants"][1]["steps"][0];
    assert_eq!((&step["cause"], &step["since"]), (&"dated".into(), &"2040-02-01T07:00:00Z".into()));
    for refused in [&["--out", "x.plan"][..], &["--approve"], &["--base", "main"]] {
        let refused = stage.run(&[&["plan", "--at", later], refused].concat()).await;
        assert_eq!(refused.code, 1, "{}", refused.stderr);
    }
    let past = stage.run(&["plan", "--at", "2020-02-01T08:00:00Z"]).await;
    assert!(past.code == 1 && past.stderr.contains("this time has passed"), "{}", past.stderr);
    assert_eq!(stage.run(&["apply", "--at", later]).await.code, 1);
    assert_eq!(stage.writes(), [""; 0]);
    let why = stage.run(&["why", "user0@contoso.example"]).await;
    assert!(
        why.stdout.contains("until 2040-02-01 07:00:00 UTC: calling is off from then on"),
        "{}",
        why.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_a_date_does_not_last_and_a_person_edits_the_date() {
    let text = dated_fleet("      until: 2020-02-01T08:00:00+01:00\n");
    let stage = Stage::with(text, |desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| switch(world, "user0@contoso.example", Calling::Enabled));
    let applied = stage.run(&["apply", "--output", "json", "--yes"]).await;
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert_eq!(stage.calling("contoso", "user0@contoso.example"), Calling::Disabled);
    let report: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    let tenants = report["tenants"].as_array().unwrap();
    let run = tenants.iter().find(|tenant| tenant["tenant"] == "contoso").unwrap();
    let run = run["run"].as_str().unwrap();
    let undo = stage.run(&["undo", run]).await;
    assert!(undo.stdout.contains("enable   user0@contoso.example"), "{}", undo.stdout);
    assert!(undo.stdout.contains("git still wants what"), "{}", undo.stdout);
    let patch = stage.run(&["undo", run, "--patch"]).await;
    assert!(
        patch.stderr.contains("until: none, or a later time"),
        "{}{}",
        patch.stdout,
        patch.stderr
    );
    let why = stage.run(&["why", "user0@contoso.example"]).await;
    assert!(
        why.stdout.contains("until 2020-02-01 07:00:00 UTC, which has come: calling is off"),
        "{}",
        why.stdout
    );
    assert!(why.stdout.contains("calling disabled"), "{}", why.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_acts_when_a_date_comes() {
    let until = Timestamp::now() + std::time::Duration::from_secs(4);
    let until = Timestamp::from_second(until.as_second()).unwrap();
    let text = dated_fleet(&format!("      until: {until}\n"));
    let stage = Stage::with(text, |desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| switch(world, "user0@contoso.example", Calling::Enabled));
    let mut service = stage.start(&["run"]);
    // Nothing but the date wakes it up: the next look would come in 15 minutes.
    let is_off = || stage.calling("contoso", "user0@contoso.example") == Calling::Disabled;
    service.until("the date", is_off).await;
    assert!(Timestamp::now() >= until, "not before");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_takes_calling_from_nobody_before_the_time() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let name = "    - userPrincipalName: user9@contoso.example\n";
    let over = Timestamp::from_second(Timestamp::now().as_second() - 24 * 3600).unwrap();
    let dated = format!("{name}      until: \"{over}\"\n");
    std::fs::write(stage.manifest(), fleet().replacen(name, &dated, 1)).unwrap();
    for (hours, code) in [(-48, 3), (-25, 3), (-23, 2), (0, 2), (48, 2)] {
        stage.sandbox.faults(|faults| faults.clock_ahead_seconds = hours * 3600);
        let plan = stage.run(&["plan"]).await;
        assert_eq!(plan.code, code, "{hours} h: {}", plan.stdout);
        assert_eq!(plan.stdout.contains("[clock-ahead]"), code == 3, "{hours} h: {}", plan.stdout);
    }
}

#[tokio::test]
async fn a_date_of_an_older_version_takes_calling_from_nobody() {
    let spec = "timeZone: UTC, limits: { disable: { percent: 100 } }";
    let manifests = contoso(spec, &["ann enabled until=\"2040-01-10\"", "bob enabled"]);
    let mut house = House::open(&manifests, |world| {
        user(world, "ann").calling = Calling::Enabled;
    })
    .await;
    let now = at("2040-01-15T08:00:00Z");
    assert_eq!(runnable(&house.plan_at(now).await).len(), 1, "her time is over");
    // The newest version may have another date, and cannot be read.
    house.edit(&[("fleet.yaml", &manifests.replacen("mode: enforce", "mode: enforced", 1))]);
    let plan = house.plan_at(now).await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("their newest version may have another date"), "{}", text(&plan));
}

/// What is said of somebody who holds a number that another one is to have now.
#[tokio::test]
async fn a_number_that_a_date_keeps_is_not_said_to_be_given_up() {
    for (dates, remedy) in [
        ("from=\"2040-02-01\"", "give adele@contoso.com another number"),
        ("until=\"2040-01-10\"", "a disabled user keeps its number"),
    ] {
        let adele = format!("adele enabled +14255550100 pbxUserId=a {dates}");
        let manifests = contoso(SPEC, &[&adele, "carl enabled +14255550199 pbxUserId=c"]);
        let house = House::open(&manifests, |world| {
            user(world, "carl").stored.set(Field::PhoneNumber, Value::NoPhone);
            user(world, "adele").stored.set(Field::PhoneNumber, number("+14255550199"));
        })
        .await;
        let plan = text(&house.plan_at(at("2040-01-15T08:00:00Z")).await);
        assert!(plan.contains("+14255550199 is held by adele@contoso.com"), "{plan}");
        assert!(plan.contains(remedy) && !plan.contains("take it from"), "{plan}");
    }
}

#[tokio::test]
async fn who_has_not_begun_yet_is_not_the_phone_that_stays_at_a_site() {
    let spec = "timeZone: UTC, limits: { disable: { percent: 100 } }";
    for (from, is_last) in [("2040-02-01", true), ("2040-01-01", false)] {
        let cat = format!("cat enabled site=lobby from=\"{from}\"");
        let house = House::open(&contoso(spec, &["ann disabled site=lobby", &cat]), |world| {
            user(world, "ann").calling = Calling::Enabled;
            user(world, "cat").calling = Calling::Enabled;
        })
        .await;
        let plan = house.plan_at(at("2040-01-15T08:00:00Z")).await;
        assert_eq!(text(&plan).contains("last phone that works at site lobby"), is_last);
        assert_eq!(runnable(&plan).is_empty(), is_last, "{}", text(&plan));
    }
}

#[tokio::test]
async fn without_a_quarantine_a_number_is_handed_on_at_the_moment_it_is_free() {
    let spec = SPEC.replace(", quarantine: 30d", "");
    let adele = "adele enabled +14255550100 pbxUserId=a until=\"2040-02-01\"";
    let bert = "bert enabled +14255550100 pbxUserId=b from=\"2040-02-01\"";
    let house = House::open(&contoso(&spec, &[adele, bert]), |world| {
        let bert = user(world, "bert");
        bert.calling = Calling::Disabled;
        bert.stored.set(Field::PhoneNumber, Value::NoPhone);
    })
    .await;
    for (when, begins) in [("2040-01-31T22:59:59Z", false), ("2040-01-31T23:00:00Z", true)] {
        let plan = house.plan_at(at(when)).await;
        let is_touched = runnable(&plan).iter().any(|(_, user)| user.starts_with("bert"));
        assert_eq!(is_touched, begins, "{when}\n{}", text(&plan));
    }
}

#[test]
fn tenants_that_take_turns_do_not_collide_while_one_of_them_keeps_an_older_version() {
    let adele = "adele enabled +14255550100 pbxUserId=a until=\"2040-02-01\"";
    let bert = "bert enabled +14255550100 pbxUserId=b from=\"2040-06-01\"";
    let both = crate::support::fleet(&[("contoso", SPEC, &[adele]), ("fabrikam", SPEC, &[bert])]);
    let documents: Vec<&str> = both.split_inclusive("---\n").collect();
    let (contoso, fabrikam) = (documents[..2].concat(), documents[2..].concat());
    let mut keeper = Keeper::default();
    for contoso in [contoso.as_str(), "kind: ["] {
        let files = [("a.yaml", contoso), ("b.yaml", fabrikam.as_str())];
        let loaded = manifest::load(&files.map(|(file, text)| ManifestFile::new(file, text)));
        let in_force = keeper.take(loaded);
        assert_eq!((in_force.desired.tenants.len(), in_force.broken.len()), (2, 0), "{contoso}");
    }
}
