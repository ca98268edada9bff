//! Sources and sinks of corecast: `try_tell` into unbounded mailboxes, `tell` into bounded ones.

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message};

use super::{BATCH, CAPACITY, Flood, Fork, Next, Supply, Tally, batches, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn flood(Flood { sources, messages }: Flood) -> Found {
    let system = runtimes::corecast();
    let sink = sink(&system, Mailbox::unbounded());
    let sources: Vec<_> = (0..sources).map(|_| source(&system, &sink)).collect();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        let tally = Tally::new(messages, sources.len() as u64, &report);
        sink.blocking_send(Begin { tally, sources: sources.clone() }).expect("the sink lives");
        for (source, number) in sources.iter().zip(0..) {
            source.blocking_tell(Go(Supply::new(number, messages))).expect("the source lives");
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn outside(messages: u64) -> Found {
    let system = runtimes::corecast();
    let sink = sink(&system, Mailbox::unbounded());
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.blocking_send(Begin::alone(messages, &report)).expect("the sink lives");
        for n in 0..messages {
            sink.try_tell(Item(n)).expect("unbounded");
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn bounded(messages: u64) -> Found {
    let system = runtimes::corecast();
    let sink = sink(&system, Mailbox::bounded(CAPACITY));
    let source = source(&system, &sink);
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.blocking_send(Begin::alone(messages, &report)).expect("the sink lives");
        source.blocking_tell(Pour(messages)).expect("the source lives");
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn enqueue(messages: u64) -> Found {
    let system = runtimes::corecast();
    let sink = sink(&system, Mailbox::unbounded());
    let source = source(&system, &sink);
    let (report, sum) = mpsc::channel();
    batches(messages, || {
        sink.blocking_send(Begin::alone(BATCH, &report)).expect("the sink lives");
        let held = Arc::new(Barrier::new(2));
        sink.blocking_tell(Hold(Arc::clone(&held))).expect("the sink lives");
        held.wait();
        let calls = source.blocking_send(Time).expect("the source lives");
        held.wait();
        (calls, sum.recv().expect("the sink reports"))
    })
}

pub(super) fn fork(Fork { sinks, messages }: Fork) -> Found {
    let system = runtimes::corecast();
    let sinks: Vec<_> = (0..sinks).map(|_| sink(&system, Mailbox::unbounded())).collect();
    let source = source(&system, &sinks[0]);
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        for sink in &sinks {
            sink.blocking_send(Begin::alone(messages, &report)).expect("the sink lives");
        }
        source.blocking_tell(Spread { messages, sinks: sinks.clone() }).expect("the source lives");
        sums.iter().take(sinks.len()).sum()
    })
}

fn sink(system: &ActorSystem, mailbox: Mailbox) -> ActorRef<Sink> {
    system.spawn(Sink::default()).mailbox(mailbox).start().expect("the system runs")
}

fn source(system: &ActorSystem, sink: &ActorRef<Sink>) -> ActorRef<Source> {
    let source = Source { sink: sink.clone(), supply: Supply::new(0, 0) };
    system.spawn(source).start().expect("the system runs")
}

struct Item(u64);

impl Message for Item {
    type Result = ();
}

/// What is to come, and from whom.
struct Begin {
    tally: Tally,
    sources: Vec<ActorRef<Source>>,
}

impl Begin {
    fn alone(messages: u64, report: &mpsc::Sender<u64>) -> Self {
        Self { tally: Tally::silent(messages, report), sources: Vec::new() }
    }
}

impl Message for Begin {
    type Result = ();
}

/// Keeps a sink from its messages, from one wait at the barrier to the next.
struct Hold(Arc<Barrier>);

impl Message for Hold {
    type Result = ();
}

#[derive(Default)]
struct Sink {
    tally: Option<Tally>,
    sources: Vec<ActorRef<Source>>,
}

impl Actor for Sink {}

impl Handler<Begin> for Sink {
    async fn handle(&mut self, begin: Begin, _: &mut ActorContext<Self>) {
        self.tally = Some(begin.tally);
        self.sources = begin.sources;
    }
}

impl Handler<Item> for Sink {
    async fn handle(&mut self, Item(n): Item, _: &mut ActorContext<Self>) {
        let tally = self.tally.as_mut().expect("begun");
        if let Next::Source(number) = tally.add(n) {
            self.sources[number].try_tell(More).expect("room");
        }
    }
}

impl Handler<Hold> for Sink {
    async fn handle(&mut self, Hold(held): Hold, _: &mut ActorContext<Self>) {
        held.wait();
        held.wait();
    }
}

struct Source {
    sink: ActorRef<Sink>,
    supply: Supply,
}

impl Actor for Source {}

struct Go(Supply);

impl Message for Go {
    type Result = ();
}

impl Handler<Go> for Source {
    async fn handle(&mut self, Go(supply): Go, _: &mut ActorContext<Self>) {
        self.supply = supply;
        for n in self.supply.first() {
            self.sink.try_tell(Item(n)).expect("unbounded");
        }
    }
}

struct More;

impl Message for More {
    type Result = ();
}

impl Handler<More> for Source {
    async fn handle(&mut self, _: More, _: &mut ActorContext<Self>) {
        for n in self.supply.batch() {
            self.sink.try_tell(Item(n)).expect("unbounded");
        }
    }
}

/// So many messages, each of which waits for room.
struct Pour(u64);

impl Message for Pour {
    type Result = ();
}

impl Handler<Pour> for Source {
    async fn handle(&mut self, Pour(messages): Pour, _: &mut ActorContext<Self>) {
        for n in 0..messages {
            self.sink.tell(Item(n)).await.expect("the sink lives");
        }
    }
}

/// One batch, timed.
struct Time;

impl Message for Time {
    type Result = Duration;
}

impl Handler<Time> for Source {
    async fn handle(&mut self, _: Time, _: &mut ActorContext<Self>) -> Duration {
        let started = Instant::now();
        for n in 0..BATCH {
            self.sink.try_tell(Item(n)).expect("unbounded");
        }
        started.elapsed()
    }
}

/// So many messages to each.
struct Spread {
    messages: u64,
    sinks: Vec<ActorRef<Sink>>,
}

impl Message for Spread {
    type Result = ();
}

impl Handler<Spread> for Source {
    async fn handle(&mut self, Spread { messages, sinks }: Spread, _: &mut ActorContext<Self>) {
        for n in 0..messages {
            for sink in &sinks {
                sink.try_tell(Item(n)).expect("unbounded");
            }
        }
    }
}
