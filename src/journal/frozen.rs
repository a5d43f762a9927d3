//! What entries add up to, as it is kept on disk: a start need not read all history, and
//! old entries may go.
//!
//! **Invariant:** melting what was frozen gives the same sum. Every part of the sum is named here
//! one by one, so a new one cannot be forgotten: it would not compile. A part that is new
//! needs a default for sums that were stored before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    fold::{Call, Fold, Tenant},
    value::{WrittenBefore, WrittenValue, field, pair, read_before, source, write_before},
};
use crate::model::{
    Calling, Counted, Details, Field, Fingerprint, Known, Memory, Refused, RunId, SentCounts,
    Suspension, SyncDebt, TenantId, TenantName, UnclearSyncs, Upn, Used, UserId, Value, Verb,
    Write, Written,
};

/// The newest format. A higher number means that a newer program wrote it.
pub(super) const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Frozen {
    v: u32,
    tenants: BTreeMap<String, FrozenTenant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<(Timestamp, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenTenant {
    sync_owed: Option<(Timestamp, String)>,
    first_sync: Option<Timestamp>,
    last_sync: Option<Timestamp>,
    sync_sent: Option<Timestamp>,
    /// How many, the last one, the settings then, and what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear_syncs: Option<(u32, Timestamp, u32, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted: Option<(usize, String, Timestamp)>,
    /// Since when, by whom, why, until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<(Timestamp, String, String, Option<Timestamp>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    managed: Vec<FrozenKnown>,
    /// By the minute: disables, numbers, changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<(i64, u32, u32, u32)>,
    /// Name, plan, when and by which run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<(String, String, Timestamp, String)>,
    users: Vec<FrozenUser>,
    pending: Vec<FrozenCall>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenKnown {
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    vanished: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenUser {
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calling: Option<FrozenWrite<Calling>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, FrozenWrite<WrittenValue>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<(Verb, Timestamp)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reverted: Vec<(Option<String>, Vec<Timestamp>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<FrozenRefusal>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenRefusal {
    verb: Verb,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, WrittenValue)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    at: Timestamp,
    settled: bool,
    owed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenCall {
    user: String,
    verb: Verb,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, WrittenValue)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: WrittenBefore,
    at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenWrite<T> {
    value: T,
    at: Timestamp,
    lost: bool,
    landed: bool,
    tells: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    synced: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_zero")]
    in_vain: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl From<&Fold> for Frozen {
    fn from(Fold { tenants, accepted }: &Fold) -> Self {
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

impl From<&Tenant> for FrozenTenant {
    fn from(Tenant { memory, pending }: &Tenant) -> Self {
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
            counted: counted.map(|Counted { users, by, at }| (users, by.name().to_owned(), at)),
            suspended: suspended.clone().map(|s| (s.at, s.by, s.reason, s.until)),
            managed: managed.iter().map(FrozenKnown::from).collect(),
            sent: sent
                .minutes()
                .map(|(minute, of)| (minute, of.disable, of.numbers, of.changes))
                .collect(),
            approvals: approvals
                .iter()
                .map(|((name, plan), Used { at, run })| {
                    (name.to_string(), plan.to_string(), *at, run.to_string())
                })
                .collect(),
            users: written.iter().map(FrozenUser::from).collect(),
            pending: pending.iter().map(FrozenCall::from).collect(),
        }
    }
}

impl From<(&Upn, &Known)> for FrozenKnown {
    fn from((user, Known { id, vanished }): (&Upn, &Known)) -> Self {
        Self {
            user: user.to_string(),
            id: id.as_ref().map(ToString::to_string),
            vanished: *vanished,
        }
    }
}

impl From<(&Upn, &Call)> for FrozenCall {
    fn from((user, Call { verb, details, before, at }): (&Upn, &Call)) -> Self {
        let details =
            details.iter().map(|(field, value)| (field.name().to_owned(), value.into())).collect();
        Self { user: user.to_string(), verb: *verb, details, before: write_before(before), at: *at }
    }
}

impl From<(&Upn, &Written)> for FrozenUser {
    fn from(
        (user, Written { calling, details, unknown, reverted, refused }): (&Upn, &Written),
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

impl From<(&Verb, &Refused)> for FrozenRefusal {
    fn from((verb, Refused { details, changed, at, settled, owed }): (&Verb, &Refused)) -> Self {
        let details =
            details.iter().map(|(field, value)| (field.name().to_owned(), value.into())).collect();
        let changed = changed.iter().map(|field| field.name().to_owned()).collect();
        Self { verb: *verb, details, changed, at: *at, settled: *settled, owed: *owed }
    }
}

impl FrozenRefusal {
    fn thaw(self) -> Result<(Verb, Refused), String> {
        let Self { verb, details, changed, at, settled, owed } = self;
        let details: Result<Vec<_>, String> =
            details.into_iter().map(|(name, value)| pair(&name, value)).collect();
        let changed = changed.iter().map(|name| field(name)).collect::<Result<_, _>>()?;
        Ok((verb, Refused { details: Details::from_iter(details?), changed, at, settled, owed }))
    }
}

fn freeze_debt(SyncDebt { since, run }: &SyncDebt) -> (Timestamp, String) {
    (*since, run.to_string())
}

fn melt_debt((since, run): (Timestamp, String)) -> SyncDebt {
    SyncDebt { since, run: RunId::new(&run) }
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

impl<F> FrozenWrite<F> {
    fn thaw<T>(self, value_of: impl Fn(F) -> Result<T, String>) -> Result<Write<T>, String> {
        let Self { value, at, lost, landed, tells, synced, in_vain } = self;
        Ok(Write { value: value_of(value)?, at, lost, landed, tells, synced, in_vain })
    }
}

impl Frozen {
    /// The sum again. `Err` says what of it is not understood.
    pub(super) fn thaw(self) -> Result<Fold, String> {
        let tenant =
            |(id, tenant): (String, FrozenTenant)| Ok((TenantId::parse(&id)?, tenant.thaw()?));
        Ok(Fold {
            tenants: self.tenants.into_iter().map(tenant).collect::<Result<_, String>>()?,
            accepted: self.accepted.map(melt_debt),
        })
    }
}

impl FrozenTenant {
    fn thaw(self) -> Result<Tenant, String> {
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
        let sync_owed = sync_owed.map(|(since, run)| SyncDebt { since, run: RunId::new(&run) });
        let written = users.into_iter().map(FrozenUser::thaw).collect::<Result<_, String>>()?;
        let pending = pending.into_iter().map(FrozenCall::thaw).collect::<Result<_, String>>()?;
        let counted = counted
            .map(|(users, by, at)| Ok::<_, String>(Counted { users, by: source(&by)?, at }))
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
                    Used { at, run: RunId::new(&run) },
                ))
            })
            .collect::<Result<_, String>>()?;
        let cut_off = BTreeSet::new();
        Ok(Tenant {
            memory: Arc::new(Memory {
                sync_owed,
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
    fn thaw(self) -> Result<(Upn, Known), String> {
        let id = self
            .id
            .map(|id| {
                UserId::observed(&id).ok_or_else(|| format!("`{id}` is not the id of a user"))
            })
            .transpose()?;
        Ok((Upn::parse(&self.user)?, Known { id, vanished: self.vanished }))
    }
}

impl FrozenCall {
    fn thaw(self) -> Result<(Upn, Call), String> {
        let Self { user, verb, details, before, at } = self;
        let details: Result<Vec<_>, String> =
            details.into_iter().map(|(name, value)| pair(&name, value)).collect();
        Ok((
            Upn::parse(&user)?,
            Call { verb, details: Details::from_iter(details?), before: read_before(before)?, at },
        ))
    }
}

impl FrozenUser {
    fn thaw(self) -> Result<(Upn, Written), String> {
        let Self { user, calling, details, unknown, reverted, refused } = self;
        let detail = |(name, write): (String, FrozenWrite<WrittenValue>)| {
            Ok((field(&name)?, write.thaw(|value| pair(&name, value).map(|(_, value)| value))?))
        };
        let reverts = |(what, at): (Option<String>, Vec<Timestamp>)| {
            Ok((what.as_deref().map(field).transpose()?, at))
        };
        let written = Written {
            calling: calling.map(|write| write.thaw(Ok)).transpose()?,
            details: details.into_iter().map(detail).collect::<Result<_, String>>()?,
            unknown,
            reverted: reverted.into_iter().map(reverts).collect::<Result<_, String>>()?,
            refused: refused.into_iter().map(FrozenRefusal::thaw).collect::<Result<_, String>>()?,
        };
        Ok((Upn::parse(&user)?, written))
    }
}
