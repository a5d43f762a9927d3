//! Notes in words.

use std::{fmt, time::Duration};

use crate::{
    model::{GatewayId, Revision, Upn},
    plan::{ApprovalRuling, DateTurn, Note, UpcomingDates, nowhere, unread::UnreadNumbers},
    words::{first, is_or_are, list, many, minutes, time},
};

/// Dates that are ahead, as a note tells them.
struct UpcomingDatesText<'n>(&'n UpcomingDates);

impl fmt::Display for UpcomingDatesText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UpcomingDates { users, next, turns } = self.0;
        write!(f, "{} with dates ahead; next, on {}: ", many(*users, "user"), time(*next))?;
        let turns = turns.iter().map(|(user, turn)| match turn {
            DateTurn::Begins => format!("{user} begins"),
            DateTurn::BeginsUnseen => format!("{user} begins, and is not visible yet"),
            DateTurn::Ends => format!("{user} loses calling"),
            DateTurn::HandsOn => format!("{user} gives the number up"),
        });
        f.write_str(&first(NAMED, turns))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmanaged(users) => {
                let count = many(users.len(), "user");
                write!(f, "{count} with calling that no manifest names, ")?;
                write!(f, "left alone (prune: never): {}", FirstUsers(users))
            }
            Self::NotAdopted(users) => {
                let count = many(users.len(), "user");
                let who = FirstUsers(users);
                write!(
                    f,
                    "{count} with calling that no manifest has named since the journal began, \
                        left alone (adopt: named): {who}"
                )
            }
            Self::Unforeseen(users) => {
                let is = is_or_are(users.len());
                let who = FirstUsers(users);
                write!(
                    f,
                    "{} with calling {is} named by no manifest, and the journal here has never \
                        seen this tenant: a run with the right journal may disable them \
                        (prune: disable): {who}",
                    many(users.len(), "user")
                )
            }
            Self::Renamed(before, now) => {
                write!(f, "{before} is called {now} now, in the manifests too")
            }
            Self::ProtectsNobody(names) => {
                write!(
                    f,
                    "`protect` names users that are neither managed nor visible: {}; check the \
                        spelling",
                    list(names)
                )
            }
            Self::DetailsWait(count) => {
                write!(
                    f,
                    "{} with details that wait until calling is enabled",
                    many(*count, "disabled user")
                )
            }
            Self::Early(users) => {
                let count = many(users.len(), "user");
                let who = FirstUsers(users);
                write!(f, "{count} with calling before `from`, left as is until then: {who}")
            }
            Self::Ahead(ahead) => write!(f, "{}", UpcomingDatesText(ahead)),
            Self::Settling(count, until) => {
                write!(
                    f,
                    "{} with changes pending, expected to be visible by {}",
                    many(*count, "user"),
                    time(*until)
                )
            }
            Self::Suspect(what) => write!(f, "the user list may be incomplete: {what}"),
            Self::UnreadNumbers(numbers) => write!(f, "{}", UnreadNumbers(numbers)),
            Self::NumberList(why) => number_list(f, why),
            Self::Unmatched(unmatched) => {
                let told: Vec<String> =
                    unmatched.iter().map(|unmatched| nowhere(unmatched).0).collect();
                write!(f, "{}: nothing is written because of it", told.join("; "))
            }
            Self::Nameless(count) => {
                write!(
                    f,
                    "{} without a user name, with calling off and without a number, passed over",
                    many(*count, "entry")
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
            Self::Approval { name, origin, ruling } => {
                write!(f, "approval {name} ({origin}) {ruling}")
            }
            Self::NotLasting { what, users, revision } => {
                not_lasting(f, what, *users, revision.as_ref())
            }
            Self::Interruption { users, total, worst } => interruption(f, *users, *total, worst),
        }
    }
}

fn number_list(f: &mut fmt::Formatter<'_>, why: &str) -> fmt::Result {
    write!(
        f,
        "the numbers that Teams keeps are not read, so their holders are known from the list of \
            users alone: {why}"
    )
}

impl fmt::Display for ApprovalRuling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used(run, at) => write!(
                f,
                "was used by run {run} on {}: it opens nothing more, and can be removed",
                time(*at)
            ),
            Self::Expired(at) => write!(f, "expired on {}: it opens nothing", time(*at)),
            Self::Outdated { made_for, plan } => write!(
                f,
                "is dead: it was made for plan {}, and this is plan {}: manifests or live state \
                    have moved since; look at the plan again, and make a new one with `dialplane \
                    plan --approve`",
                made_for.short(),
                plan.short()
            ),
            Self::TooMany { covers, users } => write!(
                f,
                "covers {covers} at most, and the plan holds {}: it opens nothing",
                many(*users, "user")
            ),
            Self::Idle => {
                f.write_str("opens nothing: none of the users that it covers is held at its gates")
            }
            Self::Opens { gates, users, reason } => {
                let gates: Vec<String> = gates.iter().map(ToString::to_string).collect();
                let gates = gates.join(" and ");
                let users = many(*users, "user");
                write!(f, "opens {gates} for {users}, once: {reason}")
            }
        }
    }
}

/// An undo does not last while git wants what was undone.
fn not_lasting(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    users: usize,
    revision: Option<&Revision>,
) -> fmt::Result {
    write!(
        f,
        "git still wants what {what} did for {}, and the next run, by the service or by \
            `apply`, does it again: revert the commit that asks for it ",
        many(users, "user")
    )?;
    match revision {
        Some(revision) => write!(f, "(it carried out {revision})"),
        None => f.write_str("(which one it carried out is not on record)"),
    }
}

fn gateway_not_available(
    f: &mut fmt::Formatter<'_>,
    gateway: GatewayId,
    users: usize,
    available: &[GatewayId],
) -> fmt::Result {
    write!(
        f,
        "gateway {} is not available to this reseller, and {} {} to use it; available: {}",
        gateway.get(),
        many(users, "user"),
        is_or_are(users),
        list(available.iter().map(|id| id.get()))
    )
}

fn interruption(
    f: &mut fmt::Formatter<'_>,
    users: usize,
    total: Duration,
    worst: &[(Upn, Duration)],
) -> fmt::Result {
    if let [(user, time)] = worst {
        return write!(f, "about {} of interruption for {user}", minutes(*time));
    }
    let longest = worst.iter().map(|(user, time)| format!("{user} {}", minutes(*time)));
    write!(
        f,
        "about {} of interruption in total, {} affected; longest: {}",
        minutes(total),
        many(users, "user"),
        list(longest)
    )
}

/// Users that a note tells by name.
const NAMED: usize = 3;

/// The first few of some users, and where all are to be found.
struct FirstUsers<'u>(&'u [Upn]);

impl fmt::Display for FirstUsers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&first(NAMED, self.0))?;
        if self.0.len() > NAMED {
            f.write_str("; `dialplane import --check` names all")?;
        }
        Ok(())
    }
}
