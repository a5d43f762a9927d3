//! Live state: what one observation returned. It is already a little old when it is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountName, Details, ExtensionPrefix, Field, LiveSource, TenantId, TenantName, Upn, UserId, Value};

/// A tenant as readers and writers address it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRef {
    /// The name in reports.
    pub name: TenantName,
    /// The Microsoft tenant.
    pub id: TenantId,
    /// What the platform shows before a short extension.
    pub extension_prefix: Option<ExtensionPrefix>,
    /// The account at the service that manages it; the only one if absent.
    pub account: Option<AccountName>,
    /// Where its live state is read.
    pub live: LiveSource,
    /// Whether Graph is asked as well, to confirm that Teams shows it.
    pub confirm: bool,
}

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
    pub users: BTreeMap<Upn, LiveUser>,
    /// What Teams itself shows beside it.
    pub confirmation: Confirmation,
}

/// What Teams itself shows, where a tenant asks for it beside the service. It confirms, and decides nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It could not be read, for this reason.
    Failed(String),
    /// These users, and whether they are all.
    Seen(BTreeMap<Upn, LiveUser>, Coverage),
}

/// A user as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveUser {
    /// Who, in the service's spelling.
    pub upn: Upn,
    /// The identity that outlives a change of name (contract 12: the Entra object id), if the reader shows it.
    pub id: Option<UserId>,
    /// Whether calling is on.
    pub calling: LiveCalling,
    /// What was observed of the fields; a field that is absent was not in the answer.
    pub details: BTreeMap<Field, Observed>,
}

impl LiveUser {
    /// The observed values, for an update that must repeat what it does not change.
    #[must_use]
    pub fn known(&self) -> Details {
        self.details
            .iter()
            .filter_map(|(field, observed)| match observed {
                Observed::Set(value) => Some((*field, value.clone())),
                Observed::Unset | Observed::Unreadable(_) => None,
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

/// What an answer said of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Observed {
    /// This value.
    Set(Value),
    /// Explicitly nothing.
    Unset,
    /// Something that is not of the field's kind; the text is cut to a readable length.
    Unreadable(String),
}

/// Whether the customer consented to provisioning by the provider. The service itself demands both indicators (contract 2.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Consent {
    /// Both indicators say yes.
    Granted,
    /// Both say no.
    Missing,
    /// They disagree, which the service treats as no.
    Disagrees {
        /// `canResellerManageEnterpriseProvisioning`.
        flag: bool,
        /// `consentsByEnterprise` has `EnterpriseManagement`.
        listed: bool,
    },
    /// The tenant is written with a token of the customer's own instead of the provider's consent (contract 2.4), and that token
    /// cannot be used; the text says why.
    TokenUnusable(String),
}

impl Consent {
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
