//! Snapshots as JSON: versioned, one user a line, so two of them can be compared line by line.
//!
//! The fast path is one typed parse. Only a file in which something is wrong is looked at a second
//! time, as YAML (of which JSON is a part), to tell every problem at its place.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value as Json;
use serde_yaml::Value;

use super::{
    TenantSnapshot,
    account::{ConsentEntry, InventoryEntry},
    beside::BesideEntry,
    spell::{CallingEntry, CoverageEntry, DetailsEntry, Text},
};
use crate::{
    model::{
        AccountName, Confirmation, Coverage, ExtensionPrefix, Fault, FaultKind, Field, LiveSource,
        LiveTenant, LiveUser, Roster, TenantId, TenantName, TenantRef, Upn, UserId, Users,
    },
    yaml::{self, Diagnostic, Path, Wrong},
};

/// Mistakes of one file that are told, at most.
const MAX_TOLD: usize = 1000;

/// The version of the shape that is written, and the newest that is read. The first one has nothing
/// beside users.
const VERSION: u32 = 2;
const KIND: &str = "Snapshot";
/// How a list of users looks in the text before they are put into it.
const NOBODY: &str = "\"users\":[]";
static NO_USERS: Users<LiveUser> = Users::new();

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "version")]
    _version: serde::de::IgnoredAny,
    #[serde(rename = "kind")]
    _kind: serde::de::IgnoredAny,
    tenants: Vec<TenantEntry>,
}

/// What is looked at before anything else: a newer shape has keys of its own.
#[derive(Deserialize)]
struct Head {
    version: Option<Json>,
    kind: Option<Json>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TenantEntry {
    name: Text<TenantName>,
    id: Text<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extension_prefix: Option<Text<ExtensionPrefix>>,
    #[serde(deserialize_with = "time")]
    observed_at: Timestamp,
    reader: String,
    /// The account that reads and writes the tenant, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Text<AccountName>>,
    /// What that account has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inventory: Option<InventoryEntry>,
    /// Exactly one of these two is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<FaultEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live: Option<LiveEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LiveEntry {
    consent: ConsentEntry,
    coverage: CoverageEntry,
    sees: Vec<Text<Field>>,
    /// What the list shows beside its users, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<BesideEntry>,
    /// What Teams itself shows, where the tenant asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teams: Option<TeamsEntry>,
    users: Vec<UserEntry>,
}

/// Either `failed` or the rest.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TeamsEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
    coverage: CoverageEntry,
    users: Vec<UserEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserEntry {
    user_principal_name: Text<Upn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Text<UserId>>,
    calling: CallingEntry,
    details: DetailsEntry,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultEntry {
    kind: Text<FaultKind>,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

// ---- to text

/// Observations as text.
pub(super) fn write(shots: &[&TenantSnapshot]) -> String {
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
        kind: Text(fault.kind),
        message: fault.message.clone(),
        hint: fault.hint.clone(),
    };
    let entry = TenantEntry {
        name: Text(name),
        id: Text(id),
        extension_prefix: extension_prefix.map(Text),
        observed_at: shot.at,
        reader: shot.reader.to_string(),
        account: account.map(Text),
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
        sees: sees.iter().copied().map(Text).collect(),
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
        user_principal_name: Text(upn),
        id: id.map(Text),
        calling: CallingEntry(calling),
        details: DetailsEntry(details),
    }
}

// ---- from text

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!("`{text}` is not a time such as 2026-07-04T08:15:30Z"))
    })
}

/// The observations of a file, or everything that is wrong with it.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<TenantSnapshot>, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head: Head =
        serde_json::from_str(text).map_err(|error| vec![at_error(file, text, &error)])?;
    match (head.kind.as_ref().and_then(Json::as_str), head.version.as_ref().and_then(Json::as_u64))
    {
        (Some(KIND), Some(version)) if (1..=u64::from(VERSION)).contains(&version) => {}
        (Some(KIND), Some(version)) => {
            let message = format!(
                "this snapshot has version {version}; versions 1 to {VERSION} are read here"
            );
            let hint = "observe again with this dialplane, or use the one that wrote it";
            return Err(vec![diagnostic(file, text, message, hint)]);
        }
        _ => {
            let message = "not a snapshot: `kind` or `version` is missing or has another value";
            let hint = "`dialplane observe --out FILE` writes one";
            return Err(vec![diagnostic(file, text, message, hint)]);
        }
    }
    let document: Document =
        serde_json::from_str(text).map_err(|error| all_errors(file, text, &error))?;
    let tenants = document.tenants.into_iter().enumerate();
    let shots =
        tenants.map(|(number, entry)| shot(entry, &Path::root(0).key("tenants").index(number)));
    let (shots, wrongs): (Vec<_>, Vec<_>) = shots.partition(Result::is_ok);
    let wrongs: Vec<Wrong> = wrongs.into_iter().filter_map(Result::err).flatten().collect();
    if wrongs.is_empty() {
        Ok(shots.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(placed(file, text, wrongs))
    }
}

