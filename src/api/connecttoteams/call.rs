//! Calls to one tenant: what their places are filled with, who authorises them, and with whose token
//! they are sent.

use reqwest::Url;
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::{
    address::PathPlaces,
    auth::Answer,
    core::{Core, MAX_ANSWER},
    login::before_the_call,
    table::PageNumbers,
    transport::{HttpRequest, Payload, Until},
};
use crate::{
    config::{AUTHORISATION, BodyFormat, Effort, Endpoint, EndpointRow, Template},
    model::{Fault, TenantRef, Upn},
    ports::Permit,
};

/// Who authorises a call, and until when.
pub(super) struct Authorisation {
    /// The object as it is sent.
    pub json: Value,
    /// Its end, if it has one.
    pub until: Option<Until>,
}

impl Authorisation {
    pub(super) fn parts(self) -> (Option<Value>, Option<Until>) {
        (Some(self.json), self.until)
    }
}

/// What the places of a call are filled with.
#[derive(Default)]
pub(super) struct Values<'a> {
    pub tenant: Option<&'a TenantRef>,
    pub reseller: Option<i64>,
    pub enterprise: Option<Value>,
    pub user: Option<&'a Upn>,
    pub page: Option<PageNumbers>,
    pub authorisation: Option<Value>,
}

impl Values<'_> {
    /// The value of a place in a body.
    pub(super) fn of(&self, place: &str) -> Option<Value> {
        match place {
            "tenantId" => self.tenant.map(|tenant| tenant.id.as_str().into()),
            "resellerId" => self.reseller.map(Into::into),
            "enterpriseId" => self.enterprise.clone(),
            "userPrincipalName" => self.user.map(|user| user.as_str().into()),
            AUTHORISATION => self.authorisation.clone(),
            other => self.page.and_then(|page| page.get(other)).map(Into::into),
        }
    }

    /// The URL of a row; what is absent here is not known to the call.
    pub(super) fn url(
        &self,
        core: &Core,
        what: &str,
        row: EndpointRow,
        path: &str,
    ) -> Result<Url, Fault> {
        let enterprise = self.enterprise.as_ref().map(plain_text);
        let places = PathPlaces {
            tenant: self.tenant.map(|tenant| tenant.id.as_str()),
            reseller: self.reseller,
            enterprise: enterprise.as_deref(),
            user: self.user.map(Upn::as_str),
        };
        core.url(what, row.name(), path, places)
    }
}

/// A call to one tenant, before it becomes a request.
pub(super) struct Draft<'a> {
    /// In plain words, such as `list users of contoso`.
    pub what: String,
    /// The row in the endpoint table.
    pub row: EndpointRow,
    /// How the row says to make it.
    pub call: &'a Endpoint,
    /// The path, where it is more than the row's: a page.
    pub path: &'a str,
    /// For which tenant.
    pub tenant: &'a TenantRef,
    /// For which user.
    pub user: Option<&'a Upn>,
    /// For which page.
    pub page: Option<PageNumbers>,
    /// The most that its answer may hold.
    pub limit: usize,
    /// Whether it may go out.
    pub permit: Permit,
}

impl<'a> Draft<'a> {
    /// A call as its row describes it.
    pub(super) fn new(
        what: String,
        row: EndpointRow,
        call: &'a Endpoint,
        tenant: &'a TenantRef,
    ) -> Self {
        Self {
            what,
            row,
            call,
            path: &call.path,
            tenant,
            user: None,
            page: None,
            limit: MAX_ANSWER,
            permit: Permit::default(),
        }
    }

    /// The same, if it may go out when its turn has come.
    pub(super) fn permitted(self, permit: &Permit) -> Self {
        Self { permit: permit.clone(), ..self }
    }

    /// The same for one user.
    pub(super) fn of(self, user: &'a Upn) -> Self {
        Self { user: Some(user), ..self }
    }

    /// What the fault of a call says that was made to prepare this one. A write that was never sent
    /// is not one whose answer was lost.
    pub(super) fn not_sent(&self, fault: Fault) -> Fault {
        if self.row.effort() == Effort::Write { before_the_call(fault) } else { fault }
    }

    /// Whether it needs the right to change the tenant: it does change it, or it carries what gives
    /// that right.
    fn needs_authorisation(&self) -> bool {
        self.row.needs_authorisation() || self.call.carries_authorisation()
    }
}

