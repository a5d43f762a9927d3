//! The task that tells: it looks at each new status, and sends what receivers have not heard.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{book::IncidentBook, pace::ReceiverPace, rules::Rules};
use crate::{
    board::{ReceiverRow, Status},
    model::Notice,
    ports::{DeliveryFailure, Messenger},
    words::{between, duration},
};

/// How long the end of the service waits for notices under way.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The longest sleep: clocks jump.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The shortest: nothing is told to the millisecond.
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// Keeps the book as text for the next start. It may block, and says itself if it cannot.
pub type SaveBook = Box<dyn Fn(&str) + Send + Sync>;

/// Hears how receivers are, whenever that changes. It must not wait.
pub type TellReceivers = Box<dyn Fn(&[ReceiverRow]) + Send + Sync>;

/// The task that tells.
pub struct Worker<M> {
    /// When something is told, and to whom.
    pub rules: Rules,
    /// Who takes it there.
    pub messenger: Arc<M>,
    /// What an earlier start left.
    pub book: IncidentBook,
    /// Where it is left for the next one.
    pub keep: SaveBook,
    /// Who hears how receivers are.
    pub tell: TellReceivers,
    /// By the clock of this machine.
    pub clock: fn() -> Timestamp,
}

/// A notice that was sent, and what became of it.
type SentNotice = (String, Notice, Result<(), DeliveryFailure>);

impl<M: Messenger + 'static> Worker<M> {
    /// Tells until the service has ended.
    pub async fn run(
        mut self,
        mut statuses: watch::Receiver<Arc<Status>>,
        ended: CancellationToken,
    ) {
        let names = self.rules.receivers.keys();
        let mut paces: BTreeMap<String, ReceiverPace> =
            names.clone().map(|name| (name.clone(), ReceiverPace::default())).collect();
        let row = |name: &String| ReceiverRow { name: name.clone(), ..ReceiverRow::default() };
        let mut rows: Vec<ReceiverRow> = names.map(row).collect();
        let mut told = Vec::new();
        let mut under_way: FuturesUnordered<BoxFuture<'static, SentNotice>> =
            FuturesUnordered::new();
        let mut busy: Vec<String> = Vec::new();
        let mut kept = self.book.to_text();
        while !ended.is_cancelled() {
            let now = (self.clock)();
            let status = Arc::clone(&statuses.borrow_and_update());
            self.book.see(&status, &self.rules, now);
            let mut wakes_at = self.book.wakes_at(&self.rules, now);
            for (receiver, pace) in &mut paces {
                if busy.contains(receiver) {
                    continue;
                }
                let Some(notice) = self.book.next(receiver, &self.rules, now) else { continue };
                match pace.free_at(now) {
                    Some(free) if free <= now => {
                        pace.sent(now);
                        busy.push(receiver.clone());
                        under_way.push(self.send(receiver.clone(), notice));
                    }
                    Some(free) => wakes_at = Some(wakes_at.map_or(free, |at| at.min(free))),
                    None => {}
                }
            }
            self.keep_if_changed(&mut kept);
            for row in &mut rows {
                row.undelivered = self.book.undelivered(&row.name, &self.rules, now);
            }
            if told != rows {
                (self.tell)(&rows);
                told.clone_from(&rows);
            }
            tokio::select! {
                Some(sent) = under_way.next(), if !under_way.is_empty() => {
                    busy.retain(|receiver| *receiver != sent.0);
                    self.end(&mut paces, &mut rows, sent);
                }
                changed = statuses.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(sleep(wakes_at, now)) => {}
                () = ended.cancelled() => {}
            }
        }
        // The service has told its last: it is kept, and told after the next start.
        let status = Arc::clone(&statuses.borrow_and_update());
        self.book.see(&status, &self.rules, (self.clock)());
        let last_words = async {
            while let Some(sent) = under_way.next().await {
                self.end(&mut paces, &mut rows, sent);
            }
        };
        // What is not taken by then is told again after the next start.
        let _ = tokio::time::timeout(LAST_WORDS, last_words).await;
        self.keep_if_changed(&mut kept);
    }

    fn send(&self, receiver: String, notice: Notice) -> BoxFuture<'static, SentNotice> {
        let messenger = Arc::clone(&self.messenger);
        Box::pin(async move {
            let taken = messenger.deliver(&receiver, &notice).await;
            (receiver, notice, taken)
        })
    }

    fn end(
        &mut self,
        paces: &mut BTreeMap<String, ReceiverPace>,
        rows: &mut [ReceiverRow],
        (receiver, notice, taken): SentNotice,
    ) {
        let Some(pace) = paces.get_mut(&receiver) else { return };
        if let Some(row) = rows.iter_mut().find(|row| row.name == receiver) {
            match &taken {
                Ok(()) => {
                    row.delivered += 1;
                    row.last_delivery = Some((self.clock)());
                }
                Err(DeliveryFailure { gone, .. }) => {
                    row.failed += 1;
                    row.gone = *gone;
                }
            }
        }
        match taken {
            Ok(()) => {
                self.book.delivered(&receiver, &notice);
                let failures = pace.took();
                if failures > 0 {
                    info!(receiver, failures, "notices are delivered again");
                }
            }
            Err(DeliveryFailure { fault, gone: true, .. }) => {
                pace.end();
                warn!(
                    receiver,
                    hint = "take it out of the configuration, or give it another URL, and start \
                        the service again",
                    "it wants no notices any more: {fault}"
                );
            }
            Err(DeliveryFailure { fault, wait, .. }) => {
                let wait = pace.failed((self.clock)(), wait, fastrand::f64());
                let again = duration(Duration::from_secs(wait.as_secs()));
                warn!(receiver, again, hint = fault.hint, "a notice is not delivered: {fault}");
            }
        }
    }

    fn keep_if_changed(&self, kept: &mut String) {
        let text = self.book.to_text();
        if text != *kept {
            (self.keep)(&text);
            *kept = text;
        }
    }
}

/// How long nothing can become due.
fn sleep(wakes_at: Option<Timestamp>, now: Timestamp) -> Duration {
    let until = wakes_at.map_or(LONGEST_SLEEP, |at| between(now, at));
    until.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
}

#[cfg(test)]
mod tests;
