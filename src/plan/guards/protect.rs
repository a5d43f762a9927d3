//! Protected people, numbers and sites, and the last phone of a site.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{DesiredTenant, Field, LiveCalling, LiveTenant, PhoneNumber, Site, Upn},
    plan::{Action, Cause, Hold, HoldKind, Step},
};

pub(super) fn hold(steps: &mut [Step], desired: &DesiredTenant, live: &LiveTenant) {
    let guarded = Guarded { desired, live };
    let last = guarded.last_of_sites(steps);
    for step in steps.iter_mut() {
        if step.action == Action::Disable {
            step.holds.extend(guarded.disable(&step.user, step.cause));
            let site = step.site.as_ref().filter(|_| last.contains(&step.user));
            step.holds.extend(site.map(last_of_site));
        } else if step.changes.iter().any(|change| change.field == Field::PhoneNumber) {
            step.holds.extend(guarded.take_away(&step.user));
        }
    }
}

struct Guarded<'a> {
    desired: &'a DesiredTenant,
    live: &'a LiveTenant,
}

impl Guarded<'_> {
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

    fn disable(&self, user: &Upn, cause: Cause) -> Vec<Hold> {
        let Some((reason, what)) = self.protection(user) else { return Vec::new() };
        let who = if what == user.as_str() { "it" } else { user.as_str() };
        let out = format!(
            "take {what} out of `protect` of tenant {} if {who} is really to be disabled",
            self.desired.name
        );
        let given = self.desired.users.get(user).and_then(|user| user.reason.as_deref());
        match (cause, given) {
            (Cause::Declared, None) => {
                let missing = Hold::new(
                    HoldKind::ReasonMissing,
                    "no `reason` is given for disabling a protected user",
                    format!("write `reason:` for {user} beside `calling: disabled`"),
                );
                vec![Hold::new(HoldKind::Protected, reason, out), missing]
            }
            (_, Some(why)) => vec![Hold::new(
                HoldKind::Protected,
                format!("{reason}; the reason given is: {why}"),
                out,
            )],
            (_, None) => vec![Hold::new(HoldKind::Protected, reason, out)],
        }
    }

    fn take_away(&self, user: &Upn) -> Option<Hold> {
        let number =
            self.number(user).filter(|number| self.desired.protect.numbers.contains(number))?;
        let remedy = format!(
            "take it out of `protect` of tenant {} if {user} is really to lose it",
            self.desired.name
        );
        Some(Hold::new(
            HoldKind::Protected,
            format!("{number} is protected and is not taken from its holder"),
            remedy,
        ))
    }

    /// Of each site at which everybody with a working phone would be disabled, the one who keeps
    /// it.
    fn last_of_sites(&self, steps: &[Step]) -> BTreeSet<Upn> {
        let mut working: BTreeMap<&Site, usize> = BTreeMap::new();
        for user in self.desired.users.values() {
            let enabled = self
                .live
                .users
                .get(&user.upn)
                .is_some_and(|live| live.calling == LiveCalling::Enabled);
            if let (Some(site), true) = (&user.site, enabled) {
                *working.entry(site).or_default() += 1;
            }
        }
        let mut leaving: BTreeMap<&Site, Vec<&Upn>> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.action == Action::Disable) {
            if let Some(site) = &step.site {
                leaving.entry(site).or_default().push(&step.user);
            }
        }
        let empty = leaving.iter().filter(|(site, users)| {
            working.get(*site).is_none_or(|working| users.len() >= *working)
        });
        empty.filter_map(|(_, users)| users.last().map(|user| (*user).clone())).collect()
    }
}

fn last_of_site(site: &Site) -> Hold {
    Hold::new(
        HoldKind::LastOfSite,
        format!("it is the last phone that works at site {site}: nobody there could call for help"),
        format!("enable another phone at {site} first, or take `site: {site}` from the user"),
    )
}
