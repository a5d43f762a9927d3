//! The calls of the ConnecttoTeams service as data (contract 11): method, path and where the consent object goes, so that a
//! finding about the live service is a change of configuration and not a release.
//!
//! **Invariant:** a call on the never-list cannot be configured back in, and `listUsers` has no default against the vendor:
//! no public page names its path (contract 3).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Field;

/// Names that must not occur in any configured path: they take phones or credentials away in bulk (contract 5, 11).
pub const NEVER: [&str; 9] = [
    "regenerateAPICredentials",
    "disableUsers",
    "restoreUsers",
    "InBulk",
    "delete",
    "newEnterprise",
    "addUserByReseller",
    "configureValetServiceAccount",
    "provisionDirectRouting",
];

/// How one call is made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL; `{tenantId}`, `{resellerId}` and `{userPrincipalName}` are filled in, percent-encoded.
    pub path: String,
    /// What the body carries.
    #[serde(default)]
    pub body: Body,
    /// Which answer to a write is a yes; each of the four has a default of its own.
    #[serde(default)]
    pub accept: Option<Accept>,
}

/// Which answers with a good status are a yes to a write (contract 1: no body is documented).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// An empty one, or JSON without an error inside.
    Json,
    /// Other text as well, but for web pages and for what speaks of an error.
    Status,
}

/// The methods that the service is known to use (contract 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the method of that name")]
pub enum Method {
    Get,
    Post,
    Put,
}

/// What the body of a call carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// The tenant id as bare text.
    Text,
    /// Who authorises it, at top level (contract 2.4): the consent object, or the Microsoft token set of the tenant.
    Flat,
    /// The same under `authenticationResult` (contract 2.4).
    Wrapped,
}

/// All calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Endpoints {
    /// Asks for a token; the body is always a form (contract 2.1).
    pub token: Call,
    /// Tells who we are; the body is always the user name as bare text (contract 2.2).
    pub who_am_i: Call,
    /// Lists the resellers of a master reseller, whose own id is `{resellerId}` (contract 6.1).
    pub resellers: Call,
    /// Lists the enterprises of a reseller (contract 6.2).
    pub enterprises: Call,
    /// Lists the gateways that a reseller may assign (contract 6.7).
    pub gateways: Call,
    /// Tells a tenant's enterprise and its consent (contract 2.5).
    pub enterprise: Call,
    /// Switches calling on (contract 4.1).
    pub enable: Call,
    /// Switches calling off (contract 4.2).
    pub disable: Call,
    /// Changes stored details (contract 4.3).
    pub update: Call,
    /// Pushes registrations to Microsoft (contract 4.4).
    pub sync: Call,
    /// Renews a Microsoft token set (contract 2.4). There is no default: no public page names its path.
    pub refresh_msal: Option<Call>,
    /// Lists a tenant's users. There is no default.
    pub list_users: Option<ListUsers>,
}

impl Default for Endpoints {
    fn default() -> Self {
        let call = |method, path: &str, body| Call { method, path: path.to_owned(), body, accept: None };
        Self {
            token: call(Method::Post, "/oauth/token", Body::None),
            who_am_i: call(Method::Put, "/reseller/getAuthenticatedUser", Body::None),
            resellers: call(Method::Get, "/reseller/getResellers/{resellerId}", Body::None),
            enterprises: call(Method::Get, "/reseller/getEnterprisesForReseller/{resellerId}", Body::None),
            gateways: call(Method::Get, "/reseller/getAvailableSBCGatewayRegionsByResellerId/{resellerId}", Body::None),
            enterprise: call(Method::Get, "/enterprise/getEnterpriseInfoForTenant/{tenantId}", Body::None),
            enable: call(Method::Post, "/provisioning/enableCallingForUser/{userPrincipalName}", Body::Flat),
            disable: call(Method::Post, "/provisioning/disableCallingForUser/{userPrincipalName}", Body::Flat),
            update: call(Method::Post, "/provisioning/updateUserDetails", Body::Wrapped),
            sync: call(Method::Post, "/provisioning/syncTeamsRegistrations", Body::Flat),
            refresh_msal: None,
            list_users: None,
        }
    }
}

