//! A place for one runnable task, which its worker fills and empties without a read-modify-write.
//!
//! A thief, who comes rarely, pays for both with a [`Barrier`]:
//!
//! | step of the worker | step of the thief |
//! |---|---|
//! | `taking` is set | `thief` is set, by one thief at a time |
//! | light barrier | heavy barrier |
//! | `thief` is looked at: if it is clear, what is in the slot is exchanged by a load and a store, otherwise by a swap | `taking` is looked at: if it is clear, the slot is emptied by a swap, otherwise left alone |
//! | `taking` is cleared | `thief` is cleared |
//!
//! One of the two sees the other, so a store never meets a thief's swap. A thief that sees `taking` has come to a worker
//! that isn't stuck.

use std::ptr::{self, NonNull};

use super::header::Header;
use super::runnable::Runnable;
use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::sync::barrier::Barrier;

/// The place. All but [`steal`](Self::steal) and [`is_empty`](Self::is_empty) are for its worker alone.
pub(crate) struct RunSlot {
    task: AtomicPtr<Header>,
    /// The worker is about to empty it.
    taking: AtomicBool,
    /// Somebody is about to steal.
    thief: AtomicBool,
    barrier: Barrier,
}

impl RunSlot {
    pub(crate) fn new(barrier: Barrier) -> Self {
        Self {
            task: AtomicPtr::new(ptr::null_mut()),
            taking: AtomicBool::new(false),
            thief: AtomicBool::new(false),
            barrier,
        }
    }

    /// Puts a task in and returns the one that it displaces. Wait-free.
    #[inline(always)]
    pub(crate) fn put(&self, runnable: Runnable) -> Option<Runnable> {
        match self.put_if_empty(runnable) {
            Ok(()) => None,
            Err(runnable) => self.exchange(runnable.into_header().as_ptr()),
        }
    }

    /// Puts a task in, if the slot is empty. Wait-free.
    ///
    /// # Errors
    ///
    /// The task back, if it isn't.
    #[inline(always)]
    pub(super) fn put_if_empty(&self, runnable: Runnable) -> Result<(), Runnable> {
        // ORDERING: Relaxed; only the owner fills the slot, so an empty one stays empty.
        if !self.task.load(Ordering::Relaxed).is_null() {
            return Err(runnable);
        }
        // ORDERING: Release pairs with a thief's Acquire: the right to run passes to it.
        self.task.store(runnable.into_header().as_ptr(), Ordering::Release);
        Ok(())
    }

    /// Takes the task out. Wait-free.
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<Runnable> {
        // ORDERING: Relaxed; a slot that looks empty to its owner is.
        if self.task.load(Ordering::Relaxed).is_null() {
            return None;
        }
        self.exchange(ptr::null_mut())
    }

    /// Takes out what is there, and puts `task` there, or nothing.
    #[inline(always)]
    fn exchange(&self, task: *mut Header) -> Option<Runnable> {
        // ORDERING: Relaxed; the barrier keeps it before the look at `thief`.
        self.taking.store(true, Ordering::Relaxed);
        self.barrier.light();
        // ORDERING: Acquire pairs with the Release of a thief that has gone: the slot is as it left it.
        let before = if self.thief.load(Ordering::Acquire) {
            // ORDERING: Release as in `put_if_empty`; what is there was put there by this thread.
            self.task.swap(task, Ordering::Release)
        } else {
            // ORDERING: Relaxed; no thief is about, and what is there was put there by this thread.
            let before = self.task.load(Ordering::Relaxed);
            // ORDERING: Relaxed; the next store releases it: a thief that hasn't seen `taking` since then was seen above.
            self.task.store(task, Ordering::Relaxed);
            before
        };
        // ORDERING: Release pairs with the thief's Acquire: the store above comes before its swap, and so does all that the
        // right to run brings along.
        self.taking.store(false, Ordering::Release);
        // SAFETY: taken out, once: by the swap, or by a store that no thief's swap has met.
        NonNull::new(before).map(|task| unsafe { Runnable::from_raw(task) })
    }

    /// Whether the task of the cell at this address is in it.
    #[inline(always)]
    pub(super) fn holds(&self, cell: usize) -> bool {
        // ORDERING: Relaxed; a hint, which `take` confirms.
        self.task.load(Ordering::Relaxed).addr() == cell
    }

    /// Takes the task out of another worker's slot; nothing, if its worker is about to or another thief is. A system call.
    pub(crate) fn steal(&self) -> Option<Runnable> {
        // ORDERING: Acquire pairs with the Release of the thief before: the owner, who may hear of that thief's swap by
        // way of us only, sees the slot as it left it.
        if self.thief.swap(true, Ordering::Acquire) {
            return None;
        }
        // ORDERING: Acquire pairs with the owner's Release in `take`: what it took by a store isn't there any more.
        let task = if self.barrier.heavy() && !self.taking.load(Ordering::Acquire) {
            // ORDERING: Acquire pairs with the owner's Release in `put`.
            self.task.swap(ptr::null_mut(), Ordering::Acquire)
        } else {
            ptr::null_mut()
        };
        // ORDERING: Release pairs with the owner's Acquire in `take`, and with the next thief's.
        self.thief.store(false, Ordering::Release);
        // SAFETY: the swap took it out, once.
        NonNull::new(task).map(|task| unsafe { Runnable::from_raw(task) })
    }

    /// Whether there is no task in it. A hint to others than its worker.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: Relaxed; a hint.
        self.task.load(Ordering::Relaxed).is_null()
    }
}

debug_as! {
    () RunSlot => "RunSlot";
}
