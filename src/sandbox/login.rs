//! Who may call: the token endpoint and the bearer that every other call needs (contract 2.1).
//!
//! **Invariant:** a token is good until the instant that was promised when it was given out, and
//! never after.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use super::{
    faults::Faults,
    wire::{Reply, Request, pairs},
    world::World,
};
use crate::model::TenantId;

/// The client id that the sandbox accepts.
pub const CLIENT_ID: &str = "sandbox-client";
/// The API admin that the sandbox knows.
pub const USERNAME: &str = "sandbox-admin";
/// The client secret and the password of the API admin. Not a secret: there is nothing behind it.
pub const SECRET: &str = "sandbox-secret";

/// The tokens that were given out, and until when each is good.
#[derive(Debug)]
pub(super) struct Tokens {
    given: BTreeMap<String, (Timestamp, TokenOwner)>,
    serial: u64,
    /// Client secret and password of the API admin.
    secret: String,
    /// The number of the credentials of each enterprise that has some.
    enterprises: BTreeMap<TenantId, u64>,
}

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenOwner {
    /// The API admin's.
    Reseller,
    /// An enterprise's.
    Enterprise(TenantId),
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            given: BTreeMap::new(),
            serial: 0,
            secret: SECRET.to_owned(),
            enterprises: BTreeMap::new(),
        }
    }
}

impl Tokens {
    /// Gives out a token.
    pub(super) fn issue(
        &mut self,
        request: &Request,
        faults: &Faults,
        now: Timestamp,
    ) -> Result<Reply, Reply> {
        let refused = |status, error: &str, text: &str| {
            Err(Reply::json(status, &json!({ "error": error, "error_description": text })))
        };
        if !request.content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(Reply::error(415, "the body must be application/x-www-form-urlencoded"));
        }
        let Some((whose, username, password)) =
            self.client(request).filter(|_| !faults.wrong_credentials)
        else {
            return refused(401, "invalid_client", "Bad client credentials");
        };
        let form = pairs(&String::from_utf8_lossy(&request.body));
        let field = |name| form.get(name).map(String::as_str);
        if field("grant_type") != Some("password") {
            return refused(400, "unsupported_grant_type", "grant_type must be password");
        }
        if field("username") != Some(username.as_str())
            || field("password") != Some(password.as_str())
        {
            return refused(401, "unauthorized", "Bad credentials");
        }
        if faults.password_never_changed && whose == TokenOwner::Reseller {
            let text = "User credentials have expired: log in to the portal and change the \
                initial password";
            return refused(400, "invalid_grant", text);
        }
        let lifetime = Duration::from_secs(faults.token_lifetime_seconds.into());
        let token = self.give(whose, now, now.checked_add(lifetime).unwrap_or(Timestamp::MAX));
        let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": lifetime.as_secs() });
        Ok(Reply::json(200, &body))
    }

    /// The client that a request for a token is of, with the user name and the password that go
    /// with it.
    fn client(&self, request: &Request) -> Option<(TokenOwner, String, String)> {
        let is = |client: &str, secret: &str| {
            request.authorization
                == format!("Basic {}", base64(format!("{client}:{secret}").as_bytes(), STANDARD))
        };
        if is(CLIENT_ID, &self.secret) {
            return Some((TokenOwner::Reseller, USERNAME.to_owned(), self.secret.clone()));
        }
        self.enterprises.iter().find_map(|(tenant, number)| {
            let [client, secret, user, password] = words(tenant, *number);
            is(&client, &secret).then(|| (TokenOwner::Enterprise(tenant.clone()), user, password))
        })
    }

    /// `regenerateAPICredentials` (contract 2.3): the body is the tenant id as bare text, and the
    /// token is the reseller's.
    pub(super) fn regenerate(
        &mut self,
        world: &World,
        whose: &TokenOwner,
        tenant: Option<&TenantId>,
    ) -> Result<Reply, Reply> {
        if *whose != TokenOwner::Reseller {
            return Err(Reply::error(403, "this needs a token of the reseller"));
        }
        let known = tenant.filter(|tenant| world.tenants.contains_key(*tenant));
        let tenant = known
            .ok_or_else(|| Reply::error(400, "no registered enterprise has this tenant id"))?;
        Ok(Reply::json(200, &self.new_credentials(tenant)))
    }

    /// New credentials of an enterprise; the former ones and their tokens end.
    pub(super) fn new_credentials(&mut self, tenant: &TenantId) -> serde_json::Value {
        self.serial += 1;
        self.enterprises.insert(tenant.clone(), self.serial);
        self.given.retain(|_, (_, whose)| *whose != TokenOwner::Enterprise(tenant.clone()));
        let [client, secret, user, password] = words(tenant, self.serial);
        json!({ "enterpriseId": 124, "entAdminUsername": user, "entAdminSecret": password, "clientID": client, "clientSecret": secret })
    }

    /// A refusal that repeats the password as careless services do, in one spelling after the
    /// other.
    pub(super) fn echo(&self, turn: usize) -> Reply {
        let secret = &self.secret;
        let form =
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        let page = secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        let basic = base64(format!("{CLIENT_ID}:{secret}").as_bytes(), STANDARD);
        let said = match turn % 6 {
            0 => format!("login {USERNAME}/{secret}"),
            1 => format!("password={}", form.replace("%20", "+")),
            2 => format!("password={}", lower_codes(&form)),
            3 => format!("<b>{page}</b>"),
            4 => format!("header {basic}"),
            _ => json!({ "password": secret }).to_string(),
        };
        Reply::json(400, &json!({ "code": 17, "detail": said }))
    }

    /// Another client secret and password; all tokens end.
    pub(super) fn change_secret(&mut self, secret: &str) {
        secret.clone_into(&mut self.secret);
        self.given.clear();
    }

    /// Makes a token of the vendor's form: header and claims as JSON in base64, then what would be
    /// a signature.
    fn give(&mut self, whose: TokenOwner, now: Timestamp, until: Timestamp) -> String {
        self.given.retain(|_, (until, _)| *until > now);
        self.serial += 1;
        let part = |json: serde_json::Value| {
            base64(json.to_string().as_bytes(), URL_SAFE).trim_end_matches('=').to_owned()
        };
        let header = part(json!({ "kid": "sandbox", "alg": "none" }));
        let claims = part(
            json!({ "user_name": USERNAME, "exp": until.as_second(), "jti": self.serial.to_string() }),
        );
        let token = format!("{header}.{claims}.sandbox");
        self.given.insert(token.clone(), (until, whose));
        token
    }

    /// Whether a request may go on.
    pub(super) fn check(&self, request: &Request, now: Timestamp) -> Result<TokenOwner, Reply> {
        let until =
            request.authorization.strip_prefix("Bearer ").map(|token| self.given.get(token));
        let text = match until {
            None => "Full authentication is required to access this resource",
            Some(None) => "Cannot convert access token to JSON",
            Some(Some((until, _))) if *until <= now => "Access token expired",
            Some(Some((_, whose))) => return Ok(whose.clone()),
        };
        Err(Reply::json(401, &json!({ "error": "invalid_token", "error_description": text })))
    }
}

