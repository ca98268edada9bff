//! Where fresh blocks come from: slabs of many blocks of one class, which go back to the allocator when all of
//! their blocks are free.
//!
//! The cold end of the pool. A block costs nothing beside its bytes, and blocks that were needed together lie, and
//! are given back, together: a single burst leaves no memory behind.
//!
//! Bursts that come again and again are a steady state, in which nothing should be allocated. They are told from a single
//! one by what they do: they take a slab anew for one that was given back. Each time that happens a few slabs more may stay
//! when they are empty, up to [`KEPT_BYTES`] of each class.
//!
//! | slab | listed | left by |
//! |---|---|---|
//! | full | no | a block coming back |
//! | partly free | yes, to be used first | the last free block going out; the last used block coming back |
//! | all free | if it is the only one | as above |
//! | kept | apart, to be used when none is listed | it is listed |
//! | given back | no | another one takes its place: one more may be kept |
//!
//! A slab is aligned to more than its size, so that a block's address tells its slab. Its header, at the start, is
//! touched under the lock alone. Blocking, for the length of a few pointer moves and now and then an allocator call.

use std::ptr::{self, NonNull};

use super::class::Class;
use super::depot::Free;
use crate::sync::heap::{Layout, alloc, dealloc, handle_alloc_error};
use crate::sync::lock::Mutex;

/// The alignment of slabs: large, because an allocator may touch pages around each aligned block.
const SLAB_ALIGN: usize = 256 << 10;

/// The alignment of slabs of numbered blocks: small, because a burst of messages ends with a few of its segments kept
/// for recycling, and each keeps its slab.
const NUMBERED_ALIGN: usize = 64 << 10;

/// Bytes of empty slabs of one class that bursts may leave behind: room for some 120,000 messages at once.
const KEPT_BYTES: usize = 8 << 20;

/// Bytes of a slab's header: a cache line, so that blocks start on one.
const HEADER_BYTES: usize = 64;

/// The layout of the slabs of `class`: a line short of the alignment, so that an allocator with a header in front of
/// each block can put one slab right behind the other.
const fn layout(class: Class) -> Layout {
    let align = if class.index() == Class::NUMBERED.index() { NUMBERED_ALIGN } else { SLAB_ALIGN };
    match Layout::from_size_align(align - 64, align) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}

/// The slabs of one class.
pub(super) struct Slabs {
    class: Class,
    stock: Mutex<Stock>,
}

/// The slabs that aren't full.
struct Stock {
    /// The first slab that is partly free.
    partial: Link,
    /// The first one that is kept, as a chain.
    kept: *mut Header,
    /// How many are kept, and how many may be.
    keeps: usize,
    may_keep: usize,
    /// How many were given back to the allocator and haven't been missed.
    gone: usize,
}

/// A link of the list of slabs.
struct Link(*mut Header);

// SAFETY: the slabs are reached under the lock that holds the first links, whichever thread has it.
unsafe impl Send for Stock {}

struct Header {
    previous: *mut Header,
    next: *mut Header,
    /// Blocks that came back.
    free: Option<NonNull<Free>>,
    /// Blocks in use.
    used: usize,
    /// Blocks that have been used at least once; the others follow them.
    touched: usize,
}

impl Slabs {
    pub(super) fn new(class: Class) -> Self {
        let stock = Stock { partial: Link(ptr::null_mut()), kept: ptr::null_mut(), keeps: 0, may_keep: 0, gone: 0 };
        Self { class, stock: Mutex::new(stock) }
    }

    /// How many slabs may ever be kept.
    fn most(&self) -> usize {
        KEPT_BYTES / layout(self.class).align()
    }

    /// Blocks of a slab.
    fn blocks(&self) -> usize {
        (layout(self.class).size() - HEADER_BYTES) / self.class.layout().size()
    }

