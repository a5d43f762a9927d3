//! Problems in words, and what to do about them.

use std::fmt;

use super::{Difference, NoEffect, NotUndone, OddValue, ProblemKind};
use crate::{
    model::{Calling, Field, Service, WritePath},
    words::{all_clauses, time},
};

/// What to do about a value that is not understood.
const VALUE: &str = "it is not overwritten: correct it where it is kept; if the service always \
    writes it so, that spelling has to be taught to dialplane, or take the key out of the \
    manifests";
/// What to do about a number that is not understood.
pub(in crate::plan) const NUMBER: &str =
    "correct it where it is kept: `+`, country code and number, such as +14255550100";

/// What to do about a value that never becomes visible.
const IN_VAIN: &str = "if what is shown means the same, write it so in the manifests; else find \
    out from the portal or the vendor why it is not taken up, and approve the plan once that is \
    put right (`dialplane plan --approve`)";
/// What to do about calling that does not change.
const CALLING_IN_VAIN: &str = "check in the portal and the Teams admin center what keeps it from \
    taking effect, such as a missing licence, and approve the plan once that is put right \
    (`dialplane plan --approve`)";

impl ProblemKind {
    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        let words = match self {
            Self::Renamed(name) => return format!("write `userPrincipalName: {name}`"),
            Self::AnswerLost { until, .. } => {
                return format!(
                    "nothing more is sent to this user until the service shows the change, or \
                        until {}",
                    time(*until)
                );
            }
            Self::NotVisible => {
                "check that the user exists, is licensed and is in a group that the customer \
                    syncs; new users can take hours to appear"
            }
            Self::NotListed(_) => "nothing is sent to this user until a complete list arrives",
            Self::CallingUnclear(_) => {
                "wait if it is a passing state; else name the value in `listUsers.calling`"
            }
            Self::OtherService(Service::CallApp) => {
                "if that is right, write `service: callApp`; if not, set the user up for calling in \
                    Teams in the portal: no call is known that moves somebody, and nothing is sent \
                    meanwhile"
            }
            Self::OtherService(Service::Phone) => {
                "if that is right, take `service: callApp` out; if not, set the Call App up in the \
                    portal: no call is known that moves somebody, and nothing is sent meanwhile; if \
                    the user is not set up at all, name in `listUsers.notSetUp` how the list shows \
                    that"
            }
            Self::ServiceNotShown => {
                "say in the settings how the list shows it (`listUsers.callApp`), with `live: \
                    connecttoteams`: nothing is sent meanwhile"
            }
            Self::NotSwitched(Calling::Enabled) => {
                "name the call in `enableCallApp` of the account's `endpoints`, if the vendor's \
                    support tells you one; else switch the user on in the portal, or write `calling: \
                    disabled`"
            }
            Self::NotSwitched(Calling::Disabled) => {
                "name the call in `disableCallApp` of the account's `endpoints`, if the vendor's \
                    support tells you one; else disable the user in the portal"
            }
            Self::PbxMissing(WritePath::ConfigureValetUser, field) => {
                return format!(
                    "declare `{field}` for the user, or for its set if the set says `service: \
                        callApp`"
                );
            }
            Self::PbxMissing(_, field) => {
                return format!("declare `{field}` for the user, its set or its tenant");
            }
            Self::GatewayMissing => "declare `sbcGatewayId` for the user, its set or its tenant",
            Self::NotUnderstood(odd) if odd.iter().any(|odd| odd.field == Field::PhoneNumber) => {
                NUMBER
            }
            Self::NotUnderstood(_) => VALUE,
            Self::NoEffect(vain) if vain.iter().all(|vain| vain.field.is_none()) => CALLING_IN_VAIN,
            Self::NoEffect(_) => IN_VAIN,
            Self::TeamsDiffers(_) => {
                "check the user's licence and policies in the Teams admin center; switching \
                    calling off and on again pushes the settings again"
            }
            Self::NotUndone(NotUndone::KeepsCallApp) => {
                "name the call in `disableCallApp` of the account's `endpoints`, or disable the user in \
                    the portal, if the Call App is not to stay: until then it works"
            }
            Self::NotUndone(NotUndone::StaysSetUp(_)) => {
                "take the user's set-up back in the portal if it is not to stay"
            }
            Self::NotUndone(_) => "it is left as it is: change it in the manifests if it is wrong",
            Self::Masked(code) => {
                return format!("`dialplane explain {}` says what it means", code.code());
            }
        };
        words.to_owned()
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed(name) => write!(f, "this user is called {name} now"),
            Self::NotVisible => f.write_str("the service does not show this user"),
            Self::NotListed(what) => {
                write!(f, "this user is not in the user list, which may be incomplete: {what}")
            }
            Self::CallingUnclear(text) => write!(
                f,
                "the service says {text:?} of this user's calling, which is neither enabled nor \
                    disabled"
            ),
            Self::Masked(_) => f.write_str("(masked)"),
            Self::GatewayMissing => f.write_str(
                "every update must name the user's gateway, and none can be read from the \
                    manifests or from the service",
            ),
            Self::PbxMissing(WritePath::ConfigureValetUser, field) => write!(
                f,
                "the call for users of the Call App must name the user's {field}, and neither the \
                    manifests nor the service name one"
            ),
            Self::PbxMissing(path, field) => write!(
                f,
                "`writes: {}` must name the user's {field}, and neither the manifests nor the service \
                    name one",
                path.name()
            ),
            Self::OtherService(Service::CallApp) => f.write_str(
                "the service shows this user with the Call App, and the manifests want calling in \
                    Teams",
            ),
            Self::OtherService(Service::Phone) => f.write_str(
                "the manifests want the Call App for this user, and the service shows the user without \
                    it",
            ),
            Self::ServiceNotShown => f.write_str(
                "the manifests want the Call App for this user, and the list does not say who has it",
            ),
            Self::NotSwitched(wanted) => write!(
                f,
                "calling of this user of the Call App is to be {wanted}, and no call is known that \
                    switches it"
            ),
            Self::NotUnderstood(odd) => f.write_str(&all_clauses(odd)),
            Self::NoEffect(vain) => f.write_str(&all_clauses(vain)),
            Self::AnswerLost { verb, at, .. } => write!(
                f,
                "the answer to the {verb} of {} was lost: it may or may not have been carried out",
                time(*at)
            ),
            Self::TeamsDiffers(difference) => difference.fmt(f),
            Self::NotUndone(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for OddValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let perhaps = if self.may_be_wanted { " and may be the one that is wanted" } else { "" };
        write!(f, "{} is shown as {}, which is not understood{perhaps}", self.field, self.read)?;
        match self.did_not_land {
            Some(at) => write!(f, " (it was sent on {} and did not land)", time(at)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for NoEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, seen, times, last, .. } = self;
        let last = time(*last);
        write!(
            f,
            "{} was sent as {sent} {times} times and accepted, last on {last}, and is still shown \
                as {seen}: it is not sent again for its own sake",
            self.name()
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotShown => {
                f.write_str("calling is on at the service, and Teams does not show this user")
            }
            Self::CallingUnclear(text) => write!(f, "Teams says {text:?} of this user's calling"),
            Self::Off => f.write_str("calling is on at the service and off in Teams"),
            Self::On => f.write_str("calling is off at the service and on in Teams"),
            Self::OnElsewhere => f.write_str(
                "the service has not set this user up, and calling is on in Teams: it comes from \
                    elsewhere",
            ),
            Self::Number { service: Some(here), teams: Some(there) } => {
                write!(f, "the number is {here} at the service and {there} in Teams")
            }
            Self::Number { service: Some(here), teams: None } => {
                write!(f, "the number is {here} at the service, and Teams shows none")
            }
            Self::Number { service: None, teams } => write!(
                f,
                "the service shows no number, and Teams shows {}",
                teams.as_deref().unwrap_or("one")
            ),
            Self::NumberNotUnderstood(read) => {
                write!(f, "the number that Teams shows is not understood: {read}")
            }
        }
    }
}

impl fmt::Display for NotUndone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotVisible => f.write_str("the service does not show this user any more"),
            Self::CallingUnclear => f.write_str(
                "the service says of this user's calling neither that it is enabled nor that it \
                    is disabled",
            ),
            Self::NotUnderstood(field, value, read) => write!(
                f,
                "the run set {field} to {value}, and what is there now is not understood: {read}"
            ),
            Self::StaysSetUp(number) => {
                f.write_str(
                    "the run set this user up: calling can be switched off again, and the user \
                        stays set up at the service",
                )?;
                number.as_ref().map_or(Ok(()), |number| write!(f, " and keeps {number}"))
            }
            Self::KeepsCallApp => f.write_str(
                "the run set this user up with the Call App, and no call is known that takes that back",
            ),
            Self::ChangedSince(field, value, is) => write!(
                f,
                "the run set {field} to {value}, and it is {is} now: somebody has changed it since"
            ),
            Self::FieldNotVisible(field, value) => {
                write!(f, "the run set {field} to {value}, and its present value is not visible")
            }
            Self::HadNoValue(field) => {
                write!(f, "{field} had no value before, and the service cannot be told to clear it")
            }
            Self::CallingOff(field, value) => write!(
                f,
                "{field} stays {value}: calling is off, and details of such a user are not sent"
            ),
        }
    }
}
