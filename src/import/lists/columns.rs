//! Which columns of which list are read: one table for each kind of list.
//!
//! **Invariant:** a column that is in no table here is not looked at.

use crate::model::Field;

/// A kind of list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Users of Teams, as `Get-CsOnlineUser` tells them, in CSV or JSON.
    TeamsUsers,
    /// Users for the vendor's portal to set up in one go.
    ConnectUsers,
    /// The same with direct numbers, for trunks.
    ConnectTrunks,
    /// Numbers of Teams and who holds them, as `Get-CsPhoneNumberAssignment`, its predecessor and
    /// Microsoft Graph tell them.
    TeamsNumbers,
    /// Users, as the vendor's portal exports them.
    Portal,
    /// Users of Teams, as `Microsoft365DSC` exports them.
    M365Dsc,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TeamsUsers,
        Self::TeamsNumbers,
        Self::ConnectUsers,
        Self::ConnectTrunks,
        Self::Portal,
        Self::M365Dsc,
    ];

    /// As the command line calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TeamsUsers => "teams-users",
            Self::ConnectUsers => "connect-users",
            Self::ConnectTrunks => "connect-trunks",
            Self::TeamsNumbers => "teams-numbers",
            Self::Portal => "portal",
            Self::M365Dsc => "m365dsc",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The columns that are read.
    pub(super) fn columns(self) -> &'static [ListColumn] {
        match self {
            Self::TeamsUsers => TEAMS_USERS,
            Self::ConnectUsers => CONNECT_USERS,
            Self::ConnectTrunks => CONNECT_TRUNKS,
            Self::TeamsNumbers => TEAMS_NUMBERS,
            Self::Portal => PORTAL,
            Self::M365Dsc => M365DSC,
        }
    }
}

/// A column that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListColumn {
    pub(super) what: ColumnMeaning,
    /// Its headings, of one version of the list after the other; the first that is there counts.
    pub(super) headings: &'static [&'static str],
    /// A list without it is not read.
    pub(super) is_needed: bool,
}

impl ListColumn {
    /// Whether this is one of its headings.
    pub(super) fn is_called(&self, heading: &str) -> bool {
        self.headings.iter().any(|own| bare(own) == bare(heading))
    }
}

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnMeaning {
    /// The user principal name.
    User,
    /// Whether calling is on.
    Calling,
    /// The number, or several numbers.
    Number,
    /// Which of several numbers counts, from 0.
    Which,
    /// Whether the user may sign in at all.
    Account,
    /// The identity that outlives a change of name.
    Identity,
    /// The country that the user is in, by its two letters.
    Country,
    /// What kind of holder a number has, if it has one.
    Holder,
    /// Whether a number is the one that its holder calls with.
    Category,
    /// Whether a number works already.
    State,
    /// What an item of several kinds is.
    Resource,
    /// A field.
    Field(Field),
}

const fn needed(what: ColumnMeaning, headings: &'static [&'static str]) -> ListColumn {
    ListColumn { what, headings, is_needed: true }
}

const fn maybe(what: ColumnMeaning, headings: &'static [&'static str]) -> ListColumn {
    ListColumn { what, headings, is_needed: false }
}

const TEAMS_USERS: &[ListColumn] = &[
    needed(ColumnMeaning::User, &["UserPrincipalName"]),
    needed(ColumnMeaning::Number, &["LineUri", "OnPremLineURI"]),
    needed(ColumnMeaning::Calling, &["EnterpriseVoiceEnabled"]),
    maybe(ColumnMeaning::Account, &["AccountEnabled"]),
    maybe(ColumnMeaning::Identity, &["Identity", "ObjectId"]),
    maybe(ColumnMeaning::Country, &["UsageLocation"]),
];

const TEAMS_NUMBERS: &[ListColumn] = &[
    needed(ColumnMeaning::Number, &["TelephoneNumber", "Id"]),
    needed(
        ColumnMeaning::User,
        &["UserPrincipalName", "AssignedPstnTargetId", "AssignmentTargetId", "TargetId", "UserId"],
    ),
    maybe(ColumnMeaning::Holder, &["PstnAssignmentStatus", "AssignmentStatus", "TargetType"]),
    maybe(ColumnMeaning::Category, &["AssignmentCategory"]),
    maybe(ColumnMeaning::State, &["ActivationState"]),
    maybe(ColumnMeaning::Country, &["IsoCountryCode"]),
];

const PORTAL: &[ListColumn] = &[
    needed(ColumnMeaning::User, &["TeamsUserID", "Teams User"]),
    needed(ColumnMeaning::Number, &["PhoneNumber"]),
    maybe(
        ColumnMeaning::Calling,
        &["Calling", "Calling Status", "Calling State", "Calling Enabled", "Enabled For Calling"],
    ),
    maybe(ColumnMeaning::Field(Field::UseTeamsVoicemail), &["Use Teams Voicemail"]),
    maybe(ColumnMeaning::Field(Field::PbxAuthUserId), &["SIPAuthenticationID"]),
    maybe(ColumnMeaning::Field(Field::PortalLoginName), &["PortalLoginName"]),
];

const M365DSC: &[ListColumn] = &[
    needed(ColumnMeaning::User, &["Identity"]),
    needed(ColumnMeaning::Number, &["TelephoneNumber"]),
    maybe(ColumnMeaning::Resource, &["ResourceName"]),
];

const CONNECT_USERS: &[ListColumn] = &[
    needed(ColumnMeaning::User, &["TeamsUserID"]),
    needed(ColumnMeaning::Number, &["PhoneNumber"]),
    maybe(ColumnMeaning::Calling, &["Calling", "Calling Enabled"]),
    maybe(ColumnMeaning::Field(Field::UseTeamsVoicemail), &["Use Teams Voicemail"]),
    maybe(ColumnMeaning::Field(Field::PbxUserId), &["SIP UserID"]),
    maybe(ColumnMeaning::Field(Field::PbxAuthUserId), &["SIPAuthenticationID"]),
    maybe(ColumnMeaning::Field(Field::PortalLoginName), &["PortalLoginName"]),
];

const CONNECT_TRUNKS: &[ListColumn] = &[
    needed(ColumnMeaning::User, &["teams_user_id"]),
    needed(ColumnMeaning::Number, &["did_list", "default_did"]),
    maybe(ColumnMeaning::Which, &["default_did_index_number"]),
];

/// A heading without what people and programs change about it.
pub(super) fn bare(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a column holds secrets, going by its heading.
pub(super) fn is_secret(heading: &str) -> bool {
    let bare = bare(heading);
    ["password", "passwd", "secret", "passphrase"].iter().any(|word| bare.contains(word))
        || bare == "pin"
}
