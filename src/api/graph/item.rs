//! One user of a page as Graph describes it (contract 12).
//!
//! **Invariant:** total: whatever an item holds becomes a user, an account that is not a person, or
//! the word that it is unreadable. A value of a wrong kind is unreadable, not converted.

#[cfg(test)]
pub(super) mod tests;

use serde_json::Value as Json;

use crate::{
    api::{
        http::redact,
        user_list::{Entry, OddEntry, UserListItem},
        value,
    },
    model::{
        Field, FieldKind, FieldMap, HeldNumber, LiveCalling, LiveUser, ObservedValue, TenantId,
        TenantRef, UnreadableValue, Upn, UserId, Value, is_blank,
    },
};

/// Kinds of account that are not a person with a telephone of their own, and how people call them.
const NO_PERSONS: [(&str, &str); 4] = [
    ("resourceAccount", "resource account"),
    ("guest", "guest"),
    ("sfbOnPremUser", "user of an on-premises server"),
    ("ineligibleUser", "account without a licence for Teams"),
];
/// Where numbers are.
const NUMBERS: &str = "telephoneNumbers";
/// The longest name of a policy that is taken for one, in bytes.
const MAX_NAME: usize = 256;

/// What an item is.
pub(super) fn read(item: &Json, tenant: &TenantRef) -> UserListItem {
    let numbers = ItemNumbers::of(item, tenant);
    let entry = entry(item, tenant, &numbers);
    let numbers = match &entry {
        Entry::User(_) | Entry::CallApp(_) | Entry::NotSetUp(_) => numbers.others,
        Entry::Foreign => Vec::new(),
        Entry::NoPerson | Entry::Nameless | Entry::Unreadable(_) => numbers.of_account(item),
    };
    UserListItem { entry, numbers }
}

/// An item that does not name its tenant is unreadable: it is not known whose user it is.
fn entry(item: &Json, tenant: &TenantRef, numbers: &ItemNumbers) -> Entry {
    let Some(of) = text(item, "tenantId").and_then(|id| TenantId::parse(id).ok()) else {
        return Entry::Unreadable(OddEntry::Tenant);
    };
    if of != tenant.id {
        return Entry::Foreign;
    }
    let calling = calling(item);
    match text(item, "accountType") {
        Some("user") => {}
        Some(kind) if NO_PERSONS.iter().any(|(name, _)| *name == kind) => return Entry::NoPerson,
        // Whatever it is, it has no calling that could be taken away, and its numbers are known.
        _ if calling == LiveCalling::Disabled => return Entry::NoPerson,
        kind => return Entry::Unreadable(OddEntry::Account(unknown_kind(item, kind, &calling))),
    }
    let Some(upn) = text(item, "userPrincipalName").and_then(|upn| Upn::parse(upn).ok()) else {
        let nameless = text(item, "userPrincipalName")
            .map_or_else(|| item["userPrincipalName"].is_null(), is_blank);
        let numberless = numbers.primary == Some(ObservedValue::Unset) && numbers.others.is_empty();
        let nobody = nameless && numberless && calling == LiveCalling::Disabled;
        return if nobody { Entry::Nameless } else { Entry::Unreadable(OddEntry::Name) };
    };
    let mut details = FieldMap::default();
    details.extend(numbers.primary.clone().map(|number| (Field::PhoneNumber, number)));
    details.extend(policy(item).map(|policy| (Field::CallPolicyName, policy)));
    Entry::User(LiveUser { upn, id: text(item, "id").and_then(UserId::observed), calling, details })
}

fn unknown_kind(item: &Json, kind: Option<&str>, calling: &LiveCalling) -> String {
    let who = name(item);
    let state = if *calling == LiveCalling::Enabled {
        "with calling on"
    } else {
        "and it is not known whether its calling is on"
    };
    match kind {
        Some(kind) => format!(
            "{who} is of the account type {:?}, which is not known here, {state}",
            redact::value(kind)
        ),
        None => format!("{who} has no account type, {state}"),
    }
}

fn text<'i>(item: &'i Json, name: &str) -> Option<&'i str> {
    item.get(name).and_then(Json::as_str).map(str::trim)
}

/// The name of an item's user, for messages.
fn name(item: &Json) -> String {
    let name = text(item, "userPrincipalName").filter(|name| !is_blank(name));
    name.map_or_else(|| "an account without a name".to_owned(), redact::value)
}

fn calling(item: &Json) -> LiveCalling {
    const VOICE: &str = "isEnterpriseVoiceEnabled";
    let Some(voice) = item.get(VOICE) else {
        return LiveCalling::Unclear(format!("nothing at `{VOICE}`"));
    };
    match value::observed(FieldKind::Flag, voice, || format!("at `{VOICE}`"), None) {
        ObservedValue::Set(Value::Flag(true)) => LiveCalling::Enabled,
        ObservedValue::Set(Value::Flag(false)) => LiveCalling::Disabled,
        _ => LiveCalling::Unclear(redact::value(&voice.to_string())),
    }
}

