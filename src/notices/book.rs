//! What is wrong, since when, and what each receiver was told of it.
//!
//! **Invariant:** what a receiver was told changes only when its notice was delivered, so whatever
//! was not delivered is told again, with the same id.

mod applied;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::applied::{KeptHeard, KeptPass, Passes};
use super::{
    incidents::{self, Incidents},
    rules::Rules,
};
use crate::{
    board::{Manifests, SourceRow, Status},
    model::{Incident, Notice, NoticeEntry, NoticeOccasion},
    words::{between, clauses, hex},
};

/// Up to so many things are told one by one; more become one notice.
const ONE_BY_ONE: usize = 10;

/// Sources whose version is told, at most.
const SOURCES: usize = 3;

/// What is wrong, and what was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentBook {
    open: BTreeMap<Incident, OpenIncident>,
    told: BTreeMap<String, BTreeMap<Incident, LastTold>>,
    /// What is wrong now in words, with and without names of people.
    named: Incidents,
    nameless: Incidents,
    /// Which manifests are in force, likewise.
    in_force: InForce,
    /// What was done.
    passes: Passes,
}

/// Which version of the manifests is in force, in words, where git knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct InForce {
    named: Option<String>,
    nameless: Option<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct OpenIncident {
    since: Timestamp,
    /// Since when it is away.
    gone: Option<Timestamp>,
}

/// What a receiver heard last of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct LastTold {
    since: Timestamp,
    at: Timestamp,
}

impl IncidentBook {
    /// Takes in what is wrong now.
    pub fn see(&mut self, status: &Status, rules: &Rules, at: Timestamp) {
        self.named = incidents::of(status);
        self.nameless = incidents::of(&status.without_names());
        self.in_force = InForce {
            named: in_force(&status.manifests, true),
            nameless: in_force(&status.manifests, false),
        };
        if !status.stands_by() {
            self.passes.see(status, rules, at);
        }
        for incident in self.named.keys() {
            let new = OpenIncident { since: at, gone: None };
            self.open.entry(incident.clone()).or_insert(new).gone = None;
        }
        for (incident, open) in &mut self.open {
            if !self.named.contains_key(incident) && incidents::is_known(status, incident) {
                open.gone.get_or_insert(at);
            }
        }
        let lasts =
            |open: &OpenIncident| open.gone.is_none_or(|gone| between(gone, at) < rules.after);
        self.open.retain(|_, open| lasts(open));
        self.told.retain(|receiver, _| rules.receivers.contains_key(receiver));
        for (receiver, told) in &mut self.told {
            // What it no longer wants to hear of is not told to be over either.
            told.retain(|incident, _| rules.receivers[receiver].want(incident));
        }
    }

    /// What a receiver is to be told next.
    #[must_use]
    pub fn next(&self, receiver: &str, rules: &Rules, at: Timestamp) -> Option<Notice> {
        let mut told = self.due(receiver, rules, at);
        if told.len() <= ONE_BY_ONE {
            told.truncate(1);
        }
        (!told.is_empty()).then(|| Notice { id: id(receiver, &told), at, told })
    }

    /// How much a receiver is to be told and was not yet.
    #[must_use]
    pub fn undelivered(&self, receiver: &str, rules: &Rules, at: Timestamp) -> usize {
        self.due(receiver, rules, at).len()
    }

    /// A receiver was told.
    pub fn delivered(&mut self, receiver: &str, notice: &Notice) {
        let heard = self.told.entry(receiver.to_owned()).or_default();
        for told in &notice.told {
            let NoticeEntry { telling, incident, since, .. } = told;
            match telling {
                NoticeOccasion::Closed => drop(heard.remove(incident)),
                NoticeOccasion::Applied => self.passes.delivered(receiver, told),
                NoticeOccasion::Opened | NoticeOccasion::Reminded => {
                    heard.insert(incident.clone(), LastTold { since: *since, at: notice.at });
                }
            }
        }
    }

    /// When something may become due that is not yet, if nothing else changes.
    #[must_use]
    pub fn wakes_at(&self, rules: &Rules, at: Timestamp) -> Option<Timestamp> {
        let after = |from: Timestamp, span| from.checked_add(span).ok();
        let begins = self.open.values().flat_map(|open| {
            [after(open.since, rules.after), open.gone.and_then(|gone| after(gone, rules.after))]
        });
        let told = self.told.values().flat_map(BTreeMap::values);
        let again = told.map(|told| after(told.at, rules.remind));
        let done = self.passes.wakes(rules).map(Some);
        begins.chain(again).chain(done).flatten().filter(|moment| *moment > at).min()
    }

