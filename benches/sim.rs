//! How fast the simulator is: its targets, and what a run costs.
//!
//! ```text
//! cargo bench --features sim --bench sim -- --check
//! ```
//!
//! Each figure is the median of several measurements by the wall clock, on a machine that does nothing else.

use std::process::ExitCode;
use std::time::Instant;

use corecast::sim::{Check, Outcome, Sim, Strategy};
use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

/// Passes a message on as often as it says.
struct Player(Option<ActorRef<Player>>);
impl Actor for Player {}

struct Meet(ActorRef<Player>);
impl Message for Meet {
    type Result = ();
}

impl Handler<Meet> for Player {
    async fn handle(&mut self, Meet(other): Meet, _: &mut ActorContext<Self>) {
        self.0 = Some(other);
    }
}

struct Ball(u64);
impl Message for Ball {
    type Result = ();
}

impl Handler<Ball> for Player {
    async fn handle(&mut self, Ball(left): Ball, _: &mut ActorContext<Self>) {
        match &self.0 {
            Some(other) if left > 0 => drop(other.tell(Ball(left - 1)).await),
            _ => self.0 = None,
        }
    }
}

struct Ask(u64);
impl Message for Ask {
    type Result = u64;
}

impl Handler<Ask> for Player {
    async fn handle(&mut self, Ask(depth): Ask, _: &mut ActorContext<Self>) -> u64 {
        match &self.0 {
            Some(other) if depth > 0 => other.send(Ask(depth - 1)).await.unwrap_or(0),
            _ => depth,
        }
    }
}

/// Pairs that play, all at once.
fn pairs(sim: &Sim, pairs: u64, turns: u64) -> Outcome {
    let system = sim.system();
    for _ in 0..pairs {
        let one = system.spawn(Player(None)).start()?;
        let other = system.spawn(Player(Some(one.clone()))).start()?;
        one.try_tell(Meet(other))?;
        one.try_tell(Ball(turns))?;
    }
    sim.run_until_quiescent()?;
    Ok(())
}

/// A hundred messages: tells and requests between four actors.
fn small(sim: &Sim) -> Outcome {
    let system = sim.system();
    let last = system.spawn(Player(None)).start()?;
    let mut first = last.clone();
    for _ in 0..3 {
        first = system.spawn(Player(Some(first))).start()?;
    }
    for _ in 0..12 {
        first.try_tell(Ball(3))?;
        drop(first.try_send(Ask(3))?);
    }
    sim.run_until_quiescent()?;
    Ok(())
}

/// One figure and its target.
struct Row {
    name: &'static str,
    load: &'static str,
    target: f64,
    measure: fn(u64) -> f64,
}

/// So many a second.
fn per_second(count: u64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

fn messages(strategy: Strategy, actors: u64, scale: u64) -> f64 {
    let start = Instant::now();
    let report = Check::new().runs(1).strategy(strategy).run(|sim| pairs(sim, actors / 2, 2_000 * scale / actors));
    per_second(report.messages(), start)
}

const ROWS: [Row; 4] = [
    Row {
        name: "messages",
        load: "simulated messages a second, 16 actors, random walk",
        target: 1e6,
        measure: |scale| messages(Strategy::RandomWalk, 16, scale),
    },
    Row {
        name: "many",
        load: "the same, 1,000 actors",
        target: 1e6,
        measure: |scale| messages(Strategy::RandomWalk, 1_000, scale),
    },
    Row {
        name: "pct",
        load: "the same, 16 actors, by priorities",
        target: 1e6,
        measure: |scale| messages(Strategy::Pct { depth: 3 }, 16, scale),
    },
    Row {
        name: "runs",
        load: "runs a second of a case of 100 messages",
        target: 1e3,
        measure: |scale| {
            let runs = 4 * scale;
            let start = Instant::now();
            let report = Check::new().runs(runs).run(small);
            assert_eq!(report.messages(), runs * 96, "the case is what it says");
            per_second(report.runs(), start)
        },
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_check = args.iter().any(|arg| arg == "--check") && args.iter().all(|arg| arg != "--test");
    let (times, scale) = if is_check { (9, 500) } else { (1, 1) };
    println!("{:<10} {:<54} {:>12} {:>12}", "row", "load", "median", "target");
    let mut missed = 0;
    for row in &ROWS {
        let mut figures: Vec<_> = (0..times).map(|_| (row.measure)(scale)).collect();
        figures.sort_by(f64::total_cmp);
        let median = figures[times / 2];
        let is_missed = is_check && median < row.target;
        missed += usize::from(is_missed);
        let verdict = if is_missed { "MISSED" } else { "" };
        println!("{:<10} {:<54} {median:>12.0} {:>12.0} {verdict}", row.name, row.load, row.target);
    }
    if missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
