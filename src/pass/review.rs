//! What a change of the manifests does: two plans from one look.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{Memories, observation, rules};
use crate::{
    config::Execution,
    manifest::InForce,
    model::{
        DesiredTenant, Fault, LiveTenant, Memory, Mode, RecalledMemory, TenantId, TenantName,
        TenantRef,
    },
    plan::{
        Fleet,
        review::{Review, as_wanted},
    },
    ports::LiveReader,
};

/// What was observed, by what stays the same when a tenant is called otherwise.
pub type Observations = BTreeMap<TenantId, Result<Arc<LiveTenant>, Fault>>;

/// Two versions of the manifests.
#[derive(Debug, Clone, Copy)]
pub struct Versions<'v> {
    /// Without the change.
    pub base: &'v InForce,
    /// With it.
    pub head: &'v InForce,
    /// Which account at which host would write to a tenant, where that is known.
    pub accounts: &'v BTreeMap<TenantName, String>,
}

impl<'v> Versions<'v> {
    /// All tenants, each as it is described after the change, if it is.
    fn tenants(
        self,
    ) -> BTreeMap<&'v TenantId, (Option<&'v DesiredTenant>, Option<&'v DesiredTenant>)> {
        let mut tenants: BTreeMap<_, (Option<_>, Option<_>)> = BTreeMap::new();
        for tenant in self.base.desired.tenants.values() {
            tenants.entry(&tenant.id).or_default().0 = Some(&**tenant);
        }
        for tenant in self.head.desired.tenants.values() {
            tenants.entry(&tenant.id).or_default().1 = Some(&**tenant);
        }
        tenants
    }

    /// The tenants that are looked at: those that one of the versions does not suspend.
    #[must_use]
    pub fn looked_at(self) -> Vec<TenantRef> {
        let is_asked = |tenant: &&DesiredTenant| tenant.mode != Mode::Suspend;
        let tenants = self.tenants().into_values();
        let asked = tenants.filter(|(base, head)| {
            base.as_ref().is_some_and(is_asked) || head.as_ref().is_some_and(is_asked)
        });
        asked.filter_map(|(base, head)| head.or(base)).map(DesiredTenant::reference).collect()
    }
}

/// Looks at all tenants of both versions, some side by side. `progress` hears of each that was
/// looked at.
pub async fn see<R: LiveReader>(
    reader: &R,
    versions: Versions<'_>,
    side_by_side: usize,
    progress: impl Fn(),
) -> Observations {
    stream::iter(versions.looked_at())
        .map(|tenant| async move {
            let live = reader.observe(&tenant).await;
            (tenant.id, live.map(Arc::new))
        })
        .buffer_unordered(side_by_side)
        .inspect(|_| progress())
        .collect()
        .await
}

/// What would be seen if everything were as the manifests want it without the change.
#[must_use]
pub fn see_nothing(versions: Versions<'_>, now: Timestamp) -> Observations {
    let as_wanted =
        |(id, (base, head)): (&TenantId, _)| (id.clone(), Ok(Arc::new(as_wanted(base, head, now))));
    versions.tenants().into_iter().map(as_wanted).collect()
}

/// Compares what two versions of the manifests lead to.
#[must_use]
pub fn review(
    versions: Versions<'_>,
    seen: &Observations,
    memories: &Memories,
    now: Timestamp,
    execution: &Execution,
) -> Review {
    let tenants = versions.tenants().into_iter();
    let memories = tenants
        .map(|(id, (base, _))| (id.clone(), with_named(&memories.of(id), base, now)))
        .collect();
    let mut base = fleet(versions.base, seen, &memories, execution);
    let mut head = fleet(versions.head, seen, &memories, execution);
    Review::of(&mut base, &mut head, versions.accounts, now)
}

/// Users named before the change count as managed, but for those for whom nothing is done yet.
fn with_named(memory: &Memory, base: Option<&DesiredTenant>, now: Timestamp) -> Arc<Memory> {
    let mut memory = memory.clone();
    let named = base.into_iter().flat_map(|base| base.users.values());
    let named = named.filter(|user| user.begins(now).is_none());
    memory.named.extend(named.map(|user| user.upn.clone()));
    Arc::new(memory)
}

/// All tenants of a version, with what was seen and is remembered of them.
fn fleet(
    in_force: &InForce,
    seen: &Observations,
    memories: &BTreeMap<TenantId, Arc<Memory>>,
    execution: &Execution,
) -> Fleet {
    let mut fleet = Fleet::new(rules(execution));
    fleet.take(in_force.tenants(), &in_force.broken);
    for (name, tenant) in &in_force.desired.tenants {
        let memory = memories.get(&tenant.id).map(Arc::clone).unwrap_or_default();
        let look = observation(seen.get(&tenant.id).cloned());
        fleet.looked(name, &tenant.id, look, RecalledMemory::from(memory));
    }
    fleet
}