/// Client id, client secret, user name and password of an enterprise's credentials of that number.
fn words(tenant: &TenantId, number: u64) -> [String; 4] {
    ["client", "client-secret", "admin", "admin-secret"]
        .map(|word| format!("enterprise-{word}-{number}-{tenant}"))
}

/// The same with the codes of bytes in small letters.
fn lower_codes(form: &str) -> String {
    let parts = form.split_inclusive('%').map(|part| match part.split_at_checked(2) {
        Some((code, rest)) if code.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            code.to_lowercase() + rest
        }
        _ => part.to_owned(),
    });
    parts.collect()
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 with padding.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    bytes.chunks(3).map(|chunk| base64_group(chunk, alphabet)).collect()
}

/// Up to three bytes as four letters.
fn base64_group(chunk: &[u8], alphabet: &[u8; 64]) -> String {
    let byte = |index: usize| usize::from(chunk.get(index).copied().unwrap_or(0));
    let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    let letters = [18, 12, 6, 0].map(|shift| char::from(alphabet[(bits >> shift) & 63]));
    // One byte fills two letters, two bytes three; the rest is padding.
    let padded = letters
        .into_iter()
        .enumerate()
        .map(|(index, letter)| if index <= chunk.len() { letter } else { '=' });
    padded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648() {
        let encode = |text: &str| base64(text.as_bytes(), STANDARD);
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(encode),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
    }

    #[test]
    fn a_token_dies_on_time() {
        let mut tokens = Tokens::default();
        let start = Timestamp::UNIX_EPOCH;
        let token = tokens.give(TokenOwner::Reseller, start, start + Duration::from_secs(60));
        let request = Request { authorization: format!("Bearer {token}"), ..Request::default() };
        assert!(tokens.check(&request, start + Duration::from_secs(59)).is_ok());
        assert_eq!(
            tokens.check(&request, start + Duration::from_secs(60)).unwrap_err().status,
            401
        );
        assert_eq!(tokens.check(&Request::default(), start).unwrap_err().status, 401);
    }
}
