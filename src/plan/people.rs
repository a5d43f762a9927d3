//! Who is who in a tenant: managed now, managed before, renamed, gone, or never named at all.
//!
//! **Invariant:** missing is not gone. A user is pruned only if a manifest has named it before and
//! it was there ever since, and never if it may be somebody under another name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Hold, HoldKind, Moment};
use crate::model::{
    Adopt, Coverage, DesiredTenant, DesiredUser, LivePhone, LiveTenant, LiveUser, Managed, Memory,
    PhoneNumber, Upn, UserId,
};

/// The people of one tenant.
pub(super) struct People<'a> {
    desired: &'a DesiredTenant,
    live: &'a LiveTenant,
    memory: &'a Memory,
    now: Timestamp,
    /// Managed users with another name since: the earlier name and the present one.
    renamed: BTreeMap<&'a Upn, &'a Upn>,
    /// The numbers of users who are named and not visible.
    missing: BTreeMap<&'a PhoneNumber, &'a Upn>,
}

/// What pruning may make of a user that no manifest names.
pub(super) enum Standing {
    /// A manifest has named the user before.
    Managed,
    /// No manifest ever did.
    Stranger,
    /// One did, and something is odd.
    Doubtful(Hold),
}

impl<'a> People<'a> {
    pub(super) fn of(desired: &'a DesiredTenant, live: &'a LiveTenant, moment: Moment<'a>) -> Self {
        let Moment { memory, now, .. } = moment;
        let known =
            memory.managed.iter().filter_map(|(upn, known)| Some((known.id.as_ref()?, upn)));
        let earlier: BTreeMap<&UserId, &Upn> =
            known.filter(|(_, upn)| !live.users.contains_key(upn)).collect();
        let called_now = live
            .users
            .values()
            .filter_map(|user| Some((*earlier.get(user.id.as_ref()?)?, &user.upn)));
        let absent = desired.users.beside(&live.users).filter_map(|(wanted, seen)| match seen {
            Some(_) => None,
            None => wanted,
        });
        let missing = absent.filter_map(|user| Some((user.details.phone()?, &user.upn)));
        Self {
            desired,
            live,
            memory,
            now,
            renamed: called_now.collect(),
            missing: missing.collect(),
        }
    }

    /// The present name of a managed user who is not visible under the earlier one.
    pub(super) fn new_name(&self, earlier: &Upn) -> Option<&'a Upn> {
        self.renamed.get(earlier).copied()
    }

    /// Managed users whose present names the manifests know: the earlier name and the present one.
    pub(super) fn renamed(&self) -> impl Iterator<Item = (&'a Upn, &'a Upn)> {
        let told = |(_, now): &(&Upn, &Upn)| self.desired.users.contains_key(now);
        self.renamed.iter().map(|(before, now)| (*before, *now)).filter(told)
    }

    /// People with calling that no manifest names. Who has a new name that the manifests do not
    /// know is named all the same.
    pub(super) fn unmanaged(&self) -> impl Iterator<Item = &'a LiveUser> {
        let renamed: BTreeSet<&Upn> = self
            .renamed
            .iter()
            .filter(|(before, _)| self.desired.users.contains_key(before))
            .map(|(_, now)| *now)
            .collect();
        let unnamed =
            self.desired.users.beside(&self.live.users).filter_map(|(wanted, seen)| match wanted {
                Some(_) => None,
                None => seen,
            });
        unnamed
            .filter(|user| user.is_person_with_calling())
            .filter(move |user| !renamed.contains(&user.upn))
    }

    /// The state of an unmanaged user.
    pub(super) fn standing(&self, user: &LiveUser) -> Standing {
        if let Some((before, _)) = self.renamed.iter().find(|(_, now)| **now == &user.upn) {
            return Standing::Doubtful(Hold::new(
                HoldKind::Renamed,
                format!("this is {before} under a new name, and a manifest has named that user"),
                by_name(user, "its new name"),
            ));
        }
        if let Some((reason, missing)) = self.may_be(user) {
            return Standing::Doubtful(Hold::new(
                HoldKind::Renamed,
                reason,
                format!("wait until {missing} is visible, or {}", by_name(user, "its name")),
            ));
        }
        match self.memory.managed.get(&user.upn) {
            Some(known) if known.vanished => Standing::Doubtful(Hold::new(
                HoldKind::Quarantined,
                "it was not visible for a while, and no manifest names it since: missing is not \
                    gone",
                by_name(user, "its name"),
            )),
            Some(_) => Standing::Managed,
            None if self.memory.named.contains(&user.upn)
                || self.memory.written.contains_key(&user.upn)
                || self.desired.adopt == Adopt::All =>
            {
                Standing::Managed
            }
            None => Standing::Stranger,
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

    /// What the journal does not know yet: users who are managed from now on, and managed ones who
    /// are no longer visible.
    pub(super) fn facts(&self) -> (Vec<Managed>, Vec<Upn>) {
        let both = self.desired.users.beside(&self.live.users);
        // Somebody for whom nothing is done yet is not managed yet.
        let counts =
            |wanted: Option<&DesiredUser>| wanted?.begins(self.now).is_none().then_some(());
        let visible = both.filter_map(|(wanted, seen)| counts(wanted).and(seen));
        let new = |user: &&LiveUser| match self.memory.managed.get(&user.upn) {
            Some(known) => known.vanished || user.id.is_some() && known.id != user.id,
            None => true,
        };
        let managed = visible.filter(new).map(|user| {
            let id = user.id.clone().or_else(|| self.memory.managed.get(&user.upn)?.id.clone());
            Managed { user: user.upn.clone(), id }
        });
        let gone =
            |upn: &&Upn| !self.live.users.contains_key(upn) && !self.renamed.contains_key(*upn);
        let known =
            self.memory.managed.iter().filter(|(_, known)| !known.vanished).map(|(upn, _)| upn);
        let whole = self.live.coverage == Coverage::Complete;
        let vanished = known.filter(|_| whole).filter(gone);
        (managed.collect(), vanished.cloned().collect())
    }
}

/// The way to disable somebody that leaves no doubt.
fn by_name(user: &LiveUser, what: &str) -> String {
    format!(
        "name the user by {what} in the manifests: {} with `calling: enabled` or `calling: \
            disabled`",
        user.upn
    )
}
