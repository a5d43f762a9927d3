//! What live state shows and nobody understands is not nothing: it is told, it holds what it could
//! be, and it is not overwritten.

use std::fmt::Write as _;

use dialplane::{
    model::{Calling, Field, Value},
    plan::{HoldKind, render},
};

use super::done;
use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, fleet, gateway, number, of, runnable, store, stranger, switch, text,
    user,
};

const BEN: &str = "ben enabled +442079460110";

/// A house whose lists spell a text in another way.
async fn house(
    manifests: &str,
    respell: &[(&str, &str)],
    change: impl FnOnce(&mut dialplane::sandbox::World),
) -> House {
    let house = House::open(manifests, change).await;
    respelt(&house, respell);
    house
}

fn respelt(house: &House, respell: &[(&str, &str)]) {
    let respell =
        respell.iter().map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned())).collect();
    house.sandbox.faults(|faults| faults.respell = respell);
}

fn shows(number: &str) -> String {
    format!("\"phoneNumber\":{number}")
}

/// The kinds of hold of everybody's steps.
fn holds(house: &dialplane::plan::Plan, tenant: &str) -> Vec<HoldKind> {
    of(house, tenant).steps.iter().flat_map(|step| &step.holds).map(|hold| hold.kind).collect()
}

#[tokio::test]
async fn a_number_that_may_be_any_is_not_given_to_somebody_else() {
    let manifests = contoso("", &[BEN]);
    let ann = |world: &mut dialplane::sandbox::World| {
        store(world, "ben", Field::PhoneNumber, Value::NoPhone);
        stranger(
            world,
            "contoso",
            "ann@contoso.com",
            Calling::Enabled,
            &[(Field::PhoneNumber, number("+442079460110"))],
        );
    };
    let ours = shows("\"+442079460110\"");
    for theirs in [
        "\"+442079460110\"",
        "\"442079460110\"",
        "\"+44 20 7946 0110\"",
        "\"TEL:+442079460110\"",
        "\"\u{202a}+442079460110\u{202c}\"",
        "442079460110",
        "\"020 7946 0110\"",
        "\"+44 (0)20 7946 0110\"",
        "\"00442079460110\"",
        "\"+tel:442079460110\"",
        "\"+44 20 7946 0110 ext. 12\"",
        "\"442079460110.0\"",
        "4.42079460110e11",
        "\"1\"",
        "{\"number\":\"+442079460110\"}",
        "true",
    ] {
        let house = house(&manifests, &[(&ours, &shows(theirs))], ann).await;
        let plan = house.plan().await;
        assert_eq!(runnable(&plan), [], "{theirs}");
        let said = text(&plan);
        assert!(said.contains("held: ") && said.contains("ann@contoso.com"), "{theirs}: {said}");
        assert!(
            matches!(
                holds(&plan, "contoso")[..],
                [HoldKind::NumberTaken | HoldKind::NumberUnproven]
            ),
            "{theirs}: {said}"
        );
        done(&house, &plan).await;
    }
}

#[tokio::test]
async fn a_number_that_a_row_leaves_out_is_not_free_where_others_say_that_they_have_none() {
    let manifests = contoso("", &[BEN, "cat enabled"]);
    let ours = shows("\"+442079460110\",");
    let house = house(&manifests, &[(&ours, "")], |world| {
        store(world, "ben", Field::PhoneNumber, Value::NoPhone);
        store(world, "cat", Field::PhoneNumber, Value::NoPhone);
        let phone = [(Field::PhoneNumber, number("+442079460110"))];
        stranger(world, "contoso", "ann@contoso.com", Calling::Enabled, &phone);
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), []);
    assert_eq!(holds(&plan, "contoso"), [HoldKind::NumberUnproven]);
    let said = text(&plan);
    assert!(
        said.contains("the list does not say whether ann@contoso.com has a number")
            && said.contains("`listUsers.omitsUnset: true`"),
        "{said}"
    );
    done(&house, &plan).await;
}

