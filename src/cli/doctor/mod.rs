//! `doctor`: is everything set up as it should be? One line a check, with what to do.
//!
//! ```text
//! configuration -> git, manifests -> journal, watching       machine
//!               -> connection, clock, login, reseller, lists account
//!               -> account, enterprise, consent, users       tenant
//! ```
//!
//! **Invariant:** it is handed readers and probes only; nothing here could change the service. What
//! it depends on and failed is reported once: checks behind it are left out, not failed as well.

mod account;
mod git;
mod lead;
mod link;
mod machine;
mod secrets;
mod tenant;

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use clap::Args;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;

use super::{
    args::{Global, Output},
    backend::Backend,
    choose::Tenants,
    complete,
    exit::{Exit, Failure},
    manifests::{self, FoundManifests},
    out,
    session::switch,
    signals::Signals,
};
use crate::{
    config::Settings,
    foreign::line,
    journal::JournalLocation,
    model::{Fault, Mode},
    style::{ALARM, FAINT, GREEN, YELLOW},
};

/// How it ends, for its help.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  everything is as it should be
  1  something fails; each line says what to do
  3  nothing fails, and something deserves a look";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    tenants: Tenants,
    /// Check nothing; print the link that an admin of this customer follows to give consent
    #[arg(long, value_name = "NAME|GUID", add = complete::tenants())]
    consent_link: Option<String>,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT", conflicts_with = "consent_link")]
    output: Output,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckVerdict {
    /// As it should be.
    Pass,
    /// It deserves a look; what depends on it is held or left out.
    Warn,
    /// It must be put right.
    Fail,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DoctorCheck {
    /// What was looked at: `machine`, a section of the settings, a tenant.
    subject: String,
    #[serde(rename = "check")]
    name: &'static str,
    verdict: CheckVerdict,
    finding: String,
    remedy: Option<String>,
}

/// The checks of one subject.
struct Checks {
    subject: String,
    list: Vec<DoctorCheck>,
}

impl Checks {
    fn of(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), list: Vec::new() }
    }

    fn add(
        &mut self,
        check: &'static str,
        verdict: CheckVerdict,
        finding: impl Into<String>,
        remedy: Option<String>,
    ) {
        self.list.push(DoctorCheck {
            subject: self.subject.clone(),
            name: check,
            verdict,
            finding: finding.into(),
            remedy,
        });
    }

    fn pass(&mut self, check: &'static str, finding: impl Into<String>) {
        self.add(check, CheckVerdict::Pass, finding, None);
    }

    fn warn(&mut self, check: &'static str, finding: impl Into<String>, remedy: impl Into<String>) {
        self.add(check, CheckVerdict::Warn, finding, Some(remedy.into()));
    }

    fn fail(&mut self, check: &'static str, finding: impl Into<String>, remedy: impl Into<String>) {
        self.add(check, CheckVerdict::Fail, finding, Some(remedy.into()));
    }

    fn fault(&mut self, check: &'static str, fault: Fault) {
        self.add(check, CheckVerdict::Fail, fault.message, fault.hint);
    }
}

/// Checks everything.
pub(super) async fn doctor(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    if let Some(tenant) = &command.consent_link {
        return tokio::select! {
            done = link::print(global, command, tenant) => done,
            () = signals.asked().cancelled_owned() => Err(Failure::new("stopped")),
        };
    }
    let checks = tokio::select! {
        checks = all(global, command) => checks,
        () = signals.asked().cancelled_owned() => return Err(Failure::new("stopped before \
            everything was checked")),
    };
    match command.output {
        Output::Text => out::data(&text(&checks, global.verbose > 0)),
        Output::Json => {
            out::json(&json!({ "version": 1, "kind": "Doctor", "checks": checks }));
        }
    }
    Ok(match checks.iter().map(|check| check.verdict).max() {
        None | Some(CheckVerdict::Pass) => Exit::Done,
        Some(CheckVerdict::Warn) => Exit::Held,
        Some(CheckVerdict::Fail) => Exit::Error,
    })
}

