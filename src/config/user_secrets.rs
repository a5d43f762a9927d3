//! Where the passwords of users come from who are set up (contract 4.3, 5.3): sources by the names of
//! the fields that they fill.
//!
//! **Invariant:** which program runs, or which file is read, is said in the settings alone. A manifest
//! only names one of these.

use schemars::JsonSchema;
use serde::Deserialize;

use super::SecretSource;

/// The passwords of users, each from a source of its own. `{userPrincipalName}` in a file's path or in
/// an argument of a command is the user's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UserSecrets {
    /// The SIP secret.
    pub password: Option<SecretSource>,
    /// The same once more, where the service asks for that.
    pub re_password: Option<SecretSource>,
    /// The password of the PBX portal.
    pub portal_password: Option<SecretSource>,
    /// The password by which devices are provisioned.
    pub provisioning_password: Option<SecretSource>,
}

impl UserSecrets {
    /// All that are given, each with the name of its field.
    pub fn sources(&self) -> impl Iterator<Item = (&'static str, &SecretSource)> {
        let Self { password, re_password, portal_password, provisioning_password } = self;
        let all = [
            ("password", password),
            ("rePassword", re_password),
            ("portalPassword", portal_password),
            ("provisioningPassword", provisioning_password),
        ];
        all.into_iter().filter_map(|(name, source)| Some((name, source.as_ref()?)))
    }

    /// The same, to be changed.
    pub(super) fn sources_mut(
        &mut self,
    ) -> impl Iterator<Item = (&'static str, &mut SecretSource)> {
        let Self { password, re_password, portal_password, provisioning_password } = self;
        let all = [
            ("password", password),
            ("rePassword", re_password),
            ("portalPassword", portal_password),
            ("provisioningPassword", provisioning_password),
        ];
        all.into_iter().filter_map(|(name, source)| Some((name, source.as_mut()?)))
    }
}
