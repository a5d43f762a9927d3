//! Made-up fleets and a model of the service in memory, which knows nothing of plans: numbers are
//! held once, an update stores what it carries.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use dialplane::{
    manifest::InForce,
    model::{
        Adopt, Beside, Call, Calling, Confirmation, Consent, Coverage, Desired, DesiredTenant,
        DesiredUser, Details, Fault, FaultKind, Field, Limit, Limits, LiveCalling, LiveSource,
        LiveTenant, LiveUser, Mode, Observed, Origin, Protect, Prune, Release, ShrinkLimit,
        TenantId, TenantName, TenantRef, UpdateRequest, Upn, Value,
    },
    ports::{LiveReader, Provisioner},
};
use proptest::{collection::vec, option, prelude::*};

use crate::support::{gateway, name, number, tenant_id, upn};

// ---- what is drawn

/// A user: what the manifests want, and what is.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
pub(super) struct Draw {
    pub(super) managed: bool,
    pub(super) protected: bool,
    pub(super) wanted: Calling,
    /// 0 is unmanaged, 1 is none, the rest are numbers.
    pub(super) number: u8,
    pub(super) voicemail: Option<bool>,
    pub(super) tag: Option<u8>,
    pub(super) gateway: bool,
    /// Visible, hidden, or in an unclear state.
    pub(super) seen: u8,
    pub(super) is: Calling,
    pub(super) has_number: u8,
    pub(super) has_voicemail: Option<bool>,
    pub(super) has_tag: Option<u8>,
    pub(super) has_gateway: bool,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
pub(super) struct TenantDraw {
    pub(super) mode: u8,
    pub(super) prune: bool,
    pub(super) consent: u8,
    pub(super) suspect: bool,
    pub(super) unreadable: bool,
    pub(super) incomplete: bool,
    pub(super) percent: u8,
    /// Whether the list shows tags and numbers.
    pub(super) shows_tags: bool,
    pub(super) shows_numbers: bool,
    pub(super) users: Vec<Draw>,
}

pub(super) const SUSPENDED: u8 = 1;

pub(super) fn calling() -> impl Strategy<Value = Calling> {
    prop_oneof![3 => Just(Calling::Enabled), 1 => Just(Calling::Disabled)]
}

pub(super) fn user() -> impl Strategy<Value = Draw> {
    let wish = (
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.1),
        calling(),
        0..12_u8,
        option::of(any::<bool>()),
        option::of(0..3_u8),
    );
    let is = (
        0..12_u8,
        calling(),
        0..12_u8,
        option::of(any::<bool>()),
        option::of(0..3_u8),
        prop::bool::weighted(0.9),
    );
    (wish, prop::bool::weighted(0.8), is).prop_map(
        |((managed, protected, wanted, number, voicemail, tag), gateway, is)| {
            let (seen, is, has_number, has_voicemail, has_tag, has_gateway) = is;
            Draw {
                managed,
                protected,
                wanted,
                number,
                voicemail,
                tag,
                gateway,
                seen,
                is,
                has_number,
                has_voicemail,
                has_tag,
                has_gateway,
            }
        },
    )
}

pub(super) fn tenant() -> impl Strategy<Value = TenantDraw> {
    let rules = (
        0..8_u8,
        prop::bool::weighted(0.3),
        0..8_u8,
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.1),
    );
    let more = (
        prop::bool::weighted(0.1),
        prop_oneof![Just(100_u8), Just(10), Just(0)],
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.95),
    );
    (rules, more, vec(user(), 0..9)).prop_map(
        |((mode, prune, consent, suspect, unreadable), more, users)| {
            let (incomplete, percent, shows_tags, shows_numbers) = more;
            TenantDraw {
                mode,
                prune,
                consent,
                suspect,
                unreadable,
                incomplete,
                percent,
                shows_tags,
                shows_numbers,
                users,
            }
        },
    )
}

pub(crate) fn upn_of(tenant: usize, user: usize) -> Upn {
    upn(&format!("u{user}@t{tenant}.example"))
}

pub(crate) fn phone(drawn: u8) -> Option<Value> {
    match drawn {
        0 => None,
        1 => Some(Value::NoPhone),
        n => Some(number(&format!("+1425555{n:04}"))),
    }
}