fn shot(entry: TenantEntry, at: &Path) -> Result<TenantSnapshot, Vec<Wrong>> {
    let TenantEntry {
        name,
        id,
        extension_prefix,
        observed_at,
        reader,
        account,
        inventory,
        unread,
        live,
    } = entry;
    // A reader that this dialplane does not know is none that it could ask again.
    let source = LiveSource::named(&reader).unwrap_or_default();
    let extension_prefix = extension_prefix.map(|prefix| prefix.0);
    let confirm = live.as_ref().is_some_and(|live| live.teams.is_some());
    let inventory = inventory.map(|inventory| inventory.inventory(&id.0));
    let account = account.map(|account| account.0);
    let tenant =
        TenantRef { name: name.0, id: id.0, extension_prefix, live: source, confirm, account };
    let live = match (live, unread) {
        (Some(live), None) => Ok(Arc::new(live_tenant(live, &at.key("live"))?)),
        (None, Some(FaultEntry { kind, message, hint })) => {
            Err(Fault { kind: kind.0, message, hint })
        }
        _ => return Err(vec![Wrong::value(at.clone(), "either `live` or `unread` is expected")]),
    };
    Ok(TenantSnapshot { tenant, at: observed_at, reader: reader.into(), inventory, live })
}

fn live_tenant(entry: LiveEntry, at: &Path) -> Result<LiveTenant, Vec<Wrong>> {
    let LiveEntry { consent, coverage, sees, beside, teams, users } = entry;
    let mut wrongs = Vec::new();
    let confirmation = match teams {
        None => Confirmation::NotAsked,
        Some(TeamsEntry { failed: Some(why), .. }) => Confirmation::Failed(why),
        Some(teams) => Confirmation::Seen(
            by_name(teams.users, &at.key("teams"), &mut wrongs),
            teams.coverage.0,
        ),
    };
    let live = LiveTenant {
        consent: consent.consent(),
        coverage: coverage.0,
        sees: sees.into_iter().map(|field| field.0).collect(),
        users: by_name(users, at, &mut wrongs),
        beside: beside.unwrap_or_default().beside(),
        confirmation,
    };
    if wrongs.is_empty() { Ok(live) } else { Err(wrongs) }
}

fn by_name(entries: Vec<UserEntry>, at: &Path, wrongs: &mut Vec<Wrong>) -> Roster<LiveUser> {
    let mut users = BTreeMap::new();
    for (number, entry) in entries.into_iter().enumerate() {
        let UserEntry { user_principal_name: Text(upn), id, calling, details } = entry;
        let path = || at.key("users").index(number).key("userPrincipalName");
        let user = LiveUser {
            upn: upn.clone(),
            id: id.map(|id| id.0),
            calling: calling.0,
            details: details.0,
        };
        if users.insert(upn.clone(), user).is_some() {
            wrongs.push(
                Wrong::value(path(), format!("user `{upn}` is listed twice"))
                    .hint("keep one of the two entries"),
            );
        }
    }
    users.into_values().collect()
}

/// Everything that does not fit, after the first error of the fast path. Users are tried one by
/// one: a mistake of one must not hide those of the others.
fn all_errors(file: &str, text: &str, first: &serde_json::Error) -> Vec<Diagnostic> {
    let mut wrongs = Vec::new();
    if let Ok([document]) = yaml::documents(text).as_deref_mut() {
        let at = Path::root(0);
        let tenants = document
            .get_mut("tenants")
            .and_then(Value::as_sequence_mut)
            .map(std::mem::take)
            .unwrap_or_default();
        wrongs.extend(yaml::decode::<Document>(document, &at).1);
        for (number, mut tenant) in tenants.into_iter().enumerate() {
            let at = at.key("tenants").index(number);
            let users = tenant
                .get_mut("live")
                .and_then(|live| live.get_mut("users"))
                .and_then(Value::as_sequence_mut);
            let users = users.map(std::mem::take).unwrap_or_default();
            wrongs.extend(yaml::decode::<TenantEntry>(&tenant, &at).1);
            let at = at.key("live").key("users");
            let users = users
                .iter()
                .enumerate()
                .flat_map(|(n, user)| yaml::decode::<UserEntry>(user, &at.index(n)).1);
            wrongs.extend(users);
        }
    }
    if wrongs.is_empty() { vec![at_error(file, text, first)] } else { placed(file, text, wrongs) }
}

fn placed(file: &str, text: &str, mut wrongs: Vec<Wrong>) -> Vec<Diagnostic> {
    wrongs.truncate(MAX_TOLD);
    let places = yaml::locate(text, &wrongs.iter().map(|wrong| wrong.path.clone()).collect());
    let text: Arc<str> = text.into();
    let one = |wrong: Wrong| {
        let source = places.source(&text, &wrong.path);
        Diagnostic {
            place: places.get(&wrong.path, wrong.at).cloned(),
            message: yaml::in_source(&wrong.message, source),
            hint: wrong.hint.map(|hint| yaml::in_source(&hint, source)),
            file: file.into(),
            labels: Vec::new(),
            text: Arc::clone(&text),
        }
    };
    wrongs.into_iter().map(one).collect()
}

/// The parser's own error, at the line and column that it says.
fn at_error(file: &str, text: &str, error: &serde_json::Error) -> Diagnostic {
    let sentence = error.to_string();
    let what = sentence.split(" at line ").next().unwrap_or(&sentence);
    let cut_off = error.is_eof().then_some("the file ends too early: was it copied as a whole?");
    let hint = cut_off.unwrap_or("snapshots are written by `dialplane observe --out FILE`");
    let place = yaml::place_of(text, error.line(), error.column());
    Diagnostic {
        place: Some(place),
        ..diagnostic(file, text, format!("not a snapshot: {what}"), hint)
    }
}

fn diagnostic(file: &str, text: &str, message: impl Into<String>, hint: &str) -> Diagnostic {
    Diagnostic { text: text.into(), ..Diagnostic::of_file(file, message, Some(hint.to_owned())) }
}
