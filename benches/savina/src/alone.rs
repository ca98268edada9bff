//! A measurement in a process of its own: the program runs itself again.
//!
//! What one benchmark leaves behind (recycled memory, a heap in pieces, a warm predictor) is no other benchmark's, and
//! rounds of several can be interleaved.

use std::env;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use corecast::ActorSystem;
use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

use crate::benchmark::{Benchmark, Failure, Outcome, Size};

/// What plays the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    /// This library.
    Corecast,
    /// Bare tokio, a task per actor.
    Tokio,
}

impl Stage {
    /// As it is said on the command line.
    fn argument(self) -> &'static str {
        match self {
            Self::Corecast => "corecast",
            Self::Tokio => "tokio",
        }
    }
}

/// What is played, and how.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Which size.
    pub size: Size,
    /// How many workers.
    pub workers: usize,
    /// How long to play at least, again and again.
    pub seconds: f64,
}

/// What a process measured: its plays together.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Measured {
    /// How many there were.
    pub plays: u32,
    /// How long they took.
    pub nanoseconds: f64,
    /// The processor time that this process took for it, all threads together.
    pub processor_nanoseconds: f64,
    /// Messages of all of them.
    pub messages: u64,
}

impl Measured {
    /// The mean of all its messages.
    pub fn nanoseconds_per_message(&self) -> f64 {
        self.nanoseconds / self.messages as f64
    }

    /// The same of the processor time, which other programs on the machine hardly change.
    pub fn processor_per_message(&self) -> f64 {
        self.processor_nanoseconds / self.messages as f64
    }
}

/// Plays a benchmark in a process of its own.
pub fn in_a_process(benchmark: &Benchmark, stage: Stage, setting: Setting) -> Result<Measured, Failure> {
    let size = clap::ValueEnum::to_possible_value(&setting.size).expect("each size has a name");
    let output = Command::new(env::current_exe()?)
        .args([benchmark.name, "--alone", stage.argument(), "--size", size.get_name()])
        .args(["--workers", &setting.workers.to_string(), "--seconds", &setting.seconds.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Failure::new(format!("its own process ended with {}: {}", output.status, text.trim())));
    }
    Ok(serde_json::from_str(&text)?)
}

/// Plays it here, again and again until there was enough of it, after a play to warm up.
pub fn here(benchmark: &Benchmark, stage: Stage, setting: Setting) -> Result<Measured, Failure> {
    let play = player(benchmark, stage, setting)?;
    let enough = setting.seconds * 1e9;
    let mut measured = Measured { plays: 0, nanoseconds: 0.0, processor_nanoseconds: 0.0, messages: 0 };
    let mut warm = false;
    while measured.plays == 0 || measured.nanoseconds < enough {
        let processor = ProcessTime::now();
        let Outcome { elapsed, messages } = play()?;
        let nanoseconds = elapsed.as_nanos() as f64;
        // The first one is to warm up, unless it is so long that it needs none.
        if !warm && nanoseconds < enough {
            warm = true;
            continue;
        }
        measured.plays += 1;
        measured.nanoseconds += nanoseconds;
        measured.processor_nanoseconds += processor.elapsed().as_nanos() as f64;
        measured.messages += messages;
    }
    Ok(measured)
}

/// Plays a benchmark once whenever it is called, always on the same workers.
pub fn player(
    benchmark: &Benchmark,
    stage: Stage,
    Setting { size, workers, .. }: Setting,
) -> Result<Box<dyn Fn() -> Result<Outcome, Failure>>, Failure> {
    match stage {
        Stage::Corecast => {
            let system = ActorSystem::builder().workers(workers).build()?;
            let play = benchmark.play;
            Ok(Box::new(move || {
                let outcome = play(&system, size)?;
                all_end(&system)?;
                Ok(outcome)
            }))
        }
        Stage::Tokio => {
            let play = benchmark.tokio.ok_or_else(|| Failure::new("there is no version for tokio"))?;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build()?;
            Ok(Box::new(move || play(&runtime, size)))
        }
    }
}

/// Waits until the actors of a play have ended, so that they don't run into the next one. One that stays is a mistake of
/// the benchmark.
fn all_end(system: &ActorSystem) -> Result<(), Failure> {
    const LIMIT: Duration = Duration::from_secs(10);
    let started = Instant::now();
    while system.actor_count() > 0 {
        if started.elapsed() > LIMIT {
            return Err(Failure::new(format!("{} actors never end", system.actor_count())));
        }
        system.block_on(system.sleep(Duration::from_micros(100)));
    }
    Ok(())
}
