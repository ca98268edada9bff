//! A value in a recycled block: a `Box` that seldom calls the allocator.

use std::fmt;
use std::mem::size_of;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::{Layout, acquire, release};

/// An owned value, at an address of its own.
pub(crate) struct Block<T>(NonNull<T>);

// SAFETY: the block owns its value, as a `Box` does.
unsafe impl<T: Send> Send for Block<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Block<T> {}

impl<T> Block<T> {
    /// Moves `value` into a block.
    pub(crate) fn new(value: T) -> Self {
        const { assert!(size_of::<T>() > 0) };
        let block: NonNull<T> = acquire(Layout::new::<T>()).cast();
        // SAFETY: the block is ours and fits a `T`.
        unsafe { block.write(value) };
        Self(block)
    }
}

impl<T> Deref for Block<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it holds a value as long as we live.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Block<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and it is ours alone.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        /// Gives the memory back, also when the value's drop panics.
        struct Memory<T>(NonNull<T>);
        impl<T> Drop for Memory<T> {
            fn drop(&mut self) {
                // SAFETY: from `acquire` with this layout; the value is gone.
                unsafe { release(self.0.cast(), Layout::new::<T>()) };
            }
        }
        let memory = Memory(self.0);
        // SAFETY: dropped once, here.
        unsafe { memory.0.drop_in_place() };
    }
}

impl<T: fmt::Debug> fmt::Debug for Block<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::Block;
    use std::rc::Rc;

    #[test]
    fn a_value_in_a_block_is_dropped_once() {
        let value = Rc::new(7);
        let mut block = Block::new((Rc::clone(&value), 1));
        let (_, count) = &mut *block;
        *count += 1;
        let (kept, count) = &*block;
        assert_eq!((**kept, *count), (7, 2));
        drop(block);
        assert_eq!(Rc::strong_count(&value), 1);
    }
}
