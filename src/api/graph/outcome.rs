//! What an answer of Graph means: a page, or a fault in words.

use reqwest::StatusCode;
use serde_json::Value;

use super::{answer, auth::Answer, transport::HttpRequest};
use crate::model::{Fault, FaultKind};

/// The page that a request was answered with. It takes `permission`, and `consent` is where an admin of the customer lets the
/// application in.
pub(super) fn page(
    request: &HttpRequest,
    answer: &Answer,
    permission: &str,
    consent: impl Fn() -> String,
) -> Result<Value, Fault> {
    let status = answer.reply.status;
    let what = &request.what;
    if answer::is_part(status) {
        let message = format!("{what}: HTTP {} is not a whole answer", status.as_u16());
        return Err(Fault::new(FaultKind::Garbled, message));
    }
    if status.is_success() {
        let page = answer::json(&answer.reply.body).map_err(|why| {
            Fault::new(FaultKind::Garbled, format!("{what}: the service sent {why}")).hint(
                "check `graph.baseUrl`: something else may be answering there, such as a proxy",
            )
        })?;
        return match answer::error_inside(&page) {
            None => Ok(page),
            Some(said) => {
                let said = answer.redactor.quote(&said);
                let code = status.as_u16();
                let message = format!("{what}: HTTP {code} with an error inside: {said}");
                Err(Fault::new(FaultKind::Rejected, message))
            }
        };
    }
    let said = answer::message(&answer.reply.body)
        .map(|text| format!(": {}", answer.redactor.quote(&text)))
        .unwrap_or_default();
    let fault = |kind, reason: &str| {
        Fault::new(kind, format!("{what}: {reason} (HTTP {}{said})", status.as_u16()))
    };
    Err(if status == StatusCode::UNAUTHORIZED {
        fault(FaultKind::Auth, "a fresh token was refused")
            .hint("check that `graph.loginUrl` and `graph.baseUrl` belong together")
    } else if status == StatusCode::FORBIDDEN {
        fault(FaultKind::Auth, "the application may not read it").hint(format!(
            "give it the application permission {permission}; then an admin of \
                the customer opens {} and agrees",
            consent()
        ))
    } else if status == StatusCode::NOT_FOUND {
        fault(FaultKind::Rejected, "there is no such list")
            .hint("Graph has it in the global cloud only; check `graph.baseUrl`")
    } else if status.is_server_error() {
        fault(FaultKind::Server, "the service failed")
    } else {
        fault(FaultKind::Rejected, "refused")
    })
}
