//! The targets: measures the floors of the machine, then each load, and says what is reached.
//!
//! ```text
//! cargo bench --bench check -- --check             all rows
//! cargo bench --bench check -- --check tell hop    these rows
//! ```
//!
//! The exit code is 1 where a target is missed, or where it could not be measured. Each figure is
//! the median of several measurements; the smallest is printed beside it. A floor is the smallest of
//! its measurements ([`floors`]). Run it on a machine that does nothing else. That the message path allocates nothing is a target too, held by a test.

mod floors;
mod loads;

use std::cell::OnceCell;
use std::process::ExitCode;

use floors::Floors;
use loads::alone::Alone;
use loads::publish::Publishing;
use loads::samples::Samples;
use loads::size::Size;
use loads::{Load, cross, enqueue, hop, ping_pong, restart, scaling, send, siblings, spawn, subscribe, tell, tree};

fn main() -> ExitCode {
    if Alone::was_asked() {
        return ExitCode::SUCCESS;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| args.iter().any(|arg| arg == wanted);
    let size = if has("--check") && !has("--test") { Size::Full } else { Size::Smoke };
    if size == Size::Smoke && Size::from_args() == Size::Full {
        println!("the targets are checked with: cargo bench --bench check -- --check");
        return ExitCode::SUCCESS;
    }
    // Without `--check`, names are criterion's filters and mean other benches.
    let names = args.iter().map(String::as_str).filter(|arg| has("--check") && !arg.starts_with("--"));
    let names: Vec<&str> = names.collect();
    if let Some(unknown) = names.iter().find(|name| ROWS.iter().all(|row| row.name != **name)) {
        eprintln!("no row is called {unknown}; there are {}", ROWS.map(|row| row.name).join(", "));
        return ExitCode::from(2);
    }

    let run = Run { size, idle: OnceCell::new(), timers: OnceCell::new() };
    let floors = Floors::measure(size);
    println!("floors: {floors}\n");
    println!("{:<12} {:<52} {:>12} {:>12} {:>10} {:>10}", "row", "load", "median", "min", "in floors", "target");
    let mut missed = 0;
    for row in ROWS.iter().filter(|row| names.is_empty() || names.contains(&row.name)) {
        missed += usize::from(!row.check(&run, &floors));
    }

    match (size, missed) {
        (Size::Smoke, _) => println!("\na smoke run: everything ran, the figures mean nothing"),
        (Size::Full, 0) => println!("\nall reached"),
        (Size::Full, _) => {
            println!("\n{missed} MISSED");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What the rows of one run share.
struct Run {
    size: Size,
    /// The idle system is watched once, for two rows.
    idle: OnceCell<Result<Vec<f64>, String>>,
    /// So is the one with timers.
    timers: OnceCell<Result<Vec<f64>, String>>,
}

impl Run {
    /// Nanoseconds of one operation of the load.
    fn nanos(&self, mut load: impl Load, times: usize, rounds: u64) -> Samples {
        load.nanos(self.size.pick(times, 1), self.size.pick(rounds, 1))
    }

    /// One figure of those that are measured in a process of their own.
    fn alone(&self, alone: Alone) -> Result<Samples, String> {
        Ok(Samples::from(alone.measure(self.size)?[0]))
    }

    fn idle(&self, what: Alone, figure: usize) -> Result<Samples, String> {
        let watched = if matches!(what, Alone::Timers) { &self.timers } else { &self.idle };
        let activity = watched.get_or_init(|| what.measure(self.size));
        activity.as_ref().map(|figures| Samples::from(figures[figure])).map_err(String::clone)
    }
}

/// One load and its target.
struct Row {
    name: &'static str,
    load: &'static str,
    unit: &'static str,
    target: Target,
    measure: fn(&Run) -> Result<Samples, String>,
}

const ROWS: [Row; 23] = [
    Row {
        name: "enqueue",
        load: "enqueue alone, warm memory",
        unit: "ns",
        target: Target::Rmw(2.0),
        measure: |run| Ok(run.nanos(enqueue::load(), 21, 1_000)),
    },
    Row {
        name: "tell",
        load: "local tell, enqueue to handled, batches",
        unit: "ns",
        target: Target::Rmw(2.5),
        measure: |run| Ok(run.nanos(tell::load(), 21, 1_000)),
    },
    Row {
        name: "hop",
        load: "hop between two actors of one worker",
        unit: "ns",
        target: Target::Rmw(5.0),
        measure: |run| Ok(run.nanos(hop::load(), 21, 500)),
    },
    Row {
        name: "send",
        load: "local send and reply",
        unit: "ns",
        target: Target::Rmw(13.0),
        measure: |run| Ok(run.nanos(send::load(), 21, 200)),
    },
    Row {
        name: "timeout",
        load: "limit of a local send that isn't reached",
        unit: "ns",
        target: Target::Rmw(10.0),
        measure: |run| Ok(send::nanos_of_a_limit(run.size.pick(21, 1), run.size.pick(100, 1))),
    },
    Row {
        name: "ping_pong",
        load: "ping-pong with all workers / with one",
        unit: "x",
        target: Target::AtMost(1.2),
        measure: |run| ping_pong::ratio(run.size.pick(21, 1), run.size.pick(500, 1)),
    },
    Row {
        name: "scaling",
        load: "64 CPU-bound actors, 2 workers sooner than 1",
        unit: "x",
        target: Target::AtLeast(1.8),
        measure: |run| Ok(scaling::speedup(run.size.pick(15, 1), run.size.pick(5, 1))),
    },
    Row {
        name: "cross",
        load: "cross-core tell, empty handler",
        unit: "ns",
        target: Target::Line(1.0),
        measure: |run| {
            let load = cross::load().map_err(|error| error.to_string())?;
            if !load.is_pinned() {
                eprintln!("cross: the workers are not pinned");
            }
            Ok(run.nanos(load, 41, 20))
        },
    },
    Row {
        name: "publish_1",
        load: "publish to 1 subscriber, over a plain tell",
        unit: "ns",
        target: Target::Rmw(3.0),
        measure: |run| {
            let tell = run.nanos(tell::load(), 11, 1_000).median();
            Ok(run.nanos(Publishing::<1>::new(), 21, 2_000).minus(tell))
        },
    },
    Row {
        name: "publish_10",
        load: "publish to 10 subscribers, for each",
        unit: "ns",
        target: Target::Rmw(3.5),
        measure: |run| Ok(run.nanos(Publishing::<10>::new(), 21, 300)),
    },
    Row {
        name: "publish_100",
        load: "publish to 100 subscribers, for each",
        unit: "ns",
        target: Target::Rmw(3.5),
        measure: |run| Ok(run.nanos(Publishing::<100>::new(), 21, 30)),
    },
    Row {
        name: "subscribe",
        load: "subscribe or unsubscribe, 10,000 others",
        unit: "ns",
        target: Target::AtMost(20_000.0),
        measure: |run| Ok(run.nanos(subscribe::load(), 21, 1)),
    },
    Row {
        name: "spawn",
        load: "spawn, first message, stop",
        unit: "ns",
        target: Target::Rmw(40.0),
        measure: |run| Ok(run.nanos(spawn::load(), 21, 50)),
    },
    Row {
        name: "named",
        load: "the same with a name",
        unit: "ns",
        target: Target::Rmw(500.0),
        measure: |run| Ok(run.nanos(spawn::named(), 21, 50)),
    },
    Row {
        name: "restart",
        load: "failure to the first message of the new state",
        unit: "ns",
        target: Target::Rmw(300.0),
        measure: |run| Ok(restart::nanos(run.size.pick(20_000, 10))),
    },
    Row {
        name: "siblings",
        load: "p99 of a healthy child's send, siblings fail / calm",
        unit: "x",
        target: Target::AtMost(3.0),
        measure: |run| siblings::ratio(run.size.pick(11, 1), run.size.pick(10_000, 10)),
    },
    Row {
        name: "tree",
        load: "tree of 100,000 actors, start and stop / without",
        unit: "x",
        target: Target::AtMost(2.0),
        measure: |run| tree::ratio(run.size.pick(5, 1), run.size.pick(100, 1)),
    },
    Row {
        name: "memory",
        load: "idle actor beside its state, 500,000 of them",
        unit: "bytes",
        target: Target::AtMost(192.0),
        measure: |run| run.alone(Alone::IdleActor),
    },
    Row {
        name: "give_back",
        load: "resident after 1,000,000 messages / before",
        unit: "x",
        target: Target::AtMost(1.2),
        measure: |run| run.alone(Alone::Messages),
    },
    Row {
        name: "idle_cpu",
        load: "CPU time, 1,000,000 idle actors, 10 s",
        unit: "ns",
        target: Target::AtMost(0.0),
        measure: |run| run.idle(Alone::IdleSystem, 0),
    },
    Row {
        name: "idle_calls",
        load: "context switches meanwhile (no switch: no call)",
        unit: "",
        target: Target::AtMost(0.0),
        measure: |run| run.idle(Alone::IdleSystem, 1),
    },
    Row {
        name: "timers_cpu",
        load: "CPU time, 1,000,000 timers, none due, 10 s",
        unit: "ns",
        target: Target::AtMost(0.0),
        measure: |run| run.idle(Alone::Timers, 0),
    },
    Row {
        name: "timers_calls",
        load: "context switches meanwhile (no switch: no call)",
        unit: "",
        target: Target::AtMost(0.0),
        measure: |run| run.idle(Alone::Timers, 1),
    },
];

impl Row {
    /// Measures, prints the row, and returns whether the target is reached.
    fn check(&self, run: &Run, floors: &Floors) -> bool {
        let target = self.target.to_string();
        let samples = match (self.measure)(run) {
            Ok(samples) => samples,
            Err(reason) => {
                println!("{:<12} {:<52} not measured: {reason}, target {target}  MISSED", self.name, self.load);
                return false;
            }
        };
        let figure = |value: f64| format!("{value:.*} {}", if value < 1_000.0 { 2 } else { 0 }, self.unit);
        let (in_floors, reached) = self.target.compare(samples.median(), floors);
        let verdict = match (run.size, reached) {
            (Size::Smoke, _) => "",
            (Size::Full, true) => "ok",
            (Size::Full, false) => "MISSED",
        };
        println!(
            "{:<12} {:<52} {:>12} {:>12} {in_floors:>10} {target:>10}  {verdict}",
            self.name,
            self.load,
            figure(samples.median()),
            figure(samples.min()),
        );
        reached
    }
}

/// What a row has to reach.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// At most so many uncontended read-modify-writes.
    Rmw(f64),
    /// At most so many round trips of a cache line.
    Line(f64),
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    /// The figure in its floor, and whether it reaches the target.
    fn compare(self, figure: f64, floors: &Floors) -> (String, bool) {
        let in_floor = |floor: f64, sign: char, most: f64| {
            let times = figure / floor;
            (format!("{times:.2} {sign}"), times <= most)
        };
        match self {
            Self::Rmw(most) => in_floor(floors.rmw.min(), 'r', most),
            Self::Line(most) => match &floors.line {
                Some(line) => in_floor(line.min(), 'L', most),
                None => ("no L".to_owned(), false),
            },
            Self::AtMost(most) => (String::new(), figure <= most),
            Self::AtLeast(least) => (String::new(), figure >= least),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rmw(most) => write!(f, "<= {most} r"),
            Self::Line(most) => write!(f, "<= {most} L"),
            Self::AtMost(most) => write!(f, "<= {most}"),
            Self::AtLeast(least) => write!(f, ">= {least}"),
        }
    }
}
