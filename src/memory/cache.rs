//! A thread's own free blocks.
//!
//! Only the owning thread looks at a cache, so it needs no atomics. When the thread ends, its magazines go to
//! the depot, and single blocks to the allocator; so does a block that is freed later still (by another thread-local's
//! destructor).

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
    /// This thread's blocks.
    static CACHE: Cache = Cache::new()
}

/// A chain of free blocks per class: room for two magazines.
///
/// | blocks | taken | returned |
/// |---|---|---|
/// | none | a magazine comes from the depot | one more |
/// | fewer than two magazines | one fewer | one more |
/// | two magazines | one fewer | that which lay longest goes to the depot |
///
/// Behind each trade the chain has room for a magazine more, and blocks for one: who takes and returns a few in turns trades
/// no second time.
struct Cache([UnsafeCell<Chain>; CLASSES]);

/// The block that came last comes first.
struct Chain {
    first: Option<NonNull<Free>>,
    count: u32,
}

impl Cache {
    const fn new() -> Self {
        Self([const { UnsafeCell::new(Chain { first: None, count: 0 }) }; CLASSES])
    }
}

impl Chain {
    #[inline(always)]
    fn pop(&mut self, class: Class) -> Option<NonNull<Free>> {
        if self.first.is_none() {
            self.load(class)?;
        }
        let block = self.first?;
        // SAFETY: a block of the chain is free and ours, and holds a `Free`.
        self.first = unsafe { block.as_ref() }.next;
        self.count -= 1;
        Some(block)
    }

    /// Fills an empty chain from the depot.
    #[cold]
    fn load(&mut self, class: Class) -> Option<()> {
        self.first = Some(DEPOTS[class.index()].take()?.into_first());
        self.count = class.magazine();
        Some(())
    }

    #[inline(always)]
    fn push(&mut self, block: NonNull<Free>, class: Class) {
        if self.count == 2 * class.magazine() {
            self.unload(class);
        }
        // SAFETY: the block is free and ours, and large enough for a `Free`.
        unsafe { block.write(Free { next: self.first }) };
        self.first = Some(block);
        self.count += 1;
    }

    /// Gives the magazine that lay longest to the depot. There is one. The walk to it is a step for each block that is left.
    #[cold]
    fn unload(&mut self, class: Class) {
        self.count -= class.magazine();
        let mut link = &mut self.first;
        for _ in 0..self.count {
            // SAFETY: a block of the chain is free and ours, and holds a `Free`.
            link = unsafe { &mut link.as_mut().expect("as many as were counted").as_mut().next };
        }
        let oldest = link.take().expect("as many as were counted");
        // SAFETY: a magazine of free blocks, and we cut them off.
        DEPOTS[class.index()].put(unsafe { Magazine::new(oldest) });
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        for (index, chain) in self.0.iter_mut().enumerate() {
            let chain = chain.get_mut();
            let class = Class::from_index(index);
            while chain.count >= class.magazine() {
                chain.unload(class);
            }
            // SAFETY: the blocks are ours and of this class.
            unsafe { DEPOTS[index].dissolve(chain.first.take()) };
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

/// Puts fresh blocks into this thread's cache and the depot.
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
    use super::{Chain, Class, release};
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
    fn who_takes_and_returns_a_few_in_turns_trades_no_second_magazine() {
        let class = Class::of(Layout::new::<[u64; 90]>()).unwrap();
        for level in 0..=2 * class.magazine() {
            for few in [1, 2, class.magazine()] {
                let mut chain = Chain { first: None, count: 0 };
                let mut trades = 0;
                let push = |chain: &mut Chain, trades: &mut u32, block: NonNull<u8>| {
                    let before = chain.count;
                    chain.push(block.cast(), class);
                    *trades += u32::from(chain.count != before + 1);
                };
                for _ in 0..level {
                    push(&mut chain, &mut trades, fresh(class));
                }
                assert_eq!(trades, 0, "a chain has room for two magazines");
                let mut taken = Vec::new();
                for _ in 0..10 {
                    for _ in 0..few {
                        let before = chain.count;
                        let block = chain.pop(class).map_or_else(|| fresh(class), NonNull::cast);
                        trades += u32::from(before == 0 && chain.count > 0);
                        taken.push(block);
                    }
                    taken.drain(..).for_each(|block| push(&mut chain, &mut trades, block));
                }
                assert!(trades <= 1, "{trades} trades of {few} at {level}");
                while chain.first.is_some() {
                    let block = chain.pop(class).expect("there is a first");
                    // SAFETY: a block of this class that nobody uses.
                    unsafe { release(block.cast(), class) };
                }
            }
        }
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
