//! Text as observations, or everything that is wrong with it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;
use serde_yaml::Value;

use super::{
    Document, FaultEntry, Head, KIND, LiveEntry, TeamsEntry, TenantEntry, UserEntry, VERSION,
};
use crate::{
    model::{Confirmation, Fault, LiveSource, LiveTenant, LiveUser, Roster, TenantRef},
    snapshot::{TenantSnapshot, spell::AsText},
    yaml::{self, Diagnostic, Mismatch, Path},
};

/// Mistakes of one file that are told, at most.
const MAX_TOLD: usize = 1000;

/// The observations of a file, or everything that is wrong with it.
pub(in crate::snapshot) fn read(
    file: &str,
    text: &str,
) -> Result<Vec<TenantSnapshot>, Vec<Diagnostic>> {
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
    let wrongs: Vec<Mismatch> = wrongs.into_iter().filter_map(Result::err).flatten().collect();
    if wrongs.is_empty() {
        Ok(shots.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(placed(file, text, wrongs))
    }
}

fn shot(entry: TenantEntry, at: &Path) -> Result<TenantSnapshot, Vec<Mismatch>> {
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
        _ => {
            return Err(vec![Mismatch::value(at.clone(), "either `live` or `unread` is expected")]);
        }
    };
    Ok(TenantSnapshot { tenant, at: observed_at, reader: reader.into(), inventory, live })
}

fn live_tenant(entry: LiveEntry, at: &Path) -> Result<LiveTenant, Vec<Mismatch>> {
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

fn by_name(entries: Vec<UserEntry>, at: &Path, wrongs: &mut Vec<Mismatch>) -> Roster<LiveUser> {
    let mut users = BTreeMap::new();
    for (number, entry) in entries.into_iter().enumerate() {
        let UserEntry { user_principal_name: AsText(upn), id, calling, details } = entry;
        let path = || at.key("users").index(number).key("userPrincipalName");
        let user = LiveUser {
            upn: upn.clone(),
            id: id.map(|id| id.0),
            calling: calling.0,
            details: details.0,
        };
        if users.insert(upn.clone(), user).is_some() {
            wrongs.push(
                Mismatch::value(path(), format!("user `{upn}` is listed twice"))
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

fn placed(file: &str, text: &str, mut wrongs: Vec<Mismatch>) -> Vec<Diagnostic> {
    wrongs.truncate(MAX_TOLD);
    let places = yaml::locate(text, &wrongs.iter().map(|wrong| wrong.path.clone()).collect());
    let text: Arc<str> = text.into();
    let mut told = Vec::with_capacity(wrongs.len());
    for wrong in wrongs {
        let source = places.source(&text, &wrong.path);
        told.push(Diagnostic {
            place: places.get(&wrong.path, wrong.at).cloned(),
            message: yaml::in_source(&wrong.message, source),
            hint: wrong.hint.map(|hint| yaml::in_source(&hint, source)),
            file: file.into(),
            labels: Vec::new(),
            text: Arc::clone(&text),
        });
    }
    told
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
