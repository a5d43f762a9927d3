//! Which tenants may hold a number unseen.

use super::*;
use crate::model::{
    Adopt, Confirmation, Consent, LastWrites, Limits, ListExtras, LiveSource, LiveUser, Missing,
    Mode, ObservedValue, Origin, Protect, Prune, Release, Roster, ShrinkLimit, TenantId,
    TenantInForce, WritePath,
};

fn name() -> TenantName {
    TenantName::parse("contoso").unwrap()
}

/// A tenant whose list shows this of Adele's number, if it shows numbers.
fn input(sees: &[Field], coverage: Coverage, number: ObservedValue) -> TenantInput {
    let desired = DesiredTenant {
        name: name(),
        id: TenantId::parse("5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b").unwrap(),
        account: None,
        mode: Mode::Enforce,
        prune: Prune::Never,
        adopt: Adopt::All,
        limits: Limits::DEFAULT,
        protect: Protect::default(),
        clocks: None,
        live: LiveSource::ConnecttoTeams,
        confirm: false,
        shrink_limit: ShrinkLimit::DEFAULT,
        writes: WritePath::default(),
        extension_prefix: None,
        release: Release::Clear,
        parking: Vec::new(),
        windows: None,
        users: Roster::new(),
        hands_on: BTreeMap::new(),
        origin: Origin { file: "a.yaml".into(), line: None },
        incomplete: None,
        missing: Missing::default(),
    };
    let desired = Arc::new(desired);
    let adele = LiveUser {
        upn: Upn::parse("adele@contoso.com").unwrap(),
        id: None,
        calling: LiveCalling::Enabled,
        details: [(Field::PhoneNumber, number)].into_iter().collect(),
    };
    let live = LiveTenant {
        consent: Consent::Granted,
        coverage,
        sees: sees.iter().copied().collect(),
        users: [adele].into_iter().collect(),
        beside: ListExtras::default(),
        confirmation: Confirmation::default(),
    };
    TenantInput {
        tenant: TenantInForce { desired, kept: None, approvals: Vec::new() },
        live: Observation::Seen(Arc::new(live)),
        memory: Arc::default(),
        lease: None,
    }
}

#[test]
fn a_tenant_whose_numbers_are_not_all_known_may_hold_any_until_they_are() {
    let shown: &[Field] = &[Field::PhoneNumber];
    let none: &[Field] = &[];
    let odd = || ObservedValue::Unreadable(UnreadableValue::new("ext. 12", "phone"));
    let suspect = Coverage::Suspect("it was cut short".to_owned());
    let mut ledger = Ledger::default();
    for (what, sees, coverage, number, doubted) in [
        ("all is known", shown, Coverage::Complete, ObservedValue::Unset, false),
        ("the list shows no numbers", none, Coverage::Complete, ObservedValue::Unset, true),
        ("the list may be cut short", shown, suspect, ObservedValue::Unset, true),
        ("a number is not understood", shown, Coverage::Complete, odd(), true),
        ("all is known again", shown, Coverage::Complete, ObservedValue::Unset, false),
    ] {
        let input = input(sees, coverage, number);
        ledger.changed(&name(), Some(&input));
        ledger.catch_up(&BTreeMap::from([(name(), input)]));
        let doubtful = ledger.doubtful();
        let other = TenantName::parse("adatum").unwrap();
        assert_eq!(doubtful.besides(&other), doubted, "{what}: {doubtful:?}");
        assert!(!doubtful.besides(&name()), "{what}: it is in nobody else's way but its own");
    }
}

#[test]
fn a_number_that_a_list_has_shown_is_no_longer_held_because_it_was_written() {
    let adele = Upn::parse("adele@contoso.com").unwrap();
    for landed in [false, true] {
        let number = PhoneNumber::parse("+14255550100", None).unwrap();
        let write = Write {
            value: Value::Phone(number),
            at: Timestamp::UNIX_EPOCH,
            lost: false,
            landed,
            tells: true,
            synced: None,
            in_vain: 0,
        };
        let details = [(Field::PhoneNumber, write)].into();
        let written = LastWrites { details, ..LastWrites::default() };
        let memory = Memory { written: [(adele.clone(), written)].into(), ..Memory::default() };
        assert_eq!(super::write(&memory, &adele).is_none(), landed);
    }
}

#[test]
fn a_number_that_was_sent_to_a_user_whose_row_is_silent_stays_with_that_user() {
    let number = PhoneNumber::observed("+14255550100", None).unwrap();
    let adele = Upn::parse("adele@contoso.com").unwrap();
    // What the row shows, whether the answer was lost, whether a list has shown the number since,
    // and whether the number is hers.
    for (shown, lost, landed, hers) in [
        (None, false, false, true),
        (None, false, true, true),
        (None, true, false, false),
        (Some(ObservedValue::Unset), false, true, false),
    ] {
        let mut input = input(&[Field::PhoneNumber], Coverage::Complete, ObservedValue::Unset);
        let Observation::Seen(live) = &input.live else { panic!("not seen") };
        let mut live = LiveTenant::clone(live);
        let details = shown.iter().map(|shown| (Field::PhoneNumber, shown.clone())).collect();
        let calling = LiveCalling::Enabled;
        live.users =
            [LiveUser { upn: adele.clone(), id: None, calling, details }].into_iter().collect();
        input.live = Observation::Seen(Arc::new(live));
        let write = Write {
            value: Value::Phone(number.clone()),
            at: Timestamp::UNIX_EPOCH,
            lost,
            landed,
            tells: true,
            synced: None,
            in_vain: 0,
        };
        let details = [(Field::PhoneNumber, write)].into();
        let written = LastWrites { details, ..LastWrites::default() };
        let memory = Memory { written: [(adele.clone(), written)].into(), ..Memory::default() };
        input.memory = Arc::new(memory);
        let (held, _) = entries(&input);
        let shown_as_hers = |who: &NumberHolder| matches!(who, NumberHolder::User(user) if user.holding == Holding::Shown);
        assert_eq!(held.iter().any(|(_, who)| shown_as_hers(who)), hers, "{lost} {landed}");
        assert!(held.len() <= 1, "held once");
    }
}
