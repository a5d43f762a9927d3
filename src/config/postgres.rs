//! The database that machines share.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::SecretSource;

/// The longest name that PostgreSQL keeps whole.
const LONGEST: usize = 63;

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
}

impl Postgres {
    fn default_schema() -> String {
        "dialplane".to_owned()
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
        if is_name {
            return Vec::new();
        }
        let message = format!(
            "`schema` is `{}`; lower case letters, digits and `_` are expected, {LONGEST} at most, \
                and neither a digit nor `pg_` at the beginning",
            self.schema
        );
        vec![("schema", message)]
    }
}
