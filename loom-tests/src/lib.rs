//! How corecast's models run under loom; see README.md.
#![cfg(corecast_loom)]
// A model that counts nothing proves little: say what has to be seen.
#![warn(missing_docs)]

#[cfg(target_os = "linux")]
mod stacks;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How far a model may go before it counts as too large.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Steps of one execution.
    pub branches: usize,
    /// Time for all executions.
    pub time: Duration,
    /// All executions.
    pub permutations: usize,
    /// Preemptions, unless LOOM_MAX_PREEMPTIONS says less; none means that it alone decides.
    pub preemptions: Option<usize>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { branches: 3_000, time: Duration::from_secs(300), permutations: 20_000_000, preemptions: None }
    }
}

/// Counts what the executions of a model came to. Outside the model: loom knows nothing of it.
#[derive(Debug)]
pub struct Outcomes(Vec<(&'static str, AtomicU64)>);

impl Outcomes {
    /// Notes that this execution came to `outcome`, one of those that the model expects.
    pub fn saw(&self, outcome: &str) {
        let known = self.0.iter().find(|(name, _)| *name == outcome);
        let (_, count) = known.unwrap_or_else(|| panic!("`{outcome}` is none of the expected outcomes"));
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Preemptions per execution when LOOM_MAX_PREEMPTIONS doesn't say.
const PREEMPTIONS: usize = 2;

/// How loom is made to look at more orders than it would by itself (see README.md, "Limits").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not at all: stale values are explored, but not all orders.
    Plain,
    /// [`linger`] yields.
    Lingering,
    /// Loads of words count as writes: all orders, but no stale values.
    Keen,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Plain) };
}

/// Where a model polls: in one of its modes the others run first.
pub fn linger() {
    if MODE.get() == Mode::Lingering {
        loom::thread::yield_now();
    }
}

/// Explores `body` and asserts that each of the `expected` outcomes was seen in some execution.
///
/// # Panics
///
/// If an execution fails, if an outcome was never seen, or, with the words `model limit reached`, if the bounds end
/// the exploration.
pub fn model(
    name: &str,
    bounds: Bounds,
    expected: &[&'static str],
    body: impl Fn(&Arc<Outcomes>) + Send + Sync + 'static,
) {
    explore(name, bounds, expected, &[Mode::Plain], body);
}

/// As [`model`], in each mode; each outcome has to be seen in one of them.
///
/// # Panics
///
/// As [`model`].
pub fn model_in_all_modes(
    name: &str,
    bounds: Bounds,
    expected: &[&'static str],
    body: impl Fn(&Arc<Outcomes>) + Send + Sync + 'static,
) {
    explore(name, bounds, expected, &[Mode::Plain, Mode::Lingering, Mode::Keen], body);
}

fn explore(
    name: &str,
    bounds: Bounds,
    expected: &[&'static str],
    modes: &[Mode],
    body: impl Fn(&Arc<Outcomes>) + Send + Sync + 'static,
) {
    let outcomes = Arc::new(Outcomes(expected.iter().map(|&outcome| (outcome, AtomicU64::new(0))).collect()));
    let body = Arc::new(body);
    for &mode in modes {
        // loom runs all of a model's threads on the thread that explores it.
        MODE.set(mode);
        corecast::loom_api::set_keen_loads(mode == Mode::Keen);
        let (outcomes, body) = (Arc::clone(&outcomes), Arc::clone(&body));
        check(&format!("{name}, {mode:?}"), bounds, move || body(&outcomes));
    }
    for (outcome, count) in &outcomes.0 {
        println!("    {:>8} {outcome}", count.load(Ordering::Relaxed));
    }
    for (outcome, count) in &outcomes.0 {
        assert_ne!(count.load(Ordering::Relaxed), 0, "{name}: never saw `{outcome}`");
    }
}

/// One exploration.
fn check(name: &str, bounds: Bounds, body: impl Fn() + Send + Sync + 'static) {
    /// loom looks at its limits only once per so many executions.
    const INTERVAL: usize = 500;
    let executions = Arc::new(AtomicU64::new(0));
    let wanted = std::env::var("LOOM_MAX_PREEMPTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(PREEMPTIONS);
    let mut builder = loom::model::Builder::new();
    if std::env::var_os("LOOM_MAX_BRANCHES").is_none() {
        builder.max_branches = bounds.branches;
    }
    builder.max_duration = Some(bounds.time);
    builder.max_permutations = Some(bounds.permutations);
    builder.preemption_bound = Some(bounds.preemptions.map_or(wanted, |most| most.min(wanted)));
    builder.checkpoint_interval = INTERVAL;
    let start = Instant::now();
    {
        let executions = Arc::clone(&executions);
        builder.check(move || {
            executions.fetch_add(1, Ordering::Relaxed);
            body();
        });
    }
    let (took, executions) = (start.elapsed(), executions.load(Ordering::Relaxed));
    println!("{name}: {executions} executions, {:.2} s", took.as_secs_f32());
    // loom returns as if all were well when a limit ends it.
    if took >= bounds.time || executions as usize + INTERVAL > bounds.permutations {
        panic!("{name}: model limit reached after {executions} executions");
    }
}
