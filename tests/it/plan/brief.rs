//! What the log of a service says of a plan: a line for each change, and each reason once.

use std::time::Duration;

use dialplane::{
    model::{Calling, Field, Value},
    plan::render,
};

use super::carry_out;
use crate::support::{House, contoso, number, of, store, stranger, switch, tenant};

const LOOSE: &str = "limits: { disable: { percent: 100 }, changes: { percent: 100 } }";

/// What is logged of contoso's plan.
async fn logged(house: &House) -> String {
    let brief = render::brief(of(&house.plan().await, "contoso"));
    anstream::adapter::strip_str(&brief).to_string()
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[tokio::test]
async fn of_many_changes_each_by_which_somebody_loses_calling_is_logged() {
    let lines: Vec<String> = (0..70)
        .map(|n| match n {
            ..60 => format!("u{n:02} enabled userTag=now"),
            _ => format!("u{n:02} disabled"),
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let house = House::open(&contoso(LOOSE, &lines), |world| {
        for n in 0..60 {
            store(world, &format!("u{n:02}"), Field::UserTag, Value::Text("then".into()));
        }
        (60..70).for_each(|n| switch(world, &format!("u{n:02}"), Calling::Enabled));
    })
    .await;
    let told = logged(&house).await;
    assert_eq!((count(&told, "contoso  update "), count(&told, "contoso  disable ")), (50, 10));
    assert!(told.contains("... and 10 to update; -v shows them"), "{told}");
}

#[tokio::test]
async fn what_waits_for_held_steps_is_one_line_and_what_holds_the_tenant_is_told_alone() {
    let wants = ["ann enabled +14255550101", "bob enabled +14255550102"];
    let house = House::open(&contoso(LOOSE, &wants), |world| {
        for (who, free, held) in
            [("ann", "+14255550201", "+14255550101"), ("bob", "+14255550202", "+14255550102")]
        {
            store(world, who, Field::PhoneNumber, number(free));
            switch(world, who, Calling::Disabled);
            let other = format!("other-{who}@contoso.com");
            let details = [(Field::PhoneNumber, number(held))];
            stranger(world, "contoso", &other, Calling::Disabled, &details);
        }
    })
    .await;
    let told = logged(&house).await;
    assert_eq!(count(&told, "[number-taken]"), 2, "{told}");
    assert_eq!(count(&told, "[after-held]"), 1, "{told}");
    assert!(told.contains("held: 2 steps: "), "{told}");
    house.sandbox.world(|world| tenant(world, "contoso").consent_listed = false);
    let told = logged(&house).await;
    assert_eq!((count(&told, "held:"), count(&told, "[consent-missing]")), (1, 1), "{told}");
}

#[tokio::test]
async fn where_nothing_changes_its_notes_are_logged_and_else_that_all_is_well() {
    let house = House::open(&contoso("", &["ann enabled"]), |_| {}).await;
    assert_eq!(logged(&house).await, "contoso  as the manifests want it\n");
    house.sandbox.world(|world| {
        stranger(world, "contoso", "dora@contoso.com", Calling::Enabled, &[]);
    });
    let told = logged(&house).await;
    assert!(told.starts_with("contoso  ") && count(&told, "\n") == 1, "{told}");
    assert!(!told.contains("as the manifests want it"), "{told}");
}

#[tokio::test]
async fn a_sync_that_may_not_be_sent_yet_is_logged() {
    let wants = |tag: &str| contoso("", &[&format!("ann enabled userTag={tag}")]);
    let spaced = |settings: &mut dialplane::config::Settings| {
        settings.execution.sync_spacing = Duration::from_secs(3600);
    };
    let mut house = House::configured(&wants("first"), spaced, |world| {
        store(world, "ann", Field::UserTag, Value::Text("before".into()));
    })
    .await;
    carry_out(&house, &house.plan().await).await;
    house.edit(&[("fleet.yaml", &wants("second"))]);
    let told = logged(&house).await;
    assert_eq!(count(&told, "contoso  sync waits until "), 1, "{told}");
}
