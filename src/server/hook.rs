//! The hook of a host of git: somebody has pushed, so the server is asked now. A hint and nothing
//! else: what is sent is not read, only proved.
//!
//! ```text
//! POST /hooks/git   X-Hub-Signature-256, X-Signature   sha256=HMAC of the body   GitHub, Gitea, Forgejo, others
//!                   X-Hub-Signature                    the same                  Bitbucket
//!                   X-Gitlab-Token                     the secret itself         GitLab
//! ```
//!
//! **Invariant:** a caller without the secret learns nothing and makes nobody do anything. The body
//! goes through the proof piece by piece, so its size costs no memory.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{body::Body, http::HeaderMap};
use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use crate::words::hex;

/// The largest body: what GitHub sends at most.
const MOST: usize = 25 * 1024 * 1024;
/// Headers with a signature of the body.
const SIGNATURES: [&str; 3] = ["x-hub-signature-256", "x-signature", "x-hub-signature"];
/// The header of GitLab.
const GITLAB: &str = "x-gitlab-token";
/// How often servers are asked, at most: many pushes are one question.
const PACE: Duration = Duration::from_secs(2);

/// Has servers asked now.
pub(super) type AskServers = Arc<dyn Fn() + Send + Sync>;

/// What proves that a call comes from the host, and what it sets off.
pub(super) struct Hook {
    keyed: Hmac<Sha256>,
    /// The digest of the secret: compared instead of it, so length and beginning tell nothing.
    digest: [u8; 32],
    pace: Arc<HookPace>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// How a call proves where it comes from.
enum HookProof {
    /// `sha256=` and the HMAC of the body in hexadecimal digits.
    Signature(String),
    /// The digest of the secret that was sent.
    Secret([u8; 32]),
}

/// Sees to it that servers are not asked too often, and are asked after the last call.
struct HookPace {
    ask: AskServers,
    state: Mutex<HookPaceState>,
}

#[derive(Debug, Default)]
struct HookPaceState {
    last: Option<Instant>,
    /// One more question waits for its time.
    waits: bool,
}

/// What a push sets off.
#[derive(Debug, PartialEq, Eq)]
enum PushEffect {
    /// A question now.
    Now,
    /// A question then.
    At(Instant),
    /// The question that waits already.
    Waits,
}

impl HookPaceState {
    /// Somebody has pushed.
    fn pushed(&mut self, now: Instant) -> PushEffect {
        let next = self.last.map_or(now, |last| last + PACE);
        if self.waits {
            return PushEffect::Waits;
        }
        if next <= now {
            self.last = Some(now);
            return PushEffect::Now;
        }
        self.waits = true;
        PushEffect::At(next)
    }

    /// The question that waited is asked.
    fn asked(&mut self, now: Instant) {
        *self = Self { last: Some(now), waits: false };
    }
}

impl Hook {
    /// Nothing if the secret cannot be a key.
    pub(super) fn new(secret: &SecretString, ask: AskServers) -> Option<Self> {
        let secret = secret.expose_secret().as_bytes();
        let pace = Arc::new(HookPace { ask, state: Mutex::default() });
        let keyed = Hmac::new_from_slice(secret).ok()?;
        Some(Self { keyed, digest: Sha256::digest(secret).into(), pace })
    }

    /// Somebody has pushed.
    pub(super) fn pushed(&self) {
        self.pace.pushed();
    }

