//! The shared store: a row a tenant, with who may write and where its chain ends, and the chains. Its
//! rules are those of the statements that the program sends to a database.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use dialplane::{
    model::{Entry, TenantId},
    ports::JournalError,
};
use fastrand::Rng;
use jiff::Timestamp;

use super::{machine::Machine, vendor::Vendor};

/// How long a right to write counts, in seconds.
pub(super) const TERM: i64 = 120;
/// How long before its end its holder begins nothing more.
pub(super) const MARGIN: i64 = 60;
/// Tenants.
pub(super) const TENANTS: usize = 2;

/// A rule of the store, which a world can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Who renews and writes is known by the start of its program, not by the name of its machine.
    ByStart,
    /// An append names the token that it was given, and how often something was tried with it.
    Token,
    /// What is remembered comes with the right to write, not before it.
    LeaseFirst,
    /// Who may take over is told by the store's clock.
    OneClock,
    /// An append names where the chain ended, and what was not answered is looked for there.
    Head,
}

impl Rule {
    pub(super) const ALL: [Self; 5] =
        [Self::ByStart, Self::Token, Self::LeaseFirst, Self::OneClock, Self::Head];
}

/// Who may write of a tenant.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The start of a program, and the name of its machine.
    owner: Option<(u64, usize)>,
    token: u64,
    attempt: u64,
    until: i64,
    pub(super) chain: Vec<(u64, Entry)>,
}

/// An append, as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Append {
    pub(super) tenant: TenantId,
    pub(super) start: u64,
    pub(super) name: usize,
    pub(super) token: u64,
    pub(super) attempt: u64,
    pub(super) head: usize,
    pub(super) entry: (u64, Entry),
}

/// What becomes of a call to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// It did not arrive.
    Lost,
    /// It was carried out, and nobody heard so.
    Unheard,
    /// It is carried out later.
    Late,
}

/// All there is.
pub(super) struct World {
    pub(super) rng: Rng,
    /// Seconds, by the store's clock.
    pub(super) now: i64,
    broken: Option<Rule>,
    rows: BTreeMap<TenantId, Row>,
    late: Vec<Append>,
    starts: u64,
    entries: u64,
    acknowledged: BTreeMap<TenantId, Vec<u64>>,
    /// Which start of a program got a token.
    took: BTreeMap<(TenantId, u64), u64>,
    /// Which one may begin calls, and since when that counts.
    may_begin: BTreeMap<TenantId, (u64, i64)>,
    pub(super) vendor: Vendor,
    pub(super) wrong: Vec<String>,
    pub(super) log: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Base(Arc<Mutex<World>>);

impl Base {
    pub(super) fn new(seed: u64, broken: Option<Rule>) -> Self {
        Self(Arc::new(Mutex::new(World {
            rng: Rng::with_seed(seed),
            now: 1_800_000_000,
            broken,
            rows: BTreeMap::new(),
            late: Vec::new(),
            starts: 0,
            entries: 0,
            acknowledged: BTreeMap::new(),
            took: BTreeMap::new(),
            may_begin: BTreeMap::new(),
            vendor: Vendor::default(),
            wrong: Vec::new(),
            log: Vec::new(),
        })))
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub(super) fn machine(&self, number: usize) -> Machine {
        Machine::new(self, number)
    }

    /// Whether all that was acknowledged is there, once and in its order.
    pub(super) fn judge(&self) {
        let world = &mut *self.world();
        let mut wrong = Vec::new();
        for (tenant, acknowledged) in &world.acknowledged {
            let chain = world.rows.get(tenant).map(|row| &row.chain[..]).unwrap_or_default();
            let there: Vec<u64> = chain.iter().map(|(number, _)| *number).collect();
            let once: BTreeSet<u64> = there.iter().copied().collect();
            if once.len() < there.len() {
                wrong.push(format!("{tenant}: an entry is there twice: {there:?}"));
            }
            let kept: Vec<u64> =
                there.iter().filter(|number| acknowledged.contains(number)).copied().collect();
            if kept != *acknowledged {
                wrong.push(format!("{tenant}: {acknowledged:?} acknowledged, {kept:?} are there"));
            }
        }
        world.wrong.extend(wrong);
    }
}

impl World {
    pub(super) fn say(&mut self, what: impl std::fmt::Display) {
        let now = self.now - 1_800_000_000;
        self.log.push(format!("{now:6} {what}"));
    }

    pub(super) fn holds(&self, rule: Rule) -> bool {
        self.broken != Some(rule)
    }

    pub(super) fn sent(&self) -> usize {
        self.vendor.sent()
    }

    pub(super) fn clock(&self) -> Timestamp {
        Timestamp::from_second(self.now).unwrap()
    }

    pub(super) fn start(&mut self) -> u64 {
        self.starts += 1;
        self.starts
    }

    pub(super) fn entry(&mut self) -> u64 {
        self.entries += 1;
        self.entries
    }

    pub(super) fn fate(&mut self) -> Fate {
        match self.rng.u8(0..40) {
            0 => Fate::Lost,
            1 | 2 => Fate::Unheard,
            3 => Fate::Late,
            _ => Fate::Done,
        }
    }

    pub(super) fn away(&self) -> JournalError {
        JournalError::Away { since: self.clock(), reason: "made up".to_owned() }
    }

    fn is_owner(&self, row: &Row, (start, name): (u64, usize)) -> bool {
        row.owner.is_some_and(|owner| {
            if self.holds(Rule::ByStart) { owner.0 == start } else { owner.1 == name }
        })
    }

