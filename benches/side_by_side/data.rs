//! The inputs: a fleet from a seed, as manifests, as the plainest YAML that says the same, and as
//! live state from which a given share of the users has drifted.

use std::{fmt::Write as _, fs, io, path::Path};

use fastrand::Rng;

const FIRST: [&str; 8] = ["Anna", "Bela", "Carla", "David", "Elena", "Farid", "Greta", "Hugo"];
const LAST: [&str; 8] =
    ["Mueller", "Okafor", "Jansen", "Rossi", "Novak", "Silva", "Tanaka", "Weiss"];
const POLICIES: [&str; 4] = ["International", "National", "Internal-Only", "Emergency"];
const ALL: &str = "{ percent: 100, count: 10000000 }";

/// One user as it is, or as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) gateway: u32,
    pub(crate) enabled: bool,
    pub(crate) policy: &'static str,
}

/// A fleet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) tenants: usize,
    /// Users of each tenant.
    pub(crate) users: usize,
    /// Of a hundred users so many have drifted; each needs one call that writes.
    pub(crate) drift: usize,
}

/// The name of a tenant.
pub(crate) fn name(tenant: usize) -> String {
    format!("tenant-{tenant:04}")
}

/// Its id.
pub(crate) fn id(tenant: usize) -> String {
    format!("00000000-0000-4000-8000-{tenant:012}")
}

impl Shape {
    /// The users of a tenant as they are to be. The same numbers give the same users.
    pub(crate) fn wanted(self, tenant: usize) -> Vec<User> {
        let mut rng = Rng::with_seed(tenant as u64);
        let user = |n: usize| User {
            upn: format!("user{n:06}@{}.example.com", name(tenant)),
            name: format!("{} {} {n}", FIRST[rng.usize(..8)], LAST[rng.usize(..8)]),
            number: format!("+49{:010}", 3_000_000_000 + tenant * 1_000_000 + n),
            gateway: 800 + rng.u32(..4),
            enabled: n % 10 != 9,
            policy: POLICIES[rng.usize(..4)],
        };
        (0..self.users).map(user).collect()
    }

    /// The same as they are: of those that have drifted one is off, the next is on, and the third
    /// has another policy.
    pub(crate) fn live(self, tenant: usize) -> Vec<User> {
        let mut users = self.wanted(tenant);
        let drifted = users.iter_mut().enumerate().filter(|(n, _)| n % 100 < self.drift);
        for (turn, (_, user)) in drifted.enumerate() {
            let other = POLICIES[(turn + 1) % 4];
            if turn % 3 == 2 && user.enabled {
                user.policy = if user.policy == other { POLICIES[turn % 4] } else { other };
            } else {
                user.enabled = !user.enabled;
            }
        }
        users
    }

    /// Writes `manifests` and `plainest` below a folder.
    pub(crate) fn write(self, folder: &Path) -> io::Result<()> {
        let manifests = folder.join("manifests");
        let plainest = folder.join("plainest");
        fs::create_dir_all(&manifests)?;
        fs::create_dir_all(&plainest)?;
        for tenant in 0..self.tenants {
            let users = self.wanted(tenant);
            let file = format!("{}.yaml", name(tenant));
            fs::write(manifests.join(&file), manifest(tenant, &users))?;
            fs::write(plainest.join(&file), flat(&users))?;
        }
        Ok(())
    }
}

fn manifest(tenant: usize, users: &[User]) -> String {
    let name = name(tenant);
    let id = id(tenant);
    let mut text = format!(
        "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: {name} }}\nspec:\n  tenantId: {id}\n  mode: enforce\n  \
         prune: never\n  limits: {{ disable: {ALL}, numbers: {ALL}, changes: {ALL} }}\n---\n\
         apiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: all, tenant: {name} }}\nspec:\n  users:\n"
    );
    for user in users {
        let calling = if user.enabled { "enabled" } else { "disabled" };
        let _ = writeln!(
            text,
            "    - userPrincipalName: {}\n      calling: {calling}\n      phoneNumber: \"{}\"\n      \
             sbcGatewayId: {}\n      callPolicy: {{ name: {} }}\n      userTag: {}",
            user.upn, user.number, user.gateway, user.policy, user.name
        );
    }
    text
}

fn flat(users: &[User]) -> String {
    let mut text = String::from("users:\n");
    for user in users {
        let _ = writeln!(
            text,
            "  - upn: {}\n    name: {}\n    number: \"{}\"\n    gateway: {}\n    enabled: {}\n    policy: {}",
            user.upn, user.name, user.number, user.gateway, user.enabled, user.policy
        );
    }
    text
}

/// A tenant in which half of the users have the number of the other half.
pub(crate) fn doubled(users: usize, file: &Path) -> io::Result<()> {
    let shape = Shape { tenants: 1, users, drift: 0 };
    let mut all = shape.wanted(0);
    let (first, second) = all.split_at_mut(users / 2);
    for (one, other) in first.iter().zip(second) {
        other.number.clone_from(&one.number);
    }
    fs::write(file, manifest(0, &all))
}

/// The policy of that name.
pub(crate) fn policy(name: &str) -> Option<&'static str> {
    POLICIES.into_iter().find(|policy| *policy == name)
}
