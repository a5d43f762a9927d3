//! User by user: the table of `plan`'s differences, and what a reader may or may not see.

use dialplane::{
    model::{Calling, Field, Value},
    sandbox::User,
};

use super::{carry_out, done, scenario};
use crate::snapshot::snapshot;
use crate::support::{
    House, NOTHING, contoso, fleet, gateway, name, number, runnable, store, stranger, switch,
    tenant, text, upn, user,
};

#[tokio::test]
async fn an_enable() {
    let house = House::open(&contoso("", &["adele enabled +14255550100"]), |world| {
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    scenario!(&house);
    assert_eq!(house.user("adele").calling, Calling::Enabled);
    assert_eq!(house.syncs("contoso"), 1);
}

#[tokio::test]
async fn details_before_an_enable() {
    let house = House::open(
        &contoso("", &["adele enabled +14255550100 useTeamsVoicemail=true"]),
        |world| {
            switch(world, "adele", Calling::Disabled);
            store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        },
    )
    .await;
    scenario!(&house);
    // The enable is what tells Microsoft of the details.
    assert_eq!(house.user("adele").pushed, Some(house.user("adele").stored));
}

#[tokio::test]
async fn an_update_carries_everything() {
    let manifests = contoso(
        "",
        &["adele enabled +14255550100 useTeamsVoicemail=true callPolicy={\"name\":Global}"],
    );
    let house = House::open(&manifests, |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        store(world, "adele", Field::CallPolicyName, Value::Text("Local only".into()));
        store(world, "adele", Field::SbcGatewayId, gateway(806));
        // Nobody manages these two: an update must repeat them, because what an omitted field does
        // is unknown.
        store(world, "adele", Field::UserTag, Value::Text("sales".into()));
        store(world, "adele", Field::UseEnterpriseDialPlan, Value::Flag(true));
    })
    .await;
    house.sandbox.faults(|faults| faults.omitted_fields = dialplane::sandbox::Omitted::Clear);
    scenario!(&house);
    let stored = house.user("adele").stored;
    assert_eq!(stored.get(Field::UserTag), Some(&Value::Text("sales".into())));
    assert_eq!(stored.get(Field::UseEnterpriseDialPlan), Some(&Value::Flag(true)));
    assert_eq!(stored.get(Field::PhoneNumber), Some(&number("+14255550100")));
}

#[tokio::test]
async fn a_disable() {
    let house =
        House::open(&contoso("", &["adele enabled", "bert disabled +14255550101"]), |world| {
            switch(world, "bert", Calling::Enabled);
        })
        .await;
    scenario!(&house);
    // The platform keeps the number.
    assert_eq!(house.user("bert").stored.get(Field::PhoneNumber), Some(&number("+14255550101")));
}

#[tokio::test]
async fn details_of_a_disabled_user_wait() {
    let manifests = contoso("", &["bert disabled +14255550101 useTeamsVoicemail=true"]);
    let house = House::open(&manifests, |world| {
        store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
        store(world, "bert", Field::PhoneNumber, number("+14255550199"));
    })
    .await;
    scenario!(&house);
}

#[tokio::test]
async fn a_disabled_user_releases_its_number() {
    let house =
        House::open(&contoso("", &["bert disabled none useTeamsVoicemail=true"]), |world| {
            store(world, "bert", Field::PhoneNumber, number("+14255550101"));
            store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
        })
        .await;
    scenario!(&house);
    assert_eq!(house.user("bert").stored.phone(), None);
    assert_eq!(
        house.user("bert").stored.get(Field::UseTeamsVoicemail),
        Some(&Value::Flag(false)),
        "this still waits"
    );
}

#[tokio::test]
async fn a_leaver_is_disabled_and_then_releases_the_number() {
    let house = House::open(&contoso("", &["adele enabled", "bert disabled none"]), |world| {
        switch(world, "bert", Calling::Enabled);
        store(world, "bert", Field::PhoneNumber, number("+14255550101"));
    })
    .await;
    scenario!(&house);
}

#[tokio::test]
async fn an_enabled_user_gives_its_number_up() {
    let house = House::open(&contoso("", &["adele enabled none"]), |world| {
        store(world, "adele", Field::PhoneNumber, number("+14255550100"));
    })
    .await;
    scenario!(&house);
    assert_eq!(house.user("adele").stored.phone(), None);
}

#[tokio::test]
async fn unmanaged_users_are_left_alone_or_pruned() {
    let change = |world: &mut dialplane::sandbox::World| {
        stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
        stranger(world, "contoso", "former@contoso.com", Calling::Disabled, &[]);
    };
    let house = House::open(&contoso("", &["adele enabled"]), change).await;
    scenario!("never", &house);
    assert_eq!(house.user("visitor").calling, Calling::Enabled);
    let house = House::open(&contoso("prune: disable", &["adele enabled"]), change).await;
    scenario!("disable", &house);
    assert_eq!(house.user("visitor").calling, Calling::Disabled);
    assert_eq!(house.user("callappservice").calling, Calling::Enabled);
}

#[tokio::test]
async fn names_are_equal_without_regard_to_case() {
    let house = House::open(
        &contoso("", &["Adele.Vance@CONTOSO.com enabled useTeamsVoicemail=true", "bert enabled"]),
        |world| {
            let users = &mut tenant(world, "contoso").users;
            let adele = users.remove(&upn("adele.vance@contoso.com")).unwrap();
            users.insert(upn("adele.vance@contoso.com"), adele);
        },
    )
    .await;
    assert_eq!(runnable(&house.plan().await), []);
    house
        .sandbox
        .world(|world| store(world, "adele.vance", Field::UseTeamsVoicemail, Value::Flag(false)));
    scenario!(&house);
}

#[tokio::test]
async fn odd_names_arrive_whole() {
    let odd = [
        "guest_fabrikam.com#EXT#@contoso.com",
        "o'brien+100?x&y=z_fabrikam.com#EXT#@contoso.com",
        "née.müller@contoso.com",
        "a.b-c_d!e#f^g~h@contoso.com",
    ];
    let lines: Vec<String> =
        odd.iter().map(|upn| format!("{upn} enabled useTeamsVoicemail=true")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let house = House::open(&contoso("", &lines), |world| {
        for who in odd {
            switch(world, who, Calling::Disabled);
            store(world, who, Field::UseTeamsVoicemail, Value::Flag(false));
        }
    })
    .await;
    let plan = house.plan().await;
    let reports = house.apply(&plan).await;
    assert!(reports[0].is_complete(), "{reports:?}");
    for who in odd {
        assert_eq!(house.user(who).calling, Calling::Enabled, "{who}");
    }
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_number_spelled_differently_is_the_same_number() {
    let manifests = contoso(
        "numbers: { extensionPrefix: \"+1\" }",
        &["adele enabled +14255550100", "bert enabled 1000", "carl enabled +14255550102;ext=7"],
    );
    let house =
        House::open(&manifests, |world| tenant(world, "contoso").plain_numbers = true).await;
    scenario!(&house);
    assert_eq!(house.writes(), NOTHING);
}

#[tokio::test]
async fn two_tenants_have_one_extension_each() {
    let prefix = "numbers: { extensionPrefix: \"+1\" }";
    let manifests = fleet(&[
        ("contoso", prefix, &["adele enabled 1000"]),
        ("fabrikam", prefix, &["bert enabled 1000"]),
    ]);
    let house = House::open(&manifests, |world| {
        for who in ["adele@contoso.com", "bert@fabrikam.com"] {
            let user = user(world, who);
            *user = User::new(
                Calling::Enabled,
                [(Field::SbcGatewayId, gateway(805))].into_iter().collect(),
            );
        }
    })
    .await;
    scenario!(&house);
}

#[tokio::test]
async fn a_field_that_nobody_sees_is_compared_with_what_was_written() {
    let manifests =
        |tag: &str| contoso("", &[&format!("adele enabled +14255550100 userTag={tag}")]);
    let blind = |settings: &mut dialplane::config::Settings| {
        let row =
            settings.connect_to_teams.as_mut().unwrap().endpoints.list_users.as_mut().unwrap();
        row.fields.remove("userTag").unwrap();
    };
    let mut house = House::configured(&manifests("sales"), blind, |_| {}).await;
    scenario!("never_written", &house);
    house.edit(&[("fleet.yaml", &manifests("support"))]);
    let plan = house.plan().await;
    snapshot!("written", text(&plan));
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    done(&house, &house.plan().await).await;
    assert_eq!(
        house.user("adele").stored.get(Field::UserTag),
        Some(&Value::Text("support".into()))
    );
}

#[tokio::test]
async fn a_user_who_is_not_visible_is_a_problem_and_no_more() {
    let manifests = contoso(
        "",
        &["adele enabled +14255550100", "bert disabled", "carl enabled useTeamsVoicemail=true"],
    );
    let house = House::open(&manifests, |world| {
        user(world, "adele").hidden = true;
        user(world, "bert").hidden = true;
        switch(world, "bert", Calling::Enabled);
        store(world, "carl", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    scenario!(&house);
}

#[tokio::test]
async fn an_unclear_calling_state_is_a_problem() {
    let other_word = |settings: &mut dialplane::config::Settings| {
        let row =
            settings.connect_to_teams.as_mut().unwrap().endpoints.list_users.as_mut().unwrap();
        row.calling.disabled = vec!["OFF".to_owned()];
    };
    let manifests =
        contoso("prune: disable", &["adele enabled", "bert enabled useTeamsVoicemail=true"]);
    let house = House::configured(&manifests, other_word, |world| {
        switch(world, "adele", Calling::Disabled);
        stranger(world, "contoso", "visitor@contoso.com", Calling::Disabled, &[]);
        store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    scenario!(&house);
}

#[tokio::test]
async fn a_user_without_a_gateway_anywhere_cannot_be_updated() {
    let manifests = contoso(
        "defaults: {}",
        &["adele enabled useTeamsVoicemail=true", "bert enabled useTeamsVoicemail=true"],
    );
    let house = House::open(&manifests, |world| {
        let off = (Field::UseTeamsVoicemail, Value::Flag(false));
        *user(world, "adele") = User::new(Calling::Disabled, [off.clone()].into_iter().collect());
        store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    scenario!(&house);
    assert_eq!(
        house.user("bert").stored.get(Field::UseTeamsVoicemail),
        Some(&Value::Flag(true)),
        "the live gateway serves"
    );
}

#[tokio::test]
async fn tenants_that_are_right_are_only_counted() {
    let house =
        House::open(&fleet(&[("contoso", "", &["adele enabled"]), ("fabrikam", "", &[])]), |_| {})
            .await;
    scenario!(&house);
    assert!(house.sandbox.world(|world| world.tenant(&name("fabrikam")).is_some()));
}
