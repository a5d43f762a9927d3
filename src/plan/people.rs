//! Who is who in a tenant: managed now, managed before, renamed, gone, or never named at all.
//!
//! **Invariant:** missing is not gone. A user is pruned only if a manifest has named it before and
//! it was there ever since, and never if it may be somebody under another name.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
};

use deunicode::deunicode_with_tofu;
use jiff::Timestamp;

use super::{Hold, HoldKind, Moment, unread::unread_number};
use crate::model::{
    Adopt, Coverage, DesiredTenant, DesiredUser, LivePhone, LiveTenant, LiveUser, Managed, Memory,
    PhoneNumber, RememberedUser, UnreadableValue, Upn, UserId,
};

/// The people of one tenant: all that one walk along both lists shows of them.
pub(super) struct People<'a> {
    desired: &'a DesiredTenant,
    memory: &'a Memory,
    /// Managed users with another name since: the earlier name and the present one.
    renamed: BTreeMap<Upn, Upn>,
    /// The numbers of users who are named and not visible.
    missing: BTreeMap<&'a PhoneNumber, &'a Upn>,
    /// All users who are named and not visible.
    absent: Vec<&'a Upn>,
    /// People with calling that no manifest names.
    unnamed: Vec<LiveUser>,
    /// Users who are managed from now on.
    managed: Vec<Managed>,
    /// Managed ones who are no longer visible.
    vanished: Vec<Upn>,
    /// Numbers that are not understood, and whose they are.
    unread: Vec<(String, UnreadableValue)>,
}

/// What the people of a tenant are to the journal, and what is odd about them.
pub(super) struct PeopleNews {
    /// Users who are managed from now on.
    pub(super) managed: Vec<Managed>,
    /// Managed ones who are no longer visible.
    pub(super) vanished: Vec<Upn>,
    /// Numbers that are not understood, and whose they are.
    pub(super) unread: Vec<(String, UnreadableValue)>,
}

/// What pruning may make of a user that no manifest names.
pub(super) enum PruneStanding {
    /// A manifest has named the user before.
    Managed,
    /// No manifest ever did.
    Stranger,
    /// One did, and something is odd.
    Doubtful(Hold),
}

impl<'a> People<'a> {
    pub(super) fn of(desired: &'a DesiredTenant, live: &LiveTenant, moment: Moment<'a>) -> Self {
        let mut walk = PeopleWalk {
            now: moment.now,
            known: KnownByName::peekable(Box::new(moment.memory.managed.iter())),
            not_visible: Vec::new(),
            missing: BTreeMap::new(),
            absent: Vec::new(),
            unnamed: Vec::new(),
            managed: Vec::new(),
            unread: Vec::new(),
        };
        desired.users.meet(&live.users, |wanted, seen| walk.meet(wanted, seen));
        let PeopleWalk {
            known, mut not_visible, missing, absent, unnamed, managed, unread, ..
        } = walk;
        not_visible.extend(known);
        let renamed = renamed(live, &not_visible);
        let whole = live.coverage == Coverage::Complete;
        let gone = not_visible
            .into_iter()
            .filter(|(managed, known)| whole && !known.vanished && !renamed.contains_key(managed));
        let vanished = gone.map(|(managed, _)| managed).collect();
        let memory = moment.memory;
        Self { desired, memory, renamed, missing, absent, unnamed, managed, vanished, unread }
    }

    /// The present name of a managed user who is not visible under the earlier one.
    pub(super) fn new_name(&self, earlier: &Upn) -> Option<&Upn> {
        self.renamed.get(earlier)
    }

    /// Managed users whose present names the manifests know: the earlier name and the present one.
    pub(super) fn renamed(&self) -> impl Iterator<Item = (&Upn, &Upn)> {
        let told = |(_, now): &(&Upn, &Upn)| self.desired.users.contains_key(now);
        self.renamed.iter().filter(told)
    }

    /// People with calling that no manifest names. Who has a new name that the manifests do not
    /// know is named all the same.
    pub(super) fn unmanaged(&self) -> impl Iterator<Item = &LiveUser> {
        let is_named = |(before, _): &(&Upn, &Upn)| self.desired.users.contains_key(before);
        let renamed: BTreeSet<&Upn> =
            self.renamed.iter().filter(is_named).map(|(_, now)| now).collect();
        self.unnamed.iter().filter(move |user| !renamed.contains(&user.upn))
    }

    /// The state of an unmanaged user.
    pub(super) fn standing(&self, user: &LiveUser) -> PruneStanding {
        if let Some((before, _)) = self.renamed.iter().find(|(_, now)| **now == user.upn) {
            return PruneStanding::Doubtful(Hold::new(
                HoldKind::Renamed,
                format!("this is {before} under a new name, and a manifest has named that user"),
                by_name(user, "its new name"),
            ));
        }
        if let Some((reason, missing)) = self.may_be(user) {
            return PruneStanding::Doubtful(Hold::new(
                HoldKind::Renamed,
                reason,
                format!("wait until {missing} is visible, or {}", by_name(user, "its name")),
            ));
        }
        if let Some(named) = self.looks_like(user) {
            return PruneStanding::Doubtful(Hold::new(
                HoldKind::Renamed,
                format!(
                    "its name looks like {named}, which a manifest names and nobody has: perhaps \
                        this is the same person"
                ),
                by_name(user, "the name that the service shows"),
            ));
        }
        match self.memory.managed.get(&user.upn) {
            Some(known) if known.vanished => PruneStanding::Doubtful(Hold::new(
                HoldKind::Quarantined,
                "it was not visible for a while, or the journal was brought back and cannot tell, \
                    and no manifest names it since: missing is not gone",
                by_name(user, "its name"),
            )),
            Some(_) => PruneStanding::Managed,
            None if self.memory.named.contains(&user.upn)
                || self.memory.written.contains_key(&user.upn)
                || self.desired.adopt == Adopt::All =>
            {
                PruneStanding::Managed
            }
            None => PruneStanding::Stranger,
        }
    }

