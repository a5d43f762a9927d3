//! What passes have sent, one notice a pass: for those who ask for it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Rules;
use crate::{
    board::{Applied, Commit, SentSteps, Status},
    model::{Incident, IncidentDetails, IncidentKind, NoticeEntry, NoticeOccasion, Verb},
    notices::ReceiverWishes,
    words::{between, clauses, list, many, time},
};

/// Tenants that are told with what was sent, at most.
const TENANTS: usize = 10;

/// Passes that are kept for receivers who have not heard of them, at most.
const KEPT: usize = 50;

/// What passes have sent, and what was told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Passes {
    seen: BTreeMap<String, SoFar>,
    /// By receiver and pass: what was seen until then was told.
    told: BTreeMap<(String, String), Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SoFar {
    applied: Arc<Applied>,
    /// When something more of it was seen.
    last: Timestamp,
}

impl Passes {
    pub(super) fn see(&mut self, status: &Status, rules: &Rules, at: Timestamp) {
        for applied in &status.applied {
            let new = || SoFar { applied: Arc::clone(applied), last: at };
            let seen = self.seen.entry(applied.pass.clone()).or_insert_with(new);
            if seen.applied != *applied {
                seen.applied = Arc::clone(applied);
                seen.last = at;
            }
        }
        let is_told_of = |pass: &str| status.applied.iter().any(|applied| applied.pass == pass);
        let told = std::mem::take(&mut self.told);
        self.seen.retain(|pass, seen| {
            let waits = |(name, wishes): (&String, &ReceiverWishes)| {
                is_news(&told, name, (pass.as_str(), &*seen), wishes)
            };
            is_told_of(pass) || rules.receivers.iter().any(waits)
        });
        let mut by_age: Vec<Timestamp> = self.seen.values().map(|seen| seen.last).collect();
        by_age.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(oldest) = by_age.get(KEPT) {
            self.seen.retain(|pass, seen| seen.last > *oldest || is_told_of(pass));
        }
        self.told = told;
        self.told.retain(|(_, pass), _| self.seen.contains_key(pass));
    }

    pub(super) fn delivered(&mut self, receiver: &str, told: &NoticeEntry) {
        let pass = told.incident.code.clone().unwrap_or_default();
        self.told.insert((receiver.to_owned(), pass), told.since);
    }

    /// When the next pass may be told.
    pub(super) fn wakes(&self, rules: &Rules) -> impl Iterator<Item = Timestamp> {
        self.seen.values().filter_map(|seen| seen.last.checked_add(rules.after).ok())
    }

    /// The passes that a receiver is to be told, once nothing more of them has come for a while.
    pub(super) fn due(
        &self,
        receiver: &str,
        wishes: &ReceiverWishes,
        rules: &Rules,
        at: Timestamp,
    ) -> Vec<NoticeEntry> {
        let mut due = Vec::new();
        for (pass, seen) in &self.seen {
            let is_over = between(seen.last, at) >= rules.after;
            if is_over && is_news(&self.told, receiver, (pass.as_str(), seen), wishes) {
                let before = self.told.get(&(receiver.to_owned(), pass.clone()));
                due.extend(told(pass, seen, wishes, before.is_some()));
            }
        }
        due
    }

    /// As it is kept across restarts.
    pub(super) fn kept(&self) -> (Vec<KeptPass>, Vec<KeptHeard>) {
        let pass =
            |seen: &SoFar| KeptPass { last: seen.last, applied: Applied::clone(&seen.applied) };
        let heard = |((receiver, pass), until): (&(String, String), &Timestamp)| KeptHeard {
            receiver: receiver.clone(),
            pass: pass.clone(),
            until: *until,
        };
        (self.seen.values().map(pass).collect(), self.told.iter().map(heard).collect())
    }

    /// What an earlier start left.
    pub(super) fn of(passes: Vec<KeptPass>, heard: Vec<KeptHeard>) -> Self {
        let seen = |KeptPass { last, applied }| {
            let pass = applied.pass.clone();
            (pass, SoFar { applied: Arc::new(applied), last })
        };
        let told = |KeptHeard { receiver, pass, until }| ((receiver, pass), until);
        Self {
            seen: passes.into_iter().map(seen).collect(),
            told: heard.into_iter().map(told).collect(),
        }
    }
}

