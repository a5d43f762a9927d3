//! Undo: what a run did is taken back where it still stands; what has moved since is left alone and
//! told.

use dialplane::{
    model::{
        Approval, ApprovedUsers, Before, Calling, Details, Entry, Event, Fault, FaultKind, Field,
        Fingerprint, Gate, Origin, Revision, RunId, StepOutcome, Value, Verb,
    },
    pass,
    plan::{HoldKind, Note, Plan, Undo},
    sandbox::{InjectedFault, Route, World},
};
use jiff::Timestamp;

use super::carry_out;
use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, fleet, gateway, id, name, number, of, on, runnable, store, stranger,
    switch, text, upn, user,
};

/// What the journal would hold of a plan's run for contoso: `outcome` of each user's steps, `None`
/// where it was cut off.
fn entries(plan: &Plan, outcome: impl Fn(&str) -> Option<StepOutcome>) -> Vec<Entry> {
    let revision = Revision {
        commit: "c0ffee0123456789".to_owned(),
        author: "Ada <ada@example.com>".to_owned(),
        edited: false,
        ..Revision::default()
    };
    let mut events = vec![Event::Began {
        steps: 1,
        revision: Some(revision),
        by: None,
        part_of: None,
        plan: String::new(),
    }];
    for step in &of(plan, "contoso").steps {
        let (user, verb) = (step.user.clone(), step.action.verb());
        let (details, before, origin) = (step.action.details(), step.before(), step.origin.clone());
        events.push(Event::Intent { user: user.clone(), verb, details, before, origin });
        events.extend(outcome(user.as_str()).map(|outcome| Event::Outcome { user, verb, outcome }));
    }
    let entry = |event| Entry {
        at: Timestamp::now(),
        run: run(),
        tenant: name("contoso"),
        tenant_id: id("contoso"),
        event,
    };
    events.into_iter().map(entry).collect()
}

fn run() -> RunId {
    RunId::new("20260703T100000Z-1-0")
}

async fn undo(house: &House, entries: &[Entry]) -> Plan {
    let tenants = house.in_force.desired.tenants.values();
    let observed = pass::observe(&house.readers, tenants, 1, |_| {}).await;
    let memory = |tenant: &_| house.journal.remembered(tenant);
    let what = format!("run {}", run());
    let of = name("contoso");
    pass::decide_undo(
        &[(Undo { what: &what, entries }, &of)],
        &house.in_force,
        &observed,
        memory,
        Timestamp::now(),
        &house.execution,
    )
}

#[tokio::test]
async fn what_the_run_did_in_another_tenant_is_not_taken_back_in_this_one() {
    let all = "limits: { disable: { percent: 100 } }";
    let manifests = fleet(&[("contoso", all, &["adele enabled"]), ("fabrikam", "", &[])]);
    let house = House::open(&manifests, |world| switch(world, "adele", Calling::Disabled)).await;
    let wanted = house.plan().await;
    let mut both = entries(&wanted, |_| Some(StepOutcome::Accepted));
    carry_out(&house, &wanted).await;
    let (user, verb) = (upn("ines@fabrikam.com"), Verb::Enable);
    let (details, before) = (Details::default(), Before::new());
    let intent = Event::Intent { user: user.clone(), verb, details, before, origin: None };
    let outcome = Event::Outcome { user, verb, outcome: StepOutcome::Accepted };
    both.extend([intent, outcome].map(|event| Entry {
        at: Timestamp::now(),
        run: run(),
        tenant: name("fabrikam"),
        tenant_id: id("fabrikam"),
        event,
    }));
    let plan = undo(&house, &both).await;
    assert_eq!(runnable(&plan), [("disable".to_owned(), "adele@contoso.com".to_owned())]);
    assert!(!text(&plan).contains("ines"), "{}", text(&plan));
}

#[tokio::test]
async fn who_is_not_visible_any_more_is_left_alone_and_told() {
    let all = "limits: { disable: { percent: 100 } }";
    let users = ["adele enabled", "bert enabled", "carl enabled"];
    let house = House::open(&contoso(all, &users), |world| {
        switch(world, "adele", Calling::Disabled);
        switch(world, "carl", Calling::Disabled);
    })
    .await;
    let wanted = house.plan().await;
    let entries = entries(&wanted, |_| Some(StepOutcome::Accepted));
    carry_out(&house, &wanted).await;
    house.sandbox.world(|world| {
        user(world, "adele").hidden = true;
        user(world, "bert").hidden = true;
    });
    let plan = undo(&house, &entries).await;
    assert_eq!(runnable(&plan), [("disable".to_owned(), "carl@contoso.com".to_owned())]);
    let told = of(&plan, "contoso").remarks.problems.iter().map(|problem| problem.user.as_str());
    assert_eq!(told.collect::<Vec<_>>(), ["adele@contoso.com"], "{}", text(&plan));
}

