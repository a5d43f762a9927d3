//! The `consentLink` row: how the service is asked for a link that a customer's admin follows to
//! give consent (contract 6.12).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{
    body::BodyFormat,
    endpoint::{Endpoint, Method},
    problem::RowProblem,
};
use crate::yaml;

/// How a link is asked for, and where it is in the answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenLink")]
pub struct ConsentLink {
    /// The call itself.
    pub call: Endpoint,
    /// Where the link is in an answer: a JSON Pointer. Without it, the only link that the
    /// answer holds.
    pub url: Option<String>,
}

/// As settings write it. Path and method are documented; of the body only one name is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ConsentLink")]
struct WrittenLink {
    #[serde(default, deserialize_with = "yaml::some")]
    method: Option<Method>,
    #[serde(default, deserialize_with = "yaml::some")]
    path: Option<String>,
    body: BodyFormat,
    #[serde(default, deserialize_with = "yaml::some")]
    url: Option<String>,
}

impl JsonSchema for ConsentLink {
    fn schema_name() -> Cow<'static, str> {
        WrittenLink::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WrittenLink::json_schema(generator)
    }
}

impl From<WrittenLink> for ConsentLink {
    fn from(row: WrittenLink) -> Self {
        let call = Endpoint {
            method: row.method.unwrap_or(Method::Post),
            path: row.path.unwrap_or_else(|| "/enterprise/getActionItemUrl".to_owned()),
            body: row.body,
            accept: None,
        };
        Self { call, url: row.url }
    }
}

impl AsRef<Endpoint> for ConsentLink {
    fn as_ref(&self) -> &Endpoint {
        &self.call
    }
}

impl ConsentLink {
    /// What is wrong with it beyond its call.
    pub(super) fn problems(&self) -> Vec<RowProblem> {
        let mut problems = Vec::new();
        if !matches!(self.call.body, BodyFormat::Template(_)) {
            let what = "the body says which link is meant: a mapping with `actionType`, and with \
                {tenantId} or {enterpriseId}";
            problems.push(RowProblem::at(&["body"], what));
        } else if !self.call.names("tenantId") && !self.call.names("enterpriseId") {
            let what = "the call does not say whose consent is meant: it needs {tenantId} or \
                {enterpriseId}";
            problems.push(RowProblem::at(&["body"], what));
        }
        if let Some(url) = self.url.as_ref().filter(|url| !url.is_empty() && !url.starts_with('/'))
        {
            let what = format!("`url`: `{url}` is not a JSON Pointer; it starts with `/`");
            problems.push(RowProblem::at(&["url"], what));
        }
        problems
    }
}
