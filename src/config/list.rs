//! The `listUsers` row: how a tenant's users are listed and read (contract 3 and 10 #1).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{endpoint::Endpoint, problem::RowProblem};
use crate::{model::Field, words};

/// How a tenant's users are listed and read (contract 3 and 10 #1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListUsers {
    /// The call itself.
    pub call: Endpoint,
    /// How pages are asked for.
    #[serde(default)]
    pub paging: Paging,
    /// Users a page, where there are pages.
    #[serde(default = "ListUsers::default_page_size")]
    pub page_size: u32,
    /// Where the list is in an answer: a JSON Pointer, empty for a bare array.
    #[serde(default)]
    pub items: String,
    /// What pages are asked for with, and where their total is, for `paging: page`.
    #[serde(default)]
    pub pages: Pages,
    /// Where the user principal name is in an item: a JSON Pointer.
    pub user: String,
    /// Where the identity that outlives a change of name is in an item, if anywhere.
    #[serde(default)]
    pub id: Option<String>,
    /// Where the tenant id is in an item, if anywhere: users of other tenants are then told
    /// apart.
    #[serde(default)]
    pub tenant: Option<String>,
    /// How calling is read.
    pub calling: CallingMap,
    /// How users are told apart who are listed and not set up, if they are listed at all.
    #[serde(default)]
    pub not_set_up: Option<Sign>,
    /// How users of the Call App are told apart, if they are. Without it nothing is done for them.
    #[serde(default)]
    pub call_app: Option<Sign>,
    /// Where the other fields are in an item, by manifest name: JSON Pointers. A field that is
    /// not named is unobservable.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Whether a field that an item leaves out is not set there. Otherwise it is not known, and a
    /// pointer that is in no item of a tenant is thought to be misspelt.
    #[serde(default)]
    pub omits_unset: bool,
}

/// How pages are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// One answer holds everything.
    #[default]
    None,
    /// `draw`, `start`, `length` in the query, unless path or body have places for them;
    /// `recordsTotal` in the answer (contract 1).
    Datatables,
    /// The number of the page and its size in the query, likewise, and a total in the answer.
    Page,
}

/// How numbered pages are asked for. The defaults are those of the framework that the vendor's
/// answers look like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Pages {
    /// The name of the page's number in the query.
    pub number: String,
    /// The name of the page's size in the query.
    pub size: String,
    /// The number of the first page.
    pub first: usize,
    /// Where the count of all users is in an answer: a JSON Pointer. Without it a list is never
    /// known to be whole.
    pub total: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            number: "page".to_owned(),
            size: "size".to_owned(),
            first: 0,
            total: "/totalElements".to_owned(),
        }
    }
}

/// How calling is read from an item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallingMap {
    /// Where the value is: a JSON Pointer.
    pub at: String,
    /// The values that mean enabled, as text; booleans are `true` and `false`.
    pub enabled: Vec<String>,
    /// The values that mean disabled.
    pub disabled: Vec<String>,
}

/// By what some users are told apart: those who are listed and not set up, those of the Call App.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sign {
    /// Where the value is: a JSON Pointer.
    pub at: String,
    /// The values that mean so, as text; booleans are `true` and `false`.
    pub values: Vec<String>,
}

impl ListUsers {
    /// What stands for the page that is asked for, in path and body: behind how many users it
    /// starts, how many it has, its number as `pages.first` counts them, and its number from 1.
    pub const PLACES: [&str; 4] = ["start", "length", "page", "draw"];

    /// The vendor names no limit. Whatever a service sends is taken: fewer than were asked for are
    /// not the end of a list.
    fn default_page_size() -> u32 {
        1000
    }

    /// The fields that are mapped, with their pointers.
    pub fn mapped(&self) -> impl Iterator<Item = (Field, &str)> {
        self.fields
            .iter()
            .filter_map(|(name, pointer)| Some((Field::named(name)?, pointer.as_str())))
    }

