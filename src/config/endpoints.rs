//! The calls of the ConnecttoTeams service as data (contract 11): method, path and where the
//! consent object goes, so a finding about the live service is a change of configuration and
//! not a release.
//!
//! All that is known of a row is in one table, [`table!`] below: its name, its default, what it
//! may and must name, what its body has to do, and who waits for it. The types are made from it.
//!
//! **Invariant:** a call on the never-list cannot be configured back in, and `listUsers` has no
//! default against the vendor: no public page names its path (contract 3).

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{
    body::BodyFormat,
    endpoint::{Accept, Endpoint, Method},
    link::ConsentLink,
    list::ListUsers,
};
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

/// What is fixed for a row, whatever the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndpointRule {
    pub(super) name: &'static str,
    /// The places that are known when the call is made.
    pub(super) known: &'static [&'static str],
    /// Those that it must name.
    pub(super) needs: &'static [&'static str],
    pub(super) body: BodyDuty,
    pub(super) effort: Effort,
}

/// What the body of a row has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyDuty {
    /// It is made by the program.
    Fixed,
    /// It is about no tenant.
    NoTenant,
    /// It is about a tenant.
    Tenant,
    /// It changes a tenant: it must hold who authorises the call, or say itself that it carries
    /// nothing.
    Authorisation,
    /// The same, and fields.
    Update,
    /// Fields, and the tenant, or who authorises the call.
    Fields,
    /// It must hold the token set that is to be renewed.
    TokenSet,
}

/// What may be done to make a call succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// It changes something: it is sent once.
    Write,
    /// It only reads: it may be repeated.
    Read,
    /// The same, and nothing depends on it: nobody waits for it for long.
    Aside,
}

/// The places of calls to one tenant.
const TENANT: &[&str] = &["tenantId", "resellerId", "enterpriseId"];
/// The same and a user's.
const USER: &[&str] = &["tenantId", "resellerId", "enterpriseId", "userPrincipalName"];
/// The same and a page's.
const LIST: &[&str] = &[
    "tenantId",
    "resellerId",
    "enterpriseId",
    ListUsers::PLACES[0],
    ListUsers::PLACES[1],
    ListUsers::PLACES[2],
    ListUsers::PLACES[3],
];
const NOTHING: &[&str] = &[];

