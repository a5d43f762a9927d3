//! Plans without a service: manifests from a folder, live state made by hand, the plan as text.
//!
//! ```text
//! cargo run --example plan_offline [FOLDER]
//! ```
//!
//! Everything here is a pure function of its input: no account, no network, nothing is written. A
//! program of your own can do the same with live state from wherever it likes, in a test of its
//! manifests for example.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::PathBuf,
    sync::Arc,
};

use dialplane::{
    config::Execution,
    manifest::{self, Keeper},
    model::{
        Calling, Confirmation, Consent, Coverage, DesiredTenant, DesiredUser, Field, FieldMap,
        ListExtras, LiveCalling, LiveTenant, LiveUser, Memory, ObservedValue, Upn, Value,
    },
    pass, plan, source, yaml,
};
use jiff::Timestamp;

fn main() -> Result<(), Box<dyn Error>> {
    // 1. Text to desired state. All that is wrong is told at once; tenants whose manifests are
    //    right are planned all the same.
    let folder =
        std::env::args_os().nth(1).map_or_else(|| PathBuf::from("manifests"), PathBuf::from);
    let loaded = manifest::load(&source::read_tree(&[folder]).files);
    for diagnostic in &loaded.diagnostics {
        anstream::eprint!("{}", yaml::render(diagnostic));
    }
    // A keeper that lives longer keeps the last good version of a tenant whose file breaks. Here it
    // sees one version only.
    let in_force = Keeper::default().take(loaded);

    // 2. Live state: whatever was observed. Here all tenants are as desired, but for some drift in
    //    the first of them.
    let mut live: BTreeMap<_, LiveTenant> = in_force
        .desired
        .tenants
        .iter()
        .map(|(name, tenant)| (name.clone(), as_desired(tenant)))
        .collect();
    if let Some((name, tenant)) = in_force.desired.tenants.first_key_value()
        && let Some(live) = live.get_mut(name)
    {
        drift(tenant, live)?;
    }

    // 3. The plan. The journal would remember what was written and cannot be seen yet; here nothing
    //    was.
    let observed = live.into_iter().map(|(name, live)| (name, Ok(Arc::new(live)))).collect();
    let plan = pass::decide(
        &in_force,
        &observed,
        |_| Arc::<Memory>::default(),
        Timestamp::now(),
        &Execution::default(),
    );
    anstream::print!("{}", plan::render::text(&plan));
    Ok(())
}

/// A tenant in which nothing is left to do.
fn as_desired(tenant: &DesiredTenant) -> LiveTenant {
    LiveTenant {
        consent: Consent::Granted,
        // `Suspect` would hold everything that depends on the absence of somebody: disables and
        // number moves.
        coverage: Coverage::Complete,
        // What this "reader" can see at all. A field that is not in here is never called drift.
        sees: BTreeSet::from(Field::ALL),
        users: tenant.users.values().map(observed).collect(),
        // Numbers of others, and what was odd about the list.
        beside: ListExtras::default(),
        // Nobody asks Teams itself.
        confirmation: Confirmation::NotAsked,
    }
}

fn observed(user: &DesiredUser) -> LiveUser {
    let calling = match user.calling {
        Calling::Enabled => LiveCalling::Enabled,
        Calling::Disabled => LiveCalling::Disabled,
    };
    let details = user.details.iter().map(|(field, value)| match value {
        Value::NoPhone => (field, ObservedValue::Unset),
        value => (field, ObservedValue::Set(value.clone())),
    });
    LiveUser { upn: user.upn.clone(), id: None, calling, details: details.collect() }
}

/// What people do in a portal on a busy day.
fn drift(tenant: &DesiredTenant, live: &mut LiveTenant) -> Result<(), Box<dyn Error>> {
    let named = |wanted: Calling| {
        tenant.users.values().filter(move |user| user.calling == wanted).map(|user| &user.upn)
    };
    let mut staff = named(Calling::Enabled).filter(|upn| !tenant.protect.users.contains(*upn));
    let (off, voicemail, hidden) = (staff.next(), staff.next(), staff.next());
    let leaver = named(Calling::Disabled).next();

    if let Some(user) = off.and_then(|upn| live.users.get_mut(upn)) {
        user.calling = LiveCalling::Disabled; // somebody switched a salesman off: enable
    }
    if let Some(user) = voicemail.and_then(|upn| live.users.get_mut(upn)) {
        user.details.insert(Field::UseTeamsVoicemail, ObservedValue::Set(Value::Flag(false))); // update
    }
    if let Some(user) = leaver.and_then(|upn| live.users.get_mut(upn)) {
        user.calling = LiveCalling::Enabled; // a leaver still has calling: disable
    }
    if let Some(upn) = hidden {
        live.users.remove(upn); // outside the sync groups: a problem, and never a reason to disable
    }
    // Somebody whom no manifest names: counted with `prune: never`, disabled with `prune: disable`.
    let stranger = Upn::parse("visitor@example.com")?;
    live.users.insert(LiveUser {
        upn: stranger,
        id: None,
        calling: LiveCalling::Enabled,
        details: FieldMap::default(),
    });
    Ok(())
}
