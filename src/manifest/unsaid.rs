//! Keys of users that keep something from being done for them, and were there a moment ago: a file
//! that is saved half may still be understood.
//!
//! **Invariant:** only what is absent waits. A key that says something else counts at once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{DesiredUser, Roster, Upn};

/// A key that keeps something from being done for its user.
struct BlockingKey {
    name: &'static str,
    /// Whether it keeps anything from being done at this moment.
    keeps: fn(&DesiredUser, Timestamp) -> bool,
    is_said: fn(&DesiredUser) -> bool,
}

/// All of them.
const KEYS: [BlockingKey; 3] = [
    BlockingKey {
        name: "`site`",
        keeps: |user, _| user.site.is_some(),
        is_said: |user| user.site.is_some(),
    },
    BlockingKey {
        name: "`from`",
        keeps: |user, now| user.begins(now).is_some(),
        is_said: |user| user.dates().from.is_some(),
    },
    BlockingKey {
        name: "`until`",
        keeps: |user, now| user.ended(now).is_some(),
        is_said: |user| user.dates().until.is_some(),
    },
];

/// The keys of one tenant's users that are missing, each with the moment from which on that counts.
#[derive(Debug, Clone, Default)]
pub(super) struct MissingKeys(BTreeMap<Upn, BTreeMap<&'static str, Timestamp>>);

impl MissingKeys {
    /// Takes what is said `now` and was said at the look before, if that may be something else.
    pub(super) fn take(
        &mut self,
        before: Option<&Roster<DesiredUser>>,
        said: &Roster<DesiredUser>,
        now: Timestamp,
        counts: Timestamp,
    ) {
        // Looked at in a copy, and only where somebody may have changed: tenants rest.
        let said = said.clone();
        if let Some(before) = before {
            self.note_missing(before, &said, now, counts);
        }
        self.0.retain(|user, keys| {
            let user = said.get(user);
            let lacks = |name: &str| user.is_some_and(|user| lacks(user, name));
            keys.retain(|name, counts| *counts > now && lacks(name));
            !keys.is_empty()
        });
    }

    fn note_missing(
        &mut self,
        before: &Roster<DesiredUser>,
        said: &Roster<DesiredUser>,
        now: Timestamp,
        counts: Timestamp,
    ) {
        for pair in before.clone().beside(said) {
            let (Some(then), Some(user)) = pair else { continue };
            let is_missing = |key: &&BlockingKey| (key.keeps)(then, now) && !(key.is_said)(user);
            for key in KEYS.iter().filter(is_missing) {
                let keys = self.0.entry(user.upn.clone()).or_default();
                keys.entry(key.name).or_insert(counts);
            }
        }
    }

    /// Those that are missing for long enough now count.
    pub(super) fn count(&mut self, now: Timestamp) {
        self.0.values_mut().for_each(|keys| keys.retain(|_, counts| *counts > now));
        self.0.retain(|_, keys| !keys.is_empty());
    }

    /// Each moment from which on one counts.
    pub(super) fn moments(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut().flat_map(BTreeMap::values_mut)
    }

    /// Those whose absence does not count yet.
    pub(super) fn keys(&self) -> BTreeMap<Upn, BTreeMap<&'static str, Timestamp>> {
        self.0.clone()
    }
}

fn lacks(user: &DesiredUser, name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name && !(key.is_said)(user))
}
