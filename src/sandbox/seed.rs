//! Worlds from manifests: as they ask for, or drifted away from it.
//!
//! [`World::from_desired`] puts every tenant there as desired. A user without a gateway gets the
//! first one, because the service cannot enable a user without. Every tenant also has the two
//! accounts that the platform makes for itself and that nobody may touch. Some tenants show full
//! numbers without `+`.
//!
//! [`World::drifted`] then makes each kind of difference happen somewhere, so a first plan has
//! something of everything:
//!
//! | kind | in the world | a plan shows |
//! |---|---|---|
//! | enable | a user who should be enabled is off | enable |
//! | disable | a user who should be off is enabled | disable |
//! | details | voicemail, gateway, policy or dial plan differs | update |
//! | move | A has no number, and B holds the one that A should have; B's own is free | two updates, B's first |
//! | hidden | one user of the first tenant is outside the sync groups | a problem |
//! | stranger | an enabled user that no manifest names, two from 20 users on | a note, or a disable where the tenant prunes |
//! | unregistered | a customer that has no tenant yet | nothing; `tenants` lists it |
//! | consent | the last of three or more tenants has none | a hold |
//!
//! The first four are dealt out in turn, about one for each twelve users of a tenant; a kind that
//! found no place is then forced in wherever it fits. Suspended tenants stay as desired.
//!
//! **Invariant:** nobody drifts twice, no number is held twice, no protected user is to be
//! disabled, and a tenant has at most one disable for each 20 users and never more than its limit
//! allows: the drift alone trips no guard.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::{
    RESELLER_ID,
    drift::{self, DriftingTenant, domain},
    world::{SyncState, Tenant, User, World},
};
use crate::model::{
    Calling, Desired, DesiredTenant, DesiredUser, Details, Field, GatewayId, Mode, PhoneNumber,
    Service, Upn, Value,
};

/// The gateways that every world has, with their regions.
const GATEWAYS: [(i64, &str); 3] = [(805, "US East"), (806, "US West"), (807, "EU Central")];

/// A customer that has been made and not registered.
const UNREGISTERED: &str = "Northwind Traders";

impl World {
    /// The world in which nothing is left to do.
    #[must_use]
    pub fn from_desired(desired: &Desired, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let gateways = gateways(desired);
        let mut numbers = BTreeSet::new();
        let mut tenants = BTreeMap::new();
        for (desired, enterprise_id) in desired.tenants.values().zip(1001..) {
            let tenant = Tenant {
                name: desired.name.clone(),
                enterprise_id,
                reseller_id: RESELLER_ID,
                consent_flag: true,
                consent_listed: true,
                extension_prefix: desired.extension_prefix.clone(),
                plain_numbers: rng.u8(..4) == 0,
                sync: SyncState::default(),
                users: users(desired, &gateways, &mut numbers),
            };
            tenants.insert(desired.id.clone(), tenant);
        }
        Self { tenants, gateways, ..Self::default() }
    }

    /// The same with modest drift of every kind.
    #[must_use]
    pub fn drifted(desired: &Desired, seed: u64) -> Self {
        let mut world = Self::from_desired(desired, seed);
        world.unregistered = vec![UNREGISTERED.to_owned()];
        let mut rng = Rng::with_seed(seed);
        let gateways: Vec<GatewayId> = world.gateways.keys().copied().collect();
        let without_consent = desired.tenants.keys().last().filter(|_| desired.tenants.len() >= 3);
        let mut tenants: Vec<&DesiredTenant> =
            desired.tenants.values().map(AsRef::as_ref).collect();
        tenants.retain(|tenant| tenant.mode != Mode::Suspend);
        // Tenants that can be written come first, so each kind of drift is found where it can
        // be corrected.
        tenants.sort_by_key(|tenant| {
            (tenant.mode != Mode::Enforce, Some(&tenant.name) == without_consent)
        });
        let mut fates: Vec<DriftingTenant<'_>> = tenants
            .into_iter()
            .filter_map(|tenant| {
                Some(DriftingTenant::new(tenant, world.tenants.remove(&tenant.id)?, rng.fork()))
            })
            .collect();
        drift::deal(&mut fates, desired.tenants.keys().next(), &gateways);
        world.tenants.extend(fates.into_iter().map(DriftingTenant::into_world));
        if let Some(tenant) = without_consent.and_then(|name| world.tenant_mut(name)) {
            tenant.consent_flag = false;
            tenant.consent_listed = false;
        }
        world
    }
}

