//! How the service begins: it looks at all tenants before it plans any, so that nobody is held only
//! because another tenant comes later in the alphabet.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dialplane::{
    board::News,
    config::Run,
    control::desk,
    daemon::{self, Daemon, Inbox, Listener, Pulse, RunLookup},
    journal::VolatileJournal,
    manifest::{self, ManifestFile},
    model::{Entry, Event, Fault, LiveTenant, RunId, TenantRef},
    pass::first_looks,
    ports::LiveReader,
    source::Sources,
    stop::StopSwitch,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::support::{House, fleet, store};

/// Counts how often somebody looks.
struct Counting<R> {
    reader: R,
    looks: Arc<AtomicUsize>,
}

impl<R: LiveReader> LiveReader for Counting<R> {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.reader.observe(tenant).await
    }
}

#[tokio::test]
async fn all_tenants_are_looked_at_before_any_is_planned() {
    let manifests = fleet(&[
        ("contoso", "", &["adele enabled +14255550100"]),
        ("fabrikam", "", &["bert enabled"]),
    ]);
    let house = House::open(&manifests, |world| {
        store(
            world,
            "adele@contoso.com",
            dialplane::model::Field::PhoneNumber,
            dialplane::model::Value::NoPhone,
        );
    })
    .await;
    let folder = crate::folder::folder();
    fs::write(folder.path().join("fleet.yaml"), &manifests).unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    let daemon = Daemon {
        sources: Sources::folders(&[folder.path().to_owned()]),
        own_files: PathBuf::from("/nowhere"),
        reader: Counting { reader: house.client.reader(), looks: Arc::clone(&looks) },
        provisioner: house.client.writer(),
        switch: StopSwitch { setting: Arc::default(), file: None, named: false, common: None },
        journal: Arc::new(VolatileJournal::default()),
        lead: None,
        past: RunLookup::nothing(),
        execution: house.execution,
        timing: Run { debounce: Duration::from_millis(20), ..Run::default() },
        pulse: Pulse::default(),
    };
    // What each plan holds, and how many looks there were before it.
    let planned = Arc::new(Mutex::new(Vec::new()));
    let (heard, before) = (Arc::clone(&planned), Arc::clone(&looks));
    let listener: Listener = Box::new(move |news| {
        if let News::Planned(plan, _) = news {
            let holds: Vec<String> = plan
                .steps
                .iter()
                .flat_map(|step| &step.holds)
                .map(|hold| hold.reason.clone())
                .collect();
            heard.lock().unwrap().push((before.load(Ordering::SeqCst), holds));
        }
    });
    let stop = CancellationToken::new();
    let service = tokio::spawn(daemon::run(
        daemon,
        Inbox::of(desk(Timestamp::now()).1),
        vec![listener],
        stop.clone(),
    ));
    for _ in 0..6000 {
        if planned.lock().unwrap().len() >= 2 && house.writes().len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    assert_eq!(service.await.unwrap(), Ok(()));
    assert_eq!(house.writes(), ["update adele@contoso.com", "sync contoso"]);
    // What was found at the beginning serves for the first pass of each.
    let planned = planned.lock().unwrap();
    assert_eq!(planned.first(), Some(&(2, Vec::new())));
    assert_eq!(planned.get(1), Some(&(2, Vec::new())));
}

/// One tenant never answers.
struct Hanging<R>(R);

impl<R: LiveReader> LiveReader for Hanging<R> {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        if tenant.name.as_str() == "contoso" {
            std::future::pending::<()>().await;
        }
        self.0.observe(tenant).await
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_answer_is_not_waited_for_and_what_was_sent_of_it_still_counts() {
    let manifests = fleet(&[
        ("adatum", "", &["adele enabled"]),
        ("contoso", "", &["bert enabled"]),
        ("fabrikam", "", &["carl enabled"]),
    ]);
    let house = House::open(&manifests, |_| {}).await;
    let loaded = manifest::load(&[ManifestFile::new("fleet.yaml", &manifests)]);
    let tenants: Vec<_> = loaded.desired.tenants.values().cloned().collect();
    let synced = Timestamp::from_second(1_700_000_000).unwrap();
    let journal = VolatileJournal::of(tenants.iter().map(|tenant| Entry {
        at: synced,
        run: RunId::new("r1"),
        tenant: tenant.name.clone(),
        tenant_id: tenant.id.clone(),
        event: Event::Synced,
    }));
    let looks = first_looks(&Hanging(house.client.reader()), &journal, tenants, 16).await;
    let mut told: Vec<_> = looks
        .iter()
        .map(|look| {
            let memory = look.memory.as_ref().unwrap();
            (look.tenant.name.as_str(), look.live.is_some(), memory.last_sync)
        })
        .collect();
    told.sort_unstable();
    let expected = [("adatum", true), ("contoso", false), ("fabrikam", true)];
    assert_eq!(told, expected.map(|(name, is_seen)| (name, is_seen, Some(synced))));
}
