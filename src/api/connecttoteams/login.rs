//! Asking for a token (contract 2.1), and the words for each way in which that fails.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    address::Base,
    answer::{self, Reply},
    grant::{self, Grant},
    redact::Redactor,
    section::Section,
    transport::{HttpRequest, Payload, Transport},
};
use crate::{
    config::{Account, Endpoint, EndpointRow, FetchedSecret, SecretSource},
    model::{Fault, FaultKind},
    ports::Permit,
    words::all_clauses,
};

/// The most that an answer with a token may hold.
const MAX_ANSWER: usize = 256 * 1024;

/// What a token is asked for with. Read when it is needed and not kept, but for removing it from
/// messages.
pub(super) struct Credentials {
    client_id: String,
    client_secret: SecretString,
    username: String,
    password: SecretString,
    /// What nobody sees of them and may be why they are refused.
    odd: Vec<String>,
}

impl Credentials {
    /// Those of the API admin.
    pub(super) async fn of_account(
        account: &Account,
        section: &Section,
        what: &str,
    ) -> Result<Self, Fault> {
        let client_secret = read(section, what, "client secret", &account.client_secret).await?;
        let password = read(section, what, "password", &account.password).await?;
        let client_id = account.client_id.clone();
        let username = account.username.clone();
        let odd = [
            ("client secret", &account.client_secret, client_secret.odd),
            ("password", &account.password, password.odd),
        ];
        let odd = odd
            .into_iter()
            .filter_map(|(name, source, odd)| Some(format!("the {name} ({source}) {}", odd?)))
            .collect();
        Ok(Self {
            client_id,
            client_secret: client_secret.secret,
            username,
            password: password.secret,
            odd,
        })
    }

    /// Those of an enterprise, as `regenerateAPICredentials` answered them (contract 2.3).
    pub(super) fn of_enterprise(answer: &SecretString) -> Result<Self, &'static str> {
        let answer =
            answer::json(answer.expose_secret().as_bytes()).map_err(|_| "they are not JSON")?;
        let text = |name: &str| {
            answer
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let missing =
            "they need `clientID`, `clientSecret`, `entAdminUsername` and `entAdminSecret`";
        Ok(Self {
            client_id: text("clientID").ok_or(missing)?,
            client_secret: text("clientSecret").ok_or(missing)?.into(),
            username: text("entAdminUsername").ok_or(missing)?,
            password: text("entAdminSecret").ok_or(missing)?.into(),
            odd: Vec::new(),
        })
    }
}

/// Where a token is asked for.
#[derive(Clone, Copy)]
pub(super) struct LoginService<'a> {
    pub(super) base: &'a Base,
    pub(super) transport: &'a Transport,
    pub(super) section: &'a Section,
}

/// Asks for a token.
pub(super) async fn log_in(
    call: &Endpoint,
    service: LoginService<'_>,
    what: String,
    credentials: Credentials,
) -> Result<Grant, Fault> {
    let LoginService { base, transport, section } = service;
    let url = base
        .at(&call.path)
        .map_err(|why| Fault::new(FaultKind::NotConfigured, format!("{what}: {why}")))?;
    let Credentials { client_id, client_secret, username, password, odd } = credentials;
    let request = HttpRequest {
        section: section.clone(),
        row: EndpointRow::Token.name(),
        effort: EndpointRow::Token.effort(),
        method: call.method,
        template: call.path.clone(),
        url,
        payload: Payload::Empty,
        limit: MAX_ANSWER,
        until: None,
        permit: Permit::default(),
        what,
    };
    let complete = |builder: reqwest::RequestBuilder| {
        let form = [
            ("username", username.as_str()),
            ("password", password.expose_secret()),
            ("grant_type", "password"),
        ];
        builder.basic_auth(&client_id, Some(client_secret.expose_secret())).form(&form)
    };
    let reply = transport.exchange(&request, complete).await.map_err(before_the_call)?;
    let secrets = vec![client_secret.clone(), password.clone()];
    if !reply.status.is_success() {
        let fault = refused(section, &request.what, &reply, &Redactor::new(secrets));
        return Err(if fault.kind == FaultKind::Auth { with_oddities(fault, &odd) } else { fault });
    }
    grant::read(&reply.body, secrets, Timestamp::now())
        .map_err(|why| no_token(section, &request.what, &why))
}

