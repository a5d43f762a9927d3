//! Whom only a missing line would disable: who waits for how long, and what ends the wait.

use std::time::Duration;

use dialplane::{
    manifest::Absences,
    pass,
    plan::{Fleet, HoldKind, Observation, Plan, Rules},
};
use jiff::{SignedDuration, Timestamp};

use super::carry_out;
use crate::snapshot::snapshot;
use crate::support::{House, contoso, fleet, name, of, runnable, text};

const SPEC: &str = "prune: disable, limits: { disable: { percent: 100 } }";
const PATIENCE: Duration = Duration::from_secs(300);

fn after(seconds: i64) -> Timestamp {
    "2026-03-01T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// A house that has managed these users, and since when lines are missing.
async fn managed(users: &[&str]) -> (House, Absences) {
    let mut house = House::open(&contoso(SPEC, users), |_| {}).await;
    carry_out(&house, &house.plan().await).await;
    let mut absences = Absences::default();
    absences.take(&mut house.in_force, after(-1000), PATIENCE, |_| false);
    (house, absences)
}

fn waiting(plan: &Plan) -> Vec<&str> {
    let steps = of(plan, "contoso").steps.iter();
    let waits = steps.filter(|step| step.holds.iter().any(|hold| hold.kind == HoldKind::Absent));
    waits.map(|step| step.user.as_str().split('@').next().unwrap()).collect()
}

/// Who is touched at once.
fn running(plan: &Plan) -> Vec<String> {
    let short = |user: &str| user.split('@').next().unwrap().to_owned();
    runnable(plan).iter().map(|(_, user)| short(user)).collect()
}

const ALL: [&str; 4] = ["ann enabled", "bob enabled", "cat enabled", "dan enabled"];

#[tokio::test]
async fn a_line_that_is_missing_counts_after_a_while_and_one_that_comes_back_never_did() {
    let (mut house, mut absences) = managed(&ALL).await;
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..2]))]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    let plan = house.plan_at(after(10)).await;
    snapshot!(text(&plan));
    assert_eq!(waiting(&plan), ["cat", "dan"]);
    assert_eq!(of(&plan, "contoso").resumes(), Some(after(300)), "it says when it runs");
    assert_eq!(carry_out(&house, &plan).await, [""; 0]);
    // Dan's line comes back and goes once more: it counts anew.
    house.edit(&[("fleet.yaml", &contoso(SPEC, &["ann enabled", "bob enabled", "dan enabled"]))]);
    absences.take(&mut house.in_force, after(100), PATIENCE, |_| false);
    assert_eq!(waiting(&house.plan_at(after(110)).await), ["cat"]);
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..2]))]);
    absences.take(&mut house.in_force, after(200), PATIENCE, |_| false);
    let plan = house.plan_at(after(301)).await;
    assert_eq!(waiting(&plan), ["dan"]);
    assert_eq!(running(&plan), ["cat"]);
    assert_eq!(waiting(&house.plan_at(after(500)).await), [""; 0]);
}

