//! Protected numbers and sites, limits of each kind, and who may be pruned.

use dialplane::{
    journal::VolatileJournal,
    model::{Before, Calling, Details, Entry, Event, Field, RunId, StepOutcome, Value, Verb},
    plan::{HoldKind, Note, Plan},
    sandbox::{InjectedFault, Route, World},
};
use jiff::Timestamp;

use super::{carry_out, done, scenario};
use crate::support::{
    House, NOTHING, contoso, fleet, id, name, number, of, on, runnable, store, stranger, switch,
    tenant, text, upn, user,
};

const LOOSE: &str = "limits: { disable: { percent: 100 } }";

fn kinds(plan: &Plan, user: &str) -> Vec<HoldKind> {
    let steps = plan.tenants.iter().flat_map(|tenant| &tenant.steps);
    steps
        .filter(|step| step.user == upn(user))
        .flat_map(|step| &step.holds)
        .map(|hold| hold.kind)
        .collect()
}

#[tokio::test]
async fn numbers_and_sites_are_protected_and_a_reason_is_told() {
    let spec =
        format!("{LOOSE}, protect: [\"+14255550101\", {{ site: hospital }}, carl@contoso.com]");
    let lines = [
        "adele disabled",
        "bert disabled site=hospital",
        "carl disabled reason=left",
        "dora enabled +14255550109",
        "eric enabled site=hospital",
    ];
    let house = House::open(&contoso(&spec, &lines), |world| {
        for who in ["adele", "bert", "carl"] {
            switch(world, who, Calling::Enabled);
        }
        store(world, "adele", Field::PhoneNumber, number("+14255550101"));
    })
    .await;
    scenario!(&house);
    assert_eq!(house.writes(), NOTHING);
}

#[tokio::test]
async fn a_protected_number_is_not_taken_from_its_holder() {
    let house = House::open(
        &contoso("protect: [\"+14255550101\"]", &["adele enabled +14255550102"]),
        |world| {
            store(world, "adele", Field::PhoneNumber, number("+14255550101"));
        },
    )
    .await;
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "adele@contoso.com"), [HoldKind::Protected], "{}", text(&plan));
    assert!(
        text(&plan).contains("+14255550101 is protected and is not taken from its holder"),
        "{}",
        text(&plan)
    );
}

#[tokio::test]
async fn the_last_phone_of_a_site_stays() {
    let lines = [
        "adele disabled site=berlin",
        "bert disabled site=berlin",
        "carl disabled site=london",
        "dora enabled site=london",
        "eric disabled",
    ];
    let house = House::open(&contoso(LOOSE, &lines), |world| {
        for who in ["adele", "bert", "carl", "eric"] {
            switch(world, who, Calling::Enabled);
        }
    })
    .await;
    scenario!(&house);
    assert_eq!(house.user("bert").calling, Calling::Enabled);
    assert_eq!(house.writes().len(), 4);
}

