//! Sources and sinks of kompact: components whose messages are enums, told through strong references.

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use kompact::prelude::{
    Actor, ActorRefStrong, Component, ComponentContext, ComponentDefinition, ComponentLifecycle, DynamicPortAccess,
    ExecuteResult, Handled, HandlerResult, KompactSystem,
};

use super::{BATCH, Flood, Fork, Next, Supply, Tally, batches, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn flood(Flood { sources, messages }: Flood) -> Found {
    let system = runtimes::kompact();
    let sink = kompact_actor(&system, Sink::new);
    let sources: Vec<_> = (0..sources).map(|_| source(&system, &sink)).collect();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        let tally = Tally::new(messages, sources.len() as u64, &report);
        sink.tell(ToSink::Begin(Box::new(Begin { tally, sources: sources.clone() })));
        for (source, number) in sources.iter().zip(0..) {
            source.tell(ToSource::Go(Supply::new(number, messages)));
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn outside(messages: u64) -> Found {
    let system = runtimes::kompact();
    let sink = kompact_actor(&system, Sink::new);
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.tell(Begin::alone(messages, &report));
        for n in 0..messages {
            sink.tell(ToSink::Item(n));
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn enqueue(messages: u64) -> Found {
    let system = runtimes::kompact();
    let sink = kompact_actor(&system, Sink::new);
    let source = source(&system, &sink);
    let (report, sum) = mpsc::channel();
    let (report_time, time) = mpsc::channel();
    batches(messages, || {
        sink.tell(Begin::alone(BATCH, &report));
        let held = Arc::new(Barrier::new(2));
        sink.tell(ToSink::Hold(Arc::clone(&held)));
        held.wait();
        source.tell(ToSource::Time(report_time.clone()));
        let calls = time.recv().expect("the source reports");
        held.wait();
        (calls, sum.recv().expect("the sink reports"))
    })
}

pub(super) fn fork(Fork { sinks, messages }: Fork) -> Found {
    let system = runtimes::kompact();
    let sinks: Vec<_> = (0..sinks).map(|_| kompact_actor(&system, Sink::new)).collect();
    let source = source(&system, &sinks[0]);
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        for sink in &sinks {
            sink.tell(Begin::alone(messages, &report));
        }
        source.tell(ToSource::Spread { messages, sinks: sinks.clone() });
        sums.iter().take(sinks.len()).sum()
    })
}

#[derive(Debug)]
enum ToSink {
    Item(u64),
    Begin(Box<Begin>),
    /// Keeps a sink from its messages, from one wait at the barrier to the next.
    Hold(Arc<Barrier>),
}

/// What is to come, and from whom.
#[derive(Debug)]
struct Begin {
    tally: Tally,
    sources: Vec<ActorRefStrong<ToSource>>,
}

impl Begin {
    fn alone(messages: u64, report: &mpsc::Sender<u64>) -> ToSink {
        ToSink::Begin(Box::new(Self { tally: Tally::silent(messages, report), sources: Vec::new() }))
    }
}

#[derive(ComponentDefinition)]
struct Sink {
    ctx: ComponentContext<Self>,
    begun: Option<Box<Begin>>,
}

impl Sink {
    fn new() -> Self {
        Self { ctx: ComponentContext::uninitialised(), begun: None }
    }
}

impl ComponentLifecycle for Sink {}

impl Actor for Sink {
    type Message = ToSink;

    fn receive_local(&mut self, message: ToSink) -> HandlerResult {
        match message {
            ToSink::Item(n) => {
                let Begin { tally, sources } = &mut **self.begun.as_mut().expect("begun");
                if let Next::Source(number) = tally.add(n) {
                    sources[number].tell(ToSource::More);
                }
            }
            ToSink::Begin(begin) => self.begun = Some(begin),
            ToSink::Hold(held) => {
                held.wait();
                held.wait();
            }
        }
        Handled::OK
    }
}

#[derive(Debug)]
enum ToSource {
    Go(Supply),
    More,
    /// One batch, timed.
    Time(mpsc::Sender<Duration>),
    /// So many messages to each.
    Spread {
        messages: u64,
        sinks: Vec<ActorRefStrong<ToSink>>,
    },
}

#[derive(ComponentDefinition)]
struct Source {
    ctx: ComponentContext<Self>,
    sink: ActorRefStrong<ToSink>,
    supply: Supply,
}

fn source(system: &KompactSystem, sink: &ActorRefStrong<ToSink>) -> ActorRefStrong<ToSource> {
    let sink = sink.clone();
    kompact_actor(system, || Source { ctx: ComponentContext::uninitialised(), sink, supply: Supply::new(0, 0) })
}

impl ComponentLifecycle for Source {}

impl Actor for Source {
    type Message = ToSource;

    fn receive_local(&mut self, message: ToSource) -> HandlerResult {
        match message {
            ToSource::Go(supply) => {
                self.supply = supply;
                self.supply.first().for_each(|n| self.sink.tell(ToSink::Item(n)));
            }
            ToSource::More => self.supply.batch().for_each(|n| self.sink.tell(ToSink::Item(n))),
            ToSource::Time(report) => {
                let started = Instant::now();
                (0..BATCH).for_each(|n| self.sink.tell(ToSink::Item(n)));
                report.send(started.elapsed()).expect("the main thread waits");
            }
            ToSource::Spread { messages, sinks } => {
                for n in 0..messages {
                    sinks.iter().for_each(|sink| sink.tell(ToSink::Item(n)));
                }
            }
        }
        Handled::OK
    }
}
