//! The secrets of the settings: what looking at them does not show, and who else can read them.
//! Those that cannot be had at all are told by the login that needs them.

use super::{Checks, DoctorCheck};
use crate::{
    api::notices::Poster,
    cli::{manifests::FoundManifests, named_secrets},
    config::{SecretSource, Settings},
};

/// Reads each file and variable; commands are left to the login, because asking twice may mean to
/// be asked for a key twice.
pub(super) async fn check(settings: &Settings) -> Vec<DoctorCheck> {
    let mut all = Vec::new();
    for (section, _, account) in settings.all_accounts() {
        let mut checks = Checks::of(section.as_str());
        for (key, source, line) in account.sources() {
            look(&mut checks, &format!("{section}.{key}"), source, line).await;
        }
        all.extend(checks.list);
    }
    all.extend(notices(settings).await);
    if let Some(graph) = &settings.graph {
        let mut checks = Checks::of("graph");
        look(&mut checks, "graph.clientSecret", &graph.client_secret, true).await;
        all.extend(checks.list);
    }
    let mut checks = Checks::of("machine");
    for (key, git) in settings.branches() {
        let token = git.auth.as_ref().and_then(|auth| auth.token.as_ref());
        if let Some(token) = token {
            look(&mut checks, &format!("{key}.auth.token"), token, true).await;
        }
    }
    if let Some(postgres) = &settings.state.postgres {
        look(&mut checks, "state.postgres.url", &postgres.url, true).await;
    }
    let server = &settings.server;
    for (key, source) in [("token", &server.token), ("hookSecret", &server.hook_secret)] {
        if let Some(source) = source {
            look(&mut checks, &format!("server.{key}"), source, true).await;
        }
    }
    all.extend(checks.list);
    all
}

/// What a login to Graph needs, where no tenant is there yet whose reading would log in.
pub(super) async fn graph(settings: &Settings) -> Vec<DoctorCheck> {
    let Some(graph) = &settings.graph else { return Vec::new() };
    let mut checks = Checks::of("graph");
    if graph.client_id.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
        checks.fail(
            "login",
            "`graph.clientId` is not filled in",
            "write the application (client) id of your registration into the configuration",
        );
    }
    // A command may mean to be asked for a key.
    let is_command = matches!(graph.client_secret, SecretSource::Command { .. });
    if is_command {
        return checks.list;
    }
    match graph.client_secret.read().await {
        Err(error) => checks.fail(
            "login",
            format!("the client secret cannot be read: {error}"),
            "`graph.clientSecret` says where it comes from: env, file or command",
        ),
        Ok(_) => {
            checks.pass("login", "the client secret can be read; the first import logs in with it");
        }
    }
    checks.list
}

/// The receivers of notices: everything but whether they take one, which would send it.
async fn notices(settings: &Settings) -> Vec<DoctorCheck> {
    let poster = Poster::new(&settings.notices);
    let mut all = Vec::new();
    for (name, receiver) in &settings.notices.receivers {
        let section = format!("notices.receivers.{name}");
        let mut checks = Checks::of(section.as_str());
        match poster.check(name).await {
            Ok(host) => checks.pass(
                "notices",
                format!("{host}; `dialplane notices test {name}` sends it something"),
            ),
            Err(fault) => checks.fault("notices", fault),
        }
        for (key, source) in receiver.sources() {
            look(&mut checks, &format!("{section}.{key}"), source, true).await;
        }
        all.extend(checks.list);
    }
    all
}

/// The secrets that manifests name, and that are not there.
pub(super) fn named(checks: &mut Checks, looked: &FoundManifests, settings: &Settings) {
    let desired = &looked.in_force.desired;
    let texts = || looked.texts().unwrap_or_default();
    for unknown in named_secrets::unknown(desired, settings, texts) {
        let place = unknown.position().map_or_else(String::new, |(line, _)| format!(":{line}"));
        let finding = format!("{}{place}: {}", unknown.file, unknown.message);
        checks.warn("secretsFrom", finding, unknown.hint.unwrap_or_default());
    }
}

async fn look(checks: &mut Checks, key: &str, source: &SecretSource, line: bool) {
    if matches!(source, SecretSource::Command { .. } | SecretSource::Rehearsal(_)) {
        return;
    }
    let read = if line { source.read().await } else { source.read_document().await };
    let Ok(fetched) = read else { return };
    if let Some(odd) = fetched.odd {
        checks.warn(
            "secret",
            format!("`{key}`: {source} {odd}"),
            "it cannot be seen: take it off, unless it is meant",
        );
    }
    if fetched.open_to_all {
        let finding =
            format!("`{key}`: the mode of {source} lets every user of this machine read it");
        checks.warn("secret", finding, "let its owner alone read it: `chmod 600`");
    }
}