    /// Whether a call comes from somebody who knows the secret.
    pub(super) async fn is_proved(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<bool, TooLarge> {
        let Some(proof) = proof(headers) else { return Ok(false) };
        match proof {
            HookProof::Secret(digest) => Ok(self.digest.ct_eq(&digest).into()),
            HookProof::Signature(said) => {
                let mut mac = self.keyed.clone();
                let mut body = body.into_data_stream();
                let mut length = 0;
                while let Some(piece) = body.next().await {
                    // A body that breaks off was not signed so.
                    let Ok(piece) = piece else { return Ok(false) };
                    length += piece.len();
                    if length > MOST {
                        return Err(TooLarge);
                    }
                    mac.update(&piece);
                }
                let made = hex(&mac.finalize().into_bytes());
                Ok(made.as_bytes().ct_eq(said.as_bytes()).into())
            }
        }
    }
}

/// The body is longer than any host sends.
pub(super) struct TooLarge;

/// The proof that the headers hold, if they hold one and not several.
fn proof(headers: &HeaderMap) -> Option<HookProof> {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(secret) = said(GITLAB) {
        return Some(HookProof::Secret(Sha256::digest(secret).into()));
    }
    let signature = SIGNATURES.iter().find_map(|name| said(name)?.strip_prefix("sha256="));
    signature.map(|signature| HookProof::Signature(signature.to_ascii_lowercase()))
}

impl HookPace {
    fn state(&self) -> MutexGuard<'_, HookPaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has pushed.
    fn pushed(self: &Arc<Self>) {
        let next = self.state().pushed(Instant::now());
        match next {
            PushEffect::Waits => {}
            PushEffect::Now => (self.ask)(),
            PushEffect::At(at) => {
                let pace = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep_until(at).await;
                    pace.state().asked(Instant::now());
                    (pace.ask)();
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook() -> Hook {
        Hook::new(&"It's a Secret to Everybody".into(), Arc::new(|| {})).unwrap()
    }

    pub(super) async fn is_proved(name: &'static str, value: &str, body: &'static str) -> bool {
        let headers = [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
        hook().is_proved(&headers, Body::from(body)).await.unwrap_or(false)
    }

    /// The example in GitHub's documentation.
    #[tokio::test]
    async fn a_signature_of_the_body_or_the_secret_itself_is_proof() {
        let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        for name in SIGNATURES {
            assert!(is_proved(name, good, "Hello, World!").await, "{name}");
            assert!(
                is_proved(name, &good.to_uppercase().replace("SHA", "sha"), "Hello, World!").await
            );
            assert!(!is_proved(name, good, "Hello, World").await, "another body");
            assert!(!is_proved(name, &good[7..], "Hello, World!").await, "not said to be SHA-256");
            assert!(!is_proved(name, &good[..70], "Hello, World!").await, "cut short");
            assert!(!is_proved(name, "sha256=", "Hello, World!").await, "empty");
        }
        assert!(is_proved(GITLAB, "It's a Secret to Everybody", "").await);
        assert!(!is_proved(GITLAB, "It's a Secret to Everybod", "").await);
        assert!(!is_proved("authorization", "Bearer It's a Secret to Everybody", "").await);
    }

    #[tokio::test]
    async fn a_body_that_is_longer_than_any_host_sends_is_refused() {
        for (length, proved) in [(MOST, Some(false)), (MOST + 1, None)] {
            let header = ("x-signature".parse().unwrap(), "sha256=00".parse().unwrap());
            let headers: HeaderMap = [header].into_iter().collect();
            let body = Body::from(vec![b' '; length]);
            assert_eq!(hook().is_proved(&headers, body).await.ok(), proved, "{length}");
        }
    }

    #[tokio::test]
    async fn the_server_is_asked_after_each_push_however_soon_it_came() {
        let asked = Arc::new(tokio::sync::Notify::new());
        let ask = Arc::clone(&asked);
        let hook = Hook::new(&"secret".into(), Arc::new(move || ask.notify_one())).unwrap();
        for push in 0..3 {
            hook.pushed();
            let heard = tokio::time::timeout(Duration::from_secs(60), asked.notified());
            assert!(heard.await.is_ok(), "push {push}");
        }
    }

    #[test]
    fn many_pushes_are_one_question_and_one_more_after_the_last() {
        let mut paced = HookPaceState::default();
        let begin = Instant::now();
        assert_eq!(paced.pushed(begin), PushEffect::Now);
        let soon = begin + PACE / 4;
        assert_eq!(paced.pushed(soon), PushEffect::At(begin + PACE));
        assert_eq!(paced.pushed(soon), PushEffect::Waits);
        paced.asked(begin + PACE);
        assert_eq!(paced.pushed(begin + PACE), PushEffect::At(begin + PACE * 2));
        paced.asked(begin + PACE * 2);
        assert_eq!(paced.pushed(begin + PACE * 4), PushEffect::Now);
    }
}
