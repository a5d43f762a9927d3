//! Connections: how many, for how long, and how much is read of each.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::{IntoResponse as _, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service as _;
use tracing::debug;

use crate::control::may_order;

/// Connections at a time; more wait to be accepted. Each takes a descriptor, of which a process may
/// have 1,024 in all, and some 16 KiB.
const CONNECTIONS: usize = 256;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);
/// How long an answer may take to be made, the body of its request included.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a connection may live: one whose other end does not read goes in the end.
const LIFE: Duration = Duration::from_secs(120);
/// How long it may take to end once it was asked to.
const END: Duration = Duration::from_secs(2);
/// The largest head. hyper asks for this much at least.
const HEAD_BYTES: usize = 16 * 1024;
/// The most header lines.
const HEADERS: usize = 64;
/// How long to wait when no connection can be accepted, because descriptors have run out.
const PAUSE: Duration = Duration::from_millis(200);

/// Where connections come from.
pub(super) enum Listener {
    /// An address.
    Network(TcpListener),
    /// The socket in the state folder.
    Socket(UnixListener),
}

/// A connection of either kind.
trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<C: AsyncRead + AsyncWrite + Unpin + Send> Connection for C {}

impl Listener {
    /// The next connection.
    async fn accept(&self) -> io::Result<Box<dyn Connection>> {
        match self {
            Self::Network(listener) => Ok(Box::new(listener.accept().await?.0)),
            Self::Socket(listener) => {
                let stream = listener.accept().await?.0;
                if may_order(&stream) {
                    Ok(Box::new(stream))
                } else {
                    Err(io::ErrorKind::PermissionDenied.into())
                }
            }
        }
    }
}

/// Serves until `stop`, then lets answers under way end.
pub(super) async fn serve(listener: Listener, app: Router, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok(stream) => {
                let app = app.clone();
                let stop = stop.clone();
                connections.spawn(async move {
                    connection(stream, app, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    connections.close();
    // Each ends within this time without help.
    let _ = timeout(END, connections.wait()).await;
}

async fn connection(stream: Box<dyn Connection>, app: Router, stop: CancellationToken) {
    let service = service_fn(move |request| answer(app.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = tokio::time::sleep(LIFE) => None,
        () = stop.cancelled() => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        timeout(END, connection).await.unwrap_or(Ok(()))
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended early");
    }
}

async fn answer(mut app: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    match timeout(ANSWER, app.call(request.map(Body::new))).await {
        Ok(answered) => answered,
        Err(_) => Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}
