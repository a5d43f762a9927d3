//! `why USER`: what wants it, what was sent and seen, what is waited for, what held it at the last
//! look. Offline: manifests, journal, and the last plans that are kept beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    path::PathBuf,
};

use anstream::adapter::strip_str;
use clap::Args;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{
    args::{Global, Output},
    complete,
    exit::{Exit, Failure},
    find::{SearchMatch, TenantUser, UserIndex},
    manifests::{self, FoundManifests},
    out, sent,
    session::{switch, unusable},
};
use crate::{
    config::Settings,
    foreign::line,
    journal::{JournalLocation, Run},
    model::{
        DesiredUser, Landing, Pending, Revision, RunId, StepOutcome, TenantName, Upn, Verdict,
    },
    pass::{self, Memories},
    plan::{LastPlanOfUser, Moment, UserContext, UserExplanation, Wait, wants, why as explain},
    ports::History,
    style::{BOLD, FAINT, PLAIN, RED, YELLOW},
    words::{all_clauses, away, list, time},
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane why adele@contoso.com
  dialplane why adele                        who begins with that
  dialplane why +14255550177                 who has this number
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The user principal name, its beginning, or a telephone number: then the user who wants it or
    /// got it last
    #[arg(add = complete::users())]
    user: String,
    /// Files and folders with manifests [default: `manifests` of the configuration]
    paths: Vec<PathBuf>,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Explains one user.
pub(super) async fn why(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let looked = manifests::look_at_kept(&manifests::sources(&command.paths, &settings))?;
    looked.tell();
    let (meant, told) = explained(&settings, &looked, &command.user).await?;
    match command.output {
        Output::Text => out::data(&all_text(&meant, &told)),
        Output::Json => {
            let users: Vec<Value> = told.iter().map(as_json).collect();
            let number = if let SearchMatch::Number { number, wanted, sent } = &meant {
                number_json(number, wanted, sent)
            } else {
                Value::Null
            };
            out::json(&json!({ "version": 1, "kind": "Why", "number": number, "users": users }));
        }
    }
    Ok(if looked.diagnostics.is_empty() { Exit::Done } else { Exit::Error })
}

/// The same as text, for those who ask the service. It works beside the one who waits for it.
pub(super) fn told(
    settings: Settings,
    paths: Vec<PathBuf>,
    who: String,
    rehearsal: bool,
) -> BoxFuture<'static, Result<String, String>> {
    if rehearsal {
        let none = "a rehearsal keeps no journal to explain anybody from".to_owned();
        return Box::pin(std::future::ready(Err(none)));
    }
    let work = move || Handle::current().block_on(told_now(&settings, &paths, &who));
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|failure| Err(failure.to_string()))
    })
}

/// The same for the one who does the work.
async fn told_now(settings: &Settings, paths: &[PathBuf], who: &str) -> Result<String, String> {
    // Others than those of the service, which are its own.
    let sources = manifests::sources(paths, settings);
    let explained = match manifests::look_at_kept_alone(&sources) {
        Ok(looked) => explained(settings, &looked, who).await,
        Err(failure) => Err(failure),
    };
    match explained {
        Ok((meant, told)) => Ok(strip_str(&all_text(&meant, &told)).to_string()),
        Err(Failure { message, hint: Some(hint), .. }) => Err(format!("{message}\nhint: {hint}")),
        Err(Failure { message, .. }) => Err(message),
    }
}

/// Finds out who is meant, and explains each.
async fn explained(
    settings: &Settings,
    looked: &FoundManifests,
    user: &str,
) -> Result<(SearchMatch, Vec<UserExplanation>), Failure> {
    let place = JournalLocation::of(&settings.state);
    let history = place.look().await?;
    let tenants = looked.in_force.desired.tenants.values();
    let memories = Memories::recall(&history, tenants).await.map_err(unusable)?;
    let verdicts: BTreeMap<&TenantName, Verdict> = looked
        .in_force
        .desired
        .tenants
        .values()
        .filter_map(|tenant| Some((&tenant.name, place.read_verdict(&tenant.id)?)))
        .collect();
    let tenants = looked.in_force.desired.tenants.values().map(|tenant| {
        let users = verdicts.get(&tenant.name).into_iter().flat_map(|verdict| verdict.users.keys());
        (
            &**tenant,
            memories.of(&tenant.id),
            users.filter_map(|user| Upn::parse(user).ok()).collect(),
        )
    });
    let known = UserIndex { tenants: tenants.collect() };
    let meant = known.meant(user).map_err(|failure| perhaps_held(failure, looked))?;
    let users: BTreeSet<TenantUser> = match &meant {
        SearchMatch::Users(users) => users.iter().cloned().collect(),
        SearchMatch::Number { wanted, sent, .. } => wanted.iter().chain(sent).cloned().collect(),
    };
    let stopped = switch(false, settings).await.state();
    let stopped = stopped.map(|stopped| Wait {
        reason: stopped.message,
        until: None,
        hint: Some(stopped.hint),
    });
    let mut told = Vec::new();
    for (tenant, memory, _) in &known.tenants {
        for (_, user) in users.iter().filter(|(of, _)| *of == tenant.name) {
            let about = UserContext {
                tenant,
                kept: looked.in_force.kept.get(&tenant.name).map(String::as_str),
                stopped: stopped.clone(),
                moment: Moment {
                    memory,
                    now: Timestamp::now(),
                    patience: pass::patience(&settings.execution),
                    looked: None,
                },
                entries: &History::entries_of(&history, &tenant.id, user).await?,
                last: verdicts.get(&tenant.name),
            };
            let mut why = explain(user, &about);
            look_up_revisions(&mut why, &history).await?;
            told.push(why);
        }
    }
    Ok((meant, told))
}

