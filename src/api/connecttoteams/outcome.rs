//! What an answer means: the value that was asked for, an accepted write, or a fault in words.
//!
//! **Invariant:** a write counts as refused only if the service said so; an answer to a write that makes no sense is
//! [`FaultKind::Garbled`], and so *unknown*.

use reqwest::StatusCode;
use serde_json::Value;

use super::{answer, auth::Answer, transport::Request};
use crate::ports::{Fault, FaultKind};

/// The value that a read was answered with.
pub(super) fn read(request: &Request, answer: &Answer) -> Result<Value, Fault> {
    accepted_status(request, answer, &refused_read)?;
    let value = answer::json(&answer.reply.body).map_err(|why| garbled(request, &why))?;
    error_inside(request, answer, &value)?;
    Ok(value)
}

/// Whether a write was accepted. An empty body is a yes: nothing but the status is documented (contract 1).
pub(super) fn write(request: &Request, answer: &Answer) -> Result<(), Fault> {
    accepted_status(request, answer, &refused_write)?;
    if answer.reply.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let value = answer::json(&answer.reply.body).map_err(|why| garbled_write(request, &why))?;
    // A write concerns one user: whatever element complains, complains about it.
    for part in value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice) {
        error_inside(request, answer, part)?;
    }
    match value {
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(true) => Ok(()),
        Value::Bool(false) | Value::Number(_) | Value::String(_) => {
            Err(garbled_write(request, "a bare value that says neither yes nor no"))
        }
    }
}

/// An answer that cannot be understood.
pub(super) fn garbled(request: &Request, why: &str) -> Fault {
    Fault::new(FaultKind::Garbled, format!("{}: the service sent {why}", request.what))
        .hint(format!("check `connectToTeams.baseUrl` and `connectToTeams.endpoints.{}`", request.row))
}

fn garbled_write(request: &Request, why: &str) -> Fault {
    let message = format!("{}: the service sent {why}, so that it is unknown whether this was carried out", request.what);
    Fault::new(FaultKind::Garbled, message).hint("the next observation shows whether it was")
}

fn error_inside(request: &Request, answer: &Answer, value: &Value) -> Result<(), Fault> {
    let Some(said) = answer::error_inside(value) else { return Ok(()) };
    let status = answer.reply.status.as_u16();
    let message = format!("{}: refused with HTTP {status} and an error inside: {}", request.what, answer.redactor.quote(&said));
    Err(Fault::new(FaultKind::Rejected, message))
}

type Refusal = dyn Fn(&Request, StatusCode, &str) -> Fault;

/// The part that reads and writes have in common; `forbidden` words what they do not.
fn accepted_status(request: &Request, answer: &Answer, refused: &Refusal) -> Result<(), Fault> {
    let status = answer.reply.status;
    if status.is_success() {
        return Ok(());
    }
    let quoted = answer::message(&answer.reply.body).map(|text| format!(": {}", answer.redactor.quote(&text)));
    let said = quoted.unwrap_or_default();
    let what = &request.what;
    Err(if status == StatusCode::UNAUTHORIZED {
        Fault::new(FaultKind::Auth, format!("{what}: the service refused a fresh token (HTTP 401{said})"))
            .hint("the API admin can log in but may not make this call; ask the vendor to check the account's role")
    } else if status.is_server_error() {
        Fault::new(FaultKind::Server, format!("{what}: the service failed (HTTP {}{said})", status.as_u16()))
    } else if status.is_client_error() {
        refused(request, status, &said)
    } else {
        garbled(request, &format!("HTTP {}, which no call expects", status.as_u16()))
    })
}

fn refused_read(request: &Request, status: StatusCode, said: &str) -> Fault {
    let code = status.as_u16();
    if status == StatusCode::FORBIDDEN {
        return Fault::new(
            FaultKind::Auth,
            format!("{}: the service does not let this account see it (HTTP 403{said})", request.what),
        )
        .hint("check that the tenant belongs to this reseller, and `connectToTeams.resellerId`");
    }
    rejected(request, code, said)
}

fn refused_write(request: &Request, status: StatusCode, said: &str) -> Fault {
    let code = status.as_u16();
    if status == StatusCode::FORBIDDEN {
        let message = format!(
            "{}: the service does not let this account change the tenant (HTTP 403{said}); most probably the customer's consent was withdrawn",
            request.what
        );
        return Fault::new(FaultKind::Auth, message)
            .hint("ask the customer's administrator to allow management by the service provider in the Enterprise Portal");
    }
    rejected(request, code, said)
}

/// A refusal in general. Where the path may be at fault, that is said: parts of the table are inferred (contract 11).
fn rejected(request: &Request, code: u16, said: &str) -> Fault {
    let fault = Fault::new(FaultKind::Rejected, format!("{}: refused (HTTP {code}{said})", request.what));
    match code {
        404 | 405 | 415 => fault.hint(format!("if nothing is missing there, correct `connectToTeams.endpoints.{}`", request.row)),
        _ => fault,
    }
}