    /// Takes the right to write, as a machine whose clock is off by `skew` asks for it. The answer is
    /// token and attempt.
    pub(super) fn take(
        &mut self,
        tenant: &TenantId,
        (start, name): (u64, usize),
        skew: i64,
    ) -> Result<(u64, u64), JournalError> {
        let now = if self.holds(Rule::OneClock) { self.now } else { self.now + skew };
        let until = self.now + TERM;
        let row = self.rows.entry(tenant.clone()).or_default();
        // Its own, whose answer was lost.
        let is_free = row.owner.is_none_or(|owner| owner.0 == start) || row.until <= now;
        if !is_free {
            let until = Timestamp::from_second(row.until).unwrap();
            return Err(JournalError::Held { holder: "another machine".to_owned(), until });
        }
        row.owner = Some((start, name));
        row.token += 1;
        row.attempt += 1;
        row.until = until;
        let taken = (row.token, row.attempt);
        self.took.insert((tenant.clone(), taken.0), start);
        if let Some((other, since)) = self.may_begin.get(tenant)
            && *other != start
            && self.now - since < TERM - MARGIN
        {
            self.wrong.push(format!("{tenant}: {other} may still begin calls, and so may {start}"));
        }
        self.say(format_args!("start {start} on m{name} takes {tenant}: token {}", taken.0));
        Ok(taken)
    }

    /// Whether a right to write still counts; then it does for longer.
    pub(super) fn renew(&mut self, tenant: &TenantId, who: (u64, usize), token: u64) -> bool {
        let until = self.now + TERM;
        let Some(row) = self.rows.get(tenant) else { return false };
        let is_token = row.token == token || !self.holds(Rule::ByStart);
        let counts = self.is_owner(row, who) && is_token;
        if counts && let Some(row) = self.rows.get_mut(tenant) {
            row.until = until;
        }
        counts
    }

    /// A start of the program may begin calls from then on, for a while.
    pub(super) fn counts_from(&mut self, tenant: &TenantId, start: u64, asked: i64) {
        self.may_begin.insert(tenant.clone(), (start, asked));
    }

    /// It is over with all that this start could do.
    pub(super) fn is_dead(&mut self, start: u64) {
        self.may_begin.retain(|_, (other, _)| *other != start);
    }

    pub(super) fn release(&mut self, tenant: &TenantId, start: u64, token: u64) {
        let row = self.rows.get_mut(tenant).filter(|row| row.token == token);
        if let Some(row) = row.filter(|row| row.owner.is_some_and(|owner| owner.0 == start)) {
            row.owner = None;
            self.may_begin.remove(tenant);
        }
    }

    /// Adds an entry, if it may be. An append that is late is tried like any other.
    pub(super) fn append(&mut self, append: &Append) -> bool {
        let Append { tenant, start, name, token, attempt, head, entry } = append;
        let until = self.now + TERM;
        let Some(row) = self.rows.get(tenant) else { return false };
        let is_owner = self.is_owner(row, (*start, *name)) || !self.holds(Rule::Token);
        let is_token = row.token == *token || !self.holds(Rule::Token);
        let is_tried = row.attempt == *attempt || !self.holds(Rule::Token);
        let is_head = (is_tried && row.chain.len() == *head) || !self.holds(Rule::Head);
        let is_named = !self.holds(Rule::ByStart) && self.is_owner(row, (*start, *name));
        if !(is_owner && (is_token || is_named) && is_head) {
            return false;
        }
        let owner = self.took.get(&(tenant.clone(), row.token)).copied();
        if owner != Some(*start) {
            self.wrong.push(format!("{tenant}: {start} wrote under the token of {owner:?}"));
        }
        if let Some(row) = self.rows.get_mut(tenant) {
            row.until = until;
            row.chain.push(entry.clone());
        }
        true
    }

    pub(super) fn comes_late(&mut self, append: Append) {
        self.late.push(append);
    }

    /// What was late arrives, and others change what is live.
    pub(super) fn somebody_else(&mut self) {
        if !self.late.is_empty() && self.rng.u8(0..30) == 0 {
            let append = self.late.remove(0);
            let is_kept = self.append(&append);
            self.say(format_args!("late: entry {}, kept: {is_kept}", append.entry.0));
        }
        if self.rng.u8(0..30) == 0 {
            let (rng, now) = (&mut self.rng, self.now);
            self.vendor.switch_off(rng, now);
        }
    }

    /// From now on what is still on its way is refused. How long the chain is, with the new attempt;
    /// nothing if the right is lost.
    pub(super) fn settle(
        &mut self,
        tenant: &TenantId,
        start: u64,
        token: u64,
    ) -> Option<(u64, Vec<(u64, Entry)>)> {
        let row = self.rows.get_mut(tenant)?;
        if row.token != token || row.owner.is_none_or(|owner| owner.0 != start) {
            return None;
        }
        row.attempt += 1;
        Some((row.attempt, row.chain.clone()))
    }

    pub(super) fn chain(&self, tenant: &TenantId) -> Vec<(u64, Entry)> {
        self.rows.get(tenant).map(|row| row.chain.clone()).unwrap_or_default()
    }

    pub(super) fn acknowledge(&mut self, tenant: &TenantId, entry: u64) {
        self.acknowledged.entry(tenant.clone()).or_default().push(entry);
    }
}