    /// A block that nobody uses.
    pub(super) fn take(&self) -> NonNull<u8> {
        let mut stock = self.stock.lock();
        if stock.partial.0.is_null() {
            stock.partial.0 = self.another_slab(&mut stock);
        }
        let slab = stock.partial.0;
        // SAFETY: a listed slab is ours while we hold the lock, and has a free block: one that came back, or the
        // next that was never used.
        unsafe {
            let block = match (*slab).free {
                Some(block) => {
                    (*slab).free = block.as_ref().next;
                    block.cast()
                }
                None => {
                    let offset = HEADER_BYTES + (*slab).touched * self.class.layout().size();
                    (*slab).touched += 1;
                    NonNull::new_unchecked(slab.cast::<u8>().add(offset))
                }
            };
            (*slab).used += 1;
            if (*slab).used == self.blocks() {
                stock.partial.unlist(slab);
            }
            block
        }
    }

    /// Gives a block back.
    ///
    /// # Safety
    ///
    /// `block` came from [`take`](Self::take), and nothing looks at it any more.
    pub(super) unsafe fn give(&self, block: NonNull<u8>) {
        let slab: *mut Header = block.as_ptr().map_addr(|address| address & !(layout(self.class).align() - 1)).cast();
        let mut stock = self.stock.lock();
        // SAFETY: the block's slab starts where its alignment says, and is ours while we hold the lock.
        unsafe {
            if (*slab).used == self.blocks() {
                stock.partial.list(slab);
            }
            let block = block.cast::<Free>();
            block.write(Free { next: (*slab).free });
            (*slab).free = Some(block);
            (*slab).used -= 1;
            // One empty slab stays, or a block that comes and goes would bring the allocator in each time.
            if (*slab).used == 0 && !stock.partial.is_only(slab) {
                stock.partial.unlist(slab);
                if stock.keeps < stock.may_keep {
                    stock.keep(slab);
                } else {
                    stock.gone += 1;
                    drop(stock);
                    dealloc(slab.cast(), layout(self.class));
                }
            }
        }
    }

    /// A slab to be listed, where none is: one that was kept, or a new one.
    #[cold]
    fn another_slab(&self, stock: &mut Stock) -> *mut Header {
        let slab = stock.kept;
        if slab.is_null() {
            if stock.gone > 0 && stock.may_keep < self.most() {
                stock.gone -= 1;
                stock.may_keep += 1;
                // Some ahead, for no two bursts are quite alike.
                for _ in 0..(1 + stock.may_keep / 8).min(self.most() - stock.may_keep) {
                    stock.may_keep += 1;
                    // SAFETY: just made, and unlisted.
                    unsafe { stock.keep(self.new_slab()) };
                }
            }
            return self.new_slab();
        }
        // SAFETY: a kept slab is ours while we hold the lock, and in no list.
        unsafe {
            stock.kept = std::mem::replace(&mut (*slab).next, ptr::null_mut());
            (*slab).previous = ptr::null_mut();
        }
        stock.keeps -= 1;
        slab
    }

    #[cold]
    fn new_slab(&self) -> *mut Header {
        // SAFETY: the layout's size isn't zero.
        let slab: *mut Header = unsafe { alloc(layout(self.class)) }.cast();
        if slab.is_null() {
            handle_alloc_error(layout(self.class));
        }
        let header = Header { previous: ptr::null_mut(), next: ptr::null_mut(), free: None, used: 0, touched: 0 };
        // SAFETY: fresh memory, larger than a header.
        unsafe { slab.write(header) };
        slab
    }
}

impl Stock {
    /// Keeps an empty slab that is in no list.
    ///
    /// # Safety
    ///
    /// The slab is alive, and the caller holds the lock.
    unsafe fn keep(&mut self, slab: *mut Header) {
        // SAFETY: the caller's promise.
        unsafe { (*slab).next = self.kept };
        self.kept = slab;
        self.keeps += 1;
    }
}

impl Link {
    /// Whether no other slab is listed.
    ///
    /// # Safety
    ///
    /// The slab is listed, and the caller holds the lock.
    unsafe fn is_only(&self, slab: *mut Header) -> bool {
        // SAFETY: listed slabs are alive.
        unsafe { (*slab).previous.is_null() && (*slab).next.is_null() }
    }