#[tokio::test]
async fn what_still_stands_is_taken_back_and_the_rest_is_told() {
    let manifests = fleet(&[
        (
            "contoso",
            "",
            &[
                "adele enabled +14255550100",
                "bert disabled",
                "carl enabled +14255550103",
                "dora enabled userTag=wanted",
                "eric enabled +14255550106",
                "frank enabled userTag=wanted",
                "gina enabled +14255550107",
                "hugo enabled userTag=wanted",
            ],
        ),
        ("fabrikam", "", &["ines enabled"]),
    ]);
    let tag = |text: &str| Value::Text(text.into());
    let house = House::open(&manifests, |world| {
        switch(world, "adele", Calling::Disabled);
        switch(world, "bert", Calling::Enabled);
        store(world, "carl", Field::PhoneNumber, number("+14255550102"));
        store(world, "eric", Field::PhoneNumber, number("+14255550105"));
        for who in ["dora", "frank", "hugo"] {
            store(world, who, Field::UserTag, tag("before"));
        }
    })
    .await;
    let wanted = house.plan().await;
    let refused = StepOutcome::Failed(Fault::new(FaultKind::Rejected, "no"));
    let entries = entries(&wanted, |user| match user {
        "frank@contoso.com" => Some(refused.clone()),
        "hugo@contoso.com" => None,
        _ => Some(StepOutcome::Accepted),
    });
    carry_out(&house, &wanted).await;
    house.sandbox.world(|world| {
        // Somebody has changed this since, and the number is elsewhere; and git is not obeyed where
        // the run did nothing.
        store(world, "dora", Field::UserTag, tag("since"));
        let taken = [(Field::PhoneNumber, number("+14255550105"))];
        stranger(world, "fabrikam", "taker@fabrikam.com", Calling::Enabled, &taken);
        switch(world, "gina", Calling::Disabled);
    });
    let writes = house.writes();
    let back = undo(&house, &entries).await;
    assert_eq!(house.writes(), writes, "planning wrote");
    let calls = carry_out(&house, &back).await;
    let after = undo(&house, &entries).await;
    assert_eq!(runnable(&after), [], "{}", text(&after));
    let git = house.plan().await;
    let shown = format!(
        "{}\n# calls\n{}\n\n# the same undo after it\n{}\n# what git wants after it\n{}",
        text(&back),
        calls.join("\n"),
        text(&after),
        text(&git)
    );
    snapshot!(shown);
    assert_eq!(house.user("frank").stored.get(Field::UserTag), Some(&tag("wanted")));
    assert_eq!(house.user("dora").stored.get(Field::UserTag), Some(&tag("since")));
    assert_eq!(house.user("hugo").stored.get(Field::UserTag), Some(&tag("before")));
    // Whoever is to be wherever git says comes there with the next run.
    carry_out(&house, &git).await;
    assert_eq!(runnable(&house.plan().await), []);
}

/// Ten with calling, whom the run has given it.
async fn ten(spec: &str) -> (House, Vec<Entry>) {
    let users: Vec<String> = (0..10).map(|n| format!("u{n} enabled site=berlin")).collect();
    let manifests = contoso(spec, &users.iter().map(String::as_str).collect::<Vec<_>>());
    let off = |world: &mut World| {
        (0..10).for_each(|n| switch(world, &format!("u{n}"), Calling::Disabled));
    };
    let house = House::open(&manifests, off).await;
    let plan = house.plan().await;
    let entries = entries(&plan, |_| Some(StepOutcome::Accepted));
    house
        .sandbox
        .world(|world| (0..10).for_each(|n| switch(world, &format!("u{n}"), Calling::Enabled)));
    (house, entries)
}

fn kinds(plan: &Plan) -> Vec<HoldKind> {
    let tenant = of(plan, "contoso");
    let steps = tenant.steps.iter().flat_map(|step| &step.holds);
    let kinds: std::collections::BTreeSet<HoldKind> =
        tenant.holds.iter().chain(steps).map(|hold| hold.kind).collect();
    kinds.into_iter().collect()
}

#[tokio::test]
async fn every_guard_holds_an_undo_too() {
    let loose = "limits: { disable: { percent: 100 } }";
    for (spec, kind) in [
        ("mode: report", HoldKind::Mode),
        ("mode: suspend", HoldKind::Mode),
        ("", HoldKind::Limit),
        (&format!("{loose}, protect: [u3@contoso.com]"), HoldKind::Protected),
        (loose, HoldKind::LastOfSite),
        (
            "windows: { timeZone: UTC, allow: [{ first: 2001-01-01, last: 2001-01-02 }] }",
            HoldKind::Window,
        ),
    ] {
        let (house, entries) = ten(spec).await;
        let back = undo(&house, &entries).await;
        assert!(kinds(&back).contains(&kind), "{spec}: {:?}\n{}", kinds(&back), text(&back));
        assert!(!kinds(&back).contains(&HoldKind::EmptyDesired));
    }
    let (house, entries) = ten(loose).await;
    house.sandbox.world(|world| crate::support::tenant(world, "contoso").consent_flag = false);
    let back = undo(&house, &entries).await;
    assert!(kinds(&back).contains(&HoldKind::Consent), "{}", text(&back));
    assert_eq!(carry_out(&house, &back).await, NOTHING);
}

