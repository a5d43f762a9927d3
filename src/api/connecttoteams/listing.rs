//! A list of users that arrives page by page, and whether it is whole. Pure: pages in, users and
//! doubts out.
//!
//! **Invariant:** once a list has arrived there are no errors any more, only doubts: whatever pages
//! hold, the users that were seen are kept and [`Coverage::Suspect`] says what was odd.
//!
//! **Invariant:** it ends: every page that is asked for after the first followed one with a new
//! user, and users are limited.

use std::iter;

use super::{
    beyond::OtherUsers,
    page::{PageList, ParsedPage},
    pointers::Pointers,
    row::ListUsersRow,
};
use crate::{
    api::user_list::{ReceivedUserList, UserList},
    config::{BodyFormat, ListUsers, Paging},
};

/// The most pages of one list: with pages of one user, a large tenant would be a day of calls.
const MAX_PAGES: usize = 10_000;

/// A list on its way.
pub(super) struct Listing<'a> {
    row: &'a ListUsers,
    list: UserList,
    pointers: Pointers<'a>,
    pages: usize,
    /// How many entries the latest page had.
    latest: usize,
    /// How many there are according to the latest page.
    total: Option<u64>,
    /// What the latest page says of users that are not on it.
    beyond: OtherUsers,
}

/// A page that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// Which, from 1.
    pub number: usize,
    /// Behind how many entries it starts: those that came, readable or not.
    pub start: usize,
}

impl<'a> Listing<'a> {
    /// The page that is asked for first.
    pub(super) const FIRST: Page = Page { number: 1, start: 0 };

    pub(super) fn new(row: &ListUsersRow<'a>) -> Self {
        Self {
            row: row.list,
            list: UserList::default(),
            pointers: Pointers::of(row),
            pages: 0,
            latest: 0,
            total: None,
            beyond: OtherUsers::default(),
        }
    }

    fn is_paged(&self) -> bool {
        self.row.paging != Paging::None
    }

    /// Takes a page in; the next one that is wanted, if any. An error, in words, only if the first
    /// page holds no list.
    pub(super) fn take(&mut self, page: ParsedPage) -> Result<Option<Page>, String> {
        self.take_counts(page.counts);
        let items = match page.list {
            PageList::Items(items) => items,
            // An envelope around nothing leaves the list itself out (contract 1: Spring HATEOAS).
            PageList::Nothing if self.total == Some(0) => Vec::new(),
            // Behind a list that has begun, anything else is its end; the counts tell whether that
            // was too early.
            PageList::Nothing | PageList::Other if self.pages > 0 => Vec::new(),
            PageList::Nothing | PageList::Other => {
                return Err(format!("no list at `{}`", self.row.items));
            }
        };
        self.pages += 1;
        self.latest = items.len();
        self.beyond = page.beyond;
        let before = self.list.users();
        self.pointers.look_at(&page.seen);
        let is_empty = items.is_empty();
        let room = self.list.take(items.into_iter());
        let progress = self.list.users() > before;
        Ok(if self.is_paged() && room { self.next(is_empty, progress) } else { None })
    }

    /// What an envelope says beside the list.
    fn take_counts(&mut self, [draw, all, filtered, total]: [Option<u64>; 4]) {
        let total = match self.row.paging {
            Paging::Page => total,
            Paging::None | Paging::Datatables => {
                self.compare_filtered(all, filtered);
                filtered.or(all)
            }
        };
        if let Some(draw) = draw
            && self.row.paging == Paging::Datatables
            && draw != self.pages as u64 + 1
        {
            self.list.doubt(format!("page {} was answered with page {draw}", self.pages + 1));
        }
        if self.pages > 0 && total != self.total {
            let shown = |total: Option<u64>| {
                total.map_or_else(|| "none".to_owned(), |total| total.to_string())
            };
            self.list.doubt(format!(
                "the total changed from {} to {} between pages",
                shown(self.total),
                shown(total)
            ));
        }
        self.total = total.or(self.total);
    }

    fn compare_filtered(&mut self, all: Option<u64>, filtered: Option<u64>) {
        if let (Some(all), Some(filtered)) = (all, filtered)
            && filtered < all
            && self.pages == 0
            && !self.filters()
        {
            self.list.doubt(format!(
                "the service left {} of {all} users out of the list",
                all - filtered
            ));
        }
    }

    /// A row whose path has a query of its own, or whose body is a template, filters on purpose.
    fn filters(&self) -> bool {
        self.row.call.path.contains('?') || matches!(self.row.call.body, BodyFormat::Template(_))
    }

    fn next(&mut self, empty: bool, progress: bool) -> Option<Page> {
        let all = self.total.is_some_and(|total| self.list.entries() as u64 >= total);
        if all || empty {
            return None;
        }
        if !progress {
            self.list.doubt(format!("page {} held no new user", self.pages));
            return None;
        }
        if self.pages == MAX_PAGES {
            self.list.doubt(format!("the list did not end within {MAX_PAGES} pages"));
            return None;
        }
        Some(Page { number: self.pages + 1, start: self.list.entries() })
    }

    /// The page that is wanted now, and those that will be wanted after it if pages go on as they
    /// began and the total is true. What comes decides: [`Self::take`] says which page is wanted.
    pub(super) fn foreseen(&self, wanted: Page) -> impl Iterator<Item = Page> + use<> {
        let total = self.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
        let step = self.latest;
        iter::successors(Some(wanted), move |page| {
            let start = page.start.checked_add(step)?;
            let goes_on = step > 0 && start < total && page.number < MAX_PAGES;
            goes_on.then_some(Page { number: page.number + 1, start })
        })
    }

    /// The users, and whether these are all.
    pub(super) fn finish(mut self) -> ReceivedUserList {
        let sent = self.list.entries();
        let OtherUsers { more, total } = std::mem::take(&mut self.beyond);
        if let Some(name) = more {
            self.list.doubt(format!("the service says at `{name}` that there is more"));
        }
        let claimed = total.filter(|total| !self.filters() && *total > sent as u64);
        match self.total.or(claimed) {
            Some(total) if total != sent as u64 => {
                self.list.doubt(format!("the service counts {total} users and sent {sent}"));
            }
            None if self.is_paged() => {
                self.list.doubt("the service does not say how many users there are");
            }
            _ => {}
        }
        if sent > 0 {
            self.pointers.doubts().into_iter().for_each(|doubt| self.list.doubt(doubt));
        }
        if self.pointers.tell_the_call_app(self.row) {
            self.list.tell_the_call_app();
        }
        self.list.finish(if sent > 0 { self.pointers.unmatched() } else { Vec::new() })
    }
}

#[cfg(test)]
mod tests;
