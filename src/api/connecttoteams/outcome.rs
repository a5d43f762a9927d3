//! What an answer means: the value that was asked for, an accepted write, or a fault in words.
//!
//! | answer to a write | it means |
//! |---|---|
//! | 2xx: nothing, or JSON without an error inside; other text as `accept` says | accepted |
//! | 206 to 208, 226; 2xx with an error inside, a web page, anything else | unknown: "saved; the mail failed" is such an error |
//! | 401, 403 | refused, and so is the next call |
//! | 408, 425, 499 and whatever no standard knows, any page of a proxy | unknown |
//! | another 4xx | refused |
//! | 3xx, 5xx | unknown |
//!
//! 408 and 499 say that somebody on the way gave up, not that the service did; 425 answers early
//! data, which is never sent here. 421 says that the request was not processed (RFC 9110, 15.5.20).
//!
//! **Invariant:** a write counts as refused only if the service said so; an answer to a write that
//! makes no sense is [`FaultKind::Garbled`], and so *unknown*.

use reqwest::StatusCode;
use serde_json::Value;

use super::{
    answer,
    auth::Answer,
    page::{self, ParsedPage},
    plain,
    row::ListUsersRow as Mapped,
    transport::HttpRequest,
};
use crate::{
    config::{Accept, EndpointRow},
    model::{Fault, FaultKind, TenantRef},
};

/// The value that a read was answered with.
pub(super) fn read(request: &HttpRequest, answer: &Answer) -> Result<Value, Fault> {
    read_status(request, answer)?;
    let value = answer::json(&answer.reply.body).map_err(|why| garbled(request, &why))?;
    match answer::error_inside(&value) {
        None => Ok(value),
        Some(said) => {
            let status = answer.reply.status.as_u16();
            let said = answer.redactor.quote(&said);
            let message =
                format!("{}: refused with HTTP {status} and an error inside: {said}", request.what);
            Err(Fault::new(FaultKind::Rejected, message))
        }
    }
}

/// The page of a list that a read was answered with: straight from its bytes if it is plain, and by
/// the rules of every other answer if it is not.
pub(super) fn page(
    request: &HttpRequest,
    answer: &Answer,
    row: &Mapped<'_>,
    tenant: &TenantRef,
) -> Result<ParsedPage, Fault> {
    read_status(request, answer)?;
    match plain::read(&answer.reply.body, row, tenant) {
        Some(page) => Ok(page),
        None => read(request, answer).map(|tree| page::full(&tree, row, tenant)),
    }
}

/// The same as [`read`]; text that is not JSON is a text, but for a web page.
pub(super) fn read_or_text(request: &HttpRequest, answer: &Answer) -> Result<Value, Fault> {
    let body = &answer.reply.body;
    let plain = answer.reply.status.is_success()
        && answer::json(body).is_err()
        && !answer::is_page(body)
        && !answer::is_blank(body);
    if plain {
        return Ok(Value::String(String::from_utf8_lossy(body).into_owned()));
    }
    read(request, answer)
}

/// Whether a write was accepted. An empty body is a yes: nothing but the status is documented
/// (contract 1). Other text is one where the row accepts it.
pub(super) fn write(request: &HttpRequest, answer: &Answer, accept: Accept) -> Result<(), Fault> {
    accepted_status(request, answer, &refused_write)?;
    let status = answer.reply.status;
    // "Accepted" is a yes; several answers in one are neither yes nor no.
    if answer::is_part(status) && status != StatusCode::ACCEPTED {
        return Err(garbled_write(request, &format!("HTTP {}", status.as_u16())));
    }
    let body = &answer.reply.body;
    if answer::is_blank(body) {
        return Ok(());
    }
    // A page of HTML means yes nowhere.
    let may_mean_yes = accept == Accept::Json && !answer::is_page(body);
    let value = match (answer::json(body), accept) {
        (Ok(value), _) => value,
        (Err(_), Accept::Status) if !answer::is_page(body) => {
            Value::String(String::from_utf8_lossy(body).into_owned())
        }
        (Err(why), _) => return Err(unclear_write(request, &why, may_mean_yes)),
    };
    // A write concerns one user: whatever element complains, complains about it.
    let parts = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
    if let Some(said) = parts.iter().find_map(answer::error_inside) {
        let why = format!(
            "HTTP {} with an error inside ({})",
            answer.reply.status.as_u16(),
            answer.redactor.quote(&said)
        );
        return Err(garbled_write(request, &why));
    }
    match value {
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(true) => Ok(()),
        Value::String(text) if accept == Accept::Status && !answer::complains(&text) => Ok(()),
        Value::Bool(false) | Value::Number(_) | Value::String(_) => {
            let why = "a bare value that says neither yes nor no";
            Err(unclear_write(request, why, may_mean_yes))
        }
    }
}

/// An answer to a write that is not understood, with the setting that makes it a yes if it may be
/// one.
fn unclear_write(request: &HttpRequest, why: &str, may_mean_yes: bool) -> Fault {
    let fault = garbled_write(request, why);
    match &fault.hint {
        Some(hint) if may_mean_yes => {
            let accept = request.section.row(&format!("{}.accept: status", request.row));
            let hint = format!("{hint}; if this answer means yes, set {accept}");
            fault.hint(hint)
        }
        _ => fault,
    }
}

