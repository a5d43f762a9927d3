//! What a change does, in three ways: what it causes first, and beside it what it does not.

mod github;
mod json;
mod markdown;
mod text;
mod words;

use jiff::Timestamp;

use super::Mistake;
use crate::plan::review::LeftOut;

pub use github::github as review_github;
pub use json::{json as review_json, json_schema as review_json_schema};
pub use markdown::markdown as review_markdown;
pub use text::text as review_text;
pub use words::lacks;

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
    /// When that was observed: the oldest of it.
    #[schemars(with = "Option<String>")]
    pub observed: Option<Timestamp>,
    /// How many commits of `base` the change lacks: what they say counts as taken back. Nothing if
    /// that cannot be told.
    pub lacks: Option<u64>,
    /// What is wrong in the manifests with the change. What they ask for there is in no part.
    pub mistakes: Vec<Mistake>,
    /// Whether the configuration changes too, which is not part of what is shown.
    pub configuration_changes: bool,
    /// Whether drift of tenants that the change does not concern is only counted.
    pub changed_only: bool,
    /// What is left out because some tenants or users were asked for; absent if it is the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}
