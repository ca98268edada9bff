//! Sieve of Eratosthenes (25): a producer sends odd numbers down a pipeline of filters, each of which knows up to M
//! primes and lets pass what none of them divides. The last filter learns what gets through to it, and spawns another
//! one when it knows enough.
//!
//! Stresses: a pipeline that grows and whose first stages work most; handlers of very uneven length.
//!
//! Parameters: N = 100,000, M = 1,000 primes per filter. A message is a number or the end of them, per filter that it
//! comes to: 91,328, as in the suite's table.
//!
//! As in the suite a filter tries all its primes in order, not only those up to the root of the number.
//!
//! Verified: all primes that the filters have found against those of a sieve in an array.

use std::mem;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 25, name: "sieve", parameters: "N = 100,000, M = 1,000", play, tokio: None };

#[derive(Clone, Copy)]
struct Parameters {
    /// The first number that isn't tried.
    end: u64,
    /// Primes that a filter knows.
    most: usize,
}

impl Parameters {
    fn new(size: Size) -> Self {
        size.pick(Self { end: 100_000, most: 1_000 }, Self { end: 2_000, most: 50 })
    }
}

/// Maybe a prime.
struct Number(u64);

impl Message for Number {
    type Result = ();
}

/// There are no more numbers. It collects what the filters have found.
struct End {
    primes: Vec<u64>,
    messages: u64,
}

impl Message for End {
    type Result = ();
}

struct Producer {
    parameters: Parameters,
    first: ActorRef<Filter>,
}

impl Actor for Producer {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for number in (3..self.parameters.end).step_by(2) {
            self.first.tell(Number(number)).await?;
        }
        self.first.tell(End { primes: Vec::new(), messages: 0 }).await?;
        Ok(())
    }
}

struct Filter {
    most: usize,
    primes: Vec<u64>,
    next: Option<ActorRef<Filter>>,
    messages: u64,
    report: mpsc::Sender<End>,
}

impl Actor for Filter {}

impl Filter {
    fn new(most: usize, prime: u64, report: mpsc::Sender<End>) -> Self {
        Self { most, primes: vec![prime], next: None, messages: 0, report }
    }
}

impl Handler<Number> for Filter {
    async fn handle(&mut self, Number(number): Number, ctx: &mut ActorContext<Self>) {
        self.messages += 1;
        if self.primes.iter().any(|prime| number % prime == 0) {
            return;
        }
        if let Some(next) = &self.next {
            next.tell(Number(number)).await.expect("a filter lives until the end");
        } else if self.primes.len() < self.most {
            self.primes.push(number);
        } else {
            let filter = Self::new(self.most, number, self.report.clone());
            self.next = Some(ctx.system().spawn(filter).start().expect("the system runs"));
        }
    }
}

impl Handler<End> for Filter {
    async fn handle(&mut self, mut end: End, _: &mut ActorContext<Self>) {
        end.primes.append(&mut self.primes);
        end.messages += mem::take(&mut self.messages) + 1;
        if let Some(next) = &self.next {
            next.tell(end).await.expect("a filter lives until the end");
        } else {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(end);
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, primes) = run(system, parameters)?;
    check(parameters, &primes)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<u64>), Failure> {
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let first = system.spawn(Filter::new(parameters.most, 2, report)).start()?;
    system.spawn(Producer { parameters, first }).start()?;
    let (outcome, End { primes, messages }) = outcome(started, 0, &result)?;
    Ok((Outcome { messages, ..outcome }, primes))
}

fn check(parameters: Parameters, primes: &[u64]) -> Result<(), Failure> {
    let end = parameters.end as usize;
    let mut is_composite = vec![false; end];
    let mut expected = Vec::new();
    for number in 2..end {
        if !is_composite[number] {
            expected.push(number as u64);
            (number * number..end).step_by(number).for_each(|multiple| is_composite[multiple] = true);
        }
    }
    verify("how many primes there are", expected.len(), primes.len())?;
    verify("whether they are the primes", true, expected == primes)
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, check, run};
    use crate::benchmark::Size;

    #[test]
    fn missing_and_wrong_primes_are_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, mut primes) = run(&system, parameters).expect("a result");
        check(parameters, &primes).expect("right");

        assert!(check(parameters, &primes[1..]).is_err());
        primes[40] += 2;
        assert!(check(parameters, &primes).is_err());
    }
}
