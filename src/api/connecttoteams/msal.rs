//! The Microsoft token set (MSAL object) of a tenant: read where the operator puts it, watched for its end, renewed through the
//! service where the table says how (contract 2.4).
//!
//! ```text
//! held and good for a while --------------------------------> use it
//! else: source again -> the later end of both -> good? ------> use it
//!                                          else: refreshMsal -> use it
//!                                          else: as good as it is, or a fault: nothing is sent
//! ```
//!
//! **Invariant:** a token set of another tenant is never used, and none whose end has come.
//!
//! **Invariant:** it is kept in memory only, in a type that nothing can print.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{answer, delegate::Delegated};
use crate::{
    config::SecretSource,
    model::{TenantId, TenantRef},
    ports::{Fault, FaultKind},
};

/// How long a token set is good for that does not say when it ends (contract 2.4).
const LIFETIME: Duration = Duration::from_secs(50 * 60);
/// A fresh one is looked for when less than this remains ...
const FRESH: Duration = Duration::from_secs(10 * 60);
/// ... but no more often than this: a command may be slow.
const AGAIN: Duration = Duration::from_secs(60);
/// What must remain for a run to begin: time for its steps, and for the sync that they will owe.
pub(super) const TO_BEGIN: Duration = Duration::from_secs(5 * 60);
/// What must remain for a call.
pub(super) const LEAST: Duration = Duration::from_secs(30);

/// A token set: the inner object, `AuthenticationResult`.
#[derive(Clone)]
pub(super) struct TokenSet {
    json: SecretString,
    ends_at: Timestamp,
}

/// Where one tenant's token set comes from, and the one in use.
pub(super) struct Msal {
    source: SecretSource,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<TokenSet>,
    looked_at: Option<Timestamp>,
    /// Why the last look brought nothing.
    trouble: Option<String>,
}

impl TokenSet {
    /// Reads one, with or without the object around it. `dated` is when it was written, as far as that is known.
    fn read(text: &SecretString, tenant: &TenantId, dated: Timestamp) -> Result<Self, String> {
        let json = answer::json(text.expose_secret().as_bytes()).map_err(|_| "it is no JSON".to_owned())?;
        let inner = json.get("authenticationResult").unwrap_or(&json);
        let has_token = inner.get("accessToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
        if !has_token {
            return Err("it has no `accessToken`".to_owned());
        }
        let of = inner.pointer("/userInfo/tenantId").and_then(Value::as_str);
        match of.map(TenantId::parse) {
            Some(Ok(of)) if of == *tenant => {}
            Some(Ok(of)) => return Err(format!("it is of tenant {of}")),
            Some(Err(_)) | None => return Err("its `userInfo.tenantId` does not say whose it is".to_owned()),
        }
        let ends_at = stated_end(inner).unwrap_or_else(|| dated.checked_add(LIFETIME).unwrap_or(Timestamp::MAX));
        Ok(Self { json: inner.to_string().into(), ends_at })
    }

    /// For a body, and nothing else.
    pub(super) fn to_json(&self) -> Value {
        serde_json::from_str(self.json.expose_secret()).unwrap_or_default()
    }

    /// Its tokens, to be removed from messages.
    pub(super) fn secrets(&self) -> impl Iterator<Item = SecretString> + use<> {
        let json = self.to_json();
        let text = move |name: &str| json.get(name).and_then(Value::as_str).map(|token| token.to_owned().into());
        ["accessToken", "idToken", "refreshToken"].into_iter().filter_map(text)
    }

    fn lasts(&self, now: Timestamp, least: Duration) -> bool {
        now.checked_add(least).is_ok_and(|until| until < self.ends_at)
    }
}

/// When it ends by its own words: `expiresOn` in microseconds, or `expiresOnDate`.
fn stated_end(inner: &Value) -> Option<Timestamp> {
    let sensible = |at: &Timestamp| (1_000_000_000..10_000_000_000).contains(&at.as_second());
    let micros = inner.get("expiresOn").and_then(Value::as_i64).and_then(|end| Timestamp::from_microsecond(end).ok());
    let date = || inner.get("expiresOnDate")?.as_str()?.parse::<Timestamp>().ok();
    micros.filter(sensible).or_else(|| date().filter(sensible))
}

impl Msal {
    pub(super) fn new(source: SecretSource) -> Self {
        Self { source, state: Mutex::default() }
    }

