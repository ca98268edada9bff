//! Recursive Matrix Multiplication (20): a master and its workers multiply two matrices. A worker splits a large
//! product into eight of half the side, which it hands back, and computes a small one itself.
//!
//! Stresses: computing, spread over workers by way of one master, with priorities and large results.
//!
//! Parameters: 20 workers, 1,024 by 1,024 numbers, blocks of at most 16,384 numbers (128 by 128), 10 priorities. A
//! message is a product to compute, to the master or to a worker, a computed block, or a worker's word that it is done:
//! with the first of them 2,267, as in the suite's table.
//!
//! The factors are shared, and a block of the result moves to the master, which adds it up; the suite's workers write
//! into one shared matrix. The master keeps products by priority (see [`crew`](crate::crew)), the smaller ones first.
//!
//! Verified: each number of the result by a closed form. A is i + k and B is k + 2 j in row i and column j, so that the
//! result depends on the way along the inner dimension (the suite has i and j); all sums are whole and exact.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::crew::Crew;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 20,
    name: "recursive-matmul",
    parameters: "20 workers, 1,024 x 1,024, blocks of 16,384, 10 priorities",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    workers: usize,
    side: usize,
    /// Numbers of the largest product that isn't split.
    block: usize,
    priorities: u32,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { workers: 20, side: 1_024, block: 16_384, priorities: 10 };
        size.pick(suite, Self { side: 32, block: 64, ..suite })
    }
}

/// The factors, row by row.
struct Factors {
    side: usize,
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Factors {
    fn new(side: usize) -> Self {
        let fill = |number: fn(usize, usize) -> usize| {
            (0..side * side).map(|index| number(index / side, index % side) as f64).collect()
        };
        Self { side, a: fill(|row, inner| row + inner), b: fill(|inner, column| inner + 2 * column) }
    }

    /// The product of two blocks, row by row.
    fn multiply(&self, product: Product) -> Vec<f64> {
        let Product { row, inner, column, side, .. } = product;
        let mut result = vec![0.0; side * side];
        for (i, sums) in result.chunks_exact_mut(side).enumerate() {
            let a = &self.a[(row + i) * self.side + inner..][..side];
            for (k, a) in a.iter().enumerate() {
                let b = &self.b[(inner + k) * self.side + column..][..side];
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum += a * b;
                }
            }
        }
        result
    }
}

/// The product of a block of A, from `row` and `inner` on, and one of B, from `inner` and `column` on.
#[derive(Clone, Copy)]
struct Product {
    row: usize,
    inner: usize,
    column: usize,
    side: usize,
    /// How often it was split.
    depth: u32,
}

impl Product {
    /// The eight products of half the side.
    fn split(self) -> impl Iterator<Item = Self> {
        let half = self.side / 2;
        (0..8).map(move |part| Self {
            row: self.row + half * (part & 1),
            inner: self.inner + half * (part >> 1 & 1),
            column: self.column + half * (part >> 2),
            side: half,
            depth: self.depth + 1,
        })
    }
}

struct Worker {
    number: usize,
    factors: Arc<Factors>,
    block: usize,
    master: ActorRef<Master>,
}

impl Actor for Worker {}

/// A product to compute.
struct Multiply(Product);

impl Message for Multiply {
    type Result = ();
}

impl Handler<Multiply> for Worker {
    async fn handle(&mut self, Multiply(product): Multiply, _: &mut ActorContext<Self>) {
        if product.side * product.side > self.block {
            for part in product.split() {
                self.master.tell(Split(part)).await.expect("the master waits for all parts");
            }
        } else {
            let result = self.factors.multiply(product);
            self.master.tell(Computed { product, result }).await.expect("the master waits for all parts");
        }
        self.master.tell(Done(self.number)).await.expect("the master waits for its workers");
    }
}

struct Master {
    parameters: Parameters,
    factors: Arc<Factors>,
    crew: Option<Crew<Worker, Multiply>>,
    result: Vec<f64>,
    messages: u64,
    report: mpsc::Sender<Solved>,
}

/// The result, and the messages that it took.
struct Solved {
    result: Vec<f64>,
    messages: u64,
}

