//! What happens when people change their names, or their dates, before these have come.

use dialplane::{
    model::{Calling, Field, UserId},
    sandbox::User,
};

use super::{SPEC, at, edit, live_through, rename};
use crate::support::{House, contoso, number, of, runnable, tenant, text, upn};

const OFFICE: &str = "carl enabled +14255550109 pbxUserId=c";
const NUMBER: &str = "+14255550100";

/// A tenant whose directory knows adele, without calling.
async fn house(wish: &str) -> House {
    let house = House::open(&contoso(SPEC, &[wish, OFFICE]), |_| {}).await;
    house.sandbox.world(|world| {
        let mut person = User::not_set_up();
        person.id = UserId::observed("a-1");
        tenant(world, "contoso").users.insert(upn("adele@contoso.com"), person);
    });
    house
}

fn wish(name: &str, dates: &str) -> String {
    format!("{name} enabled {NUMBER} pbxUserId=a {dates}")
}

fn fleet(name: &str, dates: &str) -> String {
    contoso(SPEC, &[&wish(name, dates), OFFICE])
}

#[tokio::test]
async fn a_joiner_who_is_renamed_before_the_first_day_and_a_leaver_before_the_last() {
    let from = "from=\"2040-02-01\"";
    let mut house = house(&wish("adele", from)).await;
    let mut story = String::new();
    let told = &mut story;
    live_through(&house, told, "2040-01-10T08:00:00Z", "adele is to begin in February").await;
    house.sandbox.world(|world| rename(world, "adele", "adele.vance"));
    live_through(&house, told, "2040-01-20T08:00:00Z", "she marries before that").await;
    live_through(&house, told, "2040-02-01T08:00:00Z", "her first day: nobody has her name").await;
    let named = fleet("adele.vance", from);
    edit(&mut house, told, "2040-02-01T09:00:00Z", "the manifests follow", &named);
    live_through(&house, told, "2040-02-01T09:01:00Z", "she begins").await;
    let leaves = format!("{from} until=\"2040-10-01\"");
    let leaver = fleet("adele.vance", &leaves);
    edit(&mut house, told, "2040-07-01T08:00:00Z", "she is to leave in October", &leaver);
    live_through(&house, told, "2040-07-01T09:00:00Z", "that is planned").await;
    house.sandbox.world(|world| rename(world, "adele.vance", "adele.grey"));
    live_through(&house, told, "2040-09-01T08:00:00Z", "she marries again").await;
    let successor = format!("bert enabled {NUMBER} pbxUserId=b from=\"2040-11-15\"");
    let bert = contoso(SPEC, &[&wish("adele.vance", &leaves), &successor, OFFICE]);
    edit(&mut house, told, "2040-09-15T08:00:00Z", "bert is to have the number then", &bert);
    live_through(&house, told, "2040-10-01T08:00:00Z", "her last day is over").await;
    house.sandbox.world(|world| {
        tenant(world, "contoso").users.insert(upn("bert@contoso.com"), User::not_set_up());
    });
    live_through(&house, told, "2040-11-15T08:00:00Z", "bert would begin").await;
    let named = contoso(SPEC, &[&wish("adele.grey", &leaves), &successor, OFFICE]);
    edit(&mut house, told, "2040-11-15T09:00:00Z", "the manifests follow", &named);
    live_through(&house, told, "2040-11-15T09:01:00Z", "she leaves, and he begins").await;
    live_through(&house, told, "2040-12-24T12:00:00Z", "nothing is left to do").await;
    insta::assert_snapshot!(story);
    assert_eq!(house.user("adele.grey@contoso.com").calling, Calling::Disabled);
    let bert = house.user("bert@contoso.com");
    assert_eq!(bert.stored.get(Field::PhoneNumber), Some(&number(NUMBER)));
}

#[tokio::test]
async fn dates_that_are_moved_back_and_forth() {
    let mut house = house(&wish("adele", "from=\"2040-03-01\"")).await;
    let mut story = String::new();
    let told = &mut story;
    let mut now = async |when: &str, what: &str, dates: &str| {
        house.edit(&[("fleet.yaml", &fleet("adele", dates))]);
        live_through(&house, told, when, what).await;
        house.user("adele@contoso.com").calling
    };
    let calling = [
        now("2040-01-10T08:00:00Z", "from March 1", "from=\"2040-03-01\"").await,
        now("2040-01-20T08:00:00Z", "from January 15: it has come", "from=\"2040-01-15\"").await,
        now("2040-02-01T08:00:00Z", "from June 1 after all", "from=\"2040-06-01\"").await,
        now("2040-03-01T08:00:00Z", "from January 15 again", "from=\"2040-01-15\"").await,
        now("2040-04-01T08:00:00Z", "until May 1", "until=\"2040-05-01\"").await,
        now("2040-05-02T08:00:00Z", "that has come", "until=\"2040-05-01\"").await,
        now("2040-05-10T08:00:00Z", "she stays until July 1", "until=\"2040-07-01\"").await,
        now("2040-06-01T08:00:00Z", "until May 1 after all", "until=\"2040-05-01\"").await,
        now("2040-06-02T08:00:00Z", "back from August 1 on", "from=\"2040-08-01\"").await,
        now("2040-08-02T08:00:00Z", "that has come", "from=\"2040-08-01\"").await,
        now("2040-08-03T08:00:00Z", "no dates any more", "").await,
    ];
    insta::assert_snapshot!(story);
    let on: Vec<bool> = calling.iter().map(|calling| *calling == Calling::Enabled).collect();
    // Who has begun is not disabled because a first day was moved; a last day that has come counts.
    assert_eq!(on, [false, true, true, true, true, false, true, false, false, true, true]);
}

#[tokio::test]
async fn a_last_day_takes_nothing_from_somebody_else_with_the_old_name() {
    // Another person gets the name that adele had.
    let leaves = "until=\"2040-02-01\"";
    let mut house = House::open(&contoso(SPEC, &[&wish("adele", leaves), OFFICE]), |_| {}).await;
    house.sandbox.world(|world| {
        crate::support::user(world, "adele").id = UserId::observed("a-1");
    });
    let plan = house.plan_at(at("2040-01-01T08:00:00Z")).await;
    house.apply(&plan).await;
    house.edit(&[("fleet.yaml", &fleet("adele", leaves))]);
    house.sandbox.world(|world| {
        rename(world, "adele", "adele.vance");
        let mut other = User::not_set_up();
        other.id = UserId::observed("a-2");
        tenant(world, "contoso").users.insert(upn("adele@contoso.com"), other);
    });
    let plan = house.plan_at(at("2040-02-02T08:00:00Z")).await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(!of(&plan, "contoso").remarks.problems.is_empty(), "{}", text(&plan));
}
