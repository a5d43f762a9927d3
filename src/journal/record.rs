//! The journal's lines: one JSON object each. The format is its own, so renaming a type does
//! not change old journals.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::value::{WrittenBefore, WrittenValue, field, pair, read_before, source, write_before};
use crate::model::{
    Details, Entry, Event, Fault, FaultKind, Fingerprint, Landing, Managed, Origin, PartOf, PassId,
    Revision, RunId, StepOutcome, TenantId, TenantName, Upn, UserId, Verb,
};

/// The newest format of a line. A higher number in a file means that a newer program wrote it.
pub(super) const VERSION: u32 = 2;

/// The format of an event: the first that has it, so an older program reads all that it can,
/// and takes no line of ours for a damaged one.
fn format_of(event: &Event) -> u32 {
    match event {
        Event::Accepted | Event::Suspended { .. } | Event::Resumed { .. } => 2,
        _ => 1,
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JournalLine {
    pub(super) v: u32,
    at: Timestamp,
    run: String,
    tenant: String,
    tenant_id: String,
    #[serde(flatten)]
    event: EventLine,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum EventLine {
    Began {
        steps: usize,
        /// Absent in older journals, as the plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<Revision>,
        /// Absent in older journals, and where nobody was at hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Absent in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<String>,
        /// Absent where nothing is taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<String>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        plan: String,
    },
    Approved {
        approval: String,
        plan: String,
    },
    Intent {
        user: String,
        verb: Verb,
        details: Vec<(String, WrittenValue)>,
        /// Absent in older journals.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        before: WrittenBefore,
        /// Absent in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<WrittenOrigin>,
    },
    Outcome {
        user: String,
        verb: Verb,
        outcome: WrittenOutcome,
        message: Option<String>,
        /// Whether the service may have been asked and have refused. Absent in older journals.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        refused: bool,
    },
    Accepted,
    Syncing,
    Synced,
    NotSynced {
        lost: bool,
        /// Absent in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unclear: Option<u32>,
        reason: String,
    },
    NothingSent,
    Decided {
        users: Vec<String>,
    },
    Landed {
        users: Vec<WrittenLanding>,
    },
    Managed {
        users: Vec<WrittenManaged>,
    },
    Vanished {
        users: Vec<String>,
    },
    Counted {
        users: usize,
        by: String,
    },
    Suspended {
        by: String,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Resumed {
        by: String,
    },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WrittenOutcome {
    Accepted,
    Failed,
    Unknown,
    NotTried,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenOrigin {
    file: String,
    line: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenLanding {
    user: String,
    calling: bool,
    fields: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenManaged {
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// Why a line gives no entry.
pub(super) enum LineError {
    /// A newer program wrote it; its format.
    Newer(u32),
    /// This is wrong with it.
    Damaged(String),
}

/// The format of a line, or of anything that says it as `v`.
pub(super) fn version(text: &str) -> serde_json::Result<u32> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    serde_json::from_str(text).map(|Version { v }| v)
}

/// The entry that a line says.
pub(super) fn read(line: &str) -> Result<Entry, LineError> {
    // The parser's words without its place: it counts from the start of the line, which it calls
    // line 1.
    let why = |error: serde_json::Error| {
        error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
    };
    let damaged = |error| LineError::Damaged(why(error));
    let version = version(line).map_err(damaged)?;
    if version > VERSION {
        return Err(LineError::Newer(version));
    }
    serde_json::from_str::<JournalLine>(line).map_err(damaged)?.entry().map_err(LineError::Damaged)
}

impl From<&Entry> for JournalLine {
    fn from(entry: &Entry) -> Self {
        let event = match &entry.event {
            Event::Began { steps, revision, by, part_of, plan } => EventLine::Began {
                steps: *steps,
                revision: revision.clone(),
                by: by.clone(),
                pass: part_of.as_ref().map(|part_of| part_of.pass.to_string()),
                undoes: part_of.as_ref().and_then(|part_of| part_of.undoes.clone()),
                plan: plan.clone(),
            },
            Event::Approved { approval, plan } => {
                EventLine::Approved { approval: approval.to_string(), plan: plan.to_string() }
            }
            Event::Intent { user, verb, details, before, origin } => {
                let details = details
                    .iter()
                    .map(|(field, value)| (field.name().to_owned(), value.into()))
                    .collect();
                let before = write_before(before);
                let origin = origin.as_ref().map(|Origin { file, line }| WrittenOrigin {
                    file: file.to_string(),
                    line: *line,
                });
                EventLine::Intent { user: user.to_string(), verb: *verb, details, before, origin }
            }
            Event::Outcome { user, verb, outcome } => {
                let refused =
                    matches!(outcome, StepOutcome::Failed(fault) if fault.kind.may_be_an_answer());
                let (outcome, message) = match outcome {
                    StepOutcome::Accepted => (WrittenOutcome::Accepted, None),
                    StepOutcome::Failed(fault) => {
                        (WrittenOutcome::Failed, Some(fault.message.clone()))
                    }
                    StepOutcome::Unknown(fault) => {
                        (WrittenOutcome::Unknown, Some(fault.message.clone()))
                    }
                    StepOutcome::NotTried(reason) => {
                        (WrittenOutcome::NotTried, Some(reason.clone()))
                    }
                };
                EventLine::Outcome {
                    user: user.to_string(),
                    verb: *verb,
                    outcome,
                    message,
                    refused,
                }
            }
            Event::Accepted => EventLine::Accepted,
            Event::Syncing => EventLine::Syncing,
            Event::Synced => EventLine::Synced,
            Event::NotSynced { lost, unclear, reason } => {
                EventLine::NotSynced { lost: *lost, unclear: *unclear, reason: reason.clone() }
            }
            Event::NothingSent => EventLine::NothingSent,
            Event::Counted { users, by } => {
                EventLine::Counted { users: *users, by: by.name().to_owned() }
            }
            Event::Suspended { by, reason, until } => {
                EventLine::Suspended { by: by.clone(), reason: reason.clone(), until: *until }
            }
            Event::Resumed { by } => EventLine::Resumed { by: by.clone() },
            Event::Decided(users) => {
                EventLine::Decided { users: users.iter().map(ToString::to_string).collect() }
            }
            Event::Landed(landings) => {
                let landing = |landing: &Landing| WrittenLanding {
                    user: landing.user.to_string(),
                    calling: landing.calling,
                    fields: landing.fields.iter().map(|field| field.name().to_owned()).collect(),
                };
                EventLine::Landed { users: landings.iter().map(landing).collect() }
            }
            Event::Managed(managed) => {
                let id = |user: &Managed| user.id.as_ref().map(ToString::to_string);
                let user =
                    |user: &Managed| WrittenManaged { user: user.user.to_string(), id: id(user) };
                EventLine::Managed { users: managed.iter().map(user).collect() }
            }
            Event::Vanished(users) => {
                EventLine::Vanished { users: users.iter().map(ToString::to_string).collect() }
            }
        };
        Self {
            v: format_of(&entry.event),
            at: entry.at,
            run: entry.run.to_string(),
            tenant: entry.tenant.to_string(),
            tenant_id: entry.tenant_id.to_string(),
            event,
        }
    }
}

impl JournalLine {
    /// The entry again. `Err` says what of it is not understood.
    pub(super) fn entry(self) -> Result<Entry, String> {
        let event = match self.event {
            EventLine::Began { steps, revision, by, pass, undoes, plan } => {
                let part_of = pass.map(|pass| PartOf { pass: PassId::new(&pass), undoes });
                Event::Began { steps, revision, by, part_of, plan }
            }
            EventLine::Approved { approval, plan } => Event::Approved {
                approval: TenantName::parse(&approval)?,
                plan: Fingerprint::parse(&plan)?,
            },
            EventLine::Intent { user, verb, details, before, origin } => {
                let pairs: Result<Vec<_>, String> =
                    details.into_iter().map(|(name, value)| pair(&name, value)).collect();
                let origin =
                    origin.map(|WrittenOrigin { file, line }| Origin { file: file.into(), line });
                Event::Intent {
                    user: Upn::parse(&user)?,
                    verb,
                    details: Details::from_iter(pairs?),
                    before: read_before(before)?,
                    origin,
                }
            }
            EventLine::Outcome { user, verb, outcome, message, refused } => Event::Outcome {
                user: Upn::parse(&user)?,
                verb,
                outcome: outcome.with(message.unwrap_or_default(), refused),
            },
            EventLine::Accepted => Event::Accepted,
            EventLine::Syncing => Event::Syncing,
            EventLine::Synced => Event::Synced,
            EventLine::NotSynced { lost, unclear, reason } => {
                Event::NotSynced { lost, unclear, reason }
            }
            EventLine::NothingSent => Event::NothingSent,
            EventLine::Counted { users, by } => Event::Counted { users, by: source(&by)? },
            EventLine::Suspended { by, reason, until } => Event::Suspended { by, reason, until },
            EventLine::Resumed { by } => Event::Resumed { by },
            EventLine::Decided { users } => {
                Event::Decided(users.iter().map(|user| Upn::parse(user)).collect::<Result<_, _>>()?)
            }
            EventLine::Landed { users } => {
                Event::Landed(users.iter().map(landing).collect::<Result<_, String>>()?)
            }
            EventLine::Managed { users } => {
                Event::Managed(users.iter().map(managed).collect::<Result<_, String>>()?)
            }
            EventLine::Vanished { users } => Event::Vanished(
                users.iter().map(|user| Upn::parse(user)).collect::<Result<_, String>>()?,
            ),
        };
        let tenant = TenantName::parse(&self.tenant)?;
        let tenant_id = TenantId::parse(&self.tenant_id)?;
        Ok(Entry { at: self.at, run: RunId::new(&self.run), tenant, tenant_id, event })
    }
}

impl WrittenOutcome {
    fn with(self, message: String, refused: bool) -> StepOutcome {
        // Of a fault, the words are kept and whether it was an answer: what else it meant for its
        // run was decided then.
        match self {
            Self::Accepted => StepOutcome::Accepted,
            Self::Failed if refused => {
                StepOutcome::Failed(Fault::new(FaultKind::Rejected, message))
            }
            Self::Failed => StepOutcome::Failed(Fault::new(FaultKind::Unreachable, message)),
            Self::Unknown => StepOutcome::Unknown(Fault::new(FaultKind::NoAnswer, message)),
            Self::NotTried => StepOutcome::NotTried(message),
        }
    }
}

fn landing(written: &WrittenLanding) -> Result<Landing, String> {
    let WrittenLanding { user, calling, fields } = written;
    let fields: Result<Vec<_>, String> = fields.iter().map(|name| field(name)).collect();
    Ok(Landing { user: Upn::parse(user)?, calling: *calling, fields: fields? })
}

fn managed(written: &WrittenManaged) -> Result<Managed, String> {
    let id = written.id.as_deref().and_then(UserId::observed);
    Ok(Managed { user: Upn::parse(&written.user)?, id })
}

#[cfg(test)]
mod tests;
