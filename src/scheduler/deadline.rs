//! Few, cold deadlines: the time that a killed actor's `post_stop` has.

use std::collections::BTreeMap;

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::lock::Mutex;
use crate::sync::time::Moment;
use crate::task::handle::Weak;

/// All deadlines of a system, in order.
#[derive(Debug)]
pub(crate) struct Deadlines {
    any: AtomicBool,
    queue: Mutex<BTreeMap<Moment, Vec<Weak>>>,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self { any: AtomicBool::new(false), queue: Mutex::new(BTreeMap::new()) }
    }

    /// Expires `task` at `due`. Called by a worker, which looks at the deadlines before it sleeps.
    pub(crate) fn add(&self, due: Moment, task: Weak) {
        let mut queue = self.queue.lock();
        queue.entry(due).or_default().push(task);
        // ORDERING: Relaxed; a hint. The worker that adds a deadline sees its own store.
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether there is none, as far as this thread knows.
    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: Relaxed; see `add`.
        !self.any.load(Ordering::Relaxed)
    }

    /// Expires what is due, and tells when the next deadline is.
    pub(crate) fn fire(&self, now: Moment) -> Option<Moment> {
        loop {
            let mut queue = self.queue.lock();
            let Some(first) = queue.first_entry() else {
                // ORDERING: Relaxed; under the lock, so no deadline that was added is forgotten.
                self.any.store(false, Ordering::Relaxed);
                return None;
            };
            if *first.key() > now {
                return Some(*first.key());
            }
            let due = first.remove();
            drop(queue);
            for task in due {
                task.expire();
            }
        }
    }
}