#[tokio::test]
async fn too_many_numbers_or_changes_wait_and_the_rest_goes_on() {
    let users: Vec<String> = (0..30)
        .map(|n| match n {
            0 => "u00 enabled".to_owned(),
            n if n < 6 => format!("u{n:02} enabled +1425559{n:04}"),
            n => format!("u{n:02} enabled useTeamsVoicemail=true"),
        })
        .collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let change = |world: &mut World| {
        switch(world, "u00", Calling::Disabled);
        (1..6).for_each(|n| {
            store(
                world,
                &format!("u{n:02}"),
                Field::PhoneNumber,
                number(&format!("+1425558{n:04}")),
            );
        });
        (6..30).for_each(|n| {
            store(world, &format!("u{n:02}"), Field::UseTeamsVoicemail, Value::Flag(false));
        });
    };
    let house = House::open(
        &contoso(
            "limits: { numbers: { percent: 10, floor: 0 }, changes: { percent: 100 } }, adopt: all",
            &users,
        ),
        change,
    )
    .await;
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "u01@contoso.com"), [HoldKind::NumberLimit], "{}", text(&plan));
    assert_eq!(runnable(&plan).len(), 25, "an enable and the changes of voicemail");
    assert!(text(&plan).contains(
        "5 of 29 people would lose their present number; the limit is 3 (10 %, at most 100)"
    ));
    let house =
        House::open(&contoso("limits: { changes: { percent: 50, floor: 5 } }", &users), change)
            .await;
    let plan = house.plan().await;
    assert_eq!(
        runnable(&plan),
        [("enable".to_owned(), "u00@contoso.com".to_owned())],
        "{}",
        text(&plan)
    );
    assert!(text(&plan).contains(
        "29 of 29 people would be changed; the limit is 15 (50 %, at least 5, at most 1000)"
    ));
    carry_out(&house, &plan).await;
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn the_hour_of_the_fleet_counts_over_runs() {
    let manifests = |bert: &str| {
        fleet(&[
            ("contoso", LOOSE, &["adele disabled"]),
            ("fabrikam", LOOSE, &[&format!("bert {bert}")]),
        ])
    };
    let both = |world: &mut World| {
        switch(world, "adele", Calling::Enabled);
        switch(world, "bert@fabrikam.com", Calling::Enabled);
    };
    let one = |settings: &mut dialplane::config::Settings| settings.execution.per_hour.disable = 1;
    // Two at once are more than one.
    let house = House::configured(&manifests("disabled"), one, both).await;
    scenario!(&house);
    assert_eq!(house.writes(), NOTHING);
    // One now and one a little later as well; an hour later it may.
    let mut house = House::configured(&manifests("enabled"), one, both).await;
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["disable adele@contoso.com", "sync contoso"]);
    house.edit(&[("fleet.yaml", &manifests("disabled"))]);
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "bert@fabrikam.com"), [HoldKind::HourLimit], "{}", text(&plan));
    assert_eq!(kinds(&house.plan_in(2).await, "bert@fabrikam.com"), []);
}

#[tokio::test]
async fn who_is_called_almost_as_a_user_that_is_named_and_not_visible_is_not_pruned() {
    let spec = format!("prune: disable, adopt: all, {LOOSE}");
    // An accent as a mark of its own, a letter of another alphabet, a mark that nobody sees.
    for (other, kinds_held) in [
        ("jose\u{301}@contoso.com", vec![HoldKind::Renamed]),
        ("jos\u{435}@contoso.com", vec![HoldKind::Renamed]),
        ("jos\u{e9}\u{200b}@contoso.com", vec![HoldKind::Renamed]),
        ("joseph@contoso.com", vec![]),
    ] {
        let named = contoso(&spec, &["adele enabled", "jos\u{e9} enabled"]);
        let house = House::open(&named, |world| {
            user(world, "jos\u{e9}").hidden = true;
            stranger(world, "contoso", other, Calling::Enabled, &[]);
        })
        .await;
        let plan = house.plan().await;
        assert_eq!(kinds(&plan, other), kinds_held, "{other}: {}", text(&plan));
        assert!(text(&plan).contains(&format!("disable  {other}")) || other.contains('\u{200b}'));
    }
}

