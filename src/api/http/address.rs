//! Where a call goes: the base URL, and path templates with their places filled in.
//!
//! **Invariant:** a filled value stays within its one segment, whatever it contains: it can neither
//! add a segment, nor a query, nor climb up.

use std::{fmt, net::IpAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::model::{Fault, FaultKind};

/// What is encoded in a filled value: everything but RFC 3986's unreserved characters and `@`,
/// which is legal in a segment and appears in every user principal name (contract 10 #16).
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The base URL, checked.
#[derive(Debug)]
pub(in crate::api) struct Base {
    /// Without a slash at its end, so a path is simply appended.
    text: String,
    url: Url,
    setting: Setting,
}

/// The setting that a URL was read from, as messages name it.
#[derive(Debug, Clone)]
pub(in crate::api) struct Setting {
    /// The section of the settings, such as `connectToTeams`.
    pub section: String,
    /// The key in it.
    pub key: &'static str,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.section, self.key)
    }
}

impl Base {
    /// `https://`, or `http://` to this machine; no user, no query. `section` and `key` are where
    /// the text stands.
    pub(in crate::api) fn parse(
        text: &str,
        section: &str,
        key: &'static str,
    ) -> Result<Self, Fault> {
        let setting = Setting { section: section.to_owned(), key };
        let base = Url::parse(text)
            .map_err(|error| BadAddress::Url(error.to_string()))
            .and_then(|url| BadAddress::find(text, &url).map_or(Ok(url), Err));
        match base {
            Ok(url) => Ok(Self { text: text.trim_end_matches('/').to_owned(), url, setting }),
            Err(problem) => Err(problem.fault(&setting)),
        }
    }

    /// The setting that it was read from.
    pub(in crate::api) fn setting(&self) -> &Setting {
        &self.setting
    }

    /// Whether the service runs on this machine.
    pub(in crate::api) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Whether connections need TLS.
    pub(in crate::api) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The whole of it.
    pub(in crate::api) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Host and port, as messages name the service.
    pub(in crate::api) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// A URL that a service named, if it leads to the same host, in the same way.
    pub(in crate::api) fn same_host(&self, link: &str) -> Result<Url, String> {
        // Without query and user: they may hold anything.
        let shown = |url: &Url| super::redact::value(&url.origin().ascii_serialization());
        let url =
            Url::parse(link).map_err(|error| format!("its address is not a URL ({error})"))?;
        let same = url.origin() == self.url.origin()
            && url.username().is_empty()
            && url.password().is_none();
        if same {
            Ok(url)
        } else {
            Err(format!("it is at {} and not at {}", shown(&url), shown(&self.url)))
        }
    }

    /// The URL of a path below the base.
    pub(in crate::api) fn at(&self, path: &str) -> Result<Url, String> {
        Url::parse(&format!("{}{path}", self.text)).map_err(|error| error.to_string())
    }
}

/// Whether a URL leads to this machine: 127.0.0.0/8, `::1` or `localhost`.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Why a text is not a base URL. The text is not repeated where it may hold a password.
enum BadAddress {
    Url(String),
    Unencrypted(String),
}

impl BadAddress {
    fn find(text: &str, url: &Url) -> Option<Self> {
        let problem = |why: &str| Some(Self::Url(why.to_owned()));
        // Parsers drop some of it and translate the rest: nobody would see where secrets go.
        if let Some(c) = text.chars().find(|c| !c.is_ascii_graphic()) {
            let code = u32::from(c);
            let shown = if crate::foreign::acts(c) { String::new() } else { format!("`{c}` ") };
            return Some(Self::Url(format!(
                "it holds {shown}(U+{code:04X}), and a URL is written in plain letters; a host in \
                    another script begins with `xn--`"
            )));
        }
        if text.contains('\\') {
            return problem("it holds a backslash");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return problem("it holds a user name or a password");
        }
        if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
            return Some(Self::Url(format!("`{text}` has no host, or has a query or a fragment")));
        }
        match url.scheme() {
            "https" => None,
            "http" if is_loopback(url) => None,
            "http" => Some(Self::Unencrypted(format!(
                "`{text}` would send passwords and tokens unencrypted"
            ))),
            other => Some(Self::Url(format!("`{other}` is not a scheme that can be used"))),
        }
    }

    fn fault(self, setting: &Setting) -> Fault {
        let (why, hint) = match self {
            Self::Url(why) => {
                (why, format!("set `{setting}` to a URL such as https://api.example.com"))
            }
            Self::Unencrypted(why) => (
                why,
                "use https://; plain http:// is for a service on this machine only, such as \
                    http://127.0.0.1:8080"
                    .to_owned(),
            ),
        };
        Fault::new(FaultKind::NotConfigured, format!("`{setting}` cannot be used: {why}"))
            .hint(hint)
    }
}

/// What the places of a path template are filled with; what is absent is unknown to the call.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::api) struct PathPlaces<'a> {
    /// `{tenantId}`.
    pub tenant: Option<&'a str>,
    /// `{resellerId}`.
    pub reseller: Option<i64>,
    /// `{enterpriseId}`.
    pub enterprise: Option<&'a str>,
    /// `{userPrincipalName}`.
    pub user: Option<&'a str>,
}

