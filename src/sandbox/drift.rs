//! How one tenant drifts away from what is desired; [`super::seed`] tells what and why.
//!
//! **Invariant:** a user drifts at most once, so each kind of drift can be told from the
//! others in a plan.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::world::{Tenant, User};
use crate::model::{
    Calling, DesiredTenant, DesiredUser, Details, Field, GatewayId, Prune, Service, TenantId,
    TenantName, Upn, Value,
};

/// A kind of drift that is dealt out in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DriftKind {
    Move,
    Details,
    Enable,
    Disable,
}

impl DriftKind {
    pub(super) const ALL: [Self; 4] = [Self::Move, Self::Details, Self::Enable, Self::Disable];
}

/// Drift for all tenants, in their order.
pub(super) fn deal(
    fates: &mut [DriftingTenant<'_>],
    first: Option<&TenantName>,
    gateways: &[GatewayId],
) {
    // One in so many users drifts: about 8 %.
    const ONE_IN: usize = 12;
    let mut turn = 0;
    let mut placed = Vec::new();
    for fate in fates.iter_mut() {
        if Some(&fate.desired.name) == first {
            fate.hide();
        }
        fate.add_strangers();
        let mut left = (fate.desired.users.len() / ONE_IN).max(1);
        let mut misses = 0;
        // A round of misses means that nothing fits any more.
        while left > 0 && misses < DriftKind::ALL.len() {
            let drift = DriftKind::ALL[turn % DriftKind::ALL.len()];
            turn += 1;
            if fate.drift(drift, gateways) {
                placed.push(drift);
                left -= 1;
                misses = 0;
            } else {
                misses += 1;
            }
        }
    }
    for drift in DriftKind::ALL.into_iter().filter(|drift| !placed.contains(drift)) {
        let _ = fates.iter_mut().any(|fate| fate.drift(drift, gateways));
    }
}

/// What becomes of one tenant.
pub(super) struct DriftingTenant<'a> {
    desired: &'a DesiredTenant,
    live: Tenant,
    rng: Rng,
    drifted: BTreeSet<Upn>,
    /// How many users a plan would disable by now.
    disables: usize,
}

impl<'a> DriftingTenant<'a> {
    pub(super) fn new(desired: &'a DesiredTenant, live: Tenant, rng: Rng) -> Self {
        Self { desired, live, rng, drifted: BTreeSet::new(), disables: 0 }
    }

    pub(super) fn into_world(self) -> (TenantId, Tenant) {
        (self.desired.id.clone(), self.live)
    }

    /// Takes one user out of the sync groups.
    fn hide(&mut self) {
        // In a tenant of one or two, hiding somebody would leave nobody to look at.
        if self.desired.users.len() < 3 {
            return;
        }
        if let Some(user) = self.choose(|user| user.calling == Calling::Enabled) {
            self.change(&user.upn, |live| live.hidden = true);
        }
    }

    /// Adds enabled users that no manifest names, without numbers.
    fn add_strangers(&mut self) {
        let wanted = if self.desired.users.len() < 20 { 1 } else { 2 };
        let domain = domain(self.desired);
        let names = (1..).filter_map(|n| Upn::parse(&format!("visitor{n}@{domain}")).ok());
        let free = names.filter(|upn| {
            !self.desired.users.contains_key(upn) && !self.desired.protect.users.contains(upn)
        });
        let free: Vec<Upn> = free.take(wanted).collect();
        for upn in free {
            let prunes = self.desired.prune == Prune::Disable;
            if prunes && !self.may_disable() {
                return;
            }
            self.disables += usize::from(prunes);
            let gateway = self
                .live
                .users
                .values()
                .find_map(|user| user.stored.get(Field::SbcGatewayId))
                .cloned();
            let stored: Details =
                gateway.map(|gateway| (Field::SbcGatewayId, gateway)).into_iter().collect();
            self.live.users.insert(upn, User::new(Calling::Enabled, stored));
        }
    }

    /// Makes one difference of this kind, if anybody fits.
    fn drift(&mut self, drift: DriftKind, gateways: &[GatewayId]) -> bool {
        match drift {
            DriftKind::Move => self.move_number(),
            DriftKind::Details => self.change_details(gateways),
            DriftKind::Enable => {
                self.choose(|user| user.calling == Calling::Enabled).is_some_and(|user| {
                    self.change(&user.upn, |live| live.calling = Calling::Disabled);
                    true
                })
            }
            DriftKind::Disable => self.may_disable() && self.switch_on(),
        }
    }

