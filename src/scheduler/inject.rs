//! A run queue that any thread may fill: for the world outside, for one worker's overflow, for placed actors.
//!
//! An actor is in at most one run queue, so the queue is made of the actors' own links: no memory, no bound. New
//! ones are pushed on a chain (Treiber's stack) by one CAS. Whoever takes works on a backlog under a lock; when
//! the backlog is empty it takes the whole chain with one swap and turns it round. Taking everything at once is
//! what makes the stack immune to reuse of its nodes (ABA).
//!
//! | operation | cost | progress |
//! |---|---|---|
//! | push | one CAS | lock-free |
//! | take up to n | a lock, and a swap when the backlog is empty | blocking, for the length of a few pointer moves |
//! | is it empty? | two loads | wait-free |
//!
//! Order: first in, first out.

use std::fmt;
use std::ptr::{self, NonNull};

use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::lock::Mutex;
use crate::task::{Header, Runnable};

/// The queue.
pub(crate) struct Inbox {
    /// The newest of those that were pushed since the backlog was filled.
    chain: AtomicPtr<Header>,
    backlog: Mutex<Backlog>,
    /// The backlog's length, for those who don't want the lock.
    waiting: AtomicUsize,
}

/// The oldest, in order.
struct Backlog {
    first: *mut Header,
}

// SAFETY: the tasks in the backlog are runnable, and a `Runnable` may pass to any thread.
unsafe impl Send for Backlog {}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            chain: AtomicPtr::new(ptr::null_mut()),
            backlog: Mutex::new(Backlog { first: ptr::null_mut() }),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Adds a task. Lock-free. It ends with a read-modify-write, on which [`Idle`](super::idle::Idle) relies.
    pub(crate) fn push(&self, runnable: Runnable) {
        let task = runnable.into_header();
        // SAFETY: the link is ours as long as we hold the task, and the queue's after that.
        let link = unsafe { &*Runnable::link(task) };
        // ORDERING: Relaxed; the CAS confirms it.
        let mut newest = self.chain.load(Ordering::Relaxed);
        loop {
            // ORDERING: Relaxed; the CAS below publishes the link.
            link.store(newest, Ordering::Relaxed);
            // ORDERING: Release pairs with the taker's Acquire swap: the link, and all that the right to run brings
            // along. Relaxed on failure: as for the load.
            match self.chain.compare_exchange(newest, task.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => newest = now,
            }
        }
    }

    /// Takes up to `most` tasks, the oldest first. Returns how many.
    pub(crate) fn take(&self, most: usize, mut each: impl FnMut(Runnable)) -> usize {
        if self.is_empty() {
            return 0;
        }
        let mut taken = 0;
        let mut backlog = self.backlog.lock();
        while taken < most {
            let Some(first) = NonNull::new(backlog.first) else {
                if self.refill(&mut backlog) { continue } else { break }
            };
            // SAFETY: a task in the queue is runnable, hence alive, and its link is the queue's.
            // ORDERING: Relaxed; written under this lock, or acquired with the chain.
            backlog.first = unsafe { &*Runnable::link(first) }.load(Ordering::Relaxed);
            // ORDERING: Relaxed; see `is_empty`.
            self.waiting.store(self.waiting.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
            taken += 1;
            // SAFETY: `push` put it in once, and it has just been taken out.
            each(unsafe { Runnable::from_raw(first) });
        }
        taken
    }

    /// Moves the chain into the empty backlog, turned round. Returns whether there was one.
    fn refill(&self, backlog: &mut Backlog) -> bool {
        // ORDERING: Relaxed; a push that isn't seen yet can wait.
        if self.chain.load(Ordering::Relaxed).is_null() {
            return false;
        }
        // ORDERING: Relaxed; the swap releases it. Not zero at any moment in between: the rest of the chain is for others,
        // and whoever looks before it is counted mustn't go to sleep over it.
        self.waiting.store(1, Ordering::Relaxed);
        // ORDERING: Acquire pairs with the Release of each push: together they are one release sequence. Release pairs
        // with the Acquire of `is_empty`.
        let mut newest = self.chain.swap(ptr::null_mut(), Ordering::AcqRel);
        let mut count = 0;
        while let Some(task) = NonNull::new(newest) {
            // SAFETY: as in `take`. ORDERING: Relaxed, twice; the link is ours since the swap.
            let link = unsafe { &*Runnable::link(task) };
            newest = link.load(Ordering::Relaxed);
            link.store(backlog.first, Ordering::Relaxed);
            backlog.first = task.as_ptr();
            count += 1;
        }
        // ORDERING: Relaxed; see `is_empty`.
        self.waiting.store(count, Ordering::Relaxed);
        count > 0
    }

    /// How many tasks wait in order: a hint that leaves out those that were pushed since.
    pub(crate) fn len(&self) -> usize {
        // ORDERING: Relaxed; a hint.
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether there is nothing to take, as far as the caller can know: pushes that it is ordered behind are seen.
    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: Acquire pairs with the Release of `refill`: where the chain has gone into the backlog, the backlog
        // doesn't look empty. Relaxed for pushes: a full barrier follows each, and then a look at who sleeps; a worker that
        // goes to sleep looks here after a barrier of its own, so one of the two sees the other (README beside this file).
        self.chain.load(Ordering::Acquire).is_null() && self.waiting.load(Ordering::Relaxed) == 0
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("is_empty", &self.is_empty()).finish_non_exhaustive()
    }
}
