//! Which of several services that share a journal leads, as views show it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moments::moment;
use crate::{
    foreign::line,
    model::{Leader, Standing, VersionInForce},
    words::time,
};

/// Whether a service leads that shares its journal with others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LeadRow {
    /// Whether it leads: it alone does the passes. Otherwise it stands by.
    pub leads: bool,
    /// Who leads, as it last heard. Absent while nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<LeaderRow>,
    /// That it leads and waits, because its manifests may be older than those in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<BehindRow>,
}

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeaderRow {
    /// The machine.
    pub host: String,
    /// The process there.
    pub process: u32,
    /// The version of its program.
    pub version: String,
    /// Since when it leads.
    #[schemars(schema_with = "moment")]
    pub since: Timestamp,
    /// Until when that counts at least, by the database's clock; it is renewed before.
    #[schemars(schema_with = "moment")]
    pub until: Timestamp,
}

/// Why a leader waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BehindRow {
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// Since when.
    #[schemars(schema_with = "moment")]
    pub since: Timestamp,
}

impl From<&Standing> for LeadRow {
    fn from(standing: &Standing) -> Self {
        match standing {
            Standing::Leads { own, .. } => {
                Self { leads: true, leader: Some(own.into()), behind: None }
            }
            Standing::StandsBy(leader) => {
                let leader = leader.as_ref().map(LeaderRow::from);
                Self { leads: false, leader, behind: None }
            }
        }
    }
}

impl From<&Leader> for LeaderRow {
    fn from(leader: &Leader) -> Self {
        let Leader { host, process, version, since, until } = leader.clone();
        Self { host, process, version, since, until }
    }
}

impl BehindRow {
    /// A leader waits, because this version is in force and its own is another one. `is_read_again`:
    /// its sources can vouch for their age, and are asked.
    #[must_use]
    pub fn new(newest: &VersionInForce, is_read_again: bool, since: Timestamp) -> Self {
        let VersionInForce { commit, at, host, is_older } = newest;
        let commit = commit.as_deref().map(|commit| format!(" of {}", short(commit)));
        let which = if *is_older { "are older than" } else { "are not" };
        let reason = format!(
            "the manifests here {which} those{} that {} put in force at {}",
            commit.unwrap_or_default(),
            line(host),
            time(*at)
        );
        let hint = if is_read_again || !is_older {
            "nothing is written until two reads of the sources here, `run.poll` apart, say the same"
        } else {
            "nothing is written until the folder here is brought up to date; if it says what you \
                want, commit it again"
        };
        Self { reason, hint: hint.to_owned(), since }
    }
}

/// The beginning of a commit's name.
fn short(commit: &str) -> String {
    line(commit.get(..12).unwrap_or(commit))
}

impl LeadRow {
    /// In a few words: that it leads, or who does.
    #[must_use]
    pub fn in_words(&self) -> String {
        match (&self.leader, self.leads) {
            (_, true) => "leads".to_owned(),
            (Some(leader), false) => {
                format!("stands by: {}, process {}, leads", line(&leader.host), leader.process)
            }
            (None, false) => "stands by: nobody leads yet".to_owned(),
        }
    }
}
