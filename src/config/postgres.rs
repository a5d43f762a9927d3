//! The database that machines share.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    SecretSource,
    span::{self, Span},
};
use crate::words::duration;

/// The longest name that PostgreSQL keeps whole.
const LONGEST: usize = 63;
/// A shorter term would end while the database answers slowly.
const SHORTEST_TERM: Duration = Duration::from_secs(4);
/// A longer one would leave phones without anybody who looks after them.
const LONGEST_TERM: Duration = Duration::from_secs(60 * 60);

/// A PostgreSQL database that keeps the journal instead of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Postgres {
    /// Its address with user and password: `postgres://USER:PASSWORD@HOST/DATABASE`, several hosts
    /// with commas between them.
    pub url: SecretSource,
    /// The certificates (PEM) that vouch for the server; absent: those of the system.
    #[serde(default)]
    pub root_certificate: Option<PathBuf>,
    /// The schema of the database that its tables are in.
    #[serde(default = "Postgres::default_schema")]
    pub schema: String,
    /// How long after the last sign of life of the service that leads another one takes over.
    #[serde(with = "span", default = "Postgres::default_takeover")]
    #[schemars(with = "Span")]
    pub takeover: Duration,
}

impl Postgres {
    fn default_schema() -> String {
        "dialplane".to_owned()
    }

    /// Of those who say nothing.
    #[must_use]
    pub fn default_takeover() -> Duration {
        Duration::from_secs(60)
    }

    /// What is wrong with it beyond its types, each with its key.
    pub(super) fn problems(&self) -> Vec<(&'static str, String)> {
        let of_a_name =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let name = self.schema.as_bytes();
        let is_name = name.first().is_some_and(|byte| !byte.is_ascii_digit())
            && name.len() <= LONGEST
            && name.iter().copied().all(of_a_name)
            && !self.schema.starts_with("pg_");
        let name = (!is_name).then(|| self.wrong_name());
        let term = (!(SHORTEST_TERM..=LONGEST_TERM).contains(&self.takeover)).then(|| {
            let is = duration(self.takeover);
            let least = duration(SHORTEST_TERM);
            let most = duration(LONGEST_TERM);
            ("takeover", format!("`takeover` is {is}; {least} to {most} are possible"))
        });
        name.into_iter().chain(term).collect()
    }

    fn wrong_name(&self) -> (&'static str, String) {
        let message = format!(
            "`schema` is `{}`; lower case letters, digits and `_` are expected, {LONGEST} at most, \
                and neither a digit nor `pg_` at the beginning",
            self.schema
        );
        ("schema", message)
    }
}