    /// The managed user who is not visible and may be this one, going by the number, and why.
    fn may_be(&self, user: &LiveUser) -> Option<(String, &'a Upn)> {
        match user.phone() {
            LivePhone::Number(number) => self.missing.get(number).map(|missing| {
                let reason = format!(
                    "it holds {number}, which {missing} is to have, who is not visible: perhaps \
                        this is the same person"
                );
                (reason, *missing)
            }),
            LivePhone::Unread(read) => self.missing.iter().next().map(|(number, missing)| {
                let reason = format!(
                    "its number is not understood ({read}) and may be {number}, which {missing} \
                        is to have, who is not visible: perhaps this is the same person"
                );
                (reason, *missing)
            }),
            LivePhone::Nothing | LivePhone::NotShown => None,
        }
    }

    /// The user who is named, not visible, and called almost the same: one name can be written with
    /// marks of their own, or with letters of another alphabet.
    fn looks_like(&self, user: &LiveUser) -> Option<&'a Upn> {
        let is_alike = |named: &&Upn| alike(named.as_str(), user.upn.as_str());
        self.absent.iter().copied().find(is_alike)
    }

    /// What the journal does not know yet, and what is odd.
    pub(super) fn news(self) -> PeopleNews {
        let Self { managed, vanished, unread, .. } = self;
        PeopleNews { managed, vanished, unread }
    }
}

/// Managed users whom the journal knows, by name.
type KnownByName<'a> = Box<dyn Iterator<Item = (Upn, RememberedUser)> + 'a>;

/// What a walk along both lists has shown so far.
struct PeopleWalk<'a> {
    now: Timestamp,
    /// The managed users whom the journal knows, in the order of the lists, as far as they were not
    /// met.
    known: Peekable<KnownByName<'a>>,
    /// Those of them that are not visible.
    not_visible: Vec<(Upn, RememberedUser)>,
    missing: BTreeMap<&'a PhoneNumber, &'a Upn>,
    absent: Vec<&'a Upn>,
    unnamed: Vec<LiveUser>,
    managed: Vec<Managed>,
    unread: Vec<(String, UnreadableValue)>,
}

impl<'a> PeopleWalk<'a> {
    fn meet(&mut self, wanted: Option<&'a DesiredUser>, seen: Option<&LiveUser>) {
        let Some(user) = seen else {
            self.absent.extend(wanted.map(|wanted| &wanted.upn));
            let number = wanted.and_then(|wanted| wanted.details.phone());
            return self.missing.extend(number.zip(wanted.map(|wanted| &wanted.upn)));
        };
        self.unread.extend(unread_number(user));
        while let Some(known) = self.known.next_if(|(upn, _)| *upn < user.upn) {
            self.not_visible.push(known);
        }
        let known = self.known.next_if(|(upn, _)| *upn == user.upn).map(|(_, known)| known);
        match wanted {
            Some(wanted) => {
                self.managed.extend(newly_managed(wanted, user, known.as_ref(), self.now));
            }
            None if user.is_person_with_calling() => self.unnamed.push(user.clone()),
            None => {}
        }
    }
}

/// Managed users who are not visible, with the names that their identities have now.
fn renamed(live: &LiveTenant, not_visible: &[(Upn, RememberedUser)]) -> BTreeMap<Upn, Upn> {
    let known = not_visible.iter().filter_map(|(upn, known)| Some((known.id.as_ref()?, upn)));
    let earlier: BTreeMap<&UserId, &Upn> = known.collect();
    let mut renamed = BTreeMap::new();
    if !earlier.is_empty() {
        live.users.each(|user| {
            let before = user.id.as_ref().and_then(|id| earlier.get(id));
            renamed.extend(before.map(|before| (Upn::clone(before), user.upn.clone())));
        });
    }
    renamed
}

/// What the journal has to know of a visible user whom a manifest names, if it is news. Somebody
/// for whom nothing is done yet is not managed yet.
fn newly_managed(
    wanted: &DesiredUser,
    user: &LiveUser,
    known: Option<&RememberedUser>,
    now: Timestamp,
) -> Option<Managed> {
    let is_news =
        known.is_none_or(|known| known.vanished || user.id.is_some() && known.id != user.id);
    (is_news && wanted.begins(now).is_none()).then(|| {
        let id = user.id.clone().or_else(|| known?.id.clone());
        // Mostly both are spelled alike, and one text is enough.
        let is_alike = wanted.upn.as_str() == user.upn.as_str();
        Managed { user: if is_alike { &wanted.upn } else { &user.upn }.clone(), id }
    })
}

/// Whether two names that differ look the same to people.
fn alike(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let letters = deunicode_with_tofu(name, "").to_lowercase();
        letters.chars().filter(char::is_ascii_graphic).collect::<String>()
    };
    !(one.is_ascii() && other.is_ascii()) && plain(one) == plain(other)
}

/// The way to disable somebody that leaves no doubt.
fn by_name(user: &LiveUser, what: &str) -> String {
    format!(
        "name the user by {what} in the manifests: {} with `calling: enabled` or `calling: \
            disabled`",
        user.upn
    )
}
