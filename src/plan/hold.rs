//! Holds: why something may not run, and what lifts it.
//!
//! **Invariant:** what a kind of hold means for limits, approvals and people is one row of one
//! exhaustive table ([`HoldKind::rule`]): a new kind does not compile before it has said all of it.

use jiff::Timestamp;

use crate::model::{Fault, Gate, coded};

/// Why something may not run, and what lifts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The kind, for machines and for guards that build on each other.
    pub kind: HoldKind,
    /// Why, for people.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// When it ends without anybody's help, if that is known.
    pub until: Option<Timestamp>,
}

/// Why a guard holds something, and what lifts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grounds {
    pub(super) reason: String,
    pub(super) remedy: String,
    /// When they end without anybody's help, if that is known.
    pub(super) until: Option<Timestamp>,
}

coded! {
    /// The kinds of hold.
    #[non_exhaustive]
    pub enum HoldKind {
        /// The tenant's mode is not `enforce`.
        Mode = "mode",
        /// The tenant's manifests have errors.
        Manifests = "manifests-broken",
        /// Part of the manifests cannot be read: no user may be removed.
        Incomplete = "manifests-incomplete",
        /// The journal may be older than what was done.
        BroughtBack = "journal-brought-back",
        /// A line has not been missing for long enough.
        Absent = "absence-too-new",
        /// Live state could not be read.
        NotRead = "not-read",
        /// The user list may be incomplete.
        Coverage = "list-incomplete",
        /// The customer has not consented.
        Consent = "consent-missing",
        /// It is not certain which reseller the enterprise belongs to.
        Reseller = "reseller-unclear",
        /// More people of the tenant would lose calling than its limit allows.
        Limit = "limit-disable",
        /// More numbers of the tenant would be replaced than its limit allows.
        NumberLimit = "limit-numbers",
        /// More people of the tenant would be changed than its limit allows.
        ChangeLimit = "limit-changes",
        /// More would be sent for the whole fleet within an hour than the settings allow.
        HourLimit = "limit-per-hour",
        /// The manifests name far fewer users of the tenant than were managed before.
        EmptyDesired = "manifests-emptied",
        /// The user, the number or the site is protected.
        Protected = "protected",
        /// A protected user is to be disabled, and no reason is given.
        ReasonMissing = "reason-missing",
        /// It is the last phone of its site that works.
        LastOfSite = "last-of-site",
        /// A user that no manifest names was not visible for a while.
        Quarantined = "quarantined",
        /// A user that no manifest names may be a managed one under another name.
        Renamed = "perhaps-renamed",
        /// Somebody else holds the number and does not give it up.
        NumberTaken = "number-taken",
        /// Numbers form a cycle, and no number is free to park one on.
        NumberCycle = "number-cycle",
        /// A number is to be given up in a way that no setting allows.
        NumberRelease = "number-release",
        /// Not everybody who may hold the number could be looked at.
        NumberUnproven = "number-unproven",
        /// A present value that the step could replace is not understood.
        Unread = "value-not-understood",
        /// The step only changes a field that no row of the tenant shows.
        Unmatched = "field-not-shown",
        /// A step that must come before is held.
        AfterHeld = "after-held",
        /// A date has come by the clock of this machine, and not by the service's.
        Clock = "clock-ahead",
        /// Its change window is not open.
        Window = "window-closed",
        /// Everything is stopped.
        Stopped = "stopped",
        /// Somebody has suspended the tenant.
        Suspended = "suspended",
        /// Somebody else changes the value back again and again.
        Flap = "flapping",
        /// It was sent again and again, and nothing came of it.
        NoEffect = "sent-in-vain",
        /// The answers to the last syncs said neither yes nor no.
        SyncUnclear = "sync-unclear",
    }
}

/// What a kind of hold means for the rest of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldRule {
    /// The gate that an approval opens to lift it; nothing where judgement cannot help.
    pub gate: Option<Gate>,
    /// Whether limits count the step all the same.
    pub counts: LimitCount,
    /// Who or what lifts it.
    pub lifted_by: Lifter,
}

/// Whether limits count a held step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitCount {
    /// It is counted: it may run as soon as the hold is lifted, together with all others.
    Counted,
    /// It is not: it is held for a reason of its own, whatever the limits say.
    Apart,
}

/// Who or what lifts a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifter {
    /// A change of the manifests.
    Manifests,
    /// A change of the settings.
    Settings,
    /// An approval, or a change of the manifests.
    Approval,
    /// Time.
    Time,
    /// A later look at live state, or somebody who puts it right there.
    LiveState,
    /// The customer.
    Customer,
    /// Somebody who lets the stop switch go.
    Operator,
    /// Somebody who resumes the tenant, or time.
    Resume,
    /// Somebody who says whether the journal is the newest.
    Journal,
    /// The step that it waits for.
    OtherStep,
}

