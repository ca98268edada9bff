//! Wakers of tasks: a pointer to the header, and one table for all types.
//!
//! The table is one `static`, so that a waker can be recognized by it. A waker that a handler clones owns a
//! memory reference; the one that it is polled with borrows the runner's.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::handle::Runnable;
use super::header::{self, Header};
use super::state::Woken;
use crate::reply::Thin;

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker that borrows a memory reference.
///
/// # Safety
///
/// The header stays alive while the waker is used; clones keep it alive themselves.
#[inline(always)]
pub(super) unsafe fn borrowed(header: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: the table's functions expect a header; the caller keeps it alive, and the borrowed waker's
    // reference isn't given back because it is never dropped.
    ManuallyDrop::new(unsafe { Waker::new(header.as_ptr().cast_const().cast(), &TABLE) })
}

/// The header of one of these wakers' pointers.
///
/// # Safety
///
/// `data` is the data of a waker with [`TABLE`].
unsafe fn header(data: *const ()) -> NonNull<Header> {
    // SAFETY: such data is a header's address, which isn't null.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

/// Wakes the task behind `header`, and schedules it if that is to be done.
///
/// # Safety
///
/// The header is alive.
#[inline(always)]
pub(super) unsafe fn notify(header: NonNull<Header>) {
    // SAFETY: alive, by the caller's promise.
    let near = unsafe { header.as_ref() }.near();
    if near.state.wake() == Woken::Schedule {
        // SAFETY: the wake handed the right to run to us.
        near.host.schedule(unsafe { Runnable::from_header(header) });
    }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps the header alive.
    header::retain(unsafe { header(data).as_ref() });
    RawWaker::new(data, &TABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's own reference keeps the header alive, and is given back here.
    unsafe {
        notify(header(data));
        header::release(header(data));
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker keeps the header alive.
    unsafe { notify(header(data)) };
}

unsafe fn drop(data: *const ()) {
    // SAFETY: the waker's own reference.
    unsafe { header::release(header(data)) };
}

/// Tasks as waiters of a reply slot: the header's address, no box.
#[derive(Debug)]
pub(crate) struct TaskWaiter;

// SAFETY: a header is aligned to 64 bytes; `retain` takes a reference that keeps it alive until `wake` or
// `release` gives it back.
unsafe impl Thin for TaskWaiter {
    #[inline(always)]
    fn retain(waker: &Waker) -> Option<NonNull<()>> {
        if !ptr::eq(waker.vtable(), &TABLE) {
            return None;
        }
        // SAFETY: one of our wakers, which keeps its header alive.
        let header = unsafe { header(waker.data()) };
        // SAFETY: as above.
        header::retain(unsafe { header.as_ref() });
        Some(header.cast())
    }

    #[inline(always)]
    fn is_same(thin: NonNull<()>, waker: &Waker) -> bool {
        ptr::eq(waker.vtable(), &TABLE) && waker.data() == thin.as_ptr().cast_const()
    }

    #[inline(always)]
    unsafe fn wake(thin: NonNull<()>) {
        // SAFETY: the caller gives up the reference that `retain` took.
        unsafe { wake(thin.as_ptr()) };
    }

    unsafe fn release(thin: NonNull<()>) {
        // SAFETY: as above.
        unsafe { drop(thin.as_ptr()) };
    }
}
