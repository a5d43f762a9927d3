//! The client that gives orders to a service on this machine.

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::{
    body::{Body, to_bytes},
    http::{Method, StatusCode, header},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::net::UnixStream;

use super::{
    Order, Request,
    socket::{Socket, SocketError, fits},
};
use crate::words;

/// The most that is read of an answer: a status has a row for each tenant.
const ANSWER_BYTES: usize = 64 << 20;

/// Speaks to the service that works with a state folder.
#[derive(Debug, Clone)]
pub struct ControlClient {
    path: PathBuf,
}

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens: no service runs with this state.
    #[error("no service answers at {}: {}", .0.display(), absence(.1))]
    NobodyThere(PathBuf, io::Error),
    /// This user may not speak to it.
    #[error("the service at {} cannot be spoken to: {}", .0.display(), words::system(.1))]
    NotAllowed(PathBuf, io::Error),
    /// There can be no socket at all.
    #[error("{0}")]
    NoSocket(#[from] SocketError),
    /// The service says no.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The service knows nothing of the request: it was started again since.
    #[error("{0}")]
    Forgotten(String),
    /// The service does not know such an order: it is of another version.
    #[error("the service that runs does not know this order: it is an older dialplane")]
    Unknown,
    /// What comes back is not an answer.
    #[error("the service gave no answer that can be understood: {0}")]
    NoAnswer(String),
}

impl ClientError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NobodyThere(..) => {
                "start it with `dialplane run`, or see `state.path`; `dialplane status` says what \
                    was last heard of it"
                    .to_owned()
            }
            Self::NotAllowed(..) => "ask as the user of the service, or as root".to_owned(),
            Self::NoSocket(error) => error.hint().to_owned(),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Forgotten(_) => "`dialplane history` shows what was done".to_owned(),
            Self::Unknown => "start the service again with this version".to_owned(),
            Self::NoAnswer(_) => {
                "see its log; `dialplane status` says whether it is alive".to_owned()
            }
        }
    }
}

/// What a refusal says.
#[derive(Debug, Deserialize)]
struct RefusalBody {
    error: String,
    #[serde(default)]
    hint: String,
}

impl ControlClient {
    /// To the service that works with this state folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { path: Socket::path(folder) }
    }

    /// Gives an order. `by` is who gives it. Nothing was sent if the error is
    /// [`ClientError::NobodyThere`].
    pub async fn order(&self, order: &Order, by: &str) -> Result<Request, ClientError> {
        let (path, body) = order.as_sent(by);
        let body = serde_json::to_string(&body)
            .map_err(|error| ClientError::NoAnswer(error.to_string()))?;
        self.ask(Method::POST, &path, body).await
    }

    /// Whether a service listens there.
    pub async fn is_heard(&self) -> bool {
        fits(&self.path).is_ok() && UnixStream::connect(&self.path).await.is_ok()
    }

    /// What became of a request; waits a while if that is still open.
    pub async fn request(&self, id: &str) -> Result<Request, ClientError> {
        self.ask(Method::GET, &format!("/api/requests/{id}?wait"), String::new()).await
    }

    /// What the service says of itself at a path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, String::new()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<T, ClientError> {
        fits(&self.path)?;
        let stream = UnixStream::connect(&self.path).await.map_err(|error| self.away(error))?;
        let lost = |error: hyper::Error| ClientError::NoAnswer(error.to_string());
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        let request = axum::http::Request::builder()
            .method(&method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .map_err(|error| ClientError::NoAnswer(error.to_string()))?;
        let answer = async {
            let answer = sender.send_request(request).await.map_err(lost)?;
            let status = answer.status();
            let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES).await;
            let body = body.map_err(|error| ClientError::NoAnswer(error.to_string()))?;
            understood(&method, status, &body)
        };
        // The connection ends when its sender is gone; until then it moves the bytes.
        let mut connection = std::pin::pin!(connection);
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = answer.as_mut() => answer,
            ended = connection.as_mut() => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(lost(error)),
            },
        }
    }

    fn away(&self, error: io::Error) -> ClientError {
        let path = self.path.clone();
        match error.kind() {
            io::ErrorKind::PermissionDenied => ClientError::NotAllowed(path, error),
            _ => ClientError::NobodyThere(path, error),
        }
    }
}

/// Why nobody answers, as people say it.
fn absence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "none runs with this state".to_owned(),
        io::ErrorKind::ConnectionRefused => "it has ended".to_owned(),
        _ => words::system(error),
    }
}

fn understood<T: DeserializeOwned>(
    method: &Method,
    status: StatusCode,
    body: &[u8],
) -> Result<T, ClientError> {
    if method == Method::POST
        && matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
    {
        return Err(ClientError::Unknown);
    }
    if status.is_success() {
        return serde_json::from_slice(body)
            .map_err(|error| ClientError::NoAnswer(error.to_string()));
    }
    Err(match serde_json::from_slice(body) {
        Ok(RefusalBody { error, .. }) if status == StatusCode::NOT_FOUND => {
            ClientError::Forgotten(error)
        }
        Ok(RefusalBody { error, hint }) => ClientError::Refused { message: error, hint },
        Err(_) => ClientError::NoAnswer(status.to_string()),
    })
}
