//! Where fresh blocks come from: slabs of many blocks of one class, which go back to the allocator when all of
//! their blocks are free.
//!
//! The cold end of the pool. A block costs nothing beside its bytes, and blocks that were needed together lie, and
//! are given back, together: a burst leaves no memory behind.
//!
//! | slab | listed | left by |
//! |---|---|---|
//! | full | no | a block coming back |
//! | partly free | yes, to be used first | the last free block going out; the last used block coming back |
//! | all free | if it is the only one | it is returned to the allocator, if it isn't |
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
    /// The first slab that is partly free.
    partial: Mutex<Link>,
}

/// A link of the list of slabs.
struct Link(*mut Header);

// SAFETY: the slabs are reached under the lock that holds the first link, whichever thread has it.
unsafe impl Send for Link {}

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
        Self { class, partial: Mutex::new(Link(ptr::null_mut())) }
    }

    /// Blocks of a slab.
    fn blocks(&self) -> usize {
        (layout(self.class).size() - HEADER_BYTES) / self.class.layout().size()
    }

    /// A block that nobody uses.
    pub(super) fn take(&self) -> NonNull<u8> {
        let mut partial = self.partial.lock();
        if partial.0.is_null() {
            partial.0 = self.new_slab();
        }
        let slab = partial.0;
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
                partial.unlist(slab);
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
        let mut partial = self.partial.lock();
        // SAFETY: the block's slab starts where its alignment says, and is ours while we hold the lock.
        unsafe {
            if (*slab).used == self.blocks() {
                partial.list(slab);
            }
            let block = block.cast::<Free>();
            block.write(Free { next: (*slab).free });
            (*slab).free = Some(block);
            (*slab).used -= 1;
            // One empty slab stays, or a block that comes and goes would bring the allocator in each time.
            if (*slab).used == 0 && !partial.is_only(slab) {
                partial.unlist(slab);
                drop(partial);
                dealloc(slab.cast(), layout(self.class));
            }
        }
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
    use super::{Class, Link, Slabs};
    use crate::sync::heap::Layout;
    use std::collections::HashSet;

    fn slabs() -> Slabs {
        Slabs::new(Class::of(Layout::new::<[u64; 500]>()).unwrap())
    }

    fn listed(slabs: &Slabs) -> usize {
        let Link(mut slab) = *slabs.partial.lock();
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
}
