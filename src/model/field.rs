//! What can be managed of a user: the settings by the API's own names, and what kind of value each
//! takes.

use std::fmt;

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A phone number, or none.
    Phone,
    /// A gateway id.
    Gateway,
    /// True or false.
    Flag,
    /// Free text.
    Text,
}

/// A setting of a user, by the API's own name (contract 4.3). Secrets are deliberately not among
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the API field of the same name, contract 4.3")]
pub enum Field {
    PhoneNumber,
    SbcGatewayId,
    UseTeamsVoicemail,
    UseEnterpriseDialPlan,
    UseAudioConferenceVrp,
    CallPolicyName,
    CallPolicyCnam,
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
}

impl Field {
    /// All fields, in the order in which people read them.
    pub const ALL: [Self; 19] = [
        Self::PhoneNumber,
        Self::SbcGatewayId,
        Self::UseTeamsVoicemail,
        Self::UseEnterpriseDialPlan,
        Self::UseAudioConferenceVrp,
        Self::CallPolicyName,
        Self::CallPolicyCnam,
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
    ];

    /// The name in manifests, plans and configuration; a dot separates levels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PhoneNumber => "phoneNumber",
            Self::SbcGatewayId => "sbcGatewayId",
            Self::UseTeamsVoicemail => "useTeamsVoicemail",
            Self::UseEnterpriseDialPlan => "useEnterpriseDialPlan",
            Self::UseAudioConferenceVrp => "useAudioConferenceVRP",
            Self::CallPolicyName => "callPolicy.name",
            Self::CallPolicyCnam => "callPolicy.cnam",
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
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// What it takes.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::PhoneNumber => Kind::Phone,
            Self::SbcGatewayId => Kind::Gateway,
            Self::UseTeamsVoicemail
            | Self::UseEnterpriseDialPlan
            | Self::UseAudioConferenceVrp
            | Self::SipAutoProvisioningEnabled => Kind::Flag,
            Self::CallPolicyName
            | Self::CallPolicyCnam
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
            | Self::ProvisioningUsername => Kind::Text,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
