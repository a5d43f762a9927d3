//! The keys of users, of defaults and of policies: one table, from the table of [`Field`]s.

use std::sync::LazyLock;

use serde::{Deserializer, de::DeserializeSeed};

use crate::{
    model::Field,
    words::list,
    yaml::{HINT, SECRET, text},
};

/// Keys that hold secrets at the API (contract 4.3); refused with words of their own.
const SECRET_KEYS: [&str; 3] = ["password", "portalPassword", "provisioningPassword"];

/// What a key means.
#[derive(Debug, Clone, Copy)]
pub(super) enum ManifestKey {
    Upn,
    Calling,
    Site,
    Reason,
    From,
    Until,
    Onboard,
    SecretsFrom,
    Service,
    Policy,
    Field(Field),
}

/// Where keys are read: they differ in what they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyScope {
    User,
    Defaults,
    Policy,
}

pub(super) const POLICY: &str = "callPolicy";
pub(super) const UPN: &str = "userPrincipalName";
pub(super) const CALLING: &str = "calling";
pub(super) const SITE: &str = "site";
pub(super) const REASON: &str = "reason";
pub(super) const FROM: &str = "from";
pub(super) const UNTIL: &str = "until";
pub(super) const ONBOARD: &str = "onboard";
pub(super) const SECRETS_FROM: &str = "secretsFrom";
pub(super) const SERVICE: &str = "service";

type KeyTable = Vec<(&'static str, ManifestKey)>;

impl KeyScope {
    /// The keys that are known here.
    pub(super) fn keys(self) -> &'static KeyTable {
        static KEYS: LazyLock<[KeyTable; 3]> = LazyLock::new(|| {
            [KeyScope::User, KeyScope::Defaults, KeyScope::Policy].map(KeyScope::table)
        });
        let [user, defaults, policy] = &*KEYS;
        match self {
            Self::User => user,
            Self::Defaults => defaults,
            Self::Policy => policy,
        }
    }

    fn table(self) -> KeyTable {
        let own: &[(&'static str, ManifestKey)] = match self {
            Self::User => &[
                (UPN, ManifestKey::Upn),
                (CALLING, ManifestKey::Calling),
                (SITE, ManifestKey::Site),
                (REASON, ManifestKey::Reason),
                (FROM, ManifestKey::From),
                (UNTIL, ManifestKey::Until),
                (ONBOARD, ManifestKey::Onboard),
                (SECRETS_FROM, ManifestKey::SecretsFrom),
                (SERVICE, ManifestKey::Service),
                (POLICY, ManifestKey::Policy),
            ],
            Self::Defaults => &[
                (SITE, ManifestKey::Site),
                (ONBOARD, ManifestKey::Onboard),
                (SECRETS_FROM, ManifestKey::SecretsFrom),
                (SERVICE, ManifestKey::Service),
                (POLICY, ManifestKey::Policy),
            ],
            Self::Policy => &[],
        };
        let fields = Field::ALL.into_iter().filter_map(|field| {
            match (self, field.name().strip_prefix("callPolicy.")) {
                (Self::Policy, Some(name)) => Some((name, ManifestKey::Field(field))),
                (Self::User | Self::Defaults, None) => {
                    Some((field.name(), ManifestKey::Field(field)))
                }
                _ => None,
            }
        });
        own.iter().copied().chain(fields).collect()
    }
}

impl KeyScope {
    /// What a key means here, or why it cannot be here.
    fn key(self, text: &str) -> Result<ManifestKey, String> {
        if SECRET_KEYS.contains(&text) {
            return Err(format!(
                "{SECRET}`{text}` is a secret: secrets do not belong in manifests and are not \
                    managed{HINT}remove the key, and change the secret: it is in the \
                    repository's history"
            ));
        }
        if self == Self::Defaults && text == Field::PhoneNumber.name() {
            return Err(format!(
                "`{text}` cannot be a default: every user would get the same number{HINT}give \
                    each user a number"
            ));
        }
        if self == Self::Defaults && text == CALLING {
            return Err(format!("`{text}` cannot be a default{HINT}say `{text}` at each user"));
        }
        let keys = self.keys();
        if let Some((_, key)) = keys.iter().find(|(name, _)| *name == text) {
            return Ok(*key);
        }
        let possible = keys
            .iter()
            .filter(|(name, _)| self != Self::Defaults || *name != Field::PhoneNumber.name());
        let known = list(possible.map(|(name, _)| format!("`{name}`")));
        // The wording is serde's own, so unknown keys of all types are explained alike.
        Err(format!("unknown field `{text}`, expected one of {known}"))
    }
}

impl<'de> DeserializeSeed<'de> for KeyScope {
    type Value = ManifestKey;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ManifestKey, D::Error> {
        text(deserializer, |text| self.key(text))
    }
}
