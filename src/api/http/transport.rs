//! Sending one request and taking its answer in: connections, time limits, size limits, waits, and
//! what a failure to get an answer means.
//!
//! **Invariant:** "nothing was sent" ([`FaultKind::Unreachable`]) is said only where no connection
//! was made; every other loss is [`FaultKind::NoAnswer`].
//!
//! **Invariant:** no answer is followed elsewhere, and none is kept beyond the limit of its
//! request.

mod certificate;
mod clock;
mod lost;
#[cfg(test)]
mod tests;

use std::{sync::Mutex, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::{
    RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect,
};
use tokio::time::Instant;

use super::{
    address::{Base, Setting},
    answer::Reply,
    proxy::{self, Proxy},
    section::Section,
    throttle::{self, MAX_TRIES, Throttle},
    tries::{CallAttempts, LostAnswer, NextTry, Resendable},
};
use lost::{no_proxy, no_tls, redirected, too_long};

use crate::{
    config::{Effort, Method},
    model::{Fault, FaultKind},
    ports::Permit,
};

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept. Shorter than servers and load balancers usually do: a
/// connection that they close just as it is used again costs a lost answer, and a lost answer
/// freezes a user.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a request that waits is asked whether it may still be sent.
const LOOK: Duration = Duration::from_secs(1);
/// The most that is read of a refusal: enough for its words.
const MAX_REFUSAL: usize = 64 * 1024;
/// What to do about a service that lets too few calls through.
const FEWER_CALLS: &str = "lower `execution.readers`, `execution.tenants` and \
    `execution.usersPerTenant`, or ask the vendor for the limits of the account";

/// One request, ready to be sent but for who sends it.
#[derive(Debug, Clone)]
pub(in crate::api) struct HttpRequest {
    /// The call in plain words, such as `list users of contoso`.
    pub what: String,
    /// The section of the settings that its service is in.
    pub section: Section,
    /// Its row in the endpoint table.
    pub row: &'static str,
    /// Whether it may be repeated.
    pub effort: Effort,
    /// The method.
    pub method: Method,
    /// The path before its places were filled: this is what is logged.
    pub template: String,
    /// Where it goes.
    pub url: Url,
    /// What it carries.
    pub payload: Payload,
    /// The most that its answer may hold, in bytes; with 0 it may hold anything, and only its
    /// beginning is read.
    pub limit: usize,
    /// When it may no longer be sent, whatever it waits for.
    pub until: Option<Until>,
    /// Whether it may be sent, at each moment of sending.
    pub permit: Permit,
}

/// When a request may no longer be sent, and what is told then.
#[derive(Debug, Clone)]
pub(in crate::api) struct Until {
    /// The end of what it carries.
    pub at: Timestamp,
    /// What is told.
    pub fault: Fault,
}

impl HttpRequest {
    /// Asked at the moment of sending: a login or a wait may have come in between.
    fn may_go(&self) -> Result<(), Fault> {
        match &self.until {
            Some(until) if Timestamp::now() >= until.at => Err(until.fault.clone()),
            _ => self.permit.check(),
        }
    }

    /// Waits for something before it is sent; no longer than it may be sent.
    async fn wait<T>(&self, wait: impl Future<Output = T>) -> Result<T, Fault> {
        tokio::select! {
            biased;
            done = wait => Ok(done),
            fault = self.refused() => Err(fault),
        }
    }

    /// Waits until it may not be sent any more.
    async fn refused(&self) -> Fault {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(fault) = self.may_go() {
                return fault;
            }
        }
    }
}

/// What a request carries. The token request is the one that carries something else: a form, see
/// `login`.
#[derive(Debug, Clone)]
pub(in crate::api) enum Payload {
    /// Nothing.
    Empty,
    /// JSON, or the bare text that two calls take under the same content type (contract 1).
    Text(String),
}

/// The connections to the service.
pub(in crate::api) struct Transport {
    http: reqwest::Client,
    host: String,
    proxy: Option<Proxy>,
    setting: Setting,
    timeout: Duration,
    pause: Duration,
    throttle: Throttle,
    /// What each request asks the service to mind.
    preference: Option<HeaderValue>,
    /// How far the service's clock is ahead of ours, as its last answer told.
    ahead: Mutex<Option<SignedDuration>>,
}

impl Transport {
    /// `pause` is what it waits before it repeats a read that failed.
    pub(in crate::api) fn new(
        base: &Base,
        timeout: Duration,
        pause: Duration,
    ) -> Result<Self, Fault> {
        Self::with(base, timeout, pause, |builder| builder)
    }

