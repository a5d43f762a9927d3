//! A token of one tenant by client credentials (contract 12), and the words for each way in which
//! that fails.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{
    address::{Base, PathPlaces, fill},
    answer::{self, Reply},
    grant::{self, Grant},
    section::Section,
    transport::{HttpRequest, Payload, Transport},
};
use crate::{
    api::http::redact::Redactor,
    config::{Effort, FetchedSecret, Graph, Method},
    model::{Fault, FaultKind, TenantRef},
    ports::Permit,
};

/// The tenant's token endpoint.
pub(super) const PATH: &str = "/{tenantId}/oauth2/v2.0/token";
/// The most that an answer with a token may hold.
const MAX_ANSWER: usize = 256 * 1024;

/// Why no token was had.
#[derive(Debug)]
pub(super) struct LoginRefusal {
    pub(super) fault: Fault,
    /// It is a matter of the application and its secret, and so of all tenants.
    pub(super) of_application: bool,
}

impl LoginRefusal {
    fn here(fault: Fault) -> Self {
        Self { fault, of_application: false }
    }

    fn everywhere(fault: Fault) -> Self {
        Self { fault, of_application: true }
    }
}

/// Where the application logs in.
pub(super) struct LoginHost {
    settings: Graph,
    base: Base,
    transport: Transport,
}

impl LoginHost {
    pub(super) fn new(settings: &Graph) -> Result<Self, Fault> {
        let base = Base::parse(&settings.login_url, "graph", "loginUrl")?;
        let transport = Transport::new(&base, settings.timeout, settings.retry_pause)?;
        Ok(Self { settings: settings.clone(), base, transport })
    }

    /// Where an admin of the customer lets the application in.
    pub(super) fn consent_link(&self, tenant: &TenantRef) -> String {
        let places = PathPlaces { tenant: Some(tenant.id.as_str()), ..PathPlaces::default() };
        let path = fill("/{tenantId}/adminconsent?client_id=", places).unwrap_or_default();
        self.base
            .at(&format!("{path}{}", self.settings.client_id))
            .map(Into::into)
            .unwrap_or_default()
    }

    /// What the secret looks like now.
    pub(super) async fn stamp(&self) -> String {
        format!("{:?}", self.settings.client_secret.stamp().await)
    }
}

/// Asks for a token. The secret is read now and not kept, but for removing it from messages.
pub(super) async fn log_in(door: &LoginHost, tenant: &TenantRef) -> Result<Grant, LoginRefusal> {
    let what = format!("log in to {} for tenant {}", door.base.host(), tenant.name);
    let unusable = |why: String| Fault::new(FaultKind::NotConfigured, format!("{what}: {why}"));
    let secret = door.settings.client_secret.read().await.map_err(|error| {
        let fault = unusable(format!("the client secret cannot be read: {error}"));
        LoginRefusal::everywhere(fault.hint(
            "put it there, or say in `graph.clientSecret` where it comes from: env, file or \
                    command",
        ))
    })?;
    let FetchedSecret { secret, odd, .. } = secret;
    let places = PathPlaces { tenant: Some(tenant.id.as_str()), ..PathPlaces::default() };
    let url = fill(PATH, places)
        .and_then(|path| door.base.at(&path))
        .map_err(|why| LoginRefusal::everywhere(unusable(why)))?;
    let request = HttpRequest {
        what: what.clone(),
        section: Section::new("graph"),
        row: "token",
        effort: Effort::Read,
        method: Method::Post,
        template: PATH.to_owned(),
        url,
        payload: Payload::Empty,
        limit: MAX_ANSWER,
        until: None,
        permit: Permit::default(),
    };
    // The scope names Graph itself, wherever it is reached.
    let form = [
        ("client_id", door.settings.client_id.as_str()),
        ("client_secret", secret.expose_secret()),
        ("scope", "https://graph.microsoft.com/.default"),
        ("grant_type", "client_credentials"),
    ];
    let reply = door
        .transport
        .exchange(&request, |builder| builder.form(&form))
        .await
        .map_err(LoginRefusal::here)?;
    if !reply.status.is_success() {
        let mut refused = refused(&what, tenant, &reply, &secret, &door.consent_link(tenant));
        if let (Some(odd), true) = (odd, refused.of_application) {
            let hint = refused.fault.hint.take().unwrap_or_default();
            refused.fault = refused
                .fault
                .hint(format!("{hint}; the client secret ({}) {odd}", door.settings.client_secret));
        }
        return Err(refused);
    }
    grant::read(&reply.body, vec![secret], Timestamp::now()).map_err(|why| {
        let fault = Fault::new(FaultKind::Garbled, format!("{what}: the service sent {why}"));
        LoginRefusal::here(fault.hint(
            "check `graph.loginUrl`: something else may be answering there, such as a proxy's page",
        ))
    })
}