/// Notes which version of the manifests wanted what was sent.
async fn look_up_revisions(
    why: &mut UserExplanation,
    history: &impl History,
) -> Result<(), Failure> {
    let mut known: BTreeMap<RunId, Option<Revision>> = BTreeMap::new();
    for sent in &mut why.sent {
        if !known.contains_key(&sent.run) {
            let run = Run::of(&history.entries(&sent.run).await?);
            known.insert(sent.run.clone(), run.and_then(|run| run.revision));
        }
        sent.revision = known.get(&sent.run).cloned().flatten();
    }
    Ok(())
}

/// All of it, as people read it.
fn all_text(meant: &SearchMatch, told: &[UserExplanation]) -> String {
    let now = Timestamp::now();
    let head = if let SearchMatch::Number { number, wanted, sent } = meant {
        number_text(number, wanted, sent)
    } else {
        String::new()
    };
    head + &told.iter().map(|why| text(why, now)).collect::<Vec<_>>().join("\n")
}

/// A tenant whose manifests are broken may name whom nobody knows.
fn perhaps_held(failure: Failure, looked: &FoundManifests) -> Failure {
    match looked.in_force.broken.first_key_value() {
        Some((tenant, reason)) => {
            failure.hint(format!("tenant {tenant} is held and may name the user: {reason}"))
        }
        None => failure,
    }
}

fn number_text(number: &str, wanted: &[TenantUser], sent: &[TenantUser]) -> String {
    let names = |users: &[TenantUser]| match users {
        [] => "nobody".to_owned(),
        users => list(users.iter().map(|(tenant, user)| format!("{} in {tenant}", line(user)))),
    };
    format!(
        "{BOLD}{number}{BOLD:#}\n  wanted   by {}\n  sent     last to {}\n  {FAINT}live state is \
            not asked here{FAINT:#}\n\n",
        names(wanted),
        names(sent)
    )
}

fn number_json(number: &str, wanted: &[TenantUser], sent: &[TenantUser]) -> Value {
    let list = |users: &[TenantUser]| -> Vec<Value> {
        users
            .iter()
            .map(|(tenant, user)| json!({ "tenant": tenant.as_str(), "user": user.as_str() }))
            .collect()
    };
    json!({ "number": number, "wantedBy": list(wanted), "sentTo": list(sent) })
}

fn text(why: &UserExplanation, now: Timestamp) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, why, now);
    out
}

