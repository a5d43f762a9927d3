//! Protected people, numbers and sites, and the last phone of a site.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::context::Context;
use crate::{
    model::{DesiredTenant, Field, LiveCalling, LiveTenant, PhoneNumber, Site, Upn},
    plan::{Action, Cause, Grounds, Step, StepId, Steps},
};

/// A protected user is not disabled, and no protected number is taken away.
pub(super) fn protected(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let guarded = GuardedTenant::of(context);
    let takes_number = step.changes.iter().any(|change| change.field == Field::PhoneNumber);
    let grounds = match &step.action {
        Action::Disable => guarded.disable(&step.user),
        _ if takes_number => guarded.take_away(&step.user),
        _ => None,
    };
    grounds.into_iter().collect()
}

/// A protected user is disabled for a reason that is written down.
pub(super) fn reason_missing(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let guarded = GuardedTenant::of(context);
    let what = match step.cause {
        Cause::Dated(_) => "`until`",
        _ => "`calling: disabled`",
    };
    let missing = step.action == Action::Disable
        && matches!(step.cause, Cause::Declared | Cause::Dated(_))
        && guarded.reason(&step.user).is_none()
        && guarded.protection(&step.user).is_some();
    let grounds = Grounds::new(
        "no `reason` is given for disabling a protected user",
        format!("write `reason:` for {} beside {what}", step.user),
    );
    missing.then_some(grounds).into_iter().collect()
}

/// Of each site at which everybody with a working phone would be disabled, one keeps it.
pub(super) fn last_of_site(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    let last = GuardedTenant::of(context).last_of_sites(steps);
    let is_last = |step: &Step| step.action == Action::Disable && last.contains(&step.user);
    steps
        .numbered()
        .filter(|(_, step)| is_last(step))
        .filter_map(|(id, step)| Some((id, no_phone_left(step.site.as_ref()?))))
        .collect()
}

struct GuardedTenant<'a> {
    desired: &'a DesiredTenant,
    live: &'a LiveTenant,
    now: Timestamp,
}

impl<'a> GuardedTenant<'a> {
    fn of(context: &Context<'a>) -> Self {
        Self { desired: context.desired(), live: context.live, now: context.moment.now }
    }

    /// Why the user is protected, and what to take out of `protect` for it.
    fn protection(&self, user: &Upn) -> Option<(String, String)> {
        let protect = &self.desired.protect;
        if protect.users.contains(user) {
            return Some(("the user is protected".to_owned(), user.to_string()));
        }
        if let Some(number) = self.number(user).filter(|number| protect.numbers.contains(number)) {
            return Some((
                format!("the user holds {number}, which is protected"),
                number.to_string(),
            ));
        }
        if let Some(reason) = self.may_hold_any(user) {
            return Some((reason, "the numbers".to_owned()));
        }
        let site = self
            .desired
            .users
            .get(user)?
            .site
            .as_ref()
            .filter(|site| protect.sites.contains(site))?;
        Some((format!("the user is at site {site}, which is protected"), format!("site {site}")))
    }

    fn number(&self, user: &Upn) -> Option<&PhoneNumber> {
        self.live.users.get(user)?.number()
    }

    /// Why the user may hold a protected number, if nobody can say which one it holds.
    fn may_hold_any(&self, user: &Upn) -> Option<String> {
        if self.desired.protect.numbers.is_empty() {
            return None;
        }
        if let Some(read) = self.live.users.get(user)?.unread_number() {
            return Some(format!(
                "the user's number is not understood ({read}), and may be one that is protected"
            ));
        }
        let blind = !self.live.sees.contains(&Field::PhoneNumber);
        blind.then(|| {
            "the list shows no numbers, and the user may hold one that is protected".to_owned()
        })
    }

    /// Why the manifests disable the user, in their own words.
    fn reason(&self, user: &Upn) -> Option<&str> {
        self.desired.users.get(user)?.reason.as_deref()
    }

    fn disable(&self, user: &Upn) -> Option<Grounds> {
        let (reason, what) = self.protection(user)?;
        let who = if what == user.as_str() { "it" } else { user.as_str() };
        let out = format!(
            "take {what} out of `protect` of tenant {} if {who} is really to be disabled",
            self.desired.name
        );
        Some(match self.reason(user) {
            Some(why) => Grounds::new(format!("{reason}; the reason given is: {why}"), out),
            None => Grounds::new(reason, out),
        })
    }

    fn take_away(&self, user: &Upn) -> Option<Grounds> {
        let number =
            self.number(user).filter(|number| self.desired.protect.numbers.contains(number))?;
        let remedy = format!(
            "take it out of `protect` of tenant {} if {user} is really to lose it",
            self.desired.name
        );
        Some(Grounds::new(
            format!("{number} is protected and is not taken from its holder"),
            remedy,
        ))
    }

    /// Of each site at which everybody with a working phone would be disabled, the one who keeps
    /// it.
    fn last_of_sites(&self, steps: &[Step]) -> BTreeSet<Upn> {
        let mut leaving: BTreeMap<&Site, Vec<&Upn>> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.action == Action::Disable) {
            if let Some(site) = &step.site {
                leaving.entry(site).or_default().push(&step.user);
            }
        }
        if leaving.is_empty() {
            return BTreeSet::new();
        }
        let mut working: BTreeMap<&Site, usize> = BTreeMap::new();
        for (wanted, seen) in self.desired.users.beside(&self.live.users) {
            // Nobody knows that the phone is there before the user's `from`.
            let wanted = wanted.filter(|user| user.begins(self.now).is_none());
            let enabled = seen.is_some_and(|live| live.calling == LiveCalling::Enabled);
            if let (Some(site), true) = (wanted.and_then(|user| user.site.as_ref()), enabled) {
                *working.entry(site).or_default() += 1;
            }
        }
        let empty = leaving.iter().filter(|(site, users)| {
            working.get(*site).is_none_or(|working| users.len() >= *working)
        });
        empty.filter_map(|(_, users)| users.last().map(|user| (*user).clone())).collect()
    }
}

fn no_phone_left(site: &Site) -> Grounds {
    Grounds::new(
        format!("it is the last phone that works at site {site}: nobody there could call for help"),
        format!("enable another phone at {site} first, or take `site: {site}` from the user"),
    )
}
