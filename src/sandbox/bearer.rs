//! The tokens of Graph: each names the tenant that it is for.

use super::wire::Request;
use crate::model::TenantId;

/// What they begin with; then comes their tenant.
const START: &str = "Bearer graph.";

/// The header with a token for a tenant.
pub(super) fn of(tenant: &TenantId, serial: u64) -> String {
    format!("{START}{tenant}.{serial}")
}

/// The tenant that a request's token is for.
pub(super) fn tenant_of(request: &Request) -> Option<TenantId> {
    let tenant = request.authorization.strip_prefix(START)?.split('.').next()?;
    TenantId::parse(tenant).ok()
}
