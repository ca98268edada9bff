//! crossbeam-queue's `ArrayQueue` where its order counts: elements of any size, the oldest displaced when it is full.
//! A mutex holds them, which orders pushes among themselves; the original's claims of its tail do so, too.

use std::collections::VecDeque;

use super::lock::Mutex;

/// `crossbeam_queue::ArrayQueue`, with `force_push`.
pub(crate) struct Recent<T> {
    capacity: usize,
    elements: Mutex<VecDeque<T>>,
}

impl<T> Recent<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, elements: Mutex::new(VecDeque::new()) }
    }

    pub(crate) fn force_push(&self, element: T) -> Option<T> {
        let mut elements = self.elements.lock();
        let oldest = if elements.len() == self.capacity { elements.pop_front() } else { None };
        elements.push_back(element);
        oldest
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.elements.lock().pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.elements.lock().is_empty()
    }
}
