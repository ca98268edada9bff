//! A thread's own magazines.
//!
//! Only the owning thread looks at a cache, so it needs no atomics. When the thread ends, its blocks go to
//! the depot; a block that is freed later still (by another thread-local's destructor) goes straight to the
//! allocator.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use super::class::{CLASSES, Class};
use super::deallocate;
use super::depot::{Depot, Free, Magazine};
use crate::sync::{lazy, local};

lazy! {
    /// The process's depots, one per class.
    static DEPOTS: [Depot; CLASSES] = std::array::from_fn(|index| {
        let class = Class::from_index(index);
        Depot::new(class, class.depot_magazines())
    })
}

local! {
    /// This thread's magazines.
    static CACHE: Cache = Cache::new()
}

/// Two magazines per class. `loaded` is between empty and full; `spare` is either empty or full.
struct Cache([UnsafeCell<Pair>; CLASSES]);

struct Pair {
    loaded: Option<NonNull<Free>>,
    count: u32,
    spare: Option<NonNull<Free>>,
}

impl Cache {
    const fn new() -> Self {
        Self([const { UnsafeCell::new(Pair { loaded: None, count: 0, spare: None }) }; CLASSES])
    }
}

impl Pair {
    #[inline(always)]
    fn pop(&mut self, class: Class) -> Option<NonNull<Free>> {
        if self.loaded.is_none() {
            self.reload(class)?;
        }
        let block = self.loaded?;
        // SAFETY: a block in a magazine is free and ours, and holds a `Free`.
        self.loaded = unsafe { block.as_ref() }.next;
        self.count -= 1;
        Some(block)
    }

    #[cold]
    fn reload(&mut self, class: Class) -> Option<()> {
        let full = match self.spare.take() {
            Some(spare) => spare,
            None => DEPOTS[class.index()].take()?.into_first(),
        };
        self.loaded = Some(full);
        self.count = class.magazine();
        Some(())
    }

    #[inline(always)]
    fn push(&mut self, block: NonNull<Free>, class: Class) {
        if self.count == class.magazine() {
            self.unload(class);
        }
        // SAFETY: the block is free and ours, and large enough for a `Free`.
        unsafe { block.write(Free { next: self.loaded }) };
        self.loaded = Some(block);
        self.count += 1;
    }

    #[cold]
    fn unload(&mut self, class: Class) {
        if let Some(spare) = self.spare.take() {
            // SAFETY: the spare magazine is full and ours.
            DEPOTS[class.index()].put(unsafe { Magazine::new(spare) });
        }
        self.spare = self.loaded.take();
        self.count = 0;
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        for (index, pair) in self.0.iter_mut().enumerate() {
            let pair = pair.get_mut();
            let depot = &DEPOTS[index];
            if let Some(spare) = pair.spare.take() {
                // SAFETY: the spare magazine is full and ours.
                depot.put(unsafe { Magazine::new(spare) });
            }
            // SAFETY: the loaded blocks are ours and of this class.
            unsafe { depot.dissolve(pair.loaded.take()) };
        }
    }
}

/// A block of `class`: this thread's or the depot's; if there is none, `fresh` blocks are stocked up.
#[inline(always)]
pub(super) fn acquire(class: Class, fresh: impl Fn() -> NonNull<u8>) -> NonNull<u8> {
    match recycled(class) {
        Some(block) => block,
        None => {
            restock(class, &fresh);
            fresh()
        }
    }
}

/// Puts fresh blocks into this thread's magazines and the depot.
#[cold]
fn restock(class: Class, fresh: &dyn Fn() -> NonNull<u8>) {
    for _ in 1..class.restock() * class.magazine() {
        // SAFETY: fresh, of this class, and unused.
        unsafe { release(fresh(), class) };
    }
}

/// A recycled block of `class`: this thread's or the depot's.
#[inline(always)]
fn recycled(class: Class) -> Option<NonNull<u8>> {
    let block = CACHE.try_with(|cache| {
        // SAFETY: only this thread reaches its cache, and `pop` calls nothing that could come back here.
        unsafe { &mut *cache.0[class.index()].get() }.pop(class)
    });
    block.ok().flatten().map(NonNull::cast)
}

/// Keeps a block of `class` for the next [`acquire`].
///
/// # Safety
///
/// `block` is of this class and nothing looks at it any more.
#[inline(always)]
pub(super) unsafe fn release(block: NonNull<u8>, class: Class) {
    let kept = CACHE.try_with(|cache| {
        // SAFETY: as in `acquire`.
        unsafe { &mut *cache.0[class.index()].get() }.push(block.cast(), class);
    });
    if kept.is_err() {
        // SAFETY: the caller gave the block up; all blocks of a class have its layout.
        unsafe { deallocate(block, class) };
    }
}

#[cfg(all(test, not(any(corecast_loom, corecast_no_recycle))))]
mod tests {
    use super::super::fresh;
    use super::{Class, release};
    use crate::sync::heap::Layout;
    use crate::sync::testing::spawn;
    use std::ptr::NonNull;

    fn acquire(class: Class) -> NonNull<u8> {
        super::acquire(class, || fresh(class))
    }

    #[test]
    fn a_block_freed_last_is_taken_first() {
        let class = Class::of(Layout::new::<[u64; 30]>()).unwrap();
        let block = acquire(class);
        // SAFETY: just acquired, not used.
        unsafe { release(block, class) };
        assert_eq!(acquire(class), block);
        // SAFETY: as above.
        unsafe { release(block, class) };
    }

    #[test]
    fn blocks_pass_from_thread_to_thread_and_none_is_handed_out_twice() {
        struct Owned(Vec<NonNull<u8>>);
        // SAFETY: the blocks are owned by the list and unused.
        unsafe impl Send for Owned {}
        let class = Class::of(Layout::new::<[u64; 60]>()).unwrap();
        let taken = Owned((0..500).map(|_| acquire(class)).collect());
        let freed = spawn(move || {
            let taken = taken;
            for &block in &taken.0 {
                // SAFETY: each was acquired once and moved here.
                unsafe { release(block, class) };
            }
        });
        freed.join().unwrap();
        let mut again: Vec<_> = (0..500).map(|_| acquire(class)).collect();
        again.sort_unstable();
        again.dedup();
        assert_eq!(again.len(), 500);
        for block in again {
            // SAFETY: each was acquired once.
            unsafe { release(block, class) };
        }
    }
}
