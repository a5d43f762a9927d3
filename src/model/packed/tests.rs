//! What was packed comes back as it was, whatever it is, and takes few bytes.

use std::fmt::Debug;

use proptest::{option, prelude::*};

use super::{Pack, Packed, Packing};
use crate::model::{
    ExtensionPrefix, Field, FieldKind, FieldMap, GatewayId, LiveCalling, LiveUser, ObservedValue,
    PhoneNumber, Roster, UnreadableValue, Upn, UserId, Users, Value,
};

/// Texts that are like each other, of the letters of the world, and long ones.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{1,4}", "[aäß東\u{1f600}]{1,3}", "[a-z ]{1,12}", "x{250,270}"]
}

fn upn() -> impl Strategy<Value = Upn> {
    "[aA\u{c4}\u{130}b]{1,3}\\.?[a-c]{0,2}@(contoso|Fabrikam)\\.com"
        .prop_map(|upn| Upn::parse(&upn).unwrap())
}

fn number() -> impl Strategy<Value = PhoneNumber> {
    let us = ExtensionPrefix::parse("+1").unwrap();
    let numbers =
        ["+14255550100", "+1 (425) 555-0100", "14255550101;ext=7", "1000", "+11000", "+４9"];
    prop::sample::select(numbers.to_vec())
        .prop_filter_map("a number", move |text| PhoneNumber::observed(text, Some(&us)))
}

fn value(field: Field) -> BoxedStrategy<Value> {
    match field.kind() {
        FieldKind::Phone => {
            prop_oneof![number().prop_map(Value::Phone), Just(Value::NoPhone)].boxed()
        }
        FieldKind::Gateway => {
            (1..i64::MAX).prop_map(|id| Value::Gateway(GatewayId::new(id).unwrap())).boxed()
        }
        FieldKind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        FieldKind::Text => text().prop_map(|text| Value::Text(text.into())).boxed(),
    }
}

fn values() -> impl Strategy<Value = FieldMap<Value>> {
    let one = prop::sample::select(Field::ALL.to_vec())
        .prop_flat_map(|field| value(field).prop_map(move |value| (field, value)));
    prop::collection::vec(one, 0..6).prop_map(|values| values.into_iter().collect())
}

fn observed() -> impl Strategy<Value = FieldMap<ObservedValue>> {
    let odd = prop_oneof![
        Just(ObservedValue::Unset),
        (text(), text()).prop_map(|(text, place)| ObservedValue::Unreadable(UnreadableValue::new(
            text, &place
        ))),
    ];
    let odd = prop::collection::vec((prop::sample::select(Field::ALL.to_vec()), odd), 0..3);
    (values(), odd).prop_map(|(values, odd)| {
        let mut all: FieldMap<ObservedValue> =
            values.into_iter().map(|(field, value)| (field, ObservedValue::Set(value))).collect();
        all.extend(odd);
        all
    })
}

fn live() -> impl Strategy<Value = LiveUser> {
    let calling = prop_oneof![
        Just(LiveCalling::Enabled),
        Just(LiveCalling::Disabled),
        text().prop_map(LiveCalling::Unclear),
    ];
    let id = option::of("[0-9a-f]{4}").prop_map(|id| UserId::observed(&id?));
    (upn(), id, calling, observed()).prop_map(|(upn, id, calling, details)| LiveUser {
        upn,
        id,
        calling,
        details,
    })
}

/// All of it, with both forms of everything that has two.
fn whole<U: Debug>(users: &[U]) -> String {
    format!("{users:#?}")
}

fn comes_back<U: Pack + Debug>(users: &[U]) {
    let packed: Packed<U> = users.iter().collect();
    let again: Vec<U> = packed.iter().collect();
    assert_eq!(whole(&again), whole(users));
    // Spelling is in the bytes.
    let twice: Packed<U> = again.iter().collect();
    assert_eq!(twice.bytes, packed.bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn live_users_come_back_as_they_were(users in prop::collection::vec(live(), 0..24)) {
        comes_back(&users);
    }

    #[test]
    fn a_roster_at_rest_is_the_one_that_is_awake(users in prop::collection::vec(live(), 0..24)) {
        let awake: Users<LiveUser> = users.into_iter().collect();
        let rested = Roster::at_rest(awake.values().collect::<Packed<LiveUser>>());
        prop_assert_eq!(rested.len(), awake.len());
        prop_assert_eq!(&*rested, &awake);
        prop_assert_eq!(&rested, &Roster::from(awake.clone()));
        let again = Roster::at_rest(awake.values().collect::<Packed<LiveUser>>());
        prop_assert!(rested.is_plainly(&again));
        let mut changed = rested.clone();
        for user in awake.values() {
            let removed = changed.remove(&user.upn);
            prop_assert_eq!(removed.as_ref(), Some(user));
        }
        prop_assert!(changed.is_empty() && changed != rested || awake.is_empty());
        let fewer = Roster::at_rest(awake.values().skip(1).collect::<Packed<LiveUser>>());
        prop_assert!(!rested.is_plainly(&fewer) || awake.is_empty());
        prop_assert!(rested.is_plainly(&rested.clone()));
    }

    #[test]
    fn who_is_met_at_rest_is_who_is_met_awake(
        ours in prop::collection::vec(live(), 0..24),
        others in prop::collection::vec(live(), 0..24),
        is_by_name in any::<bool>(),
    ) {
        let ours: Users<LiveUser> = ours.into_iter().collect();
        let awake: Users<LiveUser> = others.into_iter().collect();
        let mut packing = Packing::default();
        let mut order: Vec<&LiveUser> = awake.values().collect();
        if !is_by_name {
            order.reverse();
        }
        for user in order {
            packing.push_named(user);
        }
        let rested = Roster::at_rest(packing.finish());
        let mut met = Vec::new();
        ours.meet(&rested, |one, other| met.push((one.cloned(), other.cloned())));
        let beside = ours.beside(&awake).map(|(one, other)| (one.cloned(), other.cloned()));
        prop_assert_eq!(met, beside.collect::<Vec<_>>());
        let mut each = Vec::new();
        rested.each(|user| each.push(user.clone()));
        prop_assert!(each.iter().eq(awake.values()));
    }
}

/// A user as most are.
fn usual(n: usize) -> LiveUser {
    let number = PhoneNumber::observed(&format!("+49{:010}", 3_000_000_000 + n), None).unwrap();
    let policy = ["National", "Emergency"][n % 2];
    let details = [
        (Field::PhoneNumber, Value::Phone(number)),
        (Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap())),
        (Field::CallPolicyName, Value::Text(policy.into())),
        (Field::UserTag, Value::Text(format!("Anna Mueller {n}").into())),
    ];
    let observed = details.map(|(field, value)| (field, ObservedValue::Set(value)));
    LiveUser {
        upn: Upn::parse(&format!("user{n:06}@tenant-0001.example.com")).unwrap(),
        id: None,
        calling: LiveCalling::Enabled,
        details: observed.into_iter().collect(),
    }
}

#[test]
fn many_rows_take_few_bytes() {
    let users: Vec<LiveUser> = (0..1000).map(usual).collect();
    let packed: Packed<LiveUser> = users.iter().collect();
    assert!(packed.bytes.len() < 30 * users.len(), "{} bytes", packed.bytes.len());
}
