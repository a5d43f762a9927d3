//! The proxy of the environment through which a service is reached: by the very rules that the HTTP
//! client goes by, so messages can name it.

use axum::http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The variables that name a proxy for `https://`, the stronger ones first.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// Host and port.
    pub host: String,
    /// The variable that names it.
    pub variable: &'static str,
}

/// The proxy for this URL, if it is reached through one. The error says which variable cannot be
/// used, and why.
pub(super) fn find(
    url: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, String> {
    let Ok(uri) = url.parse::<Uri>() else { return Ok(None) };
    let no = ["NO_PROXY", "no_proxy"].into_iter().find_map(&variable).unwrap_or_default();
    let through = |proxy: &str| {
        Matcher::builder().all(proxy.to_owned()).no(no.clone()).build().intercept(&uri)
    };
    if uri.scheme_str() != Some("https") || through("http://proxy.invalid").is_none() {
        return Ok(None);
    }
    for pair in VARIABLES.chunks(2) {
        // Of two spellings the first one that is set counts, also if it is set to nothing.
        let Some((name, text)) = pair.iter().find_map(|name| Some((*name, variable(name)?))) else {
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        let Some(found) = through(&text) else {
            return Err(format!("{name} is set to something that is not the URL of a proxy"));
        };
        let proxy = found.uri();
        if proxy.scheme_str().is_some_and(|scheme| scheme.starts_with("socks")) {
            return Err(format!("{name} names a SOCKS proxy; only HTTP proxies can be used"));
        }
        let host = proxy.authority().map(ToString::to_string).unwrap_or_default();
        return Ok(Some(Proxy { host, variable: name }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, set: &[(&str, &str)]) -> Result<Option<(String, &'static str)>, String> {
        let variable = |name: &str| {
            set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        };
        find(url, variable).map(|found| found.map(|Proxy { host, variable }| (host, variable)))
    }

    #[test]
    fn the_proxy_is_the_one_that_the_client_takes() {
        let url = "https://api.example.com/";
        let proxy = |host: &str, variable| Ok(Some((host.to_owned(), variable)));
        for (set, expected) in [
            (&[][..], Ok(None)),
            (&[("HTTPS_PROXY", "http://proxy:3128")], proxy("proxy:3128", "HTTPS_PROXY")),
            (&[("https_proxy", "proxy:3128")], proxy("proxy:3128", "https_proxy")),
            (&[("all_proxy", "http://proxy:1/x")], proxy("proxy:1", "all_proxy")),
            (&[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://all:2")], proxy("all:2", "ALL_PROXY")),
            (
                &[("HTTPS_PROXY", "http://user:hunter2@proxy:3128")],
                proxy("proxy:3128", "HTTPS_PROXY"),
            ),
            (&[("HTTP_PROXY", "http://proxy:3128")], Ok(None)),
            (
                &[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "localhost,.example.com")],
                Ok(None),
            ),
            (&[("HTTPS_PROXY", "not a url"), ("NO_PROXY", "*")], Ok(None)),
        ] {
            assert_eq!(of(url, set), expected, "{set:?}");
        }
        assert_eq!(of("http://127.0.0.1:1/", &[("HTTPS_PROXY", "http://proxy:3128")]), Ok(None));
        for bad in [
            "not a url",
            "http://",
            "ftp://proxy:21",
            "http://user:hunter2@[bad",
            "socks5://proxy:1080",
        ] {
            let why = of(url, &[("HTTPS_PROXY", bad)]).unwrap_err();
            assert!(why.starts_with("HTTPS_PROXY ") && !why.contains("hunter2"), "{bad}: {why}");
        }
    }
}