/// The words for a refused login, by the codes that Microsoft documents.
fn refused(
    what: &str,
    tenant: &TenantRef,
    reply: &Reply,
    secret: &SecretString,
    consent: &str,
) -> LoginRefusal {
    let text = String::from_utf8_lossy(&reply.body);
    let redactor = Redactor::new([secret.clone()]);
    let said = answer::message(&reply.body)
        .map(|text| format!(": {}", redactor.quote(&text)))
        .unwrap_or_default();
    let status = reply.status;
    let fault = |kind, reason: &str| {
        Fault::new(kind, format!("{what}: {reason} (HTTP {}{said})", status.as_u16()))
    };
    if status.is_server_error() {
        return LoginRefusal::here(fault(FaultKind::Server, "the service failed"));
    }
    let says = |codes: &[&str]| codes.iter().any(|code| text.contains(code));
    if says(&["AADSTS700016", "AADSTS7000229", "unauthorized_client"]) {
        let fault = fault(FaultKind::Auth, "the customer has not let the application in");
        let hint = format!(
            "check `graph.clientId`; then an admin of the customer opens {consent} and agrees"
        );
        return LoginRefusal::here(fault.hint(hint));
    }
    if says(&["AADSTS90002", "AADSTS900023"]) {
        let message = format!("Microsoft knows no tenant {}", tenant.id);
        return LoginRefusal::here(fault(FaultKind::Auth, &message).hint("check `spec.tenantId`"));
    }
    if says(&["AADSTS7000222"]) {
        let hint = "make a new one in the application's registration, and store it where \
            `graph.clientSecret` says";
        return LoginRefusal::everywhere(
            fault(FaultKind::Auth, "the client secret has expired").hint(hint),
        );
    }
    let fault = fault(FaultKind::Auth, "the client id or the client secret is wrong");
    LoginRefusal::everywhere(fault.hint("check `graph.clientId` and `graph.clientSecret`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LiveSource, TenantId, TenantName};

    #[test]
    fn a_refused_login_says_who_has_to_do_what() {
        let tenant = TenantRef {
            live: LiveSource::Graph,
            ..TenantRef::new(
                TenantName::parse("contoso").unwrap(),
                TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap(),
            )
        };
        let secret = SecretString::from("hunter2-hunter2");
        for (status, error, words, remedy) in [
            (
                400,
                "unauthorized_client: AADSTS700016: Application 'x' was not found",
                "not let the application in",
                "adminconsent",
            ),
            (
                400,
                "invalid_request: AADSTS90002: Tenant 'x' not found",
                "knows no tenant 87d349ed",
                "spec.tenantId",
            ),
            (
                401,
                "invalid_client: AADSTS7000222: The provided client secret keys are expired",
                "has expired",
                "make a new one",
            ),
            (
                401,
                "invalid_client: AADSTS7000215: Invalid client secret hunter2-hunter2",
                "secret is wrong",
                "graph.clientSecret",
            ),
            (503, "busy", "the service failed", ""),
        ] {
            let body = format!(r#"{{"error":"x","error_description":"{error}"}}"#);
            let reply =
                Reply { status: reqwest::StatusCode::from_u16(status).unwrap(), body: body.into() };
            let link = "https://login.example.com/t/adminconsent?client_id=c";
            let LoginRefusal { fault, of_application } =
                refused("log in", &tenant, &reply, &secret, link);
            assert_eq!(
                of_application,
                words.contains("secret") || words.contains("expired"),
                "{error}"
            );
            assert!(
                fault.message.contains(words) && !fault.message.contains("hunter2"),
                "{fault:?}"
            );
            assert!(fault.hint.unwrap_or_default().contains(remedy), "{error}");
        }
    }
}