#[tokio::test]
async fn an_odd_number_of_one_tenant_holds_full_numbers_everywhere_and_extensions_there() {
    let manifests = fleet(&[
        ("contoso", "numbers: { extensionPrefix: \"+1\" }", &["ben enabled 1001"]),
        (
            "fabrikam",
            "numbers: { extensionPrefix: \"+1\" }",
            &["odo enabled +442079460119", "pia enabled 1002", BEN],
        ),
    ]);
    let house =
        house(&manifests, &[(&shows("\"+442079460119\""), &shows("\"020 7946 0119\""))], |world| {
            for who in ["ben@contoso.com", "pia@fabrikam.com", "ben@fabrikam.com"] {
                store(world, who, Field::PhoneNumber, Value::NoPhone);
            }
        })
        .await;
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), [("update".to_owned(), "ben@contoso.com".to_owned())]);
    assert_eq!(holds(&plan, "fabrikam"), [HoldKind::NumberUnproven, HoldKind::NumberUnproven]);
    assert!(
        !of(&plan, "contoso").waits_for.contains(&of(&plan, "fabrikam").tenant),
        "an extension is a matter of its tenant"
    );
}

#[tokio::test]
async fn the_same_number_in_other_clothes_is_no_change() {
    let manifests = contoso(
        "",
        &["ann enabled +3221231215;ext=1234 useTeamsVoicemail=true", "ben enabled +442079460110"],
    );
    let respell = [
        (shows("\"+3221231215;ext=1234\""), shows("\"Tel:+32\u{a0}2 123 12-15;EXT=1234\"")),
        (shows("\"+442079460110\""), shows("442079460110")),
        ("\"sbcGatewayId\":805".to_owned(), "\"sbcGatewayId\":\"805\"".to_owned()),
        ("\"useTeamsVoicemail\":true".to_owned(), "\"useTeamsVoicemail\":\"True\"".to_owned()),
    ];
    let respell: Vec<(&str, &str)> =
        respell.iter().map(|(ours, theirs)| (ours.as_str(), theirs.as_str())).collect();
    let house = house(&manifests, &respell, |_| {}).await;
    assert!(
        text(&house.plan().await).contains("plan: nothing to do"),
        "{}",
        text(&house.plan().await)
    );
    respelt(&house, &[("\"sbcGatewayId\":805", "\"sbcGatewayId\":805.0")]);
    assert!(
        text(&house.plan().await).contains("plan: nothing to do"),
        "{}",
        text(&house.plan().await)
    );
}

#[tokio::test]
async fn what_is_not_understood_is_a_problem_and_is_not_written_over() {
    let manifests = contoso(
        "",
        &[
            "ann enabled +442079460110 useTeamsVoicemail=true userTag=sales",
            "ben enabled useTeamsVoicemail=true",
        ],
    );
    let respell = [
        ("\"sbcGatewayId\":805", "\"sbcGatewayId\":\"gw-805\""),
        ("\"useTeamsVoicemail\":true", "\"useTeamsVoicemail\":\"perhaps\""),
        ("\"userTag\":\"sales\"", "\"userTag\":7"),
        ("\"phoneNumber\":\"+442079460110\"", "\"phoneNumber\":\"(020) 7946 0110\""),
    ];
    let house = house(&manifests, &respell, |_| {}).await;
    let plan = house.plan().await;
    snapshot!(text(&plan));
    let json = render::json(&plan);
    let reason = json["tenants"][0]["problems"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("phoneNumber is shown as \"(020) 7946 0110\" at `/phoneNumber`"),
        "{reason}"
    );
    assert!(render::markdown(&plan).contains("gw-805"), "on a review page as well");
    // Neither now, nor once everything has settled.
    for hours in [0, 100] {
        assert_eq!(runnable(&house.plan_in(hours).await), []);
    }
    house.apply(&house.plan().await).await;
    assert_eq!(house.writes(), NOTHING);
}

