//! A benchmark of the suite: what it is called, how it is played, and what a play gives.
//!
//! A play starts its actors, has them work, verifies what they did and says how long it took: from before the first
//! actor was started until the result was here. It verifies after the clock was read. What verifies is another
//! computation than the one that is verified: a closed form, the same done in sequence, or a law of conservation.

use std::error::Error;
use std::fmt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use corecast::ActorSystem;
use tokio::runtime::Runtime;

/// A benchmark of the suite.
#[derive(Debug)]
pub struct Benchmark {
    /// Its number in the suite's table.
    pub number: u8,
    /// Its name there, in lower case with hyphens: how it is chosen on the command line.
    pub name: &'static str,
    /// The suite's parameters, as text.
    pub parameters: &'static str,
    /// Plays it on corecast once and verifies the result.
    pub play: Play,
    /// The same on bare tokio, where there is such a version.
    pub tokio: Option<TokioPlay>,
}

/// Plays a benchmark once, on this system's workers.
pub type Play = fn(&ActorSystem, Size) -> Result<Outcome, Failure>;

/// The same on tokio's.
pub type TokioPlay = fn(&Runtime, Size) -> Result<Outcome, Failure>;

/// How large a play is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// The suite's parameters.
    Suite,
    /// Fifty times as long where start and end would count otherwise (ping-pong, thread ring), the suite's elsewhere.
    Steady,
    /// A few operations, to see that it works.
    Test,
}

impl Size {
    /// The suite's parameter, or the one for a test.
    pub fn pick<T>(self, suite: T, test: T) -> T {
        match self {
            Self::Suite | Self::Steady => suite,
            Self::Test => test,
        }
    }
}

/// What a play gave.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// From before the first actor was started until the result was here.
    pub elapsed: Duration,
    /// Messages as the suite's table counts them; or actors, where it says so.
    pub messages: u64,
}

/// What was wrong with a result: expected, got.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// In words.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `?` on the errors of the library. (`Failure` is no `Error` itself, or this would clash.)
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Fails if what was expected isn't what came out.
pub fn verify<T: PartialEq + fmt::Debug>(what: &str, expected: T, got: T) -> Result<(), Failure> {
    if expected == got { Ok(()) } else { Err(Failure(format!("{what}: expected {expected:?}, got {got:?}"))) }
}

/// How long a play may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(300);

/// Waits for what the actors report to the thread that started them, and reads the clock.
pub fn outcome<T>(started: Instant, messages: u64, report: &mpsc::Receiver<T>) -> Result<(Outcome, T), Failure> {
    let result = report.recv_timeout(LIMIT).map_err(|error| Failure(format!("no result: {error}")))?;
    Ok((Outcome { elapsed: started.elapsed(), messages }, result))
}
