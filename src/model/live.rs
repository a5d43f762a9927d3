//! Live state: what one observation returned. It is already a little old when it is read.

use std::{collections::BTreeSet, sync::Arc};

use jiff::SignedDuration;

use super::{
    CallAppCalls, Calling, Details, Field, FieldMap, GatewayId, HasUpn, PhoneNumber, Roster,
    Service, UnreadableValue, Upn, UserId, Users, Value,
};

/// One observation of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTenant {
    /// Whether the customer lets the provider write (contract 2.5).
    pub consent: Consent,
    /// Whether the list of users is whole.
    pub coverage: Coverage,
    /// The fields that this reader can see at all; the others are *unobservable*.
    pub sees: BTreeSet<Field>,
    /// The users that are visible.
    pub users: Roster<LiveUser>,
    /// What the list shows beside them.
    pub beside: ListExtras,
    /// What Teams itself shows beside it.
    pub confirmation: Confirmation,
}

impl LiveTenant {
    /// Whether both are known to be the same without a look at anybody.
    #[must_use]
    pub(crate) fn is_plainly(&self, other: &Self) -> bool {
        // Taken apart, so what is new is not forgotten here.
        let Self { consent, coverage, sees, users, beside, confirmation } = self;
        *consent == other.consent
            && *coverage == other.coverage
            && *sees == other.sees
            && users.is_plainly(&other.users)
            && *beside == other.beside
            && confirmation.is_plainly(&other.confirmation)
    }
}

impl LiveTenant {
    /// Which of its calls switch a user: those of the service that the user has.
    #[must_use]
    pub fn service_of(&self, user: &LiveUser) -> Service {
        if self.has_call_app(user) { Service::CallApp } else { Service::Phone }
    }

    /// Whether a user has the Call App, going by what the list says of that or by the gateway, which
    /// nobody else has.
    #[must_use]
    pub fn has_call_app(&self, user: &LiveUser) -> bool {
        let gateway = user.details.get(Field::SbcGatewayId);
        self.beside.call_app.as_ref().is_some_and(|those| those.contains(&user.upn))
            || gateway == Some(&ObservedValue::Set(Value::Gateway(GatewayId::CALL_APP)))
    }
}

impl Confirmation {
    fn is_plainly(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Seen(one, coverage), Self::Seen(other, of_other)) => {
                coverage == of_other && one.is_plainly(other)
            }
            (Self::Failed(one), Self::Failed(other)) => one == other,
            (Self::NotAsked, Self::NotAsked) => true,
            _ => false,
        }
    }
}

/// What a list shows beside the users that are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListExtras {
    /// Numbers that somebody holds otherwise than as the primary number of a user: nobody else can
    /// have them.
    pub numbers: Vec<HeldNumber>,
    /// Places that the settings name and that are in no row: perhaps misspelt.
    pub unmatched: Vec<UnmatchedPlace>,
    /// Rows that name nobody, with calling off and without a number: no users of Teams.
    pub nameless: usize,
    /// Users that the service lists and that are not set up there: nothing of them is compared.
    pub not_set_up: Users<LiveUser>,
    /// Which of the users have the Call App; nothing where the list does not say.
    pub call_app: Option<BTreeSet<Upn>>,
    /// How the account can switch those; no way where the list does not say who they are.
    pub call_app_calls: CallAppCalls,
    /// How far the service's clock is ahead of this machine's, where they are far apart.
    pub clock_ahead: Option<SignedDuration>,
    /// Whether the numbers that Teams keeps, whoever holds them, are among these.
    pub number_list: NumberList,
}

/// What became of the list of numbers that Teams keeps beside its users (contract 12): a second
/// proof of who holds a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum NumberList {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It was read.
    Seen,
    /// It may not be read, or only tells; why. What is held without it is held as before.
    NotRead(String),
    /// It may be read and was not, or not whole, so numbers may have holders that nobody sees; why.
    InDoubt(String),
}

/// A number of somebody who is not compared, or a second one of somebody who is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeldNumber {
    /// Who holds it, as the service names it.
    pub holder: Arc<str>,
    /// As what, such as "private line" or "resource account".
    pub held_as: Arc<str>,
    /// The number, or what was read in its place.
    pub number: Result<PhoneNumber, UnreadableValue>,
}

/// A place that the settings name and that no row of a tenant has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnmatchedPlace {
    /// The field that is read there, if it is one of those that manifests manage.
    pub field: Option<Field>,
    /// The key of the settings that names it.
    pub key: Arc<str>,
    /// The place: a JSON Pointer, or the heading of a column.
    pub place: Arc<str>,
    /// Whether somebody named it; otherwise it is a default, which may be absent.
    pub named: bool,
}

/// What Teams itself shows, where a tenant asks for it beside the service. It confirms, and decides
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It could not be read, for this reason.
    Failed(String),
    /// These users, and whether they are all.
    Seen(Roster<LiveUser>, Coverage),
}

/// A user as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveUser {
    /// Who, in the service's spelling.
    pub upn: Upn,
    /// The identity that outlives a change of name (contract 12: the Entra object id), if the
    /// reader shows it.
    pub id: Option<UserId>,
    /// Whether calling is on.
    pub calling: LiveCalling,
    /// What was observed of the fields; a field that is absent was not in the answer.
    pub details: FieldMap<ObservedValue>,
}

