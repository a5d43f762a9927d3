//! Tenants and users of tests that need no manifest and no sandbox: a value with everything as it
//! mostly is, of which a test says what is special about it (`DesiredTenant { prune, ..desired_tenant(0, users) }`).

use std::collections::BTreeMap;

use dialplane::model::{
    Adopt, Calling, Confirmation, Consent, Coverage, DesiredTenant, DesiredUser, Details, Field,
    Limits, ListExtras, LiveCalling, LiveSource, LiveTenant, LiveUser, Missing, Mode,
    ObservedValue, Origin, Protect, Prune, Release, Service, ShrinkLimit, TenantId, Upn, WritePath,
};

use super::{name, tenant_id};

/// The tenant `t3` with these users: mode `enforce`, prune `never`, adopt `all`, numbers released
/// with `clear`.
pub(crate) fn desired_tenant(
    index: usize,
    users: impl IntoIterator<Item = DesiredUser>,
) -> DesiredTenant {
    DesiredTenant {
        name: name(&format!("t{index}")),
        id: TenantId::parse(&tenant_id(index)).unwrap(),
        account: None,
        mode: Mode::Enforce,
        prune: Prune::Never,
        live: LiveSource::ConnecttoTeams,
        confirm: false,
        adopt: Adopt::All,
        limits: Limits::DEFAULT,
        protect: Protect::default(),
        shrink_limit: ShrinkLimit::DEFAULT,
        writes: WritePath::default(),
        extension_prefix: None,
        clocks: None,
        windows: None,
        release: Release::Clear,
        parking: Vec::new(),
        users: users.into_iter().collect(),
        hands_on: BTreeMap::new(),
        origin: origin(),
        incomplete: None,
        missing: Missing::default(),
    }
}

/// A user of a manifest, without a site and without a reason.
pub(crate) fn desired_user(upn: Upn, calling: Calling, details: Details) -> DesiredUser {
    DesiredUser {
        upn,
        calling,
        details,
        site: None,
        reason: None,
        dates: None,
        onboard: None,
        service: Service::default(),
        origin: origin(),
    }
}

/// The place in a manifest of all that comes from none.
pub(crate) fn origin() -> Origin {
    Origin { file: "fleet.yaml".into(), line: Some(1) }
}

/// A complete list of these users, with consent, by a reader that sees every field.
pub(crate) fn live_tenant(users: impl IntoIterator<Item = LiveUser>) -> LiveTenant {
    LiveTenant {
        consent: Consent::Granted,
        coverage: Coverage::Complete,
        sees: Field::ALL.into(),
        users: users.into_iter().collect(),
        beside: ListExtras::default(),
        confirmation: Confirmation::NotAsked,
    }
}

/// A user of a list that shows no identities.
pub(crate) fn live_user(
    upn: Upn,
    calling: LiveCalling,
    details: impl IntoIterator<Item = (Field, ObservedValue)>,
) -> LiveUser {
    LiveUser { upn, id: None, calling, details: details.into_iter().collect() }
}

/// Calling as a list shows it, or a word that says neither.
pub(crate) fn live_calling(calling: Calling, unclear: bool) -> LiveCalling {
    match calling {
        _ if unclear => LiveCalling::Unclear("PENDING".to_owned()),
        Calling::Enabled => LiveCalling::Enabled,
        Calling::Disabled => LiveCalling::Disabled,
    }
}