#[tokio::test]
async fn only_who_was_managed_is_pruned() {
    let spec = format!("prune: disable, adopt: named, {LOOSE}");
    let named = contoso(&spec, &["adele enabled", "bert enabled", "carl enabled"]);
    let without_bert = contoso(&spec, &["adele enabled", "carl enabled"]);
    let mut house = House::open(&named, |world| {
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    let plan = house.plan().await;
    assert!(
        of(&plan, "contoso")
            .remarks
            .notes
            .contains(&Note::Unforeseen(vec![upn("visitor@contoso.com")])),
        "{}",
        text(&plan)
    );
    carry_out(&house, &plan).await;
    house.edit(&[("fleet.yaml", &without_bert)]);
    scenario!(&house);
    assert_eq!(house.user("bert").calling, Calling::Disabled);
    assert_eq!(house.user("visitor").calling, Calling::Enabled);
}

#[tokio::test]
async fn who_vanished_and_comes_back_is_not_pruned() {
    let spec = format!("prune: disable, adopt: named, {LOOSE}");
    let mut house = House::open(&contoso(&spec, &["adele enabled", "bert enabled"]), |_| {}).await;
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house.sandbox.world(|world| {
        tenant(world, "contoso").users.get_mut(&upn("bert@contoso.com")).unwrap().hidden = true;
    });
    // Somebody takes the user, whom the service does not show, out of the manifests; later the user
    // is there again.
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele enabled"]))]);
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house.show_all();
    house.sandbox.world(|world| {
        tenant(world, "contoso").users.get_mut(&upn("bert@contoso.com")).unwrap().hidden = false;
    });
    scenario!(&house);
    assert_eq!(house.user("bert").calling, Calling::Enabled);
    // Named again, it is a user like any other.
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele enabled", "bert disabled"]))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["disable bert@contoso.com", "sync contoso"]);
    // And managed as it was before: taken out again, it is pruned.
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele enabled", "bert enabled"]))]);
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele enabled"]))]);
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["disable bert@contoso.com", "sync contoso"],
        "{}",
        text(&plan)
    );
}

#[tokio::test]
async fn who_was_written_to_was_managed_even_if_an_older_journal_does_not_say_so() {
    let spec = format!("prune: disable, adopt: named, {LOOSE}");
    let mut house = House::open(&contoso(&spec, &["adele enabled"]), |world| {
        stranger(world, "contoso", "bert@contoso.com", Calling::Enabled, &[]);
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
    })
    .await;
    let (user, verb) = (upn("bert@contoso.com"), Verb::Update);
    let intent = Event::Intent {
        user: user.clone(),
        verb,
        details: Details::default(),
        before: Before::new(),
        origin: None,
    };
    let outcome = Event::Outcome { user, verb, outcome: StepOutcome::Accepted };
    let entry = |event| Entry {
        at: Timestamp::now(),
        run: RunId::new("r1"),
        tenant: name("contoso"),
        tenant_id: id("contoso"),
        event,
    };
    house.journal = VolatileJournal::of([entry(intent), entry(outcome)]);
    assert_eq!(
        runnable(&house.plan().await),
        [("disable".to_owned(), "bert@contoso.com".to_owned())]
    );
}

#[tokio::test]
async fn only_a_whole_list_says_who_vanished() {
    let spec = format!("prune: disable, adopt: named, {LOOSE}");
    let mut house =
        House::open(&contoso(&spec, &["adele enabled", "bert enabled", "carl enabled"]), |_| {})
            .await;
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    let hide = |house: &House, hidden: bool| {
        house.sandbox.world(|world| {
            tenant(world, "contoso").users.get_mut(&upn("bert@contoso.com")).unwrap().hidden =
                hidden;
        });
    };
    // Bert is not in the list, and more are announced than there are.
    hide(&house, true);
    house.fault(on(InjectedFault::ShortList, Route::ListUsers));
    let plan = house.plan().await;
    assert!(text(&plan).contains("bert@contoso.com"), "{}", text(&plan));
    assert_eq!(of(&plan, "contoso").facts.vanished, []);
    carry_out(&house, &plan).await;
    // There all the time, bert is pruned like anybody else who was managed.
    house.no_faults();
    hide(&house, false);
    house.edit(&[("fleet.yaml", &contoso(&spec, &["adele enabled", "carl enabled"]))]);
    let plan = house.plan().await;
    assert_eq!(kinds(&plan, "bert@contoso.com"), [], "{}", text(&plan));
    // A whole list without him is another matter.
    hide(&house, true);
    assert_eq!(of(&house.plan().await, "contoso").facts.vanished, [upn("bert@contoso.com")]);
}
