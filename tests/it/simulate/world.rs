//! The made-up world: time, people, what lists show of them, and the instants at which it can all
//! go wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use dialplane::model::{
    Call, Calling, Consent, DesiredTenant, Details, Entry, FaultKind, Field, LiveUser, PhoneNumber,
    TenantName, Upn,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    judge::Judge,
    operator,
    time::{self, HOUR, MINUTE, now, pass_time},
};
use crate::properties::world::observed;
use crate::support::{live_calling, live_user};

/// A value and its past: lists show it late, and old lists show what was.
#[derive(Debug, Clone)]
pub(super) struct Lagging<T>(Vec<(Timestamp, T)>);

impl<T> Lagging<T> {
    pub(super) fn new(value: T) -> Self {
        Self(vec![(Timestamp::UNIX_EPOCH, value)])
    }

    /// What is.
    pub(super) fn truth(&self) -> &T {
        &self.0[self.0.len() - 1].1
    }

    /// What a list of that time shows. What was shown once never goes back to what was before.
    pub(super) fn shown(&self, at: Timestamp) -> &T {
        self.0.iter().rev().find(|(from, _)| *from <= at).map_or(&self.0[0].1, |(_, value)| value)
    }

    pub(super) fn set(&mut self, value: T, visible: Timestamp) {
        self.0.push((visible, value));
    }
}

impl<T: PartialEq> Lagging<T> {
    /// Sets it, and says whether it was another one before.
    fn change(&mut self, value: T, visible: Timestamp) -> bool {
        let news = *self.truth() != value;
        self.set(value, visible);
        news
    }
}

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) calling: Lagging<Calling>,
    pub(super) stored: Lagging<Details>,
    pub(super) hidden: bool,
}

#[derive(Debug)]
pub(super) struct Customer {
    pub(super) consent: Consent,
    pub(super) sees: BTreeSet<Field>,
    /// Whether an update clears what it does not carry.
    pub(super) clears: bool,
    pub(super) people: BTreeMap<Upn, Person>,
    /// Whether something was carried out after the last sync.
    pub(super) unsynced: bool,
}

impl Customer {
    pub(super) fn list(&self, at: Timestamp) -> Vec<LiveUser> {
        let visible = self.people.iter().filter(|(_, person)| !person.hidden);
        let user = |(upn, person): (&Upn, &Person)| {
            let calling = live_calling(*person.calling.shown(at), false);
            live_user(upn.clone(), calling, observed(person.stored.shown(at), &self.sees))
        };
        visible.map(user).collect()
    }
}

/// How bad this world is: each is a chance in a thousand.
#[derive(Debug, Default)]
pub(super) struct Temper {
    pub(super) faults: u32,
    pub(super) crashes: u32,
    pub(super) events: u32,
    pub(super) stale: u32,
    pub(super) short: u32,
    pub(super) lag: u32,
    pub(super) strays: u32,
    /// The program's clock jumps.
    pub(super) jumps: u32,
    /// Somebody insists on something else.
    pub(super) rival: u32,
    /// The journal goes away for a while.
    pub(super) aways: u32,
}

/// What becomes of a call: whether it is carried out, and the fault that is answered.
pub(super) type Fate = (bool, Option<FaultKind>);

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) points: u64,
    pub(super) passes: u64,
    pub(super) calls: u64,
    pub(super) crashes: u64,
    pub(super) lost: u64,
    pub(super) strays: u64,
    /// Steps held because somebody else changed something back again and again.
    pub(super) flaps: u64,
    /// Syncs that waited.
    pub(super) waits: u64,
    /// Jumps of the clock.
    pub(super) jumps: u64,
    /// Times that the journal was away.
    pub(super) aways: u64,
    /// Entries that were kept although the answer was that it is away.
    pub(super) unheard: u64,
    /// Entries in the program's own store.
    pub(super) stored: u64,
    /// Times that the store was opened again: after a kill, or closed.
    pub(super) reopened: [u64; 2],
}

