//! A model, and how it is explored.

use std::cell::Cell;

use super::error::{Limit, ModelError};
use crate::sim::{Cause, Check, Sim, SimError, Strategy};
use crate::sync::explore::{self, Bounds, Stopped};
use crate::sync::unwind::guard;
use crate::system::ActorSystem;
use crate::system::observer::{ActorFailure, Observer};
use crate::system::spawn::ACTORS;
use crate::task::reason::StopReason;

/// The actors that a model may have with the shipped atomics.
pub const MAX_ACTORS: usize = 2;

/// The threads that it may have then: its own, and a worker's.
pub const MAX_THREADS: usize = 2;

/// The preemptions that are looked for then.
pub const MAX_PREEMPTIONS: usize = 2;

/// What one execution may have with the shipped atomics.
const QUOTAS: &[(&str, usize)] = &[(ACTORS, MAX_ACTORS), (explore::THREADS, MAX_THREADS)];

/// Atomic operations of one execution with the shipped atomics.
const MAX_OPERATIONS: usize = 20_000;

/// Looks at the end of an execution whether all is quiet.
const LOOKS: usize = 100;

/// How a model is explored.
///
/// # Examples
///
/// ```
#[doc = include_str!("../doc/counter.txt")]
/// use corecast::loom::Model;
///
/// let report = Model::new().max_runs(1_000).run(|system| {
///     let counter = system.spawn(Counter(0)).start().unwrap();
///     counter.try_tell(Add(1)).unwrap();
///     assert_eq!(counter.blocking_send(Add(2)).unwrap(), 3);
/// });
/// println!("{} orders", report.runs());
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is explored before `run`"]
pub struct Model {
    runs: u64,
    steps: u64,
    workers: usize,
    atomics: bool,
    preemptions: usize,
}

/// What a model that holds has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    runs: u64,
}

