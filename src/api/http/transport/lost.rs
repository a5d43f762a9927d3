//! What it means that no answer came, in words.

use std::{io, time::Duration};

use reqwest::{Response, header::LOCATION};

use super::{FEWER_CALLS, HttpRequest, Transport, certificate};
use crate::{
    api::http::{
        address::{Base, Setting},
        proxy::Proxy,
        redact,
        throttle::TooLong,
        tries::{LostAnswer, Resendable, causes},
    },
    model::{Fault, FaultKind},
    words::duration,
};

impl Transport {
    /// What it means that no answer came.
    pub(super) fn lost(&self, request: &HttpRequest, error: &reqwest::Error) -> LostAnswer {
        LostAnswer { fault: self.no_answer(request, error), again: Resendable::after(error) }
    }

    /// The same in words. The URL is left out: it holds the names of users.
    fn no_answer(&self, request: &HttpRequest, error: &reqwest::Error) -> Fault {
        let what = &request.what;
        let host = &self.host;
        if error.is_builder() {
            return Fault::new(
                FaultKind::NotConfigured,
                format!("{what}: the request cannot be built: {}", cause(error)),
            );
        }
        if error.is_connect() {
            return self.no_connection(what, error);
        }
        if error.is_timeout() {
            let message =
                format!("{what}: no answer from {host} within {} s", self.timeout.as_secs_f32());
            return Fault::new(FaultKind::NoAnswer, message).hint(format!(
                "`{}.timeout` sets how long one call may take",
                self.setting.section
            ));
        }
        // Here also ends a body that breaks off or cannot be unpacked: reqwest reports both alike.
        let message = format!(
            "{what}: the connection to {host} broke before the answer was complete: {}",
            cause(error)
        );
        Fault::new(FaultKind::NoAnswer, message)
    }

    /// What it means that no connection was made: to the service, or to what comes before it.
    fn no_connection(&self, what: &str, error: &reqwest::Error) -> Fault {
        let host = &self.host;
        if let Some(refused) = certificate::refused(error) {
            let (wrong, remedy) = certificate::told(refused, &self.setting);
            let message = format!("{what}: the certificate of {host} is refused: {wrong}");
            return Fault::new(FaultKind::Unreachable, message).hint(remedy);
        }
        let cause = cause(error);
        let Some(Proxy { host: proxy, variable }) = &self.proxy else {
            return Fault::new(
                FaultKind::Unreachable,
                format!("{what}: no connection to {host}: {cause}"),
            )
            .hint(format!(
                "check `{}`, name resolution, the firewall and root certificates; behind a proxy \
                    set HTTPS_PROXY",
                self.setting
            ));
        };
        // The client's words for a proxy that answers and does not go on; behind the others is an
        // error of the connection to it.
        let dead = causes(error).any(<dyn std::error::Error>::is::<io::Error>);
        let refused = !dead && causes(error).any(|cause| cause.to_string().contains("tunnel"));
        let message = if refused {
            format!("{what}: the proxy {proxy} ({variable}) makes no connection to {host}: {cause}")
        } else {
            format!(
                "{what}: no connection to {host} through the proxy {proxy} ({variable}): {cause}"
            )
        };
        Fault::new(FaultKind::Unreachable, message).hint(format!(
            "check the proxy in {variable}, and whether it lets {host} through; NO_PROXY names \
                hosts that are reached without it"
        ))
    }
}

/// A proxy of the environment that cannot be used.
pub(super) fn no_proxy(base: &Base, why: &str) -> Fault {
    let message = format!("{} cannot be reached: {why}", base.host());
    Fault::new(FaultKind::NotConfigured, message).hint(
        "set it to http://HOST:PORT, or name the host in NO_PROXY; both are variables of the \
            environment",
    )
}

/// A client that cannot be built.
pub(super) fn no_tls(error: &reqwest::Error) -> Fault {
    let message = format!("no TLS connection can be prepared: {}", cause(error));
    Fault::new(FaultKind::NotConfigured, message).hint(
        "install the system's root certificates (package ca-certificates), or name others in \
            SSL_CERT_FILE; what is set there must be a file of certificates (PEM)",
    )
}

/// The service asks for a longer wait than a call sits out, or lets too few calls through.
pub(super) fn too_long(request: &HttpRequest, why: &TooLong) -> Fault {
    let what = &request.what;
    let whole = |wait: &Duration| duration(Duration::from_secs(wait.as_secs()));
    let (message, hint) = match why {
        TooLong::RetryAfter(remaining) => (
            format!(
                "{what}: the service asks to wait {} more before the next call",
                whole(remaining)
            ),
            "look again after that; this call changed nothing",
        ),
        TooLong::Crowded(wait) => (
            format!(
                "{what}: the service lets so few calls through that this one's turn did not come \
                    within {}",
                whole(wait)
            ),
            FEWER_CALLS,
        ),
    };
    Fault::new(FaultKind::Throttled, message).hint(hint)
}

/// A redirect is not followed: it would carry the token or the password to wherever it points.
pub(super) fn redirected(request: &HttpRequest, response: &Response, setting: &Setting) -> Fault {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| request.url.join(location).ok()).map_or_else(
        || "nowhere".to_owned(),
        // The origin alone: path, query and user may repeat anything.
        |url| redact::value(&url.origin().ascii_serialization()),
    );
    let message = format!(
        "{}: the service answered {} and pointed to {target}",
        request.what,
        response.status()
    );
    Fault::new(FaultKind::Garbled, message)
        .hint(format!("redirects are not followed; if the service has moved, set `{setting}`"))
}

/// The innermost cause of an error: the one that says something. The outer ones repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map_or_else(|| "no cause is known".to_owned(), |cause| redact::value(&cause.to_string()))
}
