//! A value that is made at its first use: `std::sync::LazyLock`, but of instrumented atomics, so that a thread
//! sanitizer without an instrumented std sees what it orders.
//!
//! Two first users may both make one; the second one's is dropped. Lock-free, but for what the making does.

use std::ops::Deref;
use std::ptr;

use super::atomic::{AtomicPtr, Ordering};

/// A value for the life of the process.
#[derive(Debug)]
pub(crate) struct Lazy<T> {
    value: AtomicPtr<T>,
    make: fn() -> T,
}

impl<T> Lazy<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()), make }
    }

    #[cold]
    fn first(&self) -> &T {
        let fresh = Box::into_raw(Box::new((self.make)()));
        // ORDERING: Release publishes the value; Acquire on failure: another's is published.
        match self.value.compare_exchange(ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire) {
            // SAFETY: ours, and never freed.
            Ok(_) => unsafe { &*fresh },
            Err(other) => {
                // SAFETY: ours wasn't published; the other one was, and is never freed.
                unsafe {
                    drop(Box::from_raw(fresh));
                    &*other
                }
            }
        }
    }
}

impl<T> Deref for Lazy<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // ORDERING: Acquire pairs with the Release of `first`.
        let value = self.value.load(Ordering::Acquire);
        // SAFETY: published once, never freed.
        match unsafe { value.as_ref() } {
            Some(value) => value,
            None => self.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lazy;

    #[test]
    fn the_value_is_made_once_for_all_later_users() {
        static VALUE: Lazy<Vec<u32>> = Lazy::new(|| vec![1, 2, 3]);
        assert!(std::ptr::eq(&*VALUE, &*VALUE));
        assert_eq!(*VALUE, [1, 2, 3]);
    }
}