    /// The same with something of its own.
    fn with(
        base: &Base,
        timeout: Duration,
        pause: Duration,
        own: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self, Fault> {
        let proxy = proxy::find(base.as_str(), |name| std::env::var(name).ok());
        let proxy = proxy.map_err(|why| no_proxy(base, &why))?;
        // reqwest without a built-in provider asks for the process-wide one. That it is already
        // there is no failure.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let json = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("dialplane/", env!("CARGO_PKG_VERSION")))
            .default_headers(json)
            // Below the total in any case, so "no connection" is told apart from "no answer".
            .connect_timeout(CONNECT_TIMEOUT.min(timeout / 2))
            .timeout(timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            // The default repeats what HTTP/2 refused unprocessed. One layer repeats calls, and it
            // is not this one.
            .retry(reqwest::retry::never())
            .gzip(true);
        if base.is_loopback() {
            // A proxy of the environment is for the way out, not for this machine.
            builder = builder.no_proxy();
        }
        if !base.is_encrypted() {
            // No certificate will be checked, so none has to be found: a bare container has none.
            builder = builder.tls_certs_only([]);
        }
        let http = own(builder).build().map_err(|error| no_tls(&error))?;
        Ok(Self {
            http,
            host: base.host(),
            proxy,
            setting: base.setting().clone(),
            timeout,
            pause,
            throttle: Throttle::default(),
            preference: None,
            ahead: Mutex::default(),
        })
    }

    /// The same with a preference (RFC 7240) in each request.
    pub(in crate::api) fn preferring(self, preference: &'static str) -> Self {
        Self { preference: Some(HeaderValue::from_static(preference)), ..self }
    }

    /// The service as messages name it.
    pub(in crate::api) fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request and takes its answer; how often, is said in [`super::tries`].
    pub(in crate::api) async fn exchange(
        &self,
        request: &HttpRequest,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Reply, Fault> {
        let mut tries = CallAttempts::of(request.effort, self.pause);
        loop {
            let turn = request.wait(self.throttle.pass(tries.longest_wait())).await?;
            turn.map_err(|why| too_long(request, &why))?;
            request.may_go()?;
            let begun = Instant::now();
            let came = self.once(request, complete(self.prepare(request))).await;
            if let Ok((reply, _)) = &came {
                self.throttle.answered(begun, reply.status == StatusCode::TOO_MANY_REQUESTS);
            }
            match tries.next(&came) {
                NextTry::Done => return came.map(|(reply, _)| reply).map_err(|lost| lost.fault),
                NextTry::TooMany => break,
                NextTry::Again { pause, all } => {
                    tracing::debug!(pause_ms = millis(pause), all, "sent again after a pause");
                    if all {
                        self.throttle.close(pause);
                    } else {
                        request.wait(tokio::time::sleep(pause)).await?;
                    }
                }
            }
        }
        let message = format!(
            "{}: the service still says \"too many calls\" after {MAX_TRIES} tries",
            request.what
        );
        Err(Fault::new(FaultKind::Throttled, message).hint(FEWER_CALLS))
    }

    /// Sends a request a single time, whatever comes of it. With the answer comes how long the
    /// service asks to be left alone.
    pub(in crate::api) async fn send_once(
        &self,
        request: &HttpRequest,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<(Reply, Option<Duration>), Fault> {
        let came = self.once(request, complete(self.prepare(request))).await;
        let (reply, told) = came.map_err(|lost| lost.fault)?;
        let wait = told.map(|told| throttle::wait(Some(&told), Timestamp::now()));
        Ok((reply, wait))
    }

    fn prepare(&self, request: &HttpRequest) -> RequestBuilder {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut builder = self.http.request(method, request.url.clone());
        if let Some(preference) = &self.preference {
            builder = builder.header("prefer", preference.clone());
        }
        match &request.payload {
            Payload::Empty => builder,
            Payload::Text(text) => {
                builder.header(CONTENT_TYPE, "application/json").body(text.clone())
            }
        }
    }

    /// One request, one answer, and what its `Retry-After` said.
    async fn once(
        &self,
        request: &HttpRequest,
        builder: RequestBuilder,
    ) -> Result<(Reply, Option<String>), LostAnswer> {
        let started = Instant::now();
        let sent = builder.send().await;
        let status = sent.as_ref().ok().map(|response| response.status().as_u16());
        let elapsed_ms = millis(started.elapsed());
        tracing::debug!(method = ?request.method, path = request.template, status, elapsed_ms, "call");
        let response = sent.map_err(|error| self.lost(request, &error))?;
        self.note_clock(response.headers());
        let status = response.status();
        if status.is_redirection() {
            return Err(LostAnswer {
                fault: redirected(request, &response, &self.setting),
                again: Resendable::No,
            });
        }
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = if status.is_success() && request.limit > 0 {
            self.whole(request, response).await?
        } else {
            // Its words are welcome; the status says enough without them.
            beginning(response).await
        };
        Ok((Reply { status, body }, retry_after))
    }

    /// The whole body, or a fault if it is larger than the request allows.
    async fn whole(
        &self,
        request: &HttpRequest,
        mut response: Response,
    ) -> Result<Vec<u8>, LostAnswer> {
        let mut body = Vec::new();
        // Counted after decompression: a small answer cannot unfold into a large one.
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.lost(request, &error))?
        {
            if body.len() + chunk.len() > request.limit {
                let message = format!(
                    "{}: the answer is larger than {} KiB",
                    request.what,
                    request.limit / 1024
                );
                let fault = Fault::new(FaultKind::Garbled, message).hint(
                    "if it is a list of users, let it come in smaller pages: see `paging` and \
                        `pageSize`",
                );
                return Err(LostAnswer { fault, again: Resendable::No });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// As much of a refusal as can be had.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_REFUSAL - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MAX_REFUSAL {
            break;
        }
    }
    body
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
