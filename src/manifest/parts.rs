//! What documents of all kinds have.

use serde::{Deserialize, Deserializer, de::Error};

use crate::model::TenantName;

/// The version that documents name.
pub(super) const API_VERSION: &str = "dialplane/v1";

pub(super) fn name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TenantName>, D::Error> {
    parsed(deserializer, TenantName::parse)
}

/// Reads a text by its parser.
pub(super) fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    parse(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

pub(super) fn constant(value: &str) -> schemars::Schema {
    schemars::json_schema!({ "const": value })
}

pub(super) fn api_version(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    constant(API_VERSION)
}
