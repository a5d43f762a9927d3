//! What is so at a moment: what was seen, wanted and remembered of each tenant, and how that changes
//! by chance.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use dialplane::{
    config::Execution,
    model::{
        Calling, Consent, Coverage, Dates, DesiredTenant, Details, Fault, FaultKind, Field,
        HeldNumber, LastWrites, ListExtras, LiveTenant, Memory, Mode, ObservedValue, PerHour,
        Release, RunId, Span, SyncDebt, TenantId, TenantInForce, TenantName, UnreadableValue,
        Value, Verb, Windows, Write, time_zone,
    },
    pass,
    plan::{Fleet, Observation, Rules},
};
use fastrand::Rng;
use jiff::{Timestamp, civil::Time};

use super::world::{self, Draw, TenantDraw, phone, upn_of};
use crate::support::{live_calling, live_tenant, live_user, name, number, tenant_id};

const TENANTS: usize = 4;
/// Numbers that people have or are to have: few, so that they meet.
const NUMBERS: u8 = 14;

/// Everything that a plan is made of, kept by the test.
pub(super) struct Truth {
    pub(super) rng: Rng,
    dated: bool,
    pub(super) rules: Rules,
    pub(super) draws: Vec<TenantDraw>,
    pub(super) in_force: BTreeMap<TenantName, TenantInForce>,
    pub(super) broken: BTreeMap<TenantName, String>,
    pub(super) seen: BTreeMap<TenantName, Arc<LiveTenant>>,
    pub(super) failed: BTreeMap<TenantName, Fault>,
    pub(super) memories: BTreeMap<TenantName, Arc<Memory>>,
    pub(super) now: Timestamp,
}

pub(super) fn minutes(minutes: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_mins(minutes)
}

fn origin_of_time() -> Timestamp {
    "2026-07-03T10:00:00Z".parse().unwrap()
}

fn draw_user(rng: &mut Rng) -> Draw {
    let calling =
        |rng: &mut Rng| if rng.u8(0..4) > 0 { Calling::Enabled } else { Calling::Disabled };
    Draw {
        managed: rng.u8(0..8) > 0,
        protected: rng.u8(0..10) == 0,
        wanted: calling(rng),
        number: rng.u8(0..NUMBERS),
        voicemail: rng.bool().then(|| rng.bool()),
        tag: None,
        gateway: rng.u8(0..8) > 0,
        seen: rng.u8(0..12),
        is: calling(rng),
        has_number: rng.u8(0..NUMBERS),
        has_voicemail: rng.bool().then(|| rng.bool()),
        has_tag: None,
        has_gateway: true,
    }
}

fn draw_tenant(rng: &mut Rng) -> TenantDraw {
    TenantDraw {
        mode: rng.u8(0..14),
        prune: rng.u8(0..3) == 0,
        consent: rng.u8(0..12),
        suspect: rng.u8(0..10) == 0,
        unreadable: false,
        incomplete: rng.u8(0..12) == 0,
        percent: [100, 100, 10][rng.usize(0..3)],
        shows_tags: true,
        shows_numbers: rng.u8(0..16) > 0,
        users: (0..rng.usize(0..7)).map(|_| draw_user(rng)).collect(),
    }
}

impl Truth {
    pub(super) fn draw(seed: u64) -> Self {
        Self::begin(seed, false)
    }

    /// One in which users have dates.
    pub(super) fn draw_dated(seed: u64) -> Self {
        Self::begin(seed, true)
    }

    fn begin(seed: u64, dated: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rules = Rules {
            per_hour: PerHour { disable: 1, numbers: 3, changes: 5 },
            ..pass::rules(&Execution::default())
        };
        let draws = (0..TENANTS).map(|_| draw_tenant(&mut rng)).collect();
        let mut truth = Self {
            rng,
            dated,
            rules,
            draws,
            in_force: BTreeMap::new(),
            broken: BTreeMap::new(),
            seen: BTreeMap::new(),
            failed: BTreeMap::new(),
            memories: BTreeMap::new(),
            now: origin_of_time(),
        };
        truth.edit();
        truth
    }

