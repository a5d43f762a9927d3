//! Which call of the service stores a tenant's details: the two differ in what they demand and in
//! what they do besides.

use super::Field;

/// The call that changes details (contract 4.3, 5.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum WritePath {
    /// `updateUserDetails`.
    #[default]
    UpdateUserDetails,
    /// `configureUser`: it demands who the user is at the PBX, and with a Microsoft object it also
    /// switches calling on.
    ConfigureUser,
}

impl WritePath {
    /// The word in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UpdateUserDetails => "updateUserDetails",
            Self::ConfigureUser => "configureUser",
        }
    }

    /// The fields that every call must name, in the order in which people read them.
    #[must_use]
    pub fn demands(self) -> &'static [Field] {
        match self {
            Self::UpdateUserDetails => &[Field::SbcGatewayId],
            Self::ConfigureUser => &[Field::SbcGatewayId, Field::PbxLocation, Field::PbxUserId],
        }
    }

    /// Whether the call has a place for a field.
    #[must_use]
    pub fn carries(self, field: Field) -> bool {
        self == Self::ConfigureUser || !field.is_of_configure_user()
    }
}