/// An answer that cannot be understood.
pub(super) fn garbled(request: &HttpRequest, why: &str) -> Fault {
    Fault::new(FaultKind::Garbled, format!("{}: the service sent {why}", request.what)).hint(
        format!(
            "check {} and {}",
            request.section.key("baseUrl"),
            request.section.row(request.row)
        ),
    )
}

fn garbled_write(request: &HttpRequest, why: &str) -> Fault {
    let message = format!(
        "{}: the service sent {why}, so it is unknown whether this was carried out",
        request.what
    );
    // No list shows a sync.
    let hint = if request.row == EndpointRow::Sync.name() {
        "it stays owed; the portal may show whether it was"
    } else {
        "the next observation shows whether it was"
    };
    Fault::new(FaultKind::Garbled, message).hint(hint)
}

/// Words for a refusal: of what, by which status, with which body, and what that says.
type RefusalWords = dyn Fn(&HttpRequest, StatusCode, &[u8], &str) -> Fault;

/// Whether a read was answered at all, and as a whole.
fn read_status(request: &HttpRequest, answer: &Answer) -> Result<(), Fault> {
    accepted_status(request, answer, &refused_read)?;
    let status = answer.reply.status;
    if answer::is_part(status) {
        let code = status.as_u16();
        return Err(garbled(request, &format!("HTTP {code}, which is not a whole answer")));
    }
    Ok(())
}

/// The part that reads and writes have in common; `forbidden` words what they do not.
fn accepted_status(
    request: &HttpRequest,
    answer: &Answer,
    refused: &RefusalWords,
) -> Result<(), Fault> {
    let status = answer.reply.status;
    if status.is_success() {
        return Ok(());
    }
    let quoted = answer::message(&answer.reply.body)
        .map(|text| format!(": {}", answer.redactor.quote(&text)));
    let said = quoted.unwrap_or_default();
    let what = &request.what;
    Err(if status == StatusCode::UNAUTHORIZED {
        Fault::new(
            FaultKind::Auth,
            format!("{what}: the service refused a fresh token (HTTP 401{said})"),
        )
        .hint(
            "the API admin can log in but may not make this call; ask the vendor to check the \
                account's role",
        )
    } else if status.is_server_error() {
        Fault::new(
            FaultKind::Server,
            format!("{what}: the service failed (HTTP {}{said})", status.as_u16()),
        )
    } else if status.is_client_error() {
        refused(request, status, &answer.reply.body, &said)
    } else {
        garbled(request, &format!("HTTP {}, which no call expects", status.as_u16()))
    })
}

fn refused_read(request: &HttpRequest, status: StatusCode, _: &[u8], said: &str) -> Fault {
    let code = status.as_u16();
    if status == StatusCode::FORBIDDEN {
        return Fault::new(
            FaultKind::Auth,
            format!(
                "{}: the service does not let this account see it (HTTP 403{said})",
                request.what
            ),
        )
        .hint(format!(
            "check that the tenant belongs to this reseller, and {}",
            request.section.key("resellerId")
        ));
    }
    rejected(request, code, said)
}

fn refused_write(request: &HttpRequest, status: StatusCode, body: &[u8], said: &str) -> Fault {
    let code = status.as_u16();
    if answer::is_page(body) {
        return garbled_write(request, &format!("HTTP {code} and a web page, as a proxy does"));
    }
    if !says_no(code) {
        return garbled_write(request, &format!("HTTP {code}{said}"));
    }
    if status == StatusCode::FORBIDDEN {
        let message = format!(
            "{}: the service does not let this account make this change (HTTP 403{said})",
            request.what
        );
        // Consent is read right before the first write, so it is not the first guess.
        return Fault::new(FaultKind::Auth, message).hint(
            "the tenant may be written to, as far as the service said right before: ask the \
                vendor whether the account's role allows this call; if the next plan says that \
                consent is missing, the customer has withdrawn it meanwhile",
        );
    }
    rejected(request, code, said)
}

/// Whether a status says that the service will not do what it was asked: the registered ones of RFC
/// 9110 and its kin, without those by which somebody on the way only gives up.
fn says_no(code: u16) -> bool {
    matches!(code, 400..=407 | 409..=418 | 421..=424 | 426 | 428 | 431 | 451)
}

/// A refusal in general. Where the path may be at fault, that is said: parts of the table are
/// inferred (contract 11).
fn rejected(request: &HttpRequest, code: u16, said: &str) -> Fault {
    let fault =
        Fault::new(FaultKind::Rejected, format!("{}: refused (HTTP {code}{said})", request.what));
    match code {
        404 | 405 | 415 => fault.hint(format!(
            "if nothing is missing there, correct {}",
            request.section.row(request.row)
        )),
        // Syncs of one journal keep their distance, so it was hardly this one.
        409 if request.row == EndpointRow::Sync.name() => fault.hint(
            "a sync of this tenant is running. If none was sent from here lately, is somebody at \
                work in the portal, or another dialplane with a state of its own? Two of them \
                send everything twice: only one may manage a tenant",
        ),
        _ => fault,
    }
}
