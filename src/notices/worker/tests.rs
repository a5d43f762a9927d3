//! Who is told when, and how somebody who does not listen is left alone.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::sync::Notify;

use super::*;
use crate::{
    board::{Halt, Manifests, TenantRow},
    model::{Fault, FaultKind, IncidentKind},
    notices::ReceiverWishes,
};

/// Three receivers: one hears, one wants nothing any more, and one does not answer before it is
/// let go.
#[derive(Default)]
struct Ears {
    tries: Mutex<Vec<String>>,
    heard: Notify,
    let_go: Notify,
}

impl Messenger for Ears {
    async fn deliver(&self, receiver: &str, _: &Notice) -> Result<(), DeliveryFailure> {
        self.tries.lock().unwrap().push(receiver.to_owned());
        match receiver {
            "hears" => self.heard.notify_one(),
            "hangs" => self.let_go.notified().await,
            _ => {
                let fault = Fault::new(FaultKind::Rejected, "it answered 410");
                return Err(DeliveryFailure { fault, wait: None, gone: true });
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn no_receiver_keeps_another_from_hearing_and_who_wants_no_more_is_sent_no_more() {
    let ears = Arc::new(Ears::default());
    let receivers =
        ["gone", "hangs", "hears"].map(|name| (name.to_owned(), ReceiverWishes::default()));
    let day = Duration::from_secs(24 * 3600);
    let kept: Arc<Mutex<String>> = Arc::default();
    let told: Arc<Mutex<Vec<ReceiverRow>>> = Arc::default();
    let keep = {
        let kept = Arc::clone(&kept);
        move |text: &str| text.clone_into(&mut kept.lock().unwrap())
    };
    let worker = Worker {
        rules: Rules { after: Duration::ZERO, remind: day, receivers: receivers.into() },
        messenger: Arc::clone(&ears),
        book: IncidentBook::default(),
        keep: Box::new(keep),
        tell: {
            let told = Arc::clone(&told);
            Box::new(move |rows| rows.clone_into(&mut told.lock().unwrap()))
        },
        clock: Timestamp::now,
    };
    let manifests = Manifests { taken_at: Some(Timestamp::UNIX_EPOCH), ..Manifests::default() };
    let good = Status { manifests, ..Status::default() };
    let bad = Status { stop: Some(Halt::default()), ..good.clone() };
    let (statuses, seen) = watch::channel(Arc::new(bad));
    let ended = CancellationToken::new();
    let task = tokio::spawn(worker.run(seen, ended.clone()));
    ears.heard.notified().await;
    statuses.send_replace(Arc::new(good));
    ears.heard.notified().await;
    ended.cancel();
    ears.let_go.notify_one();
    task.await.unwrap();
    let tries = ears.tries.lock().unwrap();
    let count = |name: &str| tries.iter().filter(|tried| *tried == name).count();
    assert_eq!((count("gone"), count("hangs"), count("hears")), (1, 1, 2), "{tries:?}");
    assert!(kept.lock().unwrap().contains("hangs"), "what was under way at the end is kept");
    let told = told.lock().unwrap();
    let row = |name: &str| told.iter().find(|row| row.name == name).unwrap();
    assert!(row("gone").gone && row("gone").failed == 1, "{told:?}");
    assert!(row("hears").delivered >= 1 && row("hears").last_delivery.is_some(), "{told:?}");
}

/// `first` answers as it is said here and takes whatever comes after that; `second` takes all. Both
/// tell that they were asked.
#[derive(Default)]
struct Two {
    answers: Mutex<VecDeque<Option<DeliveryFailure>>>,
    tries: Mutex<usize>,
    first: Notify,
    second: Notify,
}

impl Messenger for Two {
    async fn deliver(&self, receiver: &str, _: &Notice) -> Result<(), DeliveryFailure> {
        if receiver == "second" {
            self.second.notify_one();
            return Ok(());
        }
        *self.tries.lock().unwrap() += 1;
        self.first.notify_one();
        self.answers.lock().unwrap().pop_front().flatten().map_or(Ok(()), Err)
    }
}

impl Two {
    fn tries(&self) -> usize {
        *self.tries.lock().unwrap()
    }
}

/// It tells two receivers at the time of this clock, each of its own kinds. What is wrong comes
/// through the channel: whether all is stopped, how many mistakes there are, how much drift.
fn tells(
    two: &Arc<Two>,
    clock: fn() -> Timestamp,
    kinds: [Vec<IncidentKind>; 2],
) -> watch::Sender<Arc<Status>> {
    let names = ["first", "second"].map(str::to_owned);
    let wishes = kinds.map(|kinds| ReceiverWishes { kinds, ..ReceiverWishes::default() });
    let (statuses, seen) = watch::channel(wrong(false, 0, 0));
    let worker = Worker {
        rules: Rules {
            after: Duration::ZERO,
            remind: Duration::from_secs(24 * 3600),
            receivers: names.into_iter().zip(wishes).collect(),
        },
        messenger: Arc::clone(two),
        book: IncidentBook::default(),
        keep: Box::new(|_| {}),
        tell: Box::new(|_| {}),
        clock,
    };
    tokio::spawn(worker.run(seen, CancellationToken::new()));
    statuses
}

fn wrong(stopped: bool, errors: usize, drift: usize) -> Arc<Status> {
    let taken_at = Some(Timestamp::UNIX_EPOCH);
    let row = TenantRow {
        tenant: "t".to_owned(),
        last: Some(crate::board::LastPass::Done),
        drift,
        ..TenantRow::default()
    };
    Arc::new(Status {
        stop: stopped.then(Halt::default),
        manifests: Manifests { errors, taken_at, ..Manifests::default() },
        tenants: vec![Arc::new(row)],
        ..Status::default()
    })
}

fn at(seconds: &AtomicI64) -> Timestamp {
    Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap()
}

#[tokio::test]
async fn a_receiver_is_left_alone_for_as_long_as_it_asks_and_its_failures_end_with_a_success() {
    static SECONDS: AtomicI64 = AtomicI64::new(0);
    let fault = || Fault::new(FaultKind::Server, "it answered 503");
    let no = |wait| Some(DeliveryFailure { fault: fault(), wait, gone: false });
    let answers = [no(Some(Duration::from_secs(3600))), None, no(None)];
    let two = Arc::new(Two { answers: Mutex::new(answers.into()), ..Two::default() });
    let kinds = [vec![IncidentKind::Stopped], vec![IncidentKind::Drift]];
    let statuses = tells(&two, || at(&SECONDS), kinds);
    let mut drift = 0;
    // The second one is asked after the first one, if that is asked at all.
    for (seconds, stopped, tries) in [
        (0, true, 1),
        (600, true, 1),
        (4000, true, 2),
        (4001, false, 3),
        (4003, false, 3),
        (4030, false, 4),
    ] {
        SECONDS.store(seconds, Ordering::Relaxed);
        drift = usize::from(drift == 0);
        statuses.send_replace(wrong(stopped, 0, drift));
        two.second.notified().await;
        assert_eq!(two.tries(), tries, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_receiver_is_not_told_more_than_a_few_things_in_a_row() {
    static SECONDS: AtomicI64 = AtomicI64::new(0);
    let two = Arc::new(Two::default());
    let kinds = [vec![IncidentKind::Stopped, IncidentKind::Manifests], vec![IncidentKind::Drift]];
    let statuses = tells(&two, || at(&SECONDS), kinds);
    for (stopped, errors) in [(true, 0), (true, 1), (true, 0), (true, 1), (true, 0)] {
        statuses.send_replace(wrong(stopped, errors, 0));
        two.first.notified().await;
    }
    statuses.send_replace(wrong(true, 1, 1));
    two.second.notified().await;
    assert_eq!(two.tries(), 5, "the sixth waits");
    SECONDS.store(10, Ordering::Relaxed);
    statuses.send_replace(wrong(true, 1, 0));
    two.second.notified().await;
    assert_eq!(two.tries(), 6);
}