impl Endpoints {
    /// What is wrong with the table, each with the name of its row. Empty if nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let rows = [
            ("token", Some(&self.token), &[][..]),
            ("whoAmI", Some(&self.who_am_i), &[]),
            ("resellers", Some(&self.resellers), &["resellerId"]),
            ("enterprises", Some(&self.enterprises), &["resellerId"]),
            ("gateways", Some(&self.gateways), &["resellerId"]),
            ("enterprise", Some(&self.enterprise), &["tenantId"]),
            ("enable", Some(&self.enable), &["userPrincipalName"]),
            ("disable", Some(&self.disable), &["userPrincipalName"]),
            ("update", Some(&self.update), &[]),
            ("sync", Some(&self.sync), &[]),
            ("refreshMsal", self.refresh_msal.as_ref(), &[]),
            ("listUsers", self.list_users.as_ref().map(|row| &row.call), &[]),
        ];
        let mut problems = Vec::new();
        for (name, call, needs) in rows {
            let Some(call) = call else { continue };
            if name == "refreshMsal" && !matches!(call.body, Body::Flat | Body::Wrapped) {
                problems.push((name, "the token set that is to be renewed goes into the body: `flat` or `wrapped`".to_owned()));
            }
            if call.accept.is_some() && !matches!(name, "enable" | "disable" | "update" | "sync") {
                problems
                    .push((name, "`accept` is for the calls that change something: enable, disable, update and sync".to_owned()));
            }
            problems.extend(call.problems(needs).into_iter().map(|problem| (name, problem)));
        }
        if let Some(row) = &self.list_users {
            problems.extend(row.problems().into_iter().map(|problem| ("listUsers", problem)));
        }
        problems
    }
}

impl Call {
    /// The names that a path may have filled in.
    pub const PLACES: [&'static str; 3] = ["tenantId", "resellerId", "userPrincipalName"];

    fn problems(&self, needs: &[&str]) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.path.starts_with('/') || self.path.contains("//") || self.path.contains("..") {
            problems.push(format!("path `{}` must start with one `/` and may not contain `//` or `..`", self.path));
        }
        // As the service will read it: `%41` is an `A` there.
        let read = percent_encoding::percent_decode_str(&self.path).decode_utf8_lossy().to_lowercase();
        for never in NEVER {
            if read.contains(&never.to_lowercase()) {
                problems.push(format!("path `{}` names `{never}`, a call that dialplane never makes", self.path));
            }
        }
        for need in needs {
            let filled = self.path.contains(&format!("{{{need}}}")) || (*need == "tenantId" && self.body != Body::None);
            if !filled {
                problems.push(format!("path `{}` does not say where {{{need}}} goes", self.path));
            }
        }
        for place in self.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place) {
            if !Self::PLACES.contains(&place) {
                problems.push(format!(
                    "path `{}`: {{{place}}} is not known; there are {{{}}}",
                    self.path,
                    Self::PLACES.join("}, {")
                ));
            }
        }
        problems
    }
}

/// How a tenant's users are listed and read (contract 3 and 10 #1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListUsers {
    /// The call itself.
    pub call: Call,
    /// How pages are asked for.
    #[serde(default)]
    pub paging: Paging,
    /// Users a page, where there are pages.
    #[serde(default = "ListUsers::default_page_size")]
    pub page_size: u32,
    /// Where the list stands in an answer: a JSON Pointer, empty for a bare array.
    #[serde(default)]
    pub items: String,
    /// What pages are asked for with, and where their total stands, for `paging: page`.
    #[serde(default)]
    pub pages: Pages,
    /// Where the user principal name stands in an item: a JSON Pointer.
    pub user: String,
    /// Where the identity that outlives a change of name stands in an item, if anywhere.
    #[serde(default)]
    pub id: Option<String>,
    /// Where the tenant id stands in an item, if anywhere: users of other tenants are then told apart.
    #[serde(default)]
    pub tenant: Option<String>,
    /// How calling is read.
    pub calling: CallingMap,
    /// Where the other fields stand in an item, by manifest name: JSON Pointers. A field that is not named is unobservable.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Whether a field that an item leaves out is not set there. Otherwise nobody knows, and a pointer that is in no item of a
    /// tenant is thought to be misspelt.
    #[serde(default)]
    pub omits_unset: bool,
}

