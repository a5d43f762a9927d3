//! A file that is saved half and still understood: what a user's missing keys kept from being done
//! waits, as a missing line does.

use std::{fs, time::Duration};

use dialplane::{
    manifest::{Absences, Keeper, ManifestFile, load},
    model::Missing,
    sandbox::World,
};
use jiff::{SignedDuration, Timestamp};

use crate::stage::Stage;

const TENANT: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: contoso }\nspec:\n  \
    tenantId: 00000000-0000-4000-8000-000000000007\n  mode: enforce\n  prune: never\n  protect: \
    [{ site: hospital }]\n  limits: { disable: { percent: 100 } }\n---\napiVersion: \
    dialplane/v1\nkind: UserSet\nmetadata: { name: s, tenant: contoso }\nspec:\n  users:\n    - { \
    userPrincipalName: bob@contoso.example, calling: enabled }\n    - { userPrincipalName: \
    cat@contoso.example, calling: enabled }\n";

/// The fleet with one more user, as its last line says.
fn fleet(keys: &str) -> String {
    format!("{TENANT}    - {{ userPrincipalName: eve@contoso.example, {keys} }}\n")
}

const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at the manifests, one after another, so many seconds apart.
struct Eye {
    keeper: Keeper,
    absences: Absences,
    now: Timestamp,
}

impl Eye {
    fn new() -> Self {
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        Self { keeper: Keeper::default(), absences: Absences::default(), now }
    }

    fn look(&mut self, text: &str, is_commit: bool, seconds: i64) -> Missing {
        self.now += SignedDuration::from_secs(seconds);
        let mut in_force = self.keeper.take(load(&[ManifestFile::new("fleet.yaml", text)]));
        self.absences.take(&mut in_force, self.now, PATIENCE, |_| is_commit);
        in_force.desired.tenants.values().next().unwrap().missing.clone()
    }
}

fn keys(missing: &Missing) -> String {
    let keys = missing.keys.iter().flat_map(|(user, keys)| {
        let keys: Vec<String> = keys.keys().map(|key| format!("{user} {key}")).collect();
        keys
    });
    keys.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_key_that_keeps_something_from_being_done_waits_when_it_is_missing() {
    let off = "calling: disabled";
    let on = "calling: enabled";
    let ahead = "from: '2026-07-01T00:00:00Z'";
    let over = "until: '2026-05-01T00:00:00Z'";
    for (before, after, waits) in [
        (format!("{off}, site: hospital"), off.to_owned(), "eve@contoso.example `site`"),
        (format!("{off}, site: hospital"), format!("{off}, site: hotel"), ""),
        (format!("{on}, {ahead}"), on.to_owned(), "eve@contoso.example `from`"),
        (format!("{on}, {ahead}"), format!("{on}, from: '2026-05-01T00:00:00Z'"), ""),
        (format!("{on}, from: '2026-05-01T00:00:00Z'"), on.to_owned(), ""),
        (format!("{on}, {over}"), on.to_owned(), "eve@contoso.example `until`"),
        (
            format!("{on}, {over}, site: hospital"),
            on.to_owned(),
            "eve@contoso.example `site`, eve@contoso.example `until`",
        ),
        (format!("{on}, until: '2026-07-01T00:00:00Z'"), on.to_owned(), ""),
    ] {
        let (before, after) = (fleet(&before), fleet(&after));
        let mut eye = Eye::new();
        assert_eq!(keys(&eye.look(&before, false, 0)), "");
        assert_eq!(keys(&eye.look(&after, false, 1)), waits, "{after}");
        assert_eq!(keys(&eye.look(&after, false, 30)), waits, "{after}");
        // It is back, and goes again: it waits as long as before.
        assert_eq!(keys(&eye.look(&before, false, 1)), "");
        assert_eq!(keys(&eye.look(&after, false, 59)), waits, "{after}");
        assert_eq!(keys(&eye.look(&after, false, 59)), waits, "{after}");
        assert_eq!(keys(&eye.look(&after, false, 1)), "", "it counts in the end");
        // A commit says it at once.
        let mut eye = Eye::new();
        eye.look(&before, false, 0);
        assert_eq!(keys(&eye.look(&after, true, 1)), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_missing_for_a_moment_costs_nobody_the_phone() {
    let on = fleet("calling: enabled, site: hospital");
    let stage = Stage::with(on, |desired| World::from_desired(desired, 1)).await;
    let mut service = stage.start(&["run"]);
    let told = || stage.text("stdout").matches("as the manifests want it").count() == 1;
    service.until("the first pass", told).await;
    for (turn, waits) in [
        ("calling: disabled, site: hospital", "the user is at site hospital"),
        ("calling: disabled", "`site` of the user, which kept this from being done"),
    ] {
        fs::write(stage.manifest(), fleet(turn)).unwrap();
        service.until(waits, || stage.text("stdout").contains(waits)).await;
    }
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(stage.writes(), [""; 0]);
}
