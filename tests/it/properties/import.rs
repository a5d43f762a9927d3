//! For any live state: kept and read again it is the same, and manifests that are imported from it
//! are right and ask for nothing.

use std::{collections::BTreeMap, sync::Arc};

use dialplane::{
    config::Execution,
    import::{Choice, SplitBy, import},
    manifest::{self, Keeper, ManifestFile},
    model::{
        CallAppCalls, Confirmation, Consent, Coverage, ExtensionPrefix, Fault, FaultKind, Field,
        FieldKind, GatewayId, HeldNumber, Inventory, ListExtras, LiveCalling, LiveTenant, LiveUser,
        NumberList, ObservedValue, PhoneNumber, RecalledMemory, TenantId, TenantRef,
        UnmatchedPlace, UnreadableValue, Upn, UserId, Users, Value,
    },
    pass,
    ports::LiveReader as _,
    snapshot::{Snapshot, TenantSnapshot},
    yaml,
};
use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*};

use crate::support::{live_tenant, name, tenant_id};

/// Texts that something may take for something else.
fn text() -> impl Strategy<Value = String> {
    let odd = [
        "null",
        "~",
        "no",
        "0755",
        "+1425",
        "1e3",
        "a: b",
        "# x",
        " padded ",
        "it's \"so\"",
        "back\\slash",
        "\u{1f600}",
        "no\u{a0}break",
        "sep\u{2028}arator",
        "\u{feff}mark",
        "nel\u{85}",
        "tab\there",
        "two\nlines",
        "{a: b}",
        "- x",
        "Zürich – 東京",
        "none",
        "Global",
        "Global",
        "Global",
    ];
    prop_oneof![4 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

fn number() -> impl Strategy<Value = String> {
    let shapes = [
        "1000",
        "+11001",
        "14255550100",
        "+14255550101",
        "+14255550102",
        "+14255550103;ext=7",
        "tel:+1 (425) 555-0104",
        "+1",
        "12",
        "0049301234567",
        "+123456789012345678",
    ];
    prop_oneof![
        prop::sample::select(shapes.to_vec()).prop_map(str::to_owned),
        (0..10_000_u32).prop_map(|n| format!("+1425556{n:04}")),
    ]
}

#[derive(Debug, Clone)]
enum Draw {
    Value(u8, String, String),
    Unset,
    Unreadable(String, bool),
}

fn details() -> impl Strategy<Value = BTreeMap<usize, Draw>> {
    let draw = prop_oneof![
        6 => (any::<u8>(), text(), number()).prop_map(|(small, text, number)| Draw::Value(small, text, number)),
        1 => Just(Draw::Unset),
        1 => (text(), any::<bool>()).prop_map(|(text, placed)| Draw::Unreadable(text, placed)),
    ];
    prop::collection::btree_map(0..Field::ALL.len(), draw, 0..12)
}

fn user() -> impl Strategy<Value = (String, LiveCalling, Option<UserId>, BTreeMap<usize, Draw>)> {
    let locals = [
        "adele",
        "Adele",
        "o'neil",
        "a+b",
        "guest_x.com#EXT#",
        "callappservice",
        "zoë",
        "hid\u{200b}den",
        "1",
    ];
    let local = prop_oneof![
        2 => prop::sample::select(locals.to_vec()).prop_map(str::to_owned),
        3 => "[a-z]{1,6}",
    ];
    let domain = prop::sample::select(
        &["contoso.com", "Fabrikam.example", "cust1.sbc.connecttoteams.com"][..],
    );
    let calling = prop_oneof![
        5 => Just(LiveCalling::Enabled),
        2 => Just(LiveCalling::Disabled),
        1 => text().prop_map(LiveCalling::Unclear),
    ];
    let id = option::of("[0-9a-f]{8}").prop_map(|id| id.and_then(|id| UserId::observed(&id)));
    (local, domain, calling, id, details()).prop_map(|(local, domain, calling, id, details)| {
        (format!("{local}@{domain}"), calling, id, details)
    })
}

fn unread(text: &str, placed: bool) -> UnreadableValue {
    UnreadableValue::new(text, if placed { "at `/a \"place\"`" } else { "" })
}

/// Numbers of others, places that are in no row, rows without a name.
fn beside() -> impl Strategy<Value = ListExtras> {
    let held =
        (text(), text(), number(), any::<bool>()).prop_map(|(holder, held_as, number, placed)| {
            HeldNumber {
                holder: holder.into(),
                held_as: held_as.into(),
                number: PhoneNumber::observed(&number, None).ok_or_else(|| unread(&number, placed)),
            }
        });
    let unmatched = (option::of(0..Field::ALL.len()), text(), any::<bool>()).prop_map(
        |(field, place, named)| UnmatchedPlace {
            field: field.map(|field| Field::ALL[field]),
            key: "listUsers.id".into(),
            place: place.into(),
            named,
        },
    );
    let list =
        option::of(text()).prop_map(|why| why.map_or(NumberList::NotAsked, NumberList::InDoubt));
    let calls = (any::<bool>(), any::<bool>())
        .prop_map(|(enable, disable)| CallAppCalls { enable, disable });
    (vec(held, 0..3), vec(unmatched, 0..2), 0..2_usize, list, calls).prop_map(
        |(numbers, unmatched, nameless, number_list, call_app_calls)| ListExtras {
            numbers,
            unmatched,
            nameless,
            not_set_up: Users::new(),
            call_app: None,
            call_app_calls,
            clock_ahead: None,
            number_list,
        },
    )
}

fn observed(field: Field, draw: &Draw, prefix: Option<&ExtensionPrefix>) -> ObservedValue {
    let (small, text, number) = match draw {
        Draw::Unset => return ObservedValue::Unset,
        Draw::Unreadable(text, placed) => return ObservedValue::Unreadable(unread(text, *placed)),
        Draw::Value(small, text, number) => (small, text, number),
    };
    match field.kind() {
        FieldKind::Phone => PhoneNumber::observed(number, prefix)
            .map_or(ObservedValue::Unset, |number| ObservedValue::Set(Value::Phone(number))),
        FieldKind::Gateway => {
            ObservedValue::Set(Value::Gateway(GatewayId::new(i64::from(small % 3) + 1).unwrap()))
        }
        FieldKind::Flag => ObservedValue::Set(Value::Flag(small % 4 > 0)),
        FieldKind::Text => ObservedValue::Set(Value::Text(text.as_str().into())),
    }
}

fn shot() -> impl Strategy<Value = TenantSnapshot> {
    let head = (
        0..4_usize,
        any::<bool>(),
        option::weighted(0.2, text()),
        any::<(bool, bool)>(),
        0..2_000_000_000_i64,
    );
    (head, vec(user(), 0..12), prop::bool::weighted(0.1), 0..4_u8, beside()).prop_map(
        |((number, prefix, doubt, consent, at), users, unread, confirmed, mut beside)| {
            let extension_prefix = prefix.then(|| ExtensionPrefix::parse("+1").unwrap());
            let names = ["contoso", "no", "123", "1e3"];
            let id = TenantId::parse(&tenant_id(number)).unwrap();
            let tenant = TenantRef { extension_prefix, ..TenantRef::new(name(names[number]), id) };
            let users = users.into_iter().map(|(upn, calling, id, details)| {
                let upn = Upn::parse(&upn).unwrap();
                let details = details
                    .iter()
                    .map(|(n, draw)| {
                        (
                            Field::ALL[*n],
                            observed(Field::ALL[*n], draw, tenant.extension_prefix.as_ref()),
                        )
                    })
                    .collect();
                LiveUser { upn, id, calling, details }
            });
            for number in beside.numbers.iter_mut().filter_map(|held| held.number.as_mut().ok()) {
                *number = PhoneNumber::observed(number.as_str(), tenant.extension_prefix.as_ref())
                    .unwrap();
            }
            let live = LiveTenant {
                consent: Consent::from_indicators(consent.0, consent.1),
                coverage: doubt.map_or(Coverage::Complete, Coverage::Suspect),
                sees: Field::ALL.into_iter().skip(usize::from(unread)).collect(),
                beside,
                ..live_tenant(users)
            };
            let live = match confirmed {
                0 => LiveTenant {
                    confirmation: Confirmation::Failed("it said \"users\":[]".to_owned()),
                    ..live
                },
                1 => LiveTenant {
                    confirmation: Confirmation::Seen(live.users.clone(), live.coverage.clone()),
                    ..live
                },
                _ => live,
            };
            let fault = Fault::new(FaultKind::Server, "the service\nfailed").hint("wait");
            let live = if unread { Err(fault) } else { Ok(Arc::new(live)) };
            let inventory = (confirmed > 1).then(|| {
                let gateways =
                    BTreeMap::from([(GatewayId::new(2).unwrap(), "EU \"1\"".to_owned())]);
                let tenants =
                    if prefix { Err("no list".to_owned()) } else { Ok([tenant.id.clone()].into()) };
                Arc::new(Inventory {
                    reseller: at,
                    tenants,
                    gateways: if unread { Err("none".to_owned()) } else { Ok(gateways) },
                })
            });
            TenantSnapshot {
                tenant,
                at: Timestamp::from_second(at).unwrap(),
                reader: "connecttoteams".into(),
                inventory,
                live,
            }
        },
    )
}

/// At most one observation of each tenant.
fn shots() -> impl Strategy<Value = Vec<TenantSnapshot>> {
    vec(shot(), 1..4).prop_map(|shots| {
        let by_id: BTreeMap<TenantId, TenantSnapshot> =
            shots.into_iter().map(|shot| (shot.tenant.id.clone(), shot)).collect();
        by_id.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_was_seen(shots in shots()) {
        let mut written = Snapshot::default();
        for shot in &shots {
            written.add(shot.clone());
        }
        let text = written.json();
        let mut read = Snapshot::default();
        let problems = read.add_json("live.json", &text).err().unwrap_or_default();
        prop_assert!(problems.is_empty(), "{}", problems.iter().map(yaml::render).collect::<String>());
        prop_assert_eq!(read.json(), text);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for shot in shots {
            let again = runtime.block_on(read.observe(&shot.tenant));
            prop_assert_eq!(runtime.block_on(read.inventory(&shot.tenant)), shot.inventory);
            prop_assert_eq!(&again, &shot.live.map(|live| LiveTenant::clone(&live)));
        }
    }

    #[test]
    fn what_is_imported_asks_for_nothing(
        shots in shots(),
        users_per_file in 1..8_usize,
        split_by in prop::sample::select(&[None, Some(SplitBy::Domain), Some(SplitBy::Field(Field::UserTag)), Some(SplitBy::Field(Field::SbcGatewayId))][..]),
        everybody: bool,
    ) {
        let imported = import(&shots, &Choice { users_per_file, split_by, everybody });
        prop_assert_eq!(&imported, &import(&shots, &Choice { users_per_file, split_by, everybody }));
        let files: Vec<ManifestFile> = imported.files.iter().map(|file| ManifestFile::new(&file.path, &file.text)).collect();
        let loaded = manifest::load(&files);
        let problems: String = loaded.diagnostics.iter().map(yaml::render).collect();
        prop_assert!(problems.is_empty(), "{}", anstream::adapter::strip_str(&problems));
        let in_force = Keeper::default().take(loaded);
        let users: usize = in_force.desired.tenants.values().map(|tenant| tenant.users.len()).sum();
        prop_assert_eq!(users, imported.users);
        let observed = shots.into_iter().map(|shot| (shot.tenant.name, shot.live)).collect();
        let plan = pass::decide(&in_force, &observed, |_| RecalledMemory::default(), Timestamp::UNIX_EPOCH, &Execution::default());
        for tenant in &plan.tenants {
            prop_assert!(tenant.steps.is_empty() && tenant.remarks.problems.is_empty(), "{:?}\n{}", tenant, imported.files.iter().map(|file| file.text.as_str()).collect::<String>());
        }
    }
}
