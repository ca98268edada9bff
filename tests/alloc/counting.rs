//! The system's allocator, counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Blocks in use, of all threads.
static BLOCKS: AtomicU64 = AtomicU64::new(0);

/// The thread that isn't counted: libtest's main thread, which prints a warning when a test takes a minute.
/// It is the first to allocate; threads are told apart by the address of [`HERE`]. 0: nobody yet.
static UNCOUNTED: AtomicUsize = AtomicUsize::new(0);

/// No thread at all.
const NOBODY: usize = 1;

thread_local! {
    static HERE: u8 = const { 0 };
}

fn here() -> usize {
    HERE.with(|here| ptr::from_ref(here).addr())
}

fn count() {
    // ORDERING: Relaxed; read when nothing else goes on.
    BLOCKS.fetch_add(1, Ordering::Relaxed);
    count_allocation();
}

fn count_allocation() {
    let here = here();
    // ORDERING: Relaxed; the first allocation is made before there is a second thread.
    let uncounted = UNCOUNTED.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed).unwrap_or_else(|it| it);
    if uncounted != here && uncounted != 0 {
        // ORDERING: Relaxed; read after the operations' messages and replies.
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Allocations so far.
pub(crate) fn allocations() -> u64 {
    // ORDERING: Relaxed; as in `count`.
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Blocks in use now.
pub(crate) fn blocks() -> u64 {
    // ORDERING: Relaxed; as in `count`.
    BLOCKS.load(Ordering::Relaxed)
}

/// Makes sure that this thread is counted too, and that counting works.
pub(crate) fn begin() {
    // ORDERING: Relaxed, twice; no other thread of ours is there yet.
    if UNCOUNTED.load(Ordering::Relaxed) == here() {
        // Run on the main thread, as with one test thread: then libtest has nothing else to do.
        UNCOUNTED.store(NOBODY, Ordering::Relaxed);
    }
    let before = allocations();
    drop(black_box(Box::new(1)));
    assert!(allocations() > before, "the allocator counts");
}

// SAFETY: every call goes to `System` unchanged, which keeps the contract; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_allocation();
        // SAFETY: the caller's promise; the block came from `System`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // ORDERING: Relaxed; as in `count`.
        BLOCKS.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the caller's promise; the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}
