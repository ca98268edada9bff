//! What the model checker explores: one execution by itself, or all those of a few threads.
//!
//! The checker runs all threads of a model on the thread that explores it, one after the other. So what belongs to an
//! exploration, and not to one of its executions, is in plain locals of that thread; and what a model borrows outlives it.

use std::alloc::Layout;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use super::unwind::{Text, text};

/// Words of a stack: a mebibyte. loom's own are too small for the code of others.
const STACK_WORDS: usize = 1 << 17;

/// Steps that an execution by itself may take: loom counts them in sixteen bits.
pub(crate) const LONE_STEPS: usize = 60_000;

/// The quota of threads that are started.
pub(crate) const THREADS: &str = "threads";

/// What loom says when an execution takes more steps than it may.
const TOO_LONG: &str = "Model exceeded maximum number of branches";

std::thread_local! {
    /// What this thread explores.
    static EXPLORING: Cell<Explored> = const { Cell::new(Explored::Nothing) };

    /// What the exploration of this thread allows, and what has come of it.
    static TALLY: RefCell<Option<Tally>> = const { RefCell::new(None) };
}

/// How far an exploration of threads goes.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Preemptions of one execution; more of them aren't looked for.
    pub(crate) preemptions: usize,
    /// Steps of one execution.
    pub(crate) steps: usize,
    /// All executions.
    pub(crate) executions: u64,
    /// How many of what an execution may have, by what it is called.
    pub(crate) quotas: &'static [(&'static str, usize)],
    /// Loads of words count as writes (see `double::loads`).
    pub(crate) keen: bool,
}

/// Why an exploration ended early.
#[derive(Clone, Debug)]
pub(crate) enum Stopped {
    /// An execution took more steps than the bounds allow.
    Steps,
    /// There are more executions than the bounds allow.
    Executions,
    /// An execution would have had more of this.
    Quota(&'static str),
    /// An execution went wrong.
    Failed(Text),
}

#[derive(Debug)]
struct Tally {
    bounds: Bounds,
    /// In this execution, of each quota.
    counts: Vec<usize>,
    executions: u64,
    stopped: Option<Stopped>,
}

impl Tally {
    fn stop(&mut self, why: Stopped) {
        self.stopped.get_or_insert(why);
    }
}

/// What a thread explores by this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Explored {
    Nothing,
    /// One execution by itself.
    Alone,
    /// All executions.
    Threads,
}

/// As long as it lives, this thread explores.
struct Exploring(());

impl Exploring {
    /// Not within another exploration.
    fn begin(what: Explored) -> Option<Self> {
        (EXPLORING.get() == Explored::Nothing).then(|| {
            EXPLORING.set(what);
            Self(())
        })
    }
}

impl Drop for Exploring {
    fn drop(&mut self) {
        EXPLORING.set(Explored::Nothing);
        TALLY.set(None);
        super::double::loads::set_keen(false);
    }
}

/// A closure of whoever explores.
#[derive(Clone, Copy)]
struct Borrowed(NonNull<dyn Fn()>);

// SAFETY: loom calls it on the thread that explores, where it comes from, and on no other.
unsafe impl Send for Borrowed {}
// SAFETY: as above.
unsafe impl Sync for Borrowed {}

