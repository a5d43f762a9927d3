//! Manifests that are there, brought up to what is live: other values for users who are named, and
//! entries for users who are not.
//!
//! **Invariant:** nobody is taken out, a field that is not managed stays so, and what is not understood
//! is left and told.

use std::collections::BTreeMap;

use super::{Choice, File, factor, sort, text};
use crate::{
    manifest::{Edit, can_say},
    model::{
        Desired, DesiredTenant, DesiredUser, Field, LiveTenant, LiveUser, ObservedValue, Service,
        TenantName, Upn, Users, Value,
    },
    snapshot::TenantSnapshot,
};

/// The name of the set that new users come into.
const SET: &str = "imported";
/// Those of them who lack a value that most of the others share.
const OTHER: &str = "other";

/// Whether a file holds users who were added by an earlier update.
#[must_use]
pub fn is_addition(tenant: &TenantName, file: &str) -> bool {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    name.strip_prefix(tenant.as_str()).is_some_and(|rest| rest.starts_with(&format!("-{SET}")))
}

/// What an update makes of the users whom a tenant's manifests name.
#[derive(Debug, Default)]
pub struct Update {
    /// Other values.
    pub edits: Vec<(Upn, Vec<Edit>)>,
    /// Users of whom something is left as it is, and why.
    pub left: Vec<(Upn, String)>,
    /// Users who are named and not live. They stay.
    pub not_live: Vec<Upn>,
}

/// Users whom no manifest names yet.
#[derive(Debug, Default)]
pub struct Additions {
    /// A file with them, to be written beside the tenant's.
    pub file: Option<File>,
    /// Users who are left out, and why.
    pub left: Vec<(Upn, String)>,
}

/// What brings users who are named up to what was seen.
#[must_use]
pub fn update(tenant: &DesiredTenant, live: &LiveTenant) -> Update {
    let mut update = Update::default();
    for user in tenant.users.values() {
        let Some(seen) = live.users.get(&user.upn) else {
            update.not_live.push(user.upn.clone());
            continue;
        };
        if user.service == Service::CallApp || live.has_call_app(seen) {
            if user.service != Service::CallApp || differs(user, seen) {
                let why = "is a user of the Call App: say by hand what is to be so".to_owned();
                update.left.push((user.upn.clone(), why));
            }
            continue;
        }
        let dates = user.dates();
        if dates.from.is_some() || dates.until.is_some() {
            if differs(user, seen) {
                let why = "is planned ahead with `from` or `until`".to_owned();
                update.left.push((user.upn.clone(), why));
            }
            continue;
        }
        let edits = edits(tenant, user, seen, &mut update.left);
        if !edits.is_empty() {
            update.edits.push((user.upn.clone(), edits));
        }
    }
    update
}

/// The users who are live and not named. `desired` is what the manifests ask for once they are
/// updated; `rounds` says how many files with such users are there already.
#[must_use]
pub fn additions(
    tenant: &DesiredTenant,
    shot: &TenantSnapshot,
    desired: &Desired,
    choice: &Choice,
    rounds: usize,
) -> Additions {
    let mut additions = Additions::default();
    let Ok(live) = shot.live.as_deref() else { return additions };
    let unnamed = live.users.values().filter(|user| !tenant.users.contains_key(&user.upn));
    let users: Users<LiveUser> = unnamed.cloned().collect();
    let live = LiveTenant { users: users.into(), ..live.clone() };
    let shots = [TenantSnapshot { live: Ok(live.into()), ..shot.clone() }];
    let base = if rounds == 0 { SET.to_owned() } else { format!("{SET}-{}", rounds + 1) };
    let mut texts = Vec::new();
    for sorted in sort::sort(&shots, Some(desired), choice.everybody) {
        additions.left.extend(sorted.left_out);
        // What the tenant's defaults are is a matter of its manifest: here each user says all.
        let one = Choice { users_per_file: usize::MAX, split_by: None, ..*choice };
        for (at, mut set) in
            factor::sets(sorted.entries, &BTreeMap::new(), &one).into_iter().enumerate()
        {
            set.name = if at == 0 { base.clone() } else { format!("{base}-{OTHER}") };
            texts.push(text::set(&set, &tenant.name));
        }
    }
    if !texts.is_empty() {
        let path = format!("{}-{base}.yaml", tenant.name);
        additions.file = Some(File { path, text: texts.join("---\n") });
    }
    additions
}

/// Whether anything that is managed is otherwise live.
fn differs(user: &DesiredUser, seen: &LiveUser) -> bool {
    seen.calling.known() != Some(user.calling)
        || user.details.iter().any(|(field, wanted)| {
            matches!(seen.details.get(field), Some(ObservedValue::Set(value)) if !is_same(value, wanted))
        })
}

fn edits(
    tenant: &DesiredTenant,
    user: &DesiredUser,
    seen: &LiveUser,
    left: &mut Vec<(Upn, String)>,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    match seen.calling.known() {
        Some(calling) if calling != user.calling => edits.push(Edit::calling(calling)),
        Some(_) => {}
        None => left.push((user.upn.clone(), "calling is not understood".to_owned())),
    }
    for (field, wanted) in user.details.iter() {
        match seen.details.get(field) {
            None => {}
            Some(ObservedValue::Set(value)) if is_same(value, wanted) => {}
            Some(ObservedValue::Set(value)) => {
                match can_say(field, value, tenant.extension_prefix.as_ref()) {
                    Ok(()) => edits.push(Edit::field(field, value)),
                    Err(why) => left.push((user.upn.clone(), format!("{field}: {value}: {why}"))),
                }
            }
            Some(ObservedValue::Unset) if *wanted == Value::NoPhone => {}
            Some(ObservedValue::Unset) if field == Field::PhoneNumber => {
                edits.push(Edit::field(field, &Value::NoPhone));
            }
            Some(ObservedValue::Unset) => {
                let why = format!("{field} is not set, which a manifest cannot say");
                left.push((user.upn.clone(), why));
            }
            Some(ObservedValue::Unreadable(read)) => {
                let why = format!("{field}: {:?} is not understood", read.text());
                left.push((user.upn.clone(), why));
            }
        }
    }
    edits
}

/// Whether two values mean the same: numbers may be spelled in several ways.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Phone(one), Value::Phone(other)) => one.normal() == other.normal(),
        (one, other) => one == other,
    }
}
