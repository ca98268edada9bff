//! Recycled memory: blocks of a few sizes that pass from thread to thread without an allocator call.
//!
//! Each thread keeps a chain of blocks per size, with room for two magazines, and trades whole magazines with a bounded
//! [`depot`] that all threads share (after Bonwick and Adams, "Magazines and Vmem", USENIX 2001, whose threads have two
//! magazines instead, and swap them where few blocks are taken and returned about the end of one). So a block costs a few
//! instructions, a magazine of [`class::Class::magazine`] blocks costs one queue operation, and what the depot can't hold
//! goes back to its [`slab`], and with the slab to the allocator: memory that was needed once isn't kept for ever. Slabs of
//! bursts that come again stay, up to a bound.
//!
//! This is the one thing in the crate that belongs to the process and not to a system: raw memory, with
//! no values in it, as the allocator itself belongs to the process. It lets a reply or a mailbox segment be
//! freed by whichever thread comes last, even after its system is gone.
//!
//! Under loom, and with `--cfg corecast_no_recycle` (sanitizers), each block is the allocator's: use after
//! free stays visible. The depot has a model of its own.
//!
//! Progress: lock-free while a magazine or the depot has blocks; otherwise as the system allocator.

pub(crate) mod block;
mod cache;
pub(crate) mod class;
pub(crate) mod depot;
pub(crate) mod numbered;
mod slab;

pub(crate) use crate::sync::heap::Layout;
use crate::sync::heap::{alloc, dealloc, handle_alloc_error};
use crate::sync::lazy;
use class::{CLASSES, Class};
use slab::Slabs;
use std::ptr::NonNull;

lazy! {
    /// The process's slabs, per class.
    static SLABS: [Slabs; CLASSES] = std::array::from_fn(|index| Slabs::new(Class::from_index(index)))
}

/// Whether blocks are recycled in this build.
const RECYCLE: bool = !cfg!(any(corecast_loom, corecast_no_recycle));

/// A block for a value of `layout`, which must not be of size zero.
#[inline(always)]
pub(crate) fn acquire(layout: Layout) -> NonNull<u8> {
    match Class::of(layout) {
        Some(class) if RECYCLE => cache::acquire(class, || fresh(class)),
        _ => allocate(layout),
    }
}

/// Gives a block back.
///
/// # Safety
///
/// `block` came from [`acquire`] with the same `layout`, and nothing looks at it any more.
#[inline(always)]
pub(crate) unsafe fn release(block: NonNull<u8>, layout: Layout) {
    match Class::of(layout) {
        // SAFETY: the caller's promise; the same layout is of the same class.
        Some(class) if RECYCLE => unsafe { cache::release(block, class) },
        // SAFETY: the caller's promise; `acquire` took it from the allocator with this layout.
        _ => unsafe { dealloc(block.as_ptr(), layout) },
    }
}

/// Returns a block of `class` to the allocator.
///
/// # Safety
///
/// `block` is of this class, and nothing looks at it any more.
#[cold]
unsafe fn deallocate(block: NonNull<u8>, class: Class) {
    if class == Class::NUMBERED {
        // SAFETY: a numbered block that nobody uses.
        unsafe { numbered::strike(block) };
    }
    if RECYCLE {
        // SAFETY: the caller's promise; `fresh` took it from these slabs.
        unsafe { SLABS[class.index()].give(block) };
    } else {
        // SAFETY: the caller's promise; `fresh` took it from the allocator with this layout.
        unsafe { dealloc(block.as_ptr(), class.layout()) };
    }
}

/// A block of `class` that was never used, or came back long ago.
#[cold]
fn fresh(class: Class) -> NonNull<u8> {
    if RECYCLE { SLABS[class.index()].take() } else { allocate(class.layout()) }
}

/// Memory from the system allocator.
#[cold]
fn allocate(layout: Layout) -> NonNull<u8> {
    debug_assert!(layout.size() > 0);
    // SAFETY: the size isn't zero, as `acquire` asks.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}
