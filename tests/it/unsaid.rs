//! A file that is saved half and still understood: what a user's missing keys kept from being done
//! waits, as a missing line does.

use std::{fs, time::Duration};

use dialplane::{
    manifest::{Absences, InForce, Keeper, ManifestFile, load},
    model::Missing,
    sandbox::World,
};
use jiff::{SignedDuration, Timestamp};

use crate::{stage::Stage, support::name};

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
        let in_force = self.take(text, is_commit, seconds);
        in_force.desired.tenants.values().next().unwrap().missing.clone()
    }

    fn take(&mut self, text: &str, is_commit: bool, seconds: i64) -> InForce {
        self.now += SignedDuration::from_secs(seconds);
        let mut in_force = self.keeper.take(load(&[ManifestFile::new("fleet.yaml", text)]));
        assert!(in_force.kept.is_empty() && in_force.broken.is_empty(), "{text}");
        self.absences.take(&mut in_force, self.now, PATIENCE, |_| is_commit);
        in_force
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

/// The fleet with a tenant of these settings, and one user with a date by the tenant's clocks.
fn dated(settings: &str, date: &str) -> String {
    let tenant = TENANT.replacen("  mode: enforce\n", &format!("  mode: enforce\n{settings}"), 1);
    format!(
        "{tenant}    - {{ userPrincipalName: eve@contoso.example, calling: enabled, {date} }}\n"
    )
}

const WINDOWS: &str = "  windows: { timeZone: Pacific/Kiritimati, allow: [{ days: [mon] }] }\n";
const CLOCKS: &str = "  timeZone: Pacific/Honolulu\n";

#[test]
fn a_time_zone_that_is_missing_moves_no_date_for_a_while() {
    let both = format!("{CLOCKS}{WINDOWS}");
    let other = format!("  timeZone: UTC\n{WINDOWS}");
    for date in ["from: 2026-06-02", "until: 2026-06-02"] {
        let before = dated(&both, date);
        let after = dated(WINDOWS, date);
        let mut eye = Eye::new();
        assert_eq!(eye.look(&before, false, 0).clocks, None);
        let counts = eye.look(&after, false, 1).clocks;
        assert_eq!(counts, Some(eye.now + SignedDuration::from_secs(60)), "{date}");
        assert_eq!(eye.look(&after, false, 59).clocks, counts, "{date}");
        // It is back, and goes again: it waits as long as before.
        assert_eq!(eye.look(&before, false, 0).clocks, None);
        assert!(eye.look(&after, false, 30).clocks > counts);
        assert_eq!(eye.look(&after, false, 60).clocks, None, "it counts in the end");
        // Another one is said, and a commit says it.
        let mut eye = Eye::new();
        eye.look(&before, false, 0);
        assert_eq!(eye.look(&dated(&other, date), false, 1).clocks, None);
        let mut eye = Eye::new();
        eye.look(&before, false, 0);
        assert_eq!(eye.look(&after, true, 1).clocks, None);
    }
}

#[test]
fn what_a_commit_said_guards_when_it_is_missing_later() {
    let whole = dated(&format!("{CLOCKS}{WINDOWS}"), "from: 2026-06-02");
    let less = dated("", "from: '2026-06-02T00:00:00Z'");
    let mut eye = Eye::new();
    let mut in_force = eye.take(&whole, false, 0);
    assert_eq!(eye.absences.said(&mut in_force, |_| true), [name("contoso")]);
    let missing = eye.look(&less, false, 1);
    let (_, what) = missing.guards.expect("the windows are missing");
    assert_eq!(what, "`windows`");
    assert!(missing.clocks.is_some());
    let shrink = |limit: &str| TENANT.replacen("limits: { ", &format!("limits: {{ {limit}"), 1);
    let mut eye = Eye::new();
    eye.look(&shrink("shrink: { percent: 5, floor: 1 }, "), false, 0);
    let (_, what) = eye.look(&shrink(""), false, 1).guards.expect("a limit is missing");
    assert_eq!(what, "`limits`");
}

#[test]
fn an_absence_counts_as_long_as_somebody_looked() {
    let most = Duration::from_secs(30);
    let (on, off) = (fleet("calling: enabled"), TENANT.to_owned());
    // Seconds from look to look, and whether the line counts as gone then.
    for looks in [
        &[(20, false), (20, false), (19, false), (1, true)][..],
        // The machine slept, or its clock was put forward: nobody saw anything.
        &[(20, false), (36_000, false), (9, false), (1, true)],
        &[(36_000, false), (36_000, true)],
        // The clock was put back.
        &[(20, false), (-36_000, false), (30, false), (9, false), (1, true)],
    ] {
        let mut eye = Eye::new();
        eye.look(&on, false, 0);
        eye.absences.look(eye.now, most);
        let mut in_force = eye.take(&off, false, 0);
        assert_eq!(in_force.desired.tenants.values().next().unwrap().missing.users.len(), 1);
        for (number, (later, counts)) in looks.iter().enumerate() {
            eye.now += SignedDuration::from_secs(*later);
            eye.absences.look(eye.now, most);
            let news = eye.absences.still(&mut in_force, eye.now);
            let missing = &in_force.desired.tenants.values().next().unwrap().missing;
            assert_eq!(missing.users.is_empty(), *counts, "look {number} of {looks:?}");
            assert!(!*counts || !news.is_empty(), "that is news");
        }
        // What counts goes on counting, however long nobody looks.
        eye.now += SignedDuration::from_secs(36_000);
        eye.absences.look(eye.now, most);
        let missing = eye.look(&off, false, 0);
        assert_eq!(missing, Missing::default(), "{looks:?}");
    }
}

#[test]
fn a_key_that_counts_as_gone_is_news() {
    let [before, after] = ["calling: disabled, site: hospital", "calling: disabled"].map(fleet);
    let mut eye = Eye::new();
    eye.look(&before, false, 0);
    let mut in_force = eye.take(&after, false, 0);
    // Those that were never seen named count by then.
    for (later, news) in [(59, 0), (1, 1), (1, 0)] {
        eye.now += SignedDuration::from_secs(later);
        assert_eq!(eye.absences.still(&mut in_force, eye.now).len(), news, "{later}");
    }
    assert_eq!(in_force.desired.tenants.values().next().unwrap().missing, Missing::default());
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
