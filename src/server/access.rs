//! Who may ask what.
//!
//! ```text
//! is its Host ours?   no: 421, so a page of somebody else cannot ask through a browser
//!   probes, metrics   everybody, unless `protectAll`
//!   the status        with the token, if there is one; without one no names of people
//!   orders            with the token alone, and never from a browser
//! ```
//!
//! Who speaks on the socket in the state folder is let through: opening it was the right to.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, Uri, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The rules.
pub(super) struct Access {
    /// The digest of the token: compared instead of it, so length and beginning tell nothing.
    token: Option<[u8; 32]>,
    hosts: Vec<String>,
    protect_all: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// A probe or metrics, which name nobody.
    Open,
    /// What may name people.
    Status,
    /// What makes the service act, and what became of that.
    Order,
}

/// Where somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// The address of the settings.
    Network,
    /// The socket in the state folder.
    Socket,
}

/// What the client may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    /// Everything.
    All,
    /// Everything but names of people.
    NoNames,
}

/// Why nothing is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessRefusal {
    /// The request was meant for another host.
    Misdirected,
    /// The token is missing or another one.
    Unauthorised,
    /// There is no token by which anybody could be told from others.
    NoToken,
    /// A browser asks, perhaps for a page of somebody else.
    Browser,
}

impl Access {
    /// The rules of settings.
    pub(super) fn new(token: Option<&str>, hosts: Vec<String>, protect_all: bool) -> Self {
        let token = token.map(|token| Sha256::digest(token).into());
        let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { token, hosts, protect_all }
    }

    /// What may be seen by the sender of this.
    pub(super) fn sight(
        &self,
        asked: RequestKind,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Visibility, AccessRefusal> {
        if !self.is_for_us(uri, headers) {
            return Err(AccessRefusal::Misdirected);
        }
        let open = asked == RequestKind::Open && !self.protect_all;
        match &self.token {
            _ if asked == RequestKind::Order && is_browser(headers) => Err(AccessRefusal::Browser),
            None if asked == RequestKind::Order => Err(AccessRefusal::NoToken),
            Some(token) if knows(token, headers) => Ok(Visibility::All),
            Some(_) if !open => Err(AccessRefusal::Unauthorised),
            _ => Ok(Visibility::NoNames),
        }
    }

    /// Whether the host that was asked for is one of ours: a name that somebody else has pointed
    /// here is not.
    fn is_for_us(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut said = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (said.next(), said.next()) else { return false };
        let ours = |authority: &str| {
            let host = authority.parse::<axum::http::uri::Authority>().ok();
            host.is_some_and(|host| self.is_ours(host.host()))
        };
        host.to_str().is_ok_and(ours) && uri.authority().is_none_or(|it| self.is_ours(it.host()))
    }

    fn is_ours(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = host.to_ascii_lowercase();
        bare.parse::<IpAddr>().is_ok() || host == "localhost" || self.hosts.contains(&host)
    }
}

/// Whether a browser asks: each says for which page, with whatever else than a plain visit.
fn is_browser(headers: &HeaderMap) -> bool {
    let said = ["origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"];
    said.iter().any(|name| headers.contains_key(*name))
}

/// Whether the headers hold the token: as `Bearer`, or as the password of `Basic`, which browsers
/// ask people for.
fn knows(token: &[u8; 32], headers: &HeaderMap) -> bool {
    let said = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some((scheme, word)) = said(header::AUTHORIZATION).and_then(|it| it.split_once(' ')) else {
        return false;
    };
    let word = word.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return is_token(token, word.as_bytes());
    }
    let basic = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(word).ok()).flatten();
    let password = basic.as_deref().and_then(|pair| {
        let colon = pair.iter().position(|byte| *byte == b':')?;
        pair.get(colon + 1..)
    });
    password.is_some_and(|password| is_token(token, password))
}

fn is_token(token: &[u8; 32], word: &[u8]) -> bool {
    let digest: [u8; 32] = Sha256::digest(word).into();
    token.ct_eq(&digest).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a token of some length";

    fn sight(
        access: &Access,
        asked: RequestKind,
        said: &[(&str, &str)],
    ) -> Result<Visibility, AccessRefusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in said {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        access.sight(asked, &Uri::from_static("/status"), &headers)
    }

    #[test]
    fn the_token_is_known_as_bearer_and_as_the_password_of_basic() {
        let access = Access::new(Some(TOKEN), Vec::new(), false);
        let asked = |word: &str| {
            let host = ("host", "127.0.0.1:8406");
            sight(&access, RequestKind::Status, &[host, ("authorization", word)])
        };
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        for word in
            [format!("Bearer {TOKEN}"), format!("bearer  {TOKEN}"), basic(format!("ada:{TOKEN}"))]
        {
            assert_eq!(asked(&word), Ok(Visibility::All), "{word}");
        }
        for word in [
            "Bearer another token",
            "Bearer",
            TOKEN,
            &format!("Bearer {TOKEN}x"),
            &basic(TOKEN.to_owned()),
            "Basic !",
        ] {
            assert_eq!(asked(word), Err(AccessRefusal::Unauthorised), "{word}");
        }
    }

    #[test]
    fn probes_are_open_and_nobody_without_the_token_sees_names() {
        let host = ("host", "localhost:8406");
        for (token, protect_all, open, status) in [
            (None, false, Ok(Visibility::NoNames), Ok(Visibility::NoNames)),
            (Some(TOKEN), false, Ok(Visibility::NoNames), Err(AccessRefusal::Unauthorised)),
            (Some(TOKEN), true, Err(AccessRefusal::Unauthorised), Err(AccessRefusal::Unauthorised)),
        ] {
            let access = Access::new(token, Vec::new(), protect_all);
            assert_eq!(sight(&access, RequestKind::Open, &[host]), open);
            assert_eq!(sight(&access, RequestKind::Status, &[host]), status);
        }
    }

    #[test]
    fn orders_need_the_token_and_no_browser() {
        let host = ("host", "localhost:8406");
        let word = format!("Bearer {TOKEN}");
        let token = ("authorization", word.as_str());
        let open = Access::new(None, Vec::new(), false);
        assert_eq!(sight(&open, RequestKind::Order, &[host]), Err(AccessRefusal::NoToken));
        let access = Access::new(Some(TOKEN), Vec::new(), false);
        assert_eq!(sight(&access, RequestKind::Order, &[host]), Err(AccessRefusal::Unauthorised));
        assert_eq!(sight(&access, RequestKind::Order, &[host, token]), Ok(Visibility::All));
        for browser in [
            ("origin", "http://localhost:8406"),
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "navigate"),
        ] {
            let asked = sight(&access, RequestKind::Order, &[host, token, browser]);
            assert_eq!(asked, Err(AccessRefusal::Browser), "{browser:?}");
        }
    }

    #[test]
    fn a_name_that_somebody_pointed_here_is_not_ours() {
        let access = Access::new(None, vec!["dialplane.acme.example".to_owned()], false);
        for host in [
            "127.0.0.1:8406",
            "[::1]:8406",
            "10.1.2.3",
            "LOCALHOST",
            "localhost:8406",
            "Dialplane.acme.example:80",
        ] {
            assert!(sight(&access, RequestKind::Status, &[("host", host)]).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8406",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "a b",
        ] {
            let asked = sight(&access, RequestKind::Open, &[("host", host)]);
            assert_eq!(asked, Err(AccessRefusal::Misdirected), "{host}");
        }
        assert_eq!(sight(&access, RequestKind::Open, &[]), Err(AccessRefusal::Misdirected));
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(sight(&access, RequestKind::Open, &two), Err(AccessRefusal::Misdirected));
    }
}
