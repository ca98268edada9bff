//! Cigarette Smokers (14): an arbiter has one smoker after the other begin, chosen at random.
//!
//! Stresses: waking one of many actors that are idle.
//!
//! Parameters: R = 1,000 rounds, S = 200 smokers. Messages: counted as in the suite's table, 3 R + 1, so that the same work is
//! compared. Here each round is an order and its answer, and each smoker is ended; 2,400.
//!
//! Verified: whom the arbiter chooses, and for how long, comes from one sequence of random numbers. Played again in sequence it
//! says how often and how long each has smoked.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use super::busy;
use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 14,
    name: "cigarette-smokers",
    parameters: "R = 1,000, S = 200",
    play,
    tokio: Some(play_tokio),
};

const SMOKERS: usize = 200;

fn rounds(size: Size) -> u64 {
    size.pick(1_000, 100)
}

fn messages(rounds: u64) -> u64 {
    3 * rounds + 1
}

/// Whom the arbiter chooses, and for how long.
struct Choices(Random);

impl Choices {
    fn new() -> Self {
        Self(Random::new(1))
    }

    fn next(&mut self) -> (usize, u64) {
        (self.0.below(SMOKERS as u64) as usize, self.0.below(1_000) + 10)
    }
}

/// How often somebody smoked, and how long.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    times: u64,
    length: u64,
}

impl Tally {
    fn smoke(&mut self, length: u64) {
        busy::wait(length);
        self.times += 1;
        self.length += length;
    }
}

fn verify_tallies(rounds: u64, tallies: Vec<Tally>) -> Result<(), Failure> {
    let mut expected = vec![Tally::default(); SMOKERS];
    let mut choices = Choices::new();
    for _ in 0..rounds {
        let (smoker, length) = choices.next();
        expected[smoker].times += 1;
        expected[smoker].length += length;
    }
    verify("the smokers", expected, tallies)
}

struct Smoker {
    tally: Tally,
    arbiter: ActorRef<Arbiter>,
}

impl Actor for Smoker {}

struct Smoke {
    length: u64,
}

impl Message for Smoke {
    type Result = ();
}

impl Handler<Smoke> for Smoker {
    async fn handle(&mut self, Smoke { length }: Smoke, _: &mut ActorContext<Self>) {
        self.arbiter.tell(Smoking).await.expect("the arbiter lives");
        self.tally.smoke(length);
    }
}

/// Ends a smoker, and returns its tally.
struct End;

impl Message for End {
    type Result = Tally;
}

impl Handler<End> for Smoker {
    async fn handle(&mut self, _: End, ctx: &mut ActorContext<Self>) -> Tally {
        ctx.stop();
        self.tally
    }
}

struct Arbiter {
    smokers: Vec<ActorRef<Smoker>>,
    choices: Choices,
    left: u64,
    report: mpsc::Sender<Vec<Tally>>,
}

impl Arbiter {
    async fn choose(&mut self) {
        let (smoker, length) = self.choices.next();
        self.smokers[smoker].tell(Smoke { length }).await.expect("a smoker lives");
    }
}

impl Actor for Arbiter {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for _ in 0..SMOKERS {
            let smoker = Smoker { tally: Tally::default(), arbiter: ctx.actor_ref() };
            self.smokers.push(ctx.system().spawn(smoker).start()?);
        }
        self.choose().await;
        Ok(())
    }
}

/// A smoker has begun.
struct Smoking;

impl Message for Smoking {
    type Result = ();
}

impl Handler<Smoking> for Arbiter {
    async fn handle(&mut self, _: Smoking, ctx: &mut ActorContext<Self>) {
        self.left -= 1;
        if self.left > 0 {
            return self.choose().await;
        }
        let mut tallies = Vec::new();
        for smoker in &self.smokers {
            tallies.push(smoker.send(End).await.expect("a smoker replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(tallies);
        ctx.stop();
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let rounds = rounds(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    system.spawn(Arbiter { smokers: Vec::new(), choices: Choices::new(), left: rounds, report }).start()?;
    let (outcome, tallies) = outcome(started, messages(rounds), &result)?;
    verify_tallies(rounds, tallies)?;
    Ok(outcome)
}

/// What a smoker's task receives.
enum Order {
    Smoke { length: u64 },
    End(oneshot::Sender<Tally>),
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let rounds = rounds(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (arbiter, mut smoking) = tokio_mpsc::channel(1_024);
    let mut smokers = Vec::new();
    for _ in 0..SMOKERS {
        let (smoker, mut orders) = tokio_mpsc::channel(1_024);
        smokers.push(smoker);
        let arbiter = arbiter.clone();
        runtime.spawn(async move {
            let mut tally = Tally::default();
            loop {
                match orders.recv().await.expect("the arbiter lives") {
                    Order::Smoke { length } => {
                        arbiter.send(()).await.expect("the arbiter lives");
                        tally.smoke(length);
                    }
                    Order::End(reply) => break reply.send(tally).expect("the arbiter waits"),
                }
            }
        });
    }
    runtime.spawn(async move {
        let mut choices = Choices::new();
        for _ in 0..rounds {
            let (smoker, length) = choices.next();
            smokers[smoker].send(Order::Smoke { length }).await.expect("a smoker lives");
            smoking.recv().await.expect("a smoker answers");
        }
        let mut tallies = Vec::new();
        for smoker in &smokers {
            let (reply, tally) = oneshot::channel();
            smoker.send(Order::End(reply)).await.expect("a smoker lives");
            tallies.push(tally.await.expect("a smoker replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(tallies);
    });
    let (outcome, tallies) = outcome(started, messages(rounds), &result)?;
    verify_tallies(rounds, tallies)?;
    Ok(outcome)
}