/// How pages are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// One answer holds everything.
    #[default]
    None,
    /// `draw`, `start`, `length` in the query; `recordsTotal` in the answer (contract 1).
    Datatables,
    /// The number of the page and its size in the query, and a total in the answer.
    Page,
}

/// How numbered pages are asked for. The defaults are those of the framework that the vendor's answers look like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Pages {
    /// The name of the page's number in the query.
    pub number: String,
    /// The name of the page's size in the query.
    pub size: String,
    /// The number of the first page.
    pub first: usize,
    /// Where the count of all users stands in an answer: a JSON Pointer. Without it a list is never known to be whole.
    pub total: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self { number: "page".to_owned(), size: "size".to_owned(), first: 0, total: "/totalElements".to_owned() }
    }
}

/// How calling is read from an item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallingMap {
    /// Where the value stands: a JSON Pointer.
    pub at: String,
    /// The values that mean enabled, as text; booleans are `true` and `false`.
    pub enabled: Vec<String>,
    /// The values that mean disabled.
    pub disabled: Vec<String>,
}

impl ListUsers {
    fn default_page_size() -> u32 {
        200
    }

    /// The fields that are mapped, with their pointers.
    pub fn mapped(&self) -> impl Iterator<Item = (Field, &str)> {
        self.fields.iter().filter_map(|(name, pointer)| Some((Field::named(name)?, pointer.as_str())))
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let named =
            [("items", &self.items), ("user", &self.user), ("calling.at", &self.calling.at), ("pages.total", &self.pages.total)];
        let optional = [("id", &self.id), ("tenant", &self.tenant)];
        let optional = optional.into_iter().filter_map(|(name, pointer)| Some((name, pointer.as_ref()?)));
        let pointers =
            named.into_iter().chain(optional).chain(self.fields.iter().map(|(name, pointer)| (name.as_str(), pointer)));
        for (name, pointer) in pointers {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                problems.push(format!("`{name}`: `{pointer}` is not a JSON Pointer; it starts with `/`"));
            }
        }
        for name in self.fields.keys().filter(|name| Field::named(name).is_none()) {
            problems.push(format!(
                "`fields` names `{name}`, which is not a field; there are {}",
                Field::ALL.map(Field::name).join(", ")
            ));
        }
        if self.calling.enabled.iter().any(|value| self.calling.disabled.contains(value)) {
            problems.push("`calling`: a value means both enabled and disabled".to_owned());
        }
        for (name, word) in [("pages.number", &self.pages.number), ("pages.size", &self.pages.size)] {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if word.is_empty() || !word.bytes().all(plain) {
                problems.push(format!("`{name}`: `{word}` cannot stand in a query; letters, digits, `-`, `_` and `.` can"));
            }
        }
        if !(1..=5000).contains(&self.page_size) {
            problems.push(format!("`pageSize` is {}; 1 to 5000 users a page are possible", self.page_size));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_is_sound_and_the_never_list_holds() {
        let mut table = Endpoints::default();
        assert_eq!(table.problems(), []);
        table.disable.path = "/provisioning/disableUsers".into();
        let problems = table.problems();
        assert!(problems.iter().any(|(row, problem)| *row == "disable" && problem.contains("never makes")), "{problems:?}");
        assert!(problems.iter().any(|(_, problem)| problem.contains("{userPrincipalName}")), "{problems:?}");
        let hidden = Call {
            method: Method::Post,
            path: "/enterprise/regenerate%41PI%43redentials".into(),
            body: Body::Flat,
            accept: None,
        };
        let table = Endpoints { refresh_msal: Some(hidden), ..Endpoints::default() };
        assert!(matches!(table.problems().as_slice(), [("refreshMsal", problem)] if problem.contains("never makes")));
    }
}
