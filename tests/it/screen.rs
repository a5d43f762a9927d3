//! A plan on one screen: what comes first, what is told once, and that nothing is left out without
//! a count.

use std::fmt::Write as _;

use dialplane::{
    model::{Calling, Field, Upn},
    plan::{
        Plan,
        render::{self, Detail, Screen},
    },
};

use crate::{filters::plain, snapshot::snapshot, support::*};

/// So many tenants with so many people each, who are all to have calling but for one, if that one
/// is named: by the numbers of the tenant and the person.
fn many(tenants: usize, people: usize, spec: &str, leaver: Option<(usize, usize)>) -> String {
    let names: Vec<String> = (0..tenants).map(|tenant| format!("kunde-{tenant:02}")).collect();
    let users: Vec<Vec<String>> = (0..tenants)
        .map(|tenant| {
            let line = |person| {
                let calling = if leaver == Some((tenant, person)) { "disabled" } else { "enabled" };
                format!("p{person} {calling} +4930{:07}", tenant * people + person)
            };
            (0..people).map(line).collect()
        })
        .collect();
    let users: Vec<Vec<&str>> =
        users.iter().map(|users| users.iter().map(String::as_str).collect()).collect();
    let tenants: Vec<(&str, &str, &[&str])> =
        names.iter().zip(&users).map(|(name, users)| (name.as_str(), spec, &users[..])).collect();
    fleet(&tenants)
}

fn shown(plan: &Plan, detail: Detail) -> String {
    plain(&render::screen(plan, &Screen { detail, user: None }))
}

