//! Approvals: each opens what it names for the plan that it was made for, once, and says what
//! became of it.

use dialplane::{
    manifest::{Keeper, ManifestFile, load},
    model::{Calling, Entry, Event, Field, Fingerprint, Value},
    plan::{Action, HoldKind, Plan, TenantPlan, render},
    ports::Journal,
    sandbox::{InjectedFault, Route},
};
use jiff::Timestamp;

use super::{carry_out, done, scenario};
use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, id, name, of, on, runnable, store, stranger, switch, text,
};

/// The manifests are this file; approvals stand in others.
const FLEET: &str = "fleet.yaml";

/// Twenty users of whom `leavers` are to be disabled, one of them protected; the last one gets
/// voicemail.
fn fleet(leavers: usize) -> String {
    let user = |n| match n {
        0 => "u00 disabled reason=left".to_owned(),
        n if n < leavers => format!("u{n:02} disabled"),
        n => format!("u{n:02} enabled useTeamsVoicemail=true"),
    };
    let users: Vec<String> = (0..20).map(user).collect();
    contoso("protect: [u00@contoso.com]", &users.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn house(leavers: usize) -> House {
    House::open(&fleet(leavers), |world| {
        (0..leavers).for_each(|n| switch(world, &format!("u{n:02}"), Calling::Enabled));
        store(world, "u19", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await
}

fn approval(plan: &Plan) -> String {
    let text = render::approvals(plan, "the interns have left", Timestamp::now());
    assert!(text.contains("kind: Approval"), "{text}");
    text
}

fn fingerprint(plan: &Plan) -> &Fingerprint {
    of(plan, "contoso").fingerprint.as_ref().unwrap()
}

/// What is said of approvals.
fn rulings(plan: &Plan) -> String {
    let notes: Vec<String> =
        of(plan, "contoso").remarks.notes.iter().map(ToString::to_string).collect();
    notes.into_iter().filter(|note| note.starts_with("approval ")).collect::<Vec<_>>().join("\n")
}

fn disables(plan: &Plan) -> usize {
    runnable(plan).iter().filter(|(verb, _)| verb == "disable").count()
}

#[tokio::test]
async fn an_approval_lets_its_plan_through_once() {
    let mut house = house(4).await;
    let held = house.plan().await;
    assert_eq!(disables(&held), 0, "{}", text(&held));
    snapshot!(text(&held));
    let file = approval(&held);
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &file)]);
    assert_eq!(
        fingerprint(&house.plan().await),
        fingerprint(&held),
        "the approval itself moves nothing"
    );
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 4, "{}", text(&plan));
    assert!(
        text(&plan).contains("opens limit and protected for 4 users, once: the interns have left"),
        "{}",
        text(&plan)
    );
    assert_eq!(carry_out(&house, &plan).await.len(), 6, "four disables, an update, a sync");
    let after = house.plan().await;
    assert!(rulings(&after).contains("was used by run run-1 on "), "{}", text(&after));
    done(&house, &after).await;
    // The same people come back, and the same file is still there.
    house
        .sandbox
        .world(|world| (0..4).for_each(|n| switch(world, &format!("u{n:02}"), Calling::Enabled)));
    let again = house.plan_in(25).await;
    assert_eq!(disables(&again), 0, "{}", text(&again));
}

#[tokio::test]
async fn its_end_comes_by_the_first_of_two_clocks() {
    let mut house = house(4).await;
    let file = approval(&house.plan().await);
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &file)]);
    // An approval is for some days; this machine's clock was set back by 100, or forward.
    for (days, opened) in [(0, 4), (100, 0), (-1, 4)] {
        house.sandbox.faults(|faults| faults.clock_ahead_seconds = days * 24 * 3600);
        let plan = house.plan().await;
        assert_eq!(disables(&plan), opened, "{days} days: {}", text(&plan));
        assert_eq!(rulings(&plan).contains("expired on"), opened == 0, "{}", rulings(&plan));
    }
    house.sandbox.faults(|faults| faults.clock_ahead_seconds = 0);
    assert_eq!(disables(&house.plan_in(100 * 24).await), 0, "by this machine's clock as well");
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let mut house = house(4).await;
    let held = house.plan().await;
    let now = "2026-07-03T10:00:00Z".parse().unwrap();
    let written = render::approvals(&held, "", now);
    let print = fingerprint(&held).to_string();
    snapshot!(written.replace(&print, "[fingerprint]"));
    // Before somebody says why, it is a mistake, and nobody else suffers from it.
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &written)]);
    let plan = house.plan().await;
    assert_eq!(
        runnable(&plan),
        [("update".to_owned(), "u19@contoso.com".to_owned())],
        "{}",
        text(&plan)
    );
    let filled = render::approvals(&held, "said \"go\"\n# by: the board", now);
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &filled)]);
    let approvals = house.in_force.approvals.get(&name("contoso")).unwrap();
    assert_eq!((approvals.len(), &*approvals[0].reason), (1, "said \"go\" # by: the board"));
}

