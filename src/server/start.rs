//! Begins to serve, on a thread of its own, and ends it.

use std::{io, net::SocketAddr, os::unix::net::UnixListener, sync::Arc, thread, time::Duration};

use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{net::TcpListener, runtime, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Feed,
    access::{Access, Entrance},
    app::App,
    connections::{self, Listener},
    hook::Hook,
    routes::routes,
};
use crate::{
    config::{self, SecretError},
    words,
};

/// The fewest characters of a token or a secret: what is shorter is guessed.
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
    /// The secret of the hook cannot be had.
    #[error("the secret of the hook cannot be read: {0}")]
    HookSecret(SecretError),
    /// The secret of the hook is too short.
    #[error("the secret of the hook has {0} characters; {TOKEN} are the least")]
    ShortSecret(usize),
    /// The address cannot be listened on.
    #[error("the HTTP server cannot listen on {0}: {why}", why = words::system(.1))]
    Listen(SocketAddr, io::Error),
    /// There is no thread for it.
    #[error("the HTTP server cannot be started: {}", words::system(.0))]
    Thread(io::Error),
}

impl StartError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Token(_) => "see `server.token` in the configuration",
            Self::HookSecret(_) => "see `server.hookSecret` in the configuration",
            Self::Short(_) | Self::ShortSecret(_) => "make one with `openssl rand -hex 32`",
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

/// All listeners, each with its door.
struct Listens {
    network: Option<std::net::TcpListener>,
    socket: Option<UnixListener>,
}

impl Listens {
    /// Only inside a runtime.
    fn into_doors(self) -> io::Result<Vec<(Listener, Entrance)>> {
        let mut doors = Vec::new();
        if let Some(listener) = self.network {
            doors.push((Listener::Network(TcpListener::from_std(listener)?), Entrance::Network));
        }
        if let Some(listener) = self.socket {
            let listener = tokio::net::UnixListener::from_std(listener)?;
            doors.push((Listener::Socket(listener), Entrance::Socket));
        }
        Ok(doors)
    }
}

impl Server {
    /// Answers where the settings say, and on the socket of the state folder; nothing if there is
    /// neither.
    pub async fn start(
        settings: &config::Server,
        socket: Option<UnixListener>,
        feed: Feed,
    ) -> Result<Option<Self>, StartError> {
        let access = access(settings).await?;
        let hook = hook(settings, &feed).await?;
        let network = settings.listen.map(listen).transpose()?;
        if network.is_none() && socket.is_none() {
            return Ok(None);
        }
        let listens = Listens { network, socket };
        let stop = CancellationToken::new();
        let app = Arc::new(App { feed, access, hook, asking: Semaphore::new(1) });
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let ended = stop.clone();
        let serve = move || {
            runtime.block_on(serve(listens, &app, &ended));
            runtime.shutdown_timeout(GRACE);
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(serve);
        let thread = Some(thread.map_err(StartError::Thread)?);
        Ok(Some(Self { stop, thread }))
    }
}

/// Answers at all doors until it is told to stop.
async fn serve(listens: Listens, app: &Arc<App>, stop: &CancellationToken) {
    match listens.into_doors() {
        Ok(doors) => {
            let all = doors.into_iter().map(|(listener, door)| {
                connections::serve(listener, routes(app, door), stop.clone())
            });
            join_all(all).await;
        }
        Err(error) => {
            warn!(error = %words::system(error), "nobody is answered: the server cannot listen");
        }
    }
}

/// Who may ask over the network.
async fn access(settings: &config::Server) -> Result<Access, StartError> {
    let token = match settings.token.as_ref().filter(|_| settings.listen.is_some()) {
        None => None,
        Some(source) => Some(source.read().await?.secret),
    };
    let length = token.as_ref().map(|token| token.expose_secret().chars().count());
    if let Some(short) = length.filter(|length| *length < TOKEN) {
        return Err(StartError::Short(short));
    }
    let token = token.as_ref().map(SecretString::expose_secret);
    Ok(Access::new(token, settings.hosts.clone(), settings.protect_all))
}

/// What takes calls of a host of git; nothing without a secret.
async fn hook(settings: &config::Server, feed: &Feed) -> Result<Option<Hook>, StartError> {
    let Some(source) = settings.hook_secret.as_ref().filter(|_| settings.listen.is_some()) else {
        return Ok(None);
    };
    let secret = source.read().await.map_err(StartError::HookSecret)?.secret;
    let length = secret.expose_secret().chars().count();
    if length < TOKEN {
        return Err(StartError::ShortSecret(length));
    }
    Ok(Hook::new(&secret, Arc::clone(&feed.ask)))
}

fn listen(address: SocketAddr) -> Result<std::net::TcpListener, StartError> {
    let at = |error| StartError::Listen(address, error);
    let listener = std::net::TcpListener::bind(address).map_err(at)?;
    listener.set_nonblocking(true).map_err(at)?;
    let address = listener.local_addr().map_err(at)?;
    info!(%address, "answering over HTTP");
    Ok(listener)
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
