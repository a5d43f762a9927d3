//! What a change does, in three ways: what it causes first, and beside it what it does not.

mod github;
mod json;
mod markdown;
mod text;
mod words;

pub use github::github as review_github;
pub use json::{json as review_json, json_schema as review_json_schema};
pub use markdown::markdown as review_markdown;
pub use text::text as review_text;

/// What was compared with what, as people call it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The manifests without the change.
    pub base: String,
    /// The manifests with it.
    pub head: String,
    /// Where live state is from; nothing if it was not compared with any.
    pub live: Option<String>,
    /// Whether drift of tenants that the change does not concern is only counted.
    pub changed_only: bool,
}