/// Explores all orders of a model.
///
/// # Panics
///
/// If one of them fails: with the shortest one that does, and what happens in it. And if there are more of them than
/// [`Model::new`] allows.
#[track_caller]
pub fn model(body: impl Fn(&ActorSystem)) {
    Model::new().run(body);
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Model {
    /// All orders, the atomics opaque; at most 100,000 runs of at most 500 turns each; one worker.
    pub fn new() -> Self {
        Self { runs: 100_000, steps: 500, workers: 1, atomics: false, preemptions: MAX_PREEMPTIONS }
    }

    /// How many runs there may be. More of them are an error.
    pub fn max_runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// How many turns a run may take. More of them are an error. With the shipped atomics they aren't counted.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// How many workers the system has. Who runs on which of them is no order of its own.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Explores the shipped atomics, too: the worker has a thread, which may be interrupted at each of them.
    pub fn atomics(mut self, atomics: bool) -> Self {
        self.atomics = atomics;
        self
    }

    /// How many preemptions are looked for with the shipped atomics, [`MAX_PREEMPTIONS`] by default.
    pub fn preemptions(mut self, preemptions: usize) -> Self {
        self.preemptions = preemptions;
        self
    }

    /// Explores the model.
    ///
    /// # Panics
    ///
    /// If it fails, or exceeds a limit.
    #[track_caller]
    #[allow(clippy::must_use_candidate, reason = "it checks by itself")]
    pub fn run(&self, body: impl Fn(&ActorSystem)) -> Report {
        match self.try_run(body) {
            Ok(report) => report,
            Err(error) => panic!("{error}"),
        }
    }

    /// Explores the model, and returns how it failed.
    ///
    /// # Errors
    ///
    /// The first run that failed; or the limit that the model exceeds.
    ///
    /// # Panics
    ///
    /// Within another model.
    pub fn try_run(&self, body: impl Fn(&ActorSystem)) -> Result<Report, ModelError> {
        if self.atomics { self.explore_atomics(&body) } else { self.explore_orders(&body) }
    }

    fn explore_orders(&self, body: &impl Fn(&ActorSystem)) -> Result<Report, ModelError> {
        let check = Check::new().strategy(Strategy::Exhaustive).runs(self.runs).max_steps(self.steps);
        let runs = Cell::new(0);
        let test = |sim: &Sim| {
            runs.set(runs.get() + 1);
            let system = sim.system();
            body(&system);
            // What it has left behind is explored as well.
            sim.run_until_quiescent()?;
            Ok(())
        };
        // UNWIND: a run that can't go on at all.
        let checked = guard(|| check.workers(self.workers).try_run(test));
        let operations = Limit::Operations(explore::LONE_STEPS);
        let (limit, runs) = match checked {
            Ok(Ok(report)) if report.is_complete() => return Ok(Report { runs: report.runs() }),
            Ok(Ok(report)) => (Limit::Runs(self.runs), report.runs()),
            Ok(Err(failure)) => match failure.cause() {
                Cause::Stuck(SimError::Endless { steps }) => (Limit::Steps(*steps), failure.run() + 1),
                Cause::Panicked { text, .. } if explore::is_too_long(text) => (operations, failure.run() + 1),
                _ => return Err(ModelError::Order(failure)),
            },
            Err(text) if explore::is_too_long(&text) => (operations, runs.get()),
            Err(text) => return Err(ModelError::Execution { text: text.into(), runs: runs.get() }),
        };
        Err(ModelError::Limit { limit, runs })
    }

    fn explore_atomics(&self, body: &impl Fn(&ActorSystem)) -> Result<Report, ModelError> {
        let exceeded = |limit| Err(ModelError::Limit { limit, runs: 0 });
        if self.preemptions > MAX_PREEMPTIONS {
            return exceeded(Limit::Preemptions);
        }
        if self.workers >= MAX_THREADS {
            return exceeded(Limit::Threads);
        }
        let mut runs = 0;
        // loom overlooks orders where a thread loads a word and changes it then; if loads count as writes it doesn't,
        // but looks at no stale values.
        for keen in [false, true] {
            let bounds = Bounds {
                preemptions: self.preemptions,
                steps: MAX_OPERATIONS,
                executions: self.runs - runs,
                quotas: QUOTAS,
                keen,
            };
            match explore::threads(&bounds, || self.execute(body)) {
                Ok(executions) => runs += executions,
                Err((executions, stopped)) => return Err(self.stopped(runs + executions, stopped)),
            }
        }
        Ok(Report { runs })
    }

    /// One execution with the shipped atomics.
    fn execute(&self, body: &impl Fn(&ActorSystem)) {
        let _ = explore::admit(explore::THREADS);
        let system = ActorSystem::builder().workers(self.workers).observer(Listener).build();
        let system = system.unwrap_or_else(|_| unreachable!("the model checker has threads"));
        system.await_sleep();
        explore::begin();
        // UNWIND: the model is abandoned.
        let done = guard(|| body(&system));
        explore::end();
        // What it has left behind is handled; nobody is interrupted any more.
        match done {
            Err(text) => explore::fail(text),
            Ok(()) if system.settle(LOOKS) => {}
            Ok(()) => explore::fail("an actor waits for ever, or goes on for ever".into()),
        }
    }

    fn stopped(&self, runs: u64, stopped: Stopped) -> ModelError {
        let limit = match stopped {
            Stopped::Failed(text) => return ModelError::Execution { text: text.into(), runs },
            Stopped::Steps => Limit::Operations(MAX_OPERATIONS),
            Stopped::Executions => Limit::Runs(self.runs),
            Stopped::Quota(ACTORS) => Limit::Actors,
            Stopped::Quota(_) => Limit::Threads,
        };
        ModelError::Limit { limit, runs }
    }
}

impl Report {
    /// How many runs there were: orders, or executions.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }
}

/// Hears of actors that panic.
struct Listener;

impl Observer for Listener {
    fn actor_failed(&self, failure: &ActorFailure) {
        if let StopReason::Panicked(panic) = failure.reason() {
            explore::fail(format!("{}: {panic}", failure.actor()).into());
        }
    }
}
