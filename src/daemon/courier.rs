//! Orders that were given to services that stand by: the one that leads takes them from the store
//! that they share, has its loop serve them, and answers there.
//!
//! **Invariant:** what belongs on record is carried out once or not at all: of what another leader
//! took, only looks are made again.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::JoinSet, time::sleep};
use tracing::debug;

use crate::{
    control::{Desk, Order, Request, RequestState},
    ports::{HandedOrder, Lead},
};

/// How often it is looked for orders.
const LOOK: Duration = Duration::from_secs(1);
/// How long one look at a request waits.
const WAIT: Duration = Duration::from_secs(60);

/// Serves the orders of others while this service leads.
#[derive(Debug)]
pub struct OrderCourier {
    lead: Arc<dyn Lead>,
    desk: Desk,
}

impl OrderCourier {
    /// For the service with this desk.
    #[must_use]
    pub fn new(lead: Arc<dyn Lead>, desk: Desk) -> Self {
        Self { lead, desk }
    }

    /// Never ends.
    pub async fn run(self) {
        let mut served: BTreeSet<String> = BTreeSet::new();
        let mut of_term = None;
        let mut tasks = JoinSet::new();
        loop {
            sleep(LOOK).await;
            while tasks.try_join_next().is_some() {}
            let term = self.lead.standing().term();
            if of_term != term {
                served.clear();
                of_term = term;
            }
            let Some(term) = term else { continue };
            let handed = match self.lead.handed(term).await {
                Ok(handed) => handed,
                Err(error) => {
                    debug!(%error, "no orders of other services can be taken now");
                    continue;
                }
            };
            for handed in handed {
                if served.insert(handed.id.clone()) {
                    let serves =
                        ServedOrder { lead: Arc::clone(&self.lead), desk: self.desk.clone() };
                    tasks.spawn(serves.serve(handed, term));
                }
            }
        }
    }
}

/// Serves one order.
struct ServedOrder {
    lead: Arc<dyn Lead>,
    desk: Desk,
}

impl ServedOrder {
    async fn serve(self, handed: HandedOrder, term: u64) {
        let HandedOrder { id, order: text, was_taken } = handed;
        let at = Timestamp::now();
        let order = match Order::of_text(&text) {
            Ok((order, by)) => (order, by),
            Err(why) => return self.refuse(&id, &why, NOT_UNDERSTOOD).await,
        };
        let is_repeatable = matches!(order.0, Order::Reconcile { .. });
        if was_taken && !is_repeatable {
            let why = "the service that took the order ended before it answered";
            return self.refuse(&id, why, NOT_REPEATED).await;
        }
        let Ok(request) = self.desk.place(order.0, order.1, at) else {
            return self.put_back(&id, term).await;
        };
        let settled = loop {
            match self.desk.wait(&request.id, Request::is_settled, WAIT).await {
                Some(request) if request.is_settled() => break request,
                Some(_) => {}
                None => return self.refuse(&id, "the order was forgotten", NOT_REPEATED).await,
            }
        };
        let leads = self.lead.standing().term() == Some(term);
        if settled.state == RequestState::Refused && !leads {
            // It was given up unserved: the next leader serves it.
            return self.put_back(&id, term).await;
        }
        self.answer(&id, &settled).await;
    }

    async fn refuse(&self, id: &str, why: &str, hint: &str) {
        let order = Order::Reconcile { tenant: None };
        let mut request = Request::new(id.to_owned(), &order, String::new(), Timestamp::now());
        request.refuse(why, hint);
        self.answer(id, &request).await;
    }

    /// It is tried until the store takes it.
    async fn answer(&self, id: &str, request: &Request) {
        while let Err(error) = self.lead.answer(id, &request.to_text()).await {
            debug!(%error, "an order of another service cannot be answered yet");
            sleep(LOOK).await;
        }
    }

    async fn put_back(&self, id: &str, term: u64) {
        while let Err(error) = self.lead.put_back(id, term).await {
            debug!(%error, "an order of another service cannot be put back yet");
            sleep(LOOK).await;
        }
    }
}

/// What to do about an order that cannot be read.
const NOT_UNDERSTOOD: &str =
    "nothing was done; every service needs the same version: give the order where the leader runs";
/// What to do about one that may have been carried out.
const NOT_REPEATED: &str =
    "`dialplane status` says whether it was carried out; if not, give the order again";