    /// Other manifests: of one tenant, or with one more or one less.
    pub(super) fn edit(&mut self) {
        let which = self.rng.usize(0..TENANTS);
        if self.rng.bool() {
            self.draws[which] = draw_tenant(&mut self.rng);
        }
        let all = world::desired(&self.draws).desired.tenants;
        let before = std::mem::take(&mut self.in_force);
        self.broken.clear();
        for (index, (name, mut desired)) in all.into_iter().enumerate() {
            match self.rng.u8(0..12) {
                0 => {}
                1 => drop(self.broken.insert(name, "a file could not be understood".to_owned())),
                2..8 if before.contains_key(&name) && index != which => {
                    self.in_force.insert(name.clone(), before[&name].clone());
                }
                _ => {
                    self.rule(index, Arc::make_mut(&mut desired));
                    let kept = (self.rng.u8(0..6) == 0).then(|| "a file is broken".into());
                    let tenant = TenantInForce { desired, kept, approvals: Vec::new() };
                    if before.get(&name).is_some_and(|b| b.desired.id != tenant.desired.id) {
                        self.forget(&name);
                    }
                    self.in_force.insert(name, tenant);
                }
            }
        }
        for name in before.into_keys() {
            if !self.in_force.contains_key(&name) {
                self.forget(&name);
            }
        }
        for (name, tenant) in &self.in_force {
            // Who is left alone has been seen by nobody when that ends.
            if tenant.desired.mode == Mode::Suspend {
                self.seen.remove(name);
                self.failed.remove(name);
            }
        }
    }

    pub(super) fn forget(&mut self, name: &TenantName) {
        self.seen.remove(name);
        self.failed.remove(name);
        self.memories.remove(name);
    }

    pub(super) fn rule(&mut self, index: usize, desired: &mut DesiredTenant) {
        let rng = &mut self.rng;
        if rng.u8(0..12) == 0 {
            desired.id = TenantId::parse(&tenant_id(90 + index)).unwrap();
        }
        desired.release = [Release::Clear, Release::Manual, Release::Park][rng.usize(0..3)];
        if rng.bool() {
            desired.parking = ["+19990000001", "+19990000002"]
                .iter()
                .filter_map(|place| match number(place) {
                    Value::Phone(number) => Some(number),
                    _ => None,
                })
                .collect();
        }
        if rng.u8(0..3) == 0 {
            let span = |from: i8, to: i8| Span {
                days: Vec::new(),
                first: None,
                last: None,
                from: Time::constant(from, 30, 0, 0),
                to: Some(Time::constant(to, 0, 0, 0)),
            };
            desired.windows = Some(Windows {
                zone: time_zone("Europe/Berlin").unwrap(),
                allow: vec![span(rng.i8(0..24), rng.i8(0..24))],
                deny: if rng.bool() { vec![span(rng.i8(0..24), 3)] } else { Vec::new() },
            });
        }
        if rng.u8(0..3) == 0 {
            desired.missing.others = Some(self.now + minutes(rng.i64(-300..600)));
        }
        if self.dated {
            date(desired, self.now, rng);
        }
    }

    pub(super) fn any(&mut self) -> Option<TenantName> {
        let names: Vec<_> = self.in_force.keys().cloned().collect();
        (!names.is_empty()).then(|| names[self.rng.usize(0..names.len())].clone())
    }

    /// What a list shows of a tenant now.
    pub(super) fn look(&mut self, tenant: &TenantName) {
        if self.in_force[tenant].desired.mode == Mode::Suspend {
            return;
        }
        if self.rng.u8(0..8) == 0 {
            let fault = Fault::new(FaultKind::Server, "the service failed");
            self.failed.insert(tenant.clone(), fault);
            return;
        }
        let index = (0..TENANTS).find(|index| name(&format!("t{index}")) == *tenant).unwrap();
        for user in &mut self.draws[index].users {
            if self.rng.u8(0..3) == 0 {
                user.has_number = self.rng.u8(0..NUMBERS);
                user.is = if self.rng.bool() { user.wanted } else { user.is };
            }
        }
        let live = live(index, &self.draws[index], &mut self.rng);
        self.failed.remove(tenant);
        self.seen.insert(tenant.clone(), Arc::new(live));
    }

    /// The journal moves.
    pub(super) fn remember(&mut self, tenant: &TenantName) {
        let index = (0..TENANTS).find(|index| name(&format!("t{index}")) == *tenant).unwrap();
        let mut memory = Memory::clone(self.memories.entry(tenant.clone()).or_default());
        let rng = &mut self.rng;
        let at = |rng: &mut Rng| origin_of_time() + minutes(rng.i64(-2_000..4_000));
        match rng.u8(0..6) {
            0 => memory.first_sync = rng.bool().then(|| at(rng)),
            1 => {
                let debt = SyncDebt { since: at(rng), run: RunId::new("r") };
                memory.sync_owed = rng.bool().then_some(debt);
            }
            2 => memory.last_sync = Some(at(rng)),
            _ => {}
        }
        for _ in 0..rng.usize(1..4) {
            let user = upn_of(index, rng.usize(0..7));
            memory.written.insert(user, written(rng));
        }
        for _ in 0..rng.usize(0..3) {
            let verb = [Verb::Disable, Verb::Update][rng.usize(0..2)];
            memory.sent.add(self.now + minutes(rng.i64(-90..10)), verb, rng.bool());
        }
        self.memories.insert(tenant.clone(), Arc::new(memory));
    }

