//! Fork-Join Create (4): actors that are started, handle one message and end.
//!
//! Stresses: an actor's whole life: start, mailbox, scheduling, end, memory.
//!
//! Parameters: N = 40,000 actors, one channel. Counted are the actors, as in the last column of the table of Verona BoC;
//! messages are twice as many.
//!
//! Verified: each actor leaves the result of its message in a place of its own and ends; all have ended, each exactly
//! once, and the sum of the results, squares of sines, is that of the closed form.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message, StopReason};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use super::fork_join::{verify_sum, work};
use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 4, name: "fork-join-create", parameters: "N = 40,000", play, tokio: Some(play_tokio) };

fn actors(size: Size) -> u64 {
    size.pick(40_000, 500)
}

/// Where the actors leave their results, and meet at the end.
struct Join {
    results: Vec<AtomicU64>,
    left: AtomicU64,
    report: mpsc::Sender<()>,
}

impl Join {
    fn new(actors: u64, report: mpsc::Sender<()>) -> Arc<Self> {
        Arc::new(Self {
            results: (0..actors).map(|_| AtomicU64::new(0)).collect(),
            left: AtomicU64::new(actors),
            report,
        })
    }

    /// Leaves the result of an actor.
    fn leave(&self, number: u64, result: f64) {
        // ORDERING: Relaxed: read after all have ended, see `end`.
        self.results[number as usize].store(result.to_bits(), Ordering::Relaxed);
    }

    /// An actor has ended. The last one reports.
    fn end(&self) {
        // ORDERING: Release, so that what this actor left is visible to who waits; Acquire, so that the last one hands on
        // what the others left.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(());
        }
    }

    fn verify(&self) -> Result<(), Failure> {
        // ORDERING: Relaxed: the last one to end has reported before.
        verify("actors that haven't ended", 0, self.left.load(Ordering::Relaxed))?;
        // ORDERING: as above.
        let results: Vec<_> = self.results.iter().map(|bits| f64::from_bits(bits.load(Ordering::Relaxed))).collect();
        verify("actors without a result", 0, results.iter().filter(|&&result| result == 0.0).count())?;
        verify_sum(results.len() as u64, 1, results.iter().sum())
    }
}

struct Child {
    join: Arc<Join>,
}

impl Actor for Child {
    /// Nobody reaches it, and it has handled its message.
    async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
        self.join.end();
    }
}

struct Work(u64);

impl Message for Work {
    type Result = ();
}

impl Handler<Work> for Child {
    async fn handle(&mut self, Work(number): Work, _: &mut ActorContext<Self>) {
        self.join.leave(number, work(number));
    }
}

struct Master {
    join: Arc<Join>,
}

impl Actor for Master {}

struct Fork {
    actors: u64,
}

impl Message for Fork {
    type Result = ();
}

impl Handler<Fork> for Master {
    async fn handle(&mut self, Fork { actors }: Fork, ctx: &mut ActorContext<Self>) {
        let system = ctx.system();
        for number in 0..actors {
            let child = system.spawn(Child { join: self.join.clone() }).start().expect("the system runs");
            child.tell(Work(number)).await.expect("the child lives");
            if number % 32 == 31 {
                ctx.yield_now().await;
            }
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let actors = actors(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let join = Join::new(actors, report);
    let master = system.spawn(Master { join: join.clone() }).start()?;
    master.blocking_tell(Fork { actors })?;
    let (outcome, ()) = outcome(started, actors, &result)?;
    join.verify()?;
    Ok(outcome)
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let actors = actors(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let join = Join::new(actors, report);
    runtime.spawn({
        let join = join.clone();
        async move {
            for number in 0..actors {
                let (child, mut numbers) = tokio_mpsc::channel(1_024);
                let join = join.clone();
                tokio::spawn(async move {
                    while let Some(number) = numbers.recv().await {
                        join.leave(number, work(number));
                    }
                    join.end();
                });
                child.send(number).await.expect("the child lives");
            }
        }
    });
    let (outcome, ()) = outcome(started, actors, &result)?;
    join.verify()?;
    Ok(outcome)
}
