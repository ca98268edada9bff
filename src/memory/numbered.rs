//! Blocks with a number: 27 bits instead of a pointer, so that a block fits into a word beside other state.
//!
//! A block gets its number when it comes from the allocator and keeps it, through any amount of recycling,
//! until it goes back. [`find`] is two loads and takes no lock. The directory's pages are never freed; a
//! page of 8,192 addresses covers 16.5 MiB of blocks.
//!
//! | offset in the block | free | in use |
//! |---|---|---|
//! | 0, a word | the chain of a magazine | the user's; zero at first |
//! | up to [`USABLE`] | as the last user left it | the user's |
//! | behind | the number | the number |

use std::mem::size_of;
use std::ptr::NonNull;

use super::RECYCLE;
use super::cache;
use super::class::Class;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::limits::{DIRECTORY_PAGE, DIRECTORY_PAGES};
use crate::sync::lock::Mutex;
use crate::sync::{constant, lazy};

/// Bits of a number.
pub(crate) const NUMBER_BITS: u32 = 27;

/// Bytes of a numbered block that are the user's.
pub(crate) const USABLE: usize = Class::NUMBERED.layout().size() - size_of::<u64>();

/// Where a block's number stands.
const NUMBER_OFFSET: usize = USABLE;

/// The addresses of all numbered blocks, by number: pages of addresses.
struct Directory([AtomicPtr<AtomicPtr<u8>>; DIRECTORY_PAGES]);

constant! {
    /// The process's directory.
    static DIRECTORY: Directory = Directory::empty()
}

lazy! {
    /// Which numbers are free.
    static NUMBERS: Mutex<Numbers> = Mutex::new(Numbers { next: 1, free: Vec::new() })
}

/// The numbers to give: returned ones first, then `next`. Zero is no number.
struct Numbers {
    next: u32,
    free: Vec<u32>,
}

/// A numbered block, recycled or fresh; `init` prepares a fresh one. The first word of a recycled one is zero,
/// whatever it was, and the rest is as it was.
#[inline(always)]
pub(crate) fn acquire(init: fn(NonNull<u8>)) -> NonNull<u8> {
    if !RECYCLE {
        return fresh(init);
    }
    let block = cache::acquire(Class::NUMBERED, || fresh(init));
    // SAFETY: the block is ours; its first word may have been the chain's.
    unsafe { block.cast::<usize>().write(0) };
    block
}

#[cold]
fn fresh(init: fn(NonNull<u8>)) -> NonNull<u8> {
    let block = super::fresh(Class::NUMBERED);
    init(block);
    let mut numbers = NUMBERS.lock();
    let number = numbers.free.pop().unwrap_or_else(|| {
        numbers.next += 1;
        numbers.next - 1
    });
    DIRECTORY.enter(number, block);
    drop(numbers);
    // SAFETY: the block is ours and larger than the offset.
    unsafe { block.byte_add(NUMBER_OFFSET).cast().write(number) };
    block
}

/// Gives a numbered block back.
///
/// # Safety
///
/// `block` came from [`acquire`], is in the state that `init` leaves behind (the first word aside), and nothing
/// looks at it any more.
#[inline(always)]
pub(crate) unsafe fn release(block: NonNull<u8>) {
    if RECYCLE {
        // SAFETY: the caller's promise.
        unsafe { cache::release(block, Class::NUMBERED) };
    } else {
        // SAFETY: the caller's promise.
        unsafe { super::deallocate(block, Class::NUMBERED) };
    }
}

/// The number of a block that is in use.
///
/// # Safety
///
/// `block` came from [`acquire`] and hasn't been released.
#[inline(always)]
pub(crate) unsafe fn number(block: NonNull<u8>) -> u32 {
    // SAFETY: written by `fresh` and left alone since (table in the module's doc).
    unsafe { block.byte_add(NUMBER_OFFSET).cast().read() }
}

/// The block with `number`. Wait-free.
///
/// The caller knows that the block is in use, and learnt of its number from a word that the block's owner
/// released; that also makes the directory's entry visible.
#[inline(always)]
pub(crate) fn find(number: u32) -> NonNull<u8> {
    let block = DIRECTORY.entry(number, |entry| {
        // ORDERING: Relaxed; the entry was written before the number was first released in a mailbox word,
        // whose Acquire in `Ring::claim` and `Reader::advance` orders it before this load.
        entry.load(Ordering::Relaxed)
    });
    // SAFETY: a block in use stands in the directory: `fresh` put it there before the number was known.
    unsafe { NonNull::new_unchecked(block) }
}

/// Takes the number from a block that goes back to the allocator.
///
/// # Safety
///
/// `block` is a numbered block that nobody uses.
#[cold]
pub(super) unsafe fn strike(block: NonNull<u8>) {
    // SAFETY: the number stays in the block while it is free (table in the module's doc).
    let number = unsafe { self::number(block) };
    NUMBERS.lock().free.push(number);
}

impl Directory {
    #[cfg(not(corecast_loom))]
    const fn empty() -> Self {
        Self([const { AtomicPtr::new(std::ptr::null_mut()) }; DIRECTORY_PAGES])
    }

    #[cfg(corecast_loom)]
    fn empty() -> Self {
        Self(std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())))
    }

    /// Enters `block` under `number`. The caller holds the lock of [`NUMBERS`], so pages are made once.
    #[cold]
    fn enter(&self, number: u32, block: NonNull<u8>) {
        let page = number as usize / DIRECTORY_PAGE;
        assert!(page < DIRECTORY_PAGES, "corecast: out of numbers for mailbox segments");
        // ORDERING: Relaxed; pages are only written under the lock that the caller holds.
        if self.0[page].load(Ordering::Relaxed).is_null() {
            let fresh = (0..DIRECTORY_PAGE).map(|_| AtomicPtr::new(std::ptr::null_mut()));
            let fresh: Box<[AtomicPtr<u8>]> = fresh.collect();
            // ORDERING: Relaxed; readers are ordered behind us as `find` says.
            self.0[page].store(Box::into_raw(fresh).cast(), Ordering::Relaxed);
        }
        self.entry(number, |entry| {
            // ORDERING: Relaxed; as above.
            entry.store(block.as_ptr(), Ordering::Relaxed);
        });
    }

    #[inline(always)]
    fn entry<R>(&self, number: u32, look: impl FnOnce(&AtomicPtr<u8>) -> R) -> R {
        let (page, index) = (number as usize / DIRECTORY_PAGE, number as usize % DIRECTORY_PAGE);
        // ORDERING: Relaxed; a page is written before the first number in it is known to anybody.
        let page = self.0[page].load(Ordering::Relaxed);
        debug_assert!(!page.is_null());
        // SAFETY: a number that was given has a page, and a page is never freed; the index is below its length.
        look(unsafe { &*page.add(index) })
    }
}

#[cfg(corecast_loom)]
impl Drop for Directory {
    fn drop(&mut self) {
        // A model that has failed is past looking at its atomics.
        if crate::sync::thread::panicking() {
            return;
        }
        for page in &mut self.0 {
            let page = page.with_mut(|page| *page);
            if !page.is_null() {
                // SAFETY: `enter` boxed a slice of this length; the execution of the model is over.
                drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(page, DIRECTORY_PAGE)) });
            }
        }
    }
}
