//! Places of the settings that no row has: told, and nothing is written because of them. And what
//! else a list shows beside users.

use std::fmt::Write as _;

use dialplane::{
    config::{ListUsers, Settings},
    model::{Calling, Field, Value},
    plan::{HoldKind, render},
};

use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, gateway, number, of, runnable, store, stranger, text,
};

fn row(settings: &mut Settings) -> &mut ListUsers {
    settings.connect_to_teams.as_mut().unwrap().endpoints.list_users.as_mut().unwrap()
}

fn field<'s>(settings: &'s mut Settings, name: &str) -> &'s mut String {
    row(settings).fields.get_mut(name).unwrap()
}

const USERS: [&str; 2] =
    ["ann enabled +442079460110 useTeamsVoicemail=true", "ben enabled +442079460111"];

#[tokio::test]
async fn a_pointer_that_is_in_no_row_writes_to_nobody() {
    type Misspell = fn(&mut Settings);
    let cases: [(&str, Misspell); 6] = [
        ("a gateway", |settings| *field(settings, "sbcGatewayId") = "/sbcGatewayID".to_owned()),
        ("a number", |settings| *field(settings, "phoneNumber") = "/telephone".to_owned()),
        ("a flag", |settings| {
            *field(settings, "useTeamsVoicemail") = "/details/useTeamsVoicemail".to_owned();
        }),
        ("an identity", |settings| row(settings).id = Some("/nope".to_owned())),
        ("calling", |settings| row(settings).calling.at = "/callingState".to_owned()),
        ("a name", |settings| row(settings).user = "/userPrincipalName".to_owned()),
    ];
    let mut said = String::new();
    for (name, misspell) in cases {
        let house = House::configured(&contoso("", &USERS), misspell, |_| {}).await;
        let plan = house.plan().await;
        let _ = write!(said, "# {name}\n{}\n", text(&plan));
        assert_eq!(runnable(&plan), [], "{name}: {}", text(&plan));
        house.apply(&plan).await;
        assert_eq!(house.writes(), NOTHING, "{name}");
        assert!(render::json(&plan).to_string().contains("looks"), "{name}");
    }
    snapshot!(said);
}

#[tokio::test]
async fn another_reason_takes_the_unseen_field_along_but_for_a_number() {
    let wanted = ["ann enabled +442079460110 userTag=sales"];
    let ann = |world: &mut dialplane::sandbox::World| {
        store(world, "ann", Field::UserTag, Value::Text("before".into()));
    };
    let gateway_unseen =
        |settings: &mut Settings| *field(settings, "sbcGatewayId") = "/sbcGatewayID".to_owned();
    let house = House::configured(&contoso("", &wanted), gateway_unseen, ann).await;
    house.apply(&house.plan().await).await;
    assert_eq!(house.writes(), ["update ann@contoso.com", "sync contoso"]);
    // What was written is known from then on.
    assert_eq!(runnable(&house.plan().await), []);

    let number_unseen =
        |settings: &mut Settings| *field(settings, "phoneNumber") = "/telephone".to_owned();
    let house = House::configured(&contoso("", &wanted), number_unseen, ann).await;
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), [], "{}", text(&plan));
    let holds: Vec<HoldKind> = of(&plan, "contoso")
        .steps
        .iter()
        .flat_map(|step| &step.holds)
        .map(|hold| hold.kind)
        .collect();
    assert!(holds.contains(&HoldKind::Unmatched), "{}", text(&plan));
}

#[tokio::test]
async fn a_service_that_leaves_out_what_is_not_set_is_not_stuck() {
    // The key of the gateway is in no row, because nobody has one.
    let nowhere = ("\"sbcGatewayId\":".to_owned(), "\"other\":".to_owned());
    let bare = |world: &mut dialplane::sandbox::World| {
        let user =
            dialplane::sandbox::User::new(Calling::Disabled, dialplane::model::Details::default());
        crate::support::tenant(world, "contoso")
            .users
            .insert(crate::support::upn("ann@contoso.com"), user);
    };
    let house = House::configured(&contoso("", &["ann enabled"]), |_| {}, bare).await;
    house.sandbox.faults(|faults| faults.respell = vec![nowhere.clone()]);
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), []);
    assert!(text(&plan).contains("listUsers.omitsUnset: true"), "{}", text(&plan));

    let house = House::configured(
        &contoso("", &["ann enabled"]),
        |settings| row(settings).omits_unset = true,
        bare,
    )
    .await;
    house.sandbox.faults(|faults| faults.respell = vec![nowhere]);
    house.apply(&house.plan().await).await;
    assert_eq!(
        house.writes(),
        ["update ann@contoso.com", "enable ann@contoso.com", "sync contoso"]
    );
}