impl Core {
    /// What authorises a change of a tenant (contract 2.4): the consent object, or the Microsoft
    /// token set of its own.
    pub(super) async fn authorisation(&self, tenant: &TenantRef) -> Result<Authorisation, Fault> {
        if let Some(delegated) = self.delegated(tenant) {
            return delegated.authorisation().await;
        }
        let reseller = self.reseller_to_name(tenant).await?;
        Ok(Authorisation {
            json: json!({ "tenantId": tenant.id.as_str(), "resellerId": reseller }),
            until: None,
        })
    }

    /// What the places of a call are filled with, as far as it has them.
    pub(super) async fn values<'a>(&self, draft: &Draft<'a>) -> Result<Values<'a>, Fault> {
        let mut values = Values {
            tenant: Some(draft.tenant),
            user: draft.user,
            page: draft.page,
            ..Values::default()
        };
        if draft.call.names("resellerId") {
            // The answer of `enterprise` is what tells whose a tenant is.
            let own = draft.row == EndpointRow::Enterprise;
            values.reseller = Some(if own {
                self.reseller_id().await?
            } else {
                self.reseller_to_name(draft.tenant).await?
            });
        }
        if draft.call.names("enterpriseId") {
            values.enterprise = Some(self.enterprise_id(draft.tenant, &draft.what).await?);
        }
        Ok(values)
    }

    /// Prepares and sends a call whose body is what its row says.
    pub(super) async fn call(&self, draft: &Draft<'_>) -> Result<(HttpRequest, Answer), Fault> {
        let prepared = self.prepared(draft).await.map_err(|fault| draft.not_sent(fault));
        let (values, payload, until) = prepared?;
        self.call_with(draft, &values, payload, until).await
    }

    /// What a call is made of. Others may have to be made for that.
    async fn prepared<'a>(
        &self,
        draft: &Draft<'a>,
    ) -> Result<(Values<'a>, Payload, Option<Until>), Fault> {
        let mut values = self.values(draft).await?;
        let (payload, until) = match &draft.call.body {
            BodyFormat::None => (Payload::Empty, None),
            BodyFormat::Text => (Payload::Text(draft.tenant.id.to_string()), None),
            BodyFormat::Tenant => {
                let body = json!({ "tenantId": draft.tenant.id.as_str() });
                (Payload::Text(body.to_string()), None)
            }
            BodyFormat::Flat => {
                let Authorisation { json, until } = self.authorisation(draft.tenant).await?;
                (Payload::Text(json.to_string()), until)
            }
            BodyFormat::Wrapped => {
                let Authorisation { json, until } = self.authorisation(draft.tenant).await?;
                (Payload::Text(json!({ "authenticationResult": json }).to_string()), until)
            }
            BodyFormat::Template(template) => {
                let authorised = draft.call.body.names(AUTHORISATION);
                let (json, until) = if authorised {
                    self.authorisation(draft.tenant).await?.parts()
                } else {
                    (None, None)
                };
                values.authorisation = json;
                (filled(self, draft, template, &values)?, until)
            }
        };
        Ok((values, payload, until))
    }

    /// The same with a body of its own.
    pub(super) async fn call_with(
        &self,
        draft: &Draft<'_>,
        values: &Values<'_>,
        payload: Payload,
        until: Option<Until>,
    ) -> Result<(HttpRequest, Answer), Fault> {
        let request = HttpRequest {
            what: draft.what.clone(),
            section: self.section().clone(),
            row: draft.row.name(),
            effort: draft.row.effort(),
            method: draft.call.method,
            template: draft.path.to_owned(),
            url: values.url(self, &draft.what, draft.row, draft.path)?,
            payload,
            limit: draft.limit,
            until,
            permit: draft.permit.clone(),
        };
        let user = draft.user.map(tracing::field::display);
        let span =
            tracing::debug_span!("call", row = draft.row.name(), tenant = %draft.tenant.name, user);
        let delegated = self.delegated(draft.tenant).filter(|_| draft.needs_authorisation());
        let answer = match &delegated {
            Some(delegated) => delegated.send(&request).instrument(span).await?,
            None => self.send(&request).instrument(span).await?,
        };
        Ok((request, answer))
    }
}

/// A number or a text as it is in a path.
fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The body that a template makes.
pub(super) fn filled(
    core: &Core,
    draft: &Draft<'_>,
    template: &Template,
    values: &Values<'_>,
) -> Result<Payload, Fault> {
    let body = template
        .fill(&|place| values.of(place))
        .map_err(|why| core.not_made(&draft.what, draft.row.name(), &why))?;
    Ok(Payload::Text(Value::Object(body).to_string()))
}
