//! Fork-Join Throughput without replies (3): one actor floods sixty others with work.
//!
//! Stresses: fan-out to many mailboxes. This is the suite's own form; in the table of Verona BoC it is called full.
//!
//! Parameters: N = 10,000 rounds, A = 60 workers, one channel. Counted are the sends, N A.
//!
//! Verified: each worker says at its end how many it had, and the sum of their work, squares of sines, in closed form.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, StopReason};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use super::fork_join::{verify_sum, work};
use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 3,
    name: "fork-join-throughput-full",
    parameters: "N = 10,000, A = 60, no replies",
    play,
    tokio: Some(play_tokio),
};

fn rounds(size: Size) -> u64 {
    size.pick(10_000, 20)
}

const WORKERS: u64 = 60;

/// What a worker has done.
#[derive(Default, Clone, Copy)]
struct Tally {
    messages: u64,
    sum: f64,
}

impl Tally {
    fn work(&mut self, number: u64) {
        self.messages += 1;
        self.sum += work(number);
    }
}

struct Worker {
    tally: Tally,
    report: mpsc::Sender<Tally>,
}

impl Actor for Worker {
    /// Nobody reaches it any more, and it has handled all.
    async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(self.tally);
    }
}

struct Work(u64);

impl Message for Work {
    type Result = ();
}

impl Handler<Work> for Worker {
    async fn handle(&mut self, Work(number): Work, _: &mut ActorContext<Self>) {
        self.tally.work(number);
    }
}

struct Master {
    workers: Vec<ActorRef<Worker>>,
}

impl Actor for Master {}

struct Flood {
    rounds: u64,
}

impl Message for Flood {
    type Result = ();
}

impl Handler<Flood> for Master {
    async fn handle(&mut self, Flood { rounds }: Flood, _: &mut ActorContext<Self>) {
        for round in 0..rounds {
            for worker in &self.workers {
                worker.tell(Work(round)).await.expect("a worker lives");
            }
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let rounds = rounds(size);
    let (report, results) = mpsc::channel();
    let started = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(system.spawn(Worker { tally: Tally::default(), report: report.clone() }).start()?);
    }
    let master = system.spawn(Master { workers }).start()?;
    master.blocking_tell(Flood { rounds })?;
    // The workers end when the master does, and that when nobody reaches it.
    drop(master);
    collect(started, rounds, &results)
}

/// Waits for the tallies of all workers, and verifies each.
fn collect(started: Instant, rounds: u64, results: &mpsc::Receiver<Tally>) -> Result<Outcome, Failure> {
    let mut tallies = Vec::new();
    let outcome = loop {
        let (outcome, tally) = outcome(started, rounds * WORKERS, results)?;
        tallies.push(tally);
        if tallies.len() as u64 == WORKERS {
            break outcome;
        }
    };
    for tally in tallies {
        verify("the messages of a worker", rounds, tally.messages)?;
        verify_sum(rounds, 1, tally.sum)?;
    }
    Ok(outcome)
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let rounds = rounds(size);
    let (report, results) = mpsc::channel();
    let started = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (worker, mut numbers) = tokio_mpsc::channel(1_024);
            let report = report.clone();
            runtime.spawn(async move {
                let mut tally = Tally::default();
                while let Some(number) = numbers.recv().await {
                    tally.work(number);
                }
                // An error would mean that nobody waits for the result any more.
                let _ = report.send(tally);
            });
            worker
        })
        .collect();
    runtime.spawn(async move {
        for round in 0..rounds {
            for worker in &workers {
                worker.send(round).await.expect("a worker lives");
            }
        }
    });
    collect(started, rounds, &results)
}
