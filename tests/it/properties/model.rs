//! The service as the properties know it: people in tenants, and what a call does to them.

use super::world::{SUSPENDED, TenantDraw, details, observed, upn_of};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use dialplane::{
    model::{
        Call, Calling, Consent, Coverage, Details, Fault, FaultKind, Field, LiveTenant, TenantName,
        TenantRef, UpdateRequest, Upn, Value,
    },
    ports::{LiveReader, Permit, Provisioner},
};

use crate::support::{gateway, live_calling, live_tenant, live_user, name, upn};

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
            let calling = live_calling(person.calling, person.unclear);
            live_user(upn.clone(), calling, observed(&person.stored, &customer.sees))
        });
        let coverage = if customer.suspect {
            Coverage::Suspect("a doubt".to_owned())
        } else {
            Coverage::Complete
        };
        Ok(LiveTenant {
            consent: customer.consent.clone(),
            coverage,
            sees: customer.sees.clone(),
            ..live_tenant(users)
        })
    }
}

impl Provisioner for Model {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        Ok(self.customers.lock().unwrap()[&tenant.name].consent.clone())
    }
    async fn send(&self, tenant: &TenantRef, call: &Call, _: &Permit) -> Result<(), Fault> {
        match call {
            Call::Enable(user) => {
                self.change("enable", tenant, user, |person| person.calling = Calling::Enabled)
            }
            Call::Disable(user) => {
                self.change("disable", tenant, user, |person| person.calling = Calling::Disabled)
            }
            Call::Update(update) => self.update(tenant, update),
            Call::Configure(_) | Call::SwitchCallApp(..) => {
                panic!("nobody is set up, and nobody has the Call App, in this world")
            }
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
