//! Notices on the wire: to a webhook, to Slack, to a channel of Microsoft Teams.
//!
//! ```text
//! Notice --webhook | slack | teams--> body --Transport, once--> taken, or why not
//! ```
//!
//! **Invariant:** an address is a secret. Everybody who knows it may write to the channel, so it comes
//! from a secret source, and no message, log line or error repeats more of it than its host.
//!
//! **Invariant:** what others wrote (names, reasons, words of services) goes into fields that hold
//! plain text: it can be no link, no mention and no markup.
//!
//! Deliberately not here: when something is told, and trying again; see [`crate::notices`].

mod slack;
mod teams;
#[cfg(test)]
mod tests;
mod webhook;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::http::{
    address::Base,
    redact::Redactor,
    section::Section,
    transport::{HttpRequest, Payload, Transport},
};
use crate::{
    config::{Effort, Method, Notices, Receiver, ReceiverKind, SecretSource},
    foreign::line,
    model::{Fault, FaultKind, Notice},
    ports::{DeliveryFailure, Messenger, Permit},
};

/// How long one delivery may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest text that is shown of one that others wrote, in characters.
const LONGEST: usize = 300;

/// A body as it is sent.
struct NoticeBody {
    content_type: &'static str,
    text: String,
    headers: HeaderMap,
}

/// Takes notices to the receivers of the settings.
#[derive(Debug, Clone)]
pub struct Poster {
    receivers: BTreeMap<String, Receiver>,
    /// Where the page of the service is, for those who want to see more.
    page: Option<String>,
}

impl Poster {
    /// The receivers of these settings.
    #[must_use]
    pub fn new(notices: &Notices) -> Self {
        Self { receivers: notices.receivers.clone(), page: notices.page.clone() }
    }

    /// Finds out what can be known of a receiver without sending it anything: its secrets are
    /// there, and its address can be one. Tells the host.
    pub async fn check(&self, receiver: &str) -> Result<String, Fault> {
        let (receiver, section) = self.find(receiver)?;
        let url = address(receiver, &section).await?;
        if receiver.kind == ReceiverKind::Webhook {
            webhook::keys(receiver, &section).await?;
        }
        Ok(base(&url, &section)?.host())
    }

    fn find(&self, name: &str) -> Result<(&Receiver, Section), Fault> {
        let section = Section::new(&format!("notices.receivers.{name}"));
        let unknown = || {
            let message = format!("there is no receiver `{}` of notices", line(name));
            Fault::new(FaultKind::NotConfigured, message)
        };
        self.receivers.get(name).map(|found| (found, section)).ok_or_else(unknown)
    }

    async fn deliver_once(&self, name: &str, notice: &Notice) -> Result<(), DeliveryFailure> {
        let (receiver, section) = self.find(name)?;
        let url = address(receiver, &section).await?;
        let mut secrets = vec![SecretString::from(url.to_string())];
        secrets.extend(url.query().map(|query| SecretString::from(query.to_owned())));
        secrets.push(SecretString::from(url.path().to_owned()));
        let page = self.page.as_deref();
        let body = match receiver.kind {
            ReceiverKind::Slack => slack::body(notice, page),
            ReceiverKind::Teams => teams::body(notice, page),
            ReceiverKind::Webhook => {
                let keys = webhook::keys(receiver, &section).await?;
                webhook::body(notice, page, &keys, Timestamp::now())
            }
        };
        let transport = Transport::new(&base(&url, &section)?, TIMEOUT, Duration::ZERO)?;
        let what = format!("notice to {}", line(name));
        let request = HttpRequest {
            what: what.clone(),
            section,
            row: "notice",
            effort: Effort::Write,
            method: Method::Post,
            template: format!("(the address of {})", line(name)),
            url,
            payload: Payload::Empty,
            // Nothing depends on what a receiver says beside its status.
            limit: 0,
            until: None,
            permit: Permit::default(),
        };
        let NoticeBody { content_type, text, headers } = body;
        let sent = transport.send_once(&request, |builder| {
            builder.header(CONTENT_TYPE, content_type).headers(headers).body(text)
        });
        let (reply, wait) = match sent.await {
            Ok(answered) => answered,
            Err(fault) if fault.kind == FaultKind::NoAnswer => {
                return Err(Fault { hint: None, ..fault }.into());
            }
            Err(fault) => return Err(fault.into()),
        };
        if reply.status.is_success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&reply.body);
        let said = Redactor::new(secrets).quote(&said);
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let kind =
            if reply.status.is_server_error() { FaultKind::Server } else { FaultKind::Rejected };
        let fault = Fault::new(kind, format!("{what}: it answered {}{said}", reply.status));
        Err(DeliveryFailure { fault, wait, gone: reply.status == StatusCode::GONE })
    }
}

impl Messenger for Poster {
    async fn deliver(&self, receiver: &str, notice: &Notice) -> Result<(), DeliveryFailure> {
        self.deliver_once(receiver, notice).await
    }
}

impl From<Fault> for DeliveryFailure {
    fn from(fault: Fault) -> Self {
        Self { fault, wait: None, gone: false }
    }
}

/// The address of a receiver, as its source says it now.
async fn address(receiver: &Receiver, section: &Section) -> Result<Url, Fault> {
    let text = secret(&receiver.url, section, "url").await?;
    let unusable = |why: &str| {
        let message = format!("{} cannot be used: {why}", section.key("url"));
        Fault::new(FaultKind::NotConfigured, message)
            .hint("its source has to give a whole URL, such as https://hooks.example.com/x")
    };
    let text = text.expose_secret();
    if !text.chars().all(|c| c.is_ascii_graphic()) || text.contains('\\') {
        return Err(unusable("it holds characters that no URL has"));
    }
    let url = Url::parse(text).map_err(|error| unusable(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable("it holds a user name or a password"));
    }
    if url.host_str().is_none() {
        return Err(unusable("it has no host"));
    }
    base(&url, section)?;
    Ok(url)
}

/// What the connections need to know: the host alone, never the path.
fn base(url: &Url, section: &Section) -> Result<Base, Fault> {
    Base::parse(&url.origin().ascii_serialization(), section.name(), "url")
}

async fn secret(
    source: &SecretSource,
    section: &Section,
    key: &str,
) -> Result<SecretString, Fault> {
    let fetched = source.read().await.map_err(|error| {
        Fault::new(FaultKind::NotConfigured, format!("{}: {error}", section.key(key)))
            .hint("notices are told as soon as it can be read")
    })?;
    Ok(fetched.secret)
}

/// What others wrote, on one line and not too long.
fn short(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
