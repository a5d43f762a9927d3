//! What settings must hold and how far they may go, beyond their types.

use std::time::Duration;

use serde_yaml::Value;

use super::Settings;
use crate::{
    model::{AccountName, TenantName},
    yaml::{self, At, Path, Wrong},
};

/// Keys of accounts and of the application that are absent: the decoder tells only the first.
pub(super) fn missing(value: &Value, told: &[Wrong]) -> Vec<Wrong> {
    const OF_ACCOUNTS: &[&str] = &["clientId", "clientSecret", "username", "password"];
    let section = |key: &str| Some((Path::root(0).key(key), value.get(key)?));
    let named = value.get("accounts").and_then(Value::as_mapping).into_iter().flatten();
    let named = named.filter_map(|(name, account)| Some((Path::root(0).key("accounts").key(name.as_str()?), account)));
    let accounts = section("connectToTeams").into_iter().chain(named).map(|(path, found)| (path, found, OF_ACCOUNTS));
    let graph = section("graph").map(|(path, found)| (path, found, &["clientId", "clientSecret"][..]));
    let mut wrongs = Vec::new();
    for (path, found, keys) in accounts.chain(graph) {
        let Some(found) = found.as_mapping() else { continue };
        let absent = keys.iter().filter(|key| !found.contains_key(**key));
        wrongs.extend(absent.map(|key| yaml::missing(&path, key, "add it")).filter(|wrong| !told.contains(wrong)));
    }
    wrongs
}

/// What is wrong with accounts beyond their types: names, and rows of their endpoint tables.
pub(super) fn accounts(settings: &Settings) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    let accounts = Path::root(0).key("accounts");
    for name in settings.accounts.keys() {
        wrongs.extend(AccountName::parse(name).err().map(|problem| at_key(accounts.key(name), problem)));
    }
    let only = settings.connect_to_teams.iter().map(|account| (Path::root(0).key("connectToTeams"), account));
    let named = settings.accounts.iter().map(|(name, account)| (accounts.key(name), account));
    for (path, account) in only.chain(named) {
        let row = |row: &str| path.key("endpoints").key(row);
        wrongs.extend(account.endpoints.problems().into_iter().map(|(name, problem)| Wrong::value(row(name), problem)));
        let tenants = account.enterprises.keys();
        let odd = tenants.filter_map(|name| Some((name, TenantName::parse(name).err()?)));
        wrongs.extend(odd.map(|(name, problem)| at_key(path.key("enterprises").key(name), problem)));
    }
    wrongs
}

fn at_key(path: Path, problem: String) -> Wrong {
    Wrong { at: At::Key, ..Wrong::value(path, problem) }
}

/// What is wrong with the application that reads Graph.
pub(super) fn graph(settings: &Settings) -> Vec<Wrong> {
    let problems = settings.graph.iter().flat_map(super::Graph::problems);
    problems.map(|(key, problem)| Wrong::value(Path::root(0).key("graph").key(key), problem)).collect()
}

/// Numbers that would stop the program from doing anything.
pub(super) fn counts(settings: &Settings) -> Vec<Wrong> {
    let execution = &settings.execution;
    let counts = [
        ("usersPerTenant", execution.users_per_tenant, 1..=64),
        ("tenants", execution.tenants, 1..=64),
        ("flapLimit", execution.flap_limit, 2..=16),
    ];
    let wrong = counts.into_iter().filter(|(_, count, possible)| !possible.contains(count));
    let path = Path::root(0).key("execution");
    wrong
        .map(|(key, count, possible)| {
            let (least, most) = possible.into_inner();
            Wrong::value(path.key(key), format!("`{key}` is {count}; {least} to {most} are possible"))
        })
        .collect()
}

/// Intervals so short that the vendor would be called without pause. A rehearsal on loopback may be quicker.
pub(super) fn intervals(settings: &Settings) -> Vec<Wrong> {
    let rehearsal = settings.all_accounts().all(|(.., account)| account.base_url.starts_with("http://"));
    let least = |seconds| if rehearsal { Duration::from_millis(10) } else { Duration::from_secs(seconds) };
    let run = &settings.run;
    let intervals = [
        ("debounce", run.debounce, Duration::from_millis(10)),
        ("poll", run.poll, least(1)),
        ("resync", run.resync, least(60)),
        ("backoff", run.backoff, least(1)),
        ("backoffCeiling", run.backoff_ceiling, run.backoff),
    ];
    let path = Path::root(0).key("run");
    let short = intervals.iter().filter(|(_, given, least)| given < least);
    short
        .map(|(key, given, least)| {
            let shown = |duration: &Duration| humantime::format_duration(*duration).to_string();
            Wrong::value(path.key(key), format!("`{key}` is {}; {} is the least", shown(given), shown(least)))
        })
        .collect()
}
