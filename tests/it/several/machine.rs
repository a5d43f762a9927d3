//! A machine: one start of the program after another, its passes, and what it knows of the store.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use dialplane::{
    config::Execution,
    execute::Executor,
    journal::VolatileJournal,
    manifest::InForce,
    model::{Calling, Desired, DesiredTenant, Details, Entry, Memory, RunId, TenantId, TenantName},
    pass::{SharedFleet, TenantPass},
    ports::{Journal, JournalError, Lease, Recall},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    base::{Append, Base, Fate, MARGIN, Rule, TENANTS, TERM},
    vendor::{USERS, user},
};
use crate::support::{desired_tenant, desired_user};

/// How often a right to write is renewed, in seconds.
const BEAT: i64 = 20;

type Pass = Pin<Box<dyn Future<Output = ()>>>;

pub(super) struct Machine {
    number: usize,
    name: usize,
    hands: Hands,
    fleet: Arc<SharedFleet>,
    pass: Option<Pass>,
    runs: u32,
    /// Until then nothing of it moves.
    still_until: i64,
}

/// What a start of the program works with.
#[derive(Clone)]
pub(super) struct Hands {
    pub(super) base: Base,
    start: u64,
    name: usize,
    skew: i64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    known: BTreeMap<TenantId, Known>,
    looked: BTreeMap<TenantName, u64>,
    /// What the last pass of a tenant knew at its end.
    last: BTreeMap<TenantId, Vec<(u64, Entry)>>,
}

/// What is known of a tenant.
#[derive(Default, Clone)]
struct Known {
    chain: Vec<(u64, Entry)>,
    /// What a plan is made of.
    memory: Vec<(u64, Entry)>,
    lease: Option<Held>,
    /// An append of which nobody knows what became.
    doubt: Option<u64>,
}

#[derive(Clone, Copy)]
struct Held {
    token: u64,
    attempt: u64,
    asked: i64,
}

fn tenants() -> Vec<Arc<DesiredTenant>> {
    let tenant = |index: usize| {
        let mut tenant = desired_tenant(index, []);
        let wanted = |number: usize| {
            desired_user(user(&tenant.name, number), Calling::Enabled, Details::default())
        };
        tenant.users = (0..USERS).map(wanted).collect();
        Arc::new(tenant)
    };
    (0..TENANTS).map(tenant).collect()
}

fn execution() -> Execution {
    Execution {
        users_per_tenant: 2,
        settle: std::time::Duration::from_secs(300),
        first_settle: std::time::Duration::from_secs(300),
        sync_spacing: std::time::Duration::ZERO,
        flap_limit: 1_000,
        ..Execution::default()
    }
}

fn fleet() -> Arc<SharedFleet> {
    let fleet = SharedFleet::new(&execution());
    let tenants = tenants().into_iter().map(|tenant| (tenant.name.clone(), tenant)).collect();
    fleet.take(&InForce { desired: Desired { tenants }, ..InForce::default() });
    Arc::new(fleet)
}

impl Machine {
    pub(super) fn new(base: &Base, number: usize) -> Self {
        // Names are not unique: machines are made of one picture.
        let name = number % 2;
        let hands = Hands::new(base, name);
        Self { number, name, hands, fleet: fleet(), pass: None, runs: 0, still_until: 0 }
    }

    /// The program is killed, and starts anew.
    pub(super) fn die(&mut self, base: &Base) {
        base.world().say(format_args!("machine {} dies", self.number));
        let pass = self.pass.take();
        // Nobody gives anything back.
        self.hands.state().known.clear();
        drop(pass);
        base.world().is_dead(self.hands.start);
        self.hands = Hands::new(base, self.name);
        self.fleet = fleet();
    }

    pub(super) fn stand_still(&mut self, base: &Base) {
        let world = &mut *base.world();
        let seconds = world.rng.i64(10..400);
        world.say(format_args!("machine {} stands still for {seconds}", self.number));
        self.still_until = world.now + seconds;
    }

