//! Fork-Join Throughput (3): one actor sends work to sixty others, round after round, and gets a reply for each.
//!
//! Stresses: fan-out to many mailboxes, and fan-in of the replies to one.
//!
//! Parameters: N = 10,000 rounds, A = 60 workers, one channel. Counted are the sends, N A, as in the table of Verona BoC; the
//! replies are as many again. [`fork_join_throughput_full`](super::fork_join_throughput_full) is the same without replies.
//!
//! Verified: the number of replies, and the sum of what they carry, squares of sines, in closed form.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Mailbox, Message};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use super::fork_join::{verify_sum, work};
use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 3,
    name: "fork-join-throughput",
    parameters: "N = 10,000, A = 60, with replies",
    play,
    tokio: Some(play_tokio),
};

fn rounds(size: Size) -> u64 {
    size.pick(10_000, 20)
}

const WORKERS: u64 = 60;

/// The replies: how many, and their sum.
#[derive(Default, Clone, Copy)]
struct Tally {
    replies: u64,
    sum: f64,
}

impl Tally {
    fn verify(self, rounds: u64) -> Result<(), Failure> {
        verify("the replies", rounds * WORKERS, self.replies)?;
        verify_sum(rounds, WORKERS, self.sum)
    }
}

struct Master {
    workers: Vec<ActorRef<Worker>>,
    rounds: u64,
    tally: Tally,
    report: mpsc::Sender<Tally>,
}

impl Actor for Master {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for _ in 0..WORKERS {
            self.workers.push(ctx.system().spawn(Worker { master: ctx.actor_ref() }).start()?);
        }
        ctx.actor_ref().tell(Round(0)).await?;
        Ok(())
    }
}

struct Worker {
    master: ActorRef<Master>,
}

impl Actor for Worker {}

/// Sends work to everybody. A round is a message, so that replies are handled in between.
struct Round(u64);

impl Message for Round {
    type Result = ();
}

impl Handler<Round> for Master {
    async fn handle(&mut self, Round(round): Round, ctx: &mut ActorContext<Self>) {
        for worker in &self.workers {
            worker.tell(Work(round)).await.expect("a worker lives");
        }
        if round + 1 < self.rounds {
            ctx.actor_ref().tell(Round(round + 1)).await.expect("the master lives");
        }
    }
}

struct Work(u64);

impl Message for Work {
    type Result = ();
}

impl Handler<Work> for Worker {
    async fn handle(&mut self, Work(number): Work, _: &mut ActorContext<Self>) {
        self.master.tell(Done(work(number))).await.expect("the master lives");
    }
}

struct Done(f64);

impl Message for Done {
    type Result = ();
}

impl Handler<Done> for Master {
    async fn handle(&mut self, Done(result): Done, ctx: &mut ActorContext<Self>) {
        self.tally.replies += 1;
        self.tally.sum += result;
        if self.tally.replies == self.rounds * WORKERS {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(self.tally);
            // Master and workers keep each other alive.
            ctx.stop();
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let rounds = rounds(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let master = Master { workers: Vec::new(), rounds, tally: Tally::default(), report };
    // Unbounded, or master and workers could wait for room at each other.
    system.spawn(master).mailbox(Mailbox::unbounded()).start()?;
    let (outcome, tally) = outcome(started, rounds * WORKERS, &result)?;
    tally.verify(rounds)?;
    Ok(outcome)
}

/// What the master's task receives.
enum Event {
    Round(u64),
    Done(f64),
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let rounds = rounds(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (master, mut events) = tokio_mpsc::unbounded_channel();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (worker, mut numbers) = tokio_mpsc::channel(1_024);
            let master = master.clone();
            runtime.spawn(async move {
                while let Some(number) = numbers.recv().await {
                    master.send(Event::Done(work(number))).expect("the master lives");
                }
            });
            worker
        })
        .collect();
    runtime.spawn(async move {
        let mut tally = Tally::default();
        master.send(Event::Round(0)).expect("the master lives");
        while tally.replies < rounds * WORKERS {
            match events.recv().await.expect("the master is a sender itself") {
                Event::Round(round) => {
                    for worker in &workers {
                        worker.send(round).await.expect("a worker lives");
                    }
                    if round + 1 < rounds {
                        master.send(Event::Round(round + 1)).expect("the master lives");
                    }
                }
                Event::Done(result) => {
                    tally.replies += 1;
                    tally.sum += result;
                }
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(tally);
    });
    let (outcome, tally) = outcome(started, rounds * WORKERS, &result)?;
    tally.verify(rounds)?;
    Ok(outcome)
}