/// What a fault of a preparing call means for the call that it prepares: that one was never sent.
pub(super) fn before_the_call(mut fault: Fault) -> Fault {
    if matches!(fault.kind, FaultKind::NoAnswer | FaultKind::Server | FaultKind::Garbled) {
        fault.kind = FaultKind::Unreachable;
    }
    fault
}

/// The fault with what may be its cause and nobody sees.
fn with_oddities(fault: Fault, odd: &[String]) -> Fault {
    if odd.is_empty() {
        return fault;
    }
    let hint = all_clauses(fault.hint.iter().chain(odd));
    fault.hint(hint)
}

async fn read(
    section: &Section,
    what: &str,
    name: &str,
    source: &SecretSource,
) -> Result<FetchedSecret, Fault> {
    source.read().await.map_err(|error| {
        Fault::new(FaultKind::NotConfigured, format!("{what}: the {name} cannot be read: {error}"))
            .hint(format!(
                "put it there, or say in {} where the {name} comes from: env, file or command",
                section.whole()
            ))
    })
}

/// The words for a refused login. Spring's and the OAuth standard's error names are looked for;
/// what this service really says is not documented.
fn refused(section: &Section, what: &str, reply: &Reply, redactor: &Redactor) -> Fault {
    let status = reply.status;
    let said = answer::message(&reply.body)
        .map(|text| format!(": {}", redactor.quote(&text)))
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&reply.body).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let fault = |kind, reason: &str| {
        Fault::new(kind, format!("{what}: {reason} (HTTP {}{said})", status.as_u16()))
    };
    if status.is_server_error() {
        return fault(
            FaultKind::Unreachable,
            "the service failed, so there is no token and nothing else was sent",
        );
    }
    if says(&["expired"]) || (says(&["password"]) && says(&["chang"])) {
        return fault(FaultKind::Auth, "the password has never been changed, or has expired").hint(
            "the API admin must log in once to the Service Portal and change the initial \
                password; then store the new one",
        );
    }
    if says(&["invalid_client", "unauthorized_client", "client credentials", "client id"]) {
        return fault(FaultKind::Auth, "the client id or the client secret is wrong").hint(
            format!(
                "check {} and `clientSecret`; the vendor's support gives them out",
                section.key("clientId")
            ),
        );
    }
    if says(&["invalid_grant", "bad credentials", "locked", "disabled"]) {
        return fault(
            FaultKind::Auth,
            "the user name or the password is wrong, or the account is not usable",
        )
        .hint(format!(
            "check {} and `password`; a new API admin must first log in once to the Service \
                Portal and change the initial password",
            section.key("username")
        ));
    }
    if matches!(status.as_u16(), 400 | 401 | 403) {
        return fault(
            FaultKind::Auth,
            "the service does not accept the client id, the client secret, the user name or the \
                password",
        )
        .hint(format!(
            "check all four in {}; a new API admin must first log in once to the Service Portal \
                and change the initial password",
            section.whole()
        ));
    }
    fault(FaultKind::Auth, "the service refused to give a token").hint(format!(
        "check {} and {}",
        section.key("baseUrl"),
        section.row(EndpointRow::Token.name())
    ))
}

fn no_token(section: &Section, what: &str, why: &str) -> Fault {
    Fault::new(FaultKind::Unreachable, format!("{what}: the service sent {why}")).hint(format!(
        "check {}: something else may be answering there, such as a proxy's or a login page",
        section.key("baseUrl")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_told_in_own_words_and_without_the_secret() {
        let redactor = Redactor::new(["hunter2".to_owned().into()]);
        for (status, body, words) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"Bad client credentials"}"#,
                "client secret is wrong",
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Bad credentials hunter2"}"#,
                "user name or the password",
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"User credentials have expired"}"#,
                "never been changed",
            ),
            (401, "", "does not accept"),
            (404, "<html>", "refused to give a token"),
            (503, "", "the service failed"),
        ] {
            let reply =
                Reply { status: reqwest::StatusCode::from_u16(status).unwrap(), body: body.into() };
            let fault = refused(&Section::new("connectToTeams"), "log in", &reply, &redactor);
            assert!(
                fault.message.contains(words) && !fault.message.contains("hunter2"),
                "{fault:?}"
            );
            assert_eq!(fault.kind == FaultKind::Auth, status < 500);
        }
    }
}