async fn all(global: &Global, command: &Arguments) -> Vec<DoctorCheck> {
    let mut here = Checks::of("machine");
    let settings = match manifests::settings(global) {
        Ok(settings) => settings,
        Err(failure) => {
            out::diagnostics(&failure.diagnostics);
            here.fail(
                "configuration",
                failure.message,
                failure.hint.unwrap_or_else(|| "correct what is shown above".to_owned()),
            );
            return here.list;
        }
    };
    let sources = manifests::sources(&command.paths, &settings);
    let backend = Backend::real(&settings)
        .map_err(|failure| manifests::perhaps_elsewhere(failure, global, &settings));
    match &backend {
        Ok(_) => here.pass("configuration", "it can be used"),
        Err(failure) => here.fail(
            "configuration",
            failure.message.clone(),
            failure.hint.clone().unwrap_or_default(),
        ),
    }
    git::branches(&mut here, &sources).await;
    let is_read = sources.reports().iter().all(|report| report.revision.is_some());
    let looked = if is_read { machine::manifests(&mut here, &sources).await } else { None };
    let paths = sources.paths();
    if let Some(looked) = &looked {
        if !paths.is_empty() {
            machine::revision(&mut here, &paths);
        }
        asked(&mut here, looked, &command.tenants);
        secrets::named(&mut here, looked, &settings);
    }
    machine::journal(&mut here, &JournalLocation::of(&settings.state)).await;
    lead::check(&mut here, &settings).await;
    machine::stop(&mut here, &switch(false, &settings).await);
    if looked.is_some() && !paths.is_empty() {
        machine::watching(&mut here, &paths);
    }
    let mut checks = here.list;
    checks.extend(secrets::check(&settings).await);
    if looked.is_none() {
        checks.extend(secrets::graph(&settings).await);
    }
    if let Ok(backend) = backend {
        checks.extend(service(&settings, &backend, looked.as_ref(), &command.tenants).await);
        checks.extend(account::readers(
            &settings,
            looked.as_ref().map(|looked| &looked.in_force.desired),
        ));
    }
    checks
}

/// Which tenants are checked, if somebody has chosen.
fn asked(here: &mut Checks, looked: &FoundManifests, tenants: &Tenants) {
    if let Err(failure) = looked.know(tenants) {
        here.fail("tenants", failure.message, failure.hint.unwrap_or_default());
    } else if !tenants.is_all() {
        let all = looked.in_force.desired.tenants.len();
        let names = looked.in_force.desired.tenants.keys();
        let chosen = names.filter(|name| tenants.has(name.as_str())).count();
        here.pass(
            "tenants",
            format!("{chosen} of {all}, as --tenant asks; the others are left out"),
        );
    }
}

/// The accounts, then the tenants of those that can be used.
async fn service(
    settings: &Settings,
    backend: &Backend,
    looked: Option<&FoundManifests>,
    tenants: &Tenants,
) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let mut unusable = BTreeSet::new();
    for probe in backend.client.probes() {
        let found = account::check(&probe).await;
        if found.iter().any(|check| check.verdict == CheckVerdict::Fail) {
            unusable.insert(probe.section().to_owned());
        }
        checks.extend(found);
    }
    let Some(looked) = looked else { return checks };
    checks.extend(account::enterprises(settings, &looked.in_force.desired));
    let service = backend.client.reader();
    let users = backend.reader();
    let asked = looked.in_force.desired.tenants.values().filter(|tenant| {
        let account = settings.account_of(tenant.account.as_ref());
        tenant.mode != Mode::Suspend
            && tenants.has(tenant.name.as_str())
            && account.is_none_or(|(section, _)| !unusable.contains(&section))
    });
    let tenants = stream::iter(asked).map(|tenant| tenant::check(&service, &users, tenant));
    let tenants: Vec<Vec<DoctorCheck>> =
        tenants.buffered(settings.execution.readers).collect().await;
    checks.extend(tenants.into_iter().flatten());
    checks
}

/// Checks that are shown one by one even if they pass; of more, only those that do not.
const ONE_BY_ONE: usize = 100;

fn text(checks: &[DoctorCheck], all: bool) -> String {
    let mut out = String::new();
    let all = all || checks.len() <= ONE_BY_ONE;
    let width = checks.iter().map(|check| line(&check.subject).len()).max().unwrap_or_default();
    for check in checks.iter().filter(|check| all || check.verdict != CheckVerdict::Pass) {
        let (word, style) = match check.verdict {
            CheckVerdict::Pass => ("pass", GREEN),
            CheckVerdict::Warn => ("warn", YELLOW),
            CheckVerdict::Fail => ("fail", ALARM),
        };
        // Writing to a string cannot fail.
        let subject = line(&check.subject);
        let finding = line(&check.finding);
        let _ =
            writeln!(out, "{style}{word}{style:#}  {subject:width$}  {:13}  {finding}", check.name);
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(out, "      {FAINT}hint: {}{FAINT:#}", line(remedy));
        }
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let _ = writeln!(
        out,
        "{} passed{}, {} to look at, {} failed",
        count(CheckVerdict::Pass),
        if all { "" } else { " (-v shows them)" },
        count(CheckVerdict::Warn),
        count(CheckVerdict::Fail)
    );
    out
}
