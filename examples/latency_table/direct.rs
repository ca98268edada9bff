//! Messages to an actor by its reference: an asker times each operation, on 1,000 actors in turn.
//!
//! The asker's clock is read in its handler, just before the call and just after what the figure is said to end with.

#![allow(unreachable_pub, reason = "`pub` says what the example uses; a binary has no other public")]

use std::time::{Duration, Instant};

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, SpawnError};
use futures::channel::oneshot;

use crate::Failure;
use crate::latencies::Latencies;

/// Actors that are asked in turn.
const ACTORS: usize = 1_000;

/// Calls that are timed together where one alone is shorter than the clock can tell.
pub const BATCH: usize = 16;

/// Where asker and asked are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the one worker of their system.
    SameWorker,
    /// On two workers, each pinned to a core of its own where that is allowed.
    TwoWorkers,
}

/// An asker and its actors.
pub struct Direct {
    asker: ActorRef<Asker>,
    asked: ActorRef<Asked>,
    /// Held so that it lives as long as the actors.
    _system: ActorSystem,
}

/// The time of a `send`, and of its parts.
pub struct Parts {
    /// From the call to its return: the message has its place.
    pub enqueue: Latencies,
    /// From there to the handler.
    pub processing: Latencies,
    /// From the handler to the asker's going on.
    pub response: Latencies,
}

impl Direct {
    /// Starts them.
    pub fn new(place: Place) -> Result<Self, Failure> {
        let (system, workers) = match place {
            Place::SameWorker => (ActorSystem::builder().workers(1).build()?, None),
            Place::TwoWorkers => {
                let two = || ActorSystem::builder().workers(2);
                (two().pin_cores(true).build().or_else(|_| two().build())?, Some((0, 1)))
            }
        };
        let start = |_| start(&system, Asked(0), workers.map(|(_, asked)| asked));
        let actors: Vec<_> = (0..ACTORS).map(start).collect::<Result<_, _>>()?;
        let asked = actors[0].clone();
        let asker = self::start(&system, Asker(actors), workers.map(|(asker, _)| asker))?;
        Ok(Self { asker, asked, _system: system })
    }

    /// `tell`, awaited, up to its return; [`BATCH`] calls at a time to one actor.
    pub fn enqueue(&self, times: usize) -> Latencies {
        let run = |times| self.asker.blocking_send(TimeCalls(times)).expect("the asker replies");
        run(warm_up(times));
        run(times).into_iter().map(|batch| batch.as_nanos() as f64 / BATCH as f64).collect()
    }

    /// `tell`, up to the start of its handler.
    pub fn tell(&self, times: usize) -> Latencies {
        let run = |times| self.asker.blocking_send(TimeTells(times)).expect("the asker replies");
        run(warm_up(times));
        run(times).into_iter().collect()
    }

    /// `send`, up to its reply.
    pub fn send(&self, times: usize) -> Latencies {
        let run = |times| self.asker.blocking_send(TimeSends(times)).expect("the asker replies");
        run(warm_up(times));
        run(times).into_iter().collect()
    }

    /// `send` once more, with the clock read on the way.
    pub fn parts_of_send(&self, times: usize) -> Parts {
        let run = |times| self.asker.blocking_send(TimeParts(times)).expect("the asker replies");
        run(warm_up(times));
        let parts = run(times);
        Parts {
            enqueue: parts.iter().map(|parts| parts[0]).collect(),
            processing: parts.iter().map(|parts| parts[1]).collect(),
            response: parts.iter().map(|parts| parts[2]).collect(),
        }
    }

    /// `blocking_send` from this thread, which is none of the system's.
    pub fn send_from_outside(&self, times: usize) -> Latencies {
        let ask = |_| {
            let started = Instant::now();
            self.asked.blocking_send(Nothing).expect("the asked replies");
            started.elapsed()
        };
        (0..warm_up(times) + times).map(ask).skip(warm_up(times)).collect()
    }
}

/// Starts an actor on a given worker, or where it comes to be.
fn start<A: Actor>(system: &ActorSystem, actor: A, worker: Option<usize>) -> Result<ActorRef<A>, SpawnError> {
    match worker {
        Some(worker) => system.spawn(actor).on_worker(worker).start(),
        None => system.spawn(actor).start(),
    }
}

