//! A token as services give it (contract 2.1, 12): its header, and for how long it is good.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde_json::Value;

use super::{answer, redact::Redactor};

/// The lifetime of a token that says nothing about it (contract 10 #7).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// No token is trusted longer than this, whatever it says.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A token as the service gave it.
pub(in crate::api) struct Grant {
    /// The value of the `Authorization` header, marked sensitive.
    pub header: HeaderValue,
    /// How long it is good for.
    pub lifetime: Duration,
    /// Removes it, and what it was asked with, from messages.
    pub redactor: Redactor,
}

/// Reads an answer that should hold a token. `secrets` are what it was asked with.
pub(in crate::api) fn read(
    body: &[u8],
    mut secrets: Vec<SecretString>,
    now: Timestamp,
) -> Result<Grant, String> {
    let answer = answer::json(body)?;
    let Some(token) =
        answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty())
    else {
        let said = answer::error_inside(&answer).map(|said| Redactor::new(secrets).quote(&said));
        let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
        return Err(format!("an answer without a token{said}"));
    };
    let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| "a token that no header can carry")?;
    header.set_sensitive(true);
    let lifetime = stated(&answer)
        .or_else(|| of_jwt(token, now))
        .unwrap_or(DEFAULT_LIFETIME)
        .min(MAX_LIFETIME);
    secrets.push(token.to_owned().into());
    Ok(Grant { header, lifetime, redactor: Redactor::new(secrets) })
}

/// `expires_in`: seconds, as a number or as text. Nothing above zero means that nothing was stated.
fn stated(answer: &Value) -> Option<Duration> {
    let value = answer.get("expires_in")?;
    let seconds: f64 = value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .filter(|seconds| seconds.is_finite())?;
    // Bounded before the conversion, which refuses what is too large.
    Duration::try_from_secs_f64(seconds.min(MAX_LIFETIME.as_secs_f64()))
        .ok()
        .filter(|lifetime| !lifetime.is_zero())
}

/// The lifetime that a JWT's claims state. The signature is the service's business: the claims only
/// say when to ask again.
fn of_jwt(token: &str, now: Timestamp) -> Option<Duration> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let claim =
        |name: &str| claims.get(name).and_then(Value::as_f64).filter(|seconds| seconds.is_finite());
    // From its own `iat` where it has one, so a wrong clock on this machine does no harm.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are exact in an f64 for millions of years"
    )]
    let from = claim("iat").unwrap_or(now.as_second() as f64);
    let seconds = (claim("exp")? - from).min(MAX_LIFETIME.as_secs_f64());
    Duration::try_from_secs_f64(seconds).ok().filter(|lifetime| !lifetime.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!(
            "{}.{}.sig",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn a_lifetime_is_stated_or_claimed_or_assumed() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let seconds = Duration::from_secs;
        let expired = jwt(r#"{"exp":999999}"#);
        let claimed = jwt(r#"{"exp":1000300}"#);
        let skewed = jwt(r#"{"iat":5000,"exp":5600}"#);
        for (body, expected) in [
            (r#"{"access_token":"t","expires_in":90}"#.to_owned(), seconds(90)),
            (r#"{"access_token":"t","expires_in":"90"}"#.to_owned(), seconds(90)),
            (r#"{"access_token":"t","expires_in":0}"#.to_owned(), DEFAULT_LIFETIME),
            (r#"{"access_token":"t","expires_in":-3}"#.to_owned(), DEFAULT_LIFETIME),
            (r#"{"access_token":"t","expires_in":1e300}"#.to_owned(), MAX_LIFETIME),
            (r#"{"access_token":"t","expires_in":"NaN"}"#.to_owned(), DEFAULT_LIFETIME),
            (r#"{"access_token":"t"}"#.to_owned(), DEFAULT_LIFETIME),
            (format!(r#"{{"access_token":"{claimed}"}}"#), seconds(300)),
            (format!(r#"{{"access_token":"{claimed}","expires_in":60}}"#), seconds(60)),
            (format!(r#"{{"access_token":"{skewed}"}}"#), seconds(600)),
            (format!(r#"{{"access_token":"{expired}"}}"#), DEFAULT_LIFETIME),
            (r#"{"access_token":"a.!!.c"}"#.to_owned(), DEFAULT_LIFETIME),
        ] {
            let grant = read(body.as_bytes(), Vec::new(), now)
                .map_err(|why| format!("{body}: {why}"))
                .unwrap();
            assert_eq!(grant.lifetime, expected, "{body}");
            assert!(grant.header.is_sensitive());
        }
        for bad in
            ["", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":"a\nb"}"#, "[]"]
        {
            assert!(read(bad.as_bytes(), Vec::new(), now).is_err(), "{bad}");
        }
        let refused = r#"{"error":"invalid_grant","error_description":"locked: hunter2"}"#;
        let why = read(refused.as_bytes(), vec!["hunter2".to_owned().into()], now).err().unwrap();
        assert!(why.starts_with("an answer without a token (locked: "), "{why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
}
