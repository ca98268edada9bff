//! Counting (2): a producer floods a counter, and then asks it how many there were.
//!
//! Stresses: one sender, one receiver, a full mailbox: enqueueing, taking out in batches, and backpressure.
//!
//! Parameters: N = 1,000,000 increments. Messages: the increments, the start, and the question; N + 2.
//!
//! Verified: the count, and the sum of what the increments carry, 1 to N, in closed form.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 2, name: "counting", parameters: "N = 1,000,000", play, tokio: Some(play_tokio) };

/// How many there were, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    count: u64,
    sum: u64,
}

impl Tally {
    /// Of the numbers from 1 to `n`, by Gauss.
    fn of_all(n: u64) -> Self {
        Self { count: n, sum: n * (n + 1) / 2 }
    }

    fn add(&mut self, number: u64) {
        self.count += 1;
        self.sum += number;
    }
}

#[derive(Default)]
struct Counter(Tally);

impl Actor for Counter {}

struct Increment(u64);

impl Message for Increment {
    type Result = ();
}

impl Handler<Increment> for Counter {
    async fn handle(&mut self, Increment(number): Increment, _: &mut ActorContext<Self>) {
        self.0.add(number);
    }
}

struct Retrieve;

impl Message for Retrieve {
    type Result = Tally;
}

impl Handler<Retrieve> for Counter {
    async fn handle(&mut self, _: Retrieve, _: &mut ActorContext<Self>) -> Tally {
        self.0
    }
}

struct Producer {
    counter: ActorRef<Counter>,
    report: mpsc::Sender<Tally>,
}

impl Actor for Producer {}

struct Produce(u64);

impl Message for Produce {
    type Result = ();
}

impl Handler<Produce> for Producer {
    async fn handle(&mut self, Produce(n): Produce, _: &mut ActorContext<Self>) {
        for number in 1..=n {
            self.counter.tell(Increment(number)).await.expect("the counter lives");
        }
        let tally = self.counter.send(Retrieve).await.expect("the counter replies");
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(tally);
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let n = size.pick(1_000_000, 5_000);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let counter = system.spawn(Counter::default()).start()?;
    let producer = system.spawn(Producer { counter, report }).start()?;
    producer.blocking_tell(Produce(n))?;
    let (outcome, tally) = outcome(started, n + 2, &result)?;
    verify("the tally", Tally::of_all(n), tally)?;
    Ok(outcome)
}

/// What the counting task receives.
enum Order {
    Increment(u64),
    Retrieve(oneshot::Sender<Tally>),
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let n = size.pick(1_000_000, 5_000);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (counter, mut orders) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        let mut tally = Tally::default();
        while let Some(order) = orders.recv().await {
            match order {
                Order::Increment(number) => tally.add(number),
                Order::Retrieve(reply) => reply.send(tally).expect("the producer waits"),
            }
        }
    });
    runtime.spawn(async move {
        for number in 1..=n {
            counter.send(Order::Increment(number)).await.expect("the counter lives");
        }
        let (reply, tally) = oneshot::channel();
        counter.send(Order::Retrieve(reply)).await.expect("the counter lives");
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(tally.await.expect("the counter replies"));
    });
    let (outcome, tally) = outcome(started, n + 2, &result)?;
    verify("the tally", Tally::of_all(n), tally)?;
    Ok(outcome)
}
