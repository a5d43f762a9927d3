//! Live state as a version of the manifests wants it: what a change does where nobody looked.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{
    Calling, Confirmation, Consent, Coverage, DesiredTenant, DesiredUser, Field, GatewayId,
    ListExtras, LiveCalling, LiveTenant, LiveUser, ObservedValue, Value,
};

/// A tenant that is as `base` wants it now. Users that only `head` names, or for whom nothing is done
/// yet, are there, with calling off and nothing set.
#[must_use]
pub fn as_wanted(
    base: Option<&DesiredTenant>,
    head: Option<&DesiredTenant>,
    now: Timestamp,
) -> LiveTenant {
    let base = base.map(|base| come_to(base, now));
    let base = base.as_ref();
    let wanted = base.into_iter().flat_map(|base| base.users.values());
    let known = |user: &DesiredUser| base.is_some_and(|base| base.users.contains_key(&user.upn));
    let new = head.into_iter().flat_map(|head| head.users.values()).filter(|user| !known(user));
    let after = |user: &DesiredUser| head.and_then(|head| head.users.get(&user.upn));
    let is_wanted = |user: &DesiredUser| user.begins(now).is_none();
    let wanted = wanted.map(|user| live(user, after(user), is_wanted(user)));
    let mut users: Vec<LiveUser> = wanted.collect();
    users.extend(new.map(|user| live(user, Some(user), false)));
    LiveTenant {
        consent: Consent::Granted,
        coverage: Coverage::Complete,
        sees: Field::ALL.into_iter().collect::<BTreeSet<_>>(),
        users: users.into_iter().collect(),
        beside: ListExtras::default(),
        confirmation: Confirmation::default(),
    }
}

/// What a tenant wants at a moment.
pub(super) fn come_to(tenant: &DesiredTenant, now: Timestamp) -> DesiredTenant {
    let mut tenant = tenant.clone();
    tenant.come_to(now);
    tenant
}

fn live(user: &DesiredUser, after: Option<&DesiredUser>, is_wanted: bool) -> LiveUser {
    let observed = |field: Field| {
        let value = user.details.get(field).filter(|_| is_wanted);
        match value {
            Some(Value::NoPhone) => ObservedValue::Unset,
            Some(value) => ObservedValue::Set(value.clone()),
            None => unset(field, after),
        }
    };
    let calling = match user.calling {
        Calling::Enabled if is_wanted => LiveCalling::Enabled,
        Calling::Enabled | Calling::Disabled => LiveCalling::Disabled,
    };
    let details = Field::ALL.into_iter().map(|field| (field, observed(field))).collect();
    LiveUser { upn: user.upn.clone(), id: None, calling, details }
}

/// A field that is not managed before. Each update carries a gateway, and where no manifest names
/// one the user has some.
fn unset(field: Field, after: Option<&DesiredUser>) -> ObservedValue {
    let is_managed = after.is_some_and(|after| after.details.get(field).is_some());
    match GatewayId::new(1) {
        Ok(some) if field == Field::SbcGatewayId && !is_managed => {
            ObservedValue::Set(Value::Gateway(some))
        }
        _ => ObservedValue::Unset,
    }
}
