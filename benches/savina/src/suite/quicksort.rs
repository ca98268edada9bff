//! Quicksort (21): an actor splits its numbers by a pivot and spawns two others for the smaller and the larger ones,
//! until few are left. Each sends its numbers to the one that spawned it, in order.
//!
//! Stresses: a tree of actors that live for two messages, and messages that own a lot of memory.
//!
//! Parameters: N = 1,000,000 numbers below 2^60, sorted by one actor if they are fewer than 2,048; seed 1,024. A
//! message is a list of numbers, on the way down or up. The suite's table counts 3,869, with the pivots that its own
//! generator of numbers gives; here they are counted.
//!
//! Verified: against the standard library's sort of the same numbers.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message, Recipient};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome};
use crate::random::Random;
use crate::sorted;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 21,
    name: "quicksort",
    parameters: "N = 1,000,000, below 2^60, threshold 2,048, seed 1,024",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    numbers: usize,
    below: u64,
    /// Fewer are sorted by one actor.
    threshold: usize,
    seed: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { numbers: 1_000_000, below: 1 << 60, threshold: 2_048, seed: 1_024 };
        // With doubles.
        size.pick(suite, Self { numbers: 2_000, below: 1_000, threshold: 64, ..suite })
    }

    fn unsorted(self) -> Vec<u64> {
        let mut random = Random::new(self.seed);
        (0..self.numbers).map(|_| random.below(self.below)).collect()
    }
}

/// Numbers to sort.
struct Sort(Vec<u64>);

impl Message for Sort {
    type Result = ();
}

/// Which part of the numbers it is.
#[derive(Clone, Copy)]
enum Side {
    Smaller,
    Larger,
}

/// Numbers in order.
struct Sorted {
    side: Side,
    numbers: Vec<u64>,
    /// How many messages it took.
    messages: u64,
}

impl Message for Sorted {
    type Result = ();
}

struct Sorter {
    threshold: usize,
    side: Side,
    parent: Recipient<Sorted>,
    /// The numbers that are neither smaller nor larger.
    equal: Vec<u64>,
    smaller: Option<Vec<u64>>,
    larger: Option<Vec<u64>>,
    messages: u64,
}

impl Actor for Sorter {}

impl Sorter {
    fn new(threshold: usize, side: Side, parent: Recipient<Sorted>) -> Self {
        Self { threshold, side, parent, equal: Vec::new(), smaller: None, larger: None, messages: 0 }
    }

    /// Has another one sort a part.
    async fn delegate(&self, side: Side, numbers: Vec<u64>, ctx: &ActorContext<Self>) {
        let sorter = Self::new(self.threshold, side, ctx.actor_ref().recipient());
        let sorter = ctx.system().spawn(sorter).start().expect("the system runs");
        sorter.tell(Sort(numbers)).await.expect("it has just started");
    }

    async fn finish(&self, numbers: Vec<u64>) {
        let sorted = Sorted { side: self.side, numbers, messages: self.messages + 1 };
        self.parent.tell(sorted).await.expect("a parent waits for both sides");
    }
}

impl Handler<Sort> for Sorter {
    async fn handle(&mut self, Sort(mut numbers): Sort, ctx: &mut ActorContext<Self>) {
        self.messages += 1;
        if numbers.len() < self.threshold {
            numbers.sort_unstable();
            return self.finish(numbers).await;
        }
        let pivot = numbers[numbers.len() / 2];
        let (mut smaller, mut larger) = (Vec::new(), Vec::new());
        for number in numbers {
            let part = if number < pivot {
                &mut smaller
            } else if number > pivot {
                &mut larger
            } else {
                &mut self.equal
            };
            part.push(number);
        }
        self.delegate(Side::Smaller, smaller, ctx).await;
        self.delegate(Side::Larger, larger, ctx).await;
    }
}

impl Handler<Sorted> for Sorter {
    async fn handle(&mut self, Sorted { side, numbers, messages }: Sorted, _: &mut ActorContext<Self>) {
        self.messages += messages;
        match side {
            Side::Smaller => self.smaller = Some(numbers),
            Side::Larger => self.larger = Some(numbers),
        }
        if self.smaller.is_some() && self.larger.is_some() {
            let mut numbers = self.smaller.take().unwrap_or_default();
            numbers.append(&mut self.equal);
            numbers.append(self.larger.get_or_insert_default());
            // Nothing refers to this actor any more when this handler returns.
            self.finish(numbers).await;
        }
    }
}

struct Collector(mpsc::Sender<Sorted>);

impl Actor for Collector {}

impl Handler<Sorted> for Collector {
    async fn handle(&mut self, sorted: Sorted, _: &mut ActorContext<Self>) {
        // An error would mean that nobody waits for the result any more.
        let _ = self.0.send(sorted);
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, numbers) = run(system, parameters)?;
    sorted::check(parameters.unsorted(), &numbers)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<u64>), Failure> {
    let unsorted = parameters.unsorted();
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let collector = system.spawn(Collector(report)).start()?;
    let sorter = system.spawn(Sorter::new(parameters.threshold, Side::Smaller, collector.recipient())).start()?;
    sorter.blocking_tell(Sort(unsorted))?;
    let (outcome, Sorted { numbers, messages, .. }) = outcome(started, 0, &result)?;
    Ok((Outcome { messages, ..outcome }, numbers))
}
