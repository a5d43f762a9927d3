//! The first look of a service at all tenants, before anything is planned.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};

use crate::{
    model::{DesiredTenant, Fault, LiveTenant, Memory, Mode, TenantRef},
    ports::{Journal, LiveReader},
};

/// How old a first look may be when a pass acts on it. In a large fleet the turn of a tenant may
/// come much later; then it is looked at again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How long nothing may come before the rest is not waited for, at least.
const PATIENCE: Duration = Duration::from_secs(5);
/// And how many times as long as the longest look so far took,
const TIMES: u32 = 2;
/// but no longer than that: a slow customer keeps nobody else waiting ever longer.
const PATIENCE_AT_MOST: Duration = Duration::from_secs(15);

/// A tenant as it was found when the service began.
#[derive(Debug, Clone)]
pub struct FirstLook {
    /// Which, and how it was read.
    pub tenant: TenantRef,
    /// When the look began, by the journal's clock.
    pub at: Timestamp,
    /// What was seen; nothing of a suspended tenant, of one that was not waited for, nor while the
    /// journal was away.
    pub live: Option<Result<Arc<LiveTenant>, Fault>>,
    /// What was remembered then; nothing if the journal was away.
    pub memory: Option<Arc<Memory>>,
}

impl FirstLook {
    /// What was seen, if the first pass may act on it: it was read as the tenant is read now, a
    /// moment ago, and nothing was written since.
    pub(super) fn serves(
        self,
        tenant: &TenantRef,
        memory: &Memory,
        now: Timestamp,
    ) -> Option<Arc<LiveTenant>> {
        let age = now.duration_since(self.at);
        let is_fresh = (SignedDuration::ZERO..=FRESH).contains(&age);
        let is_unmoved = self.memory.as_deref() == Some(memory);
        if self.tenant != *tenant || !is_fresh || !is_unmoved {
            return None;
        }
        self.live?.ok()
    }
}

/// Looks at all tenants once, some side by side: before anything is planned, everybody's numbers
/// are known, and what was sent within the last hour.
///
/// One that does not answer holds nobody up: it is not waited for once nothing has come for much
/// longer than all others took. What it has is then not known yet, as of a tenant that cannot be
/// read.
pub async fn first_looks<R: LiveReader, J: Journal>(
    reader: &R,
    journal: &J,
    tenants: Vec<Arc<DesiredTenant>>,
    side_by_side: usize,
) -> Vec<FirstLook> {
    let by_name = |tenant: &Arc<DesiredTenant>| (tenant.name.clone(), Arc::clone(tenant));
    let mut waited_for: BTreeMap<_, _> = tenants.iter().map(by_name).collect();
    let looks = stream::iter(tenants)
        .map(|tenant| timed_look(reader, journal, tenant))
        .buffer_unordered(side_by_side);
    let mut looks = std::pin::pin!(looks);
    let mut found = Vec::new();
    let mut longest = Duration::ZERO;
    loop {
        let next = if found.is_empty() {
            Ok(looks.next().await)
        } else {
            timeout(patience(longest), looks.next()).await
        };
        let Ok(Some((look, took))) = next else { break };
        longest = longest.max(took);
        waited_for.remove(&look.tenant.name);
        found.push(look);
    }
    // What was sent of them within the last hour counts all the same.
    for tenant in waited_for.values() {
        found.push(remembered(journal, tenant).await);
    }
    found
}

/// How long nothing may come, where the longest look so far took so long.
fn patience(longest: Duration) -> Duration {
    longest.saturating_mul(TIMES).clamp(PATIENCE, PATIENCE_AT_MOST)
}

/// A first look, and how long it took.
async fn timed_look<R: LiveReader, J: Journal>(
    reader: &R,
    journal: &J,
    tenant: Arc<DesiredTenant>,
) -> (FirstLook, Duration) {
    let begun = Instant::now();
    let look = first_look(reader, journal, tenant).await;
    (look, begun.elapsed())
}

async fn first_look<R: LiveReader, J: Journal>(
    reader: &R,
    journal: &J,
    tenant: Arc<DesiredTenant>,
) -> FirstLook {
    let mut look = remembered(journal, &tenant).await;
    if tenant.mode != Mode::Suspend && look.memory.is_some() {
        look.live = Some(reader.observe(&look.tenant).await.map(Arc::new));
    }
    look
}

/// What is on record of a tenant, before it is looked at.
async fn remembered<J: Journal>(journal: &J, tenant: &DesiredTenant) -> FirstLook {
    let at = journal.now();
    let memory = journal.recall(&tenant.id).await.ok();
    FirstLook { tenant: tenant.reference(), at, live: None, memory }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::{
        Confirmation, Consent, Coverage, ListExtras, LiveSource, Roster, TenantId, TenantName,
    };

    const SEEN: Timestamp = Timestamp::UNIX_EPOCH;

    fn tenant() -> TenantRef {
        TenantRef::new(
            TenantName::parse("contoso").unwrap(),
            TenantId::parse("5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b").unwrap(),
        )
    }

    fn first_look() -> FirstLook {
        let live = LiveTenant {
            consent: Consent::Granted,
            coverage: Coverage::Complete,
            sees: BTreeSet::new(),
            users: Roster::new(),
            beside: ListExtras::default(),
            confirmation: Confirmation::default(),
        };
        FirstLook {
            tenant: tenant(),
            at: SEEN,
            live: Some(Ok(Arc::new(live))),
            memory: Some(Arc::default()),
        }
    }

    #[test]
    fn slow_tenants_do_not_make_the_start_wait_ever_longer_for_one_that_hangs() {
        for (longest, waits) in [(0, 5), (2, 5), (4, 8), (7, 14), (40, 15), (600, 15)] {
            let longest = Duration::from_secs(longest);
            assert_eq!(patience(longest), Duration::from_secs(waits), "{longest:?}");
        }
    }

    #[test]
    fn a_first_look_serves_a_pass_that_follows_at_once() {
        let memory = Memory::default();
        assert!(first_look().serves(&tenant(), &memory, SEEN + FRESH).is_some());
    }

    #[test]
    fn a_first_look_is_made_again_once_it_is_old_or_a_clock_went_back() {
        let memory = Memory::default();
        let moment = SignedDuration::from_secs(1);
        for now in [SEEN + FRESH + moment, SEEN - moment] {
            assert_eq!(first_look().serves(&tenant(), &memory, now), None);
        }
    }

    #[test]
    fn a_first_look_is_made_again_where_the_tenant_is_read_in_another_way_now() {
        let memory = Memory::default();
        let through_graph = TenantRef { live: LiveSource::Graph, ..tenant() };
        let confirmed = TenantRef { confirm: true, ..tenant() };
        for tenant in [through_graph, confirmed] {
            assert_eq!(first_look().serves(&tenant, &memory, SEEN), None);
        }
    }

    #[test]
    fn a_first_look_is_made_again_after_a_write_and_after_a_failure() {
        let written = Memory { last_sync: Some(SEEN), ..Memory::default() };
        assert_eq!(first_look().serves(&tenant(), &written, SEEN), None);
        let unknown = FirstLook { memory: None, ..first_look() };
        assert_eq!(unknown.serves(&tenant(), &Memory::default(), SEEN), None);
        let not_seen = FirstLook { live: None, ..first_look() };
        assert_eq!(not_seen.serves(&tenant(), &Memory::default(), SEEN), None);
    }
}