    fn switch_on(&mut self) -> bool {
        let protect = &self.desired.protect.users;
        let chosen =
            self.choose(|user| user.calling == Calling::Disabled && !protect.contains(&user.upn));
        chosen.is_some_and(|user| {
            self.disables += 1;
            self.change(&user.upn, |live| live.calling = Calling::Enabled);
            true
        })
    }

    /// A has no number, B holds A's, and B's own is free.
    fn move_number(&mut self) -> bool {
        let movable =
            |user: &DesiredUser| user.calling == Calling::Enabled && user.details.phone().is_some();
        let Some(taker) = self.choose(movable) else { return false };
        let Some(holder) = self.choose(|user| movable(user) && user.upn != taker.upn) else {
            return false;
        };
        let Some(number) = taker.details.phone() else { return false };
        self.change(&taker.upn, |live| live.stored.set(Field::PhoneNumber, Value::NoPhone));
        self.change(&holder.upn, |live| {
            live.stored.set(Field::PhoneNumber, Value::Phone(number.clone()));
        });
        true
    }

    fn change_details(&mut self, gateways: &[GatewayId]) -> bool {
        let changes = |user: &DesiredUser| -> Vec<(Field, Value)> {
            user.details
                .iter()
                .filter_map(|(field, value)| Some((field, other(field, value, gateways)?)))
                .collect()
        };
        let chosen =
            self.choose(|user| user.calling == Calling::Enabled && !changes(user).is_empty());
        let Some((user, change)) =
            chosen.and_then(|user| Some((user, self.rng.choice(changes(user))?)))
        else {
            return false;
        };
        self.change(&user.upn, |live| live.stored.set(change.0, change.1));
        true
    }

    /// Whether a plan may disable one more: one for each 20 users, and no more than the tenant's
    /// own limit.
    fn may_disable(&self) -> bool {
        let enabled = self.live.users.iter().filter(|(upn, user)| {
            user.calling == Calling::Enabled && !user.hidden && !upn.is_platform_account()
        });
        let most = (self.desired.users.len() / 20)
            .max(1)
            .min(self.desired.limits.disable.allows(enabled.count()));
        self.disables < most
    }

    /// One of those who fit and did not drift yet.
    fn choose(&mut self, fits: impl Fn(&DesiredUser) -> bool) -> Option<&'a DesiredUser> {
        let people = self.desired.users.values().filter(|user| {
            // Nothing brings users of the Call App back.
            !user.upn.is_platform_account() && user.service == Service::Phone
        });
        let fit: Vec<_> =
            people.filter(|user| !self.drifted.contains(&user.upn) && fits(user)).collect();
        self.rng.choice(fit)
    }

    fn change(&mut self, upn: &Upn, change: impl FnOnce(&mut User)) {
        self.drifted.insert(upn.clone());
        if let Some(user) = self.live.users.get_mut(upn) {
            change(user);
            user.push();
        }
    }
}

/// Another value for a field that people do change in the portal.
fn other(field: Field, value: &Value, gateways: &[GatewayId]) -> Option<Value> {
    match (field, value) {
        (Field::UseTeamsVoicemail | Field::UseEnterpriseDialPlan, Value::Flag(flag)) => {
            Some(Value::Flag(!flag))
        }
        (Field::SbcGatewayId, Value::Gateway(id)) => {
            gateways.iter().find(|other| *other != id).copied().map(Value::Gateway)
        }
        (Field::CallPolicyName, Value::Text(name)) => {
            let policies = ["AllowCalling", "Global"];
            policies
                .into_iter()
                .find(|other| *other != &**name)
                .map(|other| Value::Text(other.into()))
        }
        _ => None,
    }
}

/// The domain of a tenant's people.
pub(super) fn domain(tenant: &DesiredTenant) -> String {
    let domain = tenant
        .users
        .keys()
        .find_map(|upn| upn.as_str().split_once('@'))
        .map(|(_, domain)| domain.to_owned());
    domain.unwrap_or_else(|| format!("{}.example", tenant.name))
}