/// How many operations warm up for so many.
pub fn warm_up(times: usize) -> usize {
    times.div_ceil(10)
}

/// Counts what it is asked.
struct Asked(u64);

impl Actor for Asked {}

/// A message without content or reply.
struct Nothing;

impl Message for Nothing {
    type Result = ();
}

impl Handler<Nothing> for Asked {
    async fn handle(&mut self, _: Nothing, _: &mut ActorContext<Self>) {
        self.0 += 1;
    }
}

/// Asks for the time in the handler.
struct When;

impl Message for When {
    type Result = Instant;
}

impl Handler<When> for Asked {
    async fn handle(&mut self, _: When, _: &mut ActorContext<Self>) -> Instant {
        self.0 += 1;
        Instant::now()
    }
}

/// Brings the time of its `tell`, and reports what it took.
struct Sent {
    at: Instant,
    took: oneshot::Sender<Duration>,
}

impl Message for Sent {
    type Result = ();
}

impl Handler<Sent> for Asked {
    async fn handle(&mut self, Sent { at, took }: Sent, _: &mut ActorContext<Self>) {
        let elapsed = at.elapsed();
        self.0 += 1;
        took.send(elapsed).expect("the asker waits");
    }
}

/// Times what it does with its actors.
struct Asker(Vec<ActorRef<Asked>>);

impl Actor for Asker {}

impl Asker {
    fn in_turn(&self, times: usize) -> impl Iterator<Item = &ActorRef<Asked>> {
        self.0.iter().cycle().take(times)
    }
}

struct TimeCalls(usize);

impl Message for TimeCalls {
    type Result = Vec<Duration>;
}

impl Handler<TimeCalls> for Asker {
    async fn handle(&mut self, TimeCalls(times): TimeCalls, _: &mut ActorContext<Self>) -> Vec<Duration> {
        let mut taken = Vec::with_capacity(times);
        for asked in self.in_turn(times) {
            let started = Instant::now();
            for _ in 0..BATCH {
                asked.tell(Nothing).await.expect("the asked lives");
            }
            taken.push(started.elapsed());
            // Handled after the others, so that the next batch finds nobody busy.
            asked.send(Nothing).await.expect("the asked replies");
        }
        taken
    }
}

struct TimeTells(usize);

impl Message for TimeTells {
    type Result = Vec<Duration>;
}

impl Handler<TimeTells> for Asker {
    async fn handle(&mut self, TimeTells(times): TimeTells, _: &mut ActorContext<Self>) -> Vec<Duration> {
        let mut taken = Vec::with_capacity(times);
        for asked in self.in_turn(times) {
            let (took, is_handled) = oneshot::channel();
            asked.tell(Sent { at: Instant::now(), took }).await.expect("the asked lives");
            taken.push(is_handled.await.expect("the asked reports"));
        }
        taken
    }
}

struct TimeSends(usize);

impl Message for TimeSends {
    type Result = Vec<Duration>;
}

impl Handler<TimeSends> for Asker {
    async fn handle(&mut self, TimeSends(times): TimeSends, _: &mut ActorContext<Self>) -> Vec<Duration> {
        let mut taken = Vec::with_capacity(times);
        for asked in self.in_turn(times) {
            let started = Instant::now();
            asked.send(Nothing).await.expect("the asked replies");
            taken.push(started.elapsed());
        }
        taken
    }
}

struct TimeParts(usize);

impl Message for TimeParts {
    type Result = Vec<[Duration; 3]>;
}

impl Handler<TimeParts> for Asker {
    async fn handle(&mut self, TimeParts(times): TimeParts, _: &mut ActorContext<Self>) -> Vec<[Duration; 3]> {
        let mut taken = Vec::with_capacity(times);
        for asked in self.in_turn(times) {
            let started = Instant::now();
            let reply = asked.send(When);
            let placed = Instant::now();
            let handled = reply.await.expect("the asked replies");
            let replied = Instant::now();
            taken.push([placed - started, handled - placed, replied - handled]);
        }
        taken
    }
}
