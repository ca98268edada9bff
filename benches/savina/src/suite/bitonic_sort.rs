//! Bitonic Sort (24): numbers go through a network of comparers, step by step. A step deals its numbers out to
//! sequences, a sequence to its comparers, and what they give is put in line again on two levels.
//!
//! Stresses: a network of many actors (a quarter of a million here) with a few messages each, and order: numbers are
//! told apart by their places only.
//!
//! Parameters: N = 4,096 numbers below 2^60, seed 2,048. A message is a number on its way from one actor to the next:
//! five per number and step, of which there are log N (log N + 1) / 2, and N from the source.
//!
//! Verified: against the standard library's sort of the same numbers.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorSystem, Handler, Message, Recipient, SpawnError, SystemRef};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome};
use crate::random::Random;
use crate::sorted;

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 24, name: "bitonic-sort", parameters: "N = 4,096, below 2^60, seed 2,048", play, tokio: None };

#[derive(Clone, Copy)]
struct Parameters {
    /// A power of two.
    numbers: usize,
    below: u64,
    seed: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { numbers: 4_096, below: 1 << 60, seed: 2_048 };
        // With doubles.
        size.pick(suite, Self { numbers: 64, below: 50, ..suite })
    }

    fn unsorted(self) -> impl Iterator<Item = u64> {
        let mut random = Random::new(self.seed);
        (0..self.numbers).map(move |_| random.below(self.below))
    }

    /// The steps in order: of each, the length of what is in order after its merge, and of its sequences.
    fn steps(self) -> impl DoubleEndedIterator<Item = (usize, usize)> {
        let levels = self.numbers.ilog2();
        (1..=levels).flat_map(|merge| (1..=merge).rev().map(move |step| (1 << merge, 1 << step)))
    }
}

/// A number, and through which of its sender's outputs, or of its receiver's inputs, it comes.
struct Number {
    lane: usize,
    value: u64,
}

impl Message for Number {
    type Result = ();
}

/// The network sends in one direction, and who sends keeps the receiver alive.
const LIVES: &str = "a receiver lives as long as its senders";

/// Deals numbers out to its outputs, so many to each in turn.
struct Splitter {
    outputs: Vec<Recipient<Number>>,
    run: usize,
    dealt: usize,
}

impl Actor for Splitter {}

impl Handler<Number> for Splitter {
    async fn handle(&mut self, number: Number, _: &mut ActorContext<Self>) {
        let output = self.dealt / self.run % self.outputs.len();
        self.dealt += 1;
        self.outputs[output].tell(number).await.expect(LIVES);
    }
}

/// Puts two numbers in order.
struct Comparer {
    is_ascending: bool,
    lane: usize,
    first: Option<u64>,
    next: Recipient<Number>,
}

impl Actor for Comparer {}

impl Handler<Number> for Comparer {
    async fn handle(&mut self, Number { value, .. }: Number, _: &mut ActorContext<Self>) {
        let Some(first) = self.first.take() else {
            self.first = Some(value);
            return;
        };
        let mut pair = [first.min(value), first.max(value)];
        if !self.is_ascending {
            pair.reverse();
        }
        for value in pair {
            self.next.tell(Number { lane: self.lane, value }).await.expect(LIVES);
        }
    }
}

/// Puts the numbers of its inputs in line, so many of each in turn.
struct Joiner {
    inputs: Vec<VecDeque<u64>>,
    run: usize,
    joined: usize,
    /// The input of the next one that its numbers come through.
    lane: usize,
    next: Recipient<Number>,
}

impl Joiner {
    fn new(inputs: usize, run: usize, lane: usize, next: Recipient<Number>) -> Self {
        Self { inputs: vec![VecDeque::new(); inputs], run, joined: 0, lane, next }
    }
}

impl Actor for Joiner {}

impl Handler<Number> for Joiner {
    async fn handle(&mut self, Number { lane, value }: Number, _: &mut ActorContext<Self>) {
        self.inputs[lane].push_back(value);
        loop {
            let input = self.joined / self.run % self.inputs.len();
            let Some(value) = self.inputs[input].pop_front() else { return };
            self.joined += 1;
            self.next.tell(Number { lane: self.lane, value }).await.expect(LIVES);
        }
    }
}

/// Builds the network, and says all numbers to it.
struct Kernel {
    parameters: Parameters,
    collector: Recipient<Number>,
}

impl Actor for Kernel {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let mut next = self.collector.clone();
        for (merged, length) in self.parameters.steps().rev() {
            next = step(&ctx.system(), self.parameters.numbers, merged, length, next)?;
        }
        for value in self.parameters.unsorted() {
            next.tell(Number { lane: 0, value }).await?;
        }
        Ok(())
    }
}

/// A step: each sequence of so many numbers is halved, and the numbers of its halves are compared in pairs. The
/// direction is that of the merge that the sequence is a part of.
fn step(
    system: &SystemRef,
    numbers: usize,
    merged: usize,
    length: usize,
    next: Recipient<Number>,
) -> Result<Recipient<Number>, SpawnError> {
    let sequences = numbers / length;
    let next = system.spawn(Joiner::new(sequences, length, 0, next)).start()?.recipient();
    let mut outputs = Vec::new();
    for sequence in 0..sequences {
        let is_ascending = (sequence * length / merged).is_multiple_of(2);
        let joiner = system.spawn(Joiner::new(length / 2, 1, sequence, next.clone())).start()?;
        let mut comparers = Vec::new();
        for lane in 0..length / 2 {
            let comparer = Comparer { is_ascending, lane, first: None, next: joiner.recipient() };
            comparers.push(system.spawn(comparer).start()?.recipient());
        }
        outputs.push(system.spawn(Splitter { outputs: comparers, run: 1, dealt: 0 }).start()?.recipient());
    }
    Ok(system.spawn(Splitter { outputs, run: length, dealt: 0 }).start()?.recipient())
}

struct Collector {
    expected: usize,
    numbers: Vec<u64>,
    report: mpsc::Sender<Vec<u64>>,
}

impl Actor for Collector {}

impl Handler<Number> for Collector {
    async fn handle(&mut self, Number { value, .. }: Number, _: &mut ActorContext<Self>) {
        self.numbers.push(value);
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
    let expected = parameters.numbers;
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let collector = system.spawn(Collector { expected, numbers: Vec::new(), report }).start()?.recipient();
    system.spawn(Kernel { parameters, collector }).start()?;
    let messages = expected * (5 * parameters.steps().count() + 1);
    outcome(started, messages as u64, &result)
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use crate::benchmark::Size;

    #[test]
    fn the_steps_are_those_of_the_network() {
        let parameters = Parameters { numbers: 8, ..Parameters::new(Size::Test) };
        assert!(parameters.steps().eq([(2, 2), (4, 4), (4, 2), (8, 8), (8, 4), (8, 2)]));
    }
}
