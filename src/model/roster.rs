//! The users of one tenant, mostly at rest: what they are made of is kept, and they are made when
//! somebody looks at them.
//!
//! ```text
//! Roster at rest --clone--> a roster of its own --looked at--> open, until that is dropped
//! ```
//!
//! Those who work with a tenant for a while clone it: what a clone opens is gone with the clone.
//! What is looked at in the one that is kept stays open there, which costs memory and nothing else.

use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock},
};

use super::{HasUpn, Users};

/// What users are made of.
pub(crate) trait UserSource<U>: Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// All of them, each once.
    fn open(&self) -> Users<U>;

    /// All of them one after the other by name, each once, where they rest so: then not all of them
    /// have to be made at once.
    fn by_name(&self) -> Option<Box<dyn Iterator<Item = U> + '_>> {
        None
    }

    /// What it is, for one that can tell how another is like it.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// How another one is like this one, as far as that shows without a look at anybody.
    fn likeness(&self, _other: &dyn UserSource<U>) -> Likeness {
        Likeness::Unknown
    }
}

/// How users are like others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// That does not show.
    Unknown,
    /// The same is said of the same users, and not all of it is written in the same places.
    Moved,
    /// They are the same.
    Same,
}

/// The users of one tenant, each once, by name.
pub struct Roster<U> {
    /// Users that do not rest.
    awake: Option<Arc<Users<U>>>,
    /// What they are made of otherwise.
    source: Option<Arc<dyn UserSource<U>>>,
    /// What was made of it, since somebody looked at them.
    open: OnceLock<Users<U>>,
}

impl<U> Roster<U> {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Users::new().into()
    }

    /// Users at rest.
    pub(crate) fn at_rest(source: impl UserSource<U> + 'static) -> Self {
        Self { awake: None, source: Some(Arc::new(source)), open: OnceLock::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let awake = self.awake.as_ref().map(|users| users.len());
        awake.or_else(|| self.source.as_ref().map(|source| source.len())).unwrap_or_default()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are known to be the same without a look at anybody.
    #[must_use]
    pub fn is_plainly(&self, other: &Self) -> bool {
        self.likeness(other) == Likeness::Same
    }

    /// Whether both are known to say the same of the same users without a look at anybody, wherever
    /// it is written.
    pub(crate) fn says_plainly_the_same(&self, other: &Self) -> bool {
        self.likeness(other) != Likeness::Unknown
    }

    /// How both are alike, as far as that shows without a look at anybody.
    fn likeness(&self, other: &Self) -> Likeness {
        let is_same = match (&self.awake, &other.awake) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        match (&self.source, &other.source) {
            _ if is_same => Likeness::Same,
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) => Likeness::Same,
            (Some(one), Some(other)) => one.likeness(&**other),
            _ => Likeness::Unknown,
        }
    }
}

/// Of more users at rest than these only one is made at a time: those of a tenant of 100,000 would
/// take 40 MiB, and several tenants are worked on at once. Tests go both ways.
const MANY: usize = if cfg!(debug_assertions) { 2 } else { 1_000 };

impl<U> Roster<U> {
    /// Those at rest one after the other, if there are very many of them and none was looked at.
    fn one_by_one(&self) -> Option<Box<dyn Iterator<Item = U> + '_>> {
        let is_open = self.awake.is_some() || self.open.get().is_some();
        let source = self.source.as_ref().filter(|source| !is_open && source.len() > MANY);
        source.and_then(|source| source.by_name())
    }

    /// Shows all of them, by name.
    pub fn each(&self, mut show: impl FnMut(&U)) {
        match self.one_by_one() {
            Some(users) => users.for_each(|user| show(&user)),
            None => self.values().for_each(show),
        }
    }
}

impl<U: HasUpn> Users<U> {
    /// Each user of this row and of a roster by name, with what either has of it: as
    /// [`Users::beside`], where the others may rest.
    pub fn meet<'a, V: HasUpn>(
        &'a self,
        others: &Roster<V>,
        mut meet: impl FnMut(Option<&'a U>, Option<&V>),
    ) {
        let Some(others) = others.one_by_one() else {
            return self.beside(others).for_each(|(ours, other)| meet(ours, other));
        };
        let mut ours = self.values().peekable();
        for other in others {
            while let Some(before) = ours.next_if(|ours| ours.upn() < other.upn()) {
                meet(Some(before), None);
            }
            let same = ours.next_if(|ours| ours.upn() == other.upn());
            meet(same, Some(&other));
        }
        ours.for_each(|ours| meet(Some(ours), None));
    }
}

impl<U> Deref for Roster<U> {
    type Target = Users<U>;

    fn deref(&self) -> &Users<U> {
        let open = || self.source.as_ref().map(|source| source.open()).unwrap_or_default();
        self.awake.as_deref().unwrap_or_else(|| self.open.get_or_init(open))
    }
}

impl<U: Clone> DerefMut for Roster<U> {
    /// Users that are changed do not rest.
    fn deref_mut(&mut self) -> &mut Users<U> {
        let source = self.source.take();
        let open = self.open.take().or_else(|| source.map(|source| source.open()));
        Arc::make_mut(self.awake.get_or_insert_with(|| Arc::new(open.unwrap_or_default())))
    }
}

impl<U> From<Users<U>> for Roster<U> {
    fn from(users: Users<U>) -> Self {
        Self { awake: Some(Arc::new(users)), source: None, open: OnceLock::new() }
    }
}

impl<U: HasUpn> FromIterator<U> for Roster<U> {
    fn from_iter<I: IntoIterator<Item = U>>(users: I) -> Self {
        users.into_iter().collect::<Users<U>>().into()
    }
}

impl<U> Default for Roster<U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<U> Clone for Roster<U> {
    /// One of its own: what was looked at here is at rest in it.
    fn clone(&self) -> Self {
        Self { awake: self.awake.clone(), source: self.source.clone(), open: OnceLock::new() }
    }
}

impl<U: PartialEq> PartialEq for Roster<U> {
    fn eq(&self, other: &Self) -> bool {
        match self.likeness(other) {
            Likeness::Same => true,
            Likeness::Moved => false,
            Likeness::Unknown => *self.clone() == *other.clone(),
        }
    }
}

impl<U: Eq> Eq for Roster<U> {}

impl<U: HasUpn + fmt::Debug> fmt::Debug for Roster<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