/// The fields of a wish or of a state; a number that is taken already becomes `taken`.
pub(super) fn details(
    numbers: &mut BTreeSet<u8>,
    taken: Option<Value>,
    (phone_drawn, voicemail, tag, with_gateway): (u8, Option<bool>, Option<u8>, bool),
) -> Details {
    let free = phone_drawn < 2 || numbers.insert(phone_drawn);
    let pairs = [
        (Field::PhoneNumber, if free { phone(phone_drawn) } else { taken }),
        (Field::SbcGatewayId, with_gateway.then(|| gateway(805))),
        (Field::UseTeamsVoicemail, voicemail.map(Value::Flag)),
        (Field::UserTag, tag.map(|tag| Value::Text(format!("tag {tag}").into()))),
    ];
    pairs.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

pub(super) fn desired(draws: &[TenantDraw]) -> InForce {
    let mut numbers = BTreeSet::new();
    let origin = Origin { file: "fleet.yaml".into(), line: Some(1) };
    let tenants = draws.iter().enumerate().map(|(index, draw)| {
        let users =
            draw.users.iter().enumerate().filter(|(_, user)| user.managed).map(|(n, user)| {
                let upn = upn_of(index, n);
                let details = details(
                    &mut numbers,
                    None,
                    (user.number, user.voicemail, user.tag, user.gateway),
                );
                (
                    upn.clone(),
                    DesiredUser {
                        upn,
                        calling: user.wanted,
                        details,
                        site: None,
                        reason: None,
                        origin: origin.clone(),
                    },
                )
            });
        let users = users.collect();
        let protect = draw
            .users
            .iter()
            .enumerate()
            .filter(|(_, user)| user.protected)
            .map(|(n, _)| upn_of(index, n));
        let tenant = DesiredTenant {
            name: name(&format!("t{index}")),
            id: TenantId::parse(&tenant_id(index)).unwrap(),
            account: None,
            mode: match draw.mode {
                0 => Mode::Report,
                SUSPENDED => Mode::Suspend,
                _ => Mode::Enforce,
            },
            prune: if draw.prune { Prune::Disable } else { Prune::Never },
            live: LiveSource::ConnecttoTeams,
            confirm: false,
            adopt: Adopt::All,
            limits: Limits {
                disable: Limit { percent: draw.percent, count: 25, floor: 0 },
                ..Limits::DEFAULT
            },
            protect: Protect { users: protect.collect(), ..Protect::default() },
            shrink_limit: ShrinkLimit::DEFAULT,
            extension_prefix: None,
            windows: None,
            release: Release::Clear,
            parking: Vec::new(),
            users,
            origin: origin.clone(),
            incomplete: draw.incomplete.then(|| "new.yaml could not be understood".to_owned()),
            missing: dialplane::model::Missing::default(),
        };
        (tenant.name.clone(), Arc::new(tenant))
    });
    InForce { desired: Desired { tenants: tenants.collect() }, ..InForce::default() }
}

/// What a list says of stored details.
pub(crate) fn observed(stored: &Details, sees: &BTreeSet<Field>) -> BTreeMap<Field, Observed> {
    let observed = |field: &Field| match stored.get(*field) {
        None | Some(Value::NoPhone) => Observed::Unset,
        Some(value) => Observed::Set(value.clone()),
    };
    sees.iter().map(|field| (*field, observed(field))).collect()
}

/// The wish of a user against what is, without any help from the planner.
pub(crate) fn is_as_wanted(wish: &DesiredUser, calling: Calling, stored: &Details) -> bool {
    let phone = |details: &Details| {
        details.get(Field::PhoneNumber).filter(|value| **value != Value::NoPhone).cloned()
    };
    let same = |(field, value): (Field, &Value)| match field {
        Field::PhoneNumber => phone(&wish.details) == phone(stored),
        _ => stored.get(field) == Some(value),
    };
    let releases = wish.details.get(Field::PhoneNumber) == Some(&Value::NoPhone);
    calling == wish.calling
        && match wish.calling {
            Calling::Enabled => wish.details.iter().all(same),
            Calling::Disabled => !releases || stored.phone().is_none(),
        }
}

// ---- the model of the service

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    pub(super) calling: Calling,
    pub(super) stored: Details,
    pub(super) hidden: bool,
    pub(super) unclear: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) consent: Consent,
    pub(super) suspect: bool,
    pub(super) unreadable: bool,
    pub(super) sees: BTreeSet<Field>,
    pub(super) people: BTreeMap<Upn, Person>,
}

/// The service: people, what was asked of it, and an older face that a list may show.
pub(super) struct Model {
    pub(super) customers: Mutex<BTreeMap<TenantName, Customer>>,
    pub(super) shown: Mutex<Option<BTreeMap<TenantName, Customer>>>,
    pub(super) log: Mutex<Vec<String>>,
    pub(super) refused: Mutex<Vec<String>>,
}

pub(super) fn service(draws: &[TenantDraw]) -> Model {
    let mut numbers = BTreeSet::new();
    let customers = draws.iter().enumerate().map(|(index, draw)| {
        let mut people: BTreeMap<Upn, Person> = draw
            .users
            .iter()
            .enumerate()
            .map(|(n, user)| {
                let hidden = user.seen == 0;
                // A number that nobody can see held is refused by the service: here nobody holds
                // one unseen.
                let unseen =
                    hidden || draw.unreadable || draw.mode == SUSPENDED || !draw.shows_numbers;
                let held = if unseen { 1 } else { user.has_number };
                let stored = details(
                    &mut numbers,
                    Some(Value::NoPhone),
                    (held, user.has_voicemail, user.has_tag, user.has_gateway),
                );
                (
                    upn_of(index, n),
                    Person { calling: user.is, stored, hidden, unclear: user.seen == 1 },
                )
            })
            .collect();
        for platform in [
            format!("callappservice@t{index}.example"),
            "x@cust1.sbc.connecttoteams.com".to_owned(),
        ] {
            let stored = [(Field::SbcGatewayId, gateway(805))].into_iter().collect();
            people.insert(
                upn(&platform),
                Person { calling: Calling::Enabled, stored, hidden: false, unclear: false },
            );
        }
        let mut sees: BTreeSet<Field> = Field::ALL.into_iter().collect();
        if !draw.shows_tags {
            sees.remove(&Field::UserTag);
        }
        if !draw.shows_numbers {
            sees.remove(&Field::PhoneNumber);
        }
        let consent = match draw.consent {
            0 => Consent::Missing,
            1 => Consent::Disagrees { flag: true, listed: false },
            _ => Consent::Granted,
        };
        (
            name(&format!("t{index}")),
            Customer { consent, suspect: draw.suspect, unreadable: draw.unreadable, sees, people },
        )
    });
    Model {
        customers: Mutex::new(customers.collect()),
        shown: Mutex::default(),
        log: Mutex::default(),
        refused: Mutex::default(),
    }
}

