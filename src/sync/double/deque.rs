//! crossbeam-deque's FIFO `Worker` and `Stealer`: a small ring, its elements pointers, its indices
//! Release and Acquire. The original is at least as strong: its push is a Release fence and a store, its
//! pop and steal are `SeqCst` read-modify-writes of the front.

use std::marker::PhantomData;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::{from_raw, into_raw};
use crate::sync::limits::DEQUE_CAPACITY;

struct Ring {
    front: AtomicUsize,
    back: AtomicUsize,
    slots: Vec<AtomicPtr<()>>,
}

impl Ring {
    /// Takes the oldest element, in one attempt: who loses it to another is told to retry.
    fn take(&self) -> Steal<*mut ()> {
        // ORDERING: Acquire on both, as the original; Relaxed on the slot, which `back` publishes.
        let front = self.front.load(Ordering::Acquire);
        let back = self.back.load(Ordering::Acquire);
        if front >= back {
            return Steal::Empty;
        }
        let item = self.slots[front % self.slots.len()].load(Ordering::Relaxed);
        // ORDERING: AcqRel, weaker than the original's SeqCst.
        if self.front.compare_exchange(front, front + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return Steal::Success(item);
        }
        // loom lets a loop of retries end only if the others get on.
        loom::thread::yield_now();
        Steal::Retry
    }
}

/// `crossbeam_deque::Worker`.
pub(crate) struct Worker<T>(Arc<Ring>, PhantomData<T>);

/// `crossbeam_deque::Stealer`.
pub(crate) struct Stealer<T>(Arc<Ring>, PhantomData<T>);

// SAFETY: elements move between threads, which `T: Send` allows; the ring itself is atomics.
unsafe impl<T: Send> Send for Worker<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Stealer<T> {}
// SAFETY: as above; `Stealer`'s methods take `&self` from any thread.
unsafe impl<T: Send> Sync for Stealer<T> {}

/// `crossbeam_deque::Steal`.
pub(crate) enum Steal<T> {
    Empty,
    Success(T),
    Retry,
}

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        // One more than is used, so that a full deque never overwrites what a thief still reads.
        let slots = (0..=DEQUE_CAPACITY).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
        Self(Arc::new(Ring { front: AtomicUsize::new(0), back: AtomicUsize::new(0), slots }), PhantomData)
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(Arc::clone(&self.0), PhantomData)
    }

    pub(crate) fn push(&self, item: T) {
        // ORDERING: Relaxed for what the owner alone writes; Acquire on the front, before a slot is used again; Release
        // on the back, which publishes the slot: the original's fence and store.
        let back = self.0.back.load(Ordering::Relaxed);
        assert!(back - self.0.front.load(Ordering::Acquire) < self.0.slots.len(), "the deque is bounded by its user");
        self.0.slots[back % self.0.slots.len()].store(into_raw(item), Ordering::Relaxed);
        self.0.back.store(back + 1, Ordering::Release);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        loop {
            match self.0.take() {
                // SAFETY: `take` hands out each element once, by the CAS on `front`.
                Steal::Success(raw) => return Some(unsafe { from_raw(raw) }),
                Steal::Empty => return None,
                Steal::Retry => {}
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        // ORDERING: Relaxed; the owner's own estimate.
        let back = self.0.back.load(Ordering::Relaxed);
        back.saturating_sub(self.0.front.load(Ordering::Relaxed))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Stealer<T> {
    pub(crate) fn steal_batch_with_limit_and_pop(&self, to: &Worker<T>, limit: usize) -> Steal<T> {
        let wanted = self.len().div_ceil(2).min(limit);
        let first = match self.0.take() {
            Steal::Success(first) => first,
            Steal::Empty => return Steal::Empty,
            Steal::Retry => return Steal::Retry,
        };
        for _ in 1..wanted {
            let Steal::Success(raw) = self.0.take() else { break };
            // SAFETY: as in `pop`.
            to.push(unsafe { from_raw(raw) });
        }
        // SAFETY: as in `pop`.
        Steal::Success(unsafe { from_raw(first) })
    }

    pub(crate) fn len(&self) -> usize {
        // ORDERING: Acquire, as the original's hint.
        let back = self.0.back.load(Ordering::Acquire);
        back.saturating_sub(self.0.front.load(Ordering::Acquire))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
