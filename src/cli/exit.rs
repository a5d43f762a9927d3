//! How the program ends.

use std::{fmt, process::ExitCode};

use crate::{
    model::Fault,
    plan::{Plan, TenantPlan, render::Tally},
    words,
    yaml::Diagnostic,
};

/// How the program ends; the numbers are promised in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to do, or everything is done.
    Done,
    /// An error; also if nothing of what was asked for could be done.
    Error,
    /// Changes are pending; plans only.
    Changes,
    /// Something is held, a user is in need of attention, or it cannot be foreseen what a run would
    /// do; everything else is done.
    Held,
    /// A tenant could not be read, a step failed, or a sync is still owed.
    Partly,
    /// The answer to a step was lost and it is not known yet what became of it.
    Unknown,
    /// The service did not start because its configuration is wrong: to start it again is in vain.
    Configuration,
}

impl Exit {
    /// How a plan ends that was only to be shown. `with_drift`: what tenants in
    /// `mode: report` only show counts as a change.
    pub(super) fn of_plan(plan: &Plan, with_drift: bool) -> Self {
        let tally = Tally::of(plan);
        let drift = with_drift && tally.drift.steps() > 0;
        if tally.unread_tenants > 0 {
            Self::Error
        } else if tally.steps() + tally.sync > 0 || drift {
            Self::Changes
        } else if plan.tenants.iter().any(TenantPlan::needs_attention) {
            Self::Held
        } else {
            Self::Done
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Changes => 2,
            Exit::Held => 3,
            Exit::Partly => 4,
            Exit::Unknown => 5,
            // As `sysexits.h` has it.
            Exit::Configuration => 78,
        })
    }
}

/// Why a command could not be carried out, for the person who gave it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How the program ends because of it.
    pub(super) exit: Exit,
}

impl Failure {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self {
            message: words::system(message),
            hint: None,
            diagnostics: Vec::new(),
            exit: Exit::Error,
        }
    }

    /// The configuration of a service is wrong.
    pub(super) fn of_configuration(self) -> Self {
        Self { exit: Exit::Configuration, ..self }
    }

    /// The program ends in this way because of it.
    pub(super) fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    pub(super) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { hint: fault.hint, ..Self::new(fault.message) }
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self { diagnostics: error.diagnostics.clone(), ..Self::new(error) }
    }
}

impl From<crate::ports::HistoryError> for Failure {
    fn from(unreadable: crate::ports::HistoryError) -> Self {
        let hint = unreadable.hint;
        Self::new(unreadable).hint(hint)
    }
}

impl From<crate::journal::OpenError> for Failure {
    fn from(error: crate::journal::OpenError) -> Self {
        let hint = error.hint();
        Self::new(error).hint(hint)
    }
}
