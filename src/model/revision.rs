//! Which version of the manifests is in force.

use std::fmt;

use jiff::Timestamp;

/// A version of the manifests, as git knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// The commit that was checked out.
    pub commit: String,
    /// Who made it: name and address.
    pub author: String,
    /// Whether files among the manifests differed from it.
    pub edited: bool,
    /// When it was made, if that is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The first line of its message, cut short, if that is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who has signed it, where that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.commit.get(..12).unwrap_or(&self.commit);
        let edited = if self.edited { ", edited since" } else { "" };
        write!(f, "{short} by {}{edited}", self.author)?;
        self.signer.as_ref().map_or(Ok(()), |signer| write!(f, ", signed by {signer}"))
    }
}
