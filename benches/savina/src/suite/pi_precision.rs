//! Pi Precision (29): a master has its workers compute terms of a series one by one, and adds them up until they are
//! too small to matter.
//!
//! Stresses: small units of work, handed out as results come back, with results of some thousand bytes.
//!
//! Parameters: 20 workers, 5,000 decimal digits. A message is a term to compute or a term. How many are on their way
//! when the first one is zero, ten per worker at most, depends on chance; they are counted.
//!
//! The series is that of Bailey, Borwein and Plouffe ("On the rapid computation of various polylogarithmic constants",
//! Mathematics of Computation 66, 1997), in whole numbers that count the last of ten digits more than are asked for.
//!
//! Verified: all digits by Machin's formula, in sequence.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use num_bigint::BigUint;

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 29, name: "pi-precision", parameters: "20 workers, 5,000 digits", play, tokio: None };

/// Digits beyond those that are asked for: what is cut off from the terms stays below them.
const GUARD: u32 = 10;

/// Terms that a worker has at first.
const AHEAD: usize = 10;

#[derive(Clone, Copy)]
struct Parameters {
    workers: usize,
    digits: u32,
}

impl Parameters {
    fn new(size: Size) -> Self {
        size.pick(Self { workers: 20, digits: 5_000 }, Self { workers: 20, digits: 200 })
    }

    /// The number that stands for one.
    fn one(self) -> BigUint {
        BigUint::from(10_u32).pow(self.digits + GUARD)
    }
}

struct Worker {
    number: usize,
    one: Arc<BigUint>,
    master: ActorRef<Master>,
}

impl Actor for Worker {}

/// The term of this number is to be computed.
struct Compute(u64);

impl Message for Compute {
    type Result = ();
}

impl Handler<Compute> for Worker {
    async fn handle(&mut self, Compute(k): Compute, _: &mut ActorContext<Self>) {
        let scaled = &*self.one >> (4 * k);
        let part = |numerator: u32, denominator: u64| &scaled * numerator / denominator;
        let term = part(4, 8 * k + 1) - part(2, 8 * k + 4) - part(1, 8 * k + 5) - part(1, 8 * k + 6);
        self.master.tell(Term { term, worker: self.number }).await.expect("the master waits for all terms");
    }
}

struct Master {
    parameters: Parameters,
    workers: Vec<ActorRef<Worker>>,
    sum: BigUint,
    requested: u64,
    received: u64,
    is_precise: bool,
    report: mpsc::Sender<Pi>,
}

/// What stands for pi, and the messages that it took.
struct Pi {
    scaled: BigUint,
    messages: u64,
}

impl Actor for Master {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let one = Arc::new(self.parameters.one());
        for number in 0..self.parameters.workers {
            let worker = Worker { number, one: Arc::clone(&one), master: ctx.actor_ref() };
            self.workers.push(ctx.system().spawn(worker).start()?);
        }
        for _ in 0..AHEAD {
            for worker in 0..self.workers.len() {
                self.request(worker).await;
            }
        }
        Ok(())
    }
}

impl Master {
    /// Has a worker compute the next term. It has ten to compute at most, so there is room for it.
    async fn request(&mut self, worker: usize) {
        self.workers[worker].tell(Compute(self.requested)).await.expect("workers live as long as their master");
        self.requested += 1;
    }
}

/// A term, and the number of the worker that has computed it.
struct Term {
    term: BigUint,
    worker: usize,
}

impl Message for Term {
    type Result = ();
}

impl Handler<Term> for Master {
    async fn handle(&mut self, Term { term, worker }: Term, ctx: &mut ActorContext<Self>) {
        self.received += 1;
        self.is_precise |= term == BigUint::ZERO;
        self.sum += term;
        if !self.is_precise {
            return self.request(worker).await;
        }
        if self.received == self.requested {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(Pi { scaled: std::mem::take(&mut self.sum), messages: 2 * self.requested });
            // The workers and their master keep each other alive.
            ctx.stop();
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, scaled) = run(system, parameters)?;
    check(parameters, &scaled)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, BigUint), Failure> {
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (workers, sum) = (Vec::new(), BigUint::ZERO);
    let master = Master { parameters, workers, sum, requested: 0, received: 0, is_precise: false, report };
    system.spawn(master).start()?;
    let (outcome, Pi { scaled, messages }) = outcome(started, 0, &result)?;
    Ok((Outcome { messages, ..outcome }, scaled))
}

fn check(parameters: Parameters, scaled: &BigUint) -> Result<(), Failure> {
    let digits = |scaled: &BigUint| (scaled / BigUint::from(10_u32).pow(GUARD)).to_string();
    let (expected, got) = (digits(&machin(&parameters.one())), digits(scaled));
    verify("how many digits there are", expected.len(), got.len())?;
    let first_wrong = expected.bytes().zip(got.bytes()).position(|(expected, got)| expected != got);
    verify("the place of the first wrong digit", None, first_wrong)
}

/// 16 arctan 1/5 - 4 arctan 1/239, times one.
fn machin(one: &BigUint) -> BigUint {
    arctan(one, 5) * 16_u32 - arctan(one, 239) * 4_u32
}

/// The arctangent of 1/x, times one.
fn arctan(one: &BigUint, x: u32) -> BigUint {
    let mut power = one / x;
    let (mut added, mut subtracted) = (power.clone(), BigUint::ZERO);
    for n in 1_u32.. {
        power /= x * x;
        if power == BigUint::ZERO {
            break;
        }
        let sum = if n % 2 == 0 { &mut added } else { &mut subtracted };
        *sum += &power / (2 * n + 1);
    }
    added - subtracted
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;
    use num_bigint::BigUint;

    use super::{GUARD, Parameters, check, machin, run};
    use crate::benchmark::Size;

    #[test]
    fn a_wrong_digit_is_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, scaled) = run(&system, parameters).expect("a result");
        check(parameters, &scaled).expect("right");
        assert!(check(parameters, &(scaled + BigUint::from(10_u32).pow(GUARD))).is_err());
    }

    #[test]
    fn machins_formula_is_right() {
        let scaled = machin(&BigUint::from(10_u32).pow(60)).to_string();
        assert!(scaled.starts_with("314159265358979323846264338327950288419716939937510"));
    }
}
