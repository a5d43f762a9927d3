//! Settings: what the configuration file and the environment say, checked once at start.
//!
//! **Invariant:** no secret is ever part of the settings; they hold where secrets come from.

mod account;
mod body;
mod endpoint;
mod endpoints;
mod fetch;
mod graph;
mod limits;
mod link;
mod list;
mod live;
mod load;
mod plain;
mod problem;
mod secret;
mod server;
mod span;
mod syntax;
mod table;
mod user_secrets;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, de::Error as _};

pub use account::{Account, Enterprise};
pub use body::{AUTHORISATION, Body, Template};
pub use endpoint::{Accept, Endpoint, Method};
pub use endpoints::{Effort, Endpoints, NEVER, Row};
pub use graph::Graph;
pub use link::ConsentLink;
pub use list::{CallingMap, ListUsers, NotSetUp, Pages, Paging};
pub use live::Live;
pub use load::{ConfigError, load, parse};
pub use problem::Problem;
pub use secret::{Fetched, SecretError, SecretSource};
pub use server::Server;
pub use table::problems;
pub use user_secrets::UserSecrets;

use crate::{
    model::{AccountName, PerHour},
    yaml::Segment,
};

/// A row as text. Journals keep what is made of it: it stays as it is, whatever the types are
/// called.
fn in_words(row: &Endpoint) -> String {
    let Endpoint { method, path, body, accept } = row;
    format!("Call {{ method: {method:?}, path: {path:?}, body: {body:?}, accept: {accept:?} }}")
}

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Files and folders with manifests, if the command line names none.
    #[serde(deserialize_with = "one_or_many")]
    pub manifests: Vec<PathBuf>,
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
            connect_to_teams: None,
            accounts: BTreeMap::new(),
            graph: None,
            state: State::default(),
            execution: Execution::default(),
            run: Run::default(),
            live: Live::default(),
            server: Server::default(),
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
    fn beside(&mut self, beside: &Path, set: impl Fn(&[Segment]) -> bool) {
        let key = |key: &str| Segment::Key(key.to_owned());
        if !set(&[key("manifests")]) {
            self.manifests.iter_mut().for_each(|path| *path = beside.join(&path));
        }
        if !set(&[key("state")]) {
            self.state.path = beside.join(&self.state.path);
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
        for (at, source) in of_accounts.chain(graph).chain(token) {
            if let SecretSource::File(path) = source
                && !set(&at)
            {
                *path = beside.join(&path);
            }
        }
    }

    /// Notes how syncs are sent: the people who are asked about them answer by changing that.
    fn note_sync_rows(&mut self) {
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

/// What is kept across restarts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct State {
    /// The folder of the journal.
    pub path: PathBuf,
    /// How long history is kept. What is owed or unknown is kept in any case.
    #[serde(with = "span")]
    pub retention: Duration,
    /// How many entries of history are kept, at most.
    pub entries: u64,
}

impl Default for State {
    fn default() -> Self {
        let Retention { age, entries } = Retention::default();
        Self { path: PathBuf::from(".dialplane"), retention: age, entries }
    }
}

impl State {
    /// How much history is kept.
    #[must_use]
    pub fn keeps(&self) -> Retention {
        Retention { age: self.retention, entries: self.entries }
    }
}

/// How much history is kept. What is still owed or unknown is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How old an entry may become, by the time that passed between the entries after it: a pause
    /// counts for a tenth of this at most, so a clock that jumps makes next to nothing older.
    pub age: Duration,
    /// How many entries there may be.
    pub entries: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(365 * 24 * 3600), entries: 2_000_000 }
    }
}