#[tokio::test]
async fn an_entry_without_a_name_is_passed_over_or_doubted() {
    let manifests =
        contoso("limits: { disable: { percent: 100 } }", &["ann enabled", "ben disabled"]);
    let pbx = |calling: Calling, held: Option<&'static str>| {
        move |world: &mut dialplane::sandbox::World| {
            crate::support::switch(world, "ben", Calling::Enabled);
            let held = held.map(|held| (Field::PhoneNumber, number(held)));
            stranger(world, "contoso", "pbx@contoso.com", calling, held.as_slice());
        }
    };
    let respell =
        ("\"teamsUserId\":\"pbx@contoso.com\"".to_owned(), "\"teamsUserId\":null".to_owned());
    for (calling, held, disabled) in [
        (Calling::Disabled, None, true),
        (Calling::Enabled, None, false),
        (Calling::Disabled, Some("+442079460119"), false),
    ] {
        let house = House::open(&manifests, pbx(calling, held)).await;
        house.sandbox.faults(|faults| faults.respell = vec![respell.clone()]);
        let plan = house.plan().await;
        let runs = runnable(&plan).contains(&("disable".to_owned(), "ben@contoso.com".to_owned()));
        assert_eq!(runs, disabled, "{}", text(&plan));
        let noted = text(&plan).contains(
            "1 entry without a user name, with calling off and without a number, passed over",
        );
        assert_eq!(noted, disabled, "{}", text(&plan));
    }
}

#[tokio::test]
async fn a_number_that_graph_shows_is_held_whoever_has_it() {
    let manifests = contoso("live: graph", &["ben enabled +442079460110"]);
    let of = |numbers: &str| {
        let tenant = crate::support::tenant_id(0);
        format!(
            "\"telephoneNumbers\":[{numbers}],\"tenantId\":\"{tenant}\",\"userPrincipalName\":\"zz-auto-attendant"
        )
    };
    let (attendant, attended) = (of(""), of("{\"telephoneNumber\":\"+44 20 7946 0110\"}"));
    for (name, ours, theirs, holder) in [
        (
            "a private line",
            "\"assignmentCategory\":\"primary\",\"telephoneNumber\":\"+442079460110\"",
            "\"assignmentCategory\":\"private\",\"telephoneNumber\":\"+442079460110\"",
            "ann@contoso.com (private line)",
        ),
        (
            "an alternate number",
            "\"assignmentCategory\":\"primary\",\"telephoneNumber\":\"+442079460110\"",
            "\"assignmentCategory\":\"alternate\",\"telephoneNumber\":\"+442079460110\"",
            "ann@contoso.com (alternate number)",
        ),
        (
            "a resource account",
            &attendant,
            &attended,
            "zz-auto-attendant@contoso.com (resource account)",
        ),
    ] {
        let house = House::open(&manifests, |world| {
            store(world, "ben", Field::PhoneNumber, Value::NoPhone);
            if name == "a resource account" {
                return;
            }
            stranger(
                world,
                "contoso",
                "ann@contoso.com",
                Calling::Enabled,
                &[(Field::PhoneNumber, number("+442079460110"))],
            );
            store(world, "ann", Field::SbcGatewayId, gateway(805));
        })
        .await;
        house.sandbox.faults(|faults| faults.respell = vec![(ours.to_owned(), theirs.to_owned())]);
        let said = text(&house.plan().await);
        assert!(said.contains(&format!("+442079460110 is held by {holder}")), "{name}: {said}");
        assert_eq!(runnable(&house.plan().await), [], "{name}: {said}");
        // One that nobody understands may be this one.
        let unread = theirs.replace("+442079460110", "020 7946 0110");
        let unread = unread.replace("+44 20 7946 0110", "020 7946 0110");
        house.sandbox.faults(|faults| faults.respell = vec![(ours.to_owned(), unread)]);
        let plan = house.plan().await;
        assert_eq!(runnable(&plan), [], "{name}: {}", text(&plan));
    }
}