impl Model {
    pub(super) fn person(&self, user: &Upn) -> Option<Person> {
        self.customers
            .lock()
            .unwrap()
            .values()
            .find_map(|customer| customer.people.get(user).cloned())
    }

    /// From now on lists show what is now, whatever is written.
    pub(super) fn freeze(&self) {
        *self.shown.lock().unwrap() = Some(self.customers.lock().unwrap().clone());
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    pub(super) fn change(
        &self,
        verb: &str,
        tenant: &TenantRef,
        user: &Upn,
        change: impl FnOnce(&mut Person),
    ) -> Result<(), Fault> {
        self.log.lock().unwrap().push(format!("{verb} {user}"));
        let mut customers = self.customers.lock().unwrap();
        let before = customers.clone();
        let Some(person) =
            customers.get_mut(&tenant.name).and_then(|customer| customer.people.get_mut(user))
        else {
            return self.refuse(format!("{verb} {user}: no such user"));
        };
        change(person);
        let number = person.stored.phone().cloned();
        let holders = customers.values().flat_map(|customer| customer.people.values());
        if number.is_some_and(|number| {
            holders.filter(|person| person.stored.phone() == Some(&number)).count() > 1
        }) {
            *customers = before;
            return self.refuse(format!("{verb} {user}: the number is held"));
        }
        Ok(())
    }

    pub(super) fn refuse(&self, what: String) -> Result<(), Fault> {
        self.refused.lock().unwrap().push(what.clone());
        Err(Fault::new(FaultKind::Rejected, what))
    }
}

impl LiveReader for Model {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let shown = self.shown.lock().unwrap().clone();
        let customers = shown.unwrap_or_else(|| self.customers.lock().unwrap().clone());
        let customer = &customers[&tenant.name];
        if customer.unreadable {
            return Err(Fault::new(FaultKind::Server, "the service failed"));
        }
        let visible = customer.people.iter().filter(|(_, person)| !person.hidden);
        let users = visible.map(|(upn, person)| {
            let calling = match person.calling {
                _ if person.unclear => LiveCalling::Unclear("PENDING".to_owned()),
                Calling::Enabled => LiveCalling::Enabled,
                Calling::Disabled => LiveCalling::Disabled,
            };
            (
                upn.clone(),
                LiveUser {
                    upn: upn.clone(),
                    id: None,
                    calling,
                    details: observed(&person.stored, &customer.sees),
                },
            )
        });
        let coverage = if customer.suspect {
            Coverage::Suspect("a doubt".to_owned())
        } else {
            Coverage::Complete
        };
        let (consent, sees, confirmation) =
            (customer.consent.clone(), customer.sees.clone(), Confirmation::NotAsked);
        Ok(LiveTenant {
            consent,
            coverage,
            sees,
            users: users.collect(),
            beside: Beside::default(),
            confirmation,
        })
    }
}

impl Provisioner for Model {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        Ok(self.customers.lock().unwrap()[&tenant.name].consent.clone())
    }
    async fn send(&self, tenant: &TenantRef, call: &Call) -> Result<(), Fault> {
        match call {
            Call::Enable(user) => {
                self.change("enable", tenant, user, |person| person.calling = Calling::Enabled)
            }
            Call::Disable(user) => {
                self.change("disable", tenant, user, |person| person.calling = Calling::Disabled)
            }
            Call::Update(update) => self.update(tenant, update),
            Call::Sync => {
                self.log.lock().unwrap().push(format!("sync {}", tenant.name));
                Ok(())
            }
        }
    }
}

impl Model {
    fn update(&self, tenant: &TenantRef, update: &UpdateRequest) -> Result<(), Fault> {
        // What an omitted field does is unknown: here it is cleared, where a client can know
        // better.
        let sees_all = self.customers.lock().unwrap()[&tenant.name].sees.len() == Field::ALL.len();
        let keep = |stored: &Details| if sees_all { Details::default() } else { stored.clone() };
        self.change("update", tenant, update.user(), |person| {
            person.stored = update.details().over(&keep(&person.stored));
        })
    }
}