/// How plans are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Execution {
    /// Users of one tenant that are worked on side by side.
    pub users_per_tenant: usize,
    /// Tenants that are worked on side by side.
    pub tenants: usize,
    /// Tenants that are read side by side. Reads move nobody and are made again if they fail, so
    /// there may be more of them: sixteen are as many as the changes that are sent side by side by
    /// default. A wait that the service asks for holds all calls of the account, these as well.
    pub readers: usize,
    /// How long a write may stay invisible before it counts as not landed (contract 4.4: up to 4
    /// hours after a sync).
    #[serde(with = "span")]
    pub settle: Duration,
    /// The same after a tenant's first sync (contract 4.4: up to 24 hours).
    #[serde(with = "span")]
    pub first_settle: Duration,
    /// The least time between two syncs of a tenant: the vendor asks not to start one while another
    /// may run (contract 4.4).
    #[serde(with = "span")]
    pub sync_spacing: Duration,
    /// How often somebody else may change one value back within `flap_window` before it is left
    /// alone and people are asked.
    pub flap_limit: usize,
    /// See `flap_limit`.
    #[serde(with = "span")]
    pub flap_window: Duration,
    /// How much may be sent for the whole fleet within an hour.
    pub per_hour: PerHour,
    /// What the accounts say of the `sync` row, as a number; 0 for the default. Not a setting of
    /// its own.
    #[serde(skip)]
    pub sync_settings: u32,
    /// How long changes are expected to leave a user without calls.
    pub interruption: Interruption,
}

/// How long each kind of change is expected to leave a user who could call without calls. The
/// vendor does not say; these are estimates for those who decide when a plan is carried out, and
/// hold nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Interruption {
    /// A number that is replaced or taken away.
    #[serde(with = "span")]
    pub number: Duration,
    /// Another gateway.
    #[serde(with = "span")]
    pub gateway: Duration,
    /// Any other detail.
    #[serde(with = "span")]
    pub details: Duration,
}

impl Default for Interruption {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self { number: minutes(15), gateway: minutes(5), details: Duration::ZERO }
    }
}

impl Default for Execution {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            users_per_tenant: 4,
            tenants: 4,
            readers: 16,
            settle: hours(4),
            first_settle: hours(24),
            sync_spacing: Duration::from_secs(5 * 60),
            flap_limit: 3,
            flap_window: hours(24),
            interruption: Interruption::default(),
            per_hour: PerHour::default(),
            sync_settings: 0,
        }
    }
}

/// When the service looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Run {
    /// How long files must be quiet before they act.
    #[serde(with = "span")]
    pub debounce: Duration,
    /// Files that never become quiet are read after this long all the same.
    #[serde(with = "span")]
    pub debounce_ceiling: Duration,
    /// How often the files are looked at even if nothing was reported.
    #[serde(with = "span")]
    pub poll: Duration,
    /// How often live state is compared even if no file changed.
    #[serde(with = "span")]
    pub resync: Duration,
    /// The first wait after a failure; doubled with each further one.
    #[serde(with = "span")]
    pub backoff: Duration,
    /// The longest wait after failures.
    #[serde(with = "span")]
    pub backoff_ceiling: Duration,
    /// How long a line must have been missing in the manifests before anybody is disabled because
    /// of that alone. A clean newer commit counts at once.
    #[serde(with = "span")]
    pub absence: Duration,
    /// How long running calls may go on after a stop was asked for.
    #[serde(with = "span")]
    pub grace: Duration,
}

impl Default for Run {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            debounce: Duration::from_millis(500),
            debounce_ceiling: seconds(10),
            poll: seconds(30),
            resync: seconds(15 * 60),
            backoff: seconds(10),
            backoff_ceiling: seconds(30 * 60),
            absence: seconds(5 * 60),
            grace: seconds(20),
        }
    }
}

/// One path, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    let path = |value: &serde_yaml::Value| value.as_str().map(PathBuf::from);
    let paths = match serde_yaml::Value::deserialize(deserializer)? {
        serde_yaml::Value::Sequence(paths) => paths.iter().map(path).collect(),
        one => path(&one).map(|path| vec![path]),
    };
    paths.ok_or_else(|| D::Error::custom("a path or a list of paths is expected"))
}

/// Short enough for nobody to notice, long enough for a service that restarts to be back.
fn default_retry_pause() -> Duration {
    Duration::from_millis(250)
}
