//! Customers that do not work beside others that do: nobody waits for anybody else's trouble. The
//! service over doubles; no time is measured, rounds are counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use dialplane::{
    board::News,
    config::{Execution, Run},
    control::{Order, desk},
    daemon::{self, Daemon, Inbox, Listener, Pulse, RunLookup},
    journal::VolatileJournal,
    model::{
        Call, Calling, Consent, Fault, FaultKind, Field, LiveCalling, LiveTenant, ObservedValue,
        TenantRef,
    },
    ports::{LiveReader, Permit, Provisioner},
    source::Sources,
    stop::StopSwitch,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::support::{gateway, live_calling, live_tenant, live_user, upn};

const TENANTS: usize = 300;
/// What tenants are called that do not work. By their names they come first.
const HANGING: &str = "a-hangs";
const THROTTLED: &str = "b-is-throttled";
const WITHOUT_CONSENT: &str = "c-gives-no-consent";
const BROKEN: &str = "d-is-broken";

/// The service of the vendor: a user a tenant, and what was asked.
#[derive(Clone, Default)]
struct Vendor(Arc<Mutex<World>>, CancellationToken);

#[derive(Default)]
struct World {
    /// From now on the four do not work, and nobody else's user has calling.
    trouble: bool,
    enabled: BTreeSet<String>,
    looks: BTreeMap<String, usize>,
    sent: BTreeMap<String, Vec<String>>,
    synced: BTreeSet<String>,
}

fn user_of(tenant: &str) -> String {
    format!("user@{tenant}.example")
}

impl Vendor {
    fn world<T>(&self, of: impl FnOnce(&mut World) -> T) -> T {
        of(&mut self.0.lock().unwrap())
    }
}

impl LiveReader for Vendor {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let name = tenant.name.as_str();
        self.world(|world| *world.looks.entry(name.to_owned()).or_default() += 1);
        let trouble = self.world(|world| world.trouble);
        if trouble && name == HANGING {
            self.1.cancelled().await;
        }
        let is_on = self.world(|world| !world.trouble || world.enabled.contains(name));
        let calling: LiveCalling =
            live_calling(if is_on { Calling::Enabled } else { Calling::Disabled }, false);
        let details = [(Field::SbcGatewayId, ObservedValue::Set(gateway(805)))];
        let user = live_user(upn(&user_of(name)), calling, details);
        let refuses = trouble && name == WITHOUT_CONSENT;
        let consent = if refuses { Consent::Missing } else { Consent::Granted };
        Ok(LiveTenant { consent, ..live_tenant([user]) })
    }
}

impl Provisioner for Vendor {
    async fn consent(&self, _: &TenantRef) -> Result<Consent, Fault> {
        Ok(Consent::Granted)
    }

    async fn send(&self, tenant: &TenantRef, call: &Call, _: &Permit) -> Result<(), Fault> {
        let name = tenant.name.as_str();
        if name == THROTTLED {
            // The client waits as long as the service asks, which may be long.
            self.1.cancelled().await;
            return Err(Fault::new(FaultKind::Throttled, "the service wants no calls now"));
        }
        self.world(|world| {
            let verb = if call.user().is_some() { "enable" } else { "sync" };
            world.sent.entry(name.to_owned()).or_default().push(verb.to_owned());
            match call {
                Call::Enable(_) => world.enabled.insert(name.to_owned()),
                Call::Sync => world.synced.insert(name.to_owned()),
                Call::Disable(_)
                | Call::SwitchCallApp(..)
                | Call::Update(_)
                | Call::Configure(_) => false,
            }
        });
        Ok(())
    }
}

/// A file for each tenant, by name.
fn manifests(names: &[String]) -> Vec<(String, String)> {
    let file = |(number, name): (usize, &String)| {
        let mode = if name == BROKEN { "enfroce" } else { "enforce" };
        let text = format!(
            "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: {name} }}\nspec:\n  \
                tenantId: 87d349ed-44d7-43e1-9a83-{number:012}\n  mode: {mode}\n  prune: never\n  \
                adopt: all\n  defaults: {{ sbcGatewayId: 805 }}\n---\n\
                apiVersion: dialplane/v1\nkind: UserSet\n\
                metadata: {{ name: all, tenant: {name} }}\nspec:\n  users:\n    \
                - {{ userPrincipalName: \"{}\", calling: enabled }}\n",
            user_of(name)
        );
        (format!("{name}.yaml"), text)
    };
    names.iter().enumerate().map(file).collect()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_ninety_six_are_done_while_four_do_not_work() {
    let bad = [HANGING, THROTTLED, WITHOUT_CONSENT, BROKEN].map(str::to_owned);
    let good: Vec<String> =
        (bad.len()..TENANTS).map(|number| format!("tenant{number:03}")).collect();
    let names = [&bad[..], &good].concat();
    let folder = crate::folder::folder();
    for (file, text) in manifests(&names) {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let vendor = Vendor::default();
    // As many places as there are tenants that give no answer.
    let execution = Execution { tenants: 2, sync_spacing: Duration::ZERO, ..Execution::default() };
    let daemon = Daemon {
        sources: Sources::folders(&[folder.path().to_owned()]),
        own_files: PathBuf::from("/nowhere"),
        reader: vendor.clone(),
        provisioner: vendor.clone(),
        switch: StopSwitch { setting: Arc::default(), file: None, named: false, common: None },
        journal: Arc::new(VolatileJournal::default()),
        lead: None,
        past: RunLookup::nothing(),
        execution,
        timing: Run {
            debounce: Duration::from_millis(20),
            silence: Duration::from_millis(50),
            ..Run::default()
        },
        pulse: Pulse::default(),
    };
    let ended: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let heard = Arc::clone(&ended);
    let listener: Listener = Box::new(move |news| {
        if let News::Ended { tenant, .. } = news {
            heard.lock().unwrap().insert(tenant.to_string());
        }
    });
    let stop = CancellationToken::new();
    let (desk, orders) = desk(Timestamp::now());
    let service =
        tokio::spawn(daemon::run(daemon, Inbox::of(orders), vec![listener], stop.clone()));
    until("the first passes", || ended.lock().unwrap().len() == TENANTS - 1).await;
    assert!(vendor.world(|world| world.sent.is_empty()), "all is as wanted");

    vendor.world(|world| world.trouble = true);
    desk.place(Order::Reconcile { tenant: None }, "ada".to_owned(), Timestamp::now()).unwrap();
    let synced = |world: &mut World| world.synced.iter().cloned().collect::<Vec<_>>();
    until("the others", || vendor.world(synced).len() == good.len()).await;
    assert_eq!(vendor.world(synced), good, "while the four still do not work");
    // Each took what it takes alone: a look at the start, one now, and the two calls.
    vendor.world(|world| {
        for tenant in &good {
            assert_eq!(world.looks.get(tenant), Some(&2), "{tenant}");
            assert_eq!(world.sent[tenant], ["enable", "sync"], "{tenant}");
        }
        assert_eq!(world.sent.len(), good.len(), "{:?}", world.sent.keys());
        assert_eq!(world.looks.get(BROKEN), None);
    });
    vendor.1.cancel();
    stop.cancel();
    assert_eq!(service.await.unwrap(), Ok(()));
}
