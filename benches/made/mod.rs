//! Fleets that are made up, for whoever measures what they cost.

use std::{fmt::Write as _, sync::Arc};

use dialplane::{
    manifest::InForce,
    model::{
        Calling, Confirmation, Consent, Coverage, DesiredTenant, Field, FieldMap, ListExtras,
        LiveCalling, LiveTenant, LiveUser, ObservedValue,
    },
    pass,
};

/// One tenant in which everybody calls and everything may change at once.
pub(crate) fn loose(users: usize) -> String {
    let limits = "  limits: \
        { disable: { percent: 100, count: 100000 }, numbers: { percent: 100, count: 1000000 }, changes: { percent: 100, count: 1000000 } }\n  numbers: { parking: [\"+19999999999\"] }\n";
    let text: String = manifests(users, 1).into_iter().map(|(_, text)| text).collect();
    text.replace("  limits: { disable: { percent: 100, count: 100000 } }\n", limits)
        .replace("calling: disabled", "calling: enabled")
}

/// The same users with each other's numbers.
pub(crate) fn shuffle(text: &str) -> String {
    let is_number = |line: &&str| line.contains("phoneNumber:");
    let mut numbers: Vec<&str> = text.lines().filter(is_number).collect();
    fastrand::Rng::with_seed(1).shuffle(&mut numbers);
    let mut numbers = numbers.into_iter();
    let line = |line| if is_number(&line) { numbers.next().unwrap_or(line) } else { line };
    text.lines().map(line).flat_map(|line| [line, "\n"]).collect()
}

/// So many users in so many tenants, a file each.
pub(crate) fn manifests(users: usize, tenants: usize) -> Vec<(String, String)> {
    let each = users / tenants;
    (0..tenants)
        .map(|tenant| {
            let mut text = format!(
                "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
                    {{ name: tenant{tenant:03} }}\nspec:\n  tenantId: \
                    00000000-0000-4000-8000-{tenant:012}\n  mode: enforce\n  prune: \
                    never\n  limits: \
                    {{ disable: {{ percent: 100, count: 100000 }} }}\n  defaults: \
                    {{ sbcGatewayId: 805, useTeamsVoicemail: true, callPolicy: {{ name: Global }} }}\n---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: all, tenant: tenant{tenant:03} }}\nspec:\n  users:\n"
            );
            for user in 0..each {
                let calling = if user % 50 == 7 { "disabled" } else { "enabled" };
                let _ = write!(
                    text,
                    "    - userPrincipalName: \
                        user{user}@tenant{tenant:03}.example\n      calling: \
                        {calling}\n      phoneNumber: \"+1{:010}\"\n",
                    2_000_000_000 + tenant * each + user
                );
            }
            (format!("tenant{tenant:03}.yaml"), text)
        })
        .collect()
}

/// All tenants as they are to be, but for the voicemail of every tenth user.
pub(crate) fn observed(in_force: &InForce) -> pass::ObservedTenants {
    let tenants = in_force.desired.tenants.iter();
    tenants.map(|(name, tenant)| (name.clone(), Ok(Arc::new(live(tenant))))).collect()
}

/// The same of one.
pub(crate) fn live(tenant: &DesiredTenant) -> LiveTenant {
    let users = tenant.users.values().enumerate().map(|(number, user)| {
        let mut details: FieldMap<ObservedValue> = user
            .details
            .iter()
            .map(|(field, value)| (field, ObservedValue::Set(value.clone())))
            .collect();
        if number % 10 == 3 {
            details.insert(Field::UseTeamsVoicemail, ObservedValue::Unset);
        }
        let calling = if user.calling == Calling::Enabled {
            LiveCalling::Enabled
        } else {
            LiveCalling::Disabled
        };
        LiveUser { upn: user.upn.clone(), id: None, calling, details }
    });
    let confirmation = Confirmation::NotAsked;
    LiveTenant {
        consent: Consent::Granted,
        coverage: Coverage::Complete,
        sees: Field::ALL.into(),
        users: users.collect(),
        beside: ListExtras::default(),
        confirmation,
    }
}
