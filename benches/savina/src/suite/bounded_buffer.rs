//! Bounded Buffer (11): producers and consumers with a buffer between them, which a manager keeps.
//!
//! Stresses: flow control by messages; each item takes some 20 microseconds to make and as long to use, so that it is the
//! spreading of work that counts.
//!
//! Parameters: a buffer of 50, 40 producers of 1,000 items each, 40 consumers, costs 25 and 25. Messages: for each item the
//! order, the item twice (to the manager and on), and that the consumer is free again; and the end of producers, consumers and
//! manager; 4 x 40,000 + 81.
//!
//! Verified: with the suite's work, each piece of which adds the same sum of logarithms to a number, what producers and
//! consumers end with is known in closed form, given that sum; it is computed as the logarithm of a product. The buffer
//! never held more than it may.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 11,
    name: "bounded-buffer",
    parameters: "buffer 50, 40 producers of 1,000, 40 consumers, costs 25",
    play,
    tokio: Some(play_tokio),
};

const BUFFER: usize = 50;
const PRODUCERS: usize = 40;
const CONSUMERS: usize = 40;
/// What an item costs on either side.
const COST: u64 = 25;

/// Items of each producer.
fn items(size: Size) -> u64 {
    size.pick(1_000, 10)
}

fn messages(items: u64) -> u64 {
    4 * PRODUCERS as u64 * items + (PRODUCERS + CONSUMERS) as u64 + 1
}

/// What one piece of work takes the logarithms of: the suite has a generator of the same seed each time.
fn numbers() -> impl Iterator<Item = f64> {
    let mut random = Random::new(COST);
    (0..COST * 100).map(move |_| random.unit() + 0.01)
}

/// The suite's work. One copy of it, so that all who do it do the same.
#[inline(never)]
fn work(start: f64) -> f64 {
    numbers().fold(start, |sum, number| sum + number.ln())
}

/// The buffer, and who waits for it; how messages are sent is another matter.
#[derive(Debug)]
struct Buffer {
    items: VecDeque<f64>,
    /// Producers that have to wait before they make another item.
    producers: VecDeque<usize>,
    /// Consumers that are free.
    consumers: VecDeque<usize>,
    /// The most items that it ever held.
    most: usize,
}

impl Buffer {
    fn new() -> Self {
        let consumers = (0..CONSUMERS).collect();
        Self { items: VecDeque::new(), producers: VecDeque::new(), consumers, most: 0 }
    }

    /// Takes an item. Returns who gets it now, and whether its producer may make another one.
    fn put(&mut self, item: f64, producer: usize) -> (Option<usize>, bool) {
        let consumer = self.consumers.pop_front();
        if consumer.is_none() {
            self.items.push_back(item);
            self.most = self.most.max(self.items.len());
        }
        // Each producer may have one under way.
        let may_go_on = self.items.len() < BUFFER - PRODUCERS;
        if !may_go_on {
            self.producers.push_back(producer);
        }
        (consumer, may_go_on)
    }

    /// A consumer is free. Returns the item that it gets now, and the producer that may make another one.
    fn take(&mut self, consumer: usize) -> (Option<f64>, Option<usize>) {
        let Some(item) = self.items.pop_front() else {
            self.consumers.push_back(consumer);
            return (None, None);
        };
        (Some(item), self.producers.pop_front())
    }
}

/// What comes out in the end.
#[derive(Debug)]
struct Totals {
    producers: Vec<f64>,
    consumers: Vec<f64>,
    most: usize,
}

impl Totals {
    fn verify(&self, items: u64) -> Result<(), Failure> {
        // The logarithm of the product, in factors that don't underflow.
        let numbers: Vec<_> = numbers().collect();
        let piece: f64 = numbers.chunks(50).map(|chunk| chunk.iter().product::<f64>().ln()).sum();
        let items = items as f64;
        let made = piece * items;
        // Its items are one piece, two pieces and so on; using an item is another piece.
        let used = PRODUCERS as f64 * piece * (items * (items + 1.0) / 2.0 + items);
        let equal = |expected: f64, got: f64| (got / expected - 1.0).abs() < 1e-9;
        verify("the producers", PRODUCERS, self.producers.iter().filter(|&&total| equal(made, total)).count())?;
        verify("the consumers", CONSUMERS, self.consumers.len())?;
        let total = self.consumers.iter().sum();
        if !equal(used, total) {
            return Err(Failure::new(format!("what was consumed: expected {used}, got {total}")));
        }
        if self.most > BUFFER {
            return Err(Failure::new(format!("the buffer held {} items", self.most)));
        }
        Ok(())
    }
}