#[tokio::test]
async fn it_dies_when_manifests_or_live_state_move() {
    let mut house = house(4).await;
    let file = approval(&house.plan().await);
    let files = |manifests: &str| [(FLEET, manifests.to_owned()), ("approval.yaml", file.clone())];
    let edit = |house: &mut House, manifests: &str| {
        let files = files(manifests);
        house.edit(&files.each_ref().map(|(path, text)| (*path, text.as_str())));
    };
    let good = fleet(4);
    edit(&mut house, &good);
    assert_eq!(disables(&house.plan().await), 4);
    // Places and comments are nothing that moves.
    edit(&mut house, &format!("# a comment\n\n{good}"));
    assert_eq!(disables(&house.plan().await), 4);
    for (before, after) in [
        ("u10@contoso.com\", calling: enabled", "u10@contoso.com\", calling: disabled"),
        ("protect: [u00@contoso.com]", "protect: [u01@contoso.com]"),
        (
            "u10@contoso.com\", calling: enabled, useTeamsVoicemail: true",
            "u10@contoso.com\", calling: enabled",
        ),
    ] {
        assert!(good.contains(before), "{before}");
        edit(&mut house, &good.replace(before, after));
        let plan = house.plan().await;
        assert!(
            disables(&plan) == 0 && rulings(&plan).contains(" is dead: it was made for plan "),
            "{}",
            text(&plan)
        );
    }
    edit(&mut house, &good);
    assert_eq!(disables(&house.plan().await), 4, "what moved back is as it was");
    house.sandbox.world(|world| store(world, "u15", Field::UseTeamsVoicemail, Value::Flag(false)));
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 0);
    snapshot!(text(&plan));
    house.sandbox.world(|world| store(world, "u15", Field::UseTeamsVoicemail, Value::Flag(true)));
    assert_eq!(disables(&house.plan().await), 4);
    house
        .sandbox
        .world(|world| stranger(world, "contoso", "zed@contoso.com", Calling::Enabled, &[]));
    let plan = house.plan().await;
    assert!(rulings(&plan).contains(" is dead: "), "one more person has calling: {}", text(&plan));
}

#[tokio::test]
async fn a_write_that_becomes_visible_is_no_movement() {
    let mut house = house(4).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    let first = house.plan().await;
    carry_out(&house, &first).await;
    let held = house.plan().await;
    assert_ne!(fingerprint(&held), fingerprint(&first), "the safe part has run");
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &approval(&held))]);
    house.show_all();
    let plan = house.plan().await;
    assert_eq!(fingerprint(&plan), fingerprint(&held));
    assert_eq!(disables(&plan), 4, "{}", text(&plan));
}

#[tokio::test]
async fn it_opens_only_what_it_names() {
    let mut house = house(4).await;
    let held = house.plan().await;
    let file = approval(&held);
    let u00 = "    - \"u00@contoso.com\"\n";
    let (users, _) = file.split_once("  users:\n").unwrap();
    let (_, rest) = file.split_once("  reason:").unwrap();
    let expires = file.lines().find(|line| line.starts_with("  expires: ")).unwrap();
    let at_most = |most: u32| format!("{users}  max: {most}\n  reason:{rest}");
    let cases = [
        ("expired", file.replace(expires, "  expires: 2020-01-01 "), 0),
        ("another gate", file.replace("gates: [limit, protected]", "gates: [protected]"), 1),
        ("one gate of two", file.replace("gates: [limit, protected]", "gates: [limit]"), 3),
        ("not the protected one", file.replace(u00, ""), 3),
        ("the protected one alone", format!("{users}  users:\n{u00}  reason:{rest}"), 1),
        ("enough for all", at_most(4), 4),
        ("one too few", at_most(3), 0),
        ("another plan", file.replace(fingerprint(&held).as_str(), &"0".repeat(64)), 0),
        ("another tenant", file.replace("tenant: contoso", "tenant: contosso"), 0),
    ];
    let mut told = String::new();
    for (case, text, opened) in cases {
        assert!(text != file, "{case}");
        house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &text)]);
        let plan = house.plan().await;
        assert_eq!(disables(&plan), opened, "{case}: {}", crate::support::text(&plan));
        told += &format!("{case}: {}\n", rulings(&plan));
    }
    snapshot!(told.replace(&"0".repeat(12), "[another]"));
}

#[tokio::test]
async fn it_lifts_what_a_person_may_judge_and_nothing_else() {
    let mut house = house(4).await;
    let closed = fleet(4).replace(
        "protect:",
        "windows: { timeZone: UTC, allow: [{ first: 2001-01-01, last: 2001-01-02 }] }, protect:",
    );
    house.edit(&[(FLEET, &closed)]);
    // What also waits for a window can be approved before that opens.
    let file = approval(&house.plan().await);
    house.edit(&[(FLEET, &closed), ("approval.yaml", &file)]);
    let plan = house.plan().await;
    assert!(rulings(&plan).contains("opens limit and protected for 4 users"), "{}", text(&plan));
    let disables = of(&plan, "contoso").steps.iter().filter(|step| step.action == Action::Disable);
    let kinds: Vec<HoldKind> =
        disables.flat_map(|step| &step.holds).map(|hold| hold.kind).collect();
    assert_eq!(kinds, [HoldKind::Window; 4], "{}", text(&plan));
}