#[tokio::test]
async fn a_pruned_user_comes_back_though_git_names_hardly_anybody() {
    let spec = "prune: disable, limits: { disable: { percent: 100 } }";
    let house = House::open(&contoso(spec, &["adele enabled"]), |world| {
        stranger(
            world,
            "contoso",
            "left@contoso.com",
            Calling::Enabled,
            &[(Field::SbcGatewayId, gateway(805))],
        );
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(
        runnable(&plan),
        [("disable".to_owned(), "left@contoso.com".to_owned())],
        "{}",
        text(&plan)
    );
    let entries = entries(&plan, |_| Some(StepOutcome::Accepted));
    carry_out(&house, &plan).await;
    let back = undo(&house, &entries).await;
    assert_eq!(
        runnable(&back),
        [("enable".to_owned(), "left@contoso.com".to_owned())],
        "{}",
        text(&back)
    );
    carry_out(&house, &back).await;
    assert_eq!(runnable(&house.plan().await), runnable(&plan), "git still wants it");
}

#[tokio::test]
async fn a_tenant_that_cannot_be_read_is_held() {
    let (house, entries) = ten("").await;
    house.fault(on(InjectedFault::Unavailable, Route::ListUsers));
    let back = undo(&house, &entries).await;
    assert_eq!(kinds(&back), [HoldKind::NotRead], "{}", text(&back));
}

#[tokio::test]
async fn what_is_not_understood_any_more_is_left_alone() {
    let house = House::open(&contoso("", &["ann enabled +442079460110"]), |world| {
        store(world, "ann", Field::PhoneNumber, number("+442079460111"));
    })
    .await;
    let wanted = house.plan().await;
    let entries = entries(&wanted, |_| Some(StepOutcome::Accepted));
    carry_out(&house, &wanted).await;
    let respell = ("\"+442079460110\"".to_owned(), "\"020 7946 0110\"".to_owned());
    house.sandbox.faults(|faults| faults.respell = vec![respell]);
    let plan = undo(&house, &entries).await;
    let said = text(&plan);
    assert_eq!(runnable(&plan), [], "{said}");
    assert!(
        said.contains("what is there now is not understood: \"020 7946 0110\" at `/phoneNumber`"),
        "{said}"
    );
}

#[tokio::test]
async fn dates_and_approvals_of_git_change_nothing_in_an_undo() {
    let lines = [
        "adele enabled userTag=wanted",
        "bert enabled until=\"2020-01-01\"",
        "carl enabled from=\"2999-01-01\"",
    ];
    let before = Value::Text("before".into());
    let mut house = House::open(&contoso("timeZone: UTC", &lines), |world| {
        store(world, "adele", Field::UserTag, before.clone());
        switch(world, "bert", Calling::Enabled);
    })
    .await;
    let entries = entries(&house.plan().await, |user| {
        let is_sent = user.starts_with("adele");
        Some(if is_sent { StepOutcome::Accepted } else { StepOutcome::NotTried(String::new()) })
    });
    house.sandbox.world(|world| {
        store(world, "adele", Field::UserTag, Value::Text("wanted".into()));
    });
    let approval = Approval {
        name: name("autumn"),
        plan: Fingerprint::new([7; 32]),
        gates: [Gate::Limit].into(),
        users: ApprovedUsers::AtMost(9),
        reason: "autumn".into(),
        expires: Timestamp::MAX,
        origin: Origin { file: "approval.yaml".into(), line: None },
    };
    house.in_force.approvals.insert(name("contoso"), vec![approval]);
    let plan = undo(&house, &entries).await;
    let touched: Vec<String> = runnable(&plan).into_iter().map(|(_, user)| user).collect();
    assert_eq!(touched, ["adele@contoso.com"], "{}", text(&plan));
    assert!(!text(&plan).contains("autumn"), "{}", text(&plan));
    let managed = of(&plan, "contoso").facts.managed.iter();
    let managed: Vec<&str> = managed.map(|managed| managed.user.as_str()).collect();
    assert_eq!(managed, ["adele@contoso.com", "bert@contoso.com"], "carl has not begun");
}

#[tokio::test]
async fn an_undo_of_a_prune_lasts_only_where_git_no_longer_prunes() {
    let spec = |prune: &str| {
        let limits = "limits: { disable: { percent: 100 } }";
        contoso(&format!("prune: {prune}, adopt: all, {limits}"), &["adele enabled"])
    };
    let mut house = House::open(&spec("disable"), |world| {
        stranger(world, "contoso", "dora@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    let wanted = house.plan().await;
    let entries = entries(&wanted, |_| Some(StepOutcome::Accepted));
    carry_out(&house, &wanted).await;
    for (prune, lasts) in [("disable", false), ("never", true)] {
        house.edit(&[("fleet.yaml", &spec(prune))]);
        let plan = undo(&house, &entries).await;
        let told = of(&plan, "contoso").remarks.notes.iter();
        let told = told.filter(|note| matches!(note, Note::NotLasting { .. })).count();
        assert_eq!(told, usize::from(!lasts), "{prune}: {}", text(&plan));
        assert!(text(&plan).contains("dora@contoso.com"), "{}", text(&plan));
    }
}
