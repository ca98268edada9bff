//! Doubles of crossbeam and parking_lot for the model checker, which knows neither.
//!
//! Each is no stronger than its original: indices and slots synchronize by Release and Acquire only, no
//! mutex hides in a queue, and no `SeqCst` fence helps a caller that should have brought its own. [`loads`] is no
//! double, but loom's own atomic in a mode that makes loom look at more orders.

pub(crate) mod deque;
pub(crate) mod loads;
pub(crate) mod lock;
pub(crate) mod queue;
pub(crate) mod recent;

use std::mem::{size_of, transmute_copy};

/// A pointer-sized `T` as a raw pointer, which a loom atomic can hold.
fn into_raw<T>(value: T) -> *mut () {
    const { assert!(size_of::<T>() == size_of::<*mut ()>()) };
    let value = std::mem::ManuallyDrop::new(value);
    // SAFETY: same size, checked above; ownership of `value` moves into the pointer.
    unsafe { transmute_copy(&value) }
}

/// The `T` back.
///
/// # Safety
///
/// `raw` came from `into_raw::<T>` and this is the only call for it.
unsafe fn from_raw<T>(raw: *mut ()) -> T {
    // SAFETY: the caller's promise.
    unsafe { transmute_copy(&raw) }
}
