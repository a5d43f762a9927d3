//! The customers that an account lists, and imports of all of them at once.

use std::{collections::BTreeSet, fs};

use dialplane::sandbox::{FaultRule, InjectedFault, Route, World};

use crate::{
    snapshot::snapshot,
    stage::{Stage, fleet},
};

/// The fleet, of which only contoso is described by a manifest; and what the service calls them.
async fn reseller() -> Stage {
    let stage = Stage::drifted().await;
    stage.sandbox.faults(|faults| {
        faults.respell = [
            ("\"enterpriseName\":\"adatum\"", "\"enterpriseName\":\"A. Datum & Söhne\""),
            (
                "\"enterpriseName\":\"fabrikam\"",
                "\"enterpriseName\":\"Fabrikam \\u001b[31m, Inc.\"",
            ),
        ]
        .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
        .into();
    });
    let contoso: Vec<String> = fleet()
        .split("---\n")
        .filter(|document| document.contains("contoso"))
        .map(str::to_owned)
        .collect();
    fs::write(stage.manifest(), contoso.join("---\n")).unwrap();
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_with_what_there_is_of_each() {
    let stage = reseller().await;
    let mut told = String::new();
    for arguments in [
        &["tenants"][..],
        &["tenants", "--users"],
        &["tenants", "--only", "unmanaged", "--output", "ids"],
        &["tenants", "--only", "without-consent"],
        &["tenants", "--only", "unregistered"],
        &["tenants", "DATUM"],
        &["tenants", "0002"],
    ] {
        let listed = stage.run(arguments).await;
        assert_eq!(listed.code, 0, "{}", listed.stderr);
        assert!(!listed.stdout.contains('\u{1b}'), "{}", listed.stdout);
        told +=
            &format!("$ dialplane {}\n{}{}\n", arguments.join(" "), listed.stdout, listed.stderr);
    }
    snapshot!(told);
    let json = stage.run(&["tenants", "--users", "--output", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let tenants = json["tenants"].as_array().unwrap();
    assert_eq!((&json["kind"], tenants.len()), (&"Tenants".into(), 4));
    let contoso = tenants.iter().find(|tenant| tenant["name"] == "contoso").unwrap();
    assert_eq!(contoso["manifest"], serde_json::json!({ "name": "contoso", "mode": "enforce" }));
    assert_eq!(contoso["consent"], "given");
    assert_eq!(contoso["users"]["complete"], true);
    let northwind = tenants.iter().find(|tenant| tenant["registered"] == false).unwrap();
    assert_eq!((&northwind["tenantId"], &northwind["consent"]), (&().into(), &().into()));
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_listed_or_asked_is_told_and_never_an_empty_list() {
    let stage = reseller().await;
    let fail = |route| {
        move |faults: &mut dialplane::sandbox::Faults| {
            faults.rules = vec![FaultRule::new(InjectedFault::Forbidden).on(route)];
        }
    };
    stage.sandbox.faults(fail(Route::Enterprises));
    for arguments in [&["tenants"][..], &["import", "--all", "--out", "new"]] {
        let failed = stage.run(arguments).await;
        assert_eq!((failed.code, failed.stdout.as_str()), (1, ""), "{}", failed.stderr);
        assert!(
            failed.stderr.contains("access is denied") && failed.stderr.contains("hint: "),
            "{}",
            failed.stderr
        );
    }
    assert!(!stage.path().join("new").exists());
    stage.sandbox.faults(fail(Route::Enterprise));
    let partly = stage.run(&["tenants"]).await;
    assert_eq!(partly.code, 4, "{}", partly.stderr);
    assert_eq!(partly.stdout.matches("  not read  ").count(), 3, "{}", partly.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_manifests_nobody_is_managed() {
    let stage = Stage::drifted().await;
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let listed = stage.run(&["tenants"]).await;
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(listed.stderr.contains("4 customers, 1 not registered"), "{}", listed.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_customers_are_imported_beside_those_that_are_there() {
    let stage = reseller().await;
    let before = fs::read_to_string(stage.manifest()).unwrap();
    let imported = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    snapshot!(format!("{}{}", imported.stdout, imported.stderr));
    assert_eq!(fs::read_to_string(stage.manifest()).unwrap(), before);
    let plan = stage.run(&["plan", "--output", "json"]).await;
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let mut names = BTreeSet::new();
    for tenant in plan["tenants"].as_array().unwrap() {
        let name = tenant["tenant"].as_str().unwrap();
        names.insert(name);
        let nothing = serde_json::json!([]);
        let still = tenant["steps"] == nothing && tenant["problems"] == nothing;
        assert_eq!(still, name != "contoso", "{tenant:#}");
    }
    assert_eq!(names, BTreeSet::from(["a-datum-sohne", "contoso", "fabrikam-31m-inc"]));
    let again = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{}", again.stderr);
    assert!(again.stderr.contains("there is nothing to import"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_names_whom_to_import() {
    let stage = reseller().await;
    let list = stage.path().join("wave.txt");
    let fabrikam = "00000000-0000-4000-8000-000000000002";
    fs::write(&list, "\u{feff}# the first wave\r\nNorthwind Traders\r\na. datum & söhne\r\n")
        .unwrap();
    let imported = stage.run(&["import", "--tenants", "wave.txt", "--out", "manifests"]).await;
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(imported.stdout.contains("manifests/a-datum-sohne/tenant.yaml"), "{}", imported.stdout);
    assert!(imported.stderr.contains("not registered yet"), "{}", imported.stderr);
    // A tenant with its name needs no list.
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::Enterprises));
    });
    fs::write(&list, format!("ours={fabrikam},+1 # by hand\n")).unwrap();
    let imported = stage.run(&["import", "--tenants", "wave.txt", "--out", "manifests"]).await;
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(imported.stdout.contains("manifests/ours/tenant.yaml"), "{}", imported.stdout);
    stage.sandbox.faults(|faults| faults.rules.clear());
    fs::write(&list, format!("Nobody Ltd.\n\n{}\n", fabrikam.replace('2', "9"))).unwrap();
    let odd = stage.run(&["import", "--tenants", "wave.txt", "--out", "manifests"]).await;
    assert_eq!(odd.code, 1);
    assert!(
        odd.stderr.contains("line 1: no account lists `Nobody Ltd.`")
            && odd.stderr.contains("line 3: "),
        "{}",
        odd.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_cannot_be_read_is_left_for_the_next_import() {
    let stage = reseller().await;
    let fabrikam = "00000000-0000-4000-8000-000000000002";
    stage.sandbox.faults(|faults| {
        faults.rules.push({
            let rule = FaultRule::new(InjectedFault::Server).on(Route::ListUsers);
            FaultRule { tenant: Some(fabrikam.to_owned()), ..rule }
        });
    });
    let partly = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!(partly.code, 4, "{}", partly.stderr);
    assert!(partly.stderr.contains("1 tenant could not be read, see above"), "{}", partly.stderr);
    assert!(!stage.path().join("manifests/fabrikam-31m-inc").exists());
    stage.sandbox.faults(|faults| faults.rules.clear());
    // What an import that was killed has begun is in nobody's way.
    let begun = stage.path().join("manifests/.fabrikam-31m-inc.import");
    fs::create_dir(&begun).unwrap();
    fs::write(begun.join("tenant.yaml"), "half").unwrap();
    let rest = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!(rest.code, 0, "{}", rest.stderr);
    assert!(rest.stdout.contains("manifests/fabrikam-31m-inc/tenant.yaml"), "{}", rest.stdout);
    assert!(!rest.stdout.contains("a-datum"), "{}", rest.stdout);
    assert!(!begun.exists());
}

/// So many customers of six users.
fn many(count: usize) -> String {
    let mut text = String::new();
    for tenant in 0..count {
        text += &format!(
            "---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: t{tenant} }}\nspec:\n  \
                tenantId: 00000000-0000-4000-8000-{tenant:012}\n  mode: enforce\n  prune: never\n  \
                defaults: {{ sbcGatewayId: 805 }}\n---\napiVersion: dialplane/v1\nkind: UserSet\n\
                metadata: {{ name: all, tenant: t{tenant} }}\nspec:\n  users:\n"
        );
        for user in 0..6 {
            text += &format!(
                "    - userPrincipalName: u{user}@t{tenant}.example\n      calling: enabled\n      \
                    phoneNumber: \"+1425{tenant:04}{user:03}\"\n"
            );
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_customers_are_imported_in_one_go() {
    let stage = Stage::with(many(200), |desired| World::from_desired(desired, 1)).await;
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let imported = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(
        imported.stderr.contains("200 tenants with 1200 users in 400 files, and nothing to do"),
        "{}",
        imported.stderr
    );
    let plan = stage.run(&["plan"]).await;
    assert!(
        plan.code == 0 && plan.stdout.contains("nothing to do"),
        "{}{}",
        plan.stdout,
        plan.stderr
    );
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_with_errors_may_describe_anybody() {
    let stage = reseller().await;
    let text = fs::read_to_string(stage.manifest()).unwrap();
    fs::write(stage.manifest(), text.replacen("mode: enforce", "mode: enforced", 1)).unwrap();
    let refused = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("correct them first"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_number_of_the_manifests_that_are_there_are_not_named_twice() {
    let stage = reseller().await;
    stage.sandbox.faults(|faults| {
        for (ours, theirs) in
            [("user3@adatum.example", "user3@contoso.example"), ("+14255550004", "+14255551004")]
        {
            faults.respell.push((ours.to_owned(), theirs.to_owned()));
        }
    });
    let imported = stage.run(&["import", "--all", "--out", "manifests"]).await;
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let text =
        fs::read_to_string(stage.path().join("manifests/a-datum-sohne/tenant.yaml")).unwrap();
    assert!(text.contains("user3@contoso.example: shown in several tenants"), "{text}");
    assert!(imported.stderr.contains("1 user without the number"), "{}", imported.stderr);
    assert_eq!(stage.run(&["validate"]).await.code, 0);
}
