//! A request: an order that was given, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CarriedPlan, Order};
use crate::{model::Suspension, words::time};

/// An order that was given, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The version of this shape.
    pub version: u32,
    /// `Request`.
    pub kind: String,
    /// By which it is asked for.
    pub id: String,
    /// `reconcile`, `suspend`, `resume`, `stop` or `undo`.
    pub order: String,
    /// The tenant that it is about; absent if that is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How far it is.
    pub state: RequestState,
    /// What became of it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do, if it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The run under which the journal has it, if it is kept there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The passes that served it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<PassMade>,
    /// Branches and tenants of which the newest version is not in force, each with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<String>,
    /// The tenants whose pass it still waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// What became of each tenant of an undo, in the order of its plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<CarriedPlan>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestState {
    /// The service has not heard of it yet.
    Asked,
    /// It is under way.
    Taken,
    /// It is done.
    Done,
    /// It was refused: nothing was done.
    Refused,
}

/// A pass that served a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PassMade {
    /// The tenant.
    pub tenant: String,
    /// The run, as journal and log call it.
    pub run: String,
    /// How it ended: `done`, `held`, `failed` or `waits`.
    pub ending: String,
    /// When.
    pub at: Timestamp,
}

impl Request {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;

    /// An order that was given now.
    #[must_use]
    pub fn new(id: String, order: &Order, by: String, at: Timestamp) -> Self {
        Self {
            version: Self::VERSION,
            kind: "Request".to_owned(),
            id,
            order: order.verb().to_owned(),
            tenant: order.tenant().map(ToString::to_string),
            by,
            at,
            state: RequestState::Asked,
            message: None,
            hint: None,
            run: None,
            passes: Vec::new(),
            behind: Vec::new(),
            waiting: Vec::new(),
            carried: Vec::new(),
        }
    }

    /// Whether nothing more becomes of it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.state, RequestState::Done | RequestState::Refused)
    }

    /// It is done, and this is to be said of it.
    pub fn done(&mut self, message: impl Into<String>) {
        self.state = RequestState::Done;
        self.message = Some(message.into());
    }

    /// Its tenant is suspended.
    pub fn suspended(&mut self, until: Option<Timestamp>) {
        let until = until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
        let tenant = self.tenant.clone().unwrap_or_default();
        self.done(format!("{tenant} is suspended{until}: it is planned, and nothing is written"));
    }

    /// Its tenant goes on. `before` is the suspension that is over, if there was one: without it
    /// nothing is on record.
    pub fn resumed(&mut self, before: Option<&Suspension>) {
        let tenant = self.tenant.clone().unwrap_or_default();
        if let Some(before) = before {
            self.done(format!("{tenant} goes on; it was suspended {before}"));
        } else {
            self.run = None;
            self.done(format!("{tenant} was not suspended"));
        }
    }

    /// Nothing was done.
    pub fn refuse(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.state = RequestState::Refused;
        self.message = Some(message.into());
        self.hint = Some(hint.into());
    }
}
