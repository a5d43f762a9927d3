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
    beyond::Beyond,
    page::{List, Read},
    pointers::Pointers,
    row::Row,
};
use crate::{
    api::user_list::{Listed, UserList},
    config::{Body, ListUsers, Paging},
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
    beyond: Beyond,
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

    pub(super) fn new(row: &Row<'a>) -> Self {
        Self {
            row: row.list,
            list: UserList::default(),
            pointers: Pointers::of(row),
            pages: 0,
            latest: 0,
            total: None,
            beyond: Beyond::default(),
        }
    }

    fn is_paged(&self) -> bool {
        self.row.paging != Paging::None
    }

    /// Takes a page in; the next one that is wanted, if any. An error, in words, only if the first
    /// page holds no list.
    pub(super) fn take(&mut self, page: Read) -> Result<Option<Page>, String> {
        self.take_counts(page.counts);
        let items = match page.list {
            List::Items(items) => items,
            // An envelope around nothing leaves the list itself out (contract 1: Spring HATEOAS).
            List::Nothing if self.total == Some(0) => Vec::new(),
            // Behind a list that has begun, anything else is its end; the counts tell whether that
            // was too early.
            List::Nothing | List::Other if self.pages > 0 => Vec::new(),
            List::Nothing | List::Other => {
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
        self.row.call.path.contains('?') || matches!(self.row.call.body, Body::Template(_))
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
    pub(super) fn finish(mut self) -> Listed {
        let sent = self.list.entries();
        let Beyond { more, total } = std::mem::take(&mut self.beyond);
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
        self.list.finish(if sent > 0 { self.pointers.unmatched() } else { Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::page, *};
    use crate::model::{Coverage, TenantId, TenantName, TenantRef};

    /// Takes a page in that came as this.
    fn take(listing: &mut Listing<'_>, page: &Value) -> Result<Option<Page>, String> {
        listing.take(page::full(page, &Row::new(listing.row), &tenant()))
    }

    fn row(paging: &str, items: &str) -> ListUsers {
        serde_json::from_value(json!({
            "call": {"method": "GET", "path": "/users"}, "paging": paging, "pageSize": 2, "items": items, "user": "/u",
            "tenant": null, "pages": {"total": "/meta/count"},
            "calling": {"at": "/c", "enabled": ["on"], "disabled": ["off"]},
        }))
        .unwrap()
    }

    fn tenant() -> TenantRef {
        TenantRef::new(
            TenantName::parse("contoso").unwrap(),
            TenantId::parse("87d349ed-44d7-43e1-9a83-5f2406dee5bd").unwrap(),
        )
    }

    fn users(names: &[&str]) -> Value {
        names.iter().map(|name| json!({"u": format!("{name}@c.com"), "c": "on"})).collect()
    }

    /// Feeds pages until no more are wanted; the users' count, the coverage, and how many pages
    /// were taken.
    fn run(row: &ListUsers, pages: &[Value]) -> (usize, Coverage, usize) {
        let mut listing = Listing::new(&Row::new(row));
        let mut taken = 0;
        for page in pages {
            taken += 1;
            if take(&mut listing, page).unwrap().is_none() {
                break;
            }
        }
        let listed = listing.finish();
        (listed.users.len(), listed.coverage(), taken)
    }

    fn doubt(row: &ListUsers, pages: &[Value], words: &str) {
        match run(row, pages).1 {
            Coverage::Suspect(text) if text.contains(words) => {}
            other => panic!("{other:?} instead of {words}"),
        }
    }

    fn page(draw: u64, total: u64, names: &[&str]) -> Value {
        json!({"draw": draw, "recordsTotal": total, "recordsFiltered": total, "data": {"l": users(names)}})
    }

    #[test]
    fn whole_lists_are_complete() {
        assert_eq!(run(&row("none", ""), &[users(&["a", "b"])]), (2, Coverage::Complete, 1));
        let paged = row("datatables", "/data/l");
        let answers =
            [page(1, 5, &["a", "b"]), page(2, 5, &["c", "d"]), page(3, 5, &["e"]), page(4, 5, &[])];
        assert_eq!(run(&paged, &answers), (5, Coverage::Complete, 3));
        // A service that caps the page size: the next page starts behind what came, not behind what
        // was asked for.
        let mut listing = Listing::new(&Row::new(&paged));
        assert_eq!(take(&mut listing, &page(1, 3, &["a"])), Ok(Some(Page { number: 2, start: 1 })));
        let next = Page { number: 2, start: 1 };
        let foreseen: Vec<Page> = listing.foreseen(next).collect();
        assert_eq!(foreseen, [next, Page { number: 3, start: 2 }]);
    }

    #[test]
    fn whatever_is_odd_is_a_doubt_and_never_an_error() {
        let bare = row("none", "");
        let paged = row("datatables", "/data/l");
        doubt(&bare, &[users(&[])], "no users at all");
        doubt(&bare, &[users(&["a", "A"])], "1 entry is listed more than once");
        doubt(&bare, &[json!([{"u": "nobody"}, 7])], "2 entries are without a readable");
        doubt(&row("none", "/data/l"), &[page(1, 3, &["a"])], "counts 3 users and sent 1");
        doubt(&paged, &[page(1, 0, &[])], "no users at all");
        doubt(&paged, &[json!({"recordsTotal": 0, "data": {}})], "no users at all");
        doubt(&paged, &[page(1, 4, &["a", "b"]), page(2, 4, &[])], "counts 4 users and sent 2");
        doubt(
            &paged,
            &[page(1, 4, &["a", "b"]), json!({"draw": 2, "recordsTotal": 4})],
            "counts 4 users and sent 2",
        );
        doubt(&paged, &[page(1, 4, &["a", "b"]), json!("busy")], "counts 4 users and sent 2");
        doubt(&paged, &[page(1, 4, &["a", "b"]), page(2, 3, &["c"])], "changed from 4 to 3");
        doubt(&paged, &[page(7, 1, &["a"])], "page 1 was answered with page 7");
        doubt(
            &paged,
            &[json!({"recordsTotal": 9, "recordsFiltered": 1, "data": {"l": users(&["a"])}})],
            "left 8 of 9",
        );
        doubt(
            &paged,
            &[json!({"data": {"l": users(&["a"])}}), json!({"data": {"l": []}})],
            "does not say how many",
        );
    }

    #[test]
    fn a_list_in_one_piece_is_whole_only_if_nothing_beside_it_says_otherwise() {
        let row = row("none", "/data/l");
        let beside = |more: Value| {
            let mut page = json!({"data": {"l": users(&["a"])}});
            let fields = more.as_object().unwrap().clone();
            page.as_object_mut().unwrap().extend(fields);
            page
        };
        for (more, words) in [
            (json!({"hasMore": true}), "says at `hasMore` that there is more"),
            (json!({"has_next_page": "True"}), "says at `has_next_page`"),
            (json!({"last": false}), "says at `last`"),
            (json!({"partial": true}), "says at `partial`"),
            (json!({"next": "https://api.example/users?page=2"}), "says at `next`"),
            (json!({"@odata.nextLink": "/users?$skip=1"}), "says at `@odata.nextLink`"),
            (
                json!({"_links": {"self": {"href": "/u"}, "next": {"href": "/u?page=1"}}}),
                "says at `_links.next`",
            ),
            (
                json!({"page": {"size": 1, "totalElements": 99, "number": 0}}),
                "counts 99 users and sent 1",
            ),
            (json!({"totalCount": "2"}), "counts 2 users and sent 1"),
        ] {
            doubt(&row, &[beside(more)], words);
        }
        let inside =
            json!({"data": {"l": users(&["a"]), "_links": {"next": {"href": "/u?page=1"}}}});
        doubt(&row, &[inside], "says at `_links.next`");
        for more in [
            json!({"hasMore": false, "next": null, "nextPage": 0, "nextToken": "", "partial": "false"}),
            json!({"last": true, "page": {"totalElements": 1}, "_links": {"self": {"href": "/u"}}}),
            json!({"totalCount": 1, "total": 0}),
        ] {
            assert_eq!(run(&row, &[beside(more)]).1, Coverage::Complete);
        }
    }

    #[test]
    fn the_last_page_says_whether_there_is_more() {
        let paged = row("datatables", "/data/l");
        let with = |mut page: Value, more: bool| {
            page["hasMore"] = more.into();
            page
        };
        let answers = [with(page(1, 3, &["a", "b"]), true), with(page(2, 3, &["c"]), false)];
        assert_eq!(run(&paged, &answers), (3, Coverage::Complete, 2));
        doubt(&paged, &[page(1, 3, &["a", "b"]), with(page(2, 3, &["c"]), true)], "`hasMore`");
        let text = json!({"draw": "1", "recordsTotal": "2", "recordsFiltered": " 2", "data": {"l": users(&["a", "b"])}});
        assert_eq!(run(&paged, &[text]), (2, Coverage::Complete, 1));
    }

    #[test]
    fn a_service_that_repeats_itself_is_not_asked_for_ever() {
        let paged = row("datatables", "/data/l");
        let same: Vec<Value> = (1..50).map(|draw| page(draw, 1000, &["a", "b"])).collect();
        let (count, coverage, taken) = run(&paged, &same);
        assert_eq!((count, taken), (2, 2));
        assert!(
            matches!(coverage, Coverage::Suspect(text) if text.contains("page 2 held no new user"))
        );
        let mut listing = Listing::new(&Row::new(&paged));
        let mut count = 0;
        while take(&mut listing, &page(count + 1, u64::MAX, &[&format!("u{count}")]))
            .unwrap()
            .is_some()
        {
            count += 1;
        }
        assert_eq!(count + 1, MAX_PAGES as u64);
    }

    #[test]
    fn an_answer_without_a_list_is_no_list() {
        for (row, page) in [
            (row("none", ""), json!({"data": []})),
            (row("datatables", "/data/l"), json!({"recordsTotal": 3})),
        ] {
            assert!(take(&mut Listing::new(&Row::new(&row)), &page).is_err());
        }
    }
}