struct Producer {
    id: usize,
    left: u64,
    last: f64,
    manager: ActorRef<Manager>,
}

impl Actor for Producer {}

/// Orders an item.
struct Produce;

impl Message for Produce {
    type Result = ();
}

impl Handler<Produce> for Producer {
    async fn handle(&mut self, _: Produce, ctx: &mut ActorContext<Self>) {
        if self.left == 0 {
            self.manager.tell(Exhausted { total: self.last }).await.expect("the manager lives");
            return ctx.stop();
        }
        self.left -= 1;
        self.last = work(self.last);
        let produced = Produced { item: self.last, producer: self.id };
        self.manager.tell(produced).await.expect("the manager lives");
    }
}

struct Consumer {
    id: usize,
    total: f64,
    manager: ActorRef<Manager>,
}

impl Actor for Consumer {}

struct Consume {
    item: f64,
}

impl Message for Consume {
    type Result = ();
}

impl Handler<Consume> for Consumer {
    async fn handle(&mut self, Consume { item }: Consume, _: &mut ActorContext<Self>) {
        self.total = work(self.total + item);
        self.manager.tell(Free { consumer: self.id }).await.expect("the manager lives");
    }
}

/// Ends a consumer, and returns its total.
struct End;

impl Message for End {
    type Result = f64;
}

impl Handler<End> for Consumer {
    async fn handle(&mut self, _: End, ctx: &mut ActorContext<Self>) -> f64 {
        ctx.stop();
        self.total
    }
}

struct Manager {
    buffer: Buffer,
    producers: Vec<ActorRef<Producer>>,
    consumers: Vec<ActorRef<Consumer>>,
    /// Items of each producer.
    items: u64,
    consumed: u64,
    /// Totals of producers that have made all their items.
    exhausted: Vec<f64>,
    report: mpsc::Sender<Totals>,
}

impl Manager {
    /// Ends everything when the last item is consumed and the last producer has no more.
    async fn end_when_done(&mut self, ctx: &ActorContext<Self>) {
        if self.consumed < self.items * PRODUCERS as u64 || self.exhausted.len() < PRODUCERS {
            return;
        }
        let mut consumers = Vec::new();
        for consumer in &self.consumers {
            consumers.push(consumer.send(End).await.expect("a consumer replies"));
        }
        let producers = std::mem::take(&mut self.exhausted);
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(Totals { producers, consumers, most: self.buffer.most });
        ctx.stop();
    }
}

impl Actor for Manager {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let (system, manager) = (ctx.system(), ctx.actor_ref());
        for id in 0..CONSUMERS {
            let consumer = Consumer { id, total: 0.0, manager: manager.clone() };
            self.consumers.push(system.spawn(consumer).start()?);
        }
        for id in 0..PRODUCERS {
            let producer = Producer { id, left: self.items, last: 0.0, manager: manager.clone() };
            let producer = system.spawn(producer).start()?;
            producer.tell(Produce).await?;
            self.producers.push(producer);
        }
        Ok(())
    }
}

struct Produced {
    item: f64,
    producer: usize,
}

impl Message for Produced {
    type Result = ();
}

impl Handler<Produced> for Manager {
    async fn handle(&mut self, Produced { item, producer }: Produced, _: &mut ActorContext<Self>) {
        let (consumer, may_go_on) = self.buffer.put(item, producer);
        if let Some(consumer) = consumer {
            self.consumers[consumer].tell(Consume { item }).await.expect("a consumer lives");
        }
        if may_go_on {
            self.producers[producer].tell(Produce).await.expect("a producer lives");
        }
    }
}

/// A consumer has used its item.
struct Free {
    consumer: usize,
}

impl Message for Free {
    type Result = ();
}

impl Handler<Free> for Manager {
    async fn handle(&mut self, Free { consumer }: Free, ctx: &mut ActorContext<Self>) {
        self.consumed += 1;
        let (item, producer) = self.buffer.take(consumer);
        if let Some(item) = item {
            self.consumers[consumer].tell(Consume { item }).await.expect("a consumer lives");
        }
        if let Some(producer) = producer {
            self.producers[producer].tell(Produce).await.expect("a producer lives");
        }
        self.end_when_done(ctx).await;
    }
}

