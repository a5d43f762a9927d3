//! Accounts at the ConnecttoTeams service: who acts there, and for which tenants with a token of
//! their own.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Endpoints, SecretSource, UserSecrets, default_retry_pause,
    span::{self, Span},
};

/// The ConnecttoTeams service and the API admin who acts there (contract 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// Where the service is.
    #[serde(default = "Account::default_base_url")]
    pub base_url: String,
    /// The client id that the vendor's support gave out.
    pub client_id: String,
    /// The client secret that came with it.
    pub client_secret: SecretSource,
    /// The API admin's user name.
    pub username: String,
    /// The API admin's password.
    pub password: SecretSource,
    /// The reseller id; asked of the service if absent.
    pub reseller_id: Option<i64>,
    /// The resellers of tenants, by the tenants' names in manifests, where the service does not
    /// tell them right.
    #[serde(default)]
    pub reseller_of: BTreeMap<String, i64>,
    /// The endpoint table, row by row.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// How long one call may take.
    #[serde(default = "Account::default_timeout", with = "span")]
    #[schemars(with = "Span")]
    pub timeout: Duration,
    /// How long it waits before it repeats a read that failed; the second time, twice as long.
    #[serde(default = "default_retry_pause", with = "span")]
    #[schemars(with = "Span")]
    pub retry_pause: Duration,
    /// Where passwords of users come from who are set up, by the names that manifests have for
    /// them (`secretsFrom`).
    #[serde(default)]
    pub user_secrets: BTreeMap<String, UserSecrets>,
    /// The tenants, by their name in manifests, that are written with a token of their own.
    #[serde(default)]
    pub enterprises: BTreeMap<String, Enterprise>,
}

/// A tenant that is written with a token of its own and the Microsoft token set of one of its
/// Global Admins, instead of with the provider's token and the customer's consent (contract 2.3,
/// 2.4). Both are JSON, as the service and Microsoft gave them out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enterprise {
    /// The credentials of the enterprise: the file that `dialplane credentials regenerate` wrote.
    pub credentials: SecretSource,
    /// The Microsoft token set (MSAL object).
    pub msal: SecretSource,
}

impl Account {
    fn default_base_url() -> String {
        "https://api.connecttoteams.com".to_owned()
    }

    fn default_timeout() -> Duration {
        Duration::from_secs(60)
    }

    /// Where its secrets come from, each with its keys below the account and whether it is one
    /// line.
    pub fn sources(&self) -> impl Iterator<Item = (String, &SecretSource, bool)> {
        let own = [
            ("clientSecret".to_owned(), &self.client_secret, true),
            ("password".to_owned(), &self.password, true),
        ];
        let of_enterprises = self.enterprises.iter().flat_map(|(name, enterprise)| {
            [
                (format!("enterprises.{name}.credentials"), &enterprise.credentials, false),
                (format!("enterprises.{name}.msal"), &enterprise.msal, false),
            ]
        });
        own.into_iter().chain(of_enterprises)
    }

    /// Where its secrets come from, each with its keys below the account.
    pub fn sources_mut(&mut self) -> impl Iterator<Item = (Vec<&str>, &mut SecretSource)> {
        let own = [
            (vec!["clientSecret"], &mut self.client_secret),
            (vec!["password"], &mut self.password),
        ];
        let of_enterprises = self.enterprises.iter_mut().flat_map(|(name, enterprise)| {
            [
                (vec!["enterprises", name.as_str(), "credentials"], &mut enterprise.credentials),
                (vec!["enterprises", name.as_str(), "msal"], &mut enterprise.msal),
            ]
        });
        let of_users = self.user_secrets.iter_mut().flat_map(|(name, secrets)| {
            let below = move |field| vec!["userSecrets", name.as_str(), field];
            secrets.sources_mut().map(move |(field, source)| (below(field), source))
        });
        own.into_iter().chain(of_enterprises).chain(of_users)
    }
}