/// A pass, as it is kept across restarts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeptPass {
    last: Timestamp,
    applied: Applied,
}

/// That a receiver has heard of a pass until then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeptHeard {
    receiver: String,
    pass: String,
    until: Timestamp,
}

/// Whether a receiver wants to hear of a pass and has not heard all of it.
fn is_news(
    heard: &BTreeMap<(String, String), Timestamp>,
    receiver: &str,
    (pass, seen): (&str, &SoFar),
    wishes: &ReceiverWishes,
) -> bool {
    let before = heard.get(&(receiver.to_owned(), pass.to_owned()));
    wishes.kinds.contains(&IncidentKind::Applied)
        && before != Some(&seen.last)
        && seen.applied.tenants.keys().any(|tenant| wishes.is_of(tenant))
}

/// What a receiver is told of a pass, once more if it has heard of a part of it; nothing if none of
/// its tenants is in it.
fn told(pass: &str, seen: &SoFar, wishes: &ReceiverWishes, again: bool) -> Option<NoticeEntry> {
    let mine = |name: &&String| wishes.is_of(name);
    let tenants = seen.applied.tenants.iter().filter(|(name, _)| mine(name));
    let tenants: Vec<(&String, &SentSteps)> = tenants.collect();
    let all = tenants.iter().map(|(_, sent)| *sent);
    let count: usize = all.clone().flat_map(|sent| sent.accepted.values()).sum();
    let (first, _) = tenants.first()?;
    let said = tenants.iter().map(|(name, sent)| {
        let people = list(&sent.people);
        let named = if wishes.names { format!(" ({people})") } else { String::new() };
        format!("{name}: {}{named}", counts([*sent].into_iter()))
    });
    let said: Vec<String> = said.collect();
    let reason = match said.as_slice() {
        [only] => only.clone(),
        said => format!("{}; {}", counts(all), clauses(TENANTS, said, "tenant")),
    };
    let reason = if again { format!("all so far: {reason}") } else { reason };
    let commit = seen.applied.commit.as_ref().map(|it| format!("; {}", version(it, wishes.names)));
    let reason = reason + &commit.unwrap_or_default();
    Some(NoticeEntry {
        telling: NoticeOccasion::Applied,
        incident: Incident {
            kind: IncidentKind::Applied,
            tenant: (tenants.len() == 1).then(|| (*first).clone()),
            code: Some(pass.to_owned()),
        },
        since: seen.last,
        in_force: None,
        details: Some(IncidentDetails {
            count,
            reason,
            hint: format!(
                "`dialplane history {pass}` shows it, and `dialplane undo {pass}` takes it back"
            ),
        }),
    })
}

/// `commit 3f2a9c0d1e5b`, with those who made and signed it where people may be named.
pub(super) fn version(commit: &Commit, names: bool) -> String {
    let Commit { commit, author, edited, at, signer, subject: _ } = commit;
    let mut told = format!("commit {}", commit.get(..12).unwrap_or(commit));
    if *edited {
        told += ", edited since";
    }
    let by = author.as_ref().filter(|_| names).map(|author| format!(" by {author}"));
    let of = at.map(|at| format!(" of {}", time(at)));
    let signed = signer.as_ref().filter(|_| names).map(|signer| format!(", signed by {signer}"));
    told.extend([by, of, signed].into_iter().flatten());
    told
}

/// `1 disabled, 3 enabled, 1 not accepted`: what takes calling away first.
fn counts<'s>(all: impl Iterator<Item = &'s SentSteps> + Clone) -> String {
    const VERBS: [(Verb, &str); 4] = [
        (Verb::Disable, "disabled"),
        (Verb::Configure, "set up"),
        (Verb::Enable, "enabled"),
        (Verb::Update, "updated"),
    ];
    let of =
        |verb: Verb| -> usize { all.clone().filter_map(|sent| sent.accepted.get(&verb)).sum() };
    let mut parts: Vec<String> = VERBS
        .iter()
        .map(|(verb, word)| (of(*verb), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let failed: usize = all.map(|sent| sent.failed).sum();
    parts.extend((failed > 0).then(|| format!("{} not accepted", many(failed, "step"))));
    parts.join(", ")
}
