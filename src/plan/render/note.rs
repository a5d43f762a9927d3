//! Notes in words.

use std::{fmt, time::Duration};

use super::many;
use crate::{
    model::{GatewayId, Upn},
    plan::{Note, UnreadNumbers, diff::Shown, nowhere},
};

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmanaged(users) => {
                let (count, who) = (many(users.len(), "user"), Named(users));
                write!(
                    f,
                    "{count} with calling that no manifest names, left alone (prune: never): {who}"
                )
            }
            Self::NotAdopted(users) => {
                let (count, who) = (many(users.len(), "user"), Named(users));
                write!(
                    f,
                    "{count} with calling that no manifest has named since the journal began, \
                        left alone (adopt: named): {who}"
                )
            }
            Self::Unforeseen(users) => {
                let (is, who) = (if users.len() == 1 { "is" } else { "are" }, Named(users));
                write!(
                    f,
                    "{} with calling {is} named by no manifest, and the journal here has never \
                        seen this tenant: a run with the journal that has may disable them \
                        (prune: disable): {who}",
                    many(users.len(), "user")
                )
            }
            Self::Renamed(before, now) => {
                write!(f, "{before} is called {now} now, in the manifests too")
            }
            Self::ProtectsNobody(names) => {
                let names: Vec<&str> = names.iter().map(Upn::as_str).collect();
                write!(
                    f,
                    "`protect` names nobody that is managed or visible: {}; check the spelling",
                    names.join(", ")
                )
            }
            Self::DetailsWait(count) => {
                write!(
                    f,
                    "{} with details that wait until calling is enabled",
                    many(*count, "disabled user")
                )
            }
            Self::Settling(count, until) => {
                write!(
                    f,
                    "{} with changes sent and not visible yet; they have until {}",
                    many(*count, "user"),
                    Shown(*until)
                )
            }
            Self::Suspect(what) => write!(f, "the list of users may not be whole: {what}"),
            Self::UnreadNumbers(numbers) => write!(f, "{}", UnreadNumbers(numbers)),
            Self::Unmatched(unmatched) => {
                let told: Vec<String> =
                    unmatched.iter().map(|unmatched| nowhere(unmatched).0).collect();
                write!(f, "{}: nothing is written because of it", told.join("; "))
            }
            Self::Nameless(count) => {
                write!(
                    f,
                    "{} without a user name, with calling off and without a number, passed over",
                    if *count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
                )
            }
            Self::NotOurTenant(reseller) => write!(
                f,
                "the service does not list this tenant among those of reseller {reseller}; check \
                    `spec.tenantId` and `spec.account`"
            ),
            Self::GatewayNotAvailable { gateway, users, available } => {
                gateway_not_available(f, *gateway, *users, available)
            }
            Self::NotConfirmed(why) => write!(f, "not confirmed in Teams: {why}"),
            Self::NotConfirmedYet(count) => {
                write!(
                    f,
                    "{} not confirmed in Teams yet: what was sent or synced lately may take hours",
                    many(*count, "user")
                )
            }
            Self::Kept(reason) => {
                write!(f, "the last good version of its manifests stays in force: {reason}")
            }
            Self::Approval(ruling) | Self::Undo(ruling) => f.write_str(ruling),
            Self::Interruption { users, total, worst } => interruption(f, *users, *total, worst),
        }
    }
}

fn gateway_not_available(
    f: &mut fmt::Formatter<'_>,
    gateway: GatewayId,
    users: usize,
    available: &[GatewayId],
) -> fmt::Result {
    let available: Vec<String> = available.iter().map(|id| id.get().to_string()).collect();
    let are = if users == 1 { "is" } else { "are" };
    write!(
        f,
        "gateway {} is not available to this reseller, and {} {are} to use it; available: {}",
        gateway.get(),
        many(users, "user"),
        available.join(", ")
    )
}

fn interruption(
    f: &mut fmt::Formatter<'_>,
    users: usize,
    total: Duration,
    worst: &[(Upn, Duration)],
) -> fmt::Result {
    if let [(user, time)] = worst {
        return write!(f, "about {} without calls for {user}", Minutes(*time));
    }
    let longest: Vec<String> =
        worst.iter().map(|(user, time)| format!("{user} {}", Minutes(*time))).collect();
    write!(
        f,
        "about {} without calls for {}, all together; longest: {}",
        Minutes(total),
        many(users, "user"),
        longest.join(", ")
    )
}

/// Users that a note tells by name.
const NAMED: usize = 3;

/// The first few of some users, and where all are to be found.
struct Named<'u>(&'u [Upn]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: Vec<&str> = self.0.iter().take(NAMED).map(Upn::as_str).collect();
        f.write_str(&first.join(", "))?;
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more; `dialplane import --check` names all"),
        }
    }
}

/// A duration as people speak of it.
struct Minutes(Duration);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 0..60 => write!(f, "{seconds} s"),
            seconds => write!(f, "{} min", seconds.div_ceil(60)),
        }
    }
}
