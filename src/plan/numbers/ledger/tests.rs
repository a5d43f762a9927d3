//! Which tenants may hold a number unseen.

use super::*;
use crate::model::{
    Adopt, Beside, Confirmation, Consent, Limits, LiveSource, LiveUser, Missing, Mode, Observed,
    Origin, Protect, Prune, Release, Roster, ShrinkLimit, TenantId, TenantInForce, WritePath,
    Written,
};

fn name() -> TenantName {
    TenantName::parse("contoso").unwrap()
}

/// A tenant whose list shows this of Adele's number, if it shows numbers.
fn input(sees: &[Field], coverage: Coverage, number: Observed) -> TenantInput {
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
        beside: Beside::default(),
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
    let odd = || Observed::Unreadable(Unread::new("ext. 12", "phone"));
    let suspect = Coverage::Suspect("it was cut short".to_owned());
    let mut ledger = Ledger::default();
    for (what, sees, coverage, number, doubted) in [
        ("all is known", shown, Coverage::Complete, Observed::Unset, false),
        ("the list shows no numbers", none, Coverage::Complete, Observed::Unset, true),
        ("the list may be cut short", shown, suspect, Observed::Unset, true),
        ("a number is not understood", shown, Coverage::Complete, odd(), true),
        ("all is known again", shown, Coverage::Complete, Observed::Unset, false),
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
        let written = Written { details, ..Written::default() };
        let memory = Memory { written: [(adele.clone(), written)].into(), ..Memory::default() };
        assert_eq!(super::write(&memory, &adele).is_none(), landed);
    }
}