    /// Puts a slab at the front.
    ///
    /// # Safety
    ///
    /// The slab isn't listed, and the caller holds the lock.
    unsafe fn list(&mut self, slab: *mut Header) {
        // SAFETY: listed slabs are alive.
        unsafe {
            (*slab).previous = ptr::null_mut();
            (*slab).next = self.0;
            if !self.0.is_null() {
                (*self.0).previous = slab;
            }
        }
        self.0 = slab;
    }

    /// Takes a slab out.
    ///
    /// # Safety
    ///
    /// The slab is listed, and the caller holds the lock.
    unsafe fn unlist(&mut self, slab: *mut Header) {
        // SAFETY: listed slabs are alive.
        unsafe {
            let (previous, next) = ((*slab).previous, (*slab).next);
            if previous.is_null() {
                self.0 = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
        }
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Class, Slabs};
    use crate::sync::heap::Layout;
    use std::collections::HashSet;

    fn slabs() -> Slabs {
        Slabs::new(Class::of(Layout::new::<[u64; 500]>()).unwrap())
    }

    fn listed(slabs: &Slabs) -> usize {
        let mut slab = slabs.stock.lock().partial.0;
        let mut count = 0;
        while !slab.is_null() {
            count += 1;
            // SAFETY: only this thread uses these slabs.
            slab = unsafe { (*slab).next };
        }
        count
    }

    #[test]
    fn blocks_are_distinct_and_in_their_slab() {
        let slabs = slabs();
        let taken: Vec<_> = (0..3 * slabs.blocks()).map(|_| slabs.take()).collect();
        let distinct: HashSet<_> = taken.iter().collect();
        assert_eq!(distinct.len(), taken.len());
        assert!(taken.iter().all(|block| block.addr().get() % 64 == 0));
        let homes: HashSet<_> = taken.iter().map(|block| block.addr().get() / super::SLAB_ALIGN).collect();
        assert_eq!((homes.len(), listed(&slabs)), (3, 0));
        for block in taken {
            // SAFETY: taken once, unused.
            unsafe { slabs.give(block) };
        }
        assert_eq!(listed(&slabs), 1, "all but one went back to the allocator");
    }

    #[test]
    fn a_slab_with_free_blocks_is_used_before_a_new_one() {
        let slabs = slabs();
        let taken: Vec<_> = (0..2 * slabs.blocks()).map(|_| slabs.take()).collect();
        // SAFETY: taken once, unused.
        unsafe { slabs.give(taken[0]) };
        assert_eq!(listed(&slabs), 1);
        assert_eq!(slabs.take(), taken[0]);
        assert_eq!(listed(&slabs), 0);
        for block in taken {
            // SAFETY: taken once, unused.
            unsafe { slabs.give(block) };
        }
    }

    /// Takes the blocks of so many slabs, and gives them back. Tells how many slabs are there then.
    fn burst(slabs: &Slabs, size: usize) -> usize {
        let taken: Vec<_> = (0..size * slabs.blocks()).map(|_| slabs.take()).collect();
        for block in taken {
            // SAFETY: taken once, unused.
            unsafe { slabs.give(block) };
        }
        assert_eq!(listed(slabs), 1);
        1 + slabs.stock.lock().keeps
    }

    #[test]
    fn what_a_burst_needs_is_kept_when_it_comes_again_and_up_to_a_bound() {
        let slabs = slabs();
        assert_eq!(burst(&slabs, 5), 1, "it may be the last one");
        assert_eq!(burst(&slabs, 3), 3);
        for _ in 0..3 {
            assert_eq!(burst(&slabs, 5), 5);
            assert_eq!(slabs.stock.lock().gone, 2, "nothing more has gone");
        }
        let most = slabs.most();
        for _ in 0..3 {
            burst(&slabs, 2 * most);
        }
        assert_eq!(burst(&slabs, 2 * most), most + 1);
    }
}
