//! `why USER`: what wants it, what was sent and seen, what is waited for. Offline: manifests and journal.

use std::{
    fmt::{self, Write as _},
    path::PathBuf,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    apply::switch,
    args::{Cli, StatusOutput},
    exit::{Exit, Failure},
    history::{time, typed, word},
    manifests::{self, Looked},
    out,
};
use crate::{
    foreign::line,
    model::{DesiredTenant, Landing, Upn},
    pass,
    plan::{Wait, Why, wants, why as explain},
    ports::StepOutcome,
    state::History,
};

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The user principal name
    #[arg(value_parser = |name: &str| Upn::parse(name))]
    user: Upn,
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = StatusOutput::Text, value_name = "FORMAT")]
    output: StatusOutput,
}

/// Explains one user.
pub(super) fn why(cli: &Cli, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(cli)?;
    let looked = manifests::look(&manifests::paths(&command.paths, &settings))?;
    looked.tell();
    let history = History::sound(&settings.state.path)?;
    let memory = history.memory()?;
    let knows = |tenant: &DesiredTenant| {
        tenant.users.contains_key(&command.user) || memory(&tenant.id).written.contains_key(&command.user)
    };
    let tenants = looked.in_force.desired.tenants.values().filter(|tenant| knows(tenant));
    let patience = pass::patience(&settings.execution);
    let stopped = switch(false, &settings).state();
    let mut told = Vec::new();
    for tenant in tenants {
        let kept = looked.in_force.kept.get(&tenant.name).map(String::as_str);
        let entries = history.entries_of(&tenant.id, &command.user)?;
        let mut why = explain(&command.user, tenant, kept, &memory(&tenant.id), &entries, (Timestamp::now(), patience));
        if let Some(stopped) = &stopped {
            why.waits.insert(0, Wait { reason: stopped.message.clone(), until: None, hint: Some(stopped.hint.clone()) });
            why.next = "nothing is written while everything is stopped";
        }
        told.push(why);
    }
    if told.is_empty() {
        return Err(unknown(&looked, &command.user));
    }
    match command.output {
        StatusOutput::Text => out::data(&told.iter().map(text).collect::<Vec<_>>().join("\n")),
        StatusOutput::Json => {
            let users: Vec<Value> = told.iter().map(as_json).collect();
            out::json(&json!({ "version": 1, "kind": "Why", "users": users }));
        }
    }
    Ok(if looked.diagnostics.is_empty() { Exit::Done } else { Exit::Error })
}

fn unknown(looked: &Looked, user: &Upn) -> Failure {
    let failure = Failure::new(format!("no manifest names {user}, and the journal knows of nothing that was sent for this user"));
    match looked.in_force.broken.first_key_value() {
        Some((tenant, reason)) => failure.hint(format!("tenant {tenant} is held and may name the user: {reason}")),
        None => {
            failure.hint("Dialplane leaves users alone whom no manifest names, unless their tenant prunes; check the spelling")
        }
    }
}

fn text(why: &Why) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, why);
    out
}

fn write(out: &mut String, why: &Why) -> fmt::Result {
    writeln!(out, "{BOLD}{}{BOLD:#} in {}", line(&why.user), why.tenant)?;
    match &why.wanted {
        Some(user) => {
            let (wants, origin) = (line(wants(user.calling, &user.details)), line(&user.origin));
            writeln!(out, "  wanted   {wants}\n           {FAINT}{origin}{FAINT:#}")?;
        }
        None => writeln!(out, "  wanted   nothing: no manifest names this user")?,
    }
    for sent in &why.sent {
        let outcome = match &sent.outcome {
            Some(StepOutcome::Accepted) => "accepted".to_owned(),
            Some(StepOutcome::Failed(fault)) => format!("{RED}failed:{RED:#} {}", line(fault)),
            Some(StepOutcome::Unknown(fault)) => format!("{RED}answer lost:{RED:#} {}", line(fault)),
            Some(StepOutcome::NotTried(reason)) => format!("{YELLOW}not tried:{YELLOW:#} {}", line(reason)),
            None => format!("{RED}no answer is on record{RED:#}"),
        };
        writeln!(out, "  sent     {} {}: {outcome}", sent.verb, time(sent.at))?;
        let details: Vec<String> = sent.details.iter().map(|(field, value)| format!("{} {value}", field.name())).collect();
        if !details.is_empty() {
            writeln!(out, "           {}", line(details.join(", ")))?;
        }
        let origin = sent.origin.as_ref().map_or_else(|| "named by no manifest".to_owned(), line);
        writeln!(out, "           {FAINT}{origin}, run {}{FAINT:#}", line(&sent.run))?;
    }
    if why.sent.is_empty() {
        writeln!(out, "  sent     nothing that the journal still knows of")?;
    }
    match &why.seen {
        Some((at, landing)) => writeln!(out, "  seen     {} as sent, {}", parts(landing).join(", "), time(*at))?,
        None if why.sent.is_empty() => {}
        None => writeln!(out, "  seen     nothing of it yet")?,
    }
    match why.synced {
        Some(at) => writeln!(out, "  synced   {}", time(at))?,
        None => writeln!(out, "  synced   never, as far as the journal knows")?,
    }
    for wait in &why.waits {
        let until = wait.until.map(|at| format!(" until {}", time(at))).unwrap_or_default();
        writeln!(out, "  waits    {YELLOW}{}{until}{YELLOW:#}", line(&wait.reason))?;
        if let Some(hint) = &wait.hint {
            writeln!(out, "           {FAINT}hint: {}{FAINT:#}", line(hint))?;
        }
    }
    writeln!(out, "  next     {}", line(why.next))
}

/// What an observation showed.
fn parts(landing: &Landing) -> Vec<&str> {
    landing.calling.then_some("calling").into_iter().chain(landing.fields.iter().map(|field| field.name())).collect()
}

fn as_json(why: &Why) -> Value {
    let wanted = why.wanted.as_ref().map(|user| {
        let details = user.details.iter().map(|(field, value)| (field.name().to_owned(), typed(value)));
        json!({ "calling": user.calling, "details": details.collect::<serde_json::Map<_, _>>(), "origin": user.origin.to_string() })
    });
    let sent = why.sent.iter().map(|sent| {
        let (outcome, reason) = word(sent.outcome.as_ref());
        let details = sent.details.iter().map(|(field, value)| (field.name().to_owned(), typed(value)));
        json!({
            "action": sent.verb, "at": sent.at, "run": sent.run.as_str(), "outcome": outcome, "reason": reason,
            "details": details.collect::<serde_json::Map<_, _>>(), "origin": sent.origin.as_ref().map(ToString::to_string),
        })
    });
    let wait = |wait: &Wait| json!({ "reason": wait.reason, "until": wait.until, "hint": wait.hint });
    json!({
        "user": why.user.as_str(),
        "tenant": why.tenant.as_str(),
        "wanted": wanted,
        "sent": sent.collect::<Vec<_>>(),
        "seen": why.seen.as_ref().map(|(at, landing)| json!({ "at": at, "what": parts(landing) })),
        "synced": why.synced,
        "waits": why.waits.iter().map(wait).collect::<Vec<_>>(),
        "next": why.next,
    })
}