#[tokio::test]
async fn a_commit_of_which_an_older_version_is_in_force_says_nothing_of_missing_lines() {
    let (mut house, mut absences) = managed(&ALL).await;
    let without_cat = contoso(SPEC, &["ann enabled", "bob enabled", "dan enabled"]);
    house.edit(&[("fleet.yaml", &without_cat)]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert_eq!(waiting(&house.plan_at(after(1)).await), ["cat"]);
    // It is committed with a mistake, and corrected in the folder alone.
    house.edit(&[("fleet.yaml", &without_cat.replacen("mode: enforce", "mode: enforced", 1))]);
    assert_eq!(house.in_force.kept.len(), 1);
    absences.take(&mut house.in_force, after(10), PATIENCE, |_| true);
    assert_eq!(running(&house.plan_at(after(11)).await), [""; 0]);
    house.edit(&[("fleet.yaml", &without_cat)]);
    absences.take(&mut house.in_force, after(20), PATIENCE, |_| false);
    let plan = house.plan_at(after(21)).await;
    assert_eq!(waiting(&plan), ["cat"], "{}", text(&plan));
    assert_eq!(running(&plan), [""; 0]);
    assert_eq!(running(&house.plan_at(after(301)).await), ["cat"]);
}

#[tokio::test]
async fn a_line_that_nobody_has_looked_for_again_may_be_back() {
    let (mut house, mut absences) = managed(&ALL).await;
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..3]))]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    let tenants = house.in_force.desired.tenants.values();
    let observed = pass::observe(&house.readers, tenants, house.execution.readers, |_| {}).await;
    let plan = |looked: i64, now: i64| {
        let rules = Rules { looked: Some(after(looked)), ..pass::rules(&house.execution) };
        let mut fleet = Fleet::new(rules);
        fleet.take(house.in_force.tenants(), &house.in_force.broken);
        for (name, tenant) in &house.in_force.desired.tenants {
            let look = Observation::Seen(observed.get(name).unwrap().clone().unwrap());
            fleet.looked(name, &tenant.id, look, house.journal.remembered(&tenant.id));
        }
        // Other settings do not make it look.
        fleet.rule(pass::rules(&house.execution));
        fleet.plan_all(after(now))
    };
    // The last look was before it counts, however late it is.
    for now in [10, 299, 300, 100_000] {
        let plan = plan(10, now);
        assert_eq!(waiting(&plan), ["dan"], "{now}");
        let resumes = (now < 300).then(|| after(300));
        assert_eq!(of(&plan, "contoso").resumes(), resumes, "{now}");
        assert_eq!(
            text(&plan).contains("counts once the manifests are looked at again"),
            now >= 300
        );
    }
    assert_eq!(running(&plan(300, 300)), ["dan"]);
    // A clock that was put back in between does not make it earlier.
    assert_eq!(waiting(&plan(300, 299)), ["dan"]);
}

#[tokio::test]
async fn a_time_zone_that_is_missing_holds_whom_its_dates_move() {
    let date = |day: &str| format!("dan enabled until={day}");
    let clocks = "timeZone: Pacific/Honolulu";
    let windows = "windows: { timeZone: Pacific/Kiritimati, allow: [{ first: 2020-01-01, last: \
        2030-01-01 }] }, limits: { disable: { percent: 100 } }";
    let users = ["ann enabled", "bob disabled", &date("2026-03-02")];
    let without_ann = ["ann disabled", users[1], users[2]];
    let both = contoso(&format!("{clocks}, {windows}"), &users);
    let mut house = House::open(&both, |_| {}).await;
    let mut absences = Absences::default();
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    // It is the second of March in Kiritimati, and not in Honolulu.
    let late = 16 * 3600;
    assert!(!running(&house.plan_at(after(late)).await).contains(&"dan".to_owned()));
    house.edit(&[("fleet.yaml", &contoso(windows, &without_ann))]);
    absences.take(&mut house.in_force, after(late), PATIENCE, |_| false);
    let plan = house.plan_at(after(late + 1)).await;
    assert_eq!(waiting(&plan), ["dan"]);
    assert_eq!(running(&plan), ["ann"], "no date of hers moves");
    assert!(text(&plan).contains("`timeZone` of the tenant, by which dates"), "{}", text(&plan));
    assert!(running(&house.plan_at(after(late + 300)).await).contains(&"dan".to_owned()));
}

#[tokio::test]
async fn what_is_said_is_no_absence() {
    let (mut house, mut absences) = managed(&ALL).await;
    let said = ["ann enabled", "bob enabled", "cat enabled", "dan disabled"];
    house.edit(&[("fleet.yaml", &contoso(SPEC, &said))]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert_eq!(running(&house.plan_at(after(1)).await), ["dan"]);
}

#[tokio::test]
async fn a_commit_says_it_at_once_before_or_after_it_was_seen() {
    let (mut house, mut absences) = managed(&ALL).await;
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..3]))]);
    let mut early = absences.clone();
    early.take(&mut house.in_force, after(0), PATIENCE, |_| true);
    assert_eq!(running(&house.plan_at(after(1)).await), ["dan"]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert_eq!(running(&house.plan_at(after(1)).await), [""; 0]);
    assert_eq!(absences.said(&mut house.in_force, |_| true).len(), 1, "that is news for contoso");
    assert_eq!(running(&house.plan_at(after(1)).await), ["dan"]);
    assert_eq!(
        absences.said(&mut house.in_force, |_| true).len(),
        0,
        "and the second time it is none"
    );
}