    /// Everything that a receiver has not heard yet, the worst first.
    fn due(&self, receiver: &str, rules: &Rules, at: Timestamp) -> Vec<NoticeEntry> {
        let Some(wishes) = rules.receivers.get(receiver) else { return Vec::new() };
        let nothing = BTreeMap::new();
        let heard = self.told.get(receiver).unwrap_or(&nothing);
        let words = if wishes.names { &self.named } else { &self.nameless };
        let InForce { named, nameless } = &self.in_force;
        let in_force = if wishes.names { named } else { nameless };
        let told = |telling, incident: &Incident, since| NoticeEntry {
            telling,
            incident: incident.clone(),
            since,
            details: words.get(incident).cloned(),
            in_force: in_force.clone(),
        };
        let lasts =
            |open: &OpenIncident| open.gone.is_none() && between(open.since, at) >= rules.after;
        let mut due: Vec<NoticeEntry> = self
            .open
            .iter()
            .filter(|(incident, open)| lasts(open) && wishes.want(incident))
            // What nobody could look at again is neither over nor still there.
            .filter(|(incident, _)| self.named.contains_key(*incident))
            .filter_map(|(incident, open)| match heard.get(incident) {
                None => Some(told(NoticeOccasion::Opened, incident, open.since)),
                Some(last) if between(last.at, at) >= rules.remind => {
                    Some(told(NoticeOccasion::Reminded, incident, last.since))
                }
                Some(_) => None,
            })
            .collect();
        let over = heard.iter().filter(|(incident, _)| !self.open.contains_key(incident));
        due.extend(over.map(|(incident, last)| told(NoticeOccasion::Closed, incident, last.since)));
        due.extend(self.passes.due(receiver, wishes, rules, at));
        due.sort_by_key(|told| told.telling);
        due
    }
}

/// The version that is in force; of several sources the one of each.
fn in_force(manifests: &Manifests, names: bool) -> Option<String> {
    if manifests.sources.len() < 2 {
        return manifests.revision.as_ref().map(|commit| applied::version(commit, names));
    }
    let of = |source: &SourceRow| {
        let version = applied::version(source.revision.as_ref()?, names);
        Some(if names { format!("{}: {version}", source.name) } else { version })
    };
    let all: Vec<String> = manifests.sources.iter().filter_map(of).collect();
    (!all.is_empty()).then(|| clauses(SOURCES, all, "source"))
}

/// The same for the same things, whenever they are told.
fn id(receiver: &str, told: &[NoticeEntry]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    add(receiver);
    for NoticeEntry { telling, incident, since, .. } in told {
        add(telling.name());
        add(&incident.to_string());
        add(&since.to_string());
    }
    format!("msg_{}", hex(&hash.finalize()[..16]))
}

/// The book as it is kept across restarts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedBook {
    version: u32,
    open: BTreeSet<KeptOpen>,
    told: BTreeSet<KeptTold>,
    /// What passes have changed. Absent in older files, as what was told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    applied: Vec<KeptPass>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    heard: Vec<KeptHeard>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct KeptOpen {
    incident: Incident,
    since: Timestamp,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct KeptTold {
    receiver: String,
    incident: Incident,
    since: Timestamp,
    at: Timestamp,
}

/// The shape that is written.
const VERSION: u32 = 1;

impl IncidentBook {
    /// As text, for the next start.
    #[must_use]
    pub fn to_text(&self) -> String {
        let open = self.open.iter();
        let open =
            open.map(|(incident, open)| KeptOpen { incident: incident.clone(), since: open.since });
        let (applied, heard) = self.passes.kept();
        let told = self.kept_told();
        let kept = SavedBook { version: VERSION, open: open.collect(), told, applied, heard };
        // Maps with names for keys and times: there is nothing that JSON cannot say.
        serde_json::to_string_pretty(&kept).unwrap_or_default()
    }

    fn kept_told(&self) -> BTreeSet<KeptTold> {
        let mut all = BTreeSet::new();
        for (receiver, told) in &self.told {
            all.extend(told.iter().map(|(incident, last)| KeptTold {
                receiver: receiver.clone(),
                incident: incident.clone(),
                since: last.since,
                at: last.at,
            }));
        }
        all
    }

    /// What an earlier start left. The error says why it cannot be understood.
    pub fn of_text(text: &str) -> Result<Self, String> {
        let kept: SavedBook = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if kept.version != VERSION {
            return Err(format!("its version is {} and not {VERSION}", kept.version));
        }
        let passes = Passes::of(kept.applied, kept.heard);
        let mut book = Self { passes, ..Self::default() };
        for KeptOpen { incident, since } in kept.open {
            book.open.insert(incident, OpenIncident { since, gone: None });
        }
        for KeptTold { receiver, incident, since, at } in kept.told {
            book.told.entry(receiver).or_default().insert(incident, LastTold { since, at });
        }
        Ok(book)
    }
}