impl Actor for Master {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let Parameters { workers, side, block, .. } = self.parameters;
        self.result = vec![0.0; side * side];
        let mut hired = Vec::new();
        for number in 0..workers {
            let worker = Worker { number, factors: Arc::clone(&self.factors), block, master: ctx.actor_ref() };
            hired.push(ctx.system().spawn(worker).start()?);
        }
        self.crew = Some(Crew::new(hired));
        Ok(())
    }
}

/// A product for somebody to compute.
struct Split(Product);

impl Message for Split {
    type Result = ();
}

/// A part of the result.
struct Computed {
    product: Product,
    result: Vec<f64>,
}

impl Message for Computed {
    type Result = ();
}

/// The worker of this number has done its piece.
struct Done(usize);

impl Message for Done {
    type Result = ();
}

impl Master {
    /// Counts a message that has come.
    fn received(&mut self) -> &mut Crew<Worker, Multiply> {
        self.messages += 1;
        self.crew.as_mut().expect("hired at the start")
    }
}

impl Handler<Split> for Master {
    async fn handle(&mut self, Split(product): Split, _: &mut ActorContext<Self>) {
        let priority = product.depth.min(self.parameters.priorities - 1);
        let crew = self.received();
        crew.add(priority, Multiply(product));
        crew.hand_out().await;
    }
}

impl Handler<Computed> for Master {
    async fn handle(&mut self, Computed { product, result }: Computed, _: &mut ActorContext<Self>) {
        self.received();
        let Product { row, column, side, .. } = product;
        for (i, part) in result.chunks_exact(side).enumerate() {
            let sums = &mut self.result[(row + i) * self.parameters.side + column..][..side];
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += part;
            }
        }
    }
}

impl Handler<Done> for Master {
    async fn handle(&mut self, Done(worker): Done, ctx: &mut ActorContext<Self>) {
        let crew = self.received();
        crew.free(worker);
        if !crew.is_done() {
            return crew.hand_out().await;
        }
        let messages = crew.handed_out() + self.messages;
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(Solved { result: std::mem::take(&mut self.result), messages });
        // The workers and their master keep each other alive.
        ctx.stop();
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, result) = run(system, parameters)?;
    check(parameters, &result)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<f64>), Failure> {
    let factors = Arc::new(Factors::new(parameters.side));
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let master = Master { parameters, factors, crew: None, result: Vec::new(), messages: 0, report };
    let master = system.spawn(master).start()?;
    master.blocking_tell(Split(Product { row: 0, inner: 0, column: 0, side: parameters.side, depth: 0 }))?;
    let (outcome, Solved { result, messages }) = outcome(started, 0, &result)?;
    Ok((Outcome { messages, ..outcome }, result))
}

/// The sum of (i + k) (k + 2 j) over all k, with those of k and of its squares in closed form.
fn check(parameters: Parameters, result: &[f64]) -> Result<(), Failure> {
    let n = parameters.side;
    verify("how many numbers there are", n * n, result.len())?;
    let (sum, squares) = (n * (n - 1) / 2, n * (n - 1) * (2 * n - 1) / 6);
    for (index, &number) in result.iter().enumerate() {
        let (i, j) = (index / n, index % n);
        let expected = 2 * i * j * n + (i + 2 * j) * sum + squares;
        verify(&format!("row {i}, column {j}"), expected as f64, number)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Factors, Parameters, Product, check, run};
    use crate::benchmark::Size;

    #[test]
    fn a_missing_product_is_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, mut result) = run(&system, parameters).expect("a result");
        check(parameters, &result).expect("right");
        // As if the first number lacked its last product.
        let side = parameters.side;
        let factors = Factors::new(side);
        result[0] -= factors.a[side - 1] * factors.b[(side - 1) * side];
        assert!(check(parameters, &result).is_err());
    }

    #[test]
    fn the_closed_form_is_the_product() {
        let parameters = Parameters { side: 5, ..Parameters::new(Size::Test) };
        let whole = Product { row: 0, inner: 0, column: 0, side: 5, depth: 0 };
        check(parameters, &Factors::new(5).multiply(whole)).expect("the same");
    }

    #[test]
    fn the_suite_counts_as_many_messages() {
        // Split products: 1 + 8 + 64, computed ones 512; each is handed out and done, the first is told from outside.
        let split = 1 + 8 + 64;
        assert_eq!(1 + 8 * split + 2 * (split + 512) + 512, 2_267);
    }
}