    /// A fleet of what is true now.
    pub(super) fn anew(&self) -> Fleet {
        let mut fleet = Fleet::new(self.rules);
        fleet.take(self.in_force.values().cloned(), &self.broken);
        for name in self.in_force.keys() {
            self.tell(&mut fleet, name);
        }
        fleet
    }

    /// Tells a fleet what is known of a tenant.
    pub(super) fn tell(&self, fleet: &mut Fleet, name: &TenantName) {
        let id = &self.in_force[name].desired.id;
        let memory = self.memories.get(name).cloned().unwrap_or_default();
        if let Some(live) = self.seen.get(name) {
            let live = Observation::Seen(Arc::clone(live));
            fleet.looked(name, id, live, Arc::clone(&memory));
        }
        if let Some(fault) = self.failed.get(name) {
            let failed = Observation::Failed { fault: fault.clone(), before: None };
            fleet.looked(name, id, failed, Arc::clone(&memory));
        }
        fleet.remembers(name, id, memory);
    }
}

/// Gives users dates.
fn date(desired: &mut DesiredTenant, now: Timestamp, rng: &mut Rng) {
    for user in desired.users.values_mut() {
        let at = |rng: &mut Rng| (rng.u8(0..3) == 0).then(|| now + minutes(rng.i64(-500..3_000)));
        let dates = Dates { from: at(rng), until: at(rng) };
        if dates == Dates::default() {
            continue;
        }
        if let Some(until) = dates.until
            && rng.bool()
        {
            desired.hands_on.insert(user.upn.clone(), until + minutes(rng.i64(0..500)));
        }
        user.calling = Calling::Enabled;
        user.dates = Some(Arc::new(dates));
    }
}

fn written(rng: &mut Rng) -> LastWrites {
    let at = |rng: &mut Rng| origin_of_time() + minutes(rng.i64(-2_000..4_000));
    let mut written = LastWrites::default();
    if rng.bool() {
        let value = if rng.bool() { Calling::Enabled } else { Calling::Disabled };
        written.calling = Some(write(value, at(rng), rng));
    }
    if rng.bool() {
        let value = phone(rng.u8(1..NUMBERS)).unwrap();
        written.details.insert(Field::PhoneNumber, write(value, at(rng), rng));
    }
    if rng.u8(0..4) == 0 {
        let reverts = (0..4).map(|_| at(rng)).collect::<BTreeSet<_>>();
        written.reverted.insert(None, reverts.into_iter().collect());
    }
    if rng.u8(0..6) == 0 {
        written.unknown = Some((Verb::Update, at(rng)));
    }
    written
}

fn write<T>(value: T, at: Timestamp, rng: &mut Rng) -> Write<T> {
    let synced = rng.bool().then(|| at + Duration::from_secs(60 * rng.u64(0..300)));
    Write {
        value,
        at,
        lost: rng.u8(0..5) == 0,
        landed: rng.u8(0..3) == 0,
        tells: true,
        synced,
        in_vain: rng.u32(0..4),
    }
}

fn live(index: usize, draw: &TenantDraw, rng: &mut Rng) -> LiveTenant {
    let mut sees: BTreeSet<Field> = Field::ALL.into_iter().collect();
    if !draw.shows_numbers {
        sees.remove(&Field::PhoneNumber);
    }
    let mut users = Vec::new();
    for (n, user) in draw.users.iter().enumerate().filter(|(_, user)| user.seen > 0) {
        let upn = upn_of(index, n);
        let stored = [
            (Field::PhoneNumber, phone(user.has_number)),
            (Field::SbcGatewayId, Some(crate::support::gateway(805))),
            (Field::UseTeamsVoicemail, user.has_voicemail.map(Value::Flag)),
        ];
        let stored: Details =
            stored.into_iter().filter_map(|(field, value)| Some((field, value?))).collect();
        let mut details = world::observed(&stored, &sees);
        if rng.u8(0..20) == 0 {
            let odd = UnreadableValue::new("555-odd", "at `/phoneNumber`");
            details.insert(Field::PhoneNumber, ObservedValue::Unreadable(odd));
        }
        users.push(live_user(upn, live_calling(user.is, user.seen == 1), details));
    }
    let beside = (rng.u8(0..6) == 0).then(|| match phone(rng.u8(2..NUMBERS)) {
        Some(Value::Phone(number)) => Ok(number),
        _ => Err(UnreadableValue::new("odd", "")),
    });
    let numbers = beside.into_iter().map(|number| HeldNumber {
        holder: "the switchboard".into(),
        held_as: "resource account".into(),
        number,
    });
    LiveTenant {
        consent: if draw.consent == 0 { Consent::Missing } else { Consent::Granted },
        coverage: if rng.u8(0..12) == 0 {
            Coverage::Suspect("a doubt".to_owned())
        } else {
            Coverage::Complete
        },
        sees,
        beside: ListExtras { numbers: numbers.collect(), ..ListExtras::default() },
        ..live_tenant(users)
    }
}