impl HoldKind {
    /// Its row of the table.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "one row for each kind")]
    pub const fn rule(self) -> HoldRule {
        use Lifter as By;
        use LimitCount::{Apart, Counted};
        match self {
            Self::Mode => row(None, Counted, By::Manifests),
            Self::Manifests => row(None, Counted, By::Manifests),
            Self::Incomplete => row(None, Counted, By::Manifests),
            Self::BroughtBack => row(None, Counted, By::Journal),
            Self::Absent => row(None, Counted, By::Time),
            Self::NotRead => row(None, Counted, By::LiveState),
            Self::Coverage => row(None, Counted, By::LiveState),
            Self::Consent => row(None, Counted, By::Customer),
            Self::Reseller => row(None, Counted, By::Settings),
            Self::Limit => row(Some(Gate::Limit), Counted, By::Approval),
            Self::NumberLimit => row(Some(Gate::NumberLimit), Counted, By::Approval),
            Self::ChangeLimit => row(Some(Gate::ChangeLimit), Counted, By::Approval),
            Self::HourLimit => row(Some(Gate::HourLimit), Counted, By::Approval),
            Self::EmptyDesired => row(Some(Gate::EmptyDesired), Counted, By::Approval),
            Self::Protected => row(Some(Gate::Protected), Apart, By::Approval),
            Self::ReasonMissing => row(None, Apart, By::Manifests),
            Self::LastOfSite => row(Some(Gate::LastOfSite), Apart, By::Approval),
            Self::Quarantined => row(None, Apart, By::Manifests),
            Self::Renamed => row(None, Apart, By::Manifests),
            Self::NumberTaken => row(None, Apart, By::LiveState),
            Self::NumberCycle => row(None, Apart, By::Manifests),
            Self::NumberRelease => row(None, Apart, By::Manifests),
            Self::NumberUnproven => row(None, Apart, By::LiveState),
            Self::Unread => row(None, Apart, By::LiveState),
            Self::Unmatched => row(None, Apart, By::Settings),
            Self::AfterHeld => row(None, Counted, By::OtherStep),
            Self::Clock => row(None, Counted, By::LiveState),
            Self::Window => row(None, Counted, By::Time),
            Self::Stopped => row(None, Counted, By::Operator),
            Self::Suspended => row(None, Counted, By::Resume),
            Self::Flap => row(None, Apart, By::LiveState),
            Self::NoEffect => row(Some(Gate::NoEffect), Apart, By::Approval),
            Self::SyncUnclear => row(None, Apart, By::LiveState),
        }
    }

    /// The gate that an approval opens to lift a hold of this kind.
    #[must_use]
    pub const fn gate(self) -> Option<Gate> {
        self.rule().gate
    }
}

const fn row(gate: Option<Gate>, counts: LimitCount, lifted_by: Lifter) -> HoldRule {
    HoldRule { gate, counts, lifted_by }
}

impl Lifter {
    /// In words, behind "lifted by".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Manifests => "a change of the manifests",
            Self::Settings => "a change of the settings",
            Self::Approval => {
                "an approval (`dialplane plan --approve`), or a change of the manifests"
            }
            Self::Time => "time",
            Self::LiveState => "a later look at live state, once it is right there",
            Self::Customer => "the customer",
            Self::Operator => "`dialplane resume`, or taking the stop file away",
            Self::Resume => "`dialplane resume TENANT`, or time where an end was named",
            Self::Journal => {
                "`dialplane journal accept`, which says whether the journal is the newest"
            }
            Self::OtherStep => "the step that it waits for",
        }
    }
}

impl Grounds {
    /// Grounds that do not end by themselves.
    pub(super) fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into(), until: None }
    }
}

impl Hold {
    /// A hold on these grounds.
    pub(super) fn of(kind: HoldKind, grounds: Grounds) -> Self {
        let Grounds { reason, remedy, until } = grounds;
        Self { kind, reason, remedy, until }
    }

    /// A hold.
    #[must_use]
    pub fn new(kind: HoldKind, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), remedy: remedy.into(), until: None }
    }

    /// Live state could not be read.
    #[must_use]
    pub fn not_read(fault: &Fault) -> Self {
        let remedy = fault.hint.clone().unwrap_or_else(|| {
            "nothing is changed until it can be read; look again later".to_owned()
        });
        Self::new(HoldKind::NotRead, fault.message.clone(), remedy)
    }
}