/// The fixed gateways and those that the manifests name.
fn gateways(desired: &Desired) -> BTreeMap<GatewayId, String> {
    let fixed = GATEWAYS
        .into_iter()
        .filter_map(|(id, region)| Some((GatewayId::new(id).ok()?, region.to_owned())));
    let users = desired.tenants.values().flat_map(|tenant| tenant.users.values());
    let named = users.filter_map(|user| match user.details.get(Field::SbcGatewayId) {
        Some(Value::Gateway(id)) if *id != GatewayId::CALL_APP => {
            Some((*id, format!("Region {}", id.get())))
        }
        _ => None,
    });
    named.chain(fixed).collect()
}

/// A tenant's users as desired, and the accounts of the platform.
fn users(
    tenant: &DesiredTenant,
    gateways: &BTreeMap<GatewayId, String>,
    numbers: &mut BTreeSet<PhoneNumber>,
) -> BTreeMap<Upn, User> {
    let gateway: Details = gateways
        .keys()
        .next()
        .map(|id| (Field::SbcGatewayId, Value::Gateway(*id)))
        .into_iter()
        .collect();
    let managed = tenant.users.values().map(|user| {
        let mut stored = user.details.over(&gateway);
        // Manifests that ask for one number twice are refused long before; a world built by hand is
        // kept sound, too.
        if stored.phone().is_some_and(|number| !numbers.insert(number.clone())) {
            stored.set(Field::PhoneNumber, Value::NoPhone);
        }
        (user.upn.clone(), made(user, stored))
    });
    let mut users: BTreeMap<Upn, User> = managed.collect();
    let platform = [
        format!("callappservice@{}", domain(tenant)),
        "directrouting.user@cust12.sbc.connecttoteams.com".to_owned(),
    ];
    for upn in platform.iter().filter_map(|name| Upn::parse(name).ok()) {
        users.entry(upn).or_insert_with(|| User::new(Calling::Enabled, gateway.clone()));
    }
    users
}

