//! The sum in the form in which it is kept.

use jiff::Timestamp;

use super::{
    Frozen, FrozenCall, FrozenKnown, FrozenRefusal, FrozenTenant, FrozenUser, FrozenWrite,
};
use crate::{
    journal::{
        fold::{Fold, FoldedTenant, IntendedCall},
        value::write_before,
    },
    model::{
        CountedList, Field, LastWrites, Memory, RefusedCall, RememberedUser, SyncDebt,
        UnclearSyncs, Upn, UsedApproval, Value, Verb, Write,
    },
};

impl From<&Fold> for Frozen {
    fn from(Fold { tenants, accepted, brought_back: _ }: &Fold) -> Self {
        // An older program would read over what is owed by tenants that it does not know, and would
        // write of one that is suspended.
        let suspended = tenants.values().any(|tenant| tenant.memory.suspended.is_some());
        let v = if accepted.is_some() || suspended { 2 } else { 1 };
        Self {
            v,
            tenants: tenants.iter().map(|(id, tenant)| (id.to_string(), tenant.into())).collect(),
            accepted: accepted.as_ref().map(freeze_debt),
        }
    }
}

impl From<&FoldedTenant> for FrozenTenant {
    fn from(FoldedTenant { memory, pending }: &FoldedTenant) -> Self {
        // Who was cut off is known from what is pending.
        let Memory {
            sync_owed,
            first_sync,
            last_sync,
            sync_sent,
            unclear_syncs,
            written,
            cut_off: _,
            counted,
            suspended,
            managed,
            named: _,
            brought_back: _,
            sent,
            approvals,
        } = &**memory;
        Self {
            sync_owed: sync_owed.as_ref().map(freeze_debt),
            first_sync: *first_sync,
            last_sync: *last_sync,
            sync_sent: *sync_sent,
            unclear_syncs: unclear_syncs.as_ref().map(
                |UnclearSyncs { times, last, settings, reason }| {
                    (*times, *last, *settings, reason.clone())
                },
            ),
            counted: counted.map(|CountedList { users, by, at }| (users, by.name().to_owned(), at)),
            suspended: suspended.clone().map(|s| (s.at, s.by, s.reason, s.until)),
            managed: managed.iter().map(FrozenKnown::from).collect(),
            sent: sent
                .minutes()
                .map(|(minute, of)| (minute, of.disable, of.numbers, of.changes))
                .collect(),
            approvals: approvals
                .iter()
                .map(|((name, plan), UsedApproval { at, run })| {
                    (name.to_string(), plan.to_string(), *at, run.to_string())
                })
                .collect(),
            users: written.iter().map(FrozenUser::from).collect(),
            pending: pending.iter().map(FrozenCall::from).collect(),
        }
    }
}

impl From<(Upn, RememberedUser)> for FrozenKnown {
    fn from((user, RememberedUser { id, vanished }): (Upn, RememberedUser)) -> Self {
        Self { user: user.to_string(), id: id.as_ref().map(ToString::to_string), vanished }
    }
}

impl From<(&Upn, &IntendedCall)> for FrozenCall {
    fn from((user, IntendedCall { verb, details, before, at }): (&Upn, &IntendedCall)) -> Self {
        let details =
            details.iter().map(|(field, value)| (field.name().to_owned(), value.into())).collect();
        Self { user: user.to_string(), verb: *verb, details, before: write_before(before), at: *at }
    }
}

impl From<(&Upn, &LastWrites)> for FrozenUser {
    fn from(
        (user, LastWrites { calling, details, unknown, reverted, refused }): (&Upn, &LastWrites),
    ) -> Self {
        let detail = |(field, write): (&Field, &Write<Value>)| {
            (field.name().to_owned(), freeze(write, Into::into))
        };
        Self {
            user: user.to_string(),
            calling: calling.as_ref().map(|write| freeze(write, |calling| *calling)),
            details: details.iter().map(detail).collect(),
            unknown: *unknown,
            reverted: reverted
                .iter()
                .map(|(what, at)| (what.map(|field| field.name().to_owned()), at.clone()))
                .collect(),
            refused: refused.iter().map(FrozenRefusal::from).collect(),
        }
    }
}

impl From<(&Verb, &RefusedCall)> for FrozenRefusal {
    fn from(
        (verb, RefusedCall { details, changed, at, settled, owed }): (&Verb, &RefusedCall),
    ) -> Self {
        let details =
            details.iter().map(|(field, value)| (field.name().to_owned(), value.into())).collect();
        let changed = changed.iter().map(|field| field.name().to_owned()).collect();
        Self { verb: *verb, details, changed, at: *at, settled: *settled, owed: *owed }
    }
}

fn freeze_debt(SyncDebt { since, run }: &SyncDebt) -> (Timestamp, String) {
    (*since, run.to_string())
}

fn freeze<'w, T, F>(write: &'w Write<T>, value_of: impl Fn(&'w T) -> F) -> FrozenWrite<F> {
    let Write { value, at, lost, landed, tells, synced, in_vain } = write;
    FrozenWrite {
        value: value_of(value),
        at: *at,
        lost: *lost,
        landed: *landed,
        tells: *tells,
        synced: *synced,
        in_vain: *in_vain,
    }
}
