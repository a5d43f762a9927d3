//! Everything that can be configured.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Account, Endpoint, Endpoints, Execution, GitSource, Graph, Live, ManifestSource, Notices, Run,
    SecretSource, Server, State,
    paths::{OneOrMany, one_or_many},
};
use crate::{model::AccountName, yaml::Segment};

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Files and folders with manifests, if the command line names none.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(with = "OneOrMany")]
    pub manifests: Vec<PathBuf>,
    /// The branch that the manifests come from, instead of `manifests`.
    pub git: Option<GitSource>,
    /// Several places that manifests come from, by name, instead of either.
    pub sources: BTreeMap<String, ManifestSource>,
    /// The service and the account at it.
    pub connect_to_teams: Option<Account>,
    /// Further accounts by name, for tenants that name theirs.
    pub accounts: BTreeMap<String, Account>,
    /// The application that reads Microsoft Graph, for tenants that are read there.
    pub graph: Option<Graph>,
    /// What is kept across restarts.
    pub state: State,
    /// How plans are carried out.
    pub execution: Execution,
    /// When the service looks again.
    pub run: Run,
    /// Live state that was kept in files.
    pub live: Live,
    /// Where the service answers over HTTP.
    pub server: Server,
    /// Who is told what needs people.
    pub notices: Notices,
    /// Nothing is written to any service while this is true.
    pub stop: bool,
    /// Nothing is written to any service while this file is there, or cannot be looked for; absent:
    /// `stop` in the state's folder.
    pub stop_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            manifests: vec![PathBuf::from("manifests")],
            git: None,
            sources: BTreeMap::new(),
            connect_to_teams: None,
            accounts: BTreeMap::new(),
            graph: None,
            state: State::default(),
            execution: Execution::default(),
            run: Run::default(),
            live: Live::default(),
            server: Server::default(),
            notices: Notices::default(),
            stop: false,
            stop_file: None,
        }
    }
}

impl Settings {
    /// The file whose presence stops everything.
    #[must_use]
    pub fn stop_file(&self) -> PathBuf {
        self.stop_file.clone().unwrap_or_else(|| self.state.path.join("stop"))
    }

    /// Takes relative paths from the folder `beside`, but for those that `set` elsewhere.
    pub(super) fn beside(&mut self, beside: &Path, set: impl Fn(&[Segment]) -> bool) {
        let key = |key: &str| Segment::Key(key.to_owned());
        if !set(&[key("manifests")]) {
            self.manifests.iter_mut().for_each(|path| *path = beside.join(&path));
        }
        if let Some(git) = &mut self.git {
            git.beside(beside, |below| {
                let below = below.iter().map(|below| key(below));
                set(&[key("git")].into_iter().chain(below).collect::<Vec<_>>())
            });
        }
        for (name, source) in &mut self.sources {
            source.beside(beside, |below| {
                let below = below.iter().map(|below| key(below));
                set(&[key("sources"), key(name)].into_iter().chain(below).collect::<Vec<_>>())
            });
        }
        if !set(&[key("state"), key("path")]) {
            self.state.path = beside.join(&self.state.path);
        }
        let postgres = self.state.postgres.as_mut();
        if let Some(file) = postgres.and_then(|postgres| postgres.root_certificate.as_mut())
            && !set(&[key("state"), key("postgres"), key("rootCertificate")])
        {
            *file = beside.join(&file);
        }
        if let Some(file) = self.stop_file.as_mut().filter(|_| !set(&[key("stopFile")])) {
            *file = beside.join(&file);
        }
        if let Some(file) = self.live.file.as_mut().filter(|_| !set(&[key("live"), key("file")])) {
            *file = beside.join(&file);
        }
        let only =
            self.connect_to_teams.iter_mut().map(|account| (vec![key("connectToTeams")], account));
        let named = self
            .accounts
            .iter_mut()
            .map(|(name, account)| (vec![key("accounts"), key(name)], account));
        let of_accounts = only.chain(named).flat_map(|(at, account)| {
            let below = move |keys: Vec<&str>| {
                at.iter().cloned().chain(keys.into_iter().map(key)).collect()
            };
            account.sources_mut().map(move |(keys, source)| (below(keys), source))
        });
        let graph = self
            .graph
            .iter_mut()
            .map(|graph| (vec![key("graph"), key("clientSecret")], &mut graph.client_secret));
        let token = self.server.token.iter_mut();
        let token = token.map(|token| (vec![key("server"), key("token")], token));
        let hook = self.server.hook_secret.iter_mut();
        let hook = hook.map(|secret| (vec![key("server"), key("hookSecret")], secret));
        let database = self.state.postgres.iter_mut();
        let database = database
            .map(|postgres| (vec![key("state"), key("postgres"), key("url")], &mut postgres.url));
        let receivers = self.notices.receivers.iter_mut().flat_map(|(name, receiver)| {
            let at = vec![key("notices"), key("receivers"), key(name)];
            let below = move |last: &str| [at.clone(), vec![key(last)]].concat();
            receiver.sources_mut().map(move |(last, source)| (below(last), source))
        });
        for (at, source) in
            of_accounts.chain(graph).chain(token).chain(hook).chain(database).chain(receivers)
        {
            if let SecretSource::File(path) = source
                && !set(&at)
            {
                *path = beside.join(&path);
            }
        }
    }

    /// Notes how syncs are sent: the people who are asked about them answer by changing that.
    pub(super) fn note_sync_rows(&mut self) {
        let usual = Endpoints::default().sync;
        let rows =
            self.all_accounts().map(|(section, _, account)| (section, &account.endpoints.sync));
        let other: Vec<String> = rows
            .filter(|(_, row)| **row != usual)
            .map(|(section, row)| format!("{section}: {}", in_words(row)))
            .collect();
        // FNV-1a: the same on every machine and in every release.
        let hash = |text: &String| {
            text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
                (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            })
        };
        self.execution.sync_settings = other.iter().map(hash).fold(0, u32::wrapping_add);
    }

    /// The branches that are followed, each with its key.
    pub fn branches(&self) -> impl Iterator<Item = (String, &GitSource)> {
        let only = self.git.iter().map(|git| ("git".to_owned(), git));
        let named = self.sources.iter().filter_map(|(name, source)| {
            Some((format!("sources.{name}.git"), source.git.as_ref()?))
        });
        only.chain(named)
    }

    /// The account that manages a tenant which names this one, and its section. With a single
    /// account none need be named.
    #[must_use]
    pub fn account_of(&self, named: Option<&AccountName>) -> Option<(String, &Account)> {
        let alone = named.is_none() && self.all_accounts().count() == 1;
        let found = self.all_accounts().find(|(_, name, _)| alone || name.as_ref() == named);
        found.map(|(section, _, account)| (section, account))
    }

    /// All accounts, each with the section that it is in and the name by which tenants name it.
    pub fn all_accounts(&self) -> impl Iterator<Item = (String, Option<AccountName>, &Account)> {
        let only = self
            .connect_to_teams
            .iter()
            .map(|account| ("connectToTeams".to_owned(), None, account));
        let named = self.accounts.iter().filter_map(|(name, account)| {
            let name = AccountName::parse(name).ok()?;
            Some((format!("accounts.{name}"), Some(name), account))
        });
        only.chain(named)
    }
}

/// A row as text. Journals keep what is made of it: it stays as it is, whatever the types are
/// called.
fn in_words(row: &Endpoint) -> String {
    let Endpoint { method, path, body, accept } = row;
    format!("Call {{ method: {method:?}, path: {path:?}, body: {body:?}, accept: {accept:?} }}")
}
