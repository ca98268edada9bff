//! Logistic Map (15): ten series of numbers, each an actor that asks a computer, another actor, for each next term.
//!
//! Stresses: requests within a handler, while messages wait for an actor that waits.
//!
//! Parameters: 25,000 terms, 10 series, the first rate 3.46, increments of 0.0025. Messages: for each term the order, the request
//! and its reply; for each series the question for the last term and its reply; the start and the end; 3 x 250,000 + 22.
//!
//! Of the suite's variants this is the one that awaits: a series is suspended until its computer replies.
//!
//! Verified: the last term of each series, recomputed in sequence, bit by bit.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 15,
    name: "logistic-map",
    parameters: "25,000 terms, 10 series, rates from 3.46 by 0.0025",
    play,
    tokio: Some(play_tokio),
};

const SERIES: usize = 10;
const FIRST_RATE: f64 = 3.46;
const INCREMENT: f64 = 0.0025;

fn terms(size: Size) -> u64 {
    size.pick(25_000, 100)
}

fn messages(terms: u64) -> u64 {
    3 * SERIES as u64 * terms + 2 * SERIES as u64 + 2
}

/// The rate of a series, and its first term. (The suite's first series begins with 0, where it stays; here it doesn't.)
fn beginning(series: usize) -> (f64, f64) {
    (FIRST_RATE + series as f64 * INCREMENT, (series + 1) as f64 * INCREMENT)
}

fn next(rate: f64, term: f64) -> f64 {
    rate * term * (1.0 - term)
}

fn verify_last(terms: u64, last: Vec<f64>) -> Result<(), Failure> {
    let expected = (0..SERIES).map(|series| {
        let (rate, first) = beginning(series);
        (0..terms).fold(first, |term, _| rate * term * (1.0 - term))
    });
    verify("the last terms", expected.collect(), last)
}

/// Knows the rate.
struct Computer {
    rate: f64,
}

impl Actor for Computer {}

struct Compute {
    term: f64,
}

impl Message for Compute {
    type Result = f64;
}

impl Handler<Compute> for Computer {
    async fn handle(&mut self, Compute { term }: Compute, _: &mut ActorContext<Self>) -> f64 {
        next(self.rate, term)
    }
}

/// Knows the present term.
struct Series {
    term: f64,
    computer: ActorRef<Computer>,
}

impl Actor for Series {}

struct NextTerm;

impl Message for NextTerm {
    type Result = ();
}

impl Handler<NextTerm> for Series {
    async fn handle(&mut self, _: NextTerm, _: &mut ActorContext<Self>) {
        self.term = self.computer.send(Compute { term: self.term }).await.expect("the computer replies");
    }
}

struct GetTerm;

impl Message for GetTerm {
    type Result = f64;
}

impl Handler<GetTerm> for Series {
    async fn handle(&mut self, _: GetTerm, _: &mut ActorContext<Self>) -> f64 {
        self.term
    }
}

struct Master {
    series: Vec<ActorRef<Series>>,
    report: mpsc::Sender<Vec<f64>>,
}

impl Actor for Master {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for series in 0..SERIES {
            let (rate, term) = beginning(series);
            let computer = ctx.system().spawn(Computer { rate }).start()?;
            self.series.push(ctx.system().spawn(Series { term, computer }).start()?);
        }
        Ok(())
    }
}

struct Start {
    terms: u64,
}

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Master {
    async fn handle(&mut self, Start { terms }: Start, _: &mut ActorContext<Self>) {
        for _ in 0..terms {
            for series in &self.series {
                series.tell(NextTerm).await.expect("a series lives");
            }
        }
        let mut last = Vec::new();
        for series in &self.series {
            last.push(series.send(GetTerm).await.expect("a series replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(last);
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let terms = terms(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    system.spawn(Master { series: Vec::new(), report }).start()?.blocking_tell(Start { terms })?;
    let (outcome, last) = outcome(started, messages(terms), &result)?;
    verify_last(terms, last)?;
    Ok(outcome)
}

/// What the task of a series receives.
enum Order {
    NextTerm,
    GetTerm(oneshot::Sender<f64>),
}

/// Starts the tasks of a series and of its computer.
fn spawn_series(runtime: &Runtime, series: usize) -> tokio_mpsc::Sender<Order> {
    let (rate, mut term) = beginning(series);
    let (computer, mut requests) = tokio_mpsc::channel::<(f64, oneshot::Sender<f64>)>(1_024);
    runtime.spawn(async move {
        while let Some((term, reply)) = requests.recv().await {
            reply.send(next(rate, term)).expect("the series waits");
        }
    });
    let (series, mut orders) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        while let Some(order) = orders.recv().await {
            match order {
                Order::NextTerm => {
                    let (reply, computed) = oneshot::channel();
                    computer.send((term, reply)).await.expect("the computer lives");
                    term = computed.await.expect("the computer replies");
                }
                Order::GetTerm(reply) => reply.send(term).expect("the master waits"),
            }
        }
    });
    series
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let terms = terms(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let all: Vec<_> = (0..SERIES).map(|series| spawn_series(runtime, series)).collect();
    runtime.spawn(async move {
        for _ in 0..terms {
            for series in &all {
                series.send(Order::NextTerm).await.expect("a series lives");
            }
        }
        let mut last = Vec::new();
        for series in &all {
            let (reply, term) = oneshot::channel();
            series.send(Order::GetTerm(reply)).await.expect("a series lives");
            last.push(term.await.expect("a series replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(last);
    });
    let (outcome, last) = outcome(started, messages(terms), &result)?;
    verify_last(terms, last)?;
    Ok(outcome)
}
