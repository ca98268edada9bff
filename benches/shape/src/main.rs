//! The shape of the cost: what a message costs as senders and actors become many.
//!
//! ```text
//! cargo run --release -p corecast-shape                            all curves
//! cargo run --release -p corecast-shape -- senders live            some of them
//! cargo run --release -p corecast-shape -- --json F --svg F        for programs, for eyes
//! cargo run --release -p corecast-shape -- --test                  quickly, to see that it runs
//! ```
//!
//! | curve | over | what is measured |
//! |---|---|---|
//! | [`million`] | – | a million actors are spawned, told and stopped: times, peak memory |
//! | [`senders`] | 1, 2, 4, 8 threads | one message from a thread to one actor, up to the end of its handler |
//! | [`live`] | 10 to 1,000,000 actors | one message from an actor to an idle one, up to the end of its handler |
//!
//! Each result is checked by counts: a message that is lost, doubled or out of order ends the run. The points of a curve
//! are measured in turns, round after round, so that noise hits all alike; a figure is the median of its rounds. Run it on
//! a machine that does nothing else.

mod chart;
mod chase;
mod live;
mod measure;
mod million;
mod senders;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

/// Whatever ends a run.
type Failure = Box<dyn Error>;

/// What there is to measure; [`million`] is the first, for it reads the peak of the process's memory.
const CURVES: [&str; 3] = ["million", "senders", "live"];

/// What the command line asks for.
struct Wanted {
    curves: Vec<String>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
    /// Only to see that it runs.
    is_test: bool,
}

impl Wanted {
    fn from_args() -> Result<Self, Failure> {
        let mut wanted = Self { curves: Vec::new(), json: None, svg: None, is_test: false };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut file = || args.next().map(PathBuf::from).ok_or_else(|| format!("{arg} needs a file"));
            match arg.as_str() {
                "--json" => wanted.json = Some(file()?),
                "--svg" => wanted.svg = Some(file()?),
                "--test" => wanted.is_test = true,
                curve if CURVES.contains(&curve) => wanted.curves.push(arg),
                _ => return Err(format!("{arg} isn't known; there are {}", CURVES.join(", ")).into()),
            }
        }
        Ok(wanted)
    }

    fn has(&self, curve: &str) -> bool {
        self.curves.is_empty() || self.curves.iter().any(|wanted| wanted == curve)
    }
}

fn main() -> Result<(), Failure> {
    let wanted = Wanted::from_args()?;
    let mut found = serde_json::Map::new();
    if wanted.has("million") {
        found.insert("million".into(), million::measure(if wanted.is_test { 1_000 } else { 1_000_000 })?);
    }
    let senders = wanted.has("senders").then(|| senders::measure(wanted.is_test)).transpose()?;
    if let Some(points) = &senders {
        found.insert("senders".into(), points.iter().map(senders::Point::to_json).collect());
    }
    let live = wanted.has("live").then(|| live::measure(wanted.is_test)).transpose()?;
    if let Some(points) = &live {
        found.insert("live".into(), points.iter().map(live::Point::to_json).collect());
    }
    if let Some(file) = &wanted.json {
        fs::write(
            file,
            serde_json::to_string_pretty(&json!({ "test": wanted.is_test, "found": Value::Object(found) }))?,
        )?;
    }
    if let Some(file) = &wanted.svg {
        chart::draw(file, senders.as_deref().unwrap_or_default(), live.as_deref().unwrap_or_default())?;
    }
    if wanted.is_test {
        println!("A test run: everything ran, the figures mean nothing.");
    }
    Ok(())
}
