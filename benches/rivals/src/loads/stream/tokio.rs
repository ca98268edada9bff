//! Sources and sinks on bare tokio: a task each, `mpsc::unbounded_channel`, and `mpsc::channel` where there is a bound.

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use super::{BATCH, CAPACITY, Flood, Fork, Next, Supply, Tally, batches, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn flood(Flood { sources, messages }: Flood) -> Found {
    let runtime = runtimes::tokio();
    let sink = sink(&runtime);
    let sources: Vec<_> = (0..sources).map(|_| source(&runtime, &sink)).collect();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        let tally = Tally::new(messages, sources.len() as u64, &report);
        tell(&sink, ToSink::Begin(Box::new(Begin { tally, sources: sources.clone() })));
        for (source, number) in sources.iter().zip(0..) {
            tell(source, ToSource::Go(Supply::new(number, messages)));
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn outside(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let sink = sink(&runtime);
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        tell(&sink, Begin::alone(messages, &report));
        for n in 0..messages {
            tell(&sink, ToSink::Item(n));
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn bounded(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let (sink, mut items) = channel(CAPACITY);
    runtime.spawn(async move {
        let mut actor = Sink::default();
        while let Some(message) = items.recv().await {
            actor.handle(message);
        }
    });
    let (source, mut orders) = unbounded_channel();
    let from_source = sink.clone();
    runtime.spawn(async move {
        while let Some(messages) = orders.recv().await {
            for n in 0..messages {
                from_source.send(ToSink::Item(n)).await.expect("the sink lives");
            }
        }
    });
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.blocking_send(Begin::alone(messages, &report)).expect("the sink lives");
        tell(&source, messages);
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn enqueue(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let sink = sink(&runtime);
    let source = source(&runtime, &sink);
    let (report, sum) = mpsc::channel();
    let (report_time, time) = mpsc::channel();
    batches(messages, || {
        tell(&sink, Begin::alone(BATCH, &report));
        let held = Arc::new(Barrier::new(2));
        tell(&sink, ToSink::Hold(Arc::clone(&held)));
        held.wait();
        tell(&source, ToSource::Time(report_time.clone()));
        let calls = time.recv().expect("the source reports");
        held.wait();
        (calls, sum.recv().expect("the sink reports"))
    })
}

pub(super) fn fork(Fork { sinks, messages }: Fork) -> Found {
    let runtime = runtimes::tokio();
    let sinks: Vec<_> = (0..sinks).map(|_| sink(&runtime)).collect();
    let source = source(&runtime, &sinks[0]);
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        for sink in &sinks {
            tell(sink, Begin::alone(messages, &report));
        }
        tell(&source, ToSource::Spread { messages, sinks: sinks.clone() });
        sums.iter().take(sinks.len()).sum()
    })
}

fn tell<M>(to: &UnboundedSender<M>, message: M) {
    assert!(to.send(message).is_ok(), "the actor lives");
}

enum ToSink {
    Item(u64),
    Begin(Box<Begin>),
    /// Keeps a sink from its messages, from one wait at the barrier to the next.
    Hold(Arc<Barrier>),
}

/// What is to come, and from whom.
struct Begin {
    tally: Tally,
    sources: Vec<UnboundedSender<ToSource>>,
}

impl Begin {
    fn alone(messages: u64, report: &mpsc::Sender<u64>) -> ToSink {
        ToSink::Begin(Box::new(Self { tally: Tally::silent(messages, report), sources: Vec::new() }))
    }
}

#[derive(Default)]
struct Sink {
    begun: Option<Box<Begin>>,
}

impl Sink {
    fn handle(&mut self, message: ToSink) {
        match message {
            ToSink::Item(n) => {
                let Begin { tally, sources } = &mut **self.begun.as_mut().expect("begun");
                if let Next::Source(number) = tally.add(n) {
                    tell(&sources[number], ToSource::More);
                }
            }
            ToSink::Begin(begin) => self.begun = Some(begin),
            ToSink::Hold(held) => {
                held.wait();
                held.wait();
            }
        }
    }
}

fn sink(runtime: &Runtime) -> UnboundedSender<ToSink> {
    let (sink, mut messages) = unbounded_channel();
    runtime.spawn(async move {
        let mut actor = Sink::default();
        while let Some(message) = messages.recv().await {
            actor.handle(message);
        }
    });
    sink
}

enum ToSource {
    Go(Supply),
    More,
    /// One batch, timed.
    Time(mpsc::Sender<Duration>),
    /// So many messages to each.
    Spread {
        messages: u64,
        sinks: Vec<UnboundedSender<ToSink>>,
    },
}

fn source(runtime: &Runtime, sink: &UnboundedSender<ToSink>) -> UnboundedSender<ToSource> {
    let (source, messages) = unbounded_channel();
    runtime.spawn(run_source(messages, sink.clone()));
    source
}

async fn run_source(mut messages: UnboundedReceiver<ToSource>, sink: UnboundedSender<ToSink>) {
    let mut supply = Supply::new(0, 0);
    while let Some(message) = messages.recv().await {
        match message {
            ToSource::Go(new) => {
                supply = new;
                supply.first().for_each(|n| tell(&sink, ToSink::Item(n)));
            }
            ToSource::More => supply.batch().for_each(|n| tell(&sink, ToSink::Item(n))),
            ToSource::Time(report) => {
                let started = Instant::now();
                (0..BATCH).for_each(|n| tell(&sink, ToSink::Item(n)));
                report.send(started.elapsed()).expect("the main thread waits");
            }
            ToSource::Spread { messages, sinks } => {
                for n in 0..messages {
                    sinks.iter().for_each(|sink| tell(sink, ToSink::Item(n)));
                }
            }
        }
    }
}
