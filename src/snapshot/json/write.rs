//! Observations as text.

use std::fmt::Write as _;

use serde::Serialize;

use super::{FaultEntry, KIND, LiveEntry, TeamsEntry, TenantEntry, UserEntry, VERSION};
use crate::{
    model::{Confirmation, Coverage, Fault, LiveTenant, LiveUser, TenantRef, Users},
    snapshot::{
        TenantSnapshot,
        account::{ConsentEntry, InventoryEntry},
        beside::BesideEntry,
        spell::{AsText, CallingEntry, CoverageEntry, DetailsEntry},
    },
};

/// How a list of users looks in the text before they are put into it.
const NOBODY: &str = "\"users\":[]";
static NO_USERS: Users<LiveUser> = Users::new();

/// Observations as text.
pub(in crate::snapshot) fn write(shots: &[&TenantSnapshot]) -> String {
    let tenants: Vec<String> = shots.iter().map(|shot| tenant(shot)).collect();
    format!(
        "{{\n\"version\": {VERSION},\n\"kind\": \"{KIND}\",\n\"tenants\": [\n{}\n]\n}}\n",
        tenants.join(",\n")
    )
}

/// A tenant, with each of its users on a line of its own.
fn tenant(shot: &TenantSnapshot) -> String {
    let TenantRef { name, id, extension_prefix, live: _, confirm: _, account } =
        shot.tenant.clone();
    let unread = |fault: &Fault| FaultEntry {
        kind: AsText(fault.kind),
        message: fault.message.clone(),
        hint: fault.hint.clone(),
    };
    let entry = TenantEntry {
        name: AsText(name),
        id: AsText(id),
        extension_prefix: extension_prefix.map(AsText),
        observed_at: shot.at,
        reader: shot.reader.to_string(),
        account: account.map(AsText),
        inventory: shot
            .inventory
            .as_ref()
            .map(|inventory| InventoryEntry::of(inventory, &shot.tenant.id)),
        unread: shot.live.as_ref().err().map(unread),
        live: shot.live.as_ref().ok().map(|live| without_users(live)),
    };
    let text = line(&entry);
    // Quotes within a text are escaped: nothing but an empty list looks like this.
    let mut pieces = text.split(NOBODY);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    let lists = shot.live.as_deref().into_iter().flat_map(|live| match &live.confirmation {
        Confirmation::NotAsked => vec![&*live.users],
        Confirmation::Failed(_) => vec![&NO_USERS, &*live.users],
        Confirmation::Seen(users, _) => vec![&**users, &*live.users],
    });
    for (users, rest) in lists.zip(pieces) {
        out.push_str("\"users\":[");
        for (number, user) in users.values().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "{}\n  {}",
                if number == 0 { "" } else { "," },
                line(&user_entry(user))
            );
        }
        out.push(']');
        out.push_str(rest);
    }
    out
}

/// An entry as JSON; its keys are text and its values plain, which always have a JSON form.
fn line(entry: &impl Serialize) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}

fn without_users(live: &LiveTenant) -> LiveEntry {
    let LiveTenant { consent, coverage, sees, users: _, beside, confirmation } = live;
    LiveEntry {
        consent: ConsentEntry::of(consent),
        coverage: CoverageEntry(coverage.clone()),
        sees: sees.iter().copied().map(AsText).collect(),
        beside: BesideEntry::of(beside),
        teams: teams(confirmation),
        users: Vec::new(),
    }
}

fn teams(confirmation: &Confirmation) -> Option<TeamsEntry> {
    let (failed, coverage) = match confirmation {
        Confirmation::NotAsked => return None,
        Confirmation::Failed(why) => (Some(why.clone()), Coverage::Complete),
        Confirmation::Seen(_, coverage) => (None, coverage.clone()),
    };
    Some(TeamsEntry { failed, coverage: CoverageEntry(coverage), users: Vec::new() })
}

fn user_entry(user: &LiveUser) -> UserEntry {
    let LiveUser { upn, id, calling, details } = user.clone();
    UserEntry {
        user_principal_name: AsText(upn),
        id: id.map(AsText),
        calling: CallingEntry(calling),
        details: DetailsEntry(details),
    }
}
