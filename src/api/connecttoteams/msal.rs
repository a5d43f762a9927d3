//! The Microsoft token set (MSAL object) of a tenant: read where the operator puts it, watched for
//! its end, renewed through the service where the table says how (contract 2.4).
//!
//! ```text
//! held and good for a while -----------------------------------------> use it
//! else: source again -> the later end of both -> good? --------------> use it
//!       to look on only: it can be renewed ---------------------------> it will be, before the first write
//!       to write:        refreshMsal --------------------------------> use it
//!                        as good as it is, or a fault: nothing is sent
//! ```
//!
//! A renewed one lives in this process only. So a command that only looks renews nothing: each dry
//! run would spend a renewal.
//!
//! **Invariant:** a token set of another tenant is never used, and none whose end has come or is
//! not known; but one that has ended may be shown to `refreshMsal`, whose purpose that is.
//!
//! **Invariant:** it is kept in memory only, in a type that nothing can print.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{answer, section::Section};
use crate::{
    config::{EndpointRow, SecretSource},
    model::{Fault, FaultKind, TenantId, TenantRef},
    words::time,
};

/// A fresh one is looked for when less than this remains ...
const FRESH: Duration = Duration::from_secs(10 * 60);
/// ... but no more often than this: a command may be slow.
const AGAIN: Duration = Duration::from_secs(60);
/// What must remain for a run to begin: time for its steps, and for the sync that they will owe.
const TO_BEGIN: Duration = Duration::from_secs(5 * 60);
/// What must remain for a call.
const LEAST: Duration = Duration::from_secs(30);

/// What a token set is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To tell whether a run could begin; nothing is renewed.
    Look,
    /// To write.
    Write,
}

/// A token set: the inner object, `AuthenticationResult`.
#[derive(Clone)]
pub(super) struct TokenSet {
    json: SecretString,
    /// Who gave consent with it, where it says so.
    user: Option<String>,
    pub(super) ends_at: Timestamp,
}

/// Whose token set it is, and how the service renews it.
pub(super) trait Renewal: Sync {
    /// Whose.
    fn tenant(&self) -> &TenantRef;
    /// Where its account is in the settings.
    fn section(&self) -> &Section;
    /// Whether the table says how a token set is renewed.
    fn can_renew(&self) -> bool;
    /// Asks the service for a fresh token set (contract 2.4); `None` if the table does not say how.
    fn renew<'a>(&'a self, old: &'a TokenSet)
    -> BoxFuture<'a, Option<Result<SecretString, Fault>>>;
}

/// Where one tenant's token set comes from, and the one in use.
pub(super) struct Msal {
    source: SecretSource,
    state: Mutex<MsalState>,
}

#[derive(Default)]
struct MsalState {
    held: Option<TokenSet>,
    looked_at: Option<Timestamp>,
    /// What the source looked like then.
    stamp: Option<String>,
    renewed_at: Option<Timestamp>,
    /// Why the last look brought nothing.
    trouble: Option<String>,
    /// A run was let through because it can be renewed: then it has to be, before the first write.
    renew_first: bool,
}

