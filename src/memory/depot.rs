//! Full magazines on their way from a thread that frees to a thread that takes.

use std::ptr::NonNull;

use super::class::Class;
use super::deallocate;
use crate::sync::queue::ArrayQueue;

/// What a free block holds: the way to the next one. A numbered block keeps its number behind it.
#[repr(C)]
pub(crate) struct Free {
    /// The next free block of the same magazine.
    pub(crate) next: Option<NonNull<Free>>,
}

/// A full magazine: a chain of free blocks of one class.
pub(crate) struct Magazine(NonNull<Free>);

// SAFETY: a magazine owns its blocks, which nobody looks at; they may be used on any thread.
unsafe impl Send for Magazine {}

impl Magazine {
    /// Takes over a chain of [`Class::magazine`] free blocks.
    ///
    /// # Safety
    ///
    /// The caller owns the blocks of the chain and gives them up.
    pub(crate) unsafe fn new(first: NonNull<Free>) -> Self {
        Self(first)
    }

    /// The chain's first block; the caller owns the chain now.
    pub(crate) fn into_first(self) -> NonNull<Free> {
        self.0
    }
}

/// The full magazines of one class that no thread holds. Lock-free.
pub(crate) struct Depot {
    class: Class,
    full: ArrayQueue<Magazine>,
}

impl Depot {
    /// A depot of `class` for at most `magazines` magazines.
    pub(crate) fn new(class: Class, magazines: usize) -> Self {
        Self { class, full: ArrayQueue::new(magazines) }
    }

    /// Keeps `magazine` for another thread; a full depot returns its blocks to the allocator instead.
    pub(crate) fn put(&self, magazine: Magazine) {
        if let Err(magazine) = self.full.push(magazine) {
            // SAFETY: `put` took the magazine over.
            unsafe { self.dissolve(Some(magazine.into_first())) };
        }
    }

    /// A full magazine, if there is one.
    pub(crate) fn take(&self) -> Option<Magazine> {
        self.full.pop()
    }

    /// Returns a chain of blocks to the allocator.
    ///
    /// # Safety
    ///
    /// The caller owns the chain's blocks, which are of this depot's class.
    #[cold]
    pub(crate) unsafe fn dissolve(&self, mut chain: Option<NonNull<Free>>) {
        while let Some(block) = chain {
            // SAFETY: a free block of a chain that the caller owns holds a `Free`.
            chain = unsafe { block.as_ref() }.next;
            // SAFETY: of this class, and owned by the caller.
            unsafe { deallocate(block.cast(), self.class) };
        }
    }
}