/// A producer has made all its items.
struct Exhausted {
    total: f64,
}

impl Message for Exhausted {
    type Result = ();
}

impl Handler<Exhausted> for Manager {
    async fn handle(&mut self, Exhausted { total }: Exhausted, ctx: &mut ActorContext<Self>) {
        self.exhausted.push(total);
        self.end_when_done(ctx).await;
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let items = items(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let manager = Manager {
        buffer: Buffer::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        items,
        consumed: 0,
        exhausted: Vec::new(),
        report,
    };
    system.spawn(manager).start()?;
    let (outcome, totals) = outcome(started, messages(items), &result)?;
    totals.verify(items)?;
    Ok(outcome)
}

/// What the manager's task receives.
enum Event {
    Produced { item: f64, producer: usize },
    Free { consumer: usize },
    Exhausted { total: f64 },
}

/// What a consumer's task receives.
enum Order {
    Consume { item: f64 },
    End(oneshot::Sender<f64>),
}

/// Starts the task of a producer.
fn spawn_producer(
    runtime: &Runtime,
    id: usize,
    items: u64,
    manager: tokio_mpsc::Sender<Event>,
) -> tokio_mpsc::Sender<()> {
    let (producer, mut orders) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        let mut last = 0.0;
        for _ in 0..items {
            orders.recv().await.expect("the manager lives");
            last = work(last);
            manager.send(Event::Produced { item: last, producer: id }).await.expect("the manager lives");
        }
        orders.recv().await.expect("the manager lives");
        manager.send(Event::Exhausted { total: last }).await.expect("the manager lives");
    });
    producer
}

/// Starts the task of a consumer.
fn spawn_consumer(runtime: &Runtime, id: usize, manager: tokio_mpsc::Sender<Event>) -> tokio_mpsc::Sender<Order> {
    let (consumer, mut orders) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        let mut total = 0.0;
        loop {
            match orders.recv().await.expect("the manager lives") {
                Order::Consume { item } => {
                    total = work(total + item);
                    manager.send(Event::Free { consumer: id }).await.expect("the manager lives");
                }
                Order::End(reply) => break reply.send(total).expect("the manager waits"),
            }
        }
    });
    consumer
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let items = items(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (manager, mut events) = tokio_mpsc::channel(1_024);
    let consumers: Vec<_> = (0..CONSUMERS).map(|id| spawn_consumer(runtime, id, manager.clone())).collect();
    let producers: Vec<_> = (0..PRODUCERS).map(|id| spawn_producer(runtime, id, items, manager.clone())).collect();
    runtime.spawn(async move {
        let (mut buffer, mut consumed, mut exhausted) = (Buffer::new(), 0, Vec::new());
        for producer in &producers {
            producer.send(()).await.expect("a producer lives");
        }
        while consumed < items * PRODUCERS as u64 || exhausted.len() < PRODUCERS {
            let (consumer, item, producer) = match events.recv().await.expect("the manager is a sender itself") {
                Event::Produced { item, producer } => {
                    let (consumer, may_go_on) = buffer.put(item, producer);
                    (consumer, Some(item), may_go_on.then_some(producer))
                }
                Event::Free { consumer } => {
                    consumed += 1;
                    let (item, producer) = buffer.take(consumer);
                    (Some(consumer), item, producer)
                }
                Event::Exhausted { total } => {
                    exhausted.push(total);
                    (None, None, None)
                }
            };
            if let Some((consumer, item)) = consumer.zip(item) {
                consumers[consumer].send(Order::Consume { item }).await.expect("a consumer lives");
            }
            if let Some(producer) = producer {
                producers[producer].send(()).await.expect("a producer lives");
            }
        }
        let mut totals = Vec::new();
        for consumer in &consumers {
            let (reply, total) = oneshot::channel();
            consumer.send(Order::End(reply)).await.expect("a consumer lives");
            totals.push(total.await.expect("a consumer replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(Totals { producers: exhausted, consumers: totals, most: buffer.most });
    });
    let (outcome, totals) = outcome(started, messages(items), &result)?;
    totals.verify(items)?;
    Ok(outcome)
}