/// All numbers of an item.
struct ItemNumbers {
    /// What is compared with a manifest; nothing if the item does not say.
    primary: Option<ObservedValue>,
    /// Whether nobody can say which of the others that is.
    is_uncertain: bool,
    /// The others.
    others: Vec<HeldNumber>,
}

impl ItemNumbers {
    fn of(item: &Json, tenant: &TenantRef) -> Self {
        let numbers = match item.get(NUMBERS) {
            None => return Self { primary: None, is_uncertain: false, others: Vec::new() },
            Some(Json::Null) => {
                return Self {
                    primary: Some(ObservedValue::Unset),
                    is_uncertain: false,
                    others: Vec::new(),
                };
            }
            Some(Json::Array(numbers)) => numbers,
            Some(other) => {
                return Self {
                    primary: Some(ObservedValue::Unreadable(unread(other))),
                    is_uncertain: false,
                    others: Vec::new(),
                };
            }
        };
        let categories: Vec<Option<&str>> =
            numbers.iter().map(|number| number.get("assignmentCategory")?.as_str()).collect();
        let count =
            |category: Option<&str>| categories.iter().filter(|other| **other == category).count();
        let (first, several) = match (count(Some("primary")), count(None)) {
            (1, _) => (categories.iter().position(|category| *category == Some("primary")), false),
            (0, 0) => (None, false),
            // Two primary ones, or one that may be it: it is not known which is meant.
            _ => (None, true),
        };
        let primary = if several {
            ObservedValue::Unreadable(unread(&Json::Array(numbers.clone())))
        } else {
            ObservedValue::Unset
        };
        let mut all = Self { primary: Some(primary), is_uncertain: several, others: Vec::new() };
        for (position, (number, category)) in numbers.iter().zip(categories).enumerate() {
            let Some(read) = number_of(number, tenant) else { continue };
            if Some(position) == first {
                all.primary = Some(read);
            } else {
                all.others.extend(held(item, &line(category), read));
            }
        }
        all
    }

    /// All of them as numbers of an account that is not a person.
    fn of_account(self, item: &Json) -> Vec<HeldNumber> {
        let kind = text(item, "accountType")
            .and_then(|kind| NO_PERSONS.iter().find(|(name, _)| *name == kind));
        let kind = kind.map_or("account of an unknown type", |(_, words)| words);
        // Where several may be the primary one, all of them are among the others.
        let primary = self
            .primary
            .filter(|_| !self.is_uncertain)
            .and_then(|primary| held(item, kind, primary));
        let others =
            self.others.into_iter().map(|other| HeldNumber { held_as: kind.into(), ..other });
        primary.into_iter().chain(others).collect()
    }
}

/// A number that is not compared; nothing if there is none.
fn held(item: &Json, held_as: &str, read: ObservedValue) -> Option<HeldNumber> {
    let number = match read {
        ObservedValue::Set(Value::Phone(number)) => Ok(number),
        ObservedValue::Unreadable(unread) => Err(unread),
        ObservedValue::Unset | ObservedValue::Set(_) => return None,
    };
    Some(HeldNumber { holder: name(item).into(), held_as: held_as.into(), number })
}

/// How people call a category of numbers.
fn line(category: Option<&str>) -> String {
    match category {
        Some("primary") => "one of several primary numbers".to_owned(),
        Some("private") => "private line".to_owned(),
        Some("alternate") => "alternate number".to_owned(),
        Some(other) => format!("number of category {:?}", redact::value(other)),
        None => "number without a category".to_owned(),
    }
}

/// One number of the list; nothing if it is blank.
fn number_of(entry: &Json, tenant: &TenantRef) -> Option<ObservedValue> {
    let place = || format!("at `{NUMBERS}`");
    match entry.get("telephoneNumber") {
        Some(number) => {
            match value::observed(FieldKind::Phone, number, place, tenant.extension_prefix.as_ref())
            {
                ObservedValue::Unset => None,
                read => Some(read),
            }
        }
        None => Some(ObservedValue::Unreadable(unread(entry))),
    }
}

fn unread(value: &Json) -> UnreadableValue {
    value::unread(value, &format!("at `{NUMBERS}`"))
}

/// The calling policy by its display name. Without an assignment the tenant's default is in force,
/// which is not named here: the field is then as good as not visible.
fn policy(item: &Json) -> Option<ObservedValue> {
    let assignments = item.get("effectivePolicyAssignments")?.as_array()?;
    let of_calling = |policy: &&Json| {
        policy.get("policyType").and_then(Json::as_str) == Some("TeamsCallingPolicy")
    };
    let assignment = assignments.iter().find(of_calling)?.get("policyAssignment")?;
    let name = assignment.get("displayName").and_then(Json::as_str).map(str::trim);
    Some(match name {
        Some(name) if !name.is_empty() && name.len() <= MAX_NAME => {
            ObservedValue::Set(Value::Text(name.into()))
        }
        _ => {
            ObservedValue::Unreadable(value::unread(assignment, "at `effectivePolicyAssignments`"))
        }
    })
}
