//! Wakers of tasks: a pointer to the header, and one table for all types.
//!
//! The table is one `static`, so that a waker can be recognized by it. A waker that a handler clones owns a
//! memory reference; the one that it is polled with borrows the runner's.
//!
//! Most wakers are made by the task's runner, and wake it once or are dropped by it. Counting their references would cost
//! two read-modify-writes for each message that a handler waits for, and two for the limit of that wait; so two counted
//! references go round:
//!
//! | spare references | step | by |
//! |---|---|---|
//! | less than two | a waker that is used up, and schedules the task from under the same host, leaves its reference | the waker, with the right to run |
//! | less than two | a waker that is dropped leaves its reference | the runner |
//! | two | such a waker gives its own reference up | the same |
//! | some | a new waker takes one | the runner |
//! | some | the task ends and gives them up | the runner |
//!
//! Whoever has the right to run alone touches it (rule 1 of the task module). A waker that leaves its reference keeps
//! nothing of the cell alive, so it schedules by way of the task that its thread is running, whose host is the same;
//! on other threads it keeps its reference until it has scheduled.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::current;
use super::edge;
use super::hand;
use super::header::{self, Header};
use super::runnable::Runnable;
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
    let state = unsafe { &header.as_ref().far().state };
    if hand::take_held(header) || state.wake() == Woken::Schedule {
        // SAFETY: the hand, or the wake, handed the right to run to us.
        unsafe { hand::schedule(header) };
    }
}

/// Spare references at most: for the wakers of a reply that is waited for, and of its limit.
const SPARES: u8 = 2;

/// Leaves a reference as a spare one. Returns false if there are enough.
///
/// # Safety
///
/// The caller is the runner, and the reference is counted.
#[inline(always)]
unsafe fn leave(task: &Header) -> bool {
    // SAFETY: the runner's.
    task.far().spare.with_mut(|spare| unsafe {
        let has_room = *spare < SPARES;
        *spare += u8::from(has_room);
        has_room
    })
}

/// Takes a spare reference. Returns false if there is none.
///
/// # Safety
///
/// The caller is the runner.
#[inline(always)]
unsafe fn take_spare(task: &Header) -> bool {
    // SAFETY: the runner's.
    task.far().spare.with_mut(|spare| unsafe {
        let is_any = *spare > 0;
        *spare -= u8::from(is_any);
        is_any
    })
}

/// Takes a reference for a waker: a spare one, if the caller is the runner and there is one.
///
/// # Safety
///
/// The header is alive.
#[inline(always)]
unsafe fn take_reference(header: NonNull<Header>) {
    // SAFETY: alive, by the caller's promise.
    let task = unsafe { header.as_ref() };
    // SAFETY: looked at by the runner only.
    if current::is(header) && unsafe { take_spare(task) } {
        return;
    }
    header::retain(task);
}

/// Gives the spare references up.
///
/// # Safety
///
/// The caller is the runner, and has another reference.
pub(super) unsafe fn release_spare(header: NonNull<Header>) {
    // SAFETY: alive by the caller's other reference; the spare ones are the runner's.
    unsafe {
        while take_spare(header.as_ref()) {
            header::release(header);
        }
    }
}

/// Wakes the task behind `header` with a reference that is used up.
///
/// # Safety
///
/// The caller gives up a reference.
#[inline(always)]
unsafe fn wake_with(header: NonNull<Header>) {
    // SAFETY: the caller's reference keeps the header alive until it is given up; if the wake hands the right to run
    // to us, the task is alive, which keeps it too, and the spare reference is ours to look at.
    unsafe {
        let task = header.as_ref();
        if !hand::take_held(header) && task.far().state.wake() == Woken::Nothing {
            header::release(header);
        } else if current::is_under_host_of(task) {
            if !leave(task) {
                header::release(header);
            }
            hand::schedule_under_own_host(header);
        } else {
            task.near().host.schedule(Runnable::from_header(header));
            header::release(header);
        }
    }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps the header alive.
    unsafe { take_reference(header(data)) };
    RawWaker::new(data, &TABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's own reference is given up here.
    unsafe { wake_with(header(data)) };
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker keeps the header alive.
    unsafe { notify(header(data)) };
}

unsafe fn drop(data: *const ()) {
    // SAFETY: the waker's own reference, which keeps the header alive; as the runner, who keeps it too, we may leave it.
    unsafe {
        let header = header(data);
        if !(current::is(header) && leave(header.as_ref())) {
            header::release(header);
        }
    }
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
        unsafe { take_reference(header) };
        Some(header.cast())
    }

    #[inline(always)]
    fn at_hand() -> Option<NonNull<()>> {
        let task = current::task()?;
        // SAFETY: alive, and the caller is its runner.
        unsafe { take_spare(task.as_ref()) }.then(|| task.cast())
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

    fn given_up(key: usize) {
        edge::forget(key);
    }

    unsafe fn release(thin: NonNull<()>) {
        // SAFETY: as above.
        unsafe { drop(thin.as_ptr()) };
    }
}
