//! Trapezoidal Approximation (28): a master gives each of its workers a part of an interval, and adds up the areas that
//! they compute.
//!
//! Stresses: computing; there is one message to each worker and one back.
//!
//! Parameters: 10,000,000 pieces, 100 workers, from 1 to 5. A message is a part, an area, or the start: 201, as in the
//! suite's table.
//!
//! Verified: the integral by another rule with other points, Simpson's, to nine digits behind the point. A worker's
//! part changes the fourth one, and a piece of usual height the seventh.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 28,
    name: "trapezoid",
    parameters: "10,000,000 pieces, 100 workers, from 1 to 5",
    play,
    tokio: None,
};

const FROM: f64 = 1.0;
const TO: f64 = 5.0;

#[derive(Clone, Copy)]
struct Parameters {
    pieces: u32,
    workers: u32,
}

impl Parameters {
    fn new(size: Size) -> Self {
        size.pick(Self { pieces: 10_000_000, workers: 100 }, Self { pieces: 200_000, workers: 10 })
    }

    /// The width of a piece.
    fn width(self) -> f64 {
        (TO - FROM) / f64::from(self.pieces)
    }
}

/// The function whose integral it is.
fn height(x: f64) -> f64 {
    (x.powi(3) - 1.0).sin() / (x + 1.0) * (1.0 + (2.0 * x).sqrt().exp()).sqrt()
}

struct Worker {
    master: ActorRef<Master>,
}

impl Actor for Worker {}

/// Some pieces that lie side by side.
struct Part {
    from: f64,
    width: f64,
    pieces: u32,
}

impl Message for Part {
    type Result = ();
}

impl Handler<Part> for Worker {
    async fn handle(&mut self, Part { from, width, pieces }: Part, _: &mut ActorContext<Self>) {
        let left = |piece| height(from + width * f64::from(piece));
        let area = (0..pieces).map(|piece| (left(piece) + left(piece + 1)) / 2.0 * width).sum();
        self.master.tell(Area(area)).await.expect("the master waits for all areas");
    }
}

struct Master {
    parameters: Parameters,
    area: f64,
    missing: u32,
    report: mpsc::Sender<f64>,
}

impl Actor for Master {}

/// Has it hire its workers and give them their parts.
struct Start;

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Master {
    async fn handle(&mut self, _: Start, ctx: &mut ActorContext<Self>) {
        let (Parameters { pieces, workers, .. }, width) = (self.parameters, self.parameters.width());
        let pieces = pieces / workers;
        for number in 0..workers {
            let worker = Worker { master: ctx.actor_ref() };
            let worker = ctx.system().spawn(worker).start().expect("the system runs");
            let from = FROM + width * f64::from(pieces * number);
            worker.tell(Part { from, width, pieces }).await.expect("it has just started");
        }
    }
}

/// The area of a part.
struct Area(f64);

impl Message for Area {
    type Result = ();
}

impl Handler<Area> for Master {
    async fn handle(&mut self, Area(area): Area, _: &mut ActorContext<Self>) {
        self.area += area;
        self.missing -= 1;
        if self.missing == 0 {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(self.area);
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let (outcome, area) = run(system, Parameters::new(size))?;
    check(area)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, f64), Failure> {
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let master = Master { parameters, area: 0.0, missing: parameters.workers, report };
    system.spawn(master).start()?.blocking_tell(Start)?;
    outcome(started, u64::from(2 * parameters.workers + 1), &result)
}

fn check(area: f64) -> Result<(), Failure> {
    let expected = simpson(30_000);
    verify(&format!("whether {area} is {expected}"), true, (area - expected).abs() < PRECISION)
}

/// How far the two rules may be apart. The error of the trapezoids falls with the square of their width: it is 3e-10
/// for 200,000 of them.
const PRECISION: f64 = 1e-9;

/// The same integral by Simpson's rule.
fn simpson(pairs: u32) -> f64 {
    let width = (TO - FROM) / f64::from(2 * pairs);
    let weighted = |point: u32| {
        let weight = match point {
            0 => 1.0,
            _ if point == 2 * pairs => 1.0,
            _ if point % 2 == 1 => 4.0,
            _ => 2.0,
        };
        weight * height(FROM + width * f64::from(point))
    };
    (0..=2 * pairs).map(weighted).sum::<f64>() * width / 3.0
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, check, height, run};
    use crate::benchmark::Size;

    #[test]
    fn a_missing_piece_is_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, area) = run(&system, parameters).expect("a result");
        check(area).expect("right");
        let piece = height(3.0) * Parameters::new(Size::Suite).width();
        assert!(check(area - piece).is_err());
    }
}
