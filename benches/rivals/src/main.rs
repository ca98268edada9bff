//! corecast beside actix, kameo, kompact, ractor and bare tokio: the same loads, two workers each, checked results.
//!
//! The README beside this crate says how to use it and what it measures; [`loads`] has the loads.

mod args;
mod chart;
mod child;
mod field;
mod floors;
mod framework;
mod latency;
mod loads;
mod measured;
mod resident;
mod results;
mod runtimes;
mod table;
mod target;

use std::process::ExitCode;

use args::{Args, Task};

fn main() -> ExitCode {
    match Args::parse(std::env::args().skip(1)).and_then(run) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does as told; whether all is as it should be.
fn run(args: Args) -> Result<bool, String> {
    match args.task {
        Task::Help => {
            println!("{}", args::HELP);
            Ok(true)
        }
        Task::Child { framework, load, size } => child::play(framework, load, size),
        Task::LatencyChild { framework, scale } => latency::child(framework, scale),
        Task::Compare => field::compare(&args),
        Task::Latency => latency::compare(&args),
    }
}
