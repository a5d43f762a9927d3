//! The vendor's service, and Microsoft Graph beside it, on a loopback socket: for trying Dialplane
//! without an account, and for testing it.
//!
//! ```text
//! socket --http--> Request --service::handle(state, now)--> RequestOutcome --http--> socket
//!                              |          |
//!                           faults   route -> login, reads, provisioning, graph -> World
//! ```
//!
//! It enforces the rules that the contract states or implies: tokens that expire, consent that
//! needs both indicators, users that the sync groups hide, numbers that stay with disabled users,
//! writes that become visible late. Where the vendor's behaviour is unknown it is a switch
//! ([`Faults`]), so a client can be tested against each possibility.
//!
//! **Invariant:** listens on loopback addresses only.
//!
//! **Invariant:** spells the wire itself and shares nothing with the client but the domain types: the two
//! check each other.
//!
//! **Invariant:** given the same world, switches and calls, the same happens, whatever the timing
//! of calls about different users; only a rule that is counted down over several users strikes
//! the first one.

mod bearer;
mod calls;
mod config;
mod configure;
mod control;
mod delegation;
mod dice;
mod drift;
mod faults;
mod fields;
mod graph;
mod http;
mod login;
mod numbers;
mod provisioning;
mod reads;
mod route;
mod rule;
mod seed;
mod service;
mod wire;
mod world;

#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::model::TenantId;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use calls::RecordedCall;
pub use config::{CONFIG_HEADER, config_yaml, config_yaml_for};
pub use delegation::msal_object;
pub use faults::{EmptyPhone, Faults, HeldNumber, Latency, Omitted};
pub use graph::GRAPH_CLIENT_ID;
pub use login::{CLIENT_ID, SECRET, USERNAME};
pub use route::Route;
pub use rule::{FaultRule, InjectedFault};
pub use world::{Envelope, SyncState, Tenant, User, World};

/// The reseller that the API admin belongs to.
pub const RESELLER_ID: i64 = 123;

/// A running sandbox. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    shared: http::SharedService,
    server: JoinHandle<io::Result<()>>,
    /// Ends the server when the sandbox is dropped without [`Sandbox::stop`].
    _stop: DropGuard,
}

impl Sandbox {
    /// How long a stop waits for calls in flight; then they are cut off.
    const GRACE: Duration = Duration::from_secs(2);

    /// Starts on a loopback address; port 0 lets the system choose one.
    pub async fn start(world: World, address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let text = format!(
                "the sandbox listens on loopback addresses only, such as 127.0.0.1, and {} is none",
                address.ip()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let service = Arc::new(Mutex::new(service::SandboxService::new(world)));
        let shared = http::SharedService { service, stop: stop.clone() };
        let server = tokio::spawn(http::serve(listener, shared.clone()));
        Ok(Self { address, shared, server, _stop: stop.drop_guard() })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What settings take as `baseUrl`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in the order in which they were handled. The sandbox's own pages are
    /// not among them.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.shared.lock().calls.all().cloned().collect()
    }

    /// Those of them that were provisioning calls, carried out or not.
    #[must_use]
    pub fn writes(&self) -> Vec<RecordedCall> {
        self.shared.lock().calls.all().filter(|call| call.write).cloned().collect()
    }

    /// Reads or changes the switches. No request is handled meanwhile.
    pub fn faults<R>(&self, look: impl FnOnce(&mut Faults) -> R) -> R {
        look(&mut self.shared.lock().faults)
    }

    /// Reads or changes the world. No request is handled meanwhile.
    pub fn world<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        let mut service = self.shared.lock();
        service.numbers.forget();
        look(&mut service.world)
    }

    /// Changes the client secret and the password to `secret` and ends all tokens, as an operator
    /// does who rotates them.
    pub fn change_secret(&self, secret: &str) {
        self.shared.lock().tokens.change_secret(secret);
    }

    /// The credentials of an enterprise, as `regenerateAPICredentials` would answer them; those
    /// before end.
    #[must_use]
    pub fn enterprise_credentials(&self, tenant: &TenantId) -> String {
        self.shared.lock().tokens.new_credentials(tenant).to_string()
    }

    /// Closes the socket and waits for the calls in flight.
    pub async fn stop(mut self) -> io::Result<()> {
        self.shared.stop.cancel();
        if let Ok(ended) = tokio::time::timeout(Self::GRACE, &mut self.server).await {
            return ended.map_err(io::Error::other)?;
        }
        self.server.abort();
        Ok(())
    }
}
