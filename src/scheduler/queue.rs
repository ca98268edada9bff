//! A worker's own run queue: a next-slot in front of a deque that others may steal from.
//!
//! | part | filled by | emptied by | order |
//! |---|---|---|---|
//! | next | its worker: the actor that was scheduled last | its worker; a thief, when the worker is stuck | newest first |
//! | held | its worker: the actor whose handler waits | its worker, after one activation at most; a thief, as above | one |
//! | deque | its worker: what was displaced from next, what goes to the back | its worker; thieves, half of it at a time | first in, first out |
//!
//! Two actors that talk to each other stay in the next-slot of one worker, which costs it a few loads and stores per task
//! ([`RunSlot`](crate::task::run_slot::RunSlot)). The held-slot is of the same kind: in it is a task whose handler waits for what the worker runs now
//! ([`held`](crate::task::held)).
//!
//! The deque never holds more than its smallest buffer, so it never calls the allocator; the rest overflows into the
//! worker's inbox.

use std::cell::Cell;
use std::fmt;

use crate::sync::barrier::Barrier;
use crate::sync::deque::{Steal, Stealer, Worker};
use crate::sync::limits::{DEQUE_CAPACITY, TAKE_BATCH};
use crate::task::Runnable;
use crate::task::hand::Hand;

/// The owner's side of the deque.
pub(crate) struct Local {
    deque: Worker<Runnable>,
    /// Something was put in since it was last found empty: so that its owner needn't look at it each time.
    is_used: Cell<bool>,
}

/// What everybody may touch.
pub(crate) struct Stealable {
    hand: Hand,
    stealer: Stealer<Runnable>,
}

/// A queue: the two sides.
pub(crate) fn queue(barrier: Barrier) -> (Local, Stealable) {
    let deque = Worker::new_fifo();
    let stealable = Stealable { hand: Hand::new(barrier), stealer: deque.stealer() };
    (Local { deque, is_used: Cell::new(false) }, stealable)
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
        self.is_used.set(true);
        Ok(())
    }

    /// Takes the oldest task.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Runnable> {
        // A pop is a read-modify-write even when there is nothing.
        if self.is_empty() { None } else { self.deque.pop() }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        let is_empty = !self.is_used.get() || self.deque.is_empty();
        if is_empty {
            self.is_used.set(false);
        }
        is_empty
    }

    /// Whether anything was put in since it was last found empty.
    #[inline(always)]
    pub(crate) fn may_hold_some(&self) -> bool {
        self.is_used.get()
    }

    /// How many tasks wait.
    pub(crate) fn len(&self) -> usize {
        self.deque.len()
    }
}

impl Stealable {
    /// The next-slot and the held-slot.
    #[inline(always)]
    pub(crate) fn hand(&self) -> &Hand {
        &self.hand
    }

    /// Moves half of the deque to `to` and returns the oldest of them.
    pub(crate) fn steal_half(&self, to: &Local) -> Option<Runnable> {
        if self.stealer.is_empty() {
            return None;
        }
        loop {
            match self.stealer.steal_batch_with_limit_and_pop(&to.deque, TAKE_BATCH) {
                Steal::Success(task) => {
                    to.is_used.set(true);
                    return Some(task);
                }
                Steal::Empty => return None,
                Steal::Retry => {}
            }
        }
    }

    /// How many tasks of the deque there are to steal.
    pub(crate) fn len(&self) -> usize {
        self.stealer.len()
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
