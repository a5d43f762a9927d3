//! Several sources side by side: a customer has a repository of his own, and what it says of others changes
//! nothing.

use std::fs;

use dialplane::sandbox::World;
use serde_json::Value;

use super::{
    followed::{first_pass, until_status},
    repo::{Repo, carried_out, has_git},
};
use crate::stage::{Stage, desired, fleet};

/// The fleet without the users of contoso, and those users.
fn parted() -> (String, String) {
    let (mine, theirs): (Vec<String>, Vec<String>) = fleet()
        .split("---\n")
        .filter(|document| !document.is_empty())
        .map(|document| format!("---\n{document}"))
        .partition(|document| !document.contains("name: all, tenant: contoso"));
    (mine.concat(), theirs.concat())
}

/// A service with the fleet in a repository, and contoso's users in one of its own.
pub(super) async fn set() -> (Stage, Repo, Repo) {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("backoff: 100ms", "backoff: 50ms, resync: 1h");
    let (mine, theirs) = parted();
    assert_eq!(desired(&(mine.clone() + &theirs)).tenants.len(), 3);
    let (fleet, contoso) = (Repo::new(&mine), Repo::new(&theirs));
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let path = stage.path().join("dialplane.yaml");
    let config = fs::read_to_string(&path).unwrap();
    let sources = format!(
        "sources:\n  fleet: {{ git: {{ url: '{}', interval: 1s }} }}\n  contoso:\n    git: {{ url: '{}', \
            interval: 1s }}\n    tenants: [contoso]\n",
        fleet.url(),
        contoso.url()
    );
    fs::write(path, config + &sources).unwrap();
    (stage, fleet, contoso)
}

fn row<'s>(status: &'s Value, tenant: &str) -> &'s Value {
    status["tenants"].as_array().unwrap().iter().find(|row| row["tenant"] == tenant).unwrap()
}

fn errors(status: &Value) -> u64 {
    status["manifests"]["errors"].as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_own_repository_moves_and_holds_that_customer_alone() {
    if !has_git() {
        return;
    }
    let (stage, fleet, contoso) = set().await;
    let (_, theirs) = parted();
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    assert_eq!(carried_out(&stage), [""; 0]);

    // What the customer wants is carried out with the customer's commit on record.
    let edited = theirs.replacen(
        "phoneNumber: \"+14255551000\"\n",
        "phoneNumber: \"+14255551000\"\n      userTag: ours\n",
        1,
    );
    let second = contoso.commit(&edited, "our own tag");
    service.until("the sync", || carried_out(&stage).len() == 2).await;
    let run: Value =
        serde_json::from_str(&stage.run(&["history", "--output", "json"]).await.stdout).unwrap();
    assert_eq!(run["runs"][0]["revision"]["commit"], second.as_str(), "{run}");

    // What it says of others is a mistake at its place, and changes nothing.
    let strange = edited.clone()
        + "---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: ours, tenant: adatum }\n\
           spec:\n  users:\n    - { userPrincipalName: user3@adatum.example, calling: disabled }\n\
           ---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: adatum }\nspec: \
           { tenantId: 00000000-0000-4000-8000-000000000000, mode: suspend, prune: disable }\n";
    contoso.commit(&strange, "and theirs");
    let now = until_status(&stage, "two mistakes", |status| errors(status) == 2).await;
    for tenant in ["adatum", "contoso", "fabrikam"] {
        assert!(row(&now, tenant)["note"].is_null(), "{tenant}: {now}");
    }
    assert_eq!(row(&now, "adatum")["mode"], "enforce");
    let told = stage.text("stderr");
    assert!(told.contains("this source must not speak of tenant `adatum`"), "{told}");
    assert!(told.contains("contoso:manifests/fleet.yaml:"), "{told}");

    // A number of somebody else holds the tenant that takes it, and not the one that has it.
    contoso.commit(&edited.replace("+14255551001", "+14255550003"), "a number of adatum");
    let now = until_status(&stage, "one mistake", |status| errors(status) == 1).await;
    assert!(!row(&now, "contoso")["note"].is_null(), "{now}");
    assert!(row(&now, "adatum")["note"].is_null(), "{now}");
    assert_eq!(carried_out(&stage).len(), 2, "{:?}", carried_out(&stage));

    // The others go on meanwhile.
    let (mine, _) = parted();
    fleet.commit(
        &mine.replacen(
            "phoneNumber: \"+14255550000\"\n",
            "phoneNumber: \"+14255550000\"\n      userTag: theirs\n",
            1,
        ),
        "a new tag",
    );
    service.until("adatum's sync", || carried_out(&stage).len() == 4).await;

    // Its repository is gone, and it is restarted without its copy: only that customer is held.
    contoso.commit(&edited, "all is well");
    until_status(&stage, "no mistake", |status| errors(status) == 0).await;
    assert_eq!(service.stop().await, Some(0));
    fs::remove_dir_all(contoso.root().join("origin.git")).unwrap();
    fs::remove_dir_all(stage.path().join(".dialplane/sandbox/git")).unwrap();
    let _service = stage.start(&["run"]);
    let now = until_status(&stage, "contoso alone", |status| {
        errors(status) == 1 && status["tenants"].as_array().is_some_and(|all| all.len() == 3)
    })
    .await;
    assert!(!row(&now, "contoso")["note"].is_null(), "{now}");
    let sources = now["manifests"]["sources"].as_array().unwrap();
    let troubled = sources.iter().filter(|source| !source["trouble"].is_null()).count();
    assert_eq!((sources.len(), troubled), (2, 1), "{now}");
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 1, "{}{}", plan.stdout, plan.stderr);
    assert!(plan.stdout.contains("contoso") && plan.stderr.contains("contoso"), "{}", plan.stderr);
    assert_eq!(carried_out(&stage).len(), 4, "{:?}", carried_out(&stage));
}
