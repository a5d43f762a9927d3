//! Who is told what needs people, and when.

use std::{collections::BTreeMap, time::Duration};

use glob::Pattern;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    SecretSource,
    span::{self, Span},
};
use crate::{
    model::IncidentKind,
    yaml::{Mismatch, Path},
};

/// Who is told what needs people, and when. Without a receiver nobody is told anything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Notices {
    /// How long something lasts before it is told, and how long it is away before that is told.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub after: Duration,
    /// How long after the last notice something that lasts is told again.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub remind: Duration,
    /// Where the page of the service is for those who are told: notices lead to it.
    pub page: Option<String>,
    /// The receivers by name.
    pub receivers: BTreeMap<String, Receiver>,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(2 * 60),
            remind: Duration::from_secs(24 * 3600),
            page: None,
            receivers: BTreeMap::new(),
        }
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receiver {
    /// What it understands.
    pub kind: ReceiverKind,
    /// Its address. Everybody who knows it may write there, so it is a secret.
    pub url: SecretSource,
    /// What a webhook is signed with.
    #[serde(default)]
    pub secret: Option<SecretSource>,
    /// What it was signed with before, while the receiver may still know that one alone.
    #[serde(default)]
    pub former_secret: Option<SecretSource>,
    /// Which kinds it is told; empty: all that need somebody. `applied`, what passes have changed, is
    /// told only where it is named.
    #[serde(default)]
    pub kinds: Vec<IncidentKind>,
    /// Of which tenants, by name or pattern; empty: of all, and of the service as a whole.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Whether it is told reasons, which may name people.
    #[serde(default)]
    pub names: bool,
}

/// What a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReceiverKind {
    /// `CloudEvents`, signed as Standard Webhooks say.
    Webhook,
    /// An incoming webhook of Slack.
    Slack,
    /// The webhook of a workflow of Microsoft Teams.
    Teams,
}

impl Receiver {
    /// The patterns of its tenants. Those that are none have been refused.
    #[must_use]
    pub fn patterns(&self) -> Vec<Pattern> {
        self.tenants.iter().filter_map(|like| Pattern::new(like).ok()).collect()
    }

    /// Its secrets, with their keys.
    pub(super) fn sources_mut(
        &mut self,
    ) -> impl Iterator<Item = (&'static str, &mut SecretSource)> {
        let secret = self.secret.as_mut().map(|source| ("secret", source));
        let former = self.former_secret.as_mut().map(|source| ("formerSecret", source));
        [Some(("url", &mut self.url)), secret, former].into_iter().flatten()
    }

    /// Its secrets, with their keys.
    pub fn sources(&self) -> impl Iterator<Item = (&'static str, &SecretSource)> {
        let secret = self.secret.as_ref().map(|source| ("secret", source));
        let former = self.former_secret.as_ref().map(|source| ("formerSecret", source));
        [Some(("url", &self.url)), secret, former].into_iter().flatten()
    }
}

impl Notices {
    /// What the types cannot say.
    pub(super) fn problems(&self) -> Vec<Mismatch> {
        let path = Path::root(0).key("notices");
        let mut wrongs = Vec::new();
        if self.remind < Duration::from_secs(60) {
            let message = "`remind` is less than a minute";
            wrongs.push(Mismatch::value(path.key("remind"), message).hint("a day is usual: 24h"));
        }
        let is_web = |page: &&String| {
            ["https://", "http://"].iter().any(|scheme| page.starts_with(scheme))
                && page.chars().all(|c| c.is_ascii_graphic())
        };
        if let Some(page) = self.page.as_ref().filter(|page| !is_web(page)) {
            let message = format!("`{page}` is not the URL of a page");
            let hint = "write what people open, such as https://dialplane.acme.example";
            wrongs.push(Mismatch::value(path.key("page"), message).hint(hint));
        }
        for (name, receiver) in &self.receivers {
            let path = path.key("receivers").key(name);
            wrongs.extend(receiver.problems(&path));
        }
        wrongs
    }
}

impl Receiver {
    fn problems(&self, path: &Path) -> Vec<Mismatch> {
        let mut wrongs = Vec::new();
        let signs = self.kind == ReceiverKind::Webhook;
        for (key, source) in [("secret", &self.secret), ("formerSecret", &self.former_secret)] {
            if source.is_some() && !signs {
                let message = format!("`{key}` signs webhooks, and this receiver is not one");
                wrongs.push(Mismatch::value(path.key(key), message).hint(
                    "take it out: anybody who knows the address of a channel may write to it",
                ));
            }
        }
        if self.former_secret.is_some() && self.secret.is_none() {
            let message = "`formerSecret` is there without `secret`";
            wrongs.push(Mismatch::value(path.key("formerSecret"), message));
        }
        for (index, like) in self.tenants.iter().enumerate() {
            if let Err(error) = Pattern::new(like) {
                let message = format!("`{like}` is not a name or a pattern: {}", error.msg);
                wrongs.push(Mismatch::value(path.key("tenants").index(index), message));
            }
        }
        wrongs
    }
}
