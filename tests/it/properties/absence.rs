//! Whoever is edited, moved, emptied or committed: whose absence counts, and from when on, is what
//! a plain book of all users says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use dialplane::{
    manifest::{Absences, InForce},
    model::{Calling, DesiredTenant, Details, Missing, Upn},
};
use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, prelude::*};

use crate::support::{desired_tenant, desired_user, upn};

const PATIENCE: Duration = Duration::from_secs(300);
const TENANTS: usize = 2;

/// What the manifests say of a tenant at one look.
#[derive(Debug, Clone)]
enum Seen {
    /// Nothing at all.
    Away,
    /// These users; an older version of them.
    Kept(BTreeSet<u8>),
    /// These users.
    Named(BTreeSet<u8>),
    /// The same as last time.
    Same,
}

#[derive(Debug, Clone)]
enum Look {
    /// New manifests, so many seconds later, and whether a commit says them.
    Take { later: i64, said: bool, tenants: [Seen; TENANTS] },
    /// A commit says what is in force.
    Said,
}

fn seen() -> impl Strategy<Value = Seen> {
    let users = || proptest::collection::btree_set(0..5_u8, 0..5);
    prop_oneof![
        1 => Just(Seen::Away),
        1 => users().prop_map(Seen::Kept),
        5 => users().prop_map(Seen::Named),
        2 => Just(Seen::Same),
    ]
}

fn look() -> impl Strategy<Value = Look> {
    let later = prop_oneof![Just(0_i64), Just(1), Just(150), Just(299), Just(300), Just(301)];
    prop_oneof![
        6 => (later, prop::bool::weighted(0.2), seen(), seen())
            .prop_map(|(later, said, one, two)| Look::Take { later, said, tenants: [one, two] }),
        1 => Just(Look::Said),
    ]
}

/// Every user whom a tenant has named, and from when on it counts that the line is missing.
#[derive(Default)]
struct Book {
    users: BTreeMap<Upn, Option<Timestamp>>,
    others: Option<Timestamp>,
    was_away: bool,
}

impl Book {
    fn take(&mut self, named: &BTreeSet<Upn>, now: Timestamp, said: bool) -> Missing {
        let counts = now + SignedDuration::try_from(PATIENCE).unwrap();
        if std::mem::take(&mut self.was_away) {
            self.others = Some(counts);
        }
        if said {
            *self = Self::default();
        }
        for (user, missing) in &mut self.users {
            *missing = (!named.contains(user)).then(|| missing.unwrap_or(counts));
        }
        self.users.retain(|_, missing| missing.is_none_or(|counts| counts > now));
        for user in named {
            self.users.entry(user.clone()).or_insert(None);
        }
        let users = self.users.iter().filter_map(|(user, counts)| Some((user.clone(), (*counts)?)));
        Missing {
            users: users.collect(),
            others: self.others.filter(|counts| *counts > now),
            ..Missing::default()
        }
    }

    fn said(&mut self) {
        self.others = None;
        self.users.retain(|_, missing| missing.is_none());
    }

    fn goes_away(&mut self) {
        self.was_away = true;
        self.users.values_mut().for_each(|missing| *missing = None);
    }
}

fn named(tenant: usize, users: &BTreeSet<u8>) -> Arc<DesiredTenant> {
    let users = users.iter().map(|user| {
        desired_user(upn(&format!("user{user}@contoso.com")), Calling::Enabled, Details::default())
    });
    Arc::new(desired_tenant(tenant, users))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn absence_counts_from_when_a_plain_book_says(looks in vec(look(), 1..12)) {
        let mut now = "2026-03-01T08:00:00Z".parse::<Timestamp>().unwrap();
        let mut absences = Absences::default();
        let mut books: [Option<Book>; TENANTS] = Default::default();
        let mut in_force = InForce::default();
        for look in looks {
            let Look::Take { later, said, tenants } = look else {
                absences.said(&mut in_force, |_| true);
                for (number, book) in books.iter_mut().enumerate() {
                    let tenant = named(number, &BTreeSet::new()).name.clone();
                    let is_kept = in_force.kept.contains_key(&tenant);
                    if let Some(now) = in_force.desired.tenants.get(&tenant).filter(|_| !is_kept) {
                        prop_assert_eq!(&now.missing, &Missing::default());
                        book.as_mut().unwrap().said();
                    }
                }
                continue;
            };
            now += SignedDuration::from_secs(later);
            let before = std::mem::take(&mut in_force);
            let mut wanted = BTreeMap::new();
            for (number, seen) in tenants.iter().enumerate() {
                let (is_kept, tenant) = match seen {
                    Seen::Away => (false, None),
                    Seen::Kept(users) => (true, Some(named(number, users))),
                    Seen::Named(users) => (false, Some(named(number, users))),
                    Seen::Same => {
                        let name = named(number, &BTreeSet::new()).name.clone();
                        let is_kept = before.kept.contains_key(&name);
                        (is_kept, before.desired.tenants.get(&name).cloned())
                    }
                };
                let Some(tenant) = tenant else {
                    books[number].iter_mut().for_each(Book::goes_away);
                    continue;
                };
                if is_kept {
                    in_force.kept.insert(tenant.name.clone(), "broken".to_owned());
                } else {
                    let new = || Book { was_away: true, ..Book::default() };
                    let book = books[number].get_or_insert_with(new);
                    let users = tenant.users.keys().cloned().collect();
                    wanted.insert(tenant.name.clone(), book.take(&users, now, said));
                }
                in_force.desired.tenants.insert(tenant.name.clone(), tenant);
            }
            absences.take(&mut in_force, now, PATIENCE, |_| said);
            for (name, wanted) in wanted {
                prop_assert_eq!(&in_force.desired.tenants[&name].missing, &wanted);
            }
        }
    }
}
