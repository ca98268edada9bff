//! The Savina actor benchmark suite (Imam and Sarkar, AGERE 2014) on corecast, beside bare tokio and published figures.
//!
//! ```text
//! cargo run --release -p corecast-savina -- [NAMES...] [--rounds N] [--workers N] [--size suite|steady|test]
//!                                           [--json FILE] [--check] [--test]
//! ```
//!
//! Each benchmark is played in processes of its own, of a second or more each, on corecast and on tokio in turn, round after
//! round, so that the weather of the machine is the same for both. A process's figure is the mean of its messages; shown
//! are the least and the median of the processes. Each play's result is verified. README.md says more.

#![forbid(unsafe_code)]

mod alone;
mod benchmark;
mod crew;
mod published;
mod random;
mod sorted;
mod suite;
mod table;

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use alone::{Setting, Stage};
use benchmark::{Benchmark, Failure, Size};
use table::Row;

/// Plays the Savina benchmarks on corecast and on bare tokio, verifies their results, and prints nanoseconds per message.
#[derive(Parser)]
struct Arguments {
    /// Which benchmarks; all, if none is named.
    names: Vec<String>,
    /// Processes for each benchmark and runtime.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Worker threads.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// How large a play is.
    #[arg(long, value_enum, default_value_t = Size::Steady)]
    size: Size,
    /// How long a process plays at least.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Writes what was measured to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Fails if a benchmark isn't ahead of Verona BoC's median on two cores.
    #[arg(long)]
    check: bool,
    /// Only verifies: plays everything once, small, in this process.
    #[arg(long)]
    test: bool,
    /// Measures one benchmark in this process: what the program calls itself for.
    #[arg(long, value_enum, hide = true)]
    alone: Option<Stage>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all is well.
fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let chosen = choose(&arguments.names)?;
    let setting = Setting { size: arguments.size, workers: arguments.workers, seconds: arguments.seconds };
    if let Some(stage) = arguments.alone {
        serde_json::to_writer(std::io::stdout(), &alone::here(chosen[0], stage, setting)?)?;
        return Ok(true);
    }
    if arguments.test {
        return Ok(test(&chosen, arguments.workers));
    }
    let rows = measure(&chosen, arguments.rounds, setting)?;
    report(&rows, setting);
    if let Some(path) = &arguments.json {
        let records: Vec<_> = rows.iter().map(Row::record).collect();
        serde_json::to_writer_pretty(File::create(path)?, &records)?;
    }
    let verified = rows.iter().all(|row| row.failures().is_empty());
    let ahead = rows.iter().all(|row| row.ahead().unwrap_or(true));
    Ok(verified && (ahead || !arguments.check))
}

/// The benchmarks of these names, or all.
fn choose(names: &[String]) -> Result<Vec<&'static Benchmark>, Failure> {
    if names.is_empty() {
        return Ok(suite::ALL.iter().collect());
    }
    let find = |name: &String| {
        suite::ALL.iter().find(|benchmark| benchmark.name == name).ok_or_else(|| {
            let known: Vec<_> = suite::ALL.iter().map(|benchmark| benchmark.name).collect();
            Failure::new(format!("no benchmark is called {name}; there are {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

/// The stages that a benchmark has a version for.
fn stages(benchmark: &Benchmark) -> impl Iterator<Item = Stage> {
    [Some(Stage::Corecast), benchmark.tokio.map(|_| Stage::Tokio)].into_iter().flatten()
}

/// Plays everything once, small, and returns whether all results were right.
fn test(chosen: &[&Benchmark], workers: usize) -> bool {
    let setting = Setting { size: Size::Test, workers, seconds: 0.0 };
    let mut right = true;
    for benchmark in chosen {
        for stage in stages(benchmark) {
            let played = alone::player(benchmark, stage, setting).and_then(|play| play());
            let verdict = played.as_ref().map_or_else(Failure::to_string, |_| "verified".to_owned());
            println!("{:>2}  {:<28} {:<9} {verdict}", benchmark.number, benchmark.name, format!("{stage:?}"));
            right &= played.is_ok();
        }
    }
    right
}

/// Measures round after round.
fn measure(chosen: &[&Benchmark], rounds: u32, setting: Setting) -> Result<Vec<Row>, Failure> {
    let mut rows: Vec<_> = chosen.iter().map(|benchmark| Row::new(benchmark)).collect();
    let processes = chosen.iter().map(|benchmark| stages(benchmark).count() as u64).sum::<u64>() * u64::from(rounds);
    // The bar draws on stderr, and only where that is a terminal.
    let bar = ProgressBar::new(processes);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left")?);
    for _ in 0..rounds {
        for (benchmark, row) in chosen.iter().zip(&mut rows) {
            for stage in stages(benchmark) {
                bar.set_message(format!("{} on {stage:?}", benchmark.name));
                row.add(stage, alone::in_a_process(benchmark, stage, setting));
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(rows)
}

fn report(rows: &[Row], setting: Setting) {
    println!("{} workers, size {:?}\n\n{}", setting.workers, setting.size, table::HEAD.join("\n"));
    for row in rows {
        println!("{row}");
    }
    for row in rows {
        for failure in row.failures() {
            println!("{failure}");
        }
    }
    let compared: Vec<_> = rows.iter().filter_map(Row::ahead).collect();
    if !compared.is_empty() {
        let ahead = compared.iter().filter(|&&ahead| ahead).count();
        println!("\nahead of Verona BoC's median on two cores: {ahead} of {}", compared.len());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{published, suite};

    #[test]
    fn names_are_unique_and_numbers_in_order() {
        let names: HashSet<_> = suite::ALL.iter().map(|benchmark| benchmark.name).collect();
        assert_eq!(names.len(), suite::ALL.len());
        assert!(suite::ALL.is_sorted_by_key(|benchmark| benchmark.number));
    }

    #[test]
    fn published_figures_belong_to_a_benchmark() {
        for published in published::ALL {
            assert!(suite::ALL.iter().any(|benchmark| benchmark.name == published.name), "{}", published.name);
        }
    }
}