#[tokio::test]
async fn a_commit_of_one_tenant_says_nothing_of_another() {
    let both = |contoso: &[&str], fabrikam: &[&str]| {
        fleet(&[("contoso", SPEC, contoso), ("fabrikam", SPEC, fabrikam)])
    };
    let mut house = House::open(&both(&ALL, &["eve enabled", "fay enabled"]), |_| {}).await;
    carry_out(&house, &house.plan().await).await;
    let mut absences = Absences::default();
    absences.take(&mut house.in_force, after(-1000), PATIENCE, |_| false);
    house.edit(&[("fleet.yaml", &both(&ALL[..3], &["eve enabled"]))]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert_eq!(running(&house.plan_at(after(1)).await), [""; 0]);
    let news = absences.said(&mut house.in_force, |tenant| *tenant == name("contoso"));
    assert_eq!(news, [name("contoso")]);
    assert_eq!(running(&house.plan_at(after(1)).await), ["dan"]);
    assert_eq!(running(&house.plan_at(after(300)).await), ["dan", "fay"]);
}

#[tokio::test]
async fn only_a_guard_that_is_missing_is_waited_for_and_not_one_that_says_otherwise() {
    let number = "protect: [\"+14255550101\"]";
    for (before, now, missing) in [
        (number, "", Some("`protect`")),
        (number, "protect: [\"+14255550102\"]", Some("`protect`")),
        (number, "protect: [\"+14255550102\", \"+14255550101\"]", None),
        ("limits: { numbers: { percent: 1 } }", "", Some("`limits`")),
        ("limits: { shrink: { percent: 1 } }", "", Some("`limits`")),
        ("limits: { shrink: { percent: 1 } }", "limits: { shrink: { percent: 2 } }", None),
        ("", "limits: { shrink: { percent: 1 } }", None),
    ] {
        let mut house = House::open(&contoso(before, &ALL), |_| {}).await;
        let mut absences = Absences::default();
        let noted = |house: &House| {
            let guards = &house.in_force.desired.tenants[&name("contoso")].missing.guards;
            guards.as_ref().map(|(_, what)| what.clone())
        };
        absences.take(&mut house.in_force, after(-1000), PATIENCE, |_| false);
        house.edit(&[("fleet.yaml", &contoso(now, &ALL))]);
        absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
        assert_eq!(noted(&house).as_deref(), missing, "{before} -> {now}");
        absences.take(&mut house.in_force, after(299), PATIENCE, |_| false);
        assert_eq!(noted(&house).as_deref(), missing, "{before} -> {now}");
        absences.take(&mut house.in_force, after(300), PATIENCE, |_| false);
        assert_eq!(noted(&house), None, "{before} -> {now}");
    }
}

#[tokio::test]
async fn a_guard_that_is_missing_is_not_gone_at_once() {
    let closed =
        "windows: { timeZone: UTC, allow: [{ days: [sat], from: \"01:00\", to: \"02:00\" }] }";
    let protects = "protect: [dan@contoso.com]";
    let site = "protect: [{ site: lobby }]";
    let strict = "limits: { disable: { percent: 0 } }";
    let dan = "dan disabled site=lobby reason=moved";
    let leavers = ["ann enabled", "bob enabled", "cat enabled site=lobby", dan];
    let guards =
        [(closed, "`windows`"), (protects, "`protect`"), (site, "`protect`"), (strict, "`limits`")];
    for (guard, what) in guards {
        let mut house = House::open(&contoso(guard, &ALL), |_| {}).await;
        carry_out(&house, &house.plan().await).await;
        let mut absences = Absences::default();
        absences.take(&mut house.in_force, after(-1000), PATIENCE, |_| false);
        house.edit(&[("fleet.yaml", &contoso(guard, &leavers))]);
        absences.take(&mut house.in_force, after(-500), PATIENCE, |_| false);
        assert_eq!(running(&house.plan_at(after(-1)).await), [""; 0], "{what} holds it");
        // The file is cut short for a moment.
        house.edit(&[("fleet.yaml", &contoso("", &leavers))]);
        let mut later = absences.clone();
        let mut said = absences.clone();
        absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
        let plan = house.plan_at(after(10)).await;
        assert_eq!(running(&plan), [""; 0], "{what}");
        assert!(text(&plan).contains(&format!("{what} of the tenant")), "{}", text(&plan));
        assert_eq!(of(&plan, "contoso").resumes(), Some(after(300)), "{what}");
        assert_eq!(running(&house.plan_at(after(300)).await), ["dan"], "{what}");
        // It comes back.
        house.edit(&[("fleet.yaml", &contoso(guard, &leavers))]);
        later.take(&mut house.in_force, after(20), PATIENCE, |_| false);
        assert_eq!(waiting(&house.plan_at(after(30)).await), [""; 0], "{what}");
        assert_eq!(running(&house.plan_at(after(30)).await), [""; 0], "{what} holds it again");
        // A commit says it.
        house.edit(&[("fleet.yaml", &contoso("", &leavers))]);
        let mut later = said.clone();
        said.take(&mut house.in_force, after(0), PATIENCE, |_| true);
        assert_eq!(running(&house.plan_at(after(1)).await), ["dan"], "{what}");
        // The same, after it was seen; and then it stays said.
        later.take(&mut house.in_force, after(0), PATIENCE, |_| false);
        assert_eq!(running(&house.plan_at(after(1)).await), [""; 0], "{what}");
        assert_eq!(later.said(&mut house.in_force, |_| true).len(), 1, "{what}");
        later.take(&mut house.in_force, after(2), PATIENCE, |_| false);
        assert_eq!(running(&house.plan_at(after(3)).await), ["dan"], "{what}");
    }
}

#[tokio::test]
async fn a_window_that_is_missing_keeps_numbers_where_they_are_and_lets_calling_begin() {
    let closed =
        "windows: { timeZone: UTC, allow: [{ days: [sat], from: \"01:00\", to: \"02:00\" }] }";
    let before = ["ann enabled +14255550101", "bob disabled", "cat enabled", "dan enabled"];
    let now = ["ann enabled +14255550102", "bob enabled", "cat enabled", "dan enabled"];
    let mut house = House::open(&contoso(closed, &before), |_| {}).await;
    carry_out(&house, &house.plan().await).await;
    let mut absences = Absences::default();
    absences.take(&mut house.in_force, after(-1000), PATIENCE, |_| false);
    house.edit(&[("fleet.yaml", &contoso("", &now))]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert_eq!(running(&house.plan_at(after(10)).await), ["bob"]);
    assert_eq!(running(&house.plan_at(after(300)).await), ["ann", "bob"]);
}

#[tokio::test]
async fn who_has_just_begun_to_look_knows_nobody_who_is_missing() {
    let mut house = House::open(&contoso(SPEC, &ALL), |_| {}).await;
    carry_out(&house, &house.plan().await).await;
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..3]))]);
    let mut absences = Absences::default();
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert_eq!(waiting(&house.plan_at(after(299)).await), ["dan"]);
    assert_eq!(running(&house.plan_at(after(300)).await), ["dan"]);
}

