//! crossbeam-queue's `ArrayQueue` where its order counts: elements of any size, the oldest displaced when it is full.
//!
//! The elements lie where loom doesn't look, and order nothing. What a push shows to a pop passes through a count, as it
//! does through the original's stamps; and a look whether the queue is empty may be an old one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use loom::sync::atomic::{AtomicUsize, Ordering};

/// `crossbeam_queue::ArrayQueue`, with `force_push`.
pub(crate) struct Recent<T> {
    capacity: usize,
    elements: Mutex<VecDeque<T>>,
    pushed: AtomicUsize,
    popped: AtomicUsize,
}

impl<T> Recent<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let (pushed, popped) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { capacity, elements: Mutex::new(VecDeque::new()), pushed, popped }
    }

    pub(crate) fn force_push(&self, element: T) -> Option<T> {
        let mut elements = self.elements.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if elements.len() == self.capacity { elements.pop_front() } else { None };
        elements.push_back(element);
        drop(elements);
        if oldest.is_some() {
            // ORDERING: AcqRel, as the original's claim of its head at least.
            self.popped.fetch_add(1, Ordering::AcqRel);
        }
        // ORDERING: Release publishes the element, as the original's stamp does.
        self.pushed.fetch_add(1, Ordering::Release);
        oldest
    }

    pub(crate) fn pop(&self) -> Option<T> {
        let element = self.elements.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        // ORDERING: Acquire pairs with the push; a read-modify-write, since the element's own push must be in it.
        self.pushed.fetch_add(0, Ordering::Acquire);
        // ORDERING: AcqRel; as above.
        self.popped.fetch_add(1, Ordering::AcqRel);
        Some(element)
    }

    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: Acquire; the original's loads are `SeqCst`, which loom takes for this.
        self.popped.load(Ordering::Acquire) >= self.pushed.load(Ordering::Acquire)
    }
}
