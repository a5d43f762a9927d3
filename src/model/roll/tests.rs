//! Whatever is entered, vanishes and is entered again: a map by name says the same.

use proptest::{option, prelude::*};

use super::*;

/// What happens to the users of a tenant.
#[derive(Debug, Clone)]
enum Change {
    Enter(Vec<Managed>),
    Vanish(Vec<Upn>),
}

/// Names that are alike, in both cases and out of order.
fn upn() -> impl Strategy<Value = Upn> {
    "[aA\u{c4}b]{1,2}[0-9]{0,3}@(contoso|Fabrikam)\\.com".prop_map(|upn| Upn::parse(&upn).unwrap())
}

fn managed() -> impl Strategy<Value = Managed> {
    let id = option::of("[0-9a-c]{2}").prop_map(|id| UserId::observed(&id?));
    (upn(), id).prop_map(|(user, id)| Managed { user, id })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        prop::collection::vec(managed(), 0..400).prop_map(Change::Enter),
        prop::collection::vec(managed(), 0..4).prop_map(Change::Enter),
        prop::collection::vec(upn(), 0..40).prop_map(Change::Vanish),
    ]
}

/// The same with a map.
fn change_map(map: &mut BTreeMap<Upn, RememberedUser>, change: &Change) {
    match change {
        Change::Enter(users) => {
            let ids: BTreeSet<&UserId> = users.iter().filter_map(|user| user.id.as_ref()).collect();
            map.retain(|_, known| known.id.as_ref().is_none_or(|id| !ids.contains(id)));
            for Managed { user, id } in users {
                map.insert(user.clone(), RememberedUser { id: id.clone(), vanished: false });
            }
        }
        Change::Vanish(users) => {
            for user in users {
                if let Some(known) = map.get_mut(user) {
                    known.vanished = true;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_says_what_a_map_says(
        changes in prop::collection::vec(change(), 1..8),
        strangers in prop::collection::vec(upn(), 0..20),
    ) {
        let mut roll = Roll::default();
        let mut map = BTreeMap::new();
        for change in &changes {
            match change {
                Change::Enter(users) => roll.enter(users),
                Change::Vanish(users) => roll.vanish(users),
            }
            change_map(&mut map, change);
            // Spelling included.
            prop_assert_eq!(format!("{roll:?}"), format!("{map:?}"));
            prop_assert_eq!(roll.is_empty(), map.is_empty());
        }
        for user in map.keys().chain(&strangers) {
            prop_assert_eq!(roll.get(user), map.get(user).cloned());
            prop_assert_eq!(roll.contains(user), map.contains_key(user));
        }
        let anew: Roll = map.into_iter().collect();
        prop_assert_eq!(&roll, &anew);
        prop_assert!(roll.parts.iter().all(|part| (1..=MOST).contains(&part.rows.len())));
    }
}

#[test]
fn another_roll_is_another() {
    let user = |name: &str| Managed { user: Upn::parse(name).unwrap(), id: None };
    let mut one = Roll::default();
    one.enter(&[user("ann@contoso.com"), user("bert@contoso.com")]);
    let mut other = one.clone();
    other.vanish(&[user("bert@contoso.com").user]);
    assert_ne!(one, other);
    other.enter(&[user("bert@contoso.com")]);
    assert_eq!(one, other);
}

#[test]
fn many_users_at_once_are_in_few_parts() {
    let user = |n: usize| Managed {
        user: Upn::parse(&format!("user{n:06}@tenant-0001.example.com")).unwrap(),
        id: None,
    };
    let users: Vec<Managed> = (0..10_000).map(user).collect();
    let mut roll = Roll::default();
    roll.enter(&users);
    assert_eq!(roll.parts.len(), 79, "none of them is nearly empty");
}
