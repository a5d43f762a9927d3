//! What can be managed of a user: the settings by the API's own names, and what kind of value each
//! takes.

use std::fmt;

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A phone number, or none.
    Phone,
    /// A gateway id.
    Gateway,
    /// True or false.
    Flag,
    /// Free text.
    Text,
}

/// A setting of a user, by the API's own name (contract 4.3, 5.3). Secrets are deliberately not among
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the API field of the same name, contract 4.3 and 5.3")]
pub enum Field {
    PhoneNumber,
    SbcGatewayId,
    PbxLocation,
    PbxUserId,
    UseTeamsVoicemail,
    UseEnterpriseDialPlan,
    UseAudioConferenceVrp,
    CallPolicyName,
    CallPolicyCnam,
    CallPolicyCustomCnam,
    CallPolicyCallerId,
    CallPolicyForwardedCallsCallerId,
    UserTag,
    PbxAuthUserId,
    LinePort,
    Codecs,
    DeviceName,
    DeviceType,
    MacAddress,
    PortalLoginName,
    ProvisioningUsername,
    SipAutoProvisioningEnabled,
    Email,
    FirstName,
    LastName,
    UserType,
}

impl Field {
    /// All fields, in the order in which people read them.
    pub const ALL: [Self; 26] = [
        Self::PhoneNumber,
        Self::SbcGatewayId,
        Self::PbxLocation,
        Self::PbxUserId,
        Self::UseTeamsVoicemail,
        Self::UseEnterpriseDialPlan,
        Self::UseAudioConferenceVrp,
        Self::CallPolicyName,
        Self::CallPolicyCnam,
        Self::CallPolicyCustomCnam,
        Self::CallPolicyCallerId,
        Self::CallPolicyForwardedCallsCallerId,
        Self::UserTag,
        Self::PbxAuthUserId,
        Self::LinePort,
        Self::Codecs,
        Self::DeviceName,
        Self::DeviceType,
        Self::MacAddress,
        Self::PortalLoginName,
        Self::ProvisioningUsername,
        Self::SipAutoProvisioningEnabled,
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::UserType,
    ];

    /// The name in manifests, plans and configuration; a dot separates levels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PhoneNumber => "phoneNumber",
            Self::SbcGatewayId => "sbcGatewayId",
            Self::PbxLocation => "pbxLocation",
            Self::PbxUserId => "pbxUserId",
            Self::UseTeamsVoicemail => "useTeamsVoicemail",
            Self::UseEnterpriseDialPlan => "useEnterpriseDialPlan",
            Self::UseAudioConferenceVrp => "useAudioConferenceVRP",
            Self::CallPolicyName => "callPolicy.name",
            Self::CallPolicyCnam => "callPolicy.cnam",
            Self::CallPolicyCustomCnam => "callPolicy.customCnam",
            Self::CallPolicyCallerId => "callPolicy.callerId",
            Self::CallPolicyForwardedCallsCallerId => "callPolicy.forwardedCallsCallerId",
            Self::UserTag => "userTag",
            Self::PbxAuthUserId => "pbxAuthUserId",
            Self::LinePort => "linePort",
            Self::Codecs => "codecs",
            Self::DeviceName => "deviceName",
            Self::DeviceType => "deviceType",
            Self::MacAddress => "macAddress",
            Self::PortalLoginName => "portalLoginName",
            Self::ProvisioningUsername => "provisioningUsername",
            Self::SipAutoProvisioningEnabled => "sipAutoProvisioningEnabled",
            Self::Email => "email",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::UserType => "userType",
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Whether only `configureUser` has a place for it (contract 5.3).
    #[must_use]
    pub fn is_of_configure_user(self) -> bool {
        matches!(
            self,
            Self::PbxLocation
                | Self::PbxUserId
                | Self::CallPolicyCustomCnam
                | Self::Email
                | Self::FirstName
                | Self::LastName
                | Self::UserType
        )
    }

    /// What it takes.
    #[must_use]
    pub fn kind(self) -> FieldKind {
        match self {
            Self::PhoneNumber => FieldKind::Phone,
            Self::SbcGatewayId => FieldKind::Gateway,
            Self::UseTeamsVoicemail
            | Self::UseEnterpriseDialPlan
            | Self::UseAudioConferenceVrp
            | Self::SipAutoProvisioningEnabled => FieldKind::Flag,
            Self::PbxLocation
            | Self::PbxUserId
            | Self::CallPolicyName
            | Self::CallPolicyCnam
            | Self::CallPolicyCustomCnam
            | Self::CallPolicyCallerId
            | Self::CallPolicyForwardedCallsCallerId
            | Self::UserTag
            | Self::PbxAuthUserId
            | Self::LinePort
            | Self::Codecs
            | Self::DeviceName
            | Self::DeviceType
            | Self::MacAddress
            | Self::PortalLoginName
            | Self::ProvisioningUsername
            | Self::Email
            | Self::FirstName
            | Self::LastName
            | Self::UserType => FieldKind::Text,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
