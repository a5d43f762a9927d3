//! Where the service answers over HTTP, and who may ask.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::SecretSource;
use crate::yaml::{Mismatch, Path};

/// The HTTP server of the service. Without an address there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Server {
    /// The address and port that it listens on.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "Option<String>")]
    pub listen: Option<SocketAddr>,
    /// What a client has to know, except for probes and metrics.
    pub token: Option<SecretSource>,
    /// The names, beside `localhost` and addresses, by which browsers may call it.
    pub hosts: Vec<String>,
    /// What a host of git signs its calls with, or sends: then a push has the branch asked at once.
    pub hook_secret: Option<SecretSource>,
    /// Ask for the token even of probes and metrics.
    pub protect_all: bool,
}

impl Server {
    /// What the types cannot say.
    pub(super) fn problems(&self) -> Vec<Mismatch> {
        let path = Path::root(0).key("server");
        let mut wrongs = Vec::new();
        if let Some(listen) = self.listen.filter(|listen| !listen.ip().is_loopback())
            && self.token.is_none()
        {
            let message = format!("other machines can reach {listen}, and there is no token");
            let hint = "set `server.token` (`{file: PATH}` or the like), or listen on 127.0.0.1";
            wrongs.push(Mismatch::value(path.key("listen"), message).hint(hint));
        }
        if self.protect_all && self.token.is_none() {
            let message = "`protectAll` asks everybody for the token, and there is none";
            wrongs
                .push(Mismatch::value(path.key("protectAll"), message).hint("set `server.token`"));
        }
        if self.hook_secret.is_some() && self.listen.is_none() {
            let message = "`hookSecret` is for calls over HTTP, and nothing listens for them";
            wrongs
                .push(Mismatch::value(path.key("hookSecret"), message).hint("set `server.listen`"));
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if host.is_empty() || !host.chars().all(plain) {
                let message = format!("`{host}` is not the name of a host");
                let at = path.key("hosts").index(index);
                wrongs.push(Mismatch::value(at, message).hint(
                    "write the name alone, as in dialplane.acme.example: no scheme, port or path",
                ));
            }
        }
        wrongs
    }
}

/// An address with its port.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not an address with a port, such as 127.0.0.1:8406 or [::1]:8406"
        ))
    })
}
