//! crossbeam-queue's `ArrayQueue`: slots that are claimed by a CAS each. Weaker than the original, whose
//! order is first in, first out; what the crate keeps in it has no order.

use std::marker::PhantomData;

use loom::sync::atomic::{AtomicPtr, Ordering};

use super::{from_raw, into_raw};

/// `crossbeam_queue::ArrayQueue`.
pub(crate) struct ArrayQueue<T>(Vec<AtomicPtr<()>>, PhantomData<T>);

// SAFETY: elements move between threads, which `T: Send` allows; the slots are atomics.
unsafe impl<T: Send> Send for ArrayQueue<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ArrayQueue<T> {}

impl<T> ArrayQueue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self((0..capacity).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(), PhantomData)
    }

    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let raw = into_raw(item);
        for slot in &self.0 {
            // ORDERING: Release publishes the element, as the original's stamp does; Relaxed when the slot is taken.
            let taken = slot.compare_exchange(std::ptr::null_mut(), raw, Ordering::Release, Ordering::Relaxed);
            if taken.is_ok() {
                return Ok(());
            }
        }
        // SAFETY: no slot took it.
        Err(unsafe { from_raw(raw) })
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.iter().find_map(|slot| {
            // ORDERING: Acquire pairs with `push`.
            let raw = slot.swap(std::ptr::null_mut(), Ordering::Acquire);
            // SAFETY: the swap handed this element out once.
            (!raw.is_null()).then(|| unsafe { from_raw(raw) })
        })
    }
}