impl TokenSet {
    /// Reads one, with or without the object around it.
    fn read(text: &SecretString, tenant: &TenantId) -> Result<Self, String> {
        let json = answer::json(text.expose_secret().as_bytes())
            .map_err(|_| "it is not JSON".to_owned())?;
        let inner = json.get("authenticationResult").unwrap_or(&json);
        let has_token =
            inner.get("accessToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
        if !has_token {
            return Err("it has no `accessToken`".to_owned());
        }
        let of = inner.pointer("/userInfo/tenantId").and_then(Value::as_str);
        match of.map(TenantId::parse) {
            Some(Ok(of)) if of == *tenant => {}
            Some(Ok(of)) => return Err(format!("it is of tenant {of}")),
            Some(Err(_)) | None => {
                return Err("its `userInfo.tenantId` does not say whose it is".to_owned());
            }
        }
        let user = inner.pointer("/userInfo/displayableId").and_then(Value::as_str);
        let user = user.map(str::to_lowercase).filter(|user| !user.trim().is_empty());
        Ok(Self { json: inner.to_string().into(), user, ends_at: stated_end(inner)? })
    }

    /// The one that the service gave for this one: of the same tenant, and of the same user.
    fn renewed(&self, text: &SecretString, tenant: &TenantId) -> Result<Self, String> {
        let set = Self::read(text, tenant)?;
        match (&self.user, &set.user) {
            (Some(before), Some(now)) if before != now => {
                Err("it is of another user than the one that was to be renewed".to_owned())
            }
            _ => Ok(set),
        }
    }

    /// For a body, and nothing else.
    pub(super) fn to_json(&self) -> Value {
        serde_json::from_str(self.json.expose_secret()).unwrap_or_default()
    }

    /// Its tokens, to be removed from messages.
    pub(super) fn secrets(&self) -> impl Iterator<Item = SecretString> + use<> {
        let json = self.to_json();
        let text = move |name: &str| {
            json.get(name).and_then(Value::as_str).map(|token| token.to_owned().into())
        };
        ["accessToken", "idToken", "refreshToken"].into_iter().filter_map(text)
    }

    fn lasts(&self, now: Timestamp, least: Duration) -> bool {
        now.checked_add(least).is_ok_and(|until| until < self.ends_at)
    }

    pub(super) fn shown_end(&self) -> String {
        time(self.ends_at).to_string()
    }
}

/// When it ends by its own words: `expiresOn` in microseconds, as the vendor's samples have it, or
/// `expiresOnDate`; the earlier, if it says both. Nothing is made of seconds or milliseconds, and
/// nothing is assumed where it says neither.
fn stated_end(inner: &Value) -> Result<Timestamp, String> {
    let sensible = |at: &Timestamp| (1_000_000_000..10_000_000_000).contains(&at.as_second());
    let number = inner
        .get("expiresOn")
        .and_then(|end| end.as_i64().or_else(|| end.as_str()?.trim().parse().ok()));
    let micros = number.and_then(|end| Timestamp::from_microsecond(end).ok()).filter(sensible);
    let date = inner
        .get("expiresOnDate")
        .and_then(Value::as_str)
        .and_then(|date| date.parse::<Timestamp>().ok())
        .filter(sensible);
    if let (None, Some(odd), Some(_)) = (micros, number, date) {
        tracing::debug!(odd, "`expiresOn` is not a time in microseconds; `expiresOnDate` is taken");
    }
    match (micros, date, number) {
        (Some(micros), Some(date), _) => Ok(micros.min(date)),
        (Some(end), None, _) | (None, Some(end), _) => Ok(end),
        (None, None, Some(odd)) => Err(format!(
            "its `expiresOn` is {odd}, which is not a time in microseconds since 1970, and it has no \
                `expiresOnDate` to go by"
        )),
        (None, None, None) => Err(
            "it does not say when it ends: `expiresOn` (microseconds) or `expiresOnDate` is needed"
                .to_owned(),
        ),
    }
}

impl Msal {
    pub(super) fn new(source: SecretSource) -> Self {
        Self { source, state: Mutex::default() }
    }

    /// A token set that is good for long enough. The lock is held during a look, so all others
    /// wait for it.
    pub(super) async fn usable(
        &self,
        of: &impl Renewal,
        purpose: Purpose,
    ) -> Result<TokenSet, Fault> {
        let stamp = self.source.stamp().await;
        let mut state = self.state.lock().await;
        let now = Timestamp::now();
        let fresh = |held: Option<&TokenSet>| held.is_some_and(|set| set.lasts(now, FRESH));
        let lately = |at: Option<Timestamp>| {
            let then = now.checked_sub(SignedDuration::try_from(AGAIN).unwrap_or_default());
            at.is_some_and(|at| then.is_ok_and(|then| at > then))
        };
        if !fresh(state.held.as_ref()) && (!lately(state.looked_at) || state.stamp != stamp) {
            (state.looked_at, state.stamp) = (Some(now), stamp);
            self.look(&mut state, of).await;
        }
        let held = state.held.clone().filter(|_| of.can_renew());
        match (held, purpose) {
            (Some(held), Purpose::Look) if !held.lasts(now, TO_BEGIN) => {
                state.renew_first = true;
                return Ok(held);
            }
            (Some(held), Purpose::Write)
                if !held.lasts(now, FRESH) && !lately(state.renewed_at) =>
            {
                state.renewed_at = Some(now);
                self.renew(&mut state, of, &held).await;
            }
            _ => {}
        }
        let least = if purpose == Purpose::Look || state.renew_first { TO_BEGIN } else { LEAST };
        let now = Timestamp::now();
        match state.held.clone() {
            Some(set) if set.lasts(now, least) => {
                state.renew_first = false;
                Ok(set)
            }
            held => Err(unusable(of, held.as_ref(), state.trouble.as_deref(), now)),
        }
    }

    /// What is to be told of the token set in use, if it is to be renewed before the first write.
    pub(super) async fn to_be_renewed(&self) -> Option<String> {
        let state = self.state.lock().await;
        let held = state.held.as_ref().filter(|_| state.renew_first)?;
        let ends = if held.lasts(Timestamp::now(), Duration::ZERO) { "ends" } else { "ended" };
        Some(format!(
            "it {ends} at {}, and is renewed through `refreshMsal` before the first write",
            held.shown_end()
        ))
    }

    /// The tokens in use, to be removed from messages.
    pub(super) async fn secrets(&self) -> Vec<SecretString> {
        self.state.lock().await.held.iter().flat_map(TokenSet::secrets).collect()
    }

    async fn look(&self, state: &mut MsalState, of: &impl Renewal) {
        state.trouble = None;
        let read = self.source.read_document().await.map_err(|error| error.to_string());
        match read.and_then(|fetched| TokenSet::read(&fetched.secret, &of.tenant().id)) {
            Ok(set) if state.held.as_ref().is_none_or(|held| held.ends_at < set.ends_at) => {
                state.held = Some(set);
            }
            Ok(_) => {}
            Err(why) => state.trouble = Some(why),
        }
    }

