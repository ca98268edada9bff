//! Doors to `crate::memory`: the depot, and blocks to trade in it.

use std::ptr::NonNull;

use crate::memory::class::Class;
use crate::memory::depot::{self, Free, Magazine};
use crate::sync::heap::{Layout, alloc, dealloc};

/// `depot::Depot`, of the smallest class.
pub struct Depot(depot::Depot);

/// A chain of free blocks, each from loom's allocator.
pub struct Chain(Option<NonNull<Free>>);

// SAFETY: the chain owns its blocks.
unsafe impl Send for Chain {}

impl Depot {
    const CLASS: Class = Class::of(Layout::new::<u8>()).unwrap();

    pub fn new(magazines: usize) -> Self {
        Self(depot::Depot::new(Self::CLASS, magazines))
    }

    pub fn put(&self, chain: Chain) {
        // SAFETY: the chain's owner gives it up. The depot never counts a magazine's blocks.
        self.0.put(unsafe { Magazine::new(chain.0.unwrap()) });
    }

    pub fn take(&self) -> Option<Chain> {
        self.0.take().map(|magazine| Chain(Some(magazine.into_first())))
    }

    pub fn dissolve(&self, chain: Chain) {
        // SAFETY: the chain's owner gives it up, and its blocks are of this class.
        unsafe { self.0.dissolve(chain.0) };
    }
}

impl Chain {
    pub const fn empty() -> Self {
        Self(None)
    }

    /// One block more, from the allocator.
    pub fn push(&mut self) {
        // SAFETY: the layout isn't empty; a fresh block fits a `Free`.
        unsafe {
            let block = NonNull::new(alloc(Depot::CLASS.layout())).unwrap().cast::<Free>();
            block.write(Free { next: self.0 });
            self.0 = Some(block);
        }
    }

    /// One block less, back to the allocator. Returns whether there was one.
    pub fn pop(&mut self) -> bool {
        let Some(block) = self.0 else { return false };
        // SAFETY: the chain owns its blocks, which hold a `Free` each.
        unsafe {
            self.0 = block.as_ref().next;
            dealloc(block.as_ptr().cast(), Depot::CLASS.layout());
        }
        true
    }
}