/// Makes the types of the endpoint table from its rows.
macro_rules! table {
    (
        with a default {
            $($(#[$doc:meta])* $row:ident $field:ident $name:literal:
                $method:ident $path:literal $usual:ident;
                $carries:ident, $effort:ident, knows $known:expr, needs $needs:expr;)*
        }
        without {
            $($(#[$odoc:meta])* $orow:ident $ofield:ident $oname:literal:
                $written:ty => $read:ty;
                $ocarries:ident, $oeffort:ident, knows $oknown:expr, needs $oneeds:expr;)*
        }
    ) => {
        /// A row of the endpoint table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EndpointRow {
            $($(#[$doc])* $row,)*
            $($(#[$odoc])* $orow,)*
        }

        impl EndpointRow {
            pub(super) const fn rule(self) -> EndpointRule {
                match self {
                    $(Self::$row => EndpointRule {
                        name: $name,
                        known: $known,
                        needs: $needs,
                        body: BodyDuty::$carries,
                        effort: Effort::$effort,
                    },)*
                    $(Self::$orow => EndpointRule {
                        name: $oname,
                        known: $oknown,
                        needs: $oneeds,
                        body: BodyDuty::$ocarries,
                        effort: Effort::$oeffort,
                    },)*
                }
            }
        }

        /// All calls.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(from = "Rows")]
        pub struct Endpoints {
            $($(#[$doc])* pub $field: Endpoint,)*
            $($(#[$odoc])* pub $ofield: Option<$read>,)*
        }

        /// The table as settings write it: what a row does not say is as in that row's default.
        #[derive(Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        struct Rows {
            $($(#[$doc])* #[serde(rename = $name)] $field: WrittenRow,)*
            $($(#[$odoc])* #[serde(rename = $oname, deserialize_with = "yaml::some")]
            $ofield: Option<$written>,)*
        }

        impl From<Rows> for Endpoints {
            fn from(rows: Rows) -> Self {
                let usual = Self::default();
                Self {
                    $($field: rows.$field.over(usual.$field),)*
                    $($ofield: rows.$ofield.map(Into::into),)*
                }
            }
        }

        impl Default for Endpoints {
            fn default() -> Self {
                Self {
                    $($field: Endpoint {
                        method: Method::$method,
                        path: $path.to_owned(),
                        body: BodyFormat::$usual,
                        accept: None,
                    },)*
                    $($ofield: None,)*
                }
            }
        }

        impl Endpoints {
            /// All rows that there are.
            pub fn rows(&self) -> impl Iterator<Item = (EndpointRow, &Endpoint)> {
                let fixed = [$((EndpointRow::$row, &self.$field)),*];
                let optional = [$((
                    EndpointRow::$orow,
                    self.$ofield.as_ref().map(AsRef::<Endpoint>::as_ref),
                )),*];
                let optional = optional.into_iter().filter_map(|(row, call)| Some((row, call?)));
                fixed.into_iter().chain(optional)
            }
        }
    };
}

table! {
    with a default {
    /// Asks for a token; the body is always a form (contract 2.1).
    Token token "token": Post "/oauth/token" None;
        Fixed, Read, knows NOTHING, needs NOTHING;
    /// Tells who we are; the body is always the user name as bare text (contract 2.2). It is how
    /// the reseller becomes known.
    WhoAmI who_am_i "whoAmI": Put "/reseller/getAuthenticatedUser" None;
        Fixed, Read, knows NOTHING, needs NOTHING;
    /// Lists the resellers of a master reseller, whose own id is `{resellerId}` (contract 6.1).
    Resellers resellers "resellers": Get "/reseller/getResellers/{resellerId}" None;
        NoTenant, Aside, knows &["resellerId"], needs &["resellerId"];
    /// Lists the enterprises of a reseller (contract 6.2).
    Enterprises enterprises "enterprises":
        Get "/reseller/getEnterprisesForReseller/{resellerId}" None;
        NoTenant, Aside, knows &["resellerId"], needs &["resellerId"];
    /// Lists the gateways that a reseller may assign (contract 6.7).
    Gateways gateways "gateways":
        Get "/reseller/getAvailableSBCGatewayRegionsByResellerId/{resellerId}" None;
        NoTenant, Aside, knows &["resellerId"], needs &["resellerId"];
    /// Tells a tenant's enterprise and its consent (contract 2.5). Its answer says what the
    /// enterprise's own number is.
    Enterprise enterprise "enterprise":
        Get "/enterprise/getEnterpriseInfoForTenant/{tenantId}" None;
        Tenant, Read, knows &["tenantId", "resellerId"], needs &["tenantId"];
    /// Switches calling on (contract 4.1).
    Enable enable "enable": Post "/provisioning/enableCallingForUser/{userPrincipalName}" Flat;
        Authorisation, Write, knows USER, needs &["userPrincipalName"];
    /// Switches calling off (contract 4.2).
    Disable disable "disable": Post "/provisioning/disableCallingForUser/{userPrincipalName}" Flat;
        Authorisation, Write, knows USER, needs &["userPrincipalName"];
    /// Changes stored details (contract 4.3).
    Update update "update": Post "/provisioning/updateUserDetails" Wrapped;
        Update, Write, knows USER, needs NOTHING;
    /// Sets a user up, or changes stored details (contract 5.3). It needs nobody who authorises it
    /// at Microsoft; where its body carries who does, it also switches calling on.
    Configure configure "configure": Post "/enterprise/configureUser" Tenant;
        Fields, Write, knows USER, needs NOTHING;
    /// Sets a user of the Call App up, or changes stored details of one (contract 5.5). What its body
    /// holds beyond the vendor's sample is inferred.
    ConfigureCallApp configure_call_app "configureCallApp":
        Post "/valet/configureValetUser" Tenant;
        Fields, Write, knows USER, needs NOTHING;
    /// Pushes registrations to Microsoft (contract 4.4).
    Sync sync "sync": Post "/provisioning/syncTeamsRegistrations" Flat;
        Authorisation, Write, knows TENANT, needs NOTHING;
    }
    without {
    /// Renews a Microsoft token set (contract 2.4). There is no default: no public page names its
    /// path.
    RefreshMsal refresh_msal "refreshMsal": Refresh => Endpoint;
        TokenSet, Write, knows TENANT, needs NOTHING;
    /// Switches the Call App of a user on. There is no default: no public page names a call for it
    /// (contract 5.5).
    EnableCallApp enable_call_app "enableCallApp": Unnamed => Endpoint;
        Authorisation, Write, knows USER, needs &["userPrincipalName"];
    /// Switches the Call App of a user off. There is no default: no public page names a call for it
    /// (contract 5.5).
    DisableCallApp disable_call_app "disableCallApp": Unnamed => Endpoint;
        Authorisation, Write, knows USER, needs &["userPrincipalName"];
    /// Asks for a link by which a customer's admin gives consent (contract 6.12). There is no
    /// default: no public page that was read names all that its body holds.
    ConsentLink consent_link "consentLink": ConsentLink => ConsentLink;
        Tenant, Read, knows TENANT, needs NOTHING;
    /// Lists a tenant's users. There is no default.
    ListUsers list_users "listUsers": ListUsers => ListUsers;
        Tenant, Read, knows LIST, needs NOTHING;
    }
}

impl JsonSchema for Endpoints {
    fn schema_name() -> Cow<'static, str> {
        Rows::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Rows::json_schema(generator)
    }
}

impl EndpointRow {
    /// Its name in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.rule().name
    }

    /// Whether somebody has to authorise it, whatever its body carries.
    #[must_use]
    pub const fn needs_authorisation(self) -> bool {
        matches!(self.rule().body, BodyDuty::Authorisation | BodyDuty::Update)
    }

    /// What may be done to make the call succeed.
    #[must_use]
    pub const fn effort(self) -> Effort {
        self.rule().effort
    }

    /// Which answer to it is a yes where the settings do not say. An observation shows what became
    /// of a user, so an answer of no known meaning can wait for it; none shows a sync, which
    /// would be sent for ever.
    #[must_use]
    pub const fn usual_accept(self) -> Accept {
        if matches!(self, Self::Sync) { Accept::Status } else { Accept::Json }
    }
}

impl fmt::Display for EndpointRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What settings say of a row.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "EndpointRow")]
struct WrittenRow {
    #[serde(deserialize_with = "yaml::some")]
    method: Option<Method>,
    #[serde(deserialize_with = "yaml::some")]
    path: Option<String>,
    #[serde(deserialize_with = "yaml::some")]
    body: Option<BodyFormat>,
    #[serde(deserialize_with = "yaml::some")]
    accept: Option<Accept>,
}

/// The row without a default of its own that must carry a token set.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refresh {
    #[serde(default, deserialize_with = "yaml::some")]
    method: Option<Method>,
    path: String,
    #[serde(default, deserialize_with = "yaml::some")]
    body: Option<BodyFormat>,
}

/// A row without a default of its own that changes a tenant.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Unnamed {
    #[serde(default, deserialize_with = "yaml::some")]
    method: Option<Method>,
    path: String,
    #[serde(default, deserialize_with = "yaml::some")]
    body: Option<BodyFormat>,
    #[serde(default, deserialize_with = "yaml::some")]
    accept: Option<Accept>,
}

impl WrittenRow {
    fn over(self, usual: Endpoint) -> Endpoint {
        Endpoint {
            method: self.method.unwrap_or(usual.method),
            path: self.path.unwrap_or(usual.path),
            body: self.body.unwrap_or(usual.body),
            accept: self.accept.or(usual.accept),
        }
    }
}

impl From<Unnamed> for Endpoint {
    fn from(row: Unnamed) -> Self {
        Self {
            method: row.method.unwrap_or(Method::Post),
            path: row.path,
            body: row.body.unwrap_or(BodyFormat::Flat),
            accept: row.accept,
        }
    }
}

impl From<Refresh> for Endpoint {
    fn from(row: Refresh) -> Self {
        Self {
            method: row.method.unwrap_or(Method::Post),
            path: row.path,
            body: row.body.unwrap_or(BodyFormat::Flat),
            accept: None,
        }
    }
}
