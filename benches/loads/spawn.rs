//! Short lives: an actor is started, handles one message, and is stopped.
//!
//! A driver starts 1,000 actors of four types, tells each its message, and stops it, all without
//! awaiting; then it yields until the last of them is gone. Timed is all that the one worker does
//! from before the first start to after the last `post_stop`. [`named`] is the same where each of
//! them has a name of its own.

use std::cell::Cell;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, StopReason, SystemRef};

use super::Load;
use super::cast::{ACTORS, Add, Counter, Digest, Gauge, Record, State, Window};
use super::clock::Clock;

thread_local! {
    /// What the actors of this worker have done, without the cost of an atomic: the driver shares their thread.
    static DONE: Cell<Done> = const { Cell::new(Done { handled: 0, gone: 0 }) };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Done {
    handled: usize,
    gone: usize,
}

/// The load. One operation is one life.
pub struct Lives {
    driver: ActorRef<Driver>,
    names: Names,
    /// Held so that it lives as long as the load, and ends with it.
    _system: ActorSystem,
}

/// Whether the actors have names.
#[derive(Clone, Copy)]
enum Names {
    None,
    Each,
}

/// Sets the load up on one worker.
pub fn load() -> Lives {
    with(Names::None)
}

/// The same with names.
pub fn named() -> Lives {
    with(Names::Each)
}

fn with(names: Names) -> Lives {
    let system = ActorSystem::builder().workers(1).build().expect("one worker");
    let driver = system.spawn(Driver).start().expect("the driver starts");
    let mut lives = Lives { driver, names, _system: system };
    // Twice, to warm up.
    lives.rounds(2);
    lives
}

impl Load for Lives {
    const ROUND: u64 = ACTORS as u64;

    fn rounds(&mut self, rounds: u64) -> Duration {
        self.driver.blocking_send(Run { rounds, names: self.names }).expect("the driver replies")
    }
}

/// An actor that lives for one message.
#[derive(Default)]
struct Mayfly<S>(S);

impl<S: State> Actor for Mayfly<S> {
    async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
        DONE.set(Done { gone: DONE.get().gone + 1, ..DONE.get() });
    }
}

impl<S: State> Mayfly<S> {
    fn handled() {
        DONE.set(Done { handled: DONE.get().handled + 1, ..DONE.get() });
    }
}

impl<S: State> Handler<Add> for Mayfly<S> {
    async fn handle(&mut self, Add(n): Add, _: &mut ActorContext<Self>) -> u64 {
        Self::handled();
        self.0.add(n)
    }
}

impl<S: State> Handler<Record> for Mayfly<S> {
    async fn handle(&mut self, record: Record, _: &mut ActorContext<Self>) -> u64 {
        Self::handled();
        self.0.record(record)
    }
}

impl Names {
    fn name(self, kind: &str, n: u64) -> Option<String> {
        matches!(self, Self::Each).then(|| format!("{kind} {n}"))
    }
}

fn live<S: State>(system: &SystemRef, name: Option<String>, n: u64) {
    let mut mayfly = system.spawn(Mayfly(S::default()));
    if let Some(name) = name {
        mayfly = mayfly.name(name);
    }
    let mayfly = mayfly.start().expect("the system runs and the name is free");
    if n.is_multiple_of(2) {
        mayfly.try_tell(Add(n)).expect("room");
    } else {
        mayfly.try_tell(Record::new(n)).expect("room");
    }
    mayfly.stop();
}

/// Starts the others, and reads the clock.
struct Driver;

impl Actor for Driver {}

struct Run {
    rounds: u64,
    names: Names,
}

impl Message for Run {
    type Result = Duration;
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, Run { rounds, names }: Run, ctx: &mut ActorContext<Self>) -> Duration {
        let system = ctx.system();
        let started = Clock::ThreadCpu.now();
        for _ in 0..rounds {
            DONE.set(Done { handled: 0, gone: 0 });
            for n in 0..ACTORS as u64 / 4 {
                live::<Counter>(&system, names.name("counter", n), n);
                live::<Gauge>(&system, names.name("gauge", n), n);
                live::<Digest>(&system, names.name("digest", n), n);
                live::<Window>(&system, names.name("window", n), n);
            }
            while DONE.get().gone < ACTORS {
                ctx.yield_now().await;
            }
            // `stop` comes after what was accepted before it.
            assert_eq!(DONE.get(), Done { handled: ACTORS, gone: ACTORS });
        }
        Clock::ThreadCpu.now() - started
    }
}
