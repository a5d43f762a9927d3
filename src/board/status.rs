//! The status: the board at one moment, as it is written into the status file and served.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::{
    Applied, Commit, LeadRow, Need, TenantRow,
    moments::{moment, moment_or_none},
};
use crate::words::{all_clauses, many};

/// The service at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The version of this shape.
    pub version: u32,
    /// The process.
    pub process: u32,
    /// When it began.
    #[schemars(schema_with = "moment")]
    pub started: Timestamp,
    /// When this was written.
    #[schemars(schema_with = "moment")]
    pub at: Timestamp,
    /// Until when it counts; a service that is alive writes a new one before.
    #[schemars(schema_with = "moment")]
    pub until: Timestamp,
    /// Whether the service has ended in order. Nothing is due any more.
    pub ended: bool,
    /// Why somebody has to look at the service as a whole. Tenants have their own.
    pub needs: Vec<Need>,
    /// The manifests.
    pub manifests: Manifests,
    /// Why nothing new begins: the journal cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_away: Option<String>,
    /// That nothing is written to any service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Halt>,
    /// Which of several services that share the journal leads. Absent of the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<LeadRow>,
    /// The receivers of notices, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<ReceiverRow>,
    /// What passes have sent lately. It is told to those who ask for it, and is in no view.
    #[serde(skip)]
    #[schemars(skip)]
    pub applied: Vec<Arc<Applied>>,
    /// The tenants: those in force by name, then those that have no version in force.
    pub tenants: Vec<Arc<TenantRow>>,
}

/// A receiver of notices, since the service began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReceiverRow {
    /// What the settings call it.
    pub name: String,
    /// What it is to be told and has not taken yet.
    pub undelivered: usize,
    /// When it last took a notice.
    #[schemars(schema_with = "moment_or_none")]
    pub last_delivery: Option<Timestamp>,
    /// Notices that it took.
    pub delivered: u64,
    /// Tries that it did not take.
    pub failed: u64,
    /// Whether it wants no notices any more: it has answered 410.
    pub gone: bool,
}

/// What is known of the manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Manifests {
    /// Mistakes in those that were looked at last.
    pub errors: usize,
    /// When they last changed what is in force. Absent before they were read.
    #[schemars(schema_with = "moment_or_none")]
    pub taken_at: Option<Timestamp>,
    /// Which version is in force, where git knows it.
    pub revision: Option<Commit>,
    /// The branches that are followed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceRow>,
}

/// A branch that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    /// What the source is called.
    pub name: String,
    /// The branch.
    pub branch: String,
    /// Its commit that is in force. Absent while nothing of it is.
    pub revision: Option<Commit>,
    /// When the server last said where the branch is.
    #[schemars(schema_with = "moment_or_none")]
    pub heard_at: Option<Timestamp>,
    /// Why the newest commit is not in force.
    pub trouble: Option<SourceTrouble>,
}

/// Why the newest commit of a branch is not in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceTrouble {
    /// What kind of trouble it is: `away`, `branch-gone`, `folder-gone`, `unsigned`, `rewritten`,
    /// `secret` or `cache`.
    pub code: String,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// Since when.
    #[schemars(schema_with = "moment")]
    pub since: Timestamp,
    /// From when on somebody has to look at it: a server may come back by itself.
    #[schemars(schema_with = "moment")]
    pub matters_from: Timestamp,
}

/// That the stop switch is on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Halt {
    /// What stops everything; who, when and why, as far as that is known.
    pub message: String,
    /// How it is let go.
    pub hint: String,
    /// Who.
    pub by: Option<String>,
    /// Since when.
    #[schemars(schema_with = "moment_or_none")]
    pub at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

impl Status {
    /// The version that this program writes.
    pub const VERSION: u32 = 2;

    /// The schema of what is served at `/status` and kept in the status file.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        let settings = SchemaSettings::draft2020_12();
        let generator = settings.for_serialize().into_generator();
        let mut schema = generator.into_root_schema_for::<Self>();
        schema.insert("title".to_owned(), "Dialplane status".into());
        schema.into()
    }

    /// The tenants that somebody has to look at.
    pub fn in_need(&self) -> impl Iterator<Item = &TenantRow> {
        self.tenants.iter().map(Arc::as_ref).filter(|row| !row.needs.is_empty())
    }

    /// Whether anybody is needed, for the service or for a tenant.
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        !self.needs.is_empty() || self.in_need().next().is_some()
    }

    /// Whether this service acts by the manifests that it has read.
    #[must_use]
    pub fn carries_out(&self) -> bool {
        !self.stands_by() && self.lead.as_ref().is_none_or(|lead| lead.behind.is_none())
    }

    /// Whether another service does the passes.
    #[must_use]
    pub fn stands_by(&self) -> bool {
        self.lead.as_ref().is_some_and(|lead| !lead.leads)
    }

    /// How the service is, in one line that names nobody.
    #[must_use]
    pub fn summary(&self) -> String {
        if let Some(lead) = self.lead.as_ref().filter(|lead| !lead.leads) {
            let mut parts = vec![lead.in_words()];
            parts.extend(self.needs.iter().map(|need| need.words().to_owned()));
            return all_clauses(parts);
        }
        let all = self.tenants.len();
        let well = self.tenants.iter().filter(|row| row.is_well()).count();
        let mut parts: Vec<String> =
            self.needs.iter().map(|need| need.words().to_owned()).collect();
        let is_read = self.manifests.taken_at.is_some();
        parts.extend(match all {
            0 if is_read => None,
            0 => Some("no manifests were read yet".to_owned()),
            _ => Some(format!("{well} of {} as the manifests want", many(all, "tenant"))),
        });
        let in_need = self.in_need().count();
        parts.extend((in_need > 0).then(|| format!("somebody is needed for {in_need}")));
        all_clauses(parts)
    }

    /// Whether it leads and waits, because its manifests may be older than those in force.
    fn is_behind(&self) -> bool {
        self.lead.as_ref().is_some_and(|lead| lead.behind.is_some())
    }

    /// Finds out whether somebody is needed for the service as a whole.
    pub(super) fn judge(&mut self) {
        let at = self.at;
        let matters = |trouble: &SourceTrouble| trouble.matters_from <= at;
        let is_in_need = |source: &SourceRow| source.trouble.as_ref().is_some_and(matters);
        self.needs = [
            (Need::Stopped, self.stop.is_some()),
            (Need::Journal, self.journal_away.is_some()),
            (Need::Manifests, self.manifests.errors > 0),
            (Need::Source, self.manifests.sources.iter().any(is_in_need) || self.is_behind()),
            // Such as a volume that is not mounted.
            (Need::Empty, self.manifests.taken_at.is_some() && self.tenants.is_empty()),
        ]
        .into_iter()
        .filter_map(|(need, applies)| applies.then_some(need))
        .collect();
    }
}
