//! What a worker has in hand: the task that it runs next, and the one that it holds.
//!
//! Tasks that are scheduled or woken on the worker's own thread look here before they go by way of their host.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::current;
use super::header::{self, ANYWHERE, Header};
use super::letter::Host;
use super::run_slot::RunSlot;
use super::runnable::Runnable;
use crate::sync::barrier::Barrier;
use crate::sync::{Weak, local};

local! {
    /// The hand of the worker that this thread is.
    static HAND: Cell<*const Hand> = Cell::new(ptr::null())
}

local! {
    /// The address of the host whose tasks that worker runs; zero before the first.
    static HOST: Cell<usize> = Cell::new(0)
}

local! {
    /// Keeps that address from becoming another host's: the last actor may end on this thread, and user code run after it.
    static KEPT: Cell<Option<Weak<dyn Host>>> = Cell::new(None)
}

/// The two slots. The worker's thread fills and empties them; thieves may empty them.
#[derive(Debug)]
pub(crate) struct Hand {
    /// What was scheduled last.
    pub(crate) next: RunSlot,
    /// What waits for the task that the worker runs now ([`held`](super::held)).
    pub(crate) held: RunSlot,
}

/// A thread that is a worker, with a hand.
#[must_use = "the thread has a hand only as long as this lives"]
#[derive(Debug)]
pub(crate) struct Lent<'a>(PhantomData<&'a Hand>);

impl Hand {
    pub(crate) fn new(barrier: Barrier) -> Self {
        Self { next: RunSlot::new(barrier), held: RunSlot::new(barrier) }
    }

    /// Makes it this thread's until the returned value is dropped.
    pub(crate) fn lend(&self) -> Lent<'_> {
        HAND.with(|hand| hand.set(self));
        Lent(PhantomData)
    }

    /// Makes it this thread's, in a simulation; returns whose hand it was before.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn lend_in_turn(hand: *const Self) -> *const Self {
        HAND.with(|place| place.replace(hand))
    }

    /// This thread's worker is about to run a task of its own host: they all have the same one.
    pub(crate) fn learn_host(&self, task: &Runnable) {
        let address = task.host_address();
        if HOST.with(Cell::get) != address {
            let keep = task.host().downgrade();
            HOST.with(|host| host.set(if keep.is_some() { address } else { 0 }));
            KEPT.with(|kept| kept.set(keep));
        }
    }

    /// Whether it is empty. A hint.
    pub(crate) fn is_empty(&self) -> bool {
        self.next.is_empty() && self.held.is_empty()
    }

    /// Takes a task out of the hand of a worker that is stuck. A system call.
    pub(crate) fn steal(&self) -> Option<Runnable> {
        self.next.steal().or_else(|| self.held.steal())
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        HAND.with(|hand| hand.set(ptr::null()));
        HOST.with(|host| host.set(0));
        KEPT.with(|kept| kept.set(None));
    }
}

/// Runs `look` on this thread's hand, if it has one.
#[inline(always)]
fn with<R>(look: impl FnOnce(&Hand) -> R) -> Option<R> {
    // SAFETY: set while `Lent` lives, which borrows the hand.
    unsafe { HAND.with(Cell::get).as_ref() }.map(look)
}

/// Takes `task` out of this thread's held-slot, if it is there: then the right to run it is the caller's.
#[inline(always)]
pub(super) fn take_held(task: NonNull<Header>) -> bool {
    // The right is the caller's, who knows the task.
    with(|hand| hand.held.holds(task.addr().get()) && hand.held.take().map(Runnable::into_header).is_some())
        == Some(true)
}

/// Hands the right to run `task` to this thread's worker, or else to the task's host.
///
/// # Safety
///
/// The caller has that right, and the task is alive.
#[inline(always)]
pub(super) unsafe fn schedule(task: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe {
        if !put_next(task) {
            task.as_ref().near().host.schedule(Runnable::from_header(task));
        }
    }
}

/// As [`schedule`], for a task of the same host as the one that this thread is running: nothing of it is touched when
/// the right is gone.
///
/// # Safety
///
/// As there.
#[inline(always)]
pub(super) unsafe fn schedule_under_own_host(task: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe {
        if !put_next(task) {
            current::schedule(Runnable::from_header(task));
        }
    }
}

/// Puts `task` into this thread's next-slot, if that is empty and the task may be run here.
///
/// # Safety
///
/// As for [`schedule`]; if it is done, the right is gone.
#[inline(always)]
unsafe fn put_next(task: NonNull<Header>) -> bool {
    // SAFETY: the caller's promise.
    let header = unsafe { task.as_ref() };
    let fits = header.terms().placed == ANYWHERE && HOST.with(Cell::get) == header::host_address(header);
    // SAFETY: the right is the caller's to give; where it comes back, it is the caller's again.
    fits && with(|hand| hand.next.put_if_empty(unsafe { Runnable::from_header(task) }).is_ok()) == Some(true)
}
