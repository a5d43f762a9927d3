//! Begins to serve, on a thread of its own, and ends it.

use std::{io, net::SocketAddr, thread, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{net::TcpListener, runtime, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Feed,
    access::Access,
    connections,
    routes::{App, routes},
};
use crate::config::{self, SecretError};

/// The fewest characters of a token: what is shorter is guessed.
const TOKEN: usize = 16;
/// How long answers under way may take when the server ends.
const GRACE: Duration = Duration::from_secs(2);

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The token cannot be had.
    #[error("the token of the HTTP server cannot be read: {0}")]
    Token(#[from] SecretError),
    /// The token is too short.
    #[error("the token of the HTTP server has {0} characters; {TOKEN} are the least")]
    Short(usize),
    /// The address cannot be listened on.
    #[error("the HTTP server cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// There is no thread for it.
    #[error("the HTTP server cannot be started: {0}")]
    Thread(io::Error),
}

impl StartError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Token(_) => "see `server.token` in the configuration",
            Self::Short(_) => "make one with `openssl rand -hex 32`",
            Self::Listen(..) => "see who listens there, or set `server.listen`",
            Self::Thread(_) => "see whether the machine has threads and descriptors left",
        }
    }
}

/// A running server. It ends with this value.
#[derive(Debug)]
pub struct Server {
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Listens where the settings say; nothing if they say nowhere.
    pub async fn start(settings: &config::Server, feed: Feed) -> Result<Option<Self>, StartError> {
        let Some(address) = settings.listen else { return Ok(None) };
        let token = match &settings.token {
            None => None,
            Some(source) => Some(source.read().await?.secret),
        };
        let length = token.as_ref().map(|token| token.expose_secret().chars().count());
        if let Some(short) = length.filter(|length| *length < TOKEN) {
            return Err(StartError::Short(short));
        }
        let token = token.as_ref().map(SecretString::expose_secret);
        let access = Access::new(token, settings.hosts.clone(), settings.protect_all);
        let listener = std::net::TcpListener::bind(address)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| StartError::Listen(address, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(address, error))?;
        let stop = CancellationToken::new();
        let app = routes(App { feed, access, asking: Semaphore::new(1) });
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let ended = stop.clone();
        let serve = move || {
            runtime.block_on(async {
                match TcpListener::from_std(listener) {
                    Ok(listener) => connections::serve(listener, app, ended).await,
                    Err(error) => warn!(%error, "the HTTP server cannot listen"),
                }
            });
            runtime.shutdown_timeout(GRACE);
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(serve);
        let thread = Some(thread.map_err(StartError::Thread)?);
        info!(%address, "answering over HTTP");
        Ok(Some(Self { stop, thread }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }
}
