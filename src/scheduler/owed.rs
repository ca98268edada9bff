//! A wake that a thread puts off.
//!
//! A thread outside that sends and then waits for the reply does nothing else meanwhile. While any worker is awake, one of
//! them most likely looks into the inbox in a moment, and a sleeper would be woken for nothing. So that thread spins for its
//! reply first, and does what else follows a push (the README beside this file) only if that takes longer than a moment, or
//! if there is no reply at all. Nothing of the user's runs between the push and that.

use std::cell::Cell;

use super::Scheduler;
use crate::sync::local;
use crate::sync::parker;

local! {
    /// What this thread does after a push.
    static STANCE: Cell<Stance> = Cell::new(Stance::Wake)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stance {
    /// It wakes whom it has to.
    Wake,
    /// It puts off the next wake of a worker of this scheduler.
    PutOff(*const Scheduler),
    /// It has put one off.
    Owes,
}

/// Makes a future that waits for an answer of an actor of `scheduler`'s, which sends the question, and drives it on this
/// thread. Blocking. `is_answer` tells an output that only the actor's run can have brought.
pub(crate) fn block_on<F: Future>(
    scheduler: &Scheduler,
    make: impl FnOnce() -> F,
    is_answer: impl FnOnce(&F::Output) -> bool,
) -> F::Output {
    let putting_off = PuttingOff::of(scheduler);
    let future = make();
    if !putting_off.end() {
        return parker::block_on(future);
    }
    let (output, owed) = parker::block_on_owing(future, || scheduler.wake_one());
    if let Some(pay) = owed
        && !is_answer(&output)
    {
        pay();
    }
    output
}

/// Whether this thread puts off the wake that follows a push to `scheduler`.
pub(super) fn put_off(scheduler: &Scheduler) -> bool {
    let puts_off = STANCE.with(Cell::get) == Stance::PutOff(scheduler) && scheduler.idle.is_any_awake();
    if puts_off {
        STANCE.with(|stance| stance.set(Stance::Owes));
    }
    puts_off
}

/// As long as it lives, this thread puts a wake off.
struct PuttingOff;

impl PuttingOff {
    fn of(scheduler: &Scheduler) -> Self {
        STANCE.with(|stance| stance.set(Stance::PutOff(scheduler)));
        Self
    }

    /// Whether it has put one off.
    fn end(self) -> bool {
        STANCE.with(Cell::get) == Stance::Owes
    }
}

impl Drop for PuttingOff {
    fn drop(&mut self) {
        STANCE.with(|stance| stance.set(Stance::Wake));
    }
}