#[tokio::test]
async fn a_value_that_was_sent_and_is_shown_as_something_odd_is_told_and_left() {
    let house = house(&contoso("", &["ann enabled useTeamsVoicemail=true"]), &[], |world| {
        store(world, "ann", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    respelt(&house, &[("\"useTeamsVoicemail\":true", "\"useTeamsVoicemail\":\"on\"")]);
    house.apply(&house.plan().await).await;
    assert_eq!(house.writes(), ["update ann@contoso.com", "sync contoso"]);
    let later = house.plan_in(100).await;
    let said = text(&later);
    assert_eq!(runnable(&later), [], "{said}");
    assert!(
        said.contains("useTeamsVoicemail is shown as \"on\" at `/useTeamsVoicemail`"),
        "{said}"
    );
    assert!(said.contains("and did not land)"), "{said}");
}

#[tokio::test]
async fn calling_waits_for_no_odd_value_but_a_number() {
    let off = |world: &mut dialplane::sandbox::World| switch(world, "ann", Calling::Disabled);
    let odd = [("\"userTag\":\"sales\"", "\"userTag\":7")];
    let house = house(&contoso("", &["ann enabled userTag=sales"]), &odd, off).await;
    let enable = ("enable".to_owned(), "ann@contoso.com".to_owned());
    assert_eq!(runnable(&house.plan().await), [enable]);
}

#[tokio::test]
async fn an_update_that_could_replace_or_drop_what_is_not_understood_is_held() {
    // Another gateway is wanted of each.
    let cases: [(&str, &str, &str, &[HoldKind]); 7] = [
        (
            "a number that is to be given up",
            "ann enabled none",
            "\"phoneNumber\":\"(020) 7946 0110\"",
            &[],
        ),
        (
            "the same of somebody without calling",
            "ann disabled none",
            "\"phoneNumber\":\"(020) 7946 0110\"",
            &[],
        ),
        (
            "a managed number",
            "ann enabled +442079460110 sbcGatewayId=807",
            "\"phoneNumber\":\"(020) 7946 0110\"",
            &[HoldKind::Unread],
        ),
        (
            "a number that is not managed",
            "ann enabled sbcGatewayId=807",
            "\"phoneNumber\":\"(020) 7946 0110\"",
            &[HoldKind::Unread],
        ),
        (
            "a tag that is not managed",
            "ann enabled sbcGatewayId=807",
            "\"userTag\":7",
            &[HoldKind::Unread],
        ),
        ("a managed tag", "ann enabled sbcGatewayId=807 userTag=sales", "\"userTag\":7", &[]),
        (
            "calling, too",
            "ann enabled +442079460110",
            "\"phoneNumber\":\"(020) 7946 0110\"",
            &[HoldKind::Unread],
        ),
    ];
    let mut said = String::new();
    for (name, line, odd, expected) in cases {
        let key = odd.split(':').next().unwrap();
        let house = house(&contoso("", &[line]), &[], |world| {
            store(world, "ann", Field::PhoneNumber, number("+442079460110"));
            store(world, "ann", Field::UserTag, Value::Text("sales".into()));
            store(world, "ann", Field::SbcGatewayId, gateway(805));
            if name == "calling, too" || line.contains("disabled") {
                switch(world, "ann", Calling::Disabled);
            }
        })
        .await;
        respelt(
            &house,
            &[(&format!("{key}:\"+442079460110\""), odd), (&format!("{key}:\"sales\""), odd)],
        );
        let plan = house.plan().await;
        let _ = write!(said, "# {name}\n{}\n", text(&plan));
        assert_eq!(holds(&plan, "contoso"), expected, "{name}: {}", text(&plan));
        house.apply(&plan).await;
        let sent = house.user("ann").stored;
        assert_eq!(sent.get(Field::PhoneNumber), Some(&number("+442079460110")), "{name}");
    }
    snapshot!(said);
}

#[tokio::test]
async fn a_user_with_an_odd_number_may_hold_the_protected_one_and_may_be_somebody_else() {
    let spec =
        "prune: disable, limits: { disable: { percent: 100 } }, protect: [\"+442079460110\"]";
    let manifests = contoso(
        spec,
        &[
            "ann disabled",
            "ben enabled",
            "cat enabled",
            "dan enabled",
            "eve enabled",
            "gone enabled +442079460119",
        ],
    );
    let respell = [("\"phoneNumber\":\"+442079460110\"", "\"phoneNumber\":\"020 7946 0110\"")];
    let house = house(&manifests, &respell, |world| {
        switch(world, "ann", Calling::Enabled);
        store(world, "ann", Field::PhoneNumber, number("+442079460110"));
        user(world, "gone").hidden = true;
    })
    .await;
    let plan = house.plan().await;
    assert!(holds(&plan, "contoso").contains(&HoldKind::Protected), "{}", text(&plan));
    assert!(text(&plan).contains("may be one that is protected"), "{}", text(&plan));

    // A reader that shows no numbers at all cannot show a protected one.
    let blind = |settings: &mut dialplane::config::Settings| {
        let row =
            settings.connect_to_teams.as_mut().unwrap().endpoints.list_users.as_mut().unwrap();
        row.fields.remove("phoneNumber").unwrap();
    };
    let house =
        House::configured(&manifests, blind, |world| switch(world, "ann", Calling::Enabled)).await;
    assert!(
        holds(&house.plan().await, "contoso").contains(&HoldKind::Protected),
        "{}",
        text(&house.plan().await)
    );

    let manifests = contoso(
        "prune: disable, limits: { disable: { percent: 100 } }",
        &["ben enabled", "cat enabled", "gone enabled +442079460119"],
    );
    let house = self::house(&manifests, &respell, |world| {
        stranger(
            world,
            "contoso",
            "zoe@contoso.com",
            Calling::Enabled,
            &[(Field::PhoneNumber, number("+442079460110"))],
        );
        user(world, "gone").hidden = true;
    })
    .await;
    let plan = house.plan().await;
    assert!(holds(&plan, "contoso").contains(&HoldKind::Renamed), "{}", text(&plan));
}

#[tokio::test]
async fn writes_name_a_user_as_the_service_does() {
    let house = house(&contoso("", &["ANN.Lee enabled useTeamsVoicemail=true"]), &[], |world| {
        store(world, "ann.lee", Field::UseTeamsVoicemail, Value::Flag(false));
        switch(world, "ann.lee", Calling::Disabled);
        let tenant = crate::support::tenant(world, "contoso");
        let user = tenant.users.remove(&crate::support::upn("ann.lee@contoso.com")).unwrap();
        tenant.users.insert(crate::support::upn("Ann.Lee@Contoso.com"), user);
    })
    .await;
    house.apply(&house.plan().await).await;
    let paths: Vec<String> = house.sandbox.writes().iter().map(|call| call.path.clone()).collect();
    assert!(
        paths.iter().any(|path| path.ends_with("enableCallingForUser/Ann.Lee@Contoso.com")),
        "{paths:?}"
    );
    let bodies: Vec<Option<String>> =
        house.sandbox.writes().iter().map(|call| call.user.clone()).collect();
    assert!(bodies.contains(&Some("Ann.Lee@Contoso.com".to_owned())), "{bodies:?}");
}

#[tokio::test]
async fn a_number_that_may_be_any_protects_its_holder_only_where_numbers_are_protected() {
    for (protect, runs) in [("[]", true), ("[\"+442079460199\"]", false)] {
        let spec = format!("limits: {{ disable: {{ percent: 100 }} }}, protect: {protect}");
        let ours = shows("\"+442079460110\"");
        let theirs = shows("\"020 7946 0110\"");
        let respell = [(ours.as_str(), theirs.as_str())];
        let manifests = contoso(&spec, &["ben disabled", "ann enabled"]);
        let house = house(&manifests, &respell, |world| {
            switch(world, "ben", Calling::Enabled);
            store(world, "ben", Field::PhoneNumber, number("+442079460110"));
        })
        .await;
        let plan = house.plan().await;
        let disables = runnable(&plan).iter().any(|(verb, _)| verb == "disable");
        assert_eq!(disables, runs, "{protect}: {}", text(&plan));
        let is_protected = holds(&plan, "contoso").contains(&HoldKind::Protected);
        assert_eq!(is_protected, !runs, "{protect}: {}", text(&plan));
    }
}
