//! Why a model failed.

use std::error::Error;
use std::fmt;

use super::model::{MAX_ACTORS, MAX_PREEMPTIONS, MAX_THREADS};
use crate::sim::Failure;

/// Why a model failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ModelError {
    /// An order of deliveries failed: which one, and what happens in it.
    Order(Box<Failure>),
    /// An execution of the model checker failed: with the shipped atomics, or where it can't go on.
    Execution {
        /// The panic of the model, of an actor or of the model checker.
        text: String,
        /// How many executions there were, this one among them.
        runs: u64,
    },
    /// The model is too large. Nothing has failed so far, but not everything was looked at.
    Limit {
        /// Which limit it exceeds.
        limit: Limit,
        /// How many runs there were.
        runs: u64,
    },
}

/// What a model may not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Runs: [`Model::max_runs`](super::Model::max_runs).
    Runs(u64),
    /// Turns in a run: [`Model::max_steps`](super::Model::max_steps).
    Steps(u64),
    /// Atomic operations in a run.
    Operations(usize),
    /// Actors, with the shipped atomics.
    Actors,
    /// Threads, with the shipped atomics: the model's own, and the workers.
    Threads,
    /// Preemptions, with the shipped atomics.
    Preemptions,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs(most) => write!(f, "there are more than {most} runs; `Model::max_runs` allows more"),
            Self::Steps(most) => {
                write!(f, "a run goes on for more than {most} turns; `Model::max_steps` allows more")
            }
            Self::Operations(most) => {
                write!(f, "a run has more than {most} atomic operations: it goes on for ever, or is too long")
            }
            Self::Actors => write!(f, "with the shipped atomics there may be {MAX_ACTORS} actors"),
            Self::Threads => {
                write!(
                    f,
                    "with the shipped atomics there may be {MAX_THREADS} threads: the model's own, and one worker"
                )
            }
            Self::Preemptions => write!(f, "with the shipped atomics there may be {MAX_PREEMPTIONS} preemptions"),
        }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(failure) => failure.fmt(f),
            Self::Execution { text, runs } => write!(f, "{text}\n\nexecution {runs} of the model checker"),
            Self::Limit { limit, runs } => {
                write!(f, "the model exceeds a limit, so that this is no proof: {limit}. It came to {runs} runs")
            }
        }
    }
}

impl Error for ModelError {}
