//! The ledger: who holds which number over the whole fleet, and where nobody could look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::words::{self, TOLD};
use crate::{
    model::{
        Coverage, DesiredTenant, Field, HeldNumber, LiveTenant, Memory, NumberKey, PhoneNumber,
        TenantName, Unread, Upn, Value, Write,
    },
    plan::{Observation, Patience, TenantInput},
};

/// Who holds which number: everybody who is visible, disabled and unmanaged users included, and
/// every number that is shown.
#[derive(Debug, Default)]
pub(in crate::plan) struct Ledger<'a> {
    holders: BTreeMap<NumberKey, Vec<Holder<'a>>>,
    /// Tenants whose numbers are not all known, and why. While there are any, nobody can say of a
    /// number that it is free.
    pub(super) unseen: BTreeMap<&'a TenantName, Unseen>,
    /// Numbers that are not understood, by tenant: each may be any.
    unread: BTreeMap<&'a TenantName, Vec<UnreadNumber<'a>>>,
}

/// Somebody who holds a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) tenant: &'a DesiredTenant,
    /// The user whose primary number it is; nobody, if it is held otherwise.
    pub(super) user: Option<&'a Upn>,
    /// Who that is, for people.
    pub(super) name: &'a str,
    /// The state of the user, or what the number is held as.
    pub(super) state: &'a str,
}

/// A number that is not understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnreadNumber<'a> {
    user: Option<&'a Upn>,
    /// Who holds it, for people.
    pub(super) name: &'a str,
    pub(super) read: &'a Unread,
}

/// Why nobody can say of a number that it is free.
#[derive(Debug, Default)]
pub(super) struct Doubts<'a> {
    pub(super) unseen: Vec<(&'a TenantName, Unseen)>,
    /// Some of the numbers that are not understood.
    pub(super) unread: Vec<UnreadNumber<'a>>,
    /// How many more of these there are.
    pub(super) more: usize,
    /// Whom to look at again.
    pub(super) tenants: BTreeSet<&'a TenantName>,
}

impl Doubts<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }
}

/// Why the numbers of a tenant are not all known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It could not be read.
    Failed,
    /// Nobody looks: its mode is `suspend`.
    Suspended,
    /// Its manifests are broken, so that nobody knows how to look.
    Broken,
    /// It was not looked at yet.
    NotYet,
    /// Its list may be incomplete.
    Suspect,
    /// Its list shows no numbers.
    Blind,
}

impl<'a> Ledger<'a> {
    /// Gathers what is shown, and what was written and is not shown yet.
    pub(in crate::plan) fn of(
        tenants: impl Iterator<Item = &'a TenantInput<'a>>,
        broken: impl Iterator<Item = &'a TenantName>,
        now: Timestamp,
        patience: Patience,
    ) -> Self {
        let mut ledger = Self::default();
        ledger.unseen.extend(broken.map(|name| (name, Unseen::Broken)));
        for tenant in tenants {
            let unseen = match tenant.live {
                Observation::Failed(_) => Some(Unseen::Failed),
                Observation::NotAsked => Some(Unseen::Suspended),
                Observation::NotYet => Some(Unseen::NotYet),
                Observation::Seen(live) => {
                    ledger.add(tenant.desired, live, tenant.memory, |write| {
                        patience.is_open(tenant.memory, write, now)
                    });
                    match live.coverage {
                        _ if !live.sees.contains(&Field::PhoneNumber) => Some(Unseen::Blind),
                        Coverage::Suspect(_) => Some(Unseen::Suspect),
                        Coverage::Complete => None,
                    }
                }
            };
            ledger.unseen.extend(unseen.map(|why| (&tenant.desired.name, why)));
        }
        ledger
    }

    fn add(
        &mut self,
        tenant: &'a DesiredTenant,
        live: &'a LiveTenant,
        memory: &'a Memory,
        is_open: impl Fn(&Write<Value>) -> bool,
    ) {
        for user in live.users.values() {
            let shown = user.number();
            let write = memory
                .written
                .get(&user.upn)
                .and_then(|written| written.details.get(&Field::PhoneNumber));
            let written =
                write.filter(|write| !write.landed && is_open(write)).and_then(
                    |write| match &write.value {
                        Value::Phone(number) => Some(number),
                        _ => None,
                    },
                );
            let (name, state) = (user.upn.as_str(), words::state(&user.calling));
            let holder = Holder { tenant, user: Some(&user.upn), name, state };
            for number in shown.into_iter().chain(written.filter(|number| shown != Some(number))) {
                self.hold(number, holder);
            }
            let unread = user.unread_number();
            self.doubt(
                tenant,
                unread.map(|read| UnreadNumber { user: Some(&user.upn), name, read }),
            );
        }
        for HeldNumber { holder: name, held_as: state, number } in &live.beside.numbers {
            match number {
                Ok(number) => self.hold(number, Holder { tenant, user: None, name, state }),
                Err(read) => self.doubt(tenant, Some(UnreadNumber { user: None, name, read })),
            }
        }
    }

    fn doubt(&mut self, tenant: &'a DesiredTenant, unread: Option<UnreadNumber<'a>>) {
        if let Some(unread) = unread {
            self.unread.entry(&tenant.name).or_default().push(unread);
        }
    }

    fn hold(&mut self, number: &PhoneNumber, holder: Holder<'a>) {
        self.holders.entry(NumberKey::new(&holder.tenant.name, number)).or_default().push(holder);
    }

    /// Everybody who holds `number`, as it is meant in `tenant`.
    pub(super) fn holders(&self, tenant: &TenantName, number: &PhoneNumber) -> &[Holder<'a>] {
        self.holders.get(&NumberKey::new(tenant, number)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where somebody but the `taker` may hold `number` without being seen to; an extension only
    /// matters in its own tenant.
    pub(super) fn doubts(
        &self,
        number: &PhoneNumber,
        tenant: &TenantName,
        taker: Option<&Upn>,
    ) -> Doubts<'a> {
        let extension = number.is_extension();
        // The tenant's own list is a matter of its own guards.
        let unseen = self.unseen.iter().filter(|(name, _)| !extension && **name != tenant);
        let mut doubts = Doubts {
            unseen: unseen.map(|(name, why)| (*name, *why)).collect(),
            ..Doubts::default()
        };
        doubts.tenants.extend(doubts.unseen.iter().map(|(name, _)| *name));
        for (of, all) in self.unread.iter().filter(|(of, _)| !extension || **of == tenant) {
            let own = |unread: &&UnreadNumber<'_>| {
                *of == tenant && unread.user.is_some() && unread.user == taker
            };
            let mut others = all.iter().filter(|unread| !own(unread));
            let room = TOLD.saturating_sub(doubts.unread.len());
            let told = others.by_ref().take(room).copied().collect::<Vec<_>>();
            let more = others.count();
            if told.len() + more > 0 {
                doubts.tenants.insert(of);
            }
            doubts.unread.extend(told);
            doubts.more += more;
        }
        doubts
    }
}
