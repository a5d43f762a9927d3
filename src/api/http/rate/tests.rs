//! Simulated services that let so many calls through, and clients that keep to the rate they learn.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use proptest::prelude::*;

use super::*;

/// What a service tells a call that it refuses to wait.
const TOLD: Duration = Duration::from_secs(1);

/// How often a call goes out at most.
const TRIES: u32 = 5;

/// A bucket of tokens: a call takes one, and `rate` come back in a second, `burst` at most.
struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    last: Duration,
    /// From when on it lets another number through.
    then: Option<(Duration, f64)>,
}

impl Bucket {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, tokens: burst, last: Duration::ZERO, then: None }
    }

    fn takes(&mut self, now: Duration) -> bool {
        if let Some((from, rate)) = self.then
            && now >= from
        {
            (self.rate, self.then) = (rate, None);
        }
        let time = now.saturating_sub(self.last).as_secs_f64();
        self.tokens = (self.tokens + time * self.rate).min(self.burst);
        self.last = now;
        let takes = self.tokens >= 1.0;
        if takes {
            self.tokens -= 1.0;
        }
        takes
    }
}

/// How clients work.
#[derive(Debug, Clone, Copy)]
struct Work {
    calls: u32,
    clients: usize,
    /// Calls that each client makes side by side.
    workers: usize,
    /// There and back.
    latency: Duration,
    /// What a worker does between two calls.
    pause: Duration,
}

/// Small latencies and four users of four tenants, as by default.
const USUAL: Work = Work {
    calls: 1000,
    clients: 1,
    workers: 16,
    latency: Duration::from_millis(2),
    pause: Duration::from_millis(8),
};

#[derive(Debug, PartialEq)]
struct Ended {
    seconds: f64,
    refused: u32,
    /// The most that one call was refused.
    most: u32,
    /// The calls of each client that were let through.
    share: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    client: usize,
    refused: u32,
    begun: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wanted(Call),
    Turn(usize),
    Arrived(Call),
    Answered(Call, bool),
}

/// Events in the order of their times, those of one time in the order they were added.
#[derive(Default)]
struct Agenda {
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    added: u64,
}

impl Agenda {
    fn add(&mut self, at: Duration, event: Event) {
        self.added += 1;
        self.events.push(Reverse((at, self.added, event)));
    }
}

/// A client, and the calls that wait for their turns.
#[derive(Default)]
struct Client {
    rate: Rate,
    line: VecDeque<Call>,
    asks_again: bool,
}

impl Client {
    fn pump(
        &mut self,
        number: usize,
        work: Work,
        start: Instant,
        now: Duration,
        agenda: &mut Agenda,
    ) {
        while let Some(call) = self.line.front().copied() {
            match self.rate.turn(start + now) {
                Ok(()) => {
                    self.line.pop_front();
                    let call = Call { begun: now, ..call };
                    agenda.add(now + work.latency / 2, Event::Arrived(call));
                }
                Err(at) => {
                    if !self.asks_again {
                        agenda.add(at - start, Event::Turn(number));
                    }
                    self.asks_again = true;
                    return;
                }
            }
        }
    }
}

fn run(work: Work, mut bucket: Bucket) -> Ended {
    let start = Instant::now();
    let mut agenda = Agenda::default();
    let mut clients: Vec<Client> = (0..work.clients).map(|_| Client::default()).collect();
    let mut ended = Ended { seconds: 0.0, refused: 0, most: 0, share: vec![0; work.clients] };
    let mut left = work.calls;
    let mut wanted = |agenda: &mut Agenda, at, client| {
        if left > 0 {
            left -= 1;
            agenda.add(at, Event::Wanted(Call { client, refused: 0, begun: at }));
        }
    };
    for _ in 0..work.workers {
        for client in 0..work.clients {
            wanted(&mut agenda, Duration::ZERO, client);
        }
    }
    while let Some(Reverse((now, _, event))) = agenda.events.pop() {
        let client = match event {
            Event::Wanted(call) => {
                clients[call.client].line.push_back(call);
                call.client
            }
            Event::Turn(client) => {
                clients[client].asks_again = false;
                client
            }
            Event::Arrived(call) => {
                agenda.add(now + work.latency / 2, Event::Answered(call, bucket.takes(now)));
                continue;
            }
            Event::Answered(call, true) => {
                clients[call.client].rate.let_through(start + call.begun, start + now);
                ended.share[call.client] += 1;
                ended.seconds = now.as_secs_f64();
                wanted(&mut agenda, now + work.pause, call.client);
                continue;
            }
            Event::Answered(call, false) => {
                clients[call.client].rate.refused(start + call.begun, start + now);
                ended.refused += 1;
                let refused = call.refused + 1;
                ended.most = ended.most.max(refused);
                agenda.add(now + TOLD, Event::Wanted(Call { refused, ..call }));
                continue;
            }
        };
        clients[client].pump(client, work, start, now, &mut agenda);
    }
    ended
}

