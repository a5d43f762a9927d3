//! What entries add up to, as it is kept on disk: so that a start need not read all history, and old entries may go.
//!
//! **Invariant:** melting what was frozen gives the same sum. Every part of the sum is named here one by one, so that a new one
//! cannot be forgotten: it would not compile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    fold::{Fold, Tenant},
    record::{WrittenValue, field, pair},
};
use crate::model::{Calling, Details, Field, Memory, RunId, SyncDebt, TenantId, Upn, Value, Verb, Write, Written};

/// The format. A higher number means that a newer program wrote it.
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Frozen {
    pub(super) v: u32,
    tenants: BTreeMap<String, FrozenTenant>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenTenant {
    sync_owed: Option<(Timestamp, String)>,
    first_sync: Option<Timestamp>,
    last_sync: Option<Timestamp>,
    users: Vec<FrozenUser>,
    pending: Vec<FrozenIntent>,
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
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenIntent {
    user: String,
    verb: Verb,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, WrittenValue)>,
    at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenWrite<T> {
    value: T,
    at: Timestamp,
    lost: bool,
    landed: bool,
}

impl From<&Fold> for Frozen {
    fn from(Fold { tenants }: &Fold) -> Self {
        Self { v: VERSION, tenants: tenants.iter().map(|(id, tenant)| (id.to_string(), tenant.into())).collect() }
    }
}

impl From<&Tenant> for FrozenTenant {
    fn from(Tenant { memory, pending }: &Tenant) -> Self {
        let Memory { sync_owed, first_sync, last_sync, written } = memory;
        let owed = |SyncDebt { since, run }: &SyncDebt| (*since, run.to_string());
        let open = |(user, (verb, details, at)): (&Upn, &(Verb, Details, Timestamp))| {
            let details = details.iter().map(|(field, value)| (field.name().to_owned(), value.into())).collect();
            FrozenIntent { user: user.to_string(), verb: *verb, details, at: *at }
        };
        Self {
            sync_owed: sync_owed.as_ref().map(owed),
            first_sync: *first_sync,
            last_sync: *last_sync,
            users: written.iter().map(FrozenUser::from).collect(),
            pending: pending.iter().map(open).collect(),
        }
    }
}

impl From<(&Upn, &Written)> for FrozenUser {
    fn from((user, Written { calling, details, unknown }): (&Upn, &Written)) -> Self {
        let detail = |(field, write): (&Field, &Write<Value>)| (field.name().to_owned(), freeze(write, |value| value.into()));
        Self {
            user: user.to_string(),
            calling: calling.as_ref().map(|write| freeze(write, |calling| *calling)),
            details: details.iter().map(detail).collect(),
            unknown: *unknown,
        }
    }
}

fn freeze<T, F>(Write { value, at, lost, landed }: &Write<T>, value_of: impl Fn(&T) -> F) -> FrozenWrite<F> {
    FrozenWrite { value: value_of(value), at: *at, lost: *lost, landed: *landed }
}

impl Frozen {
    /// The sum again. `Err` says what of it is not understood.
    pub(super) fn melt(self) -> Result<Fold, String> {
        let tenant = |(id, tenant): (String, FrozenTenant)| Ok((TenantId::parse(&id)?, tenant.melt()?));
        Ok(Fold { tenants: self.tenants.into_iter().map(tenant).collect::<Result<_, String>>()? })
    }
}

impl FrozenTenant {
    fn melt(self) -> Result<Tenant, String> {
        let Self { sync_owed, first_sync, last_sync, users, pending } = self;
        let sync_owed = sync_owed.map(|(since, run)| SyncDebt { since, run: RunId::new(&run) });
        let written = users.into_iter().map(FrozenUser::melt).collect::<Result<_, String>>()?;
        let open = |FrozenIntent { user, verb, details, at }: FrozenIntent| {
            let details: Result<Vec<_>, String> = details.into_iter().map(|(name, value)| pair(&name, value)).collect();
            Ok((Upn::parse(&user)?, (verb, Details::from_iter(details?), at)))
        };
        let pending = pending.into_iter().map(open).collect::<Result<_, String>>()?;
        Ok(Tenant { memory: Memory { sync_owed, first_sync, last_sync, written }, pending })
    }
}

impl FrozenUser {
    fn melt(self) -> Result<(Upn, Written), String> {
        let calling = self.calling.map(|FrozenWrite { value, at, lost, landed }| Write { value, at, lost, landed });
        let mut details = BTreeMap::new();
        for (name, FrozenWrite { value, at, lost, landed }) in self.details {
            details.insert(field(&name)?, Write { value: pair(&name, value)?.1, at, lost, landed });
        }
        Ok((Upn::parse(&self.user)?, Written { calling, details, unknown: self.unknown }))
    }
}
