//! Many runs of one test, and what is made of the first one that fails.

use std::error::Error;
use std::fmt;
use std::rc::Rc;

use super::choice::{Chooser, Decision, Strategy, successor};
use super::engine::{Engine, Settings};
use super::error::SimError;
use super::fault::{Fault, Faults};
use super::play::Sim;
use super::shrink;
use super::trace::Trace;
use crate::sync::stage::Playing;
use crate::sync::unwind::guard;
use crate::sync::unwind::hush::Hushed;
use crate::task::director::Directing;

/// What a test returns.
pub type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The seed that is to be run alone.
const SEED: &str = "CORECAST_SEED";

/// A check: a test, many schedules.
///
/// # Examples
///
/// ```
/// use corecast::sim::{Check, Strategy};
///
/// let report = Check::new().runs(100).workers(3).strategy(Strategy::Pct { depth: 3 }).run(|sim| {
///     let _system = sim.system();
///     sim.run_until_quiescent()?;
///     Ok(())
/// });
/// assert_eq!(report.runs(), 100);
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is checked before `run`"]
pub struct Check {
    runs: u64,
    first: u64,
    strategy: Strategy,
    shrinks: u64,
    settings: Settings,
}

/// What a check that found nothing has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    runs: u64,
    steps: u64,
    messages: u64,
    is_complete: bool,
    print: u64,
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    seed: Option<u64>,
    run: u64,
    cause: Cause,
    decisions: Vec<u32>,
    found: usize,
    shrinks: u64,
    is_repeated: bool,
    trace: Trace,
}

/// Why a run failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The test panicked, with this text, here.
    Panicked {
        /// What it said.
        text: String,
        /// File, line and column.
        place: Option<String>,
    },
    /// The test returned this error.
    Failed(String),
    /// It couldn't go on: where the test waited, or while it dropped a system, which can't return an error.
    Stuck(SimError),
    /// An actor panicked.
    ActorPanicked(String),
    /// Another thread has sent something to a simulated system: when, no seed decides.
    Trespassed,
}

/// One run, as it went.
pub(super) struct Played {
    pub(super) cause: Option<Cause>,
    pub(super) record: Vec<Decision>,
    steps: u64,
    messages: u64,
    print: u64,
    trace: Option<Trace>,
}

