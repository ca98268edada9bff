//! The task that this thread is running.
//!
//! Set for the length of an activation. Activations on one thread may nest: a task that is refused is run to its end
//! inside of the handler that wanted it.

use std::ptr::NonNull;
use std::task::Waker;

use super::circle::Circle;
use super::header::{self, Header};
use super::identity::{ActorId, ActorInfo};
use super::letter::Host;
use crate::sync::shown::Shown;
use crate::sync::{Arc, local};

local! {
    /// Other threads may look at it, by a [`Window`].
    static CURRENT: Current = Current { task: Shown::null(), traced: Shown::zero() }
}

/// What a thread is running.
#[derive(Debug)]
struct Current {
    /// Null while no task is run.
    task: Shown<*mut Header>,
    /// The number of the task whose handler it is in, if that is [traced](super::trace); zero otherwise.
    traced: Shown<u64>,
}

/// The task that the calling thread, whose cell it is, is running.
#[inline(always)]
fn own(current: &Current) -> *mut Header {
    // SAFETY: a thread's own, which no other writes.
    unsafe { current.task.get() }
}

/// What shows others which task a thread is running.
#[derive(Debug)]
pub(crate) struct Window(NonNull<Current>);

// SAFETY: it is looked at by atomic loads, and only while the thread is there.
unsafe impl Send for Window {}

impl Window {
    /// That of the calling thread.
    pub(crate) fn here() -> Self {
        Self(CURRENT.with(|current| NonNull::from(current)))
    }

    /// The address of the task that the thread was running a moment ago, for comparisons; none if it ran none.
    ///
    /// # Safety
    ///
    /// The thread hasn't ended.
    pub(crate) unsafe fn look(&self) -> Option<usize> {
        // SAFETY: the caller's promise: what belongs to a thread stays as long as it does.
        NonNull::new(unsafe { self.0.as_ref() }.task.look()).map(|task| task.addr().get())
    }

    /// The number of the task whose handler the thread was in a moment ago, if that is traced.
    ///
    /// # Safety
    ///
    /// The thread hasn't ended.
    pub(crate) unsafe fn look_at_traced(&self) -> Option<ActorId> {
        // SAFETY: as above.
        let id = ActorId::from_raw(unsafe { self.0.as_ref() }.traced.look());
        id.is_known().then_some(id)
    }
}

/// An activation under way.
#[must_use = "the activation ends when this is dropped"]
pub(super) struct Running(());

/// Begins an activation, on a thread that runs no other, or has [set it aside](set_aside). The task stays alive until it ends.
#[inline(always)]
pub(super) fn enter(task: NonNull<Header>) -> Running {
    CURRENT.with(|current| {
        debug_assert!(own(current).is_null(), "one is run at a time");
        current.task.set(task.as_ptr());
    });
    Running(())
}

impl Drop for Running {
    #[inline(always)]
    fn drop(&mut self) {
        CURRENT.with(|current| current.task.set(std::ptr::null_mut()));
    }
}

/// What a thread was running before it began to run something else in between.
#[must_use = "it is run again when this is dropped"]
pub(crate) struct SetAside(*mut Header);

/// Leaves what this thread is running until the returned value is dropped.
pub(crate) fn set_aside() -> SetAside {
    CURRENT.with(|current| {
        let former = own(current);
        current.task.set(std::ptr::null_mut());
        SetAside(former)
    })
}

impl Drop for SetAside {
    fn drop(&mut self) {
        CURRENT.with(|current| current.task.set(self.0));
    }
}

/// While it lives, this thread is in a handler that is traced; and what it was in before.
#[must_use = "nothing is shown any more when this is dropped"]
pub(super) struct ShownTrace {
    former: u64,
}

/// Shows that this thread is in a handler of this task's.
pub(super) fn show(id: ActorId) -> ShownTrace {
    CURRENT.with(|current| {
        // SAFETY: as in `own`.
        let former = unsafe { current.traced.get() };
        current.traced.set(id.get());
        ShownTrace { former }
    })
}

impl Drop for ShownTrace {
    fn drop(&mut self) {
        CURRENT.with(|current| current.traced.set(self.former));
    }
}

/// Whether this thread is running `task`: then it is the task's runner.
#[inline(always)]
pub(super) fn is(task: NonNull<Header>) -> bool {
    CURRENT.with(|current| own(current) == task.as_ptr())
}

/// The task that this thread is running.
#[inline(always)]
pub(super) fn task() -> Option<NonNull<Header>> {
    NonNull::new(CURRENT.with(own))
}

/// The address of the task that this thread is running, for comparisons.
pub(crate) fn address() -> Option<usize> {
    task().map(|task| task.addr().get())
}

/// Whether this thread is running a task.
pub(super) fn is_any() -> bool {
    CURRENT.with(|current| !own(current).is_null())
}

/// Whether this thread is running a task, and `waker` is that task's own.
#[inline(always)]
pub(super) fn is_polled_with(waker: &Waker) -> bool {
    let current = CURRENT.with(own);
    !current.is_null() && waker.data() == current.cast_const().cast()
}

/// Whether this thread is running a task of the host at this address.
#[inline(always)]
pub(crate) fn has_host(host: usize) -> bool {
    with(|current| header::host_address(current) == host).unwrap_or(false)
}

/// Runs `look` on the host of the task that this thread is running.
#[inline(always)]
pub(crate) fn with_host<R>(look: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    with(|current| look(&*current.near().host))
}

/// Runs `look` on the host of the task that this thread is running, if it is the one that is meant; otherwise on what `find`
/// finds.
#[inline(always)]
pub(crate) fn with_host_or<H: 'static, R>(
    is_meant: impl for<'a> FnOnce(&'a dyn Host) -> Option<&'a H>,
    find: impl FnOnce() -> Option<Arc<H>>,
    look: impl FnOnce(Option<&H>) -> R,
) -> R {
    let current = CURRENT.with(own);
    // SAFETY: alive until its activation has ended, and `look` can't keep the reference.
    let here = unsafe { current.as_ref() }.and_then(|current| is_meant(&*current.near().host));
    let kept;
    let host = match here {
        Some(host) => Some(host),
        None => {
            kept = find();
            kept.as_deref()
        }
    };
    look(host)
}

/// Whether this thread is running the task of this number.
#[inline(always)]
pub(super) fn has_id(id: ActorId) -> bool {
    with(|current| header::id(current) == id).unwrap_or(false)
}

/// The circle that a wait for `target` of the task that this thread is running is in.
pub(super) fn circle_over(target: ActorId) -> Option<Circle> {
    with(|current| current.near().host.circle(header::id(current), target)).flatten()
}

/// Runs `look` on the task that this thread is running.
#[inline(always)]
fn with<R>(look: impl FnOnce(&Header) -> R) -> Option<R> {
    let current = CURRENT.with(own);
    // SAFETY: alive until its activation has ended, and `look` can't keep the reference.
    unsafe { current.as_ref() }.map(look)
}

/// Whether this thread is running a task of the same host as `header`: then the host stays for as long as this thread
/// does so.
#[inline(always)]
pub(super) fn is_under_host_of(header: &Header) -> bool {
    has_host(header::host_address(header))
}

/// Hands the right to run a task to the host of the task that this thread is running.
#[inline(always)]
pub(super) fn schedule(runnable: super::Runnable) {
    with(|current| current.near().host.schedule(runnable));
}

/// The actor that this thread is running.
pub(crate) fn info() -> Option<ActorInfo> {
    with(header::info)
}
