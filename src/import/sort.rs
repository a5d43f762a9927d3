//! Who can be said in manifests, who cannot, and why.

use std::collections::BTreeMap;

use super::{ManifestUser, SortedTenant};
use crate::{
    manifest::{can_name, can_say},
    model::{
        Calling, Desired, DesiredTenant, Field, LiveCalling, LivePhone, LiveTenant, LiveUser,
        NumberKey, ObservedValue, PhoneNumber, TenantName, TenantRef, Upn, Value, WritePath,
    },
    snapshot::TenantSnapshot,
    words::list,
};

/// Why users of the Call App are not said: how they are kept is known too little.
const CALL_APP: &str = "a user of the Call App: say who it is by hand, with `service: callApp`";

/// What only shows over all tenants: manifests name a user once and a number once.
struct ImportedFleet<'s> {
    tenants: BTreeMap<&'s Upn, Vec<&'s TenantName>>,
    holders: BTreeMap<NumberKey, Vec<&'s Upn>>,
}

/// Sorts the users of all tenants that could be read, tenants and users by name.
pub(super) fn sort<'s>(
    shots: &'s [TenantSnapshot],
    beside: Option<&Desired>,
    everybody: bool,
) -> Vec<SortedTenant<'s>> {
    let mut read: Vec<(&TenantSnapshot, &LiveTenant)> =
        shots.iter().filter_map(|shot| Some((shot, shot.live.as_deref().ok()?))).collect();
    read.sort_by(|(a, _), (b, _)| a.tenant.name.cmp(&b.tenant.name));
    let mut fleet = ImportedFleet::of(&read);
    beside.iter().flat_map(|desired| desired.tenants.values()).for_each(|tenant| fleet.add(tenant));
    read.into_iter().map(|(shot, live)| tenant(shot, live, &fleet, everybody)).collect()
}

impl<'s> ImportedFleet<'s> {
    fn of(read: &[(&'s TenantSnapshot, &'s LiveTenant)]) -> Self {
        let mut fleet = Self { tenants: BTreeMap::new(), holders: BTreeMap::new() };
        for (shot, live) in read {
            for user in live.users.values() {
                fleet.tenants.entry(&user.upn).or_default().push(&shot.tenant.name);
                if let Some(number) = user.number() {
                    fleet
                        .holders
                        .entry(NumberKey::new(&shot.tenant.name, number))
                        .or_default()
                        .push(&user.upn);
                }
            }
        }
        fleet
    }

    /// What manifests ask for that are there already.
    fn add(&mut self, tenant: &'s DesiredTenant) {
        for user in tenant.users.values() {
            self.tenants.entry(&user.upn).or_default().push(&tenant.name);
            if let Some(number) = user.details.phone() {
                let key = NumberKey::new(&tenant.name, number);
                self.holders.entry(key).or_default().push(&user.upn);
            }
        }
    }
}

fn tenant<'s>(
    shot: &'s TenantSnapshot,
    live: &'s LiveTenant,
    fleet: &ImportedFleet<'_>,
    everybody: bool,
) -> SortedTenant<'s> {
    let unseen = Field::ALL.into_iter().filter(|field| !live.sees.contains(field)).collect();
    let mut sorted = SortedTenant {
        shot,
        entries: Vec::new(),
        left_out: Vec::new(),
        platform: 0,
        passed_over: 0,
        shared: 0,
        unseen,
    };
    for user in live.users.values() {
        if live.has_call_app(user) && !user.upn.is_platform_account() {
            sorted.left_out.push((user.upn.clone(), CALL_APP.to_owned()));
            continue;
        }
        let calling = match &user.calling {
            _ if user.upn.is_platform_account() => {
                sorted.platform += 1;
                continue;
            }
            LiveCalling::Enabled => Ok(Calling::Enabled),
            LiveCalling::Disabled if !everybody && !holds_number(user) => {
                sorted.passed_over += 1;
                continue;
            }
            LiveCalling::Disabled => Ok(Calling::Disabled),
            LiveCalling::Unclear(text) => {
                Err(format!("calling is {text:?}, which is neither enabled nor disabled"))
            }
        };
        match calling.and_then(|calling| nameable(user, fleet).map(|()| calling)) {
            Ok(calling) => {
                let shared =
                    user.number().and_then(|n| fleet.shared(&shot.tenant.name, n, &user.upn));
                sorted.shared += usize::from(shared.is_some());
                sorted.entries.push(entry(user, calling, &shot.tenant, fleet));
            }
            Err(why) => sorted.left_out.push((user.upn.clone(), why)),
        }
    }
    sorted
}

fn holds_number(user: &LiveUser) -> bool {
    matches!(user.phone(), LivePhone::Number(_) | LivePhone::Unread(_))
}

fn nameable(user: &LiveUser, fleet: &ImportedFleet<'_>) -> Result<(), String> {
    if user.upn.key().contains("#ext#") {
        return Err("a guest, whose calling belongs to another organisation".to_owned());
    }
    match fleet.tenants.get(&user.upn).map(Vec::as_slice) {
        Some(tenants) if tenants.len() > 1 => {
            Err(format!("shown in several tenants: {}", list(tenants)))
        }
        _ => can_name(&user.upn),
    }
}

fn entry(
    user: &LiveUser,
    calling: Calling,
    tenant: &TenantRef,
    fleet: &ImportedFleet<'_>,
) -> ManifestUser {
    let mut entry = ManifestUser {
        upn: user.upn.clone(),
        calling,
        fields: BTreeMap::new(),
        remarks: Vec::new(),
    };
    // A tenant that is imported does not say how it is written: what only `configureUser` takes is not
    // managed.
    let carried = user.details.iter().filter(|(field, _)| WritePath::default().carries(*field));
    for (field, observed) in carried {
        match observed {
            ObservedValue::Unset | ObservedValue::Set(Value::NoPhone) => {}
            ObservedValue::Unreadable(read) => {
                entry.remarks.push(format!("{field}: {:?} is not understood", read.text()));
            }
            ObservedValue::Set(value) => {
                match can_say(field, value, tenant.extension_prefix.as_ref()) {
                    Err(why) => {
                        entry.remarks.push(format!("{field}: {value} cannot be said: {why}"));
                    }
                    Ok(()) => match phone(value)
                        .and_then(|number| fleet.shared(&tenant.name, number, &user.upn))
                    {
                        Some(other) => entry
                            .remarks
                            .push(format!("{field}: {value} is also held by {:?}", other.as_str())),
                        None => {
                            entry.fields.insert(field, value.clone());
                        }
                    },
                }
            }
        }
    }
    entry
}

fn phone(value: &Value) -> Option<&PhoneNumber> {
    if let Value::Phone(number) = value { Some(number) } else { None }
}

impl ImportedFleet<'_> {
    /// Somebody else who holds the number.
    fn shared(&self, tenant: &TenantName, number: &PhoneNumber, user: &Upn) -> Option<&Upn> {
        let holders = self.holders.get(&NumberKey::new(tenant, number))?;
        holders.iter().copied().find(|holder| *holder != user)
    }
}
