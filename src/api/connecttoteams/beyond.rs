//! What an answer says, beside a list, of users that are not on it: a link to a next page, a flag
//! that there is more, a total. Pure.
//!
//! How the service lists users is not public, so a list that is thought to come in one piece
//! may be the first page of many. All names that are usual are looked for, in the objects that lead
//! to the list and in those that are usual beside it (`page`, `_links`).

use serde_json::Value;

use super::{answer, shape::Node};

/// Objects beside a list that speak of it.
const AROUND: [&str; 7] = ["links", "meta", "page", "pageinfo", "pageable", "pagination", "paging"];
/// Flags that there is more, and links to it.
const MORE: [&str; 20] = [
    "continuationtoken",
    "hasmore",
    "hasmoreitems",
    "hasnext",
    "hasnextpage",
    "incomplete",
    "incompleteresults",
    "ispartial",
    "istruncated",
    "moreavailable",
    "morerecords",
    "next",
    "nextcursor",
    "nextlink",
    "nextpagetoken",
    "nexttoken",
    "odatanextlink",
    "partial",
    "timedout",
    "truncated",
];
/// How many users there are.
const TOTALS: [&str; 7] = [
    "odatacount",
    "total",
    "totalcount",
    "totalelements",
    "totalitems",
    "totalrecords",
    "totalresults",
];

/// What was said of other users.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct OtherUsers {
    /// The name under which it is said that there are more.
    pub more: Option<String>,
    /// How many there are said to be.
    pub total: Option<u64>,
}

/// Whether something under this name may speak of other users.
pub(super) fn is_named(key: &str) -> bool {
    let name = answer::plain_name(key);
    let name = name.as_str();
    name == "last" || AROUND.contains(&name) || MORE.contains(&name) || TOTALS.contains(&name)
}

impl OtherUsers {
    /// Looks at a whole answer: at whatever is not looked for anyway.
    pub(super) fn of(answer: &Value, envelope: &Node) -> Self {
        let mut beyond = Self::default();
        beyond.walk(answer, envelope);
        beyond
    }

    fn walk(&mut self, value: &Value, node: &Node) {
        for (key, value) in value.as_object().into_iter().flatten() {
            match node.below(key, &mut 0) {
                Some((_, node)) => self.walk(value, node),
                None => self.look(key, value),
            }
        }
    }

    /// Looks at the value of one name.
    pub(super) fn look(&mut self, key: &str, value: &Value) {
        let name = answer::plain_name(key);
        if AROUND.contains(&name.as_str()) {
            for (inner, value) in value.as_object().into_iter().flatten() {
                self.take(&answer::plain_name(inner), &format!("{key}.{inner}"), value);
            }
        } else {
            self.take(&name, key, value);
        }
    }

    fn take(&mut self, name: &str, told: &str, value: &Value) {
        let is_more = match name {
            "last" => answer::flag(value) == Some(false),
            _ => MORE.contains(&name) && leads_on(value),
        };
        if is_more && self.more.as_deref().is_none_or(|known| told < known) {
            self.more = Some(told.to_owned());
        }
        if TOTALS.contains(&name) {
            self.total = self.total.max(answer::count(value));
        }
    }
}

/// Whether this is a link, or a flag that is set. A number says neither.
fn leads_on(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty() && answer::flag(value) != Some(false),
        Value::Object(link) => link.values().any(leads_on),
        _ => answer::flag(value) == Some(true),
    }
}
