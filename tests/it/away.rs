//! The service over a journal that goes away and comes back, as a database does that is restarted.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dialplane::{
    board::News,
    config::Run,
    control::desk,
    daemon::{self, Daemon, Inbox, Listener, Pulse, RunLookup},
    journal::VolatileJournal,
    model::{Calling, Entry, Memory, TenantId},
    ports::{Journal, JournalError, Lease, Recall},
    source::Sources,
    stop::StopSwitch,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::support::{House, NOTHING, contoso, switch};

/// A journal that can be away.
#[derive(Clone, Default)]
struct Leaving {
    journal: VolatileJournal,
    is_away: Arc<AtomicBool>,
    /// It does not show before something is asked of it.
    hides_it: bool,
    asked: Arc<AtomicUsize>,
}

impl Leaving {
    fn look(&self) -> Result<(), JournalError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            let reason = "connection refused".to_owned();
            return Err(JournalError::Away { since: Timestamp::UNIX_EPOCH, reason });
        }
        Ok(())
    }
}

impl Recall for Leaving {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        self.look()?;
        self.journal.recall(tenant).await
    }
}

impl Journal for Leaving {
    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        self.look()?;
        self.journal.memory(lease).await
    }
    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        self.look()?;
        self.journal.lease(tenant).await
    }
    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        self.look()?;
        self.journal.record(lease, entry).await
    }
    fn now(&self) -> Timestamp {
        self.journal.now()
    }
    fn trouble(&self) -> Option<JournalError> {
        if self.hides_it { None } else { self.look().err() }
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..6000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn the_service_waits_for_a_journal_that_is_away_and_goes_on_when_it_is_back() {
    for hides_it in [false, true] {
        let manifests = contoso("", &["adele enabled"]);
        let house = House::open(&manifests, |world| {
            switch(world, "adele@contoso.com", Calling::Disabled);
        })
        .await;
        let folder = crate::folder::folder();
        fs::write(folder.path().join("fleet.yaml"), &manifests).unwrap();
        let journal = Leaving { hides_it, ..Leaving::default() };
        journal.is_away.store(true, Ordering::SeqCst);
        let short = Duration::from_millis(20);
        let daemon = Daemon {
            sources: Sources::folders(&[folder.path().to_owned()]),
            own_files: PathBuf::from("/nowhere"),
            reader: house.client.reader(),
            provisioner: house.client.writer(),
            switch: StopSwitch { setting: Arc::default(), file: None, named: false, common: None },
            journal: Arc::new(journal.clone()),
            lead: None,
            past: RunLookup::nothing(),
            execution: house.execution,
            timing: Run {
                debounce: short,
                poll: short,
                backoff: short,
                backoff_ceiling: short,
                ..Run::default()
            },
            pulse: Pulse::default(),
        };
        let stop = CancellationToken::new();
        let taken = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&taken);
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let listener: Listener = Box::new(move |news| {
            if let News::Journal(away) = news {
                tell.lock().unwrap().push(away.map(str::to_owned));
            }
            heard.fetch_or(matches!(news, News::Manifests { .. }), Ordering::SeqCst);
        });
        let service = tokio::spawn(daemon::run(
            daemon,
            Inbox::of(desk(Timestamp::now()).1),
            vec![listener],
            stop.clone(),
        ));
        until("the manifests", || taken.load(Ordering::SeqCst)).await;
        let before = journal.asked.load(Ordering::SeqCst);
        until("some turns", || journal.asked.load(Ordering::SeqCst) > before + 3).await;
        assert!(!service.is_finished(), "a restart of the database is no end of the service");
        assert!(house.sandbox.calls().is_empty(), "nobody is even looked at");
        journal.is_away.store(false, Ordering::SeqCst);
        until("the rest", || house.writes().len() == 2).await;
        assert_eq!(house.writes(), ["enable adele@contoso.com", "sync contoso"]);
        let away =
            "the journal has been out of reach since 1970-01-01T00:00:00Z: connection refused";
        let expected = if hides_it { Vec::new() } else { vec![Some(away.to_owned()), None] };
        assert_eq!(*told.lock().unwrap(), expected, "the status says why, and that it is over");
        // Away again, and asked to end meanwhile.
        journal.is_away.store(true, Ordering::SeqCst);
        stop.cancel();
        assert_eq!(service.await.unwrap(), Ok(()));
        assert_ne!(house.writes(), NOTHING);
    }
}
