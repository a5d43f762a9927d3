//! Changes of a sandbox's world, as somebody else would make them.

use super::{name, tenant_id, upn};

use dialplane::{
    model::{Calling, Details, Field, GatewayId, PhoneNumber, Value},
    sandbox::{FaultRule, InjectedFault, Tenant, User, World},
};

/// A user of the world; without a domain, of contoso.com.
pub(crate) fn user<'w>(world: &'w mut World, who: &str) -> &'w mut User {
    let upn = upn(&if who.contains('@') { who.to_owned() } else { format!("{who}@contoso.com") });
    world
        .tenants
        .values_mut()
        .find_map(|tenant| tenant.users.get_mut(&upn))
        .unwrap_or_else(|| panic!("no {upn}"))
}

pub(crate) fn tenant<'w>(world: &'w mut World, text: &str) -> &'w mut Tenant {
    world.tenant_mut(&name(text)).unwrap()
}

/// Changes what the platform keeps of a user.
pub(crate) fn store(world: &mut World, who: &str, field: Field, value: Value) {
    let user = user(world, who);
    user.stored.set(field, value);
    user.push();
}

pub(crate) fn switch(world: &mut World, who: &str, calling: Calling) {
    let user = user(world, who);
    user.calling = calling;
    user.push();
}

/// Somebody whom no manifest names.
pub(crate) fn stranger(
    world: &mut World,
    of: &str,
    who: &str,
    calling: Calling,
    details: &[(Field, Value)],
) {
    let stored: Details =
        details.iter().cloned().chain([(Field::SbcGatewayId, gateway(805))]).collect();
    tenant(world, of).users.insert(upn(who), User::new(calling, stored));
}

pub(crate) fn number(text: &str) -> Value {
    Value::Phone(PhoneNumber::parse(text, None).unwrap())
}

pub(crate) fn gateway(id: i64) -> Value {
    Value::Gateway(GatewayId::new(id).unwrap())
}

pub(crate) fn on(failure: InjectedFault, route: dialplane::sandbox::Route) -> FaultRule {
    FaultRule::new(failure).on(route)
}

/// In one tenant of a fleet only.
pub(crate) fn of_tenant(rule: FaultRule, index: usize) -> FaultRule {
    FaultRule { tenant: Some(tenant_id(index)), ..rule }
}

/// No number is held by two people anywhere.
pub(crate) fn assert_numbers_are_unique(world: &World) {
    let mut held: Vec<(String, String)> = world
        .users()
        .filter_map(|(tenant, upn, user)| {
            let number = user.stored.phone()?;
            let place = if number.is_extension() { tenant.to_string() } else { String::new() };
            Some((format!("{place} {}", number.normal()), upn.to_string()))
        })
        .collect();
    held.sort();
    for pair in held.windows(2) {
        assert_ne!(pair[0].0, pair[1].0, "{} and {} hold one number", pair[0].1, pair[1].1);
    }
}