#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub(super) struct World {
    pub(super) rng: fastrand::Rng,
    pub(super) temper: Temper,
    pub(super) customers: BTreeMap<TenantName, Customer>,
    pub(super) desired: BTreeMap<TenantName, Arc<DesiredTenant>>,
    /// What the disk holds.
    pub(super) durable: Vec<Entry>,
    pub(super) disk_full: bool,
    /// Until when the journal cannot be reached.
    pub(super) away_until: Timestamp,
    /// What befalls the journal has dice of its own: the rest of a world is the same on each store.
    pub(super) store_dice: fastrand::Rng,
    pub(super) judge: Judge,
    /// The points, counted from the start, at which the program is to die.
    pub(super) dies_at: Vec<u64>,
    pub(super) fixed_lag: Option<Duration>,
    pub(super) dead: bool,
    /// Nothing goes wrong any more.
    pub(super) calm: bool,
    pub(super) outage: bool,
    pub(super) stop: CancellationToken,
    /// Tells the pass of a tenant that a newer plan follows.
    pub(super) newer: BTreeMap<TenantName, CancellationToken>,
    /// Somebody who changes this user back whenever a list was taken.
    pub(super) rival: Option<(TenantName, Upn)>,
    /// How often that was done.
    pub(super) changed_back: BTreeMap<Upn, u32>,
    /// Calls that were sent and not handled yet.
    pub(super) flights: BTreeMap<u64, (TenantName, Call)>,
    /// Calls whose answer was lost and that are carried out all the same, then.
    pub(super) late: Vec<(Timestamp, TenantName, Call)>,
    pub(super) tally: Tally,
    pub(super) log: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        time::begin();
        Self {
            rng: fastrand::Rng::with_seed(seed),
            temper: Temper::default(),
            customers: BTreeMap::new(),
            desired: BTreeMap::new(),
            durable: Vec::new(),
            disk_full: false,
            away_until: Timestamp::UNIX_EPOCH,
            store_dice: fastrand::Rng::with_seed(!seed),
            judge: Judge::default(),
            dies_at: Vec::new(),
            fixed_lag: None,
            dead: false,
            calm: true,
            outage: false,
            stop: CancellationToken::new(),
            newer: BTreeMap::new(),
            rival: None,
            changed_back: BTreeMap::new(),
            flights: BTreeMap::new(),
            late: Vec::new(),
            tally: Tally::default(),
            log: Vec::new(),
        }
    }

    pub(super) fn newer(&mut self, tenant: &TenantName) -> CancellationToken {
        self.newer.entry(tenant.clone()).or_default().clone()
    }

    /// The program's clock is set wrong, or right again.
    pub(super) fn jump(&mut self) {
        let hours = if time::is_right() { self.rng.i64(-40..40) } else { 0 };
        time::set_off(hours);
        self.tally.jumps += 1;
        self.judge.timeless = true;
        self.say(format_args!("CLOCK {hours} hours off"));
    }

    pub(super) fn say(&mut self, what: impl fmt::Display) {
        self.log.push(format!("{} {what}", now().strftime("%dd %H:%M:%S")));
    }

    pub(super) fn chance(&mut self, in_a_thousand: u32) -> bool {
        !self.calm && self.rng.u32(0..1000) < in_a_thousand
    }

    /// An instant at which the operator can step in and the program can die.
    pub(super) fn point(&mut self, what: &str) {
        self.tally.points += 1;
        pass_time(Duration::from_millis(self.rng.u64(0..2000)));
        self.arrive();
        if self.chance(self.temper.events) {
            operator::event(self);
        }
        if self.chance(self.temper.jumps) {
            self.jump();
        }
        if self.dies_at.contains(&self.tally.points) || self.chance(self.temper.crashes) {
            self.tally.crashes += 1;
            self.dead = true;
            self.say(format_args!("CRASH {what}"));
            // What was sent may still arrive.
            for (_, (tenant, call)) in std::mem::take(&mut self.flights) {
                if self.chance(500) {
                    let _ = self.handle(&tenant, &call);
                } else {
                    self.stray(&tenant, &call);
                }
            }
        }
    }

    /// A call that nobody hears of any more may be carried out later. A sync is not: it would only
    /// help.
    pub(super) fn stray(&mut self, tenant: &TenantName, call: &Call) {
        if *call != Call::Sync && self.chance(self.temper.strays) {
            let due = now() + MINUTE * self.rng.u32(0..180);
            self.say(format_args!("  {call} strays until {}", due.strftime("%dd %H:%M:%S")));
            self.late.push((due, tenant.clone(), call.clone()));
        }
    }

    /// Whether the journal can be reached. It may go away now, for seconds or for minutes.
    pub(super) fn is_away(&mut self) -> bool {
        if self.calm || self.temper.aways == 0 {
            return false;
        }
        let away = now() < self.away_until;
        if !away && self.store_dice.u32(0..1000) < self.temper.aways {
            let seconds = if self.store_dice.bool() { 1..20 } else { 20..1200 };
            self.away_until = now() + Duration::from_secs(self.store_dice.u64(seconds));
            self.tally.aways += 1;
            self.say(format_args!("AWAY until {}", self.away_until.strftime("%dd %H:%M:%S")));
            return true;
        }
        away
    }

    /// Carries out what strayed for long enough.
    fn arrive(&mut self) {
        let due = self.late.extract_if(.., |(due, ..)| *due <= now());
        for (_, tenant, call) in due.collect::<Vec<_>>() {
            self.tally.strays += 1;
            self.say(format_args!("STRAY {tenant}: {call}"));
            let _ = self.handle(&tenant, &call);
        }
    }

    pub(super) fn fate(&mut self) -> Fate {
        use FaultKind::{Auth, Garbled, NoAnswer, Rejected, Server, Throttled, Unreachable};
        const BAD: [(bool, FaultKind); 11] = [
            (false, Rejected),
            (true, Rejected),
            (false, NoAnswer),
            (true, NoAnswer),
            (false, Server),
            (true, Server),
            (false, Garbled),
            (true, Garbled),
            (false, Throttled),
            (false, Auth),
            (false, Unreachable),
        ];
        if self.outage && !self.calm {
            return (false, Some(if self.rng.bool() { Unreachable } else { Server }));
        }
        if self.chance(self.temper.faults) {
            let (done, kind) = BAD[self.rng.usize(0..BAD.len())];
            return (done, Some(kind));
        }
        (true, None)
    }

    /// When something that is written now becomes visible.
    pub(super) fn visible(&mut self) -> Timestamp {
        if let Some(lag) = self.fixed_lag {
            return now() + lag;
        }
        let lag = match self.rng.u32(0..8) {
            _ if !self.chance(self.temper.lag) => Duration::ZERO,
            0..3 => MINUTE * self.rng.u32(1..60),
            3..6 => MINUTE * self.rng.u32(1..240),
            6 => MINUTE * self.rng.u32(1..1440),
            _ => HOUR * self.rng.u32(4..32),
        };
        now() + lag
    }

    pub(super) fn holder(&self, number: &PhoneNumber) -> Option<(&TenantName, &Upn)> {
        let people = self
            .customers
            .iter()
            .flat_map(|(name, customer)| customer.people.iter().map(move |(u, p)| (name, u, p)));
        people
            .into_iter()
            .find(|(.., person)| person.stored.truth().phone() == Some(number))
            .map(|(name, user, _)| (name, user))
    }

    /// The service carries out a call, or refuses it.
    pub(super) fn handle(&mut self, tenant: &TenantName, call: &Call) -> Result<(), String> {
        let visible = self.visible();
        let refusal = match call {
            _ if self.customers[tenant].consent != Consent::Granted => {
                Some("no consent".to_owned())
            }
            Call::Update(update) => update.details().phone().and_then(|number| {
                let (_, holder) =
                    self.holder(number).filter(|(_, holder)| *holder != update.user())?;
                Some(format!("{number} is held by {holder}"))
            }),
            _ => None,
        };
        if let Some(refusal) = refusal {
            self.say(format_args!("  refused: {call}: {refusal}"));
            return Err(refusal);
        }
        self.say(format_args!(
            "  carried out: {call}, visible {}",
            visible.strftime("%dd %H:%M:%S")
        ));
        let customer = self.customers.get_mut(tenant).unwrap();
        let Some(user) = call.user() else {
            customer.unsynced = false;
            return Ok(());
        };
        let Some(person) = customer.people.get_mut(user) else {
            return Err("no such user".to_owned());
        };
        customer.unsynced |= match call {
            Call::Enable(_) => person.calling.change(Calling::Enabled, visible),
            Call::Disable(_) => person.calling.change(Calling::Disabled, visible),
            Call::Update(update) => {
                let kept = if customer.clears {
                    Details::default()
                } else {
                    person.stored.truth().clone()
                };
                person.stored.change(update.details().over(&kept), visible)
            }
            Call::Configure(_) | Call::SwitchCallApp(..) => {
                panic!("nobody is set up, and nobody has the Call App, in this world")
            }
            Call::Sync => false,
        };
        Ok(())
    }
}
