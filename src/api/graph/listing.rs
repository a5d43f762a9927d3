//! A tenant's users as Graph sends them: page by page, each naming the next. Pure.
//!
//! Graph counts nothing unless it is asked to: a list is whole when a page names no next one. So a
//! page that cannot be understood is an error and never the end of a list.
//!
//! **Invariant:** it ends: no link is followed twice, and pages are limited.

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{answer, item};
use crate::{
    api::user_list::{Entry, ReceivedUserList, UserList, UserListItem},
    model::TenantRef,
};

/// The most pages of one list.
const MAX_PAGES: usize = 10_000;
/// Pages in a row without anybody new. Graph may send empty ones; this many mean a circle.
const MAX_BARREN: usize = 20;

/// A list on its way.
pub(super) struct Listing<'a> {
    tenant: &'a TenantRef,
    list: UserList,
    links: BTreeSet<String>,
    barren: usize,
    /// How many there are, if a page says so all the same.
    total: Option<u64>,
}

impl<'a> Listing<'a> {
    pub(super) fn new(tenant: &'a TenantRef) -> Self {
        Self { tenant, list: UserList::default(), links: BTreeSet::new(), barren: 0, total: None }
    }

    /// Takes a page in; the link to the next one, if there is one. An error, in words, if this is
    /// no page or of another tenant.
    pub(super) fn take(&mut self, page: &Value) -> Result<Option<String>, String> {
        let Some(Value::Array(items)) = page.get("value") else {
            return Err("the service sent no list at `value`".to_owned());
        };
        let next = match page.get("@odata.nextLink") {
            None | Some(Value::Null) => None,
            Some(Value::String(link)) => Some(link.clone()),
            Some(_) => {
                return Err("the service sent a link to the next page that is not text".to_owned());
            }
        };
        self.total = self.total.max(page.get("@odata.count").and_then(answer::count));
        let items: Vec<UserListItem> =
            items.iter().map(|item| item::read(item, self.tenant)).collect();
        if items.iter().any(|item| item.entry == Entry::Foreign) {
            return Err("the service sent a user of another tenant, so nothing of it is believed"
                .to_owned());
        }
        let before = self.list.users();
        let room = self.list.take(items.into_iter());
        self.barren = if self.list.users() > before { 0 } else { self.barren + 1 };
        Ok(next.filter(|_| room).filter(|link| self.goes_on(link)))
    }

    fn goes_on(&mut self, link: &str) -> bool {
        let doubt = if !self.links.insert(link.to_owned()) {
            "the pages go round in a circle".to_owned()
        } else if self.barren > MAX_BARREN {
            format!("{MAX_BARREN} pages in a row held no new user")
        } else if self.links.len() > MAX_PAGES {
            format!("the list did not end within {MAX_PAGES} pages")
        } else {
            return true;
        };
        self.list.doubt(doubt);
        false
    }

    /// The users, and whether these are all.
    pub(super) fn finish(mut self) -> ReceivedUserList {
        let sent = self.list.entries();
        if let Some(total) = self.total.filter(|total| *total > sent as u64) {
            self.list.doubt(format!("the service counts {total} users and sent {sent}"));
        }
        self.list.finish(Vec::new())
    }
}