/// Every kind of thing at once: in one tenant somebody loses calling, in another a number changes,
/// a third has something else to change, a fourth is held, and two have nothing to do.
async fn mixed() -> Plan {
    let house = House::open(&many(6, 3, "", Some((3, 1))), |world| {
        switch(world, "p1@kunde-03.com", Calling::Enabled);
        store(world, "p0@kunde-02.com", Field::PhoneNumber, number("+493099999"));
        for person in 0..3 {
            store(world, &format!("p{person}@kunde-01.com"), Field::SbcGatewayId, gateway(806));
        }
        tenant(world, "kunde-00").consent_flag = false;
        switch(world, "p0@kunde-00.com", Calling::Disabled);
        stranger(world, "kunde-04", "guest@kunde-04.com", Calling::Enabled, &[]);
    })
    .await;
    house.plan().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_most_harm_comes_first_and_a_tenant_without_a_step_is_counted() {
    let plan = mixed().await;
    snapshot!("usual", shown(&plan, Detail::Usual));
    snapshot!("summary", shown(&plan, Detail::Summary));
    snapshot!("quiet", shown(&plan, Detail::Quiet));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_service_has_a_line_for_each_change() {
    let plan = mixed().await;
    let text: String = plan.tenants.iter().map(|tenant| plain(&render::brief(tenant))).collect();
    snapshot!("brief", text);
    let spec = "limits: { changes: { percent: 100, count: 100 }, disable: { percent: 100 } }";
    let house = House::open(&many(1, 70, spec, Some((0, 69))), |world| {
        for person in 0..70 {
            store(world, &format!("p{person}@kunde-00.com"), Field::SbcGatewayId, gateway(806));
        }
        switch(world, "p69@kunde-00.com", Calling::Enabled);
    })
    .await;
    let text = plain(&render::brief(&house.plan().await.tenants[0]));
    assert_eq!(text.matches("kunde-00  update p").count(), 50, "{text}");
    assert!(text.contains("kunde-00  disable p69@kunde-00.com"), "never left out: {text}");
    assert!(text.contains("kunde-00  ... and "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_user_only_that_is_shown_and_the_rest_is_counted() {
    let plan = mixed().await;
    let some = |user: &Upn| user.as_str().starts_with("p0@kunde-0");
    let screen = Screen { detail: Detail::Usual, user: Some(&some) };
    let text = plain(&render::screen(&plan, &screen));
    assert!(!text.contains("p1@kunde-03.com") && text.contains("p0@kunde-02.com"), "{text}");
    assert!(text.contains("left out by --user: 3 steps of others"), "{text}");
    assert!(text.starts_with("1 person would lose calling: kunde-03 1"), "{text}");
    assert_eq!(text.lines().last(), shown(&plan, Detail::Quiet).lines().last());
    let nobody = |_: &Upn| false;
    let screen = Screen { detail: Detail::Usual, user: Some(&nobody) };
    let text = plain(&render::screen(&plan, &screen));
    assert!(text.contains("no step and no problem of such a user"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_tenants_with_nothing_to_do_take_two_lines() {
    let house = House::open(&many(300, 1, "", None), |_| {}).await;
    let text = shown(&house.plan().await, Detail::Usual);
    assert_eq!(text, "300 tenants as the manifests want them\nplan: nothing to do\n");
    let house = House::open(&many(30, 1, "", None), |world| {
        for tenant in 0..30 {
            let who = format!("guest@kunde-{tenant:02}.com");
            stranger(world, &format!("kunde-{tenant:02}"), &who, Calling::Enabled, &[]);
        }
    })
    .await;
    let text = shown(&house.plan().await, Detail::Usual);
    assert_eq!(
        text,
        "30 tenants as the manifests want them; notes of 30 of them, which -v shows: unmanaged 30\n\
         plan: nothing to do\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_in_which_all_differ_is_a_table_and_who_loses_calling_is_named() {
    let house = House::open(&many(60, 2, "", None), |world| {
        for tenant in 0..60 {
            store(world, &format!("p0@kunde-{tenant:02}.com"), Field::SbcGatewayId, gateway(806));
        }
    })
    .await;
    let mut plan = house.plan().await;
    // Somebody in the last of them loses calling.
    let losing = House::open(&many(60, 2, "", Some((59, 1))), |world| {
        switch(world, "p1@kunde-59.com", Calling::Enabled);
    })
    .await;
    let last = losing.plan().await.tenants.pop().unwrap();
    *plan.tenants.last_mut().unwrap() = last;
    let text = shown(&plan, Detail::Usual);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "1 person would lose calling: kunde-59 1");
    assert!(lines[2].starts_with("  disable  p1@kunde-59.com"), "{text}");
    assert!(lines[5].starts_with("kunde-59                 1"), "{text}");
    assert!(text.contains("... and 20 more tenants; --summary lists them"), "{text}");
    assert!(lines.len() < 60, "{text}");
    let all = shown(&plan, Detail::Summary);
    assert!((0..60).all(|tenant| all.contains(&format!("\nkunde-{tenant:02} "))), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_many_share_is_told_once_and_the_same_change_of_many_is_counted() {
    let house =
        House::open(&many(1, 60, "limits: { changes: { percent: 1, count: 1 } }", None), |world| {
            for person in 0..60 {
                store(world, &format!("p{person}@kunde-00.com"), Field::SbcGatewayId, gateway(806));
            }
        })
        .await;
    let plan = house.plan().await;
    let text = shown(&plan, Detail::Usual);
    assert_eq!(text.matches("people would be changed").count(), 1, "{text}");
    assert!(text.contains("[limit-changes], 60 times\n"), "{text}");
    assert!(text.contains("... and 57 more to update with the same changes"), "{text}");
    assert!(text.lines().count() < 30, "{text}");
    let mut all = String::new();
    for person in 0..60 {
        let _ = write!(all, "p{person}@kunde-00.com ");
    }
    let everything = shown(&plan, Detail::Everything);
    assert!(all.split_whitespace().all(|user| everything.contains(user)), "{everything}");
}

#[tokio::test(flavor = "multi_thread")]
async fn advice_that_names_a_tenant_is_told_for_all_who_share_the_hold() {
    let house = House::open(&many(3, 1, "", None), |world| {
        for number in 0..3 {
            tenant(world, &format!("kunde-{number:02}")).consent_flag = number == 2;
            switch(world, &format!("p0@kunde-{number:02}.com"), Calling::Disabled);
        }
    })
    .await;
    let plan = house.plan().await;
    for detail in [Detail::Usual, Detail::Summary] {
        let text = shown(&plan, detail);
        let hints: Vec<&str> = text.lines().filter(|line| line.contains("hint: ")).collect();
        assert_eq!(hints.len(), 1, "{text}");
        let all = "`dialplane doctor --consent-link kunde-00` prints a link to send; likewise for \
            each of the others, by its own name";
        assert!(hints[0].ends_with(all), "{text}");
    }
    let everything = shown(&plan, Detail::Everything);
    assert!(everything.contains("--consent-link kunde-01`"), "each its own: {everything}");
}

#[tokio::test(flavor = "multi_thread")]
async fn red_is_who_loses_calling_and_nothing_else() {
    const RED: &str = "\u{1b}[31m";
    let coloured = render::screen(&mixed().await, &Screen::default());
    let red: Vec<&str> = coloured.lines().filter(|line| line.contains(RED)).collect();
    assert_eq!(red.len(), 2, "{coloured}");
    assert!(red[0].contains("1 person would lose calling") && red[1].contains("disable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_disable_is_held_stands_before_those_that_hold_anything_else() {
    let spec = "limits: { disable: { percent: 0 }, changes: { percent: 0 } }";
    let house = House::open(&many(60, 2, spec, Some((59, 1))), |world| {
        for tenant in 0..60 {
            store(world, &format!("p0@kunde-{tenant:02}.com"), Field::SbcGatewayId, gateway(806));
        }
        switch(world, "p1@kunde-59.com", Calling::Enabled);
    })
    .await;
    let text = shown(&house.plan().await, Detail::Usual);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("tenant "));
    let first = lines.nth(1).unwrap_or_default();
    assert!(first.starts_with("kunde-59") && first.ends_with("1 disable held"), "{text}");
}