    /// What is wrong with it beyond its call.
    pub(super) fn problems(&self) -> Vec<RowProblem> {
        let pointers =
            self.pointers().filter(|(_, pointer)| !pointer.is_empty() && !pointer.starts_with('/'));
        let mut problems: Vec<RowProblem> = pointers
            .map(|(at, pointer)| {
                let name = at.join(".");
                RowProblem::at(
                    &at,
                    format!("`{name}`: `{pointer}` is not a JSON Pointer; it starts with `/`"),
                )
            })
            .collect();
        for name in self.fields.keys().filter(|name| Field::named(name).is_none()) {
            let all = words::list(Field::ALL.map(Field::name));
            problems.push(RowProblem::at(
                &["fields", name],
                format!("`fields` names `{name}`, which is not a field; there are {all}"),
            ));
        }
        if self.calling.enabled.iter().any(|value| self.calling.disabled.contains(value)) {
            problems.push(RowProblem::at(
                &["calling"],
                "`calling`: a value means both enabled and disabled",
            ));
        }
        for (name, word) in [("number", &self.pages.number), ("size", &self.pages.size)] {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if word.is_empty() || !word.bytes().all(plain) {
                let what = format!(
                    "`pages.{name}`: `{word}` cannot be part of a query; letters, digits, `-`, `_` \
                        and `.` can"
                );
                problems.push(RowProblem::at(&["pages", name], what));
            }
        }
        if !(1..=5000).contains(&self.page_size) {
            let what =
                format!("`pageSize` is {}; 1 to 5000 users a page are possible", self.page_size);
            problems.push(RowProblem::at(&["pageSize"], what));
        }
        problems.extend(self.paging_problem());
        problems
    }

    /// Pages that are asked for in the call itself, and the word about them.
    fn paging_problem(&self) -> Option<RowProblem> {
        let asks = |place: &&str| self.call.names(place);
        match self.paging {
            Paging::None => {
                let place = Self::PLACES.iter().find(|place| asks(place))?;
                let what = format!(
                    "{{{place}}} is for lists that come in pages: set `paging: datatables` or \
                        `paging: page`"
                );
                Some(RowProblem::at(&["call"], what))
            }
            Paging::Datatables | Paging::Page
                if self.pages_itself() && !["start", "page", "draw"].iter().any(asks) =>
            {
                let what = "{length} alone asks for the same page again and again: {start}, \
                    {page} or {draw} says which";
                Some(RowProblem::at(&["call"], what))
            }
            Paging::Datatables | Paging::Page => None,
        }
    }

    /// Whether path or body say themselves where pages are asked for; otherwise it is added to the
    /// query.
    #[must_use]
    pub fn pages_itself(&self) -> bool {
        Self::PLACES.iter().any(|place| self.call.names(place))
    }

    fn pointers(&self) -> impl Iterator<Item = (Vec<&str>, &str)> {
        let named = [
            (vec!["items"], &self.items),
            (vec!["user"], &self.user),
            (vec!["calling", "at"], &self.calling.at),
            (vec!["pages", "total"], &self.pages.total),
        ];
        let optional = [("id", &self.id), ("tenant", &self.tenant)];
        let optional = optional
            .into_iter()
            .filter_map(|(name, pointer)| Some((vec![name], pointer.as_ref()?)));
        let signs = [("notSetUp", &self.not_set_up), ("callApp", &self.call_app)];
        let signs = signs.into_iter().filter_map(|(name, sign)| Some((name, sign.as_ref()?)));
        let optional = optional.chain(signs.map(|(name, sign)| (vec![name, "at"], &sign.at)));
        let fields =
            self.fields.iter().map(|(name, pointer)| (vec!["fields", name.as_str()], pointer));
        named.into_iter().chain(optional).chain(fields).map(|(at, pointer)| (at, pointer.as_str()))
    }
}

impl AsRef<Endpoint> for ListUsers {
    fn as_ref(&self) -> &Endpoint {
        &self.call
    }
}
