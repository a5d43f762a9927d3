//! How one call of the service is made.

use schemars::JsonSchema;
use serde::Deserialize;

use super::body::{AUTHORISATION, BodyFormat};

/// How one call is made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL; its places are filled in, percent-encoded.
    pub path: String,
    /// What the body carries.
    #[serde(default)]
    pub body: BodyFormat,
    /// Which answer to a write is a yes; each of the four has a default of its own.
    #[serde(default)]
    pub accept: Option<Accept>,
}

/// Which answers with a good status are a yes to a write (contract 1: no body is documented).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// An empty one, or JSON without an error inside.
    Json,
    /// Other text as well, but for web pages and for what speaks of an error.
    Status,
}

/// The methods that the service is known to use (contract 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the method of that name")]
pub enum Method {
    Get,
    Post,
    Put,
}

impl Endpoint {
    /// Whether path or body name this place.
    #[must_use]
    pub fn names(&self, place: &str) -> bool {
        self.path.contains(&format!("{{{place}}}")) || self.body.names(place)
    }

    /// Whether its body carries who authorises it.
    #[must_use]
    pub fn carries_authorisation(&self) -> bool {
        matches!(self.body, BodyFormat::Flat | BodyFormat::Wrapped)
            || self.body.names(AUTHORISATION)
    }
}

/// So that rows that are more than a call can be handled as one.
impl AsRef<Self> for Endpoint {
    fn as_ref(&self) -> &Self {
        self
    }
}
