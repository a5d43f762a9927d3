//! What settings must hold and how far they may go, beyond their types.

use std::time::Duration;

use serde_yaml::Value;

use super::{Settings, problem::RowProblem, table::problems};
use crate::{
    model::{AccountName, TenantName},
    words::duration,
    yaml::{self, At, Mismatch, Path},
};

/// Keys of accounts and of the application that are absent: the decoder tells only the first.
pub(super) fn missing(value: &Value, told: &[Mismatch]) -> Vec<Mismatch> {
    const OF_ACCOUNTS: &[&str] = &["clientId", "clientSecret", "username", "password"];
    let section = |key: &str| Some((Path::root(0).key(key), value.get(key)?));
    let named = value.get("accounts").and_then(Value::as_mapping).into_iter().flatten();
    let named = named.filter_map(|(name, account)| {
        Some((Path::root(0).key("accounts").key(name.as_str()?), account))
    });
    let accounts = section("connectToTeams")
        .into_iter()
        .chain(named)
        .map(|(path, found)| (path, found, OF_ACCOUNTS));
    let graph =
        section("graph").map(|(path, found)| (path, found, &["clientId", "clientSecret"][..]));
    let mut wrongs = Vec::new();
    for (path, found, keys) in accounts.chain(graph) {
        let Some(found) = found.as_mapping() else { continue };
        let absent = keys.iter().filter(|key| !found.contains_key(**key));
        wrongs.extend(
            absent
                .map(|key| yaml::missing(&path, key, "add it"))
                .filter(|wrong| !told.contains(wrong)),
        );
    }
    wrongs
}

/// Manifests come from one place.
pub(super) fn several_sources(value: &Value) -> Option<Mismatch> {
    let here = ["manifests", "git", "sources"].into_iter().filter(|key| value.get(key).is_some());
    let [first, second, ..] = here.collect::<Vec<_>>()[..] else { return None };
    let message = format!("`{second}` takes the place of `{first}`, and both are given");
    let at = Path::root(0).key(second);
    Some(
        Mismatch { at: At::Key, ..Mismatch::value(at, message) }
            .hint("take one of them out; `sources` holds several side by side"),
    )
}

/// A hook sets off a question to the server of a branch.
pub(super) fn hook(settings: &Settings) -> Option<Mismatch> {
    let is_vain = settings.server.hook_secret.is_some() && settings.branches().next().is_none();
    is_vain.then(|| {
        let at = Path::root(0).key("server").key("hookSecret");
        Mismatch::value(at, "a hook has the server of a branch asked, and no branch is followed")
            .hint("set `git`, or take it out: folders are watched")
    })
}

/// What is wrong with accounts beyond their types: names, and rows of their endpoint tables.
pub(super) fn accounts(settings: &Settings) -> Vec<Mismatch> {
    let mut wrongs = Vec::new();
    let accounts = Path::root(0).key("accounts");
    for name in settings.accounts.keys() {
        wrongs.extend(
            AccountName::parse(name).err().map(|problem| at_key(accounts.key(name), problem)),
        );
    }
    let only = settings
        .connect_to_teams
        .iter()
        .map(|account| (Path::root(0).key("connectToTeams"), account));
    let named = settings.accounts.iter().map(|(name, account)| (accounts.key(name), account));
    for (path, account) in only.chain(named) {
        for (row, RowProblem { at, what }) in
            problems(&account.endpoints, !account.enterprises.is_empty())
        {
            let row = path.key("endpoints").key(row.name());
            wrongs.push(Mismatch::value(at.iter().fold(row, |path, key| path.key(key)), what));
        }
        let texts = [
            ("baseUrl", &account.base_url),
            ("clientId", &account.client_id),
            ("username", &account.username),
        ];
        wrongs.extend(texts.into_iter().filter_map(|(key, text)| odd_text(&path, key, text)));
        let of = path.key("resellerOf");
        for (name, id) in &account.reseller_of {
            wrongs
                .extend(TenantName::parse(name).err().map(|problem| at_key(of.key(name), problem)));
            let odd = (*id <= 0).then(|| {
                Mismatch::value(
                    of.key(name),
                    format!("`{name}` is {id}; the number of a reseller is above 0"),
                )
            });
            wrongs.extend(odd);
        }
        if let Some(id) = account.reseller_id.filter(|id| *id <= 0) {
            wrongs.push(Mismatch::value(
                path.key("resellerId"),
                format!("`resellerId` is {id}; the number of a reseller is above 0"),
            ));
        }
        let tenants = account.enterprises.keys();
        let odd = tenants.filter_map(|name| Some((name, TenantName::parse(name).err()?)));
        wrongs
            .extend(odd.map(|(name, problem)| at_key(path.key("enterprises").key(name), problem)));
    }
    wrongs
}