impl Borrowed {
    /// # Safety
    ///
    /// The closure outlives each [`call`](Self::call) of what is returned and of its copies.
    unsafe fn new<'a>(closure: &'a (dyn Fn() + 'a)) -> Self {
        // SAFETY: the types differ in a lifetime, for which the caller vouches.
        Self(unsafe { std::mem::transmute::<NonNull<dyn Fn() + 'a>, NonNull<dyn Fn()>>(NonNull::from(closure)) })
    }

    fn call(self) {
        // SAFETY: the promise of `new`.
        (unsafe { self.0.as_ref() })();
    }
}

/// Explores executions of `body`. It has a thread of its own, whose stack is large enough for anybody's code.
fn check(builder: &loom::model::Builder, body: &dyn Fn()) {
    // SAFETY: loom lets go of the closure, and of the stacks that it is on, before `check` returns or unwinds.
    let body = unsafe { Borrowed::new(body) };
    builder.check(move || {
        let thread = loom::thread::Builder::new().stack_size(STACK_WORDS).spawn(move || body.call());
        // A panic of the thread's ends the execution before it is joined.
        let _ = thread.map(loom::thread::JoinHandle::join);
    });
}

/// Memory, tracked if it is part of a model.
///
/// # Safety
///
/// That of `std::alloc::alloc`.
pub(crate) unsafe fn alloc(layout: Layout) -> *mut u8 {
    if EXPLORING.get() == Explored::Alone {
        // SAFETY: the caller's promise.
        return unsafe { std::alloc::alloc(layout) };
    }
    // SAFETY: as above.
    unsafe { loom::alloc::alloc(layout) }
}

/// Gives it back.
///
/// # Safety
///
/// That of `std::alloc::dealloc`; and it is from this execution.
pub(crate) unsafe fn dealloc(memory: *mut u8, layout: Layout) {
    if EXPLORING.get() == Explored::Alone {
        // SAFETY: the caller's promise: it is from `alloc`, which chose as this does.
        return unsafe { std::alloc::dealloc(memory, layout) };
    }
    // SAFETY: as above.
    unsafe { loom::alloc::dealloc(memory, layout) }
}

/// Starts a named thread of this execution.
///
/// # Errors
///
/// If the exploration doesn't allow another one.
pub(super) fn spawn(
    name: String,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<loom::thread::JoinHandle<()>> {
    if !admit(THREADS) {
        return Err(std::io::Error::other(THREADS));
    }
    loom::thread::Builder::new().name(name).stack_size(STACK_WORDS).spawn(body)
}

/// A builder that nothing ends but what it is told here: loom takes an end by a limit for a success.
fn builder(steps: usize) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = steps;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.preemption_bound = None;
    builder.checkpoint_file = None;
    builder.expect_explicit_explore = true;
    builder
}

/// Runs `body` once, on the only thread of an execution. So each atomic is what it was last set to, as a plain one would
/// be. Within an execution it is run where it is.
pub(crate) fn alone<R>(body: impl FnOnce() -> R) -> R {
    let Some(_exploring) = Exploring::begin(Explored::Alone) else { return body() };
    let (body, result) = (Cell::new(Some(body)), Cell::new(None));
    check(&builder(LONE_STEPS), &|| result.set(body.take().map(|body| body())));
    result.take().unwrap_or_else(|| unreachable!("one thread has one execution"))
}

/// Explores all executions of `body` and of the threads that it starts, within the bounds: from its call of [`begin`] on,
/// up to that of [`end`]. Returns how many there are.
///
/// # Errors
///
/// If an execution fails, or exceeds the bounds.
///
/// # Panics
///
/// Within another exploration.
pub(crate) fn threads(bounds: &Bounds, body: impl Fn()) -> Result<u64, (u64, Stopped)> {
    let Some(_exploring) = Exploring::begin(Explored::Threads) else { panic!("a model within a model") };
    let mut builder = builder(bounds.steps);
    builder.preemption_bound = Some(bounds.preemptions);
    super::double::loads::set_keen(bounds.keen);
    let tally = Tally { bounds: bounds.clone(), counts: Vec::new(), executions: 0, stopped: None };
    TALLY.set(Some(tally));
    let execution = || {
        if !next_execution() {
            // Nothing has been begun: it unwinds without a word.
            resume_unwind(Box::new(()));
        }
        body();
        if is_stopped() {
            resume_unwind(Box::new(()));
        }
    };
    // UNWIND: what loom finds, and what `body` does; all of its execution is gone then.
    let explored = catch_unwind(AssertUnwindSafe(|| check(&builder, &execution)));
    let tally = TALLY.take();
    let (executions, stopped) = tally.map_or((0, None), |tally| (tally.executions, tally.stopped));
    match (stopped, explored) {
        (Some(why), _) => Err((executions, why)),
        (None, Err(found)) => Err((executions, of_text(text(found)))),
        (None, Ok(())) => Ok(executions),
    }
}

/// Whether there may be another execution.
fn next_execution() -> bool {
    with_tally(|tally| {
        if tally.executions == tally.bounds.executions {
            tally.stop(Stopped::Executions);
            return false;
        }
        tally.executions += 1;
        tally.counts = vec![0; tally.bounds.quotas.len()];
        true
    })
    .unwrap_or(true)
}

fn is_stopped() -> bool {
    with_tally(|tally| tally.stopped.is_some()).unwrap_or(false)
}

fn with_tally<R>(look: impl FnOnce(&mut Tally) -> R) -> Option<R> {
    TALLY.with_borrow_mut(|tally| tally.as_mut().map(look))
}

/// What a panic means.
fn of_text(text: Text) -> Stopped {
    if is_too_long(&text) { Stopped::Steps } else { Stopped::Failed(text) }
}

/// Whether a panic says that an execution takes more steps than it may.
pub(crate) fn is_too_long(text: &str) -> bool {
    text.contains(TOO_LONG)
}

/// Whether a panic with this payload says so.
pub(super) fn is_too_long_for(payload: &(dyn Any + Send)) -> bool {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    text.is_some_and(is_too_long)
}

/// From here on, orders and stale values are explored.
pub(crate) fn begin() {
    loom::explore();
}

/// From here on, the execution just goes on.
pub(crate) fn end() {
    loom::stop_exploring();
}

/// This execution goes wrong: the first word counts.
pub(crate) fn fail(text: Text) {
    with_tally(|tally| tally.stop(of_text(text)));
}

/// Ends the process, if this thread explores executions: what loom has found can't be unwound.
pub(crate) fn last_word() {
    if let Some(executions) = with_tally(|tally| tally.executions) {
        eprintln!(
            "corecast::loom: execution {executions} of the model ends the process; what was found stands above \
             (a deadlock is a wait that nobody ends)"
        );
        std::process::abort();
    }
}

/// There is one more of `what` in this execution. Returns whether the exploration allows it.
#[must_use = "what isn't allowed must not be"]
pub(crate) fn admit(what: &'static str) -> bool {
    let admitted = with_tally(|tally| {
        let Some(index) = tally.bounds.quotas.iter().position(|(name, _)| *name == what) else { return true };
        tally.counts[index] += 1;
        let is_allowed = tally.counts[index] <= tally.bounds.quotas[index].1;
        if !is_allowed {
            tally.stop(Stopped::Quota(what));
        }
        is_allowed
    });
    admitted.unwrap_or(true)
}
