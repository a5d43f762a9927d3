//! The calls that the sandbox answers: their paths (contract 11), and the user of a request.
//!
//! **Invariant:** the table is spelled here and nowhere else in the sandbox, and is shared with no
//! client: the two check each other.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    bearer,
    wire::{Reply, Request},
};
use crate::model::{TenantId, Upn};

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Route {
    /// `/oauth/token` (contract 2.1).
    Token,
    /// `/reseller/getAuthenticatedUser` (contract 2.2).
    WhoAmI,
    /// `/reseller/getResellers` (contract 6.1).
    Resellers,
    /// `/reseller/getEnterprisesForReseller` (contract 6.2).
    Enterprises,
    /// `/reseller/getAvailableSBCGatewayRegionsByResellerId` (contract 6.7).
    Gateways,
    /// `/enterprise/regenerateAPICredentials` (contract 2.3).
    Regenerate,
    /// `/sandbox/refreshMsal`: the sandbox's own, because the vendor's path is not public (contract
    /// 2.4).
    RefreshMsal,
    /// `/enterprise/getEnterpriseInfoForTenant` (contract 2.5).
    Enterprise,
    /// `/enterprise/getActionItemUrl` (contract 6.12).
    ConsentLink,
    /// `/provisioning/enableCallingForUser` (contract 4.1).
    Enable,
    /// `/provisioning/disableCallingForUser` (contract 4.2).
    Disable,
    /// `/provisioning/updateUserDetails` (contract 4.3).
    Update,
    /// `/enterprise/configureUser` (contract 5.3).
    Configure,
    /// `/valet/configureValetUser` (contract 5.5).
    ConfigureCallApp,
    /// `/sandbox/enableCallApp`: the sandbox's own, because no public page names a call for it (contract
    /// 5.5).
    EnableCallApp,
    /// `/sandbox/disableCallApp`, likewise.
    DisableCallApp,
    /// `/valet/configureValetServiceAccount` (contract 5.5).
    CallAppAccount,
    /// `/provisioning/syncTeamsRegistrations` (contract 4.4).
    Sync,
    /// `/sandbox/listUsers`: the sandbox's own, because the vendor's path is not public (contract
    /// 3).
    ListUsers,
    /// `/{tenantId}/oauth2/v2.0/token` of Microsoft's login (contract 12).
    GraphToken,
    /// `/v1.0/admin/teams/userConfigurations` of Microsoft Graph (contract 12).
    GraphUsers,
    /// `/v1.0/admin/teams/telephoneNumberManagement/numberAssignments` of Microsoft Graph (contract
    /// 12).
    GraphNumbers,
}

/// Method and path of each call; `{}` is a segment that names the user or the tenant.
const TABLE: [(Route, &str, &str); 22] = [
    (Route::Token, "POST", "/oauth/token"),
    (Route::WhoAmI, "PUT", "/reseller/getAuthenticatedUser"),
    (Route::Resellers, "GET", "/reseller/getResellers/{}"),
    (Route::Regenerate, "POST", "/enterprise/regenerateAPICredentials"),
    (Route::RefreshMsal, "POST", "/sandbox/refreshMsal"),
    (Route::Enterprises, "GET", "/reseller/getEnterprisesForReseller/{}"),
    (Route::Gateways, "GET", "/reseller/getAvailableSBCGatewayRegionsByResellerId/{}"),
    (Route::Enterprise, "GET", "/enterprise/getEnterpriseInfoForTenant/{}"),
    (Route::ConsentLink, "POST", "/enterprise/getActionItemUrl"),
    (Route::Enable, "POST", "/provisioning/enableCallingForUser/{}"),
    (Route::Disable, "POST", "/provisioning/disableCallingForUser/{}"),
    (Route::Update, "POST", "/provisioning/updateUserDetails"),
    (Route::Configure, "POST", "/enterprise/configureUser"),
    (Route::ConfigureCallApp, "POST", "/valet/configureValetUser"),
    (Route::EnableCallApp, "POST", "/sandbox/enableCallApp/{}"),
    (Route::DisableCallApp, "POST", "/sandbox/disableCallApp/{}"),
    (Route::CallAppAccount, "POST", "/valet/configureValetServiceAccount"),
    (Route::Sync, "POST", "/provisioning/syncTeamsRegistrations"),
    (Route::ListUsers, "GET", "/sandbox/listUsers"),
    (Route::GraphToken, "POST", "/{}/oauth2/v2.0/token"),
    (Route::GraphUsers, "GET", "/v1.0/admin/teams/userConfigurations"),
    (Route::GraphNumbers, "GET", "/v1.0/admin/teams/telephoneNumberManagement/numberAssignments"),
];

