//! A page of a list of users, as it came. Pure.
//!
//! Two readers make it: [`full`] from a tree of values, and [`plain`](super::plain) straight from
//! the bytes, which reads what is plain and leaves everything else to the first.

use serde_json::Value;

use super::{
    answer,
    beyond::OtherUsers,
    item,
    row::{Leaf, Leaves, ListUsersRow},
    shape::COUNTS,
};
use crate::{api::user_list::UserListItem, model::TenantRef};

/// A page as it came.
#[derive(Debug, PartialEq)]
pub(super) struct ParsedPage {
    /// What is at [`COUNTS`], and last at `pages.total`.
    pub counts: [Option<u64>; 4],
    /// What is where the list should be.
    pub list: PageList,
    /// Whether any item has something at each pointer of the row.
    pub seen: Vec<bool>,
    /// What it says of users that are not on it.
    pub beyond: OtherUsers,
}

/// What is where a list should be.
#[derive(Debug, PartialEq)]
pub(super) enum PageList {
    /// A list.
    Items(Vec<UserListItem>),
    /// Nothing.
    Nothing,
    /// Something else.
    Other,
}

/// Reads a page from a tree of values.
pub(super) fn full(page: &Value, row: &ListUsersRow<'_>, tenant: &TenantRef) -> ParsedPage {
    let count = |pointer: &str| page.pointer(pointer).and_then(answer::count);
    let [draw, all, filtered] = COUNTS.map(count);
    let mut seen = vec![false; row.pointers.len()];
    let list = match page.pointer(&row.list.items) {
        Some(Value::Array(items)) => {
            PageList::Items(items.iter().map(|item| one(item, row, tenant, &mut seen)).collect())
        }
        None | Some(Value::Null) => PageList::Nothing,
        Some(_) => PageList::Other,
    };
    let beyond = row.shape.as_ref().map(|shape| OtherUsers::of(page, &shape.envelope));
    ParsedPage {
        counts: [draw, all, filtered, count(&row.list.pages.total)],
        list,
        seen,
        beyond: beyond.unwrap_or_default(),
    }
}

fn one(
    item: &Value,
    row: &ListUsersRow<'_>,
    tenant: &TenantRef,
    seen: &mut [bool],
) -> UserListItem {
    let at: Vec<Option<Leaf<'_>>> =
        row.pointers.iter().map(|pointer| item.pointer(pointer).map(Leaf::from)).collect();
    note(seen, &at);
    item::read(&Leaves { is_object: item.is_object(), at: &at }, row, tenant)
}

/// Notes which pointers found something.
pub(super) fn note(seen: &mut [bool], at: &[Option<Leaf<'_>>]) {
    seen.iter_mut().zip(at).for_each(|(seen, leaf)| *seen |= leaf.is_some());
}