/// Runs a test under so many seeds, from zero on, by a random walk.
///
/// With `CORECAST_SEED` in the environment it runs that one alone, and prints what happens.
///
/// # Panics
///
/// If a run fails: with its seed, the shortest schedule that fails as it did, and what happens in it.
pub fn check(runs: u64, test: impl Fn(&Sim) -> Outcome) {
    Check::new().runs(runs).run(test);
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// A thousand seeds, a random walk, two workers, no faults.
    pub fn new() -> Self {
        let settings = Settings { workers: 2, faults: Faults::default(), max_steps: 1_000_000 };
        Self { runs: 1_000, first: 0, strategy: Strategy::RandomWalk, shrinks: 500, settings }
    }

    /// How many runs, at most.
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// The first seed; the others follow it.
    pub fn seed(mut self, first: u64) -> Self {
        self.first = first;
        self
    }

    /// How one schedule comes from another.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// How many workers a system has that doesn't say. Two by default.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers.max(1);
        self
    }

    /// Something goes wrong now and then. May be called again, for more.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.settings.faults.add(fault);
        self
    }

    /// How many steps a run may take. A million by default.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.settings.max_steps = steps;
        self
    }

    /// How many runs are spent on finding a shorter schedule that fails. 500 by default; with zero it is left as it is.
    pub fn shrinks(mut self, runs: u64) -> Self {
        self.shrinks = runs;
        self
    }

    /// Runs the test.
    ///
    /// With `CORECAST_SEED` in the environment it runs that one alone, and prints what happens.
    ///
    /// # Panics
    ///
    /// If a run fails: with its seed, the shortest schedule that fails as it did, and what happens in it.
    #[track_caller]
    #[allow(clippy::must_use_candidate, reason = "it checks by itself")]
    pub fn run(&self, test: impl Fn(&Sim) -> Outcome) -> Report {
        let seed = std::env::var(SEED).ok().and_then(|seed| seed.trim().parse().ok());
        let checked = match seed {
            Some(seed) => self.run_one(seed, &test),
            None => self.try_run(test),
        };
        match checked {
            Ok(report) => report,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs the test, and returns how it failed. Pays no heed to the environment.
    ///
    /// # Errors
    ///
    /// The first run that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::sim::{Cause, Check};
    ///
    /// let failure = Check::new().try_run(|sim| {
    ///     assert!(sim.choose(100) != 7, "seven");
    ///     Ok(())
    /// });
    /// let failure = failure.expect_err("one of a thousand");
    /// assert!(matches!(failure.cause(), Cause::Panicked { text, .. } if text == "seven"));
    /// ```
    pub fn try_run(&self, test: impl Fn(&Sim) -> Outcome) -> Result<Report, Box<Failure>> {
        let mut report = Report { runs: 0, steps: 0, messages: 0, is_complete: false, print: 0 };
        let mut script = Vec::new();
        let is_exhaustive = self.strategy == Strategy::Exhaustive;
        while report.runs < self.runs {
            let seed = self.first.wrapping_add(if is_exhaustive { 0 } else { report.runs });
            let chooser = if is_exhaustive { Chooser::script(&script) } else { Chooser::new(self.strategy, seed) };
            let played = self.play(seed, chooser, false, &test);
            report.add(&played);
            if let Some(cause) = played.cause {
                return Err(Box::new(self.look_into(seed, report.runs - 1, cause, &played.record, &test)));
            }
            if is_exhaustive {
                match successor(&played.record) {
                    Some(next) => script = next,
                    None => {
                        report.is_complete = true;
                        break;
                    }
                }
            }
        }
        Ok(report)
    }

    /// Runs one seed, and prints what happens.
    fn run_one(&self, seed: u64, test: &impl Fn(&Sim) -> Outcome) -> Result<Report, Box<Failure>> {
        let played = self.play(seed, Chooser::new(self.strategy, seed), true, test);
        let mut report = Report { runs: 0, steps: 0, messages: 0, is_complete: false, print: 0 };
        report.add(&played);
        let trace = played.trace.unwrap_or_default();
        eprintln!("{SEED}={seed}:\n{trace}");
        match played.cause {
            None => Ok(report),
            Some(cause) => Err(Box::new(self.look_into(seed, 0, cause, &played.record, test))),
        }
    }

    /// One run. In the model checker it is an execution of its own.
    fn play(&self, seed: u64, chooser: Chooser, is_traced: bool, test: &impl Fn(&Sim) -> Outcome) -> Played {
        #[cfg(corecast_loom)]
        return crate::sync::explore::alone(|| self.play_here(seed, chooser, is_traced, test));
        #[cfg(not(corecast_loom))]
        self.play_here(seed, chooser, is_traced, test)
    }

    fn play_here(&self, seed: u64, chooser: Chooser, is_traced: bool, test: &impl Fn(&Sim) -> Outcome) -> Played {
        let hushed = Hushed::begin();
        let engine = Rc::new(Engine::new(self.settings.clone(), chooser, is_traced));
        let Some(playing) = Playing::begin(Rc::clone(&engine) as _) else {
            panic!("a simulation within a simulation");
        };
        let directing = Directing::begin(Rc::clone(&engine) as _);
        let sim = Sim { engine: Rc::clone(&engine), seed };
        // UNWIND: the test is abandoned, and so is the simulation.
        let returned = guard(|| test(&sim));
        let place = hushed.place().map(Into::into);
        let record = engine.chooser().borrow().record().to_vec();
        let trace = engine.take_trace();
        let cause = match (engine.stuck(), returned) {
            // What it says that couldn't go on.
            (Some(stuck), Err(_) | Ok(Err(_))) => Some(Cause::Stuck(stuck)),
            (_, Err(text)) => Some(Cause::Panicked { text: text.into(), place }),
            (_, Ok(Err(error))) => Some(Cause::Failed(error.to_string())),
            (_, Ok(Ok(()))) if engine.was_trespassed() => Some(Cause::Trespassed),
            // A drop returns no error, so that the test may not know.
            (_, Ok(Ok(()))) => {
                engine.unsaid().map(Cause::Stuck).or_else(|| engine.unexpected().map(Cause::ActorPanicked))
            }
        };
        let (steps, messages, print) = (engine.steps(), engine.messages(), engine.print());
        engine.clean_up();
        drop((sim, directing, playing));
        Played { cause, record, steps, messages, print, trace }
    }

    /// Finds a shorter schedule that fails in the same way, and what happens in it.
    fn look_into(
        &self,
        seed: u64,
        run: u64,
        cause: Cause,
        record: &[Decision],
        test: &impl Fn(&Sim) -> Outcome,
    ) -> Failure {
        let taken: Vec<_> = record.iter().map(|decision| decision.taken).collect();
        let again = |script: &[u32], is_traced: bool| self.play(seed, Chooser::script(script), is_traced, test);
        let is_same = |played: &Played| played.cause.as_ref().is_some_and(|other| cause.is_like(other));
        let is_repeated = is_same(&again(&taken, false));
        let (decisions, shrinks) = if is_repeated {
            shrink::shrink(taken, self.shrinks, |script| Some(again(script, false)).filter(is_same).map(|it| it.record))
        } else {
            (taken, 0)
        };
        let last = again(&decisions, true);
        let seed = (self.strategy != Strategy::Exhaustive).then_some(seed);
        Failure {
            seed,
            run,
            cause: last.cause.unwrap_or(cause),
            decisions,
            found: record.len(),
            shrinks,
            is_repeated,
            trace: last.trace.unwrap_or_default(),
        }
    }
}

impl Cause {
    /// Whether it is the same kind of failure.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panicked { place, .. }, Self::Panicked { place: other, .. }) => place == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Report {
    fn add(&mut self, played: &Played) {
        self.runs += 1;
        self.steps += played.steps;
        self.messages += played.messages;
        self.print = self.print.rotate_left(7) ^ played.print;
    }

    /// How many runs there were.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Turns of actors, of the test and of blocking closures in them.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Messages that were handled in them.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Whether there is no other schedule. Only [`Strategy::Exhaustive`] can tell.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// A number that is the same for the same runs, and another one for most others: on any machine.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.print
    }
}

