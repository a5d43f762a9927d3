//! One thing that goes wrong, and with which calls.

use serde::{Deserialize, Serialize};

use super::route::{RequestTarget, Route};
use crate::model::{TenantId, Upn};

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// On which call; on any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// In which tenant, by its GUID; in any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// For which user; for any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What.
    pub fault: InjectedFault,
    /// How many times more; without end if absent. Counted down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How likely, from 0 to 1; certain if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What `throttled` and `unavailable` say in `Retry-After`; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// How long `late` holds the answer back.
    #[serde(default)]
    pub delay_ms: u64,
    /// The status of `refused`, `refusedAfter`, `pageAfter` and `unavailable`, in place of their
    /// own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl FaultRule {
    /// This failure, always and on every call.
    #[must_use]
    pub fn new(fault: InjectedFault) -> Self {
        Self {
            route: None,
            tenant: None,
            user: None,
            fault,
            times: None,
            probability: None,
            retry_after_seconds: None,
            delay_ms: 0,
            status: None,
        }
    }

    /// With this status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Only on this call.
    #[must_use]
    pub fn on(self, route: Route) -> Self {
        Self { route: Some(route), ..self }
    }

    /// Only for this user.
    #[must_use]
    pub fn user(self, upn: &str) -> Self {
        Self { user: Some(upn.to_owned()), ..self }
    }

    /// Only for the next `times` calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    pub(super) fn concerns(&self, target: &RequestTarget) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        self.times != Some(0)
            && self.route.is_none_or(|route| route == target.route)
            && same(&self.tenant, target.tenant.as_ref().map(TenantId::as_str))
            && same(&self.user, target.user.as_ref().map(Upn::as_str))
            && self.fault.fits(target.route)
    }
}

/// What can go wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InjectedFault {
    /// 401; not carried out.
    Unauthorized,
    /// 429; not carried out.
    Throttled,
    /// 500; not carried out.
    Server,
    /// 500, although it was carried out.
    ServerAfter,
    /// 503; not carried out.
    Unavailable,
    /// 400; not carried out.
    Refused,
    /// 400, although it was carried out.
    RefusedAfter,
    /// 404 with a page of HTML, as a proxy puts it in place of the answer; carried out.
    PageAfter,
    /// 200 with `{"hasErrors": true}`; not carried out.
    ErrorInside,
    /// 200 with `{"success": false}`, although it was carried out.
    ErrorInsideAfter,
    /// Carried out; the answer is a word and not JSON.
    Text,
    /// Carried out; a byte order mark comes before the answer.
    Bom,
    /// 200 with a page of HTML, as a proxy puts it in the way; not carried out.
    Garbage,
    /// Carried out; the answer is whole as HTTP and half as JSON.
    Truncated,
    /// The connection ends without a byte of an answer; not carried out.
    Dropped,
    /// Carried out; then the connection ends without a byte of an answer.
    Lost,
    /// Carried out; the answer comes after the rule's delay.
    Late,
    /// A list of users is empty and says that it is whole.
    EmptyList,
    /// A list of users announces more than it delivers.
    ShortList,
    /// A list of users names somebody twice, and counts them twice.
    DuplicateUser,
    /// A list of users names somebody of another tenant.
    OtherTenant,
    /// A list of users sends its first page again; Graph leads back to it.
    RepeatedPage,
    /// Graph's next page is on another host.
    OtherHost,
    /// 403; not carried out.
    Forbidden,
    /// 302 to another host; not carried out.
    Redirect,
    /// 400 that repeats the password, each time spelled otherwise: in JSON, a form, a web page,
    /// base64; not carried out.
    Echo,
}

/// Where what leads away leads to: a host that does not exist (RFC 2606).
pub(super) const ELSEWHERE: &str =
    "https://elsewhere.invalid/v1.0/admin/teams/userConfigurations?$skiptoken=1";

impl InjectedFault {
    fn fits(self, route: Route) -> bool {
        match self {
            // Graph counts nothing, so it cannot announce more than it sends.
            Self::ShortList => route == Route::ListUsers,
            Self::OtherHost => route == Route::GraphUsers,
            Self::EmptyList | Self::DuplicateUser | Self::OtherTenant | Self::RepeatedPage => {
                matches!(route, Route::ListUsers | Route::GraphUsers)
            }
            _ => true,
        }
    }
}
