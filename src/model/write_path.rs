//! Which call of the service stores a tenant's details: the two differ in what they demand and in
//! what they do besides.

use super::{Field, Service};

/// The call that changes details (contract 4.3, 5.3, 5.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum WritePath {
    /// `updateUserDetails`.
    #[default]
    UpdateUserDetails,
    /// `configureUser`: it demands who the user is at the PBX, and with a Microsoft object it also
    /// switches calling on.
    ConfigureUser,
    /// `configureValetUser`: for users of the Call App, and for nobody else.
    ConfigureValetUser,
}

impl WritePath {
    /// The word in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UpdateUserDetails => "updateUserDetails",
            Self::ConfigureUser => "configureUser",
            Self::ConfigureValetUser => "configureValetUser",
        }
    }

    /// The fields that every call must name, in the order in which people read them.
    #[must_use]
    pub fn demands(self) -> &'static [Field] {
        match self {
            Self::UpdateUserDetails => &[Field::SbcGatewayId],
            Self::ConfigureUser => &[Field::SbcGatewayId, Field::PbxLocation, Field::PbxUserId],
            Self::ConfigureValetUser => {
                &[Field::SbcGatewayId, Field::PbxLocation, Field::PbxUserId, Field::PhoneNumber]
            }
        }
    }

    /// The call for users with this service, where this one is their tenant's.
    #[must_use]
    pub fn of(self, service: Service) -> Self {
        match service {
            Service::Phone => self,
            Service::CallApp => Self::ConfigureValetUser,
        }
    }

    /// Whether the call sets people up.
    #[must_use]
    pub fn sets_up(self) -> bool {
        self != Self::UpdateUserDetails
    }

    /// Whether the call has a place for a field.
    #[must_use]
    pub fn carries(self, field: Field) -> bool {
        self != Self::UpdateUserDetails || !field.is_of_configure_user()
    }
}