/// A user as the manifests have it.
fn made(user: &DesiredUser, stored: Details) -> User {
    match user.service {
        Service::Phone => User::new(user.calling, stored),
        Service::CallApp => User::with_call_app(user.calling, stored),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        model::{
            Adopt, Limits, LiveSource, Missing, Origin, Protect, Prune, Release, ShrinkLimit,
            TenantId, TenantName, Users, WritePath,
        },
        sandbox::drift::DriftKind,
    };

    fn origin() -> Origin {
        Origin { file: "m.yaml".into(), line: None }
    }

    /// The `n`th user of a tenant: about one in six is disabled.
    fn user(rng: &mut Rng, index: usize, n: usize) -> DesiredUser {
        let number = PhoneNumber::parse(&format!("+1425{index:03}{n:04}"), None).unwrap();
        let details = [
            (Field::PhoneNumber, Value::Phone(number)),
            (Field::SbcGatewayId, Value::Gateway(GatewayId::new(900).unwrap())),
            (Field::UseTeamsVoicemail, Value::Flag(true)),
        ];
        DesiredUser {
            upn: Upn::parse(&format!("u{n:03}@t{index}.example")).unwrap(),
            calling: if rng.u8(..6) == 0 { Calling::Disabled } else { Calling::Enabled },
            details: details.into_iter().collect(),
            site: None,
            reason: None,
            dates: None,
            onboard: None,
            service: Service::default(),
            origin: origin(),
        }
    }

    /// A tenant of a random size, with one user protected.
    fn tenant(rng: &mut Rng, index: usize) -> DesiredTenant {
        let users: Users<_> = (0..rng.usize(..60)).map(|n| user(rng, index, n)).collect();
        DesiredTenant {
            name: TenantName::parse(&format!("t{index}")).unwrap(),
            id: TenantId::parse(&format!("87d349ed-44d7-43e1-9a83-{index:012}")).unwrap(),
            account: None,
            mode: Mode::Enforce,
            prune: if rng.bool() { Prune::Never } else { Prune::Disable },
            live: LiveSource::ConnecttoTeams,
            confirm: false,
            adopt: Adopt::All,
            limits: Limits::DEFAULT,
            protect: Protect {
                users: users.keys().take(1).cloned().collect(),
                ..Protect::default()
            },
            shrink_limit: ShrinkLimit::DEFAULT,
            writes: WritePath::default(),
            extension_prefix: None,
            windows: None,
            clocks: None,
            release: Release::Clear,
            parking: Vec::new(),
            hands_on: BTreeMap::new(),
            users: users.into(),
            origin: origin(),
            incomplete: None,
            missing: Missing::default(),
        }
    }

    fn fleet(rng: &mut Rng) -> Desired {
        let tenants = (0..rng.usize(1..6)).map(|index| tenant(rng, index));
        Desired { tenants: tenants.map(|one| (one.name.clone(), Arc::new(one))).collect() }
    }

    fn no_number_is_held_twice(world: &World) -> bool {
        let held: Vec<_> = world.users().filter_map(|(_, _, user)| user.stored.phone()).collect();
        held.iter().collect::<BTreeSet<_>>().len() == held.len()
    }

    /// The users of a tenant that a plan would disable.
    fn to_disable<'a>(
        desired: &'a DesiredTenant,
        live: &'a Tenant,
    ) -> impl Iterator<Item = &'a Upn> {
        let enabled = live
            .users
            .iter()
            .filter(|(upn, user)| user.calling == Calling::Enabled && !upn.is_platform_account());
        enabled.map(|(upn, _)| upn).filter(|upn| match desired.users.get(upn) {
            Some(user) => user.calling == Calling::Disabled,
            None => desired.prune == Prune::Disable,
        })
    }

    #[test]
    fn a_drifted_world_is_sound_and_trips_no_guard() {
        for seed in 0..200 {
            let desired = fleet(&mut Rng::with_seed(seed));
            let world = World::drifted(&desired, seed);
            assert_eq!(world, World::drifted(&desired, seed), "seed {seed}");
            assert!(no_number_is_held_twice(&world), "seed {seed}");
            for tenant in desired.tenants.values() {
                let live = &world.tenants[&tenant.id];
                let gone: Vec<_> = to_disable(tenant, live).collect();
                let enabled = live
                    .users
                    .values()
                    .filter(|user| user.calling == Calling::Enabled && !user.hidden)
                    .count();
                assert!(gone.len() <= (tenant.users.len() / 20).max(1), "seed {seed}: {gone:?}");
                assert!(
                    gone.len() <= tenant.limits.disable.allows(enabled - 2),
                    "seed {seed}: {gone:?}"
                );
                assert!(
                    gone.iter().all(|upn| !tenant.protect.users.contains(*upn)),
                    "seed {seed}: {gone:?}"
                );
            }
        }
    }

    #[test]
    fn a_fleet_of_some_size_has_drift_of_every_kind() {
        for seed in 0..200 {
            let desired = fleet(&mut Rng::with_seed(seed));
            let large = desired.tenants.values().filter(|tenant| tenant.users.len() >= 20).count();
            if large < 3 {
                continue;
            }
            let world = World::drifted(&desired, seed);
            let found: Vec<DriftKind> = desired
                .tenants
                .values()
                .flat_map(|tenant| {
                    tenant
                        .users
                        .values()
                        .map(|user| (user, &world.tenants[&tenant.id].users[&user.upn]))
                })
                .filter_map(|(user, live)| match (user.calling, live.calling) {
                    (Calling::Enabled, Calling::Disabled) => Some(DriftKind::Enable),
                    (Calling::Disabled, Calling::Enabled) => Some(DriftKind::Disable),
                    _ if user.details.phone() != live.stored.phone() => Some(DriftKind::Move),
                    _ if user.details != live.stored => Some(DriftKind::Details),
                    _ => None,
                })
                .collect();
            // Where every tenant prunes, strangers may have used up what may be disabled.
            let pruned = desired.tenants.values().all(|tenant| tenant.prune == Prune::Disable);
            let missing = DriftKind::ALL.into_iter().find(|drift| !found.contains(drift));
            assert!(
                missing.is_none_or(|drift| pruned && drift == DriftKind::Disable),
                "seed {seed}: {missing:?}"
            );
            assert_eq!(
                world.users().filter(|(_, _, user)| user.hidden).count(),
                usize::from(hides(&desired)),
                "seed {seed}"
            );
            assert_eq!(
                world.tenants.values().filter(|tenant| !tenant.consents()).count(),
                1,
                "seed {seed}"
            );
        }
    }

    fn hides(desired: &Desired) -> bool {
        desired.tenants.values().next().is_some_and(|tenant| {
            tenant.users.len() >= 3
                && tenant.users.values().any(|user| user.calling == Calling::Enabled)
        })
    }
}