    async fn renew(&self, state: &mut MsalState, of: &impl Renewal, held: &TokenSet) {
        match of.renew(held).await {
            None => {}
            Some(Ok(text)) => match held.renewed(&text, &of.tenant().id) {
                Ok(set) => (state.held, state.trouble) = (Some(set), None),
                Err(why) => {
                    state.trouble = Some(format!(
                        "the service's answer to `refreshMsal` cannot be used: {why}"
                    ));
                }
            },
            Some(Err(fault)) => state.trouble = Some(fault.message),
        }
    }
}

fn unusable(
    of: &impl Renewal,
    held: Option<&TokenSet>,
    trouble: Option<&str>,
    now: Timestamp,
) -> Fault {
    let state = match held {
        None => "cannot be read".to_owned(),
        Some(set) if set.lasts(now, Duration::ZERO) => {
            format!("ends at {}, too soon to begin", set.shown_end())
        }
        Some(set) => format!("ended at {}", set.shown_end()),
    };
    let trouble = trouble.map(|why| format!(": {why}")).unwrap_or_default();
    Fault::new(
        FaultKind::Auth,
        format!("the Microsoft token of {} {state}{trouble}", of.tenant().name),
    )
    .hint(hint(of.section(), of.tenant()))
}

/// What to do about it.
pub(super) fn hint(section: &Section, tenant: &TenantRef) -> String {
    format!(
        "put a new MSAL object where {} says, or set {}; nothing was sent",
        section.key(&format!("enterprises.{}.msal", tenant.name)),
        section.row(EndpointRow::RefreshMsal.name())
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_renewed_is_of_the_same_tenant_and_the_same_user() {
        let tenant = TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap();
        let set = |of: &TenantId, user: Value| {
            let info = json!({"tenantId": of.as_str(), "displayableId": user});
            json!({"accessToken": "t", "expiresOnDate": "2025-03-27T17:30:00Z", "userInfo": info})
        };
        let text = |set: Value| SecretString::from(set.to_string());
        let held = TokenSet::read(&text(set(&tenant, json!("ann@contoso.com"))), &tenant).unwrap();
        let other = TenantId::parse("00000000-0000-0000-0000-000000000001").unwrap();
        for (renewed, refused) in [
            (set(&tenant, json!("Ann@Contoso.com")), None),
            (set(&tenant, json!(null)), None),
            (set(&tenant, json!("bob@contoso.com")), Some("another user")),
            (set(&other, json!("ann@contoso.com")), Some("it is of tenant 00000000")),
        ] {
            let why = held.renewed(&text(renewed), &tenant).err();
            assert_eq!(why.is_some(), refused.is_some(), "{why:?}");
            assert!(why.unwrap_or_default().contains(refused.unwrap_or_default()));
        }
    }

    #[test]
    fn a_token_set_says_whose_it_is_and_when_it_ends() {
        let tenant = TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap();
        let set = |changes: Value| {
            let mut set = json!({"accessToken": "t", "userInfo": {"tenantId": "87D349ED-44d7-43e1-9a83-5f2406dee5bd"}});
            set.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            set
        };
        let end = |json: &Value| {
            TokenSet::read(&json.to_string().into(), &tenant).map(|set| set.ends_at.to_string())
        };
        for (json, expected) in [
            (set(json!({"expiresOn": 1_743_097_299_177_667_i64})), "2025-03-27T17:41:39.177667Z"),
            (
                json!({"authenticationResult": set(json!({"expiresOn": 1_743_097_299_177_667_i64}))}),
                "2025-03-27T17:41:39.177667Z",
            ),
            // The earlier of the two; what cannot be in microseconds is left aside.
            (
                set(
                    json!({"expiresOn": 1_743_097_299_177_667_i64, "expiresOnDate": "2025-03-27T17:30:00Z"}),
                ),
                "2025-03-27T17:30:00Z",
            ),
            (
                set(json!({"expiresOn": 1_743_097_299, "expiresOnDate": "2025-03-27T17:30:00Z"})),
                "2025-03-27T17:30:00Z",
            ),
            (
                set(json!({"expiresOn": 0, "expiresOnDate": "2025-03-27T17:30:00Z"})),
                "2025-03-27T17:30:00Z",
            ),
        ] {
            assert_eq!(end(&json).as_deref(), Ok(expected), "{json}");
        }
        for (bad, words) in [
            (json!({"accessToken": "t"}), "whose it is"),
            (set(json!({})), "does not say when it ends"),
            (set(json!({"expiresOn": null, "expiresOnDate": "soon"})), "does not say when it ends"),
            (set(json!({"expiresOn": 1_743_097_299})), "not a time in microseconds"),
            (set(json!({"expiresOn": 1_743_097_299_177_i64})), "not a time in microseconds"),
            (
                set(json!({"userInfo": {"tenantId": "00000000-0000-0000-0000-000000000001"}})),
                "of tenant 00000000",
            ),
            (set(json!({"accessToken": ""})), "no `accessToken`"),
            (json!("x"), "no `accessToken`"),
        ] {
            assert!(end(&bad).unwrap_err().contains(words), "{bad}");
        }
    }
}
