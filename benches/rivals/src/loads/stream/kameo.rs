//! Sources and sinks of kameo: `tell` with `try_send` into unbounded mailboxes, and with `send` into bounded ones.

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{BATCH, CAPACITY, Flood, Fork, Next, Supply, Tally, batches, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn flood(Flood { sources, messages }: Flood) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let sink = sink();
    let sources: Vec<_> = (0..sources).map(|_| source(&sink)).collect();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        let tally = Tally::new(messages, sources.len() as u64, &report);
        sink.tell(Begin { tally, sources: sources.clone() }).try_send().expect("the sink lives");
        for (source, number) in sources.iter().zip(0..) {
            source.tell(Go(Supply::new(number, messages))).try_send().expect("the source lives");
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn outside(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let sink = sink();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.tell(Begin::alone(messages, &report)).try_send().expect("the sink lives");
        for n in 0..messages {
            sink.tell(Item(n)).try_send().expect("the sink lives");
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn bounded(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let sink = Sink::spawn_with_mailbox(Sink::default(), mailbox::bounded(CAPACITY));
    let source = source(&sink);
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.tell(Begin::alone(messages, &report)).blocking_send().expect("the sink lives");
        source.tell(Pour(messages)).try_send().expect("the source lives");
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn enqueue(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let sink = sink();
    let source = source(&sink);
    let (report, sum) = mpsc::channel();
    batches(messages, || {
        sink.tell(Begin::alone(BATCH, &report)).try_send().expect("the sink lives");
        let held = Arc::new(Barrier::new(2));
        sink.tell(Hold(Arc::clone(&held))).try_send().expect("the sink lives");
        held.wait();
        let calls = source.ask(Time).blocking_send().expect("the source lives");
        held.wait();
        (Duration::from_nanos(calls), sum.recv().expect("the sink reports"))
    })
}

pub(super) fn fork(Fork { sinks, messages }: Fork) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let sinks: Vec<_> = (0..sinks).map(|_| sink()).collect();
    let source = source(&sinks[0]);
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        for sink in &sinks {
            sink.tell(Begin::alone(messages, &report)).try_send().expect("the sink lives");
        }
        source.tell(Spread { messages, sinks: sinks.clone() }).try_send().expect("the source lives");
        sums.iter().take(sinks.len()).sum()
    })
}

fn sink() -> ActorRef<Sink> {
    Sink::spawn_with_mailbox(Sink::default(), mailbox::unbounded())
}

fn source(sink: &ActorRef<Sink>) -> ActorRef<Source> {
    let source = Source { sink: sink.clone(), supply: Supply::new(0, 0) };
    Source::spawn_with_mailbox(source, mailbox::unbounded())
}

struct Item(u64);

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

/// Keeps a sink from its messages, from one wait at the barrier to the next.
struct Hold(Arc<Barrier>);

#[derive(Default, kameo::Actor)]
struct Sink {
    tally: Option<Tally>,
    sources: Vec<ActorRef<Source>>,
}

impl Message<Begin> for Sink {
    type Reply = ();

    async fn handle(&mut self, begin: Begin, _: &mut Context<Self, ()>) {
        self.tally = Some(begin.tally);
        self.sources = begin.sources;
    }
}

impl Message<Item> for Sink {
    type Reply = ();

    async fn handle(&mut self, Item(n): Item, _: &mut Context<Self, ()>) {
        let tally = self.tally.as_mut().expect("begun");
        if let Next::Source(number) = tally.add(n) {
            self.sources[number].tell(More).try_send().expect("the source lives");
        }
    }
}

impl Message<Hold> for Sink {
    type Reply = ();

    async fn handle(&mut self, Hold(held): Hold, _: &mut Context<Self, ()>) {
        held.wait();
        held.wait();
    }
}

#[derive(kameo::Actor)]
struct Source {
    sink: ActorRef<Sink>,
    supply: Supply,
}

impl Source {
    fn send(&self, messages: impl Iterator<Item = u64>) {
        for n in messages {
            self.sink.tell(Item(n)).try_send().expect("the sink lives");
        }
    }
}

struct Go(Supply);

impl Message<Go> for Source {
    type Reply = ();

    async fn handle(&mut self, Go(supply): Go, _: &mut Context<Self, ()>) {
        self.supply = supply;
        let messages = self.supply.first();
        self.send(messages);
    }
}

struct More;

impl Message<More> for Source {
    type Reply = ();

    async fn handle(&mut self, _: More, _: &mut Context<Self, ()>) {
        let messages = self.supply.batch();
        self.send(messages);
    }
}

/// So many messages, each of which waits for room.
struct Pour(u64);

impl Message<Pour> for Source {
    type Reply = ();

    async fn handle(&mut self, Pour(messages): Pour, _: &mut Context<Self, ()>) {
        for n in 0..messages {
            self.sink.tell(Item(n)).send().await.expect("the sink lives");
        }
    }
}

/// One batch, timed, in nanoseconds.
struct Time;

impl Message<Time> for Source {
    type Reply = u64;

    async fn handle(&mut self, _: Time, _: &mut Context<Self, u64>) -> u64 {
        let started = Instant::now();
        self.send(0..BATCH);
        started.elapsed().as_nanos() as u64
    }
}

/// So many messages to each.
struct Spread {
    messages: u64,
    sinks: Vec<ActorRef<Sink>>,
}

impl Message<Spread> for Source {
    type Reply = ();

    async fn handle(&mut self, Spread { messages, sinks }: Spread, _: &mut Context<Self, ()>) {
        for n in 0..messages {
            for sink in &sinks {
                sink.tell(Item(n)).try_send().expect("the sink lives");
            }
        }
    }
}
