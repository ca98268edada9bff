//! The Savina actor benchmark suite on corecast.

mod benchmark;
mod random;
mod suite;

use std::process::ExitCode;

use corecast::ActorSystem;

use benchmark::Size;

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let workers = std::env::var("W").map_or(2, |w| w.parse().unwrap());
    let rounds = std::env::var("R").map_or(5, |w| w.parse().unwrap());
    let system = ActorSystem::builder().workers(workers).build().expect("two workers");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build().unwrap();
    let mut code = ExitCode::SUCCESS;
    for benchmark in suite::ALL {
        if !names.is_empty() && !names.iter().any(|n| n == benchmark.name) {
            continue;
        }
        print!("{:30}", benchmark.name);
        for tokio in [false, true] {
            let mut ns = vec![];
            for _ in 0..if tokio { 1 } else { rounds } {
                let outcome = if tokio {
                    let Some(t) = benchmark.tokio else { continue };
                    t(&runtime, Size::Steady)
                } else {
                    (benchmark.play)(&system, Size::Steady)
                };
                match outcome {
                    Ok(outcome) => ns.push(outcome.elapsed.as_nanos() as f64 / outcome.messages as f64),
                    Err(failure) => {
                        print!("{failure}");
                        code = ExitCode::FAILURE;
                    }
                }
            }
            ns.sort_by(f64::total_cmp);
            if !ns.is_empty() {
                print!(" min {:7.1} median {:7.1} |", ns[0], ns[ns.len() / 2]);
            }
        }
        println!(" left {}", system.actor_count());
    }
    code
}
