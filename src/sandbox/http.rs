//! The socket: bytes to [`Request`], [`RequestOutcome`] to bytes.
//!
//! An answer that is lost is really lost: the handler marks the connection as cut, and from then on
//! its socket refuses to write, so the server gives it up. The client sees the connection end
//! without one byte of an answer, as it does when a service dies in the middle of a call.
//!
//! **Invariant:** the lock on the service is never held across an await.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, State, connect_info::Connected},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    serve::{IncomingStream, Listener},
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use super::{
    service::{RequestOutcome, SandboxService},
    wire::{Reply, Request},
};

/// The largest body that is read: far above any call of the service.
const BODY_LIMIT: usize = 1 << 20;

/// The service behind its lock.
#[derive(Debug, Clone)]
pub(super) struct SharedService {
    pub(super) service: Arc<Mutex<SandboxService>>,
    pub(super) stop: CancellationToken,
}

impl SharedService {
    /// A panic in somebody's closure leaves plain data behind, which is as good as before.
    pub(super) fn lock(&self) -> MutexGuard<'_, SandboxService> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, but not beyond the end of the sandbox.
    async fn wait(&self, time: Duration) {
        if !time.is_zero() {
            let _ = tokio::time::timeout(time, self.stop.cancelled()).await;
        }
    }
}

/// Serves until the sandbox is stopped and the calls in flight are answered.
pub(super) async fn serve(listener: TcpListener, shared: SharedService) -> io::Result<()> {
    let stop = shared.stop.clone();
    let app =
        Router::new().fallback(answer).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(shared);
    axum::serve(Incoming(listener), app.into_make_service_with_connect_info::<CutSwitch>())
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn answer(
    State(shared): State<SharedService>,
    ConnectInfo(cut_switch): ConnectInfo<CutSwitch>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let request = Request {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        host: text(header::HOST),
        authorization: text(header::AUTHORIZATION),
        content_type: text(header::CONTENT_TYPE),
        body,
    };
    let latency = shared.lock().latency(&request);
    shared.wait(latency).await;
    let (outcome, ahead) = {
        let mut service = shared.lock();
        (service.handle(&request, Timestamp::now()), service.faults.clock_ahead_seconds)
    };
    match outcome {
        RequestOutcome::Answer(reply, delay) => {
            shared.wait(delay).await;
            dated(response(reply), ahead)
        }
        RequestOutcome::HangUp => {
            cut_switch.cut();
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(reply.content_type));
    if let Some(location) = reply.location {
        headers.insert(header::LOCATION, header::HeaderValue::from_static(location));
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The time by the service's clock. If that is right, the server says it itself.
fn dated(mut response: Response, ahead: i32) -> Response {
    let moment = (ahead != 0)
        .then(|| Timestamp::now().checked_add(jiff::SignedDuration::from_secs(ahead.into())).ok())
        .flatten();
    let text = moment.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = text.and_then(|text| header::HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}

/// Ends one connection.
#[derive(Debug, Clone, Default)]
struct CutSwitch(Arc<AtomicBool>);

impl CutSwitch {
    fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Incoming>> for CutSwitch {
    fn connect_info(stream: IncomingStream<'_, Incoming>) -> Self {
        stream.io().cut_switch.clone()
    }
}

/// Where connections come in.
struct Incoming(TcpListener);

impl Listener for Incoming {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        // The listener of axum knows which errors of accept pass by themselves.
        let (stream, from) = Listener::accept(&mut self.0).await;
        (CuttableStream { stream, cut_switch: CutSwitch::default() }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can be cut.
struct CuttableStream {
    stream: TcpStream,
    cut_switch: CutSwitch,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut_switch.0.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