/// Blanks at the ends of a text that is sent as it is, and nothing at all: nobody sees either.
fn odd_text(path: &Path, key: &str, text: &str) -> Option<Mismatch> {
    let wrong = |what: String| Some(Mismatch::value(path.key(key), what));
    if text.trim().is_empty() {
        return wrong(format!("`{key}` is empty"));
    }
    if text.trim() != text {
        return wrong(format!("`{key}` begins or ends with a blank: take it off"));
    }
    text.contains(char::is_control)
        .then(|| Mismatch::value(path.key(key), format!("`{key}` holds a control character")))
}

fn at_key(path: Path, problem: String) -> Mismatch {
    Mismatch { at: At::Key, ..Mismatch::value(path, problem) }
}

/// What is wrong with the application that reads Graph.
pub(super) fn graph(settings: &Settings) -> Vec<Mismatch> {
    let path = Path::root(0).key("graph");
    let problems = settings.graph.iter().flat_map(super::Graph::problems);
    let problems = problems.map(|(key, problem)| Mismatch::value(path.key(key), problem));
    let texts = settings
        .graph
        .iter()
        .flat_map(|graph| [("baseUrl", &graph.base_url), ("loginUrl", &graph.login_url)]);
    problems.chain(texts.filter_map(|(key, text)| odd_text(&path, key, text))).collect()
}

/// What is wrong with the database of the journal.
pub(super) fn database(settings: &Settings) -> Vec<Mismatch> {
    let path = Path::root(0).key("state").key("postgres");
    let problems = settings.state.postgres.iter().flat_map(super::Postgres::problems);
    problems.map(|(key, problem)| Mismatch::value(path.key(key), problem)).collect()
}

/// Numbers that would stop the program from doing anything.
pub(super) fn counts(settings: &Settings) -> Vec<Mismatch> {
    let execution = &settings.execution;
    let counts = [
        ("usersPerTenant", execution.users_per_tenant, 1..=64),
        ("tenants", execution.tenants, 1..=64),
        ("readers", execution.readers, 1..=64),
        ("flapLimit", execution.flap_limit, 2..=16),
    ];
    let wrong = counts.into_iter().filter(|(_, count, possible)| !possible.contains(count));
    let path = Path::root(0).key("execution");
    wrong
        .map(|(key, count, possible)| {
            let (least, most) = possible.into_inner();
            Mismatch::value(
                path.key(key),
                format!("`{key}` is {count}; {least} to {most} are possible"),
            )
        })
        .collect()
}

/// Intervals so short that the vendor would be called without pause. A rehearsal on loopback may be
/// quicker.
pub(super) fn intervals(settings: &Settings) -> Vec<Mismatch> {
    let rehearsal =
        settings.all_accounts().all(|(.., account)| account.base_url.starts_with("http://"));
    let least =
        |seconds| if rehearsal { Duration::from_millis(10) } else { Duration::from_secs(seconds) };
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
            Mismatch::value(
                path.key(key),
                format!("`{key}` is {}; {} is the least", duration(*given), duration(*least)),
            )
        })
        .collect()
}
