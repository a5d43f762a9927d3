//! The desk: where orders are handed in, and where what became of them is kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use super::{Order, Request};

/// Orders that may wait for the loop. It takes them at each turn, so more is somebody's mistake.
const QUEUE: usize = 32;
/// Requests that are kept. Those that are settled go first.
const KEPT: usize = 256;

/// The desk of one service, and the orders that come in there.
#[must_use]
pub fn desk(began: Timestamp) -> (Desk, Orders) {
    let (queue, orders) = mpsc::channel(QUEUE);
    let book = Arc::new(DeskState {
        began: began.strftime("%Y%m%dT%H%M%SZ").to_string(),
        kept: Mutex::default(),
        changed: Notify::new(),
    });
    (Desk { queue, book: Arc::clone(&book) }, Orders { queue: orders, book })
}

/// Takes orders for a service. Clones are of the same desk.
#[derive(Debug, Clone)]
pub struct Desk {
    queue: mpsc::Sender<PlacedOrder>,
    book: Arc<DeskState>,
}

/// The orders of a service, and its answers.
#[derive(Debug)]
pub struct Orders {
    queue: mpsc::Receiver<PlacedOrder>,
    book: Arc<DeskState>,
}

/// An order that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    /// The request that it became.
    pub id: String,
    /// What is to be done.
    pub order: Order,
    /// Who wants it.
    pub by: String,
}

/// Too many orders wait already, or the service takes none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service takes no order now: it has too many, or it ends")]
pub struct Busy;

#[derive(Debug)]
struct DeskState {
    /// Of a later service they are others.
    began: String,
    kept: Mutex<DeskRequests>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct DeskRequests {
    last: u64,
    requests: VecDeque<Request>,
}

impl DeskState {
    fn kept(&self) -> MutexGuard<'_, DeskRequests> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Option<Request> {
        self.kept().requests.iter().find(|request| request.id == id).cloned()
    }
}

impl Desk {
    /// Hands in an order.
    pub fn place(&self, order: Order, by: String, at: Timestamp) -> Result<Request, Busy> {
        let place = self.queue.try_reserve().map_err(|_| Busy)?;
        let request = {
            let mut kept = self.book.kept();
            kept.last += 1;
            let id = format!("{}-{}", self.book.began, kept.last);
            let request = Request::new(id, &order, by.clone(), at);
            kept.add(request.clone());
            request
        };
        place.send(PlacedOrder { id: request.id.clone(), order, by });
        Ok(request)
    }

    /// What became of a request, once `enough` says so, or after this time. Nothing if there is
    /// none with this id, or it is too long ago.
    pub async fn wait(
        &self,
        id: &str,
        enough: impl Fn(&Request) -> bool,
        at_most: Duration,
    ) -> Option<Request> {
        let told = async {
            loop {
                // Listens before it looks: no change falls between.
                let changed = self.book.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                match self.book.find(id) {
                    Some(request) if !enough(&request) => changed.await,
                    found => return found,
                }
            }
        };
        match timeout(at_most, told).await {
            Ok(found) => found,
            Err(_) => self.book.find(id),
        }
    }
}

impl DeskRequests {
    fn add(&mut self, request: Request) {
        if self.requests.len() >= KEPT {
            let settled = self.requests.iter().position(Request::is_settled).unwrap_or(0);
            self.requests.remove(settled);
        }
        self.requests.push_back(request);
    }
}

impl Orders {
    /// The next order. It never comes if no desk is left.
    pub async fn next(&mut self) -> PlacedOrder {
        match self.queue.recv().await {
            Some(placed) => placed,
            None => std::future::pending().await,
        }
    }

    /// Takes no more orders. Those that were handed in are still to be answered.
    pub fn close(&mut self) -> Vec<PlacedOrder> {
        self.queue.close();
        std::iter::from_fn(|| self.queue.try_recv().ok()).collect()
    }

    /// Notes what became of a request.
    pub fn note(&self, id: &str, change: impl FnOnce(&mut Request)) {
        if let Some(request) = self.book.kept().requests.iter_mut().find(|request| request.id == id)
        {
            change(request);
        }
        self.book.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::RequestState;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn all() -> Order {
        Order::Reconcile { tenant: None }
    }

    #[tokio::test]
    async fn those_who_wait_hear_of_the_end() {
        let (desk, mut orders) = desk(AT);
        let request = desk.place(all(), "ada@desk".to_owned(), AT).unwrap();
        let waits = tokio::spawn({
            let desk = desk.clone();
            let id = request.id.clone();
            async move { desk.wait(&id, Request::is_settled, Duration::from_secs(60)).await }
        });
        let placed = orders.next().await;
        assert_eq!((&placed.id, &placed.order), (&request.id, &all()));
        orders.note(&placed.id, |request| request.state = RequestState::Taken);
        orders.note(&placed.id, |request| request.done("all tenants were looked at"));
        let told = waits.await.unwrap().unwrap();
        assert_eq!(told.state, RequestState::Done);
        assert_eq!(desk.wait("another", Request::is_settled, Duration::ZERO).await, None);
    }

    #[test]
    fn more_orders_than_the_loop_can_take_are_refused_and_not_kept_waiting() {
        let (desk, orders) = desk(AT);
        for _ in 0..QUEUE {
            desk.place(all(), String::new(), AT).unwrap();
        }
        assert_eq!(desk.place(all(), String::new(), AT), Err(Busy));
        drop(orders);
        assert_eq!(desk.place(all(), String::new(), AT), Err(Busy));
    }

    #[tokio::test]
    async fn old_requests_are_let_go_of_those_that_are_settled_first() {
        let (desk, mut orders) = desk(AT);
        let first = desk.place(all(), String::new(), AT).unwrap();
        orders.next().await;
        for number in 0..=KEPT {
            let next = desk.place(all(), String::new(), AT).unwrap();
            orders.next().await;
            orders.note(&next.id, |request| request.done("done"));
            assert!(desk.book.kept().requests.len() <= KEPT, "{number}");
        }
        let open = desk.wait(&first.id, |_| true, Duration::ZERO).await;
        assert_eq!(open.map(|request| request.state), Some(RequestState::Asked));
    }
}
