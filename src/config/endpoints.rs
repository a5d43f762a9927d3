//! The calls of the ConnecttoTeams service as data (contract 11): method, path and where the
//! consent object goes, so that a finding about the live service is a change of configuration and
//! not a release.
//!
//! **Invariant:** a call on the never-list cannot be configured back in, and `listUsers` has no
//! default against the vendor: no public page names its path (contract 3).

use serde::Deserialize;

use super::{Body, ListUsers};
use crate::yaml;

/// Names that must not occur in any configured path: they take phones or credentials away in bulk
/// (contract 5, 11).
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
    /// The path below the base URL; its places are filled in, percent-encoded.
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

/// All calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Rows")]
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
    /// Renews a Microsoft token set (contract 2.4). There is no default: no public page names its
    /// path.
    pub refresh_msal: Option<Call>,
    /// Lists a tenant's users. There is no default.
    pub list_users: Option<ListUsers>,
}

/// The table as settings write it: what a row does not say is as in that row's default.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Rows {
    token: Row,
    who_am_i: Row,
    resellers: Row,
    enterprises: Row,
    gateways: Row,
    enterprise: Row,
    enable: Row,
    disable: Row,
    update: Row,
    sync: Row,
    #[serde(deserialize_with = "yaml::some")]
    refresh_msal: Option<Refresh>,
    #[serde(deserialize_with = "yaml::some")]
    list_users: Option<ListUsers>,
}

/// What settings say of a row.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Row {
    #[serde(deserialize_with = "yaml::some")]
    method: Option<Method>,
    #[serde(deserialize_with = "yaml::some")]
    path: Option<String>,
    #[serde(deserialize_with = "yaml::some")]
    body: Option<Body>,
    #[serde(deserialize_with = "yaml::some")]
    accept: Option<Accept>,
}

/// The row without a default of its own that must carry a token set.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refresh {
    #[serde(default, deserialize_with = "yaml::some")]
    method: Option<Method>,
    path: String,
    #[serde(default, deserialize_with = "yaml::some")]
    body: Option<Body>,
}

impl From<Rows> for Endpoints {
    fn from(rows: Rows) -> Self {
        let usual = Self::default();
        let over = |row: Row, usual: Call| Call {
            method: row.method.unwrap_or(usual.method),
            path: row.path.unwrap_or(usual.path),
            body: row.body.unwrap_or(usual.body),
            accept: row.accept.or(usual.accept),
        };
        Self {
            token: over(rows.token, usual.token),
            who_am_i: over(rows.who_am_i, usual.who_am_i),
            resellers: over(rows.resellers, usual.resellers),
            enterprises: over(rows.enterprises, usual.enterprises),
            gateways: over(rows.gateways, usual.gateways),
            enterprise: over(rows.enterprise, usual.enterprise),
            enable: over(rows.enable, usual.enable),
            disable: over(rows.disable, usual.disable),
            update: over(rows.update, usual.update),
            sync: over(rows.sync, usual.sync),
            refresh_msal: rows.refresh_msal.map(|row| Call {
                method: row.method.unwrap_or(Method::Post),
                path: row.path,
                body: row.body.unwrap_or(Body::Flat),
                accept: None,
            }),
            list_users: rows.list_users,
        }
    }
}

impl Default for Endpoints {
    fn default() -> Self {
        let call =
            |method, path: &str, body| Call { method, path: path.to_owned(), body, accept: None };
        Self {
            token: call(Method::Post, "/oauth/token", Body::None),
            who_am_i: call(Method::Put, "/reseller/getAuthenticatedUser", Body::None),
            resellers: call(Method::Get, "/reseller/getResellers/{resellerId}", Body::None),
            enterprises: call(
                Method::Get,
                "/reseller/getEnterprisesForReseller/{resellerId}",
                Body::None,
            ),
            gateways: call(
                Method::Get,
                "/reseller/getAvailableSBCGatewayRegionsByResellerId/{resellerId}",
                Body::None,
            ),
            enterprise: call(
                Method::Get,
                "/enterprise/getEnterpriseInfoForTenant/{tenantId}",
                Body::None,
            ),
            enable: call(
                Method::Post,
                "/provisioning/enableCallingForUser/{userPrincipalName}",
                Body::Flat,
            ),
            disable: call(
                Method::Post,
                "/provisioning/disableCallingForUser/{userPrincipalName}",
                Body::Flat,
            ),
            update: call(Method::Post, "/provisioning/updateUserDetails", Body::Wrapped),
            sync: call(Method::Post, "/provisioning/syncTeamsRegistrations", Body::Flat),
            refresh_msal: None,
            list_users: None,
        }
    }
}

impl Endpoints {
    /// All rows that there are, with their names.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &Call)> {
        let fixed = [
            ("token", &self.token),
            ("whoAmI", &self.who_am_i),
            ("resellers", &self.resellers),
            ("enterprises", &self.enterprises),
            ("gateways", &self.gateways),
            ("enterprise", &self.enterprise),
            ("enable", &self.enable),
            ("disable", &self.disable),
            ("update", &self.update),
            ("sync", &self.sync),
        ];
        let refresh = self.refresh_msal.as_ref().map(|call| ("refreshMsal", call));
        fixed
            .into_iter()
            .chain(refresh)
            .chain(self.list_users.as_ref().map(|row| ("listUsers", &row.call)))
    }
}

impl Call {
    /// Whether path or body name this place.
    #[must_use]
    pub fn names(&self, place: &str) -> bool {
        self.path.contains(&format!("{{{place}}}")) || self.body.names(place)
    }
}
