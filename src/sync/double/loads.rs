//! A word whose loads may count as writes, so that loom looks at the orders around them.
//!
//! loom keeps one last access per atomic (tokio-rs/loom#166): where a thread loads a word and then changes it, its
//! own load hides those of others, and orders go unseen. In keen mode a load is a compare-exchange that changes
//! nothing. That shows all orders, and no stale values: models run in both modes. Sound for words that are changed by
//! read-modify-writes only.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use loom::sync::atomic::{self, Ordering};

std::thread_local! {
    /// Whether the models that this thread explores are in keen mode.
    static KEEN: Cell<bool> = const { Cell::new(false) };
}

/// Sets the mode for models that the calling thread explores from now on.
pub(crate) fn set_keen(keen: bool) {
    KEEN.set(keen);
}

/// loom's `AtomicU64`, with such loads.
#[derive(Debug)]
pub(crate) struct AtomicU64(atomic::AtomicU64);

impl AtomicU64 {
    pub(crate) fn new(value: u64) -> Self {
        Self(atomic::AtomicU64::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> u64 {
        if !KEEN.get() {
            return self.0.load(order);
        }
        match self.0.compare_exchange(0, 0, order, order) {
            Ok(value) | Err(value) => value,
        }
    }
}

impl Deref for AtomicU64 {
    type Target = atomic::AtomicU64;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for AtomicU64 {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
