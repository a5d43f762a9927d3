//! The service that a command talks to: the real one, or a sandbox in this process.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::exit::Failure;
use crate::{
    api::{connecttoteams::Client, graph},
    config::{self, Account, Execution, Graph, SecretSource, Settings},
    model::{Desired, DesiredTenant, TenantName},
    readers::Readers,
    sandbox::{self, Sandbox, World},
    source::SnapshotFiles,
};

/// The drift of a sandbox in this process: always the same, so a tour shows what its text
/// says.
const SEED: u64 = 1;

/// How many times `run.backoff` refused credentials wait.
const REFUSED: u32 = 6;

/// A service, and how plans are carried out there.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) client: Client,
    graph: Option<graph::GraphReader>,
    kept: Option<Arc<SnapshotFiles>>,
    pub(super) execution: Execution,
    /// Kept running as long as the command.
    pub(super) sandbox: Option<Sandbox>,
}

/// Which account would write to which tenant, for a plan from kept live state. None where the
/// settings do not say it, or are not enough to write.
pub(super) fn known_accounts(
    settings: &Settings,
    desired: &Desired,
) -> BTreeMap<TenantName, String> {
    let Ok(client) = Client::of(settings.all_accounts()) else { return BTreeMap::new() };
    named(desired, |tenant| client.account_of(&tenant.reference()))
}

fn named(
    desired: &Desired,
    account: impl Fn(&DesiredTenant) -> Option<String>,
) -> BTreeMap<TenantName, String> {
    let all = desired.tenants.iter();
    all.filter_map(|(name, tenant)| Some((name.clone(), account(tenant)?))).collect()
}

impl Backend {
    /// The service that the settings name.
    pub(super) fn real(settings: &Settings) -> Result<Self, Failure> {
        // Graph and files can be read without one; nothing is written then.
        let others = settings.graph.is_some() || settings.live.file.is_some();
        if settings.all_accounts().next().is_none() && !others {
            return Err(Failure::new(
                "the configuration names no account at the ConnecttoTeams service",
            )
            .hint(
                "set `connectToTeams` in dialplane.yaml (`dialplane init --account` writes one), \
                    rehearse with `--sandbox`, or compare with a list: `dialplane plan --live FILE`",
            ));
        }
        let graph = settings.graph.as_ref().map(graph::GraphReader::new).transpose()?;
        let kept = SnapshotFiles::new(&settings.live).map(Arc::new);
        Ok(Self {
            client: Client::of(settings.all_accounts())?,
            graph,
            kept,
            execution: settings.execution,
            sandbox: None,
        })
    }

    /// Lets refused credentials be tried again, as a service has to. That is waited for longer than
    /// for other failures: accounts are locked after a few wrong passwords.
    pub(super) fn try_logins_again(&self, backoff: Duration, ceiling: Duration) {
        let first = backoff.saturating_mul(REFUSED);
        self.client.try_logins_again(first, ceiling);
        if let Some(graph) = &self.graph {
            graph.try_logins_again(first, ceiling);
        }
    }

    /// Which account writes to which tenant.
    pub(super) fn accounts(&self, desired: &Desired) -> BTreeMap<TenantName, String> {
        match &self.sandbox {
            Some(_) => named(desired, |_| Some("a rehearsal".to_owned())),
            None => named(desired, |tenant| self.client.account_of(&tenant.reference())),
        }
    }

    /// The half that reads.
    pub(super) fn reader(&self) -> Readers {
        Readers::new(self.client.reader(), self.graph.clone(), self.kept.clone())
    }

    /// A sandbox in this process, as `desired` but for some drift.
    pub(super) async fn rehearsal(desired: &Desired) -> Result<Self, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sandbox =
            Sandbox::start(World::drifted(desired, SEED), address).await.map_err(|error| {
                Failure::new(format!("the sandbox cannot listen on {address}: {error}"))
            })?;
        let settings = config::parse(
            "the sandbox's settings",
            &sandbox::config_yaml(&sandbox.base_url()),
            std::iter::empty(),
        )?;
        let account = settings
            .connect_to_teams
            .ok_or_else(|| Failure::new("the sandbox's settings name no account"))?;
        let secret = SecretSource::Rehearsal(sandbox::SECRET.to_owned());
        let account =
            Account { client_secret: secret.clone(), password: secret.clone(), ..account };
        let graph = settings.graph.map(|graph| Graph { client_secret: secret, ..graph });
        let graph = graph.as_ref().map(graph::GraphReader::new).transpose()?;
        Ok(Self {
            client: Client::new(&account)?,
            graph,
            kept: None,
            execution: settings.execution,
            sandbox: Some(sandbox),
        })
    }
}