/// The least time in which the calls can be let through.
fn ideal(work: Work, rate: f64, burst: f64) -> f64 {
    let side_by_side = f64::from(u32::try_from(work.workers * work.clients).unwrap());
    let busy = f64::from(work.calls) / side_by_side * (work.latency + work.pause).as_secs_f64();
    ((f64::from(work.calls) - burst) / rate).max(busy)
}

/// So many calls a second, of which so many may come at once.
fn service(rate: f64, burst: f64) -> Bucket {
    Bucket::new(rate, burst)
}

#[test]
fn a_limit_is_kept_to_and_costs_little() {
    let ended = run(USUAL, service(200.0, 50.0));
    assert!(ended.seconds <= 1.1 * ideal(USUAL, 200.0, 50.0), "{ended:?}");
    assert!(ended.refused <= 20 && ended.most == 1, "{ended:?}");
    // A long run pays for what it learned in the beginning only.
    let long = Work { calls: 20_000, ..USUAL };
    let ended = run(long, service(200.0, 50.0));
    assert!(ended.seconds <= 1.02 * ideal(long, 200.0, 50.0), "{ended:?}");
    assert!(ended.refused <= 60, "{ended:?}");
}

#[test]
fn a_service_without_a_limit_is_not_slowed_down() {
    let ended = run(USUAL, service(1e9, 1e9));
    let busy = f64::from(USUAL.calls.div_ceil(16)) * 0.010;
    assert!(ended.seconds <= busy && ended.refused == 0, "{ended:?} {busy}");
}

#[test]
fn a_limit_that_changes_is_found() {
    let long = Work { calls: 4000, ..USUAL };
    for (rate, then) in [(200.0, 50.0), (50.0, 400.0)] {
        let change = Some((Duration::from_secs(5), then));
        let ended = run(long, Bucket { then: change, ..service(rate, 50.0) });
        let ideal = 5.0 + (f64::from(long.calls) - 50.0 - 5.0 * rate) / then;
        assert!(ended.seconds <= 1.6 * ideal && ended.refused <= 60, "{ended:?} {ideal}");
    }
}

#[test]
fn a_limit_is_shared_by_those_who_keep_to_it() {
    let two = Work { clients: 2, calls: 4000, workers: 8, ..USUAL };
    let ended = run(two, service(200.0, 50.0));
    assert!(ended.seconds <= 1.1 * ideal(two, 200.0, 50.0), "{ended:?}");
    assert!(ended.refused <= 80 && ended.share.iter().all(|share| *share >= 1000), "{ended:?}");
}

#[test]
fn a_rest_neither_raises_the_rate_nor_saves_up_calls() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let mut rate = Rate::default();
    for ms in 0..100 {
        assert_eq!(rate.turn(at(ms)), Ok(()), "nothing was refused yet");
        rate.let_through(at(ms), at(ms));
    }
    rate.refused(at(100), at(100));
    // Half of a hundred in the last second.
    assert_eq!(rate.turn(at(100)), Err(at(120)));
    rate.refused(at(90), at(110));
    assert_eq!(rate.turn(at(110)), Err(at(120)), "it was on its way when the limit was met");
    let minute = at(60_000);
    let together = std::iter::repeat_with(|| rate.turn(minute)).take_while(Result::is_ok).count();
    assert!(together <= 2, "{together}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The waits that single calls are told to sit out come on top.
    #[test]
    fn it_ends_soon_and_no_call_is_given_up(
        (rate, burst) in (20.0..2000.0, 5.0..200.0),
        (workers, latency, pause) in (1..64_usize, 1..100_u64, 0..50_u64),
    ) {
        let work = work(workers, latency, pause);
        let ended = run(work, service(rate, burst));
        prop_assert!(ended.seconds <= 2.0 * ideal(work, rate, burst) + told_waits(), "{ended:?}");
        prop_assert!(ended.refused <= 60 + most_refused(workers), "{ended:?}");
        prop_assert!(ended.most < TRIES, "{ended:?}");
    }

    /// What is learned is worth least where only a few calls may come at once, or where many more
    /// workers than calls a second ask: then single calls may be refused as often as they are tried.
    #[test]
    fn it_ends_whatever_the_service_allows(
        (rate, burst) in (5.0..2000.0, 1.0..200.0),
        (workers, latency, pause) in (1..64_usize, 1..100_u64, 0..50_u64),
    ) {
        let work = work(workers, latency, pause);
        let ended = run(work, service(rate, burst));
        prop_assert!(ended.seconds <= 3.0 * ideal(work, rate, burst) + 12.0, "{ended:?}");
        prop_assert!(ended.refused <= 150 + most_refused(workers), "{ended:?}");
    }
}

fn work(workers: usize, latency: u64, pause: u64) -> Work {
    Work {
        calls: 400,
        workers,
        latency: Duration::from_millis(latency),
        pause: Duration::from_millis(pause),
        ..USUAL
    }
}

/// The longest that a call waits which is let through in the end.
fn told_waits() -> f64 {
    (TOLD * TRIES).as_secs_f64()
}

/// All workers meet the limit at once, twice.
fn most_refused(workers: usize) -> u32 {
    2 * u32::try_from(workers).unwrap()
}