/// Fills the places of a template. The error names the place that cannot be filled.
pub(in crate::api) fn fill(template: &str, places: PathPlaces<'_>) -> Result<String, String> {
    let mut path = String::with_capacity(template.len() + 48);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind
            .split_once('}')
            .ok_or_else(|| format!("`{template}` has a `{{` without its `}}`"))?;
        path.push_str(before);
        let reseller = places.reseller.map(|id| id.to_string());
        let value = match name {
            "tenantId" => places.tenant,
            "resellerId" => reseller.as_deref(),
            "enterpriseId" => places.enterprise,
            "userPrincipalName" => places.user,
            _ => None,
        };
        let value = value.ok_or_else(|| format!("this call cannot fill {{{name}}}"))?;
        // However they are encoded, these are not names in a path: they climb.
        if matches!(value, "." | "..") {
            return Err(format!("this call cannot fill {{{name}}} with `{value}`"));
        }
        path.extend(utf8_percent_encode(value, ENCODED));
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_filled_in_stays_in_its_segment(
            value in prop_oneof![".{0,12}", "[./%2eE\\\\?#;@{}\t\n]{0,6}"],
        ) {
            let base = parse("https://api.example.com/v1").unwrap();
            let places = PathPlaces { enterprise: Some(&value), ..PathPlaces::default() };
            let filled = fill("/enterprises/{enterpriseId}/users", places);
            prop_assert_eq!(filled.is_err(), value == "." || value == "..");
            if let Ok(path) = filled {
                let url = base.at(&path).unwrap();
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                let [version, enterprises, segment, users] = segments[..] else {
                    panic!("{url} has other segments");
                };
                prop_assert_eq!([version, enterprises, users], ["v1", "enterprises", "users"]);
                prop_assert_eq!(percent_decode_str(segment).decode_utf8().unwrap(), value.as_str());
                prop_assert_eq!((url.query(), url.fragment()), (None, None));
            }
        }
    }

    fn parse(text: &str) -> Result<Base, Fault> {
        Base::parse(text, "connectToTeams", "baseUrl")
    }

    #[test]
    fn odd_names_stay_in_one_segment() {
        let base = parse("https://api.example.com/v1/").unwrap();
        for (user, segment) in [
            ("adele@contoso.com", "adele@contoso.com"),
            ("g_fabrikam.com#EXT#@contoso.com", "g_fabrikam.com%23EXT%23@contoso.com"),
            ("o'neil+x@contoso.com", "o%27neil%2Bx@contoso.com"),
            ("100%25@contoso.com", "100%2525@contoso.com"),
            ("jürgen@contoso.com", "j%C3%BCrgen@contoso.com"),
            ("a?b&c=d@contoso.com", "a%3Fb%26c%3Dd@contoso.com"),
            ("{tenantId}@contoso.com", "%7BtenantId%7D@contoso.com"),
            ("../x;y@contoso.com", "..%2Fx%3By@contoso.com"),
        ] {
            let places = PathPlaces { user: Some(user), ..PathPlaces::default() };
            let path = fill("/enable/{userPrincipalName}", places).unwrap();
            assert_eq!(path, format!("/enable/{segment}"));
            let url = base.at(&path).unwrap();
            assert_eq!(url.as_str(), format!("https://api.example.com/v1/enable/{segment}"));
            assert_eq!(url.path_segments().unwrap().count(), 3, "{user}");
        }
    }

    #[test]
    fn a_host_that_only_looks_like_another_is_refused() {
        for (bad, why) in [
            ("https://\u{430}pi.example.com", "`\u{430}` (U+0430)"),
            ("https://api.example.com\u{200b}", "(U+200B)"),
            ("https://api.exam\tple.com", "(U+0009)"),
            (" https://api.example.com", "(U+0020)"),
            ("https:\\\\api.example.com", "a backslash"),
            ("https://api.example.com\\@evil.example", "a backslash"),
        ] {
            let fault = parse(bad).unwrap_err();
            assert!(fault.message.contains(why), "{bad}: {fault:?}");
        }
        assert!(parse("https://xn--pi-6kc.example.com/v1").is_ok());
    }

    #[test]
    fn a_link_to_another_host_is_refused() {
        let base = parse("https://graph.example.com").unwrap();
        assert!(base.same_host("https://graph.example.com:443/v1.0/x?$skiptoken=a").is_ok());
        for bad in [
            "https://graph.example.com.evil.example/x",
            "http://graph.example.com/x",
            "https://graph.example.com:8443/x",
            "https://graph.example.com@evil.example/x",
            "https://user@graph.example.com/x",
            "//graph.example.com/x",
            "/v1.0/x",
            "file:///etc/passwd",
            "",
        ] {
            assert!(base.same_host(bad).is_err(), "{bad}");
        }
        let why = base.same_host("https://evil.example/x?token=secret").unwrap_err();
        assert_eq!(why, "it is at https://evil.example and not at https://graph.example.com");
    }

    #[test]
    fn a_place_in_a_query_is_filled_and_an_unknown_one_is_named() {
        let places = PathPlaces {
            tenant: Some("87d349ed"),
            reseller: Some(123),
            enterprise: Some("a/7"),
            user: None,
        };
        assert_eq!(fill("/u?t={tenantId}&r={resellerId}", places).unwrap(), "/u?t=87d349ed&r=123");
        assert_eq!(fill("/e/{enterpriseId}/u", places).unwrap(), "/e/a%2F7/u");
        assert!(
            fill("/u/{userPrincipalName}", places).unwrap_err().contains("{userPrincipalName}")
        );
        assert!(fill("/u/{tenantId", places).is_err());
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "https://api.connecttoteams.com",
            "http://127.0.0.1:8080/",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://localhost:80",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.connecttoteams.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "api.connecttoteams.com",
            "https://user:hunter2@api.connecttoteams.com",
            "https://api.connecttoteams.com?x=1",
        ] {
            let fault = parse(bad).unwrap_err();
            assert!(fault.hint.is_some() && !fault.message.contains("hunter2"), "{fault:?}");
        }
    }
}