impl Failure {
    /// The seed that failed; none, if all schedules were gone through.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// How many runs went well before.
    #[cfg(corecast_loom)]
    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// Why it failed.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What was decided in the shortest schedule that was found to fail in the same way.
    #[must_use]
    pub fn decisions(&self) -> &[u32] {
        &self.decisions
    }

    /// What happens in that schedule.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Whether the same decisions led to the same failure again. If not, something else decides, too: real time, an
    /// address, the order of a hash table, another thread.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { text, place: Some(place) } => write!(f, "the test panicked at {place}: {text}"),
            Self::Panicked { text, place: None } => write!(f, "the test panicked: {text}"),
            Self::Failed(error) => write!(f, "the test failed: {error}"),
            Self::Stuck(error) => error.fmt(f),
            Self::Trespassed => f.write_str("another thread has sent something to a simulated system"),
            Self::ActorPanicked(panic) => write!(f, "an actor failed: {panic}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n", self.cause)?;
        f.write_str(&self.trace.to_string())?;
        write!(f, "\nrun {}", self.run + 1)?;
        if let Some(seed) = self.seed {
            write!(f, ", {SEED}={seed}")?;
        }
        let others = self.decisions.iter().filter(|&&decision| decision != 0).count();
        let (found, runs) = (self.found, self.shrinks);
        if self.is_repeated {
            write!(f, "; {found} decisions, of which {others} matter (found in {runs} more runs)")
        } else {
            f.write_str("; the same decisions don't lead to the same failure: something else decides, too")
        }
    }
}

impl Error for Failure {}
