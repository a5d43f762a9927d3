//! Folders that go away with all that is in them: a volume that is not mounted, a mount that answers
//! with an error. What was in force stays, and somebody is called.

use std::{collections::BTreeMap, fs};

use crate::stage::{Running, Stage, fleet};
use dialplane::{
    manifest::{Keeper, ManifestFile, Role, load},
    sandbox::World,
};

const TENANT: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: contoso }\nspec:\n  \
    tenantId: 00000000-0000-4000-8000-000000000007\n  mode: enforce\n  prune: disable\n";
const USERS: &str = "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: s, tenant: contoso }\nspec:\n  \
    users:\n    - { userPrincipalName: eve@contoso.example, calling: enabled }\n";

/// A folder that is empty, or cannot be looked into.
fn gone(path: &str, role: Role) -> ManifestFile {
    ManifestFile { text: Err("it is away".to_owned()), role, ..ManifestFile::new(path, "") }
}

/// What is in force of contoso: its users, and why it is an older version.
fn look(keeper: &mut Keeper, files: &[ManifestFile]) -> String {
    let in_force = keeper.take(load(files));
    let users = in_force.desired.tenants.values().flat_map(|tenant| {
        let users: Vec<String> = tenant.users.keys().map(ToString::to_string).collect();
        users
    });
    let users: Vec<String> = users.collect();
    let kept: BTreeMap<String, String> =
        in_force.kept.into_iter().map(|(name, why)| (name.to_string(), why)).collect();
    let broken = in_force.broken.len();
    format!("{} {kept:?} broken {broken}", users.join(" "))
}

#[test]
fn a_folder_that_goes_away_keeps_what_its_files_described() {
    let tenant = ManifestFile::new("m/a/tenant.yaml", TENANT);
    let users = ManifestFile::new("m/b/users.yaml", USERS);
    let both = [tenant.clone(), users.clone()];
    for (folder, role, others, kept) in [
        ("m", Role::Manifest, vec![], true),
        ("m/", Role::Manifest, vec![], true),
        ("m", Role::Hollow, vec![], true),
        ("m/a", Role::Manifest, vec![users.clone()], true),
        ("m/b", Role::Manifest, vec![tenant.clone()], true),
        // The doubt that it leaves holds removals, and what else is said counts.
        ("m/b", Role::Hollow, vec![tenant.clone()], false),
        // A neighbour whose name begins alike.
        ("m/bb", Role::Hollow, both.to_vec(), false),
    ] {
        let mut keeper = Keeper::default();
        let first = look(&mut keeper, &both);
        assert!(first.contains("eve@contoso.example {} broken 0"), "{first}");
        let away = [others, vec![gone(folder, role)]].concat();
        for turn in 0..3 {
            let now = look(&mut keeper, &away);
            let is_kept = now.contains("eve@contoso.example {\"contoso\": \"the folder");
            assert_eq!(is_kept, kept, "{folder} {role:?}, look {turn}: {now}");
            assert!(now.ends_with("broken 0"), "{folder}: {now}");
        }
        assert_eq!(look(&mut keeper, &both), first, "{folder} is back");
        // Deleted with its folder, in order.
        assert_eq!(look(&mut keeper, &[]), " {} broken 0");
        let empty = look(&mut keeper, &[gone(folder, role)]);
        assert_eq!(empty, " {} broken 0", "what was deleted in order does not come back");
    }
}

/// Waits until the service says so of itself.
async fn until_status(stage: &Stage, service: &mut Running, words: &str) {
    let path = stage.path().join(".dialplane/sandbox/status.json");
    let is_said = || fs::read_to_string(&path).is_ok_and(|status| status.contains(words));
    service.until(words, is_said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_is_not_mounted_calls_somebody() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut service = stage.start(&["run"]);
    let told = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the passes", told).await;
    fs::remove_file(stage.manifest()).unwrap();
    until_status(&stage, &mut service, "is empty, and").await;
    let told = stage.run(&["status", "--check"]).await;
    assert_eq!(told.code, 3, "{}", told.stdout);
    assert!(told.stdout.contains("an older version is in force"), "{}", told.stdout);
    assert_eq!(service.stop().await, Some(0));
    // After a new start it is not known whom the files named.
    let mut service = stage.start(&["run"]);
    until_status(&stage, &mut service, "\"empty\"").await;
    let told = stage.run(&["status", "--check"]).await;
    assert_eq!(told.code, 3, "{}", told.stdout);
    assert!(told.stdout.contains("no tenant is in force"), "{}", told.stdout);
    fs::write(stage.manifest(), fleet()).unwrap();
    let path = stage.path().join(".dialplane/sandbox/status.json");
    let is_done = |status: String| status.matches("\"done\"").count() >= 3;
    service.until("its return", || fs::read_to_string(&path).is_ok_and(is_done)).await;
    assert_eq!(stage.run(&["status", "--check"]).await.code, 0);
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(stage.writes(), [""; 0]);
}