/// The number of a user, as far as a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LivePhone<'l> {
    /// This one.
    Number(&'l PhoneNumber),
    /// None.
    Nothing,
    /// Something that is not understood: it may be any number.
    Unread(&'l UnreadableValue),
    /// The list does not say.
    NotShown,
}

impl HasUpn for LiveUser {
    fn upn(&self) -> &Upn {
        &self.upn
    }
}

impl LiveUser {
    /// Somebody who is known by name and not set up: without calling, and with nothing stored.
    #[must_use]
    pub fn not_set_up(upn: Upn, id: Option<UserId>) -> Self {
        let details = Field::ALL.map(|field| (field, ObservedValue::Unset)).into_iter().collect();
        Self { upn, id, calling: LiveCalling::Disabled, details }
    }

    /// The number that the user holds.
    #[must_use]
    pub fn phone(&self) -> LivePhone<'_> {
        match self.details.get(Field::PhoneNumber) {
            Some(ObservedValue::Set(Value::Phone(number))) => LivePhone::Number(number),
            Some(ObservedValue::Unreadable(unread)) => LivePhone::Unread(unread),
            Some(ObservedValue::Unset | ObservedValue::Set(_)) => LivePhone::Nothing,
            None => LivePhone::NotShown,
        }
    }

    /// The number that the user is known to hold.
    #[must_use]
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self.phone() {
            LivePhone::Number(number) => Some(number),
            LivePhone::Nothing | LivePhone::Unread(_) | LivePhone::NotShown => None,
        }
    }

    /// What was read in the place of the user's number, if it is not understood.
    #[must_use]
    pub fn unread_number(&self) -> Option<&UnreadableValue> {
        match self.phone() {
            LivePhone::Unread(unread) => Some(unread),
            LivePhone::Number(_) | LivePhone::Nothing | LivePhone::NotShown => None,
        }
    }

    /// Whether this is a person who can make calls, and no account of the platform.
    #[must_use]
    pub fn is_person_with_calling(&self) -> bool {
        self.calling == LiveCalling::Enabled && !self.upn.is_platform_account()
    }

    /// The observed values, for an update that must repeat what it does not change.
    #[must_use]
    pub fn known(&self) -> Details {
        self.details
            .iter()
            .filter_map(|(field, observed)| match observed {
                ObservedValue::Set(value) => Some((field, value.clone())),
                ObservedValue::Unset | ObservedValue::Unreadable(_) => None,
            })
            .collect()
    }
}

/// Live calling. *Not visible* has no variant: such a user is not in [`LiveTenant::users`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LiveCalling {
    /// Calls work.
    Enabled,
    /// Calls are off.
    Disabled,
    /// The service said something that the reader's value map does not name.
    Unclear(String),
}

impl LiveCalling {
    /// Whether calls work, if that is clear.
    #[must_use]
    pub fn known(&self) -> Option<Calling> {
        match self {
            Self::Enabled => Some(Calling::Enabled),
            Self::Disabled => Some(Calling::Disabled),
            Self::Unclear(_) => None,
        }
    }

    /// What is known of a user of whom both are said.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        match self {
            Self::Unclear(_) => self.clone(),
            _ if self == other => self.clone(),
            _ => Self::Unclear(format!("{} and {}", self.said(), other.said())),
        }
    }

    fn said(&self) -> &str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Unclear(text) => text,
        }
    }
}

/// What an answer said of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObservedValue {
    /// This value.
    Set(Value),
    /// Explicitly nothing.
    Unset,
    /// Something that is not of the field's kind.
    Unreadable(UnreadableValue),
}

/// Whether the customer consented to provisioning by the provider. The service itself demands both
/// indicators (contract 2.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Consent {
    /// Both indicators say yes.
    Granted,
    /// Both say no.
    Missing,
    /// What was read does not show it: a list that the portal exported. Nothing is written upon it.
    NotShown,
    /// Nobody can be asked: no account at the service is configured. Nothing is written without one.
    NoAccount,
    /// They disagree, which the service treats as no.
    Disagrees {
        /// `canResellerManageEnterpriseProvisioning`.
        flag: bool,
        /// `consentsByEnterprise` has `EnterpriseManagement`.
        listed: bool,
    },
    /// The tenant is written with a token of the customer's own instead of the provider's consent
    /// (contract 2.4), and that token cannot be used; the text says why.
    TokenUnusable(String),
    /// The customer consents, but it is not certain which reseller its enterprise belongs to, whom
    /// each call has to name (contract 2.4); the text says why.
    ResellerUnclear(String),
}

impl Consent {
    /// What keeps the provider from writing, or from knowing that it may.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Granted => None,
            Self::Missing => {
                Some("the customer has not allowed the provider to manage its users".to_owned())
            }
            Self::NotShown => Some(
                "this list does not show whether the customer allows the provider to manage its \
                    users"
                    .to_owned(),
            ),
            Self::NoAccount => Some(
                "without an account at the service it is not known whether the customer allows the \
                    provider to manage its users"
                    .to_owned(),
            ),
            Self::Disagrees { flag, listed } => Some(format!(
                "the two signs of the customer's consent disagree: \
                    canResellerManageEnterpriseProvisioning is {flag}, EnterpriseManagement is {}",
                if *listed { "listed" } else { "not listed" }
            )),
            Self::TokenUnusable(why) | Self::ResellerUnclear(why) => Some(why.clone()),
        }
    }

    /// From the two indicators.
    #[must_use]
    pub fn from_indicators(flag: bool, listed: bool) -> Self {
        match (flag, listed) {
            (true, true) => Self::Granted,
            (false, false) => Self::Missing,
            (flag, listed) => Self::Disagrees { flag, listed },
        }
    }
}

/// How far an observation can be trusted to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// Every page arrived and the counts agree.
    Complete,
    /// Users may be missing; the text says what was noticed.
    Suspect(String),
}