impl Route {
    /// The call that a request makes, and the segment that its path takes.
    pub(super) fn of(request: &Request) -> Result<(Self, String), Reply> {
        let found = TABLE
            .into_iter()
            .find_map(|(route, method, path)| Some((route, method, segment(path, &request.path)?)));
        let Some((route, method, segment)) = found else {
            return Err(Reply::error(404, format!("there is no {}", request.path)));
        };
        // How users are listed is not public: both are possible.
        let also = route == Self::ListUsers && request.method == "POST";
        if request.method != method && !also {
            return Err(Reply::error(405, format!("{} is called with {method}", request.path)));
        }
        let segment = percent_encoding::percent_decode_str(segment).decode_utf8();
        let segment = segment.map_err(|_| Reply::error(400, "the path is not UTF-8"))?;
        Ok((route, segment.into_owned()))
    }
}

/// What stands for `{}` in a path of the table, or nothing where the path has none; `None` if this
/// is another path.
fn segment<'p>(row: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, behind)) = row.split_once("{}") else { return (row == path).then_some("") };
    let found = path.strip_prefix(before)?.strip_suffix(behind)?;
    (!found.is_empty() && !found.contains('/')).then_some(found)
}

/// The user and the tenant of a request, as far as it names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestTarget {
    pub(super) route: Route,
    pub(super) tenant: Option<TenantId>,
    pub(super) user: Option<Upn>,
}

impl RequestTarget {
    /// Looks wherever the calls put tenant and user, without judging the request: that comes later.
    pub(super) fn of(request: &Request) -> Result<Self, Reply> {
        let (route, segment) = Route::of(request)?;
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |pointer: &str| body.pointer(pointer).and_then(Json::as_str);
        let msal =
            |above: &str| text(format!("{above}/authenticationResult/userInfo/tenantId").as_str());
        let (tenant, user) = match route {
            Route::Token
            | Route::WhoAmI
            | Route::Resellers
            | Route::Enterprises
            | Route::Gateways => (None, None),
            Route::Regenerate => {
                (std::str::from_utf8(&request.body).ok().and_then(tenant_id), None)
            }
            Route::RefreshMsal => (msal("").and_then(tenant_id), None),
            Route::Enterprise | Route::GraphToken => (TenantId::parse(&segment).ok(), None),
            Route::ConsentLink => (text("/tenantId").and_then(tenant_id), None),
            Route::GraphUsers | Route::GraphNumbers => (bearer::tenant_of(request), None),
            Route::ListUsers => {
                (request.parameter("tenantId").and_then(|id| TenantId::parse(&id).ok()), None)
            }
            Route::Enable | Route::Disable | Route::EnableCallApp | Route::DisableCallApp => (
                text("/tenantId").or_else(|| msal("")).and_then(tenant_id),
                Upn::parse(&segment).ok(),
            ),
            Route::Sync | Route::CallAppAccount => {
                (text("/tenantId").or_else(|| msal("")).and_then(tenant_id), None)
            }
            Route::Update | Route::Configure | Route::ConfigureCallApp => (
                text("/authenticationResult/tenantId")
                    .or_else(|| text("/tenantId"))
                    .or_else(|| msal("/authenticationResult"))
                    .and_then(tenant_id),
                text("/teamsUserId").and_then(|upn| Upn::parse(upn).ok()),
            ),
        };
        Ok(Self { route, tenant, user })
    }
}

fn tenant_id(text: &str) -> Option<TenantId> {
    TenantId::parse(text).ok()
}

/// The call without what varies from one try to the next; what dice are thrown for.
impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenant = self.tenant.as_ref().map_or("", TenantId::as_str);
        write!(f, "{:?} {tenant} {}", self.route, self.user.as_ref().map_or("", Upn::key))
    }
}
