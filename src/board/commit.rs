//! A version of the manifests, as views show it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moments::moment_or_none;
use crate::model::Revision;

/// A version of the manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// The commit.
    pub commit: String,
    /// Who made it.
    pub author: Option<String>,
    /// Whether files differ from it.
    pub edited: bool,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "moment_or_none")]
    pub at: Option<Timestamp>,
    /// The first line of its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who has signed it, where that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

impl From<&Revision> for Commit {
    fn from(revision: &Revision) -> Self {
        Self {
            commit: revision.commit.clone(),
            author: Some(revision.author.clone()),
            edited: revision.edited,
            at: revision.at,
            subject: revision.subject.clone(),
            signer: revision.signer.clone(),
        }
    }
}
