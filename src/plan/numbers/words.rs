//! Why a number does not move, and what frees it.

use super::{
    ledger::{TenantUnseen, UnknownNumber, UnreadNumber},
    view::{Holder, NumberDoubts, TOLD},
};
use crate::{
    model::{Calling, DesiredTenant, PhoneNumber, Release, Upn},
    plan::{Hold, HoldKind},
    words::{first, list},
};

pub(super) fn nobody_sees(number: &PhoneNumber) -> Hold {
    Hold::new(
        HoldKind::NumberTaken,
        format!("it is not visible who holds {number}: live state has no phone numbers"),
        "map `phoneNumber` in `connectToTeams.endpoints.listUsers.fields`",
    )
}

pub(super) fn taken_by(number: &PhoneNumber, holder: Holder<'_>, desired: &DesiredTenant) -> Hold {
    let elsewhere = *holder.tenant != desired.name;
    let place = if elsewhere { format!(" in tenant {}", holder.tenant) } else { String::new() };
    let reason = format!("{number} is held by {} ({}){place}", holder.name, holder.state);
    let remedy = match holder.user {
        Some(user) => how_it_is_freed(user, holder, elsewhere),
        None => format!(
            "choose another number, or take it from {} where it is kept: no manifest can",
            holder.name
        ),
    };
    Hold::new(HoldKind::NumberTaken, reason, remedy)
}

fn how_it_is_freed(user: &Upn, holder: Holder<'_>, elsewhere: bool) -> String {
    let gives_up = holder.wish.is_some_and(|wish| wish.gives_up);
    match holder.wish.map(|wish| wish.calling) {
        _ if user.is_platform_account() => {
            "choose another number: the platform needs this one".to_owned()
        }
        _ if gives_up && elsewhere => format!(
            "tenant {} gives it up in a run of its own; it is taken here afterwards, by \
                the service automatically, else by the next `apply`; where two users wait for \
                each other's numbers, give one of them another number first",
            holder.tenant
        ),
        // What keeps the holder from giving it up now, such as a write that is not visible yet, is
        // said elsewhere.
        _ if gives_up => format!(
            "the manifests take it from {user} already: it is taken here once the service shows \
                it free"
        ),
        Some(Calling::Disabled) => {
            format!(
                "a disabled user keeps its number: write `phoneNumber: none` for {user} to \
                    release it"
            )
        }
        Some(Calling::Enabled) => format!("give {user} another number, or `phoneNumber: none`"),
        None => format!(
            "no manifest names {user}: add it with `phoneNumber: none`, or release the number in \
                the portal"
        ),
    }
}

/// Why the numbers of a tenant are not all known, as its predicate.
fn unseen_as(why: TenantUnseen) -> &'static str {
    match why {
        TenantUnseen::Failed => "could not be read",
        TenantUnseen::Suspended => "is suspended",
        TenantUnseen::Broken => "has broken manifests",
        TenantUnseen::NotYet => "was not looked at yet",
        TenantUnseen::Suspect => "has a list that may be incomplete",
        TenantUnseen::Blind => "has a list without numbers",
    }
}

fn unread(unread: &UnreadNumber) -> String {
    let UnreadNumber { name, why, .. } = unread;
    match why {
        UnknownNumber::Odd(read) => format!("the number of {name} is not understood ({read})"),
        UnknownNumber::Silent => {
            format!("the list does not say whether {name} has a number, and of others it does")
        }
        UnknownNumber::NoList(why) => {
            format!("the numbers that Teams keeps of tenant {name} are not all known: {why}")
        }
    }
}

/// No holder of a number is visible, but some tenants cannot be seen, or hold a number that is not
/// understood.
pub(super) fn unproven(number: &PhoneNumber, doubts: &NumberDoubts<'_>) -> Hold {
    let unseen =
        doubts.unseen.iter().map(|(name, unseen)| format!("tenant {name} {}", unseen_as(*unseen)));
    let mut reasons: Vec<String> = doubts.unread.iter().copied().map(unread).collect();
    reasons.extend((doubts.more > 0).then(|| format!("and those of {} more", doubts.more)));
    if !doubts.unseen.is_empty() {
        reasons.push(first(TOLD, unseen));
    }
    let reasons = list(reasons);
    let suspended = doubts.unseen.iter().any(|(_, unseen)| *unseen == TenantUnseen::Suspended);
    let is_silent = |unread: &&UnreadNumber| matches!(unread.why, UnknownNumber::Silent);
    let is_list = |unread: &&UnreadNumber| matches!(unread.why, UnknownNumber::NoList(_));
    let remedy = match (doubts.unread.is_empty(), doubts.unseen.is_empty()) {
        (false, true) if doubts.unread.iter().all(is_list) => {
            "it is taken once that list could be read; a next look reads it again"
        }
        (false, _) if doubts.unread.iter().all(is_silent) => {
            "it is taken once the list shows that user's number; if the service leaves out what is \
                not set, say so with `listUsers.omitsUnset: true`"
        }
        (true, _) if suspended => {
            "it is taken once every tenant could be looked at; a tenant in `mode: report` is \
                looked at and never changed"
        }
        (true, _) => "it is taken once every tenant could be looked at",
        (false, true) => {
            "it is taken once that number is understood: write it as `+`, country code and number \
                where it is kept"
        }
        (false, false) => {
            "it is taken once every tenant could be looked at and that number is understood: \
                write it as `+`, country code and number where it is kept"
        }
    };
    Hold::new(
        HoldKind::NumberUnproven,
        format!("it is not proven that {number} is free: {reasons}"),
        remedy,
    )
}

/// A number is to be given up, and only a person may do that.
pub(super) fn by_hand(user: &Upn, desired: &DesiredTenant) -> Hold {
    Hold::new(
        HoldKind::NumberRelease,
        "how the service frees a number is not published, and this tenant leaves it to people \
            (`numbers.release: manual`)",
        format!(
            "take the number from {user} in the portal, or set `numbers.release` of tenant {} to \
                `clear` (sends an empty number) or `park` (sends a parking number)",
            desired.name
        ),
    )
}

pub(super) fn nowhere_to_leave(why: &str, desired: &DesiredTenant) -> Hold {
    let remedy = format!("name more numbers in `numbers.parking` of tenant {}", desired.name);
    Hold::new(
        HoldKind::NumberRelease,
        format!("the number is to be given up for a parking number: {why}"),
        remedy,
    )
}

pub(super) fn cycle(users: &[String], why: &str, desired: &DesiredTenant) -> Hold {
    let one = users.first().map_or("", String::as_str);
    let by_hand = if desired.release == Release::Clear {
        format!(
            "write `phoneNumber: none` for {one} first; once that is applied, give {one} its \
                new number"
        )
    } else {
        format!("take the number from {one} in the portal")
    };
    Hold::new(
        HoldKind::NumberCycle,
        format!("these numbers form a cycle: {}; {why}", first(TOLD, users)),
        format!(
            "name a number that nobody uses in `numbers.parking` of tenant {}, or {by_hand}",
            desired.name
        ),
    )
}
