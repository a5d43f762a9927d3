//! Manifests that are there, brought up to what is live: values that they do not say yet, of users who
//! are named, and entries for users who are not.
//!
//! | written | live | then |
//! |---|---|---|
//! | nothing | a value | it is filled in, unless somebody else has or wants the number |
//! | a value | another one | left and told; with [`Differing::Follow`], written |
//! | a value | the same, or nothing is shown | nothing |
//!
//! **Invariant:** nobody is taken out, what is written is another's word and stays unless that is asked
//! for, and what is not understood is left and told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use super::{Choice, File, factor, sort, text};
use crate::{
    manifest::{Edit, can_say},
    model::{
        Desired, DesiredTenant, DesiredUser, Field, LiveTenant, LiveUser, NumberKey, ObservedValue,
        Service, TenantName, Upn, Users, Value,
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

/// What becomes of what is written and is otherwise live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differing {
    /// It stays, and is told.
    Keep,
    /// It becomes what is live.
    Follow,
}

/// An update of the tenants of one folder.
#[derive(Debug)]
pub struct Updater {
    differing: Differing,
    /// Numbers that manifests give to somebody.
    wanted: BTreeSet<NumberKey>,
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

impl Updater {
    /// One of the tenants of `desired`.
    #[must_use]
    pub fn new(desired: &Desired, differing: Differing) -> Self {
        let wanted = desired.tenants.values().flat_map(|tenant| numbers(tenant)).collect();
        Self { differing, wanted }
    }

    /// What brings users who are named up to what was seen.
    #[must_use]
    pub fn update(&self, tenant: &DesiredTenant, live: &LiveTenant) -> Update {
        let held = twice(tenant, live);
        let mut update = Update::default();
        for user in tenant.users.values() {
            let Some(seen) = live.users.get(&user.upn) else {
                update.not_live.push(user.upn.clone());
                continue;
            };
            if let Err(why) = is_updated(user, seen, live) {
                update.left.extend(why.map(|why| (user.upn.clone(), why.to_owned())));
                continue;
            }
            let mut edits = self.differing(tenant, user, seen, &mut update.left);
            edits.extend(self.missing(tenant, user, seen, &held, &mut update.left));
            if !edits.is_empty() {
                update.edits.push((user.upn.clone(), edits));
            }
        }
        update
    }

    /// What is written and otherwise live.
    fn differing(
        &self,
        tenant: &DesiredTenant,
        user: &DesiredUser,
        seen: &LiveUser,
        left: &mut Vec<(Upn, String)>,
    ) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut leave = |why: String| left.push((user.upn.clone(), why));
        let mut other = |edit: Edit, leave: &mut dyn FnMut(String), said: &dyn Display| match self
            .differing
        {
            Differing::Follow => edits.push(edit),
            Differing::Keep => leave(format!("{} is live, and written is {said}", edit.words())),
        };
        match seen.calling.known() {
            Some(calling) if calling != user.calling => {
                other(Edit::calling(calling), &mut leave, &user.calling);
            }
            Some(_) => {}
            None => leave("calling is not understood".to_owned()),
        }
        for (field, wanted) in user.details.iter() {
            match seen.details.get(field) {
                None => {}
                Some(ObservedValue::Set(value)) if is_same(value, wanted) => {}
                Some(ObservedValue::Set(value)) => {
                    match can_say(field, value, tenant.extension_prefix.as_ref()) {
                        Ok(()) => other(Edit::field(field, value), &mut leave, wanted),
                        Err(why) => leave(format!("{field}: {value}: {why}")),
                    }
                }
                Some(ObservedValue::Unset) if *wanted == Value::NoPhone => {}
                Some(ObservedValue::Unset) if field == Field::PhoneNumber => {
                    other(Edit::field(field, &Value::NoPhone), &mut leave, wanted);
                }
                Some(ObservedValue::Unset) => {
                    leave(format!("{field} is not set, which a manifest cannot say"));
                }
                Some(ObservedValue::Unreadable(read)) => {
                    leave(format!("{field}: {:?} is not understood", read.text()));
                }
            }
        }
        edits
    }

    /// What is live and not written.
    fn missing(
        &self,
        tenant: &DesiredTenant,
        user: &DesiredUser,
        seen: &LiveUser,
        held: &BTreeSet<NumberKey>,
        left: &mut Vec<(Upn, String)>,
    ) -> Vec<Edit> {
        let path = tenant.writes_of(user);
        let unsaid = |field: Field| user.details.get(field).is_none() && path.carries(field);
        let mut edits = Vec::new();
        for (field, observed) in seen.details.iter().filter(|(field, _)| unsaid(*field)) {
            let mut leave = |why: String| left.push((user.upn.clone(), why));
            let value = match observed {
                ObservedValue::Unset | ObservedValue::Set(Value::NoPhone) => continue,
                ObservedValue::Unreadable(read) => {
                    leave(format!("{field}: {:?} is not understood", read.text()));
                    continue;
                }
                ObservedValue::Set(value) => value,
            };
            let key = key_of(tenant, value);
            if let Err(why) = can_say(field, value, tenant.extension_prefix.as_ref()) {
                leave(format!("{field}: {value}: {why}"));
            } else if key.as_ref().is_some_and(|key| self.wanted.contains(key)) {
                leave(format!("{field}: {value}: the manifests give it to somebody else"));
            } else if key.is_some_and(|key| held.contains(&key)) {
                leave(format!("{field}: {value}: somebody else is shown with it as well"));
            } else {
                edits.push(Edit::field(field, value));
            }
        }
        edits
    }
}

/// Whether a user is not left alone as a whole. The error is why, if that is to be told.
fn is_updated(
    user: &DesiredUser,
    seen: &LiveUser,
    live: &LiveTenant,
) -> Result<(), Option<&'static str>> {
    if user.service == Service::CallApp || live.has_call_app(seen) {
        let is_told = user.service != Service::CallApp || differs(user, seen);
        return Err(is_told.then_some("is a user of the Call App: say by hand what is to be so"));
    }
    let dates = user.dates();
    if dates.from.is_some() || dates.until.is_some() {
        return Err(differs(user, seen).then_some("is planned ahead with `from` or `until`"));
    }
    Ok(())
}

/// The numbers that the manifests of a tenant give to somebody.
fn numbers(tenant: &DesiredTenant) -> Vec<NumberKey> {
    let users = tenant.users.values();
    users.filter_map(|user| Some(NumberKey::new(&tenant.name, user.details.phone()?))).collect()
}

/// The numbers that several people are shown with.
fn twice(tenant: &DesiredTenant, live: &LiveTenant) -> BTreeSet<NumberKey> {
    let mut seen = BTreeSet::new();
    let keys =
        live.users.values().filter_map(|user| Some(NumberKey::new(&tenant.name, user.number()?)));
    keys.filter(|key| !seen.insert(key.clone())).collect()
}

fn key_of(tenant: &DesiredTenant, value: &Value) -> Option<NumberKey> {
    match value {
        Value::Phone(number) => Some(NumberKey::new(&tenant.name, number)),
        _ => None,
    }
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

/// Whether two values mean the same: numbers may be spelled in several ways.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Phone(one), Value::Phone(other)) => one.normal() == other.normal(),
        (one, other) => one == other,
    }
}
