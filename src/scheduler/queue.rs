//! A worker's own run queue: a next-slot in front of a deque that others may steal from.
//!
//! | part | filled by | emptied by | order |
//! |---|---|---|---|
//! | next | its worker: the actor that was scheduled last | its worker; a thief, when the worker is stuck | newest first |
//! | deque | its worker: what was displaced from next, what goes to the back | its worker; thieves, half of it at a time | first in, first out |
//!
//! Two actors that talk to each other stay in the next-slot of one worker. It costs its worker a few loads and stores
//! per task, and no read-modify-write: a thief, who comes rarely, pays for both with a [`Barrier`].
//!
//! | step of the worker | step of the thief |
//! |---|---|
//! | `taking` is set | `thief` is set, by one thief at a time |
//! | light barrier | heavy barrier |
//! | `thief` is looked at: if it is clear, the slot is emptied by a store, otherwise by a swap | `taking` is looked at: if it is clear, the slot is emptied by a swap, otherwise left alone |
//! | `taking` is cleared | `thief` is cleared |
//!
//! One of the two sees the other, so a store never meets a thief's swap. A thief that sees `taking` has come to a worker
//! that isn't stuck.
//!
//! The deque never holds more than its smallest buffer, so it never calls the allocator; the rest overflows into the
//! worker's inbox.

use std::fmt;
use std::ptr::{self, NonNull};

use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::sync::barrier::Barrier;
use crate::sync::deque::{Steal, Stealer, Worker};
use crate::sync::limits::{DEQUE_CAPACITY, TAKE_BATCH};
use crate::task::{Header, Runnable};

/// The owner's side of the deque.
pub(crate) struct Local {
    deque: Worker<Runnable>,
}

/// What everybody may touch.
pub(crate) struct Stealable {
    next: AtomicPtr<Header>,
    /// The worker is about to take the next task.
    taking: AtomicBool,
    /// Somebody is about to steal it.
    thief: AtomicBool,
    barrier: Barrier,
    stealer: Stealer<Runnable>,
}

/// A queue: the two sides.
pub(crate) fn queue(barrier: Barrier) -> (Local, Stealable) {
    let deque = Worker::new_fifo();
    let stealable = Stealable {
        next: AtomicPtr::new(ptr::null_mut()),
        taking: AtomicBool::new(false),
        thief: AtomicBool::new(false),
        barrier,
        stealer: deque.stealer(),
    };
    (Local { deque }, stealable)
}

impl Local {
    /// Adds a task at the back.
    ///
    /// # Errors
    ///
    /// The task back, if the deque is full.
    #[inline(always)]
    pub(crate) fn push(&self, runnable: Runnable) -> Result<(), Runnable> {
        if self.deque.len() >= DEQUE_CAPACITY {
            return Err(runnable);
        }
        self.deque.push(runnable);
        Ok(())
    }

    /// Takes the oldest task.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Runnable> {
        // A pop is a read-modify-write even when there is nothing.
        if self.deque.is_empty() { None } else { self.deque.pop() }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.deque.is_empty()
    }
}

impl Stealable {
    /// Puts a task into the next-slot and returns the one that it displaces. Called by the owner only.
    #[inline(always)]
    pub(crate) fn put_next(&self, runnable: Runnable) -> Option<Runnable> {
        let task = runnable.into_header().as_ptr();
        // ORDERING: Relaxed; only the owner fills the slot, so an empty one stays empty.
        if self.next.load(Ordering::Relaxed).is_null() {
            // ORDERING: Release pairs with a thief's Acquire: the right to run passes to it.
            self.next.store(task, Ordering::Release);
            return None;
        }
        // ORDERING: Release as above; what comes back was put there by this thread.
        let before = self.next.swap(task, Ordering::Release);
        // SAFETY: the swap took it out, once.
        NonNull::new(before).map(|task| unsafe { Runnable::from_raw(task) })
    }

    /// Takes the task out of the next-slot. Called by the owner only.
    #[inline(always)]
    pub(crate) fn take_next(&self) -> Option<Runnable> {
        // ORDERING: Relaxed; a slot that looks empty to its owner is.
        if self.next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // ORDERING: Relaxed; the barrier keeps it before the look at `thief`.
        self.taking.store(true, Ordering::Relaxed);
        self.barrier.light();
        // ORDERING: Acquire pairs with the Release of a thief that has gone: the slot is as it left it.
        let task = if self.thief.load(Ordering::Acquire) {
            // ORDERING: Relaxed; what is there was put there by this thread.
            self.next.swap(ptr::null_mut(), Ordering::Relaxed)
        } else {
            // ORDERING: Relaxed; no thief is about, and what is there was put there by this thread.
            let task = self.next.load(Ordering::Relaxed);
            self.next.store(ptr::null_mut(), Ordering::Relaxed);
            task
        };
        // ORDERING: Release pairs with the thief's Acquire: the store above comes before its swap.
        self.taking.store(false, Ordering::Release);
        // SAFETY: taken out, once: by the swap, or by a store that no thief's swap has met.
        NonNull::new(task).map(|task| unsafe { Runnable::from_raw(task) })
    }

    /// Takes the task out of another worker's next-slot; nothing, if its worker is about to or another thief is.
    pub(crate) fn steal_next(&self) -> Option<Runnable> {
        // ORDERING: Acquire pairs with the Release of the thief before: the owner, who may hear of that thief's swap by
        // way of us only, sees the slot as it left it.
        if self.thief.swap(true, Ordering::Acquire) {
            return None;
        }
        // ORDERING: Acquire pairs with the owner's Release in `take_next`: what it took by a store isn't there any more.
        let task = if self.barrier.heavy() && !self.taking.load(Ordering::Acquire) {
            // ORDERING: Acquire pairs with the owner's Release in `put_next`.
            self.next.swap(ptr::null_mut(), Ordering::Acquire)
        } else {
            ptr::null_mut()
        };
        // ORDERING: Release pairs with the owner's Acquire in `take_next`, and with the next thief's.
        self.thief.store(false, Ordering::Release);
        // SAFETY: the swap took it out, once.
        NonNull::new(task).map(|task| unsafe { Runnable::from_raw(task) })
    }

    /// Whether there is a task in the next-slot.
    pub(crate) fn has_next(&self) -> bool {
        // ORDERING: Relaxed; a hint.
        !self.next.load(Ordering::Relaxed).is_null()
    }

    /// Moves half of the deque to `to` and returns the oldest of them.
    pub(crate) fn steal_half(&self, to: &Local) -> Option<Runnable> {
        if self.stealer.is_empty() {
            return None;
        }
        loop {
            match self.stealer.steal_batch_with_limit_and_pop(&to.deque, TAKE_BATCH) {
                Steal::Success(task) => return Some(task),
                Steal::Empty => return None,
                Steal::Retry => {}
            }
        }
    }

    /// Whether there is nothing to steal from the deque.
    pub(crate) fn is_empty(&self) -> bool {
        self.stealer.is_empty()
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Local")
    }
}

impl fmt::Debug for Stealable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stealable")
    }
}
