//! When the service looks again.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::span::{self, Span};

/// When the service looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Run {
    /// How long files must be quiet before they act.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub debounce: Duration,
    /// Files that never become quiet are read after this long all the same.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub debounce_ceiling: Duration,
    /// How often the files are looked at even if nothing was reported.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub poll: Duration,
    /// How often live state is compared even if no file changed.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub resync: Duration,
    /// The first wait after a failure; doubled with each further one.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub backoff: Duration,
    /// The longest wait after failures.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub backoff_ceiling: Duration,
    /// How long a line must have been missing in the manifests before anybody is disabled because
    /// of that alone. A clean newer commit counts at once.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub absence: Duration,
    /// How long running calls may go on after a stop was asked for.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub grace: Duration,
    /// How long a pass may hear nothing before another tenant takes its place among those that are
    /// worked on side by side. Not a setting.
    #[serde(skip)]
    pub silence: Duration,
}

impl Default for Run {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            debounce: Duration::from_millis(500),
            debounce_ceiling: seconds(10),
            poll: seconds(30),
            resync: seconds(15 * 60),
            backoff: seconds(10),
            backoff_ceiling: seconds(30 * 60),
            absence: seconds(5 * 60),
            grace: seconds(20),
            silence: seconds(10),
        }
    }
}
