//! One user of a page as Graph describes it (contract 12).
//!
//! **Invariant:** total: whatever an item holds becomes a user, a known kind of account that is no person, or the word that it
//! is unreadable. A value of a wrong kind is unreadable, not converted.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    api::{http::redact, roll::Entry},
    model::{Field, LiveCalling, LiveUser, Observed, PhoneNumber, TenantId, TenantRef, Upn, UserId, Value},
};

/// Kinds of account that are no person with a telephone of their own.
const NO_PERSONS: [&str; 5] = ["resourceAccount", "guest", "sfbOnPremUser", "ineligibleUser", "unknown"];

/// What an item is. An item that does not name its tenant is unreadable: whose user it is, nobody knows.
pub(super) fn entry(item: &Json, tenant: &TenantRef) -> Entry {
    let text = |name: &str| item.get(name).and_then(Json::as_str).map(str::trim);
    let Some(of) = text("tenantId").and_then(|id| TenantId::parse(id).ok()) else { return Entry::Unreadable };
    if of != tenant.id {
        return Entry::Foreign;
    }
    match text("accountType") {
        Some("user") => {}
        Some(kind) if NO_PERSONS.contains(&kind) => return Entry::NoPerson,
        _ => return Entry::Unreadable,
    }
    let Some(upn) = text("userPrincipalName").and_then(|upn| Upn::parse(upn).ok()) else { return Entry::Unreadable };
    let mut details = BTreeMap::new();
    details.extend(number(item, tenant).map(|number| (Field::PhoneNumber, number)));
    details.extend(policy(item).map(|policy| (Field::CallPolicyName, policy)));
    Entry::User(LiveUser { upn, id: text("id").and_then(UserId::observed), calling: calling(item), details })
}

fn calling(item: &Json) -> LiveCalling {
    match item.get("isEnterpriseVoiceEnabled") {
        Some(Json::Bool(true)) => LiveCalling::Enabled,
        Some(Json::Bool(false)) => LiveCalling::Disabled,
        Some(other) => LiveCalling::Unclear(redact::value(&other.to_string())),
        None => LiveCalling::Unclear("nothing at `isEnterpriseVoiceEnabled`".to_owned()),
    }
}

/// The primary number; private and alternate ones are not what a manifest means.
fn number(item: &Json, tenant: &TenantRef) -> Option<Observed> {
    let numbers = match item.get("telephoneNumbers")? {
        Json::Null => return Some(Observed::Unset),
        Json::Array(numbers) => numbers,
        other => return Some(unreadable(other)),
    };
    let category = |number: &&Json| number.get("assignmentCategory").and_then(Json::as_str) == Some("primary");
    let mut primary = numbers.iter().filter(category);
    let Some(first) = primary.next() else {
        // What has no category may be the primary one.
        let uncertain = numbers.iter().find(|number| number.get("assignmentCategory").and_then(Json::as_str).is_none());
        return Some(uncertain.map_or(Observed::Unset, unreadable));
    };
    if let Some(second) = primary.next() {
        return Some(unreadable(second));
    }
    let text = first.get("telephoneNumber").and_then(Json::as_str);
    let number = text.and_then(|text| PhoneNumber::observed(text, tenant.extension_prefix.as_ref()));
    Some(number.map_or_else(|| unreadable(first), |number| Observed::Set(Value::Phone(number))))
}

/// The calling policy by its display name. Without an assignment the tenant's default is in force, which is not named here: the
/// field is then as good as not visible.
fn policy(item: &Json) -> Option<Observed> {
    let assignments = item.get("effectivePolicyAssignments")?.as_array()?;
    let of_calling = |policy: &&Json| policy.get("policyType").and_then(Json::as_str) == Some("TeamsCallingPolicy");
    let assignment = assignments.iter().find(of_calling)?.get("policyAssignment")?;
    let name = assignment.get("displayName").and_then(Json::as_str).map(str::trim);
    Some(match name {
        Some(name) if !name.is_empty() && name.len() <= MAX_NAME => Observed::Set(Value::Text(name.into())),
        _ => unreadable(assignment),
    })
}

/// The longest name of a policy that is taken for one, in bytes.
const MAX_NAME: usize = 256;

fn unreadable(value: &Json) -> Observed {
    Observed::Unreadable(redact::value(&value.to_string()))
}
