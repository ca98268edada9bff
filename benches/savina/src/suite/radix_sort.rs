//! Radix Sort (22): a pipeline of 60 actors, one per bit, from the lowest to the highest. Each lets numbers without its
//! bit pass, and holds the others back until all have come.
//!
//! Stresses: a pipeline of tiny messages, in which stages send in bursts.
//!
//! Parameters: N = 100,000 numbers below 2^60, seed 2,048. A message is a number on its way from one stage to the next:
//! 61 N, with the source before the first bit and the collector behind the last.
//!
//! All mailboxes are the usual ones, for 1,024 messages: a stage that lets go of what it held waits for the next.
//!
//! Verified: against the standard library's sort of the same numbers.

use std::mem;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorSystem, Handler, Message, Recipient};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome};
use crate::random::Random;
use crate::sorted;

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 22, name: "radix-sort", parameters: "N = 100,000, below 2^60, seed 2,048", play, tokio: None };

#[derive(Clone, Copy)]
struct Parameters {
    numbers: usize,
    bits: u32,
    seed: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { numbers: 100_000, bits: 60, seed: 2_048 };
        size.pick(suite, Self { numbers: 2_000, bits: 10, ..suite })
    }

    fn unsorted(self) -> impl Iterator<Item = u64> {
        let mut random = Random::new(self.seed);
        (0..self.numbers).map(move |_| random.below(1 << self.bits))
    }
}

struct Number(u64);

impl Message for Number {
    type Result = ();
}

/// Says all numbers as soon as it is there.
struct Source {
    parameters: Parameters,
    next: Recipient<Number>,
}

impl Actor for Source {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for number in self.parameters.unsorted() {
            self.next.tell(Number(number)).await?;
        }
        Ok(())
    }
}

struct Sorter {
    bit: u32,
    next: Recipient<Number>,
    held: Vec<u64>,
    /// Numbers still to come.
    missing: usize,
}

impl Actor for Sorter {}

impl Handler<Number> for Sorter {
    async fn handle(&mut self, Number(number): Number, _: &mut ActorContext<Self>) {
        self.missing -= 1;
        if number >> self.bit & 1 == 0 {
            self.next.tell(Number(number)).await.expect("a stage waits for all numbers");
        } else {
            self.held.push(number);
        }
        if self.missing == 0 {
            for number in mem::take(&mut self.held) {
                self.next.tell(Number(number)).await.expect("a stage waits for all numbers");
            }
        }
    }
}

struct Collector {
    expected: usize,
    numbers: Vec<u64>,
    report: mpsc::Sender<Vec<u64>>,
}

impl Actor for Collector {}

impl Handler<Number> for Collector {
    async fn handle(&mut self, Number(number): Number, _: &mut ActorContext<Self>) {
        self.numbers.push(number);
        if self.numbers.len() == self.expected {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(mem::take(&mut self.numbers));
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, numbers) = run(system, parameters)?;
    sorted::check(parameters.unsorted(), &numbers)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<u64>), Failure> {
    let Parameters { numbers, bits, .. } = parameters;
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let collector = system.spawn(Collector { expected: numbers, numbers: Vec::new(), report }).start()?;
    let mut next = collector.recipient();
    for bit in (0..bits).rev() {
        next = system.spawn(Sorter { bit, next, held: Vec::new(), missing: numbers }).start()?.recipient();
    }
    system.spawn(Source { parameters, next }).start()?;
    outcome(started, u64::from(bits + 1) * numbers as u64, &result)
}
