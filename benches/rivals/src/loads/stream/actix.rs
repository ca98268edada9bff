//! Sources and sinks of actix: `do_send`, and where there is a bound, `try_send`, or `send` when there is no room.
//!
//! Sources have one arbiter and sinks the other, and where there are many sinks, these have both by turns. It was faster
//! than one arbiter for all when both were tried, by the wall clock of a busy machine.

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use actix::dev::SendError;
use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture};

use super::{BATCH, CAPACITY, Flood, Fork, Next, Supply, Tally, batches, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, Actix};

pub(super) fn flood(Flood { sources, messages }: Flood) -> Found {
    let actix = runtimes::actix();
    let sink = sink(&actix, 0);
    let sources: Vec<_> = (0..sources).map(|_| source(&actix, 1, &sink)).collect();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        let tally = Tally::new(messages, sources.len() as u64, &report);
        sink.do_send(Begin { tally, sources: sources.clone() });
        for (source, number) in sources.iter().zip(0..) {
            source.do_send(Go(Supply::new(number, messages)));
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn outside(messages: u64) -> Found {
    let actix = runtimes::actix();
    let sink = sink(&actix, 0);
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.do_send(Begin::alone(messages, &report));
        for n in 0..messages {
            sink.do_send(Item(n));
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn bounded(messages: u64) -> Found {
    let actix = runtimes::actix();
    let sink = sink(&actix, 0);
    let source = source(&actix, 1, &sink);
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.do_send(Begin::alone(messages, &report));
        source.do_send(Pour(messages));
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn enqueue(messages: u64) -> Found {
    let actix = runtimes::actix();
    let sink = sink(&actix, 0);
    let source = source(&actix, 1, &sink);
    let (report, sum) = mpsc::channel();
    let (report_time, time) = mpsc::channel();
    batches(messages, || {
        sink.do_send(Begin::alone(BATCH, &report));
        let held = Arc::new(Barrier::new(2));
        sink.do_send(Hold(Arc::clone(&held)));
        held.wait();
        source.do_send(Time(report_time.clone()));
        let calls = time.recv().expect("the source reports");
        held.wait();
        (calls, sum.recv().expect("the sink reports"))
    })
}

pub(super) fn fork(Fork { sinks, messages }: Fork) -> Found {
    let actix = runtimes::actix();
    let sinks: Vec<_> = (0..sinks as usize).map(|n| sink(&actix, n % actix.arbiters.len())).collect();
    let source = source(&actix, 1, &sinks[0]);
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        for sink in &sinks {
            sink.do_send(Begin::alone(messages, &report));
        }
        source.do_send(Spread { messages, sinks: sinks.clone() });
        sums.iter().take(sinks.len()).sum()
    })
}

fn sink(actix: &Actix, arbiter: usize) -> Addr<Sink> {
    Sink::start_in_arbiter(&actix.arbiters[arbiter], |ctx| {
        ctx.set_mailbox_capacity(CAPACITY);
        Sink::default()
    })
}

fn source(actix: &Actix, arbiter: usize, sink: &Addr<Sink>) -> Addr<Source> {
    let sink = sink.clone();
    Source::start_in_arbiter(&actix.arbiters[arbiter], |_| Source { sink, supply: Supply::new(0, 0) })
}

#[derive(Message)]
#[rtype("()")]
struct Item(u64);

/// What is to come, and from whom.
#[derive(Message)]
#[rtype("()")]
struct Begin {
    tally: Tally,
    sources: Vec<Addr<Source>>,
}

impl Begin {
    fn alone(messages: u64, report: &mpsc::Sender<u64>) -> Self {
        Self { tally: Tally::silent(messages, report), sources: Vec::new() }
    }
}

/// Keeps a sink from its messages, from one wait at the barrier to the next.
#[derive(Message)]
#[rtype("()")]
struct Hold(Arc<Barrier>);

#[derive(Default)]
struct Sink {
    tally: Option<Tally>,
    sources: Vec<Addr<Source>>,
}

impl Actor for Sink {
    type Context = Context<Self>;
}

impl Handler<Begin> for Sink {
    type Result = ();

    fn handle(&mut self, begin: Begin, _: &mut Context<Self>) {
        self.tally = Some(begin.tally);
        self.sources = begin.sources;
    }
}

impl Handler<Item> for Sink {
    type Result = ();

    fn handle(&mut self, Item(n): Item, _: &mut Context<Self>) {
        let tally = self.tally.as_mut().expect("begun");
        if let Next::Source(number) = tally.add(n) {
            self.sources[number].do_send(More);
        }
    }
}

impl Handler<Hold> for Sink {
    type Result = ();

    fn handle(&mut self, Hold(held): Hold, _: &mut Context<Self>) {
        held.wait();
        held.wait();
    }
}

struct Source {
    sink: Addr<Sink>,
    supply: Supply,
}

impl Actor for Source {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype("()")]
struct Go(Supply);

impl Handler<Go> for Source {
    type Result = ();

    fn handle(&mut self, Go(supply): Go, _: &mut Context<Self>) {
        self.supply = supply;
        self.supply.first().for_each(|n| self.sink.do_send(Item(n)));
    }
}

#[derive(Message)]
#[rtype("()")]
struct More;

impl Handler<More> for Source {
    type Result = ();

    fn handle(&mut self, _: More, _: &mut Context<Self>) {
        self.supply.batch().for_each(|n| self.sink.do_send(Item(n)));
    }
}

/// So many messages, each of which waits for room.
#[derive(Message)]
#[rtype("()")]
struct Pour(u64);

impl Handler<Pour> for Source {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Pour(messages): Pour, _: &mut Context<Self>) -> ResponseFuture<()> {
        let sink = self.sink.clone();
        Box::pin(async move {
            for n in 0..messages {
                match sink.try_send(Item(n)) {
                    Ok(()) => {}
                    Err(SendError::Full(item)) => sink.send(item).await.expect("the sink lives"),
                    Err(SendError::Closed(_)) => panic!("the sink lives"),
                }
            }
        })
    }
}

/// One batch, timed.
#[derive(Message)]
#[rtype("()")]
struct Time(mpsc::Sender<Duration>);

impl Handler<Time> for Source {
    type Result = ();

    fn handle(&mut self, Time(report): Time, _: &mut Context<Self>) {
        let started = Instant::now();
        (0..BATCH).for_each(|n| self.sink.do_send(Item(n)));
        report.send(started.elapsed()).expect("the main thread waits");
    }
}

/// So many messages to each.
#[derive(Message)]
#[rtype("()")]
struct Spread {
    messages: u64,
    sinks: Vec<Addr<Sink>>,
}

impl Handler<Spread> for Source {
    type Result = ();

    fn handle(&mut self, Spread { messages, sinks }: Spread, _: &mut Context<Self>) {
        for n in 0..messages {
            sinks.iter().for_each(|sink| sink.do_send(Item(n)));
        }
    }
}