#[tokio::test]
async fn a_tenant_that_comes_back_file_by_file_is_waited_for_once_more() {
    let (mut house, mut absences) = managed(&ALL).await;
    house.edit(&[("other.yaml", "# nothing yet\n")]);
    absences.take(&mut house.in_force, after(0), PATIENCE, |_| false);
    assert!(house.in_force.desired.tenants.is_empty());
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..2]))]);
    absences.take(&mut house.in_force, after(900), PATIENCE, |_| false);
    assert_eq!(waiting(&house.plan_at(after(1199)).await), ["cat", "dan"]);
    assert_eq!(running(&house.plan_at(after(1200)).await).len(), 2);
}

#[tokio::test]
async fn an_empty_file_of_unknown_content_holds_removals() {
    let (mut house, _) = managed(&ALL).await;
    house.in_force.doubt(&dialplane::model::Doubt {
        reason: "x.yaml is empty".to_owned(),
        remedy: "fill it".to_owned(),
    });
    assert_eq!(running(&house.plan().await), [""; 0]);
    house.edit(&[("fleet.yaml", &contoso(SPEC, &ALL[..3]))]);
    house.in_force.doubt(&dialplane::model::Doubt {
        reason: "x.yaml is empty".to_owned(),
        remedy: "fill it".to_owned(),
    });
    let plan = house.plan().await;
    assert_eq!(running(&plan), [""; 0]);
    let hold = &of(&plan, "contoso").steps[0].holds[0];
    assert_eq!((hold.kind, hold.reason.as_str()), (HoldKind::Incomplete, "x.yaml is empty"));
}
