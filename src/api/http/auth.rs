//! The token: one at a time, asked for once however many wait for it, renewed before it ends.
//!
//! **Invariant:** a token is thrown away only by a 401 that it got itself: a late 401 of an older
//! token does not touch its successor.
//!
//! **Invariant:** all who waited for a login that failed get its fault, and those who come later
//! get it too until something has changed (`gate`): nobody tries the same wrong password one by
//! one.
//!
//! **Invariant:** a service that refuses each new token as well is not asked for more and more of
//! them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, HeaderValue},
};
use tokio::{sync::Mutex, time::Instant};

use super::{
    answer::Reply,
    gate::{Gate, Pace},
    grant::Grant,
    redact::Redactor,
    transport::{HttpRequest, Transport},
};
use crate::model::{Fault, FaultKind};

/// A token is renewed when less than this remains, or a tenth of its life, whichever is longer ...
const MARGIN: Duration = Duration::from_secs(30);
/// ... but never before half of its life is over, so a short-lived one is used at all.
const LATEST_SHARE: u32 = 2;

/// A token in use.
#[derive(Clone)]
pub(in crate::api) struct Token {
    /// Which token this is, counted from 1.
    pub generation: u64,
    /// The value of the `Authorization` header.
    pub header: HeaderValue,
    /// Removes it from messages.
    pub redactor: Redactor,
    renew_at: Instant,
    ends_at: Instant,
    /// A call was answered otherwise than with 401.
    proven: Arc<AtomicBool>,
}

/// The account that asks for a token.
pub(in crate::api) trait Login: Sync {
    /// Asks for one. Secrets are read again each time.
    fn log_in(&self) -> impl Future<Output = Result<Grant, Fault>> + Send;

    /// What the credentials look like from outside: as long as it stays the same, they are taken
    /// for the same.
    fn stamp(&self) -> impl Future<Output = String> + Send;
}

/// An answer with what is needed to quote it safely.
pub(in crate::api) struct Answer {
    /// The answer.
    pub reply: Reply,
    /// Knows the secrets that it was asked with.
    pub redactor: Redactor,
}

/// The current token of one account, or of one tenant.
#[derive(Default)]
pub(in crate::api) struct Auth {
    state: Mutex<TokenState>,
}

#[derive(Default)]
struct TokenState {
    generation: u64,
    token: Option<Token>,
    /// The last login that failed, and when it ended.
    failure: Option<(Instant, Fault)>,
    gate: Gate,
    /// Shut when new tokens are refused like those before.
    renewals: Gate,
    /// Tokens in a row that were refused on their first call.
    fruitless: u32,
}

impl Auth {
    /// `whose` names the account in the log.
    pub(in crate::api) fn new(whose: &str, pace: &Pace) -> Self {
        let gate = Gate::new(whose, pace.clone());
        let renewals = Gate::new(whose, pace.clone());
        Self { state: Mutex::new(TokenState { gate, renewals, ..TokenState::default() }) }
    }

    /// A token that is good for a while; `login` is asked if there is none. The lock is held during
    /// a login: that is what makes all others wait for it.
    pub(in crate::api) async fn token(&self, login: &impl Login) -> Result<Token, Fault> {
        let asked_at = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(token) = state.token.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.clone());
        }
        if let Some((_, fault)) =
            state.failure.as_ref().filter(|(ended_at, _)| *ended_at >= asked_at)
        {
            return Err(fault.clone());
        }
        // Taken before the secrets are read: what changes meanwhile makes another one.
        let stamp = login.stamp().await;
        if let Some(fault) = state.gate.answer(&stamp, Instant::now()) {
            return state.make_do(fault, Instant::now());
        }
        match login.log_in().await {
            Ok(grant) => {
                state.gate.open();
                Ok(state.adopt(grant, Instant::now()))
            }
            Err(fault) => {
                state.gate.failed(&fault, stamp, Instant::now());
                state.make_do(fault, Instant::now())
            }
        }
    }

    /// Sends a request with the token. After a 401 once more, with a new one: a 401 says that
    /// nothing was carried out.
    pub(in crate::api) async fn send(
        &self,
        transport: &Transport,
        request: &HttpRequest,
        login: &impl Login,
    ) -> Result<Answer, Fault> {
        let mut token = self.token(login).await?;
        let mut reply = transport
            .exchange(request, |builder| builder.header(AUTHORIZATION, token.header.clone()))
            .await?;
        if reply.status == StatusCode::UNAUTHORIZED && self.refused(&token).await {
            tracing::debug!(generation = token.generation, "the token was refused");
            token = self.token(login).await?;
            reply = transport
                .exchange(request, |builder| builder.header(AUTHORIZATION, token.header.clone()))
                .await?;
        }
        if reply.status != StatusCode::UNAUTHORIZED && !reply.status.is_server_error() {
            token.proven.store(true, Ordering::Relaxed);
        }
        Ok(Answer { reply, redactor: token.redactor })
    }

    /// Throws a token away that was refused, if it is still the current one; whether a new one is
    /// worth asking for.
    async fn refused(&self, token: &Token) -> bool {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_none_or(|current| current.generation != token.generation) {
            return true;
        }
        state.give_up_token(token, Instant::now())
    }
}

