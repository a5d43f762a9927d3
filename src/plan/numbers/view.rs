//! The ledger at the moment of a plan: who holds a number now, and who may hold it unseen.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::ledger::{
    DesiredHolder, Holding, Ledger, NumberHolder, TenantUnseen, Tenants, UnreadNumber, write,
};
use crate::{
    model::{Memory, NumberKey, PhoneNumber, TenantName, Upn},
    plan::{Moment, Patience, validity::Validity},
};

/// Names that are told; of more, only the count.
pub(super) const TOLD: usize = 5;

/// What a plan takes to be so of the numbers that other tenants may hold unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Elsewhere {
    /// What the ledger knows.
    AsKnown,
    /// No other tenant may hold a number unseen.
    Clear,
    /// Some other tenant may hold any number unseen.
    InDoubt,
}

/// The ledger as a plan sees it.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct View<'a> {
    pub(in crate::plan) ledger: &'a Ledger,
    pub(in crate::plan) tenants: &'a Tenants,
    pub(in crate::plan) now: Timestamp,
    pub(in crate::plan) patience: Patience,
    pub(in crate::plan) elsewhere: Elsewhere,
}

/// Somebody who holds a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) tenant: &'a TenantName,
    /// The user whose primary number it is; nobody, if it is held otherwise.
    pub(super) user: Option<&'a Upn>,
    /// Who that is, for people.
    pub(super) name: &'a str,
    /// The state of the user, or what the number is held as.
    pub(super) state: &'a str,
    /// What the manifests want of the user, if they name it.
    pub(super) wish: Option<DesiredHolder>,
}

/// Why nobody can say of a number that it is free.
#[derive(Debug, Default)]
pub(super) struct NumberDoubts<'a> {
    pub(super) unseen: Vec<(&'a TenantName, TenantUnseen)>,
    /// Some of the numbers that are not understood.
    pub(super) unread: Vec<&'a UnreadNumber>,
    /// How many more of these there are.
    pub(super) more: usize,
    /// The tenants that have to be looked at again.
    pub(super) tenants: BTreeSet<&'a TenantName>,
    /// Whether a tenant that is not named here is only assumed to hold it.
    assumed: bool,
}

impl NumberDoubts<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.tenants.is_empty() && !self.assumed
    }
}

impl<'a> View<'a> {
    /// The same, if this were so of other tenants.
    pub(in crate::plan) fn assuming(self, elsewhere: Elsewhere) -> Self {
        Self { elsewhere, ..self }
    }

    fn moment<'m>(&self, memory: &'m Memory) -> Moment<'m> {
        Moment { memory, now: self.now, patience: self.patience, looked: None }
    }

    /// Narrows a span to that in which time alone changes nothing of who holds a number.
    pub(in crate::plan) fn narrow(&self, number: &NumberKey, span: &mut Validity) {
        for (name, who) in self.ledger.holders(number) {
            if let NumberHolder::User(who) = who
                && who.holding == Holding::Written
                && let Some(tenant) = self.tenants.get(name)
                && let Some(write) = write(&tenant.memory, &who.user)
            {
                self.moment(&tenant.memory).narrow_by_write(write.at, write.synced, span);
            }
        }
    }

    /// Everybody who holds `number`, as it is meant in `tenant`.
    pub(super) fn holders(&self, tenant: &TenantName, number: &PhoneNumber) -> Vec<Holder<'a>> {
        let number = NumberKey::new(tenant, number);
        let holders = self.ledger.holders(&number);
        holders.filter_map(|(name, who)| self.holder(name, who)).collect()
    }

    fn holder(&self, name: &'a TenantName, who: &'a NumberHolder) -> Option<Holder<'a>> {
        let input = self.tenants.get(name)?;
        match who {
            NumberHolder::User(who) => {
                let open = || {
                    let write = write(&input.memory, &who.user);
                    write.is_some_and(|write| self.moment(&input.memory).is_open(write))
                };
                let holds = who.holding == Holding::Shown || open();
                holds.then(|| Holder {
                    tenant: name,
                    user: Some(&who.user),
                    name: who.user.as_str(),
                    state: who.calling.words(),
                    wish: who.wish.map(|wish| wish.at(self.now)),
                })
            }
            NumberHolder::Beside(place) => {
                let held = input.live.last()?.beside.numbers.get(*place)?;
                let name_of = &held.holder;
                let state = &held.held_as;
                Some(Holder { tenant: name, user: None, name: name_of, state, wish: None })
            }
        }
    }

    /// Where somebody but the `taker` may hold `number` without being seen to; an extension only
    /// matters in its own tenant.
    pub(super) fn doubts(
        &self,
        number: &PhoneNumber,
        tenant: &TenantName,
        taker: Option<&Upn>,
    ) -> NumberDoubts<'a> {
        let own_only = number.is_extension() || self.elsewhere != Elsewhere::AsKnown;
        // The tenant's own list is a matter of its own guards.
        let unseen = self.ledger.unseen.iter().filter(|(name, _)| !own_only && *name != tenant);
        let mut doubts = NumberDoubts {
            unseen: unseen.map(|(name, why)| (name, *why)).collect(),
            assumed: self.elsewhere == Elsewhere::InDoubt && !number.is_extension(),
            ..NumberDoubts::default()
        };
        doubts.tenants.extend(doubts.unseen.iter().map(|(name, _)| *name));
        for (of, all) in self.ledger.unread.iter().filter(|(of, _)| !own_only || *of == tenant) {
            let own = |unread: &UnreadNumber| {
                of == tenant && unread.user.is_some() && unread.user.as_ref() == taker
            };
            let mut others = all.iter().filter(|unread| !own(unread));
            let room = TOLD.saturating_sub(doubts.unread.len());
            let told = others.by_ref().take(room).collect::<Vec<_>>();
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
