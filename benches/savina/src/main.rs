//! The Savina actor benchmark suite on corecast.

mod benchmark;
mod random;
mod suite;

use std::process::ExitCode;

use corecast::ActorSystem;

use benchmark::Size;

fn main() -> ExitCode {
    let system = ActorSystem::builder().workers(2).build().expect("two workers");
    let mut code = ExitCode::SUCCESS;
    for benchmark in suite::ALL {
        match (benchmark.play)(&system, Size::Steady) {
            Ok(outcome) => {
                println!("{} {:.1} ns", benchmark.name, outcome.elapsed.as_nanos() as f64 / outcome.messages as f64)
            }
            Err(failure) => {
                println!("{} {failure}", benchmark.name);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
