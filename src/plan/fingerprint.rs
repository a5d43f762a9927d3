//! A hash over what a tenant's plan was made from, and over its steps: two plans with one
//! fingerprint do the same to the same.
//!
//! It covers what the manifests want; consent, coverage, who is visible, their calling, numbers and
//! managed fields, a write that may still become visible counting as if it were; answers that were
//! lost; and every step with all that it sends. It does not cover the places in files, since when
//! lines are missing, approvals, times, holds, or a sync that is owed: those move without anything
//! changing.
//!
//! **Invariant:** what is covered is taken apart field by field, so a new field of these types
//! does not compile until somebody has decided about it.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

use super::{FieldChange, LiveValue, Moment, Plan, Step, SyncPlan};
use crate::model::{
    DesiredTenant, DesiredUser, Field, Fingerprint, ListExtras, LiveTenant, LiveUser,
    ObservedValue, Service, Windows, WritePath,
};

/// The fingerprint of a tenant's plan.
pub(super) fn of(
    desired: &DesiredTenant,
    live: &LiveTenant,
    steps: &[Step],
    moment: Moment<'_>,
) -> Fingerprint {
    let mut sha = Sha::new();
    hash_desired(desired, &mut sha);
    // What Teams shows beside it confirms, and decides nothing.
    let LiveTenant {
        consent,
        coverage,
        sees,
        users,
        beside:
            ListExtras {
                numbers,
                unmatched,
                nameless: _,
                not_set_up: _,
                call_app: _,
                call_app_calls: _,
                clock_ahead: _,
                number_list: _,
            },
        confirmation: _,
    } = live;
    (consent, coverage, sees, users.len()).hash(&mut sha);
    if !numbers.is_empty() || !unmatched.is_empty() {
        (numbers, unmatched).hash(&mut sha);
    }
    for (wanted, user) in desired.users.beside(users) {
        if let Some(user) = user {
            hash_live(user, wanted, moment, &mut sha);
        }
    }
    for step in steps {
        hash_step(step, &mut sha);
    }
    sha.fingerprint()
}

/// What a plan of several tenants is held against when it is carried out later: two with one
/// fingerprint send the same to the same, by the same accounts at the same hosts. Tenants for which
/// nothing is sent are not covered.
#[must_use]
pub fn of_plan(plan: &Plan) -> Fingerprint {
    if let Some(unmasked) = &plan.unmasked {
        return unmasked.clone();
    }
    let mut sha = Sha::new();
    for tenant in plan.tenants.iter().filter(|tenant| tenant.writes()) {
        let print = tenant.fingerprint.as_ref().map(Fingerprint::as_str);
        let sync = match tenant.sync {
            SyncPlan::NotNeeded => 0_u8,
            SyncPlan::AfterSteps => 1,
            SyncPlan::Owed(_) | SyncPlan::Again(_) => 2,
        };
        (tenant.tenant.as_str(), print, sync, tenant.steps.len()).hash(&mut sha);
        // A plan from kept live state may be for any account.
        if let Some(account) = plan.accounts.get(&tenant.tenant) {
            ("account", account).hash(&mut sha);
        }
        for step in &tenant.steps {
            (&step.user, step.action.verb(), tenant.may_run(step)).hash(&mut sha);
        }
    }
    sha.fingerprint()
}

fn hash_desired(desired: &DesiredTenant, sha: &mut Sha) {
    let DesiredTenant {
        name,
        id,
        account,
        mode,
        prune,
        adopt,
        live,
        confirm,
        shrink_limit,
        limits,
        protect,
        writes,
        extension_prefix,
        release,
        parking,
        windows,
        // The moments of users count.
        clocks: _,
        users,
        hands_on,
        origin: _,
        incomplete,
        missing: _,
    } = desired;
    (name, id, account, mode, prune, adopt, live, confirm).hash(sha);
    (shrink_limit, limits, protect, extension_prefix, release, parking, incomplete, users.len())
        .hash(sha);
    // Only what is not usual counts: approvals outlive a new version of the program.
    if *writes != WritePath::default() {
        writes.hash(sha);
    }
    if let Some(Windows { zone, allow, deny }) = windows {
        (zone.iana_name(), allow, deny).hash(sha);
    }
    if !hands_on.is_empty() {
        hands_on.hash(sha);
    }
    for user in users.values() {
        let DesiredUser { upn, calling, details, site, reason, dates, onboard, service, origin: _ } =
            user;
        (upn, calling, details, site, reason).hash(sha);
        if let Some(dates) = dates {
            dates.hash(sha);
        }
        if let Some(onboard) = onboard {
            ("onboard", &onboard.secrets).hash(sha);
        }
        if *service != Service::default() {
            service.hash(sha);
        }
    }
}

/// A user as observed, or as last written where that may still become visible: that it does is no
/// movement.
fn hash_live(user: &LiveUser, wanted: Option<&DesiredUser>, moment: Moment<'_>, sha: &mut Sha) {
    let lost = moment.written(&user.upn).and_then(|written| written.unknown);
    let lost = lost.map(|(verb, _)| verb);
    (&user.upn, lost, moment.calling(user)).hash(sha);
    let details = wanted.into_iter().flat_map(|wanted| wanted.details.iter());
    let managed = details.map(|(field, _)| field);
    for field in managed.filter(|field| *field != Field::PhoneNumber).chain([Field::PhoneNumber]) {
        (field, moment.value(user, field)).hash(sha);
        if let Some(ObservedValue::Unreadable(read)) = user.details.get(field) {
            read.text().hash(sha);
        }
    }
}

fn hash_step(step: &Step, sha: &mut Sha) {
    let Step { user, action, service, changes, cause, after, .. } = step;
    (user, action.verb(), action.details(), cause, after).hash(sha);
    if *service != Service::Phone {
        service.hash(sha);
    }
    for FieldChange { field, live, desired, did_not_land: _, is_drift: _ } in changes {
        let live = match live {
            LiveValue::Value(value) | LiveValue::Written(value) => Some(value),
            LiveValue::Nothing | LiveValue::NotVisible | LiveValue::Unreadable(_) => None,
        };
        (field, live, desired).hash(sha);
    }
}

/// SHA-256 as a hasher, the same on every machine: numbers go in with a fixed width and byte order.
struct Sha {
    digest: Sha256,
    /// What comes next: it comes in very small pieces, and goes on in large ones.
    next: Vec<u8>,
}

impl Sha {
    /// How much goes on at once.
    const PIECE: usize = 4096;

    fn new() -> Self {
        Self { digest: Sha256::new(), next: Vec::with_capacity(2 * Self::PIECE) }
    }

    fn fingerprint(self) -> Fingerprint {
        Fingerprint::new(self.digest.chain_update(&self.next).finalize().into())
    }
}

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.next.extend_from_slice(bytes);
        if self.next.len() >= Self::PIECE {
            self.digest.update(&self.next);
            self.next.clear();
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write(&(number as i64).to_le_bytes());
    }

    /// Nobody asks: the digest is taken whole.
    fn finish(&self) -> u64 {
        0
    }
}
