//! The task that a worker holds back from being suspended.
//!
//! To suspend a task is a read-modify-write of its word, and so is to wake it. A handler that asks an actor of its own
//! worker has that actor in the worker's next-slot, and the reply after its activation. So the worker doesn't suspend the
//! task that waits, but holds it, with the right to run it, while it runs one other.
//!
//! | step | by | the task is |
//! |---|---|---|
//! | its handler waits for an actor, which is in the next-slot | its worker | held |
//! | it is woken by what that worker runs | the waker: takes it out of the [hand](super::hand), and schedules it | scheduled |
//! | it is woken by another thread | the waker: counts the wake | held |
//! | that one activation is over, or another task comes first | its worker: suspends it, unless a wake was counted | suspended, or scheduled |
//! | the worker is stuck | a thief, who takes it out of the slot and runs it | run |
//!
//! A held task is being run, as far as all others are concerned: messages, wakes and kills find it so. Whom it waits for
//! is published when it is suspended, so a circle is found by whoever of its members is suspended last.

use std::cell::Cell;

use super::edge;
use super::run::{self, Common};
use super::run_slot::RunSlot;
use super::runnable::Runnable;
use super::state::Snapshot;
use crate::sync::local;

local! {
    /// The task word as it was before the held task was polled.
    static SEEN: Cell<Snapshot> = Cell::new(Snapshot::UNTOUCHED)
}

/// A task whose handler waits, and the right to run it.
#[must_use = "a task that is neither suspended nor held is never run again"]
pub(crate) struct Waiting {
    task: Runnable,
    seen: Snapshot,
}

impl Waiting {
    /// The handler of `task` was polled, with the task word as in `seen`, and waits.
    #[inline(always)]
    pub(super) fn new(task: Runnable, seen: Snapshot) -> Self {
        Self { task, seen }
    }

    /// Leaves the task to its wakers; if it has been woken, it comes back. Called right after the activation that returned it.
    pub(crate) fn suspend(self, common: &Common) -> Option<Runnable> {
        edge::with_targets(|targets| run::suspend(self.task, self.seen, common, targets))
    }

    /// Whether the handler waits for the actor in `next`, and for nobody else that it has told of.
    #[inline(always)]
    pub(crate) fn is_for(&self, next: &RunSlot) -> bool {
        edge::only_cell().is_some_and(|cell| next.holds(cell))
    }

    /// Holds the task in this thread's slot, which is empty, for one activation.
    #[inline(always)]
    pub(crate) fn hold(self, slot: &RunSlot) {
        SEEN.with(|seen| seen.set(self.seen));
        edge::set_aside();
        let displaced = slot.put(self.task);
        debug_assert!(displaced.is_none(), "one is held at a time");
    }
}

/// Suspends the task that this thread holds in `slot`, if it still does. It comes back if it has been woken.
pub(crate) fn let_go(slot: &RunSlot, common: &Common) -> Option<Runnable> {
    let task = slot.take()?;
    edge::with_aside(|targets| run::suspend(task, SEEN.with(Cell::get), common, targets))
}

/// What a thread keeps beside the slot: in a simulation, where one thread is all workers, each of them has its own.
#[cfg(any(corecast_loom, feature = "sim"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    seen: Snapshot,
    targets: edge::Aside,
}

#[cfg(any(corecast_loom, feature = "sim"))]
impl Beside {
    /// What this thread has now.
    pub(crate) fn take() -> Self {
        Self { seen: SEEN.with(Cell::get), targets: edge::aside() }
    }

    /// Makes it this thread's again.
    pub(crate) fn put(self) {
        SEEN.with(|seen| seen.set(self.seen));
        edge::put_aside(self.targets);
    }
}

debug_as! {
    () Waiting => "Waiting";
}
