//! The word that counts the references to a task: those that keep the actor alive, and those that keep its memory.
//!
//! ```text
//! bit 63        32 31        0
//! [ strong: 32   ][ memory: 32 ]
//! ```
//!
//! | count | holds |
//! |---|---|
//! | strong | references that keep the actor alive |
//! | memory | weak ones, wakers, spare ones, one for all strong ones together, one for the living actor |
//!
//! Both are in one word, so that one look shows that nobody else refers to a task: to its runner at the end, and to the
//! last strong reference. The memory is free when nobody does.

use crate::sync::atomic::{AtomicWord64, Ordering};

/// One strong reference.
const STRONG: u64 = 1 << 32;

/// What the one who lets go of a strong reference owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the last reference frees, or has the actor look for others"]
pub(super) enum Left {
    /// Nothing.
    Others,
    /// It was the last strong one. The actor is to look whether it can be reached; the reference to the memory that the
    /// strong ones hold together is the caller's to give up after that.
    Unreachable,
    /// It was the last one of all, and the actor has ended: the memory is the caller's to free.
    Nobody,
}

/// The word.
#[derive(Debug)]
pub(super) struct Refs(AtomicWord64);

impl Refs {
    /// One strong reference and what that holds, and the living actor's own.
    pub(super) fn new() -> Self {
        Self(AtomicWord64::new(STRONG + 2))
    }

    /// One more strong reference.
    #[inline(always)]
    pub(super) fn grow(&self) {
        // ORDERING: Relaxed; the count is above zero and stays so while the caller holds one.
        limit(strong(self.0.fetch_add(STRONG, Ordering::Relaxed)));
    }

    /// One more strong reference, if there is another one. Lock-free.
    pub(super) fn upgrade(&self) -> bool {
        // ORDERING: Relaxed; the CAS confirms it.
        let mut now = self.0.load(Ordering::Relaxed);
        while strong(now) != 0 {
            limit(strong(now));
            // ORDERING: Relaxed; as for a clone: there is a strong reference, and this is one more.
            match self.0.compare_exchange(now, now + STRONG, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(changed) => now = changed,
            }
        }
        false
    }

    /// One more strong reference, even if there is none left. The caller sees to it that nobody is deciding about that.
    pub(super) fn revive(&self) {
        // ORDERING: Relaxed; the runner decides about the count itself, later on this thread.
        let before = strong(self.0.fetch_add(STRONG, Ordering::Relaxed));
        limit(before);
        if before == 0 {
            // The last of the former ones gave up what they held together.
            self.retain();
        }
    }

    /// Gives up a strong reference.
    #[inline(always)]
    pub(super) fn shrink(&self) -> Left {
        // ORDERING: Release pairs with the Acquire of `is_strong`: a runner that finds nobody left sees what each of us has
        // sent.
        let before = self.0.fetch_sub(STRONG, Ordering::Release);
        if strong(before) == 1 { self.last(before) } else { Left::Others }
    }

    #[cold]
    fn last(&self, before: u64) -> Left {
        // ORDERING: Acquire pairs with the Release of all who have given a reference up: what was done through those comes
        // before what the caller does.
        let _ = self.0.load(Ordering::Acquire);
        // Besides what the strong ones held together there was nothing: so it stays.
        if before == STRONG + 1 { Left::Nobody } else { Left::Unreachable }
    }

    /// Whether a strong reference is left.
    pub(super) fn is_strong(&self) -> bool {
        // ORDERING: Acquire pairs with the Release of the last reference's drop.
        strong(self.0.load(Ordering::Acquire)) != 0
    }

    /// One more memory reference.
    #[inline(always)]
    pub(super) fn retain(&self) {
        // ORDERING: Relaxed; the caller holds a reference, so the count can't reach zero meanwhile.
        limit(self.0.fetch_add(1, Ordering::Relaxed) as u32);
    }

    /// Gives up a memory reference. Returns whether it was the last of all: then the memory is the caller's to free.
    #[inline(always)]
    #[must_use = "the last reference frees"]
    pub(super) fn release(&self) -> bool {
        // ORDERING: Release: our uses come before the freeing. Acquire: whoever frees sees everybody's uses.
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Whether there are no references but `own` memory ones, all of which are the caller's. Then it stays so until the
    /// caller gives one away.
    #[inline(always)]
    pub(super) fn are_only(&self, own: u32) -> bool {
        // ORDERING: Acquire pairs with the Release of everybody who has given a reference up: their uses come before what
        // the caller does to the memory.
        self.0.load(Ordering::Acquire) == u64::from(own)
    }
}

fn strong(word: u64) -> u32 {
    (word >> 32) as u32
}

/// Stops the process before a count can wrap: two thousand million references that were leaked.
#[inline(always)]
fn limit(before: u32) {
    if before > u32::MAX / 2 {
        overflow();
    }
}

#[cold]
fn overflow() -> ! {
    // Nothing that holds references can be trusted any more; std's `Arc` does the same.
    std::process::abort()
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Left, Refs};

    #[test]
    fn the_last_strong_reference_has_the_actor_look() {
        let refs = Refs::new();
        refs.grow();
        assert_eq!((refs.shrink(), refs.shrink()), (Left::Others, Left::Unreachable));
        assert!(!refs.is_strong() && !refs.upgrade() && !refs.release() && refs.are_only(1));
        refs.revive();
        assert!(refs.is_strong() && refs.upgrade());
        assert_eq!((refs.shrink(), refs.shrink()), (Left::Others, Left::Unreachable));
        assert!(!refs.is_strong() && !refs.release() && refs.are_only(1) && refs.release());
    }

    #[test]
    fn the_last_reference_of_all_may_be_a_strong_one() {
        let refs = Refs::new();
        refs.retain();
        assert!(!refs.are_only(2) && !refs.release() && !refs.release());
        assert_eq!(refs.shrink(), Left::Nobody);
    }
}
