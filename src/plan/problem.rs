//! Problems: users that not everything desired can be planned for.
//!
//! **Invariant:** a problem is a kind with its data; its words are made when it is shown.

mod words;

use jiff::Timestamp;

pub(super) use words::NUMBER;

use crate::model::{
    Calling, Field, Origin, PhoneNumber, Service, UnreadableValue, Upn, Value, Verb, WritePath,
    coded,
};

/// A user that not everything desired can be planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Who.
    pub user: Upn,
    /// What is wrong; its words are the reason.
    pub kind: ProblemKind,
    /// Where the manifests name the user.
    pub origin: Option<Origin>,
}

/// What is wrong with a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The service shows the user under this name now.
    Renamed(Upn),
    /// The service does not show the user.
    NotVisible,
    /// The user is not in a list that may be incomplete; what was noticed.
    NotListed(String),
    /// What is shown of the user's calling is neither enabled nor disabled.
    CallingUnclear(String),
    /// An update must name a gateway, and none is known.
    GatewayMissing,
    /// This call must name this of the user, and it is not known.
    PbxMissing(WritePath, Field),
    /// The service shows the user with this service, and the manifests want another one.
    OtherService(Service),
    /// The manifests want the Call App, and the list does not say who has it.
    ServiceNotShown,
    /// Calling of a user of the Call App is to be so, and no call is known that switches it.
    NotSwitched(Calling),
    /// Managed values that are not understood, and so are not compared.
    NotUnderstood(Vec<OddValue>),
    /// What was sent again and again, accepted each time, and never became visible.
    NoEffect(Vec<NoEffect>),
    /// The answer to a step was lost, and it is not decided what became of it.
    AnswerLost {
        /// The step.
        verb: Verb,
        /// When it was sent.
        at: Timestamp,
        /// Until when an observation may still decide it.
        until: Timestamp,
    },
    /// Teams shows something else than the service.
    TeamsDiffers(Difference),
    /// What a run did to the user is left as it is.
    NotUndone(NotUndone),
    /// Something with this code, told to eyes that may not see more.
    Masked(ProblemCode),
}

/// A value that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddValue {
    /// Of this field.
    pub field: Field,
    /// What was read.
    pub read: UnreadableValue,
    /// The manifests want a number, and this may be it.
    pub may_be_wanted: bool,
    /// What is wanted was sent at this time, and this is what the service shows of it.
    pub did_not_land: Option<Timestamp>,
}

/// Something that was sent again and again without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoEffect {
    /// The field; nothing for calling.
    pub field: Option<Field>,
    /// What was sent.
    pub sent: String,
    /// What is seen.
    pub seen: String,
    /// How often it was sent in vain.
    pub times: u32,
    /// When it was sent last.
    pub last: Timestamp,
}

impl NoEffect {
    /// What was sent, by name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.field.map_or("calling", Field::name)
    }
}

/// How Teams differs from the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Calling is on, and Teams does not show the user.
    NotShown,
    /// Teams shows neither on nor off.
    CallingUnclear(String),
    /// Calling is on at the service and off in Teams.
    Off,
    /// Calling is off at the service and on in Teams.
    On,
    /// The service has not set the user up, and calling is on in Teams: from elsewhere.
    OnElsewhere,
    /// The numbers are different ones; nothing where none is shown.
    Number {
        /// At the service.
        service: Option<String>,
        /// In Teams.
        teams: Option<String>,
    },
    /// The number that Teams shows is not understood.
    NumberNotUnderstood(UnreadableValue),
}

/// Why something of a run is not undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotUndone {
    /// The service does not show the user any more.
    NotVisible,
    /// What is shown of the user's calling is neither enabled nor disabled.
    CallingUnclear,
    /// The run set the field to this value, and what is there now is not understood.
    NotUnderstood(Field, Value, UnreadableValue),
    /// The run set the field to the first value, and somebody has set it to the second since.
    ChangedSince(Field, Value, Value),
    /// The run set the field to this value, and what it is now is not visible.
    FieldNotVisible(Field, Value),
    /// The field had no value before, and the service cannot be told so.
    HadNoValue(Field),
    /// The run set the user up, with this number if with one, and nothing takes that back.
    StaysSetUp(Option<PhoneNumber>),
    /// The run set the user up with the Call App, and no call is known that takes that back.
    KeepsCallApp,
    /// The field keeps this value: details of users without calling are not sent.
    CallingOff(Field, Value),
}

coded! {
    /// The codes of problems.
    pub enum ProblemCode {
        /// [`ProblemKind::Renamed`].
        Renamed = "renamed",
        /// [`ProblemKind::NotVisible`].
        NotVisible = "not-visible",
        /// [`ProblemKind::NotListed`].
        NotListed = "not-listed",
        /// [`ProblemKind::CallingUnclear`].
        CallingUnclear = "calling-unclear",
        /// [`ProblemKind::GatewayMissing`].
        GatewayMissing = "gateway-missing",
        /// [`ProblemKind::PbxMissing`].
        PbxMissing = "pbx-missing",
        /// [`ProblemKind::OtherService`].
        OtherService = "other-service",
        /// [`ProblemKind::ServiceNotShown`].
        ServiceNotShown = "service-not-shown",
        /// [`ProblemKind::NotSwitched`].
        NotSwitched = "not-switched",
        /// [`ProblemKind::NotUnderstood`].
        NotUnderstood = "not-understood",
        /// [`ProblemKind::NoEffect`].
        NoEffect = "no-effect",
        /// [`ProblemKind::AnswerLost`].
        AnswerLost = "answer-lost",
        /// [`ProblemKind::TeamsDiffers`].
        TeamsDiffers = "teams-differs",
        /// [`ProblemKind::NotUndone`].
        NotUndone = "not-undone",
    }
}

impl ProblemKind {
    /// Its code.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Renamed(_) => ProblemCode::Renamed,
            Self::NotVisible => ProblemCode::NotVisible,
            Self::NotListed(_) => ProblemCode::NotListed,
            Self::CallingUnclear(_) => ProblemCode::CallingUnclear,
            Self::GatewayMissing => ProblemCode::GatewayMissing,
            Self::PbxMissing(..) => ProblemCode::PbxMissing,
            Self::OtherService(_) => ProblemCode::OtherService,
            Self::ServiceNotShown => ProblemCode::ServiceNotShown,
            Self::NotSwitched(_) => ProblemCode::NotSwitched,
            Self::NotUnderstood(_) => ProblemCode::NotUnderstood,
            Self::NoEffect(_) => ProblemCode::NoEffect,
            Self::AnswerLost { .. } => ProblemCode::AnswerLost,
            Self::TeamsDiffers(_) => ProblemCode::TeamsDiffers,
            Self::NotUndone(_) => ProblemCode::NotUndone,
            Self::Masked(code) => *code,
        }
    }
}
