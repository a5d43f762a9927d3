//! A call carries all that differs of a user: what of it a change causes, and what is drift.

use std::fs;

use dialplane::model::{Field, PhoneNumber, TenantName, Upn, Value as Setting};

use crate::reviewed::{committed, entry, json, no_git, pruning};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_differs_already_is_told_as_drift_where_its_call_carries_it() {
    if no_git() {
        return;
    }
    let stage = committed().await;
    stage.sandbox.world(|world| {
        let contoso = world.tenant_mut(&TenantName::parse("contoso").unwrap()).unwrap();
        let user = contoso.users.get_mut(&Upn::parse("user1@contoso.example").unwrap()).unwrap();
        let other = PhoneNumber::parse("+14255550999", None).unwrap();
        user.stored.set(Field::PhoneNumber, Setting::Phone(other));
    });
    let text = pruning();
    let one = entry(&text, "user1@contoso.example").to_owned();
    fs::write(stage.manifest(), text.replacen(&one, &format!("{one}      userTag: hall\n"), 1))
        .unwrap();
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);

    let check = ["plan", "--base", "HEAD", "--live", "live.json", "--out", "saved.json"];
    let mut told = stage.run(&check).await.stdout;
    told += &stage.run(&["show", "saved.json", "--output", "markdown"]).await.stdout;
    for output in ["markdown", "github"] {
        let check = ["plan", "--base", "HEAD", "--live", "live.json", "--output", output];
        told += &format!("== {output}\n{}", stage.run(&check).await.stdout);
    }
    let about = |line: &&str| line.contains("drift") || line.contains("Number:");
    let lines: Vec<&str> = told.lines().filter(about).collect();
    insta::assert_snapshot!(crate::filters::plain(&lines.join("\n")));
    let check = ["plan", "--base", "HEAD", "--live", "live.json", "--output", "json"];
    let review = json(&stage.run(&check).await);
    let changes = &review["caused"]["tenants"][0]["steps"][0]["changes"];
    let marks: Vec<(&str, bool)> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["field"].as_str().unwrap(), change["drift"] == true))
        .collect();
    assert_eq!(marks, [("phoneNumber", true), ("userTag", false)]);
}