    /// A token set that is good for at least this long. The lock is held during a look, so that all others wait for it.
    pub(super) async fn usable(&self, of: &Delegated<'_>, least: Duration) -> Result<TokenSet, Fault> {
        let mut state = self.state.lock().await;
        let now = Timestamp::now();
        let fresh = |set: &TokenSet| set.lasts(now, FRESH);
        let lately =
            |at: Timestamp| now.checked_sub(SignedDuration::try_from(AGAIN).unwrap_or_default()).is_ok_and(|then| at > then);
        let good = state.held.as_ref().is_some_and(fresh);
        let in_vain = state.held.as_ref().is_some_and(|set| set.lasts(now, LEAST)) && state.looked_at.is_some_and(lately);
        if !good && !in_vain {
            state.looked_at = Some(now);
            self.look(&mut state, of, now).await;
        }
        match &state.held {
            Some(set) if set.lasts(now, least) => Ok(set.clone()),
            held => Err(unusable(of.tenant, held.as_ref(), state.trouble.as_deref(), now)),
        }
    }

    /// The tokens in use, to be removed from messages.
    pub(super) async fn secrets(&self) -> Vec<SecretString> {
        self.state.lock().await.held.iter().flat_map(TokenSet::secrets).collect()
    }

    async fn look(&self, state: &mut State, of: &Delegated<'_>, now: Timestamp) {
        state.trouble = None;
        let read = self.source.read_dated().await.map_err(|error| error.to_string());
        match read.and_then(|(text, dated)| TokenSet::read(&text, &of.tenant.id, dated.unwrap_or(now))) {
            Ok(set) if state.held.as_ref().is_none_or(|held| held.ends_at < set.ends_at) => state.held = Some(set),
            Ok(_) => {}
            Err(why) => state.trouble = Some(why),
        }
        let Some(held) = state.held.clone().filter(|set| set.lasts(now, Duration::ZERO) && !set.lasts(now, FRESH)) else {
            return;
        };
        match of.refresh(&held).await {
            None => {}
            Some(Ok(text)) => match TokenSet::read(&text, &of.tenant.id, now) {
                Ok(set) => state.held = Some(set),
                Err(why) => state.trouble = Some(format!("the service's answer to `refreshMsal` cannot be used: {why}")),
            },
            Some(Err(fault)) => state.trouble = Some(fault.message),
        }
    }
}

fn unusable(tenant: &TenantRef, held: Option<&TokenSet>, trouble: Option<&str>, now: Timestamp) -> Fault {
    let state = match held {
        None => "cannot be read".to_owned(),
        Some(set) if set.lasts(now, Duration::ZERO) => {
            format!("ends at {}, too soon to begin", set.ends_at.strftime("%Y-%m-%d %H:%M:%S UTC"))
        }
        Some(set) => format!("ended at {}", set.ends_at.strftime("%Y-%m-%d %H:%M:%S UTC")),
    };
    let trouble = trouble.map(|why| format!(": {why}")).unwrap_or_default();
    Fault::new(FaultKind::Auth, format!("the Microsoft token of {} {state}{trouble}", tenant.name)).hint(format!(
        "put a new MSAL object where `connectToTeams.enterprises.{}.msal` says, or set `connectToTeams.endpoints.refreshMsal`; \
         nothing was sent",
        tenant.name
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_set_says_whose_it_is_and_when_it_ends() {
        let tenant = TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap();
        let now: Timestamp = "2025-03-27T17:00:00Z".parse().unwrap();
        let set = |changes: Value| {
            let mut set = json!({"accessToken": "t", "userInfo": {"tenantId": "87D349ED-44d7-43e1-9a83-5f2406dee5bd"}});
            set.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            set
        };
        let end = |json: &Value| TokenSet::read(&json.to_string().into(), &tenant, now).map(|set| set.ends_at.to_string());
        for (json, expected) in [
            (set(json!({})), "2025-03-27T17:50:00Z"),
            (set(json!({"expiresOn": 1_743_097_299_177_667_i64})), "2025-03-27T17:41:39.177667Z"),
            (
                json!({"authenticationResult": set(json!({"expiresOn": 1_743_097_299_177_667_i64}))}),
                "2025-03-27T17:41:39.177667Z",
            ),
            // Seconds and milliseconds are not what the samples show.
            (set(json!({"expiresOn": 1_743_097_299})), "2025-03-27T17:50:00Z"),
            (set(json!({"expiresOn": 0, "expiresOnDate": "2025-03-27T17:30:00Z"})), "2025-03-27T17:30:00Z"),
        ] {
            assert_eq!(end(&json).as_deref(), Ok(expected), "{json}");
        }
        for (bad, words) in [
            (json!({"accessToken": "t"}), "whose it is"),
            (set(json!({"userInfo": {"tenantId": "00000000-0000-0000-0000-000000000001"}})), "of tenant 00000000"),
            (set(json!({"accessToken": ""})), "no `accessToken`"),
            (json!("x"), "no `accessToken`"),
        ] {
            assert!(end(&bad).unwrap_err().contains(words), "{bad}");
        }
    }
}
