//! A value on cache lines of its own.
//!
//! What is written often stands apart from what everybody reads: a write takes the whole line away from the other cores.
//! 128 bytes are the line of some processors, and on x86-64 the pair of lines that is fetched together.

use std::ops::Deref;

/// The value.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}
