//! Sources and sinks of ractor: `cast`.

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{BATCH, Flood, Fork, Next, Supply, Tally, batches, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn flood(Flood { sources, messages }: Flood) -> Found {
    let runtime = runtimes::tokio();
    let sink = ractor_actor(&runtime, Sink, ());
    let sources: Vec<_> = (0..sources).map(|_| ractor_actor(&runtime, Source, sink.clone())).collect();
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        let tally = Tally::new(messages, sources.len() as u64, &report);
        sink.cast(ToSink::Begin(Box::new(Begin { tally, sources: sources.clone() }))).expect("the sink lives");
        for (source, number) in sources.iter().zip(0..) {
            source.cast(ToSource::Go(Supply::new(number, messages))).expect("the source lives");
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn outside(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let sink = ractor_actor(&runtime, Sink, ());
    let (report, sum) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        sink.cast(Begin::alone(messages, &report)).expect("the sink lives");
        for n in 0..messages {
            sink.cast(ToSink::Item(n)).expect("the sink lives");
        }
        sum.recv().expect("the sink reports")
    })
}

pub(super) fn enqueue(messages: u64) -> Found {
    let runtime = runtimes::tokio();
    let sink = ractor_actor(&runtime, Sink, ());
    let source = ractor_actor(&runtime, Source, sink.clone());
    let (report, sum) = mpsc::channel();
    let (report_time, time) = mpsc::channel();
    batches(messages, || {
        sink.cast(Begin::alone(BATCH, &report)).expect("the sink lives");
        let held = Arc::new(Barrier::new(2));
        sink.cast(ToSink::Hold(Arc::clone(&held))).expect("the sink lives");
        held.wait();
        source.cast(ToSource::Time(report_time.clone())).expect("the source lives");
        let calls = time.recv().expect("the source reports");
        held.wait();
        (calls, sum.recv().expect("the sink reports"))
    })
}

pub(super) fn fork(Fork { sinks, messages }: Fork) -> Found {
    let runtime = runtimes::tokio();
    let sinks: Vec<_> = (0..sinks).map(|_| ractor_actor(&runtime, Sink, ())).collect();
    let source = ractor_actor(&runtime, Source, sinks[0].clone());
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(messages), messages, |messages| {
        for sink in &sinks {
            sink.cast(Begin::alone(messages, &report)).expect("the sink lives");
        }
        source.cast(ToSource::Spread { messages, sinks: sinks.clone() }).expect("the source lives");
        sums.iter().take(sinks.len()).sum()
    })
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
    sources: Vec<ActorRef<ToSource>>,
}

impl Begin {
    fn alone(messages: u64, report: &mpsc::Sender<u64>) -> ToSink {
        ToSink::Begin(Box::new(Self { tally: Tally::silent(messages, report), sources: Vec::new() }))
    }
}

struct Sink;

impl Actor for Sink {
    type Msg = ToSink;
    type State = Option<Box<Begin>>;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<ToSink>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        Ok(None)
    }

    async fn handle(
        &self,
        _: ActorRef<ToSink>,
        message: ToSink,
        begun: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToSink::Item(n) => {
                let Begin { tally, sources } = &mut **begun.as_mut().expect("begun");
                if let Next::Source(number) = tally.add(n) {
                    sources[number].cast(ToSource::More)?;
                }
            }
            ToSink::Begin(begin) => *begun = Some(begin),
            ToSink::Hold(held) => {
                held.wait();
                held.wait();
            }
        }
        Ok(())
    }
}

enum ToSource {
    Go(Supply),
    More,
    /// One batch, timed.
    Time(mpsc::Sender<Duration>),
    /// So many messages to each.
    Spread {
        messages: u64,
        sinks: Vec<ActorRef<ToSink>>,
    },
}

struct Source;

impl Actor for Source {
    type Msg = ToSource;
    type State = (ActorRef<ToSink>, Supply);
    type Arguments = ActorRef<ToSink>;

    async fn pre_start(
        &self,
        _: ActorRef<ToSource>,
        sink: ActorRef<ToSink>,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok((sink, Supply::new(0, 0)))
    }

    async fn handle(
        &self,
        _: ActorRef<ToSource>,
        message: ToSource,
        (sink, supply): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToSource::Go(new) => {
                *supply = new;
                for n in supply.first() {
                    sink.cast(ToSink::Item(n))?;
                }
            }
            ToSource::More => {
                for n in supply.batch() {
                    sink.cast(ToSink::Item(n))?;
                }
            }
            ToSource::Time(report) => {
                let started = Instant::now();
                for n in 0..BATCH {
                    sink.cast(ToSink::Item(n))?;
                }
                report.send(started.elapsed()).expect("the main thread waits");
            }
            ToSource::Spread { messages, sinks } => {
                for n in 0..messages {
                    for sink in &sinks {
                        sink.cast(ToSink::Item(n))?;
                    }
                }
            }
        }
        Ok(())
    }
}
