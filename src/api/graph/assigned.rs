//! The numbers that Teams keeps, whoever holds them (contract 12): a second proof of who holds a
//! number. Pure.
//!
//! A user of the list is known with the number from there; what counts here is everybody else:
//! resource accounts, guests, conference bridges, private lines.
//!
//! **Invariant:** it only adds: no entry frees a number, and none is a reason to disable anybody.
//!
//! **Invariant:** it ends: a page that repeats what was there is the end and a doubt, and pages are
//! limited.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::{
    api::{http::redact, user_list::ReceivedUserList, value},
    model::{FieldKind, HeldNumber, NumberList, ObservedValue, TenantRef, UserId, Value, is_blank},
};

/// The most numbers of one tenant: beyond it, the service is thought to be repeating itself.
const MAX_NUMBERS: usize = 500_000;

/// What says that a number is nobody's, and how people call what holds it otherwise.
const FREE: &str = "unassigned";
const HOLDERS: [(&str, &str); 5] = [
    ("userAssigned", "account of Teams"),
    ("voiceApplicationAssigned", "resource account"),
    ("conferenceAssigned", "conference bridge"),
    ("thirdPartyAppAssigned", "application"),
    ("policyAssigned", "shared calling policy"),
];

/// Where the next page is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextPage {
    /// There is none.
    Nowhere,
    /// Behind this link.
    Link(String),
    /// A full page came without a link: there may be more behind this many.
    Behind(usize),
}

/// The numbers so far.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// Each number as it was sent, with what is said of it.
    rows: BTreeMap<String, AssignmentRow>,
    /// Entries without a number.
    odd: usize,
    entries: usize,
    links: BTreeSet<String>,
    doubt: Option<String>,
}

/// What is said of a number.
#[derive(Debug)]
struct AssignmentRow {
    number: Json,
    target: Option<String>,
    held_as: String,
    is_primary: bool,
}

impl Assigned {
    /// Takes a page in. An error, in words, if this is none.
    pub(super) fn take(&mut self, page: &Json, page_size: u32) -> Result<NextPage, String> {
        let Some(Json::Array(items)) = page.get("value") else {
            return Err("the service sent no list at `value`".to_owned());
        };
        let before = self.rows.len() + self.odd;
        self.entries += items.len();
        for item in items {
            self.enter(item);
        }
        let is_new = self.rows.len() + self.odd > before;
        match page.get("@odata.nextLink") {
            None | Some(Json::Null) if items.len() < page_size as usize => Ok(NextPage::Nowhere),
            None | Some(Json::Null) if !is_new => Ok(self.ends("a page repeats what was there")),
            None | Some(Json::Null) => Ok(NextPage::Behind(self.entries)),
            Some(Json::String(link)) if !self.links.insert(link.clone()) => {
                Ok(self.ends("the pages go round in a circle"))
            }
            Some(Json::String(link)) => Ok(NextPage::Link(link.clone())),
            Some(_) => Err("the service sent a link to the next page that is not text".to_owned()),
        }
        .map(|next| {
            if self.entries > MAX_NUMBERS { self.ends("the list did not end") } else { next }
        })
    }

    fn ends(&mut self, doubt: &str) -> NextPage {
        self.doubt = Some(doubt.to_owned());
        NextPage::Nowhere
    }

    fn enter(&mut self, item: &Json) {
        let text = |name: &str| item.get(name).and_then(Json::as_str).map(str::trim);
        let status = text("assignmentStatus");
        let target = text("assignmentTargetId").filter(|target| !is_blank(target));
        let is_free = status == Some(FREE) || (status.is_none() && target.is_none());
        let number = item.get("telephoneNumber");
        let key = number.and_then(Json::as_str).map(str::trim).filter(|key| !is_blank(key));
        let Some(key) = key else {
            // Free or not, an entry without a number is none that anybody could be given.
            self.odd += usize::from(!is_free);
            return;
        };
        if is_free {
            return;
        }
        let category = text("assignmentCategory");
        let held_as = match (category, status) {
            (Some("private"), _) => "private line".to_owned(),
            (Some("alternate"), _) => "alternate number".to_owned(),
            (_, Some(status)) => HOLDERS
                .iter()
                .find(|(name, _)| *name == status)
                .map_or_else(|| format!("{:?}", redact::value(status)), |(_, is)| (*is).to_owned()),
            (_, None) => "account of Teams".to_owned(),
        };
        let row = AssignmentRow {
            number: number.cloned().unwrap_or_default(),
            target: target.map(str::to_ascii_lowercase),
            held_as,
            is_primary: matches!(category, None | Some("primary")),
        };
        self.rows.insert(key.to_owned(), row);
    }

    /// Adds to a list of users the numbers that it does not show.
    pub(super) fn complete(self, listed: &mut ReceivedUserList, tenant: &TenantRef) {
        let mut people = BTreeMap::new();
        listed.users.each(|user| {
            people.extend(user.id.clone().map(|id| (id, user.upn.clone())));
        });
        let mut known = BTreeSet::new();
        known.extend(listed.beside.numbers.iter().filter_map(|held| held.number.clone().ok()));
        for row in self.rows.into_values() {
            let user =
                row.target.as_deref().and_then(UserId::observed).and_then(|id| people.get(&id));
            // The list of users speaks for them.
            if user.is_some() && row.is_primary {
                continue;
            }
            let place = || "at `telephoneNumber`".to_owned();
            let prefix = tenant.extension_prefix.as_ref();
            let number = match value::observed(FieldKind::Phone, &row.number, place, prefix) {
                ObservedValue::Set(Value::Phone(number)) => Ok(number),
                ObservedValue::Unreadable(read) => Err(read),
                ObservedValue::Unset | ObservedValue::Set(_) => continue,
            };
            if number.as_ref().is_ok_and(|number| known.contains(number)) {
                continue;
            }
            let holder = match (user, &row.target) {
                (Some(upn), _) => upn.as_str().to_owned(),
                (None, Some(target)) => format!("object {}", redact::value(target)),
                (None, None) => "Teams".to_owned(),
            };
            let held_as = row.held_as.into();
            listed.beside.numbers.push(HeldNumber { holder: holder.into(), held_as, number });
        }
        let odd = (self.odd > 0).then(|| "an entry has no number".to_owned());
        listed.beside.number_list =
            self.doubt.or(odd).map_or(NumberList::Seen, NumberList::InDoubt);
    }
}
