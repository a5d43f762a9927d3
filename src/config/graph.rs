//! The application that reads Microsoft Graph (contract 12).

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    SecretSource, default_retry_pause,
    span::{self, Span},
};

/// An application registered by the provider; each customer's admin lets it in once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Graph {
    /// The application (client) id of the registration.
    pub client_id: String,
    /// One of its client secrets.
    pub client_secret: SecretSource,
    /// Where Graph is.
    #[serde(default = "Graph::default_base_url")]
    pub base_url: String,
    /// Where tokens are given out.
    #[serde(default = "Graph::default_login_url")]
    pub login_url: String,
    /// Users a page that are asked for; Graph may send fewer.
    #[serde(default = "Graph::default_page_size")]
    pub page_size: u32,
    /// How long one call may take.
    #[serde(default = "Graph::default_timeout", with = "span")]
    #[schemars(with = "Span")]
    pub timeout: Duration,
    /// How long it waits before it repeats a read that failed; the second time, twice as long.
    #[serde(default = "default_retry_pause", with = "span")]
    #[schemars(with = "Span")]
    pub retry_pause: Duration,
}

impl Graph {
    fn default_base_url() -> String {
        "https://graph.microsoft.com".to_owned()
    }

    fn default_login_url() -> String {
        "https://login.microsoftonline.com".to_owned()
    }

    fn default_page_size() -> u32 {
        500
    }

    fn default_timeout() -> Duration {
        Duration::from_secs(60)
    }

    /// What is wrong with it beyond its types, each with its key.
    pub(super) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if self.client_id.is_empty() || !self.client_id.bytes().all(plain) {
            problems.push((
                "clientId",
                format!(
                    "`clientId` is `{}`; the id of the application's registration is expected",
                    self.client_id
                ),
            ));
        }
        if !(1..=999).contains(&self.page_size) {
            problems.push((
                "pageSize",
                format!("`pageSize` is {}; 1 to 999 users a page are possible", self.page_size),
            ));
        }
        problems
    }
}