fn write(out: &mut String, why: &UserExplanation, now: Timestamp) -> fmt::Result {
    writeln!(out, "{BOLD}{}{BOLD:#} in {}", line(&why.user), why.tenant)?;
    match &why.wanted {
        Some(user) => {
            let wants = line(wants(user.calling, &user.details));
            writeln!(out, "  wanted   {wants}")?;
            for date in dates(user, now) {
                writeln!(out, "           {date}")?;
            }
            writeln!(out, "           {FAINT}{}{FAINT:#}", line(&user.origin))?;
        }
        None => writeln!(out, "  wanted   nothing: no manifest names this user")?,
    }
    for sent in &why.sent {
        let outcome = match &sent.outcome {
            None => format!("{RED}no answer is on record{RED:#}"),
            Some(outcome) => {
                let colour = match outcome {
                    StepOutcome::Accepted => PLAIN,
                    StepOutcome::Failed(_) | StepOutcome::Unknown(_) => RED,
                    StepOutcome::NotTried(_) => YELLOW,
                };
                match outcome.reason() {
                    None => outcome.label().to_owned(),
                    Some(reason) => {
                        format!("{colour}{}:{colour:#} {}", outcome.label(), line(reason))
                    }
                }
            }
        };
        writeln!(out, "  sent     {} {}: {outcome}", sent.verb, time(sent.at))?;
        let details: Vec<String> =
            sent.details.iter().map(|(field, value)| format!("{} {value}", field.name())).collect();
        if !details.is_empty() {
            writeln!(out, "           {}", line(list(details)))?;
        }
        let origin = sent.origin.as_ref().map_or_else(|| "named by no manifest".to_owned(), line);
        let by = sent.revision.as_ref().map(|revision| format!(", commit {}", line(revision)));
        let run = line(&sent.run);
        let by = by.unwrap_or_default();
        writeln!(out, "           {FAINT}{origin}, run {run}{by}{FAINT:#}")?;
    }
    if why.sent.is_empty() {
        writeln!(out, "  sent     nothing that the journal still knows of")?;
    }
    match &why.seen {
        Some((at, landing)) => {
            writeln!(out, "  seen     {} as sent, {}", list(parts(landing)), time(*at))?;
        }
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
    if let Some(found) = &why.found {
        write_found(out, found, now)?;
    }
    writeln!(out, "  next     {}", line(why.next))
}

/// What the last plan said, and how long ago.
fn write_found(out: &mut String, found: &LastPlanOfUser, now: Timestamp) -> fmt::Result {
    let age = away(found.at, now);
    let steps = match (found.steps.is_empty(), found.holds.is_empty()) {
        (true, true) => "nothing to do for this user".to_owned(),
        (true, false) => "nothing for this user".to_owned(),
        (false, _) => all_clauses(found.steps.iter().map(step)),
    };
    let steps = line(steps);
    writeln!(out, "  planned  {} ({age}): {steps}", time(found.at))?;
    for held in &found.holds {
        let until = held.until.map(|at| format!(" until {}", time(at))).unwrap_or_default();
        writeln!(out, "  held     {YELLOW}{}{until}{YELLOW:#}", line(&held.reason))?;
        writeln!(out, "           {FAINT}hint: {}{FAINT:#}", line(&held.hint))?;
    }
    Ok(())
}

fn step(step: &Pending) -> String {
    match &step.outcome {
        Some(outcome) => format!("{} {outcome}", step.action),
        None if step.holds.is_empty() => format!("{} did not run", step.action),
        None => format!("{} held", step.action),
    }
}

/// What an observation showed.
fn parts(landing: &Landing) -> Vec<&str> {
    landing
        .calling
        .then_some("calling")
        .into_iter()
        .chain(landing.fields.iter().map(|field| field.name()))
        .collect()
}

fn as_json(why: &UserExplanation) -> Value {
    let wanted = why.wanted.as_ref().map(|user| {
        let details = user.details.iter().map(|(field, value)| (field.name().to_owned(), sent::value(value)));
        json!({ "calling": user.calling, "details": details.collect::<serde_json::Map<_, _>>(), "from": user.dates().from, "until": user.dates().until, "origin": user.origin.to_string() })
    });
    let sent = why.sent.iter().map(|sent| {
        let (outcome, reason) = sent::outcome(sent.outcome.as_ref());
        let details = sent.details.iter().map(|(field, value)| (field.name().to_owned(), sent::value(value)));
        json!({
            "action": sent.verb, "at": sent.at, "run": sent.run.as_str(), "outcome": outcome, "reason": reason,
            "details": details.collect::<serde_json::Map<_, _>>(), "origin": sent.origin.as_ref().map(ToString::to_string),
            "revision": sent.revision,
        })
    });
    let wait =
        |wait: &Wait| json!({ "reason": wait.reason, "until": wait.until, "hint": wait.hint });
    json!({
        "user": why.user.as_str(),
        "tenant": why.tenant.as_str(),
        "wanted": wanted,
        "sent": sent.collect::<Vec<_>>(),
        "seen": why.seen.as_ref().map(|(at, landing)| json!({ "at": at, "what": parts(landing) })),
        "synced": why.synced,
        "waits": why.waits.iter().map(wait).collect::<Vec<_>>(),
        "planned": why.found.as_ref().map(|found| json!({ "at": found.at, "steps": found.steps, "holds": found.holds })),
        "next": why.next,
    })
}

/// From and until when that is wanted.
fn dates(user: &DesiredUser, now: Timestamp) -> Vec<String> {
    let dates = user.dates();
    let words = |name: &str, at: Timestamp, ahead: &str, past: &str| {
        format!("{name} {}{}", time(at), if at > now { ahead } else { past })
    };
    let from = dates.from.map(|at| {
        words("from", at, ": nothing is done for the user before then", ", which has come")
    });
    let until = dates.until.map(|at| {
        words("until", at, ": calling is off from then on", ", which has come: calling is off")
    });
    from.into_iter().chain(until).collect()
}