impl TokenState {
    fn give_up_token(&mut self, token: &Token, now: Instant) -> bool {
        if token.proven.load(Ordering::Relaxed) {
            self.fruitless = 0;
            self.renewals.open();
        } else {
            self.fruitless += 1;
        }
        if self.fruitless > 1 {
            if self.renewals.answer("", now).is_some() {
                return false;
            }
            self.renewals.failed(
                &Fault::new(FaultKind::Auth, "new tokens are refused"),
                String::new(),
                now,
            );
            if self.fruitless == 2 {
                return false;
            }
        }
        self.token = None;
        true
    }

    fn adopt(&mut self, grant: Grant, now: Instant) -> Token {
        self.generation += 1;
        let margin = MARGIN.max(grant.lifetime / 10).min(grant.lifetime / LATEST_SHARE);
        let token = Token {
            generation: self.generation,
            header: grant.header,
            redactor: grant.redactor,
            renew_at: now + grant.lifetime.saturating_sub(margin),
            ends_at: now + grant.lifetime,
            proven: Arc::default(),
        };
        tracing::debug!(
            generation = token.generation,
            lifetime_s = grant.lifetime.as_secs(),
            "logged in"
        );
        self.failure = None;
        self.token = Some(token.clone());
        token
    }

    /// A renewal that failed early does no harm: the old token serves on, and half of what remains
    /// passes before the next try.
    fn make_do(&mut self, fault: Fault, now: Instant) -> Result<Token, Fault> {
        if let Some(token) = self.token.as_mut().filter(|token| now < token.ends_at) {
            tracing::debug!(%fault, "the token could not be renewed yet");
            token.renew_at = now + (token.ends_at - now) / 2;
            return Ok(token.clone());
        }
        self.token = None;
        self.failure = Some((now, fault.clone()));
        Err(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    fn grant(seconds: u64) -> Grant {
        let lifetime = Duration::from_secs(seconds);
        Grant {
            header: HeaderValue::from_static("Bearer t"),
            lifetime,
            redactor: Redactor::default(),
        }
    }

    #[test]
    fn renewal_comes_early_but_not_at_once() {
        let now = Instant::now();
        for (lifetime, renewed_after) in [(3600, 3240), (120, 90), (40, 20), (2, 1)] {
            let token = TokenState::default().adopt(grant(lifetime), now);
            assert_eq!(token.renew_at - now, Duration::from_secs(renewed_after), "{lifetime}");
        }
    }

    #[test]
    fn a_failed_early_renewal_keeps_the_token_and_a_late_one_does_not() {
        let now = Instant::now();
        let fault = Fault::new(FaultKind::Unreachable, "down");
        let mut state = TokenState::default();
        state.adopt(grant(100), now);
        let kept = state.make_do(fault.clone(), now + Duration::from_secs(80)).ok().unwrap();
        assert_eq!(kept.renew_at - now, Duration::from_secs(90));
        assert!(state.make_do(fault, now + Duration::from_secs(100)).is_err());
        assert!(state.token.is_none());
    }

    #[tokio::test]
    async fn a_late_401_spares_the_successor() {
        let auth = Auth::default();
        let first = auth.state.lock().await.adopt(grant(100), Instant::now());
        let second = auth.state.lock().await.adopt(grant(100), Instant::now());
        assert!(auth.refused(&first).await);
        assert!(auth.state.lock().await.token.is_some());
        assert!(auth.refused(&second).await);
        assert!(auth.state.lock().await.token.is_none());
    }

    #[tokio::test]
    async fn tokens_that_are_always_refused_are_not_asked_for_again_and_again() {
        let auth = Auth::default();
        let fresh = async |proven: bool| {
            let token = auth.state.lock().await.adopt(grant(100), Instant::now());
            token.proven.store(proven, Ordering::Relaxed);
            token
        };
        assert!(auth.refused(&fresh(true).await).await, "it was good once");
        assert!(auth.refused(&fresh(false).await).await, "it may have ended between two calls");
        let kept = fresh(false).await;
        assert!(!auth.refused(&kept).await, "a third would fare no better");
        assert!(!auth.refused(&kept).await);
        kept.proven.store(true, Ordering::Relaxed);
        assert!(auth.refused(&kept).await, "it was good after all");
    }
}