    pub(super) fn turn(&mut self, base: &Base) {
        if base.world().now < self.still_until {
            return;
        }
        self.hands.renew();
        if self.pass.is_none() {
            self.runs += 1;
            let run = format!("r{}-{}", self.hands.start, self.runs);
            let which = base.world().rng.usize(0..TENANTS);
            let tenant = tenants().swap_remove(which);
            let pass = go(self.hands.clone(), Arc::clone(&self.fleet), tenant, run);
            self.pass = Some(Box::pin(pass));
        }
        let Some(pass) = &mut self.pass else { return };
        // A few steps at a time.
        let steps = base.world().rng.usize(1..8);
        for _ in 0..steps {
            let mut context = Context::from_waker(Waker::noop());
            if pass.as_mut().poll(&mut context).is_ready() {
                self.pass = None;
                return;
            }
        }
    }
}

/// One pass of a tenant, as the service makes it.
async fn go(hands: Hands, fleet: Arc<SharedFleet>, tenant: Arc<DesiredTenant>, run: String) {
    let pass = TenantPass {
        reader: &hands,
        executor: Executor {
            provisioner: &hands,
            journal: &hands,
            users: 2.try_into().unwrap(),
            sync_settings: 0,
            revision: None,
            by: None,
            part_of: None,
            stop: CancellationToken::new(),
            newer: CancellationToken::new(),
        },
        tenant: &tenant.into(),
        first_look: None,
        fleet: &fleet,
        switch: None,
        run: RunId::new(&run),
    };
    // Somebody else may have the right, or the store is away: then there is another pass.
    drop(pass.go(&|_| {}).await);
}

