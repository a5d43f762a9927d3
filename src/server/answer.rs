//! Answers: text, JSON, refusals. None of them is kept by anybody, and none is anything but what
//! its type says.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

use super::access::AccessRefusal;
use crate::foreign;

/// Whatever is not a page may do nothing in a browser.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// An answer of some type.
pub(super) fn of(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, NOTHING),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lines for people and probes.
pub(super) fn text(status: StatusCode, body: String) -> Response {
    of(status, "text/plain; charset=utf-8", body)
}

/// A value.
pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Response {
    of(status, "application/json", foreign::json(&format!("{value}\n")))
}

/// Anything that can be written as a value.
pub(super) fn value(status: StatusCode, value: &impl serde::Serialize) -> Response {
    json(status, &serde_json::to_value(value).unwrap_or_default())
}

/// What is wrong, and what to do.
pub(super) fn error(status: StatusCode, message: &str, hint: &str) -> Response {
    json(status, &json!({ "error": message, "hint": hint }))
}

/// Why nothing is told.
pub(super) fn refusal(refusal: AccessRefusal) -> Response {
    match refusal {
        AccessRefusal::Misdirected => error(
            StatusCode::MISDIRECTED_REQUEST,
            "this host is not known here",
            "ask by address, as localhost, or name the host in `server.hosts`",
        ),
        AccessRefusal::NoToken => error(
            StatusCode::FORBIDDEN,
            "orders are taken over HTTP only where there is a token",
            "set `server.token`, or give the order on the machine of the service",
        ),
        AccessRefusal::Browser => error(
            StatusCode::FORBIDDEN,
            "orders are not taken from browsers",
            "use `dialplane reconcile`, `suspend`, `resume` and `stop`, or another client",
        ),
        AccessRefusal::Unauthorised => {
            let mut response = error(
                StatusCode::UNAUTHORIZED,
                "the token is missing, or is another one",
                "send `Authorization: Bearer TOKEN`; a browser takes it as the password",
            );
            let ask = HeaderValue::from_static("Basic realm=\"dialplane\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
            response
        }
    }
}
