//! The sum again, from the form in which it was kept. `Err` says what of it is not understood.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    Frozen, FrozenCall, FrozenKnown, FrozenRefusal, FrozenTenant, FrozenUser, FrozenWrite,
};
use crate::{
    journal::{
        fold::{Fold, FoldedTenant, IntendedCall},
        value::{WrittenValue, field, pair, read_before, source},
    },
    model::{
        CountedList, Details, Fingerprint, LastWrites, Memory, RefusedCall, RememberedUser, RunId,
        SentCounts, Suspension, SyncDebt, TenantId, TenantName, UnclearSyncs, Upn, UsedApproval,
        UserId, Verb, Write,
    },
};

impl Frozen {
    /// The sum again. `Err` says what of it is not understood.
    pub(in crate::journal) fn thaw(self) -> Result<Fold, String> {
        let tenant =
            |(id, tenant): (String, FrozenTenant)| Ok((TenantId::parse(&id)?, tenant.thaw()?));
        Ok(Fold {
            tenants: self.tenants.into_iter().map(tenant).collect::<Result<_, String>>()?,
            accepted: self.accepted.map(thaw_debt),
            brought_back: false,
        })
    }
}

impl FrozenTenant {
    fn thaw(self) -> Result<FoldedTenant, String> {
        let Self {
            sync_owed,
            first_sync,
            last_sync,
            sync_sent,
            unclear_syncs,
            counted,
            suspended,
            managed,
            sent,
            approvals,
            users,
            pending,
        } = self;
        let written = users.into_iter().map(FrozenUser::thaw).collect::<Result<_, String>>()?;
        let pending = pending.into_iter().map(FrozenCall::thaw).collect::<Result<_, String>>()?;
        let counted = counted
            .map(|(users, by, at)| Ok::<_, String>(CountedList { users, by: source(&by)?, at }))
            .transpose()?;
        let managed = managed.into_iter().map(FrozenKnown::thaw).collect::<Result<_, String>>()?;
        let sent = sent
            .into_iter()
            .map(|(minute, disable, numbers, changes)| {
                (minute, SentCounts { disable, numbers, changes })
            })
            .collect();
        let approvals = approvals
            .into_iter()
            .map(|(name, plan, at, run)| {
                Ok((
                    (TenantName::parse(&name)?, Fingerprint::parse(&plan)?),
                    UsedApproval { at, run: RunId::new(&run) },
                ))
            })
            .collect::<Result<_, String>>()?;
        let cut_off = BTreeSet::new();
        Ok(FoldedTenant {
            memory: Arc::new(Memory {
                sync_owed: sync_owed.map(thaw_debt),
                first_sync,
                last_sync,
                sync_sent,
                unclear_syncs: unclear_syncs.map(|(times, last, settings, reason)| UnclearSyncs {
                    times,
                    last,
                    settings,
                    reason,
                }),
                written,
                approvals,
                managed,
                named: BTreeSet::new(),
                brought_back: false,
                sent,
                cut_off,
                counted,
                suspended: suspended.map(|(at, by, reason, until)| Suspension {
                    at,
                    by,
                    reason,
                    until,
                }),
            }),
            pending,
        })
    }
}

impl FrozenKnown {
    fn thaw(self) -> Result<(Upn, RememberedUser), String> {
        let id = self
            .id
            .map(|id| {
                UserId::observed(&id).ok_or_else(|| format!("`{id}` is not the id of a user"))
            })
            .transpose()?;
        Ok((Upn::parse(&self.user)?, RememberedUser { id, vanished: self.vanished }))
    }
}

impl FrozenCall {
    fn thaw(self) -> Result<(Upn, IntendedCall), String> {
        let Self { user, verb, details, before, at } = self;
        let details: Result<Vec<_>, String> =
            details.into_iter().map(|(name, value)| pair(&name, value)).collect();
        Ok((
            Upn::parse(&user)?,
            IntendedCall {
                verb,
                details: Details::from_iter(details?),
                before: read_before(before)?,
                at,
            },
        ))
    }
}

impl FrozenUser {
    fn thaw(self) -> Result<(Upn, LastWrites), String> {
        let Self { user, calling, details, unknown, reverted, refused } = self;
        let detail = |(name, write): (String, FrozenWrite<WrittenValue>)| {
            Ok((field(&name)?, write.thaw(|value| pair(&name, value).map(|(_, value)| value))?))
        };
        let reverts = |(what, at): (Option<String>, Vec<Timestamp>)| {
            Ok((what.as_deref().map(field).transpose()?, at))
        };
        let written = LastWrites {
            calling: calling.map(|write| write.thaw(Ok)).transpose()?,
            details: details.into_iter().map(detail).collect::<Result<_, String>>()?,
            unknown,
            reverted: reverted.into_iter().map(reverts).collect::<Result<_, String>>()?,
            refused: refused.into_iter().map(FrozenRefusal::thaw).collect::<Result<_, String>>()?,
        };
        Ok((Upn::parse(&user)?, written))
    }
}

impl FrozenRefusal {
    fn thaw(self) -> Result<(Verb, RefusedCall), String> {
        let Self { verb, details, changed, at, settled, owed } = self;
        let details: Result<Vec<_>, String> =
            details.into_iter().map(|(name, value)| pair(&name, value)).collect();
        let changed = changed.iter().map(|name| field(name)).collect::<Result<_, _>>()?;
        Ok((
            verb,
            RefusedCall { details: Details::from_iter(details?), changed, at, settled, owed },
        ))
    }
}

fn thaw_debt((since, run): (Timestamp, String)) -> SyncDebt {
    SyncDebt { since, run: RunId::new(&run) }
}

impl<F> FrozenWrite<F> {
    fn thaw<T>(self, value_of: impl Fn(F) -> Result<T, String>) -> Result<Write<T>, String> {
        let Self { value, at, lost, landed, tells, synced, in_vain } = self;
        Ok(Write { value: value_of(value)?, at, lost, landed, tells, synced, in_vain })
    }
}