impl Hands {
    fn new(base: &Base, name: usize) -> Self {
        let world = &mut *base.world();
        let (start, skew) = (world.start(), world.rng.i64(-300..300));
        world.say(format_args!("start {start} on m{name}, its clock is off by {skew}"));
        Self { base: base.clone(), start, name, skew, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn who(&self) -> String {
        format!("start {}", self.start)
    }

    pub(super) fn looked(&self, tenant: &TenantName, event: u64) {
        self.state().looked.insert(tenant.clone(), event);
    }

    pub(super) fn when_looked(&self, tenant: &TenantName) -> u64 {
        self.state().looked.get(tenant).copied().unwrap_or_default()
    }

    /// Others may come first.
    pub(super) async fn point(&self) {
        let others = self.base.world().rng.u8(0..3);
        for _ in 0..others {
            let mut waited = false;
            poll_fn(|_| {
                if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    /// As the store's task does beside the passes.
    fn renew(&self) {
        let world = &mut *self.base.world();
        for (tenant, known) in &mut self.state().known {
            let Some(held) = &mut known.lease else { continue };
            if world.now - held.asked < BEAT || world.rng.u8(0..10) == 0 {
                continue;
            }
            if world.renew(tenant, (self.start, self.name), held.token) {
                held.asked = world.now;
                world.counts_from(tenant, self.start, held.asked);
            } else {
                known.lease = None;
            }
        }
    }

    /// What became of an append that nobody heard of.
    fn settle(&self, tenant: &TenantId) {
        let world = &mut *self.base.world();
        let mut state = self.state();
        let Some(known) = state.known.get_mut(tenant) else { return };
        let (Some(_), Some(held)) = (known.doubt, known.lease) else { return };
        if !world.holds(Rule::Head) {
            known.doubt = None;
            return;
        }
        match world.settle(tenant, self.start, held.token) {
            None => known.lease = None,
            Some((attempt, chain)) => {
                known.lease = Some(Held { attempt, ..held });
                // What turned out to be durable is remembered as well.
                known.memory.extend(chain[known.chain.len().min(chain.len())..].to_vec());
                known.chain = chain;
            }
        }
    }
}

impl Recall for Hands {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        self.point().await;
        let chain = self.base.world().chain(tenant);
        let journal = VolatileJournal::of(chain.into_iter().map(|(_, entry)| entry));
        Ok(journal.remembered(tenant))
    }
}

impl Journal for Hands {
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        let state = self.state();
        let known = state.known.get(lease.tenant()).ok_or(JournalError::Lost)?;
        known.lease.filter(|held| held.token == lease.token()).ok_or(JournalError::Lost)?;
        let entries = known.memory.iter().map(|(_, entry)| entry.clone());
        Ok(VolatileJournal::of(entries).remembered(lease.tenant()))
    }

    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        self.point().await;
        let token = {
            let world = &mut *self.base.world();
            let asked = world.now;
            let fate = world.fate();
            if fate == Fate::Lost {
                return Err(world.away());
            }
            let (token, attempt) = world.take(tenant, (self.start, self.name), self.skew)?;
            if fate != Fate::Done {
                return Err(world.away());
            }
            world.counts_from(tenant, self.start, asked);
            let chain = world.chain(tenant);
            let mut state = self.state();
            let memory = if world.holds(Rule::LeaseFirst) {
                chain.clone()
            } else {
                state.last.get(tenant).cloned().unwrap_or_default()
            };
            let lease = Some(Held { token, attempt, asked });
            state.known.insert(tenant.clone(), Known { chain, memory, lease, doubt: None });
            token
        };
        let (good, back) = (self.clone(), self.clone());
        let (of, other) = (tenant.clone(), tenant.clone());
        let is_good = move || {
            let now = good.base.world().now;
            let held = good.state().known.get(&of).and_then(|known| known.lease);
            held.is_some_and(|held| held.token == token && now - held.asked < TERM - MARGIN)
        };
        Ok(Lease::new(tenant.clone(), token, is_good, move || {
            let known = back.state().known.remove(&other);
            if let Some(known) = &known {
                back.state().last.insert(other.clone(), known.chain.clone());
            }
            // Who was killed gives nothing back.
            if known.is_some_and(|known| known.lease.is_some_and(|held| held.token == token)) {
                back.base.world().release(&other, back.start, token);
            }
        }))
    }

    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        let tenant = lease.tenant();
        let number = self.base.world().entry();
        for _ in 0..3 {
            self.point().await;
            self.settle(tenant);
            let world = &mut *self.base.world();
            let mut state = self.state();
            let known = state.known.get_mut(tenant).ok_or(JournalError::Lost)?;
            let held = known.lease.filter(|held| held.token == lease.token());
            let mut held = held.ok_or(JournalError::Lost)?;
            if known.doubt.take() == Some(number)
                && known.chain.iter().any(|(there, _)| *there == number)
            {
                world.acknowledge(tenant, number);
                return Ok(());
            }
            let append = Append {
                tenant: tenant.clone(),
                start: self.start,
                name: self.name,
                token: held.token,
                attempt: held.attempt,
                head: known.chain.len(),
                entry: (number, entry.clone()),
            };
            let fate = world.fate();
            match fate {
                Fate::Lost => {}
                Fate::Late => world.comes_late(append),
                Fate::Done | Fate::Unheard => {
                    let is_kept = world.append(&append);
                    if fate == Fate::Done && !is_kept {
                        known.lease = None;
                        return Err(JournalError::Lost);
                    }
                }
            }
            if fate == Fate::Done {
                known.chain.push((number, entry.clone()));
                known.memory.push((number, entry));
                held.asked = world.now;
                known.lease = Some(held);
                world.counts_from(tenant, self.start, held.asked);
                world.acknowledge(tenant, number);
                return Ok(());
            }
            known.doubt = Some(number);
        }
        let world = self.base.world();
        Err(world.away())
    }

    fn now(&self) -> Timestamp {
        self.base.world().clock()
    }

    async fn pause(&self) {
        self.point().await;
    }
}
