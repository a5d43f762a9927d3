//! Made-up fleets and a model of the service in memory, which knows nothing of plans: numbers are
//! held once, an update stores what it carries.

use std::{collections::BTreeSet, sync::Arc};

use dialplane::{
    manifest::InForce,
    model::{
        Calling, Desired, DesiredTenant, DesiredUser, Details, Field, FieldMap, Limit, Limits,
        Mode, ObservedValue, Protect, Prune, Upn, Value,
    },
};
use proptest::{collection::vec, option, prelude::*};

use crate::support::{desired_tenant, desired_user, gateway, number, upn};

// ---- what is drawn

/// A user: what the manifests want, and what is.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
pub(super) struct Draw {
    pub(super) managed: bool,
    pub(super) protected: bool,
    pub(super) wanted: Calling,
    /// 0 is unmanaged, 1 is none, the rest are numbers.
    pub(super) number: u8,
    pub(super) voicemail: Option<bool>,
    pub(super) tag: Option<u8>,
    pub(super) gateway: bool,
    /// Visible, hidden, or in an unclear state.
    pub(super) seen: u8,
    pub(super) is: Calling,
    pub(super) has_number: u8,
    pub(super) has_voicemail: Option<bool>,
    pub(super) has_tag: Option<u8>,
    pub(super) has_gateway: bool,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
pub(super) struct TenantDraw {
    pub(super) mode: u8,
    pub(super) prune: bool,
    pub(super) consent: u8,
    pub(super) suspect: bool,
    pub(super) unreadable: bool,
    pub(super) incomplete: bool,
    pub(super) percent: u8,
    /// Whether the list shows tags and numbers.
    pub(super) shows_tags: bool,
    pub(super) shows_numbers: bool,
    pub(super) users: Vec<Draw>,
}

pub(super) const SUSPENDED: u8 = 1;

pub(super) fn calling() -> impl Strategy<Value = Calling> {
    prop_oneof![3 => Just(Calling::Enabled), 1 => Just(Calling::Disabled)]
}

pub(super) fn user() -> impl Strategy<Value = Draw> {
    let wish = (
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.1),
        calling(),
        0..12_u8,
        option::of(any::<bool>()),
        option::of(0..3_u8),
    );
    let is = (
        0..12_u8,
        calling(),
        0..12_u8,
        option::of(any::<bool>()),
        option::of(0..3_u8),
        prop::bool::weighted(0.9),
    );
    (wish, prop::bool::weighted(0.8), is).prop_map(
        |((managed, protected, wanted, number, voicemail, tag), gateway, is)| {
            let (seen, is, has_number, has_voicemail, has_tag, has_gateway) = is;
            Draw {
                managed,
                protected,
                wanted,
                number,
                voicemail,
                tag,
                gateway,
                seen,
                is,
                has_number,
                has_voicemail,
                has_tag,
                has_gateway,
            }
        },
    )
}

pub(super) fn tenant() -> impl Strategy<Value = TenantDraw> {
    let rules = (
        0..8_u8,
        prop::bool::weighted(0.3),
        0..8_u8,
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.1),
    );
    let more = (
        prop::bool::weighted(0.1),
        prop_oneof![Just(100_u8), Just(10), Just(0)],
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.95),
    );
    (rules, more, vec(user(), 0..9)).prop_map(
        |((mode, prune, consent, suspect, unreadable), more, users)| {
            let (incomplete, percent, shows_tags, shows_numbers) = more;
            TenantDraw {
                mode,
                prune,
                consent,
                suspect,
                unreadable,
                incomplete,
                percent,
                shows_tags,
                shows_numbers,
                users,
            }
        },
    )
}

pub(crate) fn upn_of(tenant: usize, user: usize) -> Upn {
    upn(&format!("u{user}@t{tenant}.example"))
}

pub(crate) fn phone(drawn: u8) -> Option<Value> {
    match drawn {
        0 => None,
        1 => Some(Value::NoPhone),
        n => Some(number(&format!("+1425555{n:04}"))),
    }
}

/// The fields of a wish or of a state; a number that is taken already becomes `taken`.
pub(super) fn details(
    numbers: &mut BTreeSet<u8>,
    taken: Option<Value>,
    (phone_drawn, voicemail, tag, with_gateway): (u8, Option<bool>, Option<u8>, bool),
) -> Details {
    let free = phone_drawn < 2 || numbers.insert(phone_drawn);
    let pairs = [
        (Field::PhoneNumber, if free { phone(phone_drawn) } else { taken }),
        (Field::SbcGatewayId, with_gateway.then(|| gateway(805))),
        (Field::UseTeamsVoicemail, voicemail.map(Value::Flag)),
        (Field::UserTag, tag.map(|tag| Value::Text(format!("tag {tag}").into()))),
    ];
    pairs.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

pub(super) fn desired(draws: &[TenantDraw]) -> InForce {
    let mut numbers = BTreeSet::new();
    let tenants = draws.iter().enumerate().map(|(index, draw)| {
        let users =
            draw.users.iter().enumerate().filter(|(_, user)| user.managed).map(|(n, user)| {
                let upn = upn_of(index, n);
                let details = details(
                    &mut numbers,
                    None,
                    (user.number, user.voicemail, user.tag, user.gateway),
                );
                desired_user(upn, user.wanted, details)
            });
        let protect = draw
            .users
            .iter()
            .enumerate()
            .filter(|(_, user)| user.protected)
            .map(|(n, _)| upn_of(index, n));
        let tenant = DesiredTenant {
            mode: match draw.mode {
                0 => Mode::Report,
                SUSPENDED => Mode::Suspend,
                _ => Mode::Enforce,
            },
            prune: if draw.prune { Prune::Disable } else { Prune::Never },
            limits: Limits {
                disable: Limit { percent: draw.percent, count: 25, floor: 0 },
                ..Limits::DEFAULT
            },
            protect: Protect { users: protect.collect(), ..Protect::default() },
            incomplete: draw.incomplete.then(|| "new.yaml could not be understood".to_owned()),
            ..desired_tenant(index, users)
        };
        (tenant.name.clone(), Arc::new(tenant))
    });
    InForce { desired: Desired { tenants: tenants.collect() }, ..InForce::default() }
}

/// What a list says of stored details.
pub(crate) fn observed(stored: &Details, sees: &BTreeSet<Field>) -> FieldMap<ObservedValue> {
    let observed = |field: &Field| match stored.get(*field) {
        None | Some(Value::NoPhone) => ObservedValue::Unset,
        Some(value) => ObservedValue::Set(value.clone()),
    };
    sees.iter().map(|field| (*field, observed(field))).collect()
}

/// The wish of a user against what is, without any help from the planner.
pub(crate) fn is_as_wanted(wish: &DesiredUser, calling: Calling, stored: &Details) -> bool {
    let phone = |details: &Details| {
        details.get(Field::PhoneNumber).filter(|value| **value != Value::NoPhone).cloned()
    };
    let same = |(field, value): (Field, &Value)| match field {
        Field::PhoneNumber => phone(&wish.details) == phone(stored),
        _ => stored.get(field) == Some(value),
    };
    let releases = wish.details.get(Field::PhoneNumber) == Some(&Value::NoPhone);
    calling == wish.calling
        && match wish.calling {
            Calling::Enabled => wish.details.iter().all(same),
            Calling::Disabled => !releases || stored.phone().is_none(),
        }
}

// ---- the model of the service
