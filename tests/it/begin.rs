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
    daemon::{self, Daemon, Inbox, Listener, Past, Pulse},
    journal::VolatileJournal,
    model::{Fault, LiveTenant, TenantRef},
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
        switch: StopSwitch { setting: Arc::default(), file: None, named: false },
        journal: Arc::new(VolatileJournal::default()),
        past: Past::nothing(),
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