#[tokio::test]
async fn a_used_one_is_used_even_if_nothing_came_of_it() {
    let mut house = house(6).await;
    let file = approval(&house.plan().await);
    house.edit(&[(FLEET, &fleet(6)), ("approval.yaml", &file)]);
    house.fault(on(InjectedFault::Unauthorized, Route::Disable).user("u01@contoso.com"));
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 6);
    house.apply(&plan).await;
    assert_eq!(house.user("u00").calling, Calling::Disabled);
    house.no_faults();
    // Five are left, which is too many again: a person has to look once more.
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 0, "{}", text(&plan));
    assert!(rulings(&plan).contains("it opens nothing more"), "{}", text(&plan));
    house.edit(&[
        (FLEET, &fleet(6)),
        ("approval.yaml", &file),
        ("second.yaml", &approval(&plan).replace("name: contoso-", "name: second-")),
    ]);
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 5, "{}", text(&plan));
    carry_out(&house, &plan).await;
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_crash_behind_the_mark_does_not_use_it_twice() {
    let mut house = house(4).await;
    let file = approval(&house.plan().await);
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &file)]);
    let plan = house.plan().await;
    let tenant: &TenantPlan = of(&plan, "contoso");
    let event = Event::Approved {
        approval: tenant.approvals()[0].clone(),
        plan: fingerprint(&plan).clone(),
    };
    let run = dialplane::model::RunId::new("crashed");
    let entry = Entry {
        at: Timestamp::now(),
        run,
        tenant: name("contoso"),
        tenant_id: id("contoso"),
        event,
    };
    let lease = house.journal.lease(&entry.tenant_id).await.unwrap();
    house.journal.record(&lease, entry).await.unwrap();
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 0, "{}", text(&plan));
    assert!(rulings(&plan).contains("was used by run crashed on "), "{}", text(&plan));
}

#[tokio::test]
async fn a_plan_whose_approved_part_does_not_run_uses_nothing_up() {
    let mut house = house(4).await;
    let file = approval(&house.plan().await);
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &file)]);
    house.sandbox.world(|world| crate::support::tenant(world, "contoso").consent_listed = false);
    let plan = house.plan().await;
    assert!(of(&plan, "contoso").approvals().is_empty());
    assert_eq!(carry_out(&house, &plan).await, NOTHING);
    assert!(house.journal.remembered(&id("contoso")).approvals.is_empty());
}

#[tokio::test]
async fn a_deleted_one_is_gone_although_its_tenant_keeps_an_older_version() {
    let mut house = house(4).await;
    let file = approval(&house.plan().await);
    let broken = fleet(4).replace("mode: enforce", "mode: enforced");
    house.edit(&[(FLEET, &fleet(4)), ("approval.yaml", &file)]);
    house.edit(&[(FLEET, &broken), ("approval.yaml", &file)]);
    assert!(
        house.in_force.kept.contains_key(&name("contoso")) && disables(&house.plan().await) == 4
    );
    house.edit(&[(FLEET, &broken), ("approval.yaml", "# withdrawn\n")]);
    let plan = house.plan().await;
    assert_eq!(disables(&plan), 0, "{}", text(&plan));
    let limits = of(&plan, "contoso")
        .steps
        .iter()
        .flat_map(|step| &step.holds)
        .filter(|hold| hold.kind == HoldKind::Limit);
    assert_eq!(limits.count(), 3);
}

#[tokio::test]
async fn without_anything_to_judge_there_is_nothing_to_approve() {
    let house = House::open(&contoso("", &["adele enabled", "bert disabled"]), |world| {
        switch(world, "adele", Calling::Disabled);
        crate::support::tenant(world, "contoso").consent_listed = false;
    })
    .await;
    assert_eq!(render::approvals(&house.plan().await, "why", Timestamp::now()), "");
    scenario!(&house);
}

#[test]
fn an_approval_that_comes_or_goes_is_a_change_of_its_tenant_alone() {
    let approval = format!(
        "apiVersion: dialplane/v1\nkind: Approval\nmetadata: {{ name: leavers, tenant: contoso }}\n\
            spec: {{ plan: {}, gates: [limit], users: [adele@contoso.com], reason: they left, \
            expires: 2126-09-30 }}\n",
        "0123456789abcdef".repeat(4)
    );
    let tenants = crate::support::fleet(&[
        ("contoso", "", &["adele enabled"]),
        ("fabrikam", "", &["bert enabled"]),
    ]);
    let tenants = ManifestFile::new(FLEET, &tenants);
    let approval = ManifestFile::new("approval.yaml", &approval);
    let mut keeper = Keeper::default();
    let without = keeper.take(load(std::slice::from_ref(&tenants)));
    let with = keeper.take(load(&[tenants, approval]));
    assert_eq!(with.approvals.len(), 1);
    for (now, before) in [(&with, &without), (&without, &with)] {
        let changed: Vec<String> =
            now.changed_since(before).iter().map(ToString::to_string).collect();
        assert_eq!(changed, ["contoso"]);
    }
}
