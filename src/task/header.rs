//! An actor's cell: what is the same for all types, in front of the body.
//!
//! | line | who touches it | holds |
//! |---|---|---|
//! | near | everybody; producers write it | the mailbox word, limit and sign; counts, run-queue link, number, host |
//! | far | the runner; wakers | the mailbox head and cursor; task word, suspended frame, phase, vtable |
//! | inline, half a line | the producer who schedules it, then the runner | the first message of an activation |
//! | body, from there on | the runner | the actor |

use std::collections::VecDeque;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::Waker;
use std::time::Duration;

use super::frame::Frame;
use super::identity::{ActorId, ActorInfo};
use super::lane::{Home, Lane};
use super::lodging::Lodging;
use super::post::Aside;
use super::reason::StopReason;
use super::refs::Refs;
use super::run::{Phase, Turn};
use super::startup::Startup;
use super::state::State;
use crate::mailbox::envelope::Opened;
use crate::mailbox::ring::Ring;
use crate::mailbox::waiters::Line;
use crate::memory::{self, Layout};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::lock::Mutex;
use crate::sync::unwind::guard;

/// What rides on the producers' line.
pub(crate) struct Near {
    /// How many events were shed before the one that is handled now. The runner's.
    pub(super) missed: AtomicU32,
    pub(super) refs: Refs,
    /// The worker that it is placed on, or [`ANYWHERE`].
    pub(super) placed: u16,
    /// Memory references that no waker has at the moment, counted in `weak`. The runner's; see [`super::waker`].
    pub(super) spare: UnsafeCell<u8>,
    /// Whose limit a `send` to it has.
    pub(super) limit: Limit,
    /// The next actor in a shared run queue. The queue's, while the actor is in it.
    pub(super) link: AtomicPtr<Header>,
    /// Its number, which tells its seat in the registry. Written before the first run.
    pub(super) id: AtomicU64,
    pub(super) host: Lodging,
}

/// What rides on the runner's line. All cells are the runner's.
pub(crate) struct Far {
    pub(super) frame: UnsafeCell<Option<Frame>>,
    /// Until it has been told.
    pub(super) startup: UnsafeCell<Startup>,
    /// Made at the first need, freed with the cell.
    pub(super) side: AtomicPtr<Side>,
    pub(super) vtable: &'static Vtable,
    /// Looked at by the runner before each message, and so not on the line that each producer writes.
    pub(super) state: State,
    /// A strong reference is the actor's own until its end.
    pub(super) is_kept: bool,
    /// Its entry among the waits says whom it waits for.
    pub(super) waits: UnsafeCell<bool>,
    pub(super) phase: UnsafeCell<Phase>,
    pub(super) verdict: UnsafeCell<u8>,
}

/// The type-independent part of a cell.
pub(crate) type Header = Ring<Near, Far>;

/// Whose limit a `send` without one of its own has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// None.
    Unlimited,
    /// The system's.
    System,
    /// The actor's, which is on the side.
    Actor,
}

/// No placement: any worker runs it.
pub(super) const ANYWHERE: u16 = u16::MAX;

/// What depends on the body's type.
pub(super) struct Vtable {
    pub(super) type_name: fn() -> &'static str,
    pub(super) type_id: fn() -> std::any::TypeId,
    /// Begins `pre_start`.
    pub(super) start: unsafe fn(&mut Turn<'_>) -> Opened,
    /// Begins `post_stop`.
    pub(super) stop: unsafe fn(&mut Turn<'_>, StopReason) -> Opened,
    pub(super) drop_body: unsafe fn(NonNull<Header>),
    /// Frees the cell's memory.
    pub(super) free: unsafe fn(NonNull<Header>),
}

/// A cell: the header, and the body behind it.
#[repr(C)]
pub(super) struct Cell<B> {
    pub(super) header: Header,
    pub(super) body: UnsafeCell<ManuallyDrop<B>>,
}

impl<B> Cell<B> {
    /// Its block begins on a cache line, so that the header's lines are such.
    pub(super) const LAYOUT: Layout = {
        let own = Layout::new::<Self>();
        let align = if own.align() > 64 { own.align() } else { 64 };
        match Layout::from_size_align(own.size(), align) {
            Ok(layout) => layout,
            Err(_) => unreachable!(),
        }
    };
}

/// What few actors need: a line of waiting senders, watchers, a name, timers.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) line: Mutex<Line>,
    pub(super) ending: Mutex<Ending>,
    pub(super) lane: Mutex<Lane>,
    pub(super) home: Home,
    /// How long a `send` waits, in nanoseconds. Written before the first run.
    limit: AtomicU64,
    /// Read by everybody who gets at the rest: so the model checker sees whether it was published.
    published: UnsafeCell<()>,
}

impl Side {
    fn new() -> Self {
        Self {
            line: Mutex::default(),
            ending: Mutex::default(),
            lane: Mutex::default(),
            home: Home::default(),
            limit: AtomicU64::new(u64::MAX),
            published: UnsafeCell::new(()),
        }
    }
}

/// The cold facts of an actor's life and end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) name: Option<Arc<str>>,
    /// The reason, where the verdict alone doesn't tell it.
    pub(super) reason: Option<StopReason>,
    pub(super) watchers: Vec<Waker>,
    /// Letters that are opened when the mailbox, which is closed, has been drained.
    pub(super) aside: VecDeque<Aside>,
}

/// How long a `send` to the actor waits that doesn't say so itself.
pub(super) fn limit_of(header: &Header) -> Option<Duration> {
    match header.near().limit {
        Limit::Unlimited => None,
        Limit::System => header.near().host.send_timeout(),
        // ORDERING: Relaxed; written before anybody else had a reference.
        Limit::Actor => known_side(header).map(|side| Duration::from_nanos(side.limit.load(Ordering::Relaxed))),
    }
}

/// Sets the actor's own limit. Called while nobody else has a reference.
pub(super) fn set_limit(header: &Header, limit: Duration) {
    let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    // ORDERING: Relaxed; whoever passes a reference on releases it.
    side(header).limit.store(nanos, Ordering::Relaxed);
}

/// The side structure, made if need be. Lock-free.
pub(super) fn side(header: &Header) -> &Side {
    if let Some(side) = known_side(header) {
        return side;
    }
    let fresh = Box::into_raw(Box::new(Side::new()));
    // ORDERING: Release: the contents are visible to whoever sees the pointer; Acquire on failure: another's are.
    let installed =
        header.far().side.compare_exchange(std::ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire);
    match installed {
        // SAFETY: ours, installed for as long as the cell lives.
        Ok(_) => unsafe { &*fresh },
        Err(other) => {
            // SAFETY: ours was not installed; the other one is, for as long as the cell lives.
            let other = unsafe {
                drop(Box::from_raw(fresh));
                &*other
            };
            other.published.with(|_| ());
            other
        }
    }
}

/// The side structure, if somebody has needed it.
pub(super) fn known_side(header: &Header) -> Option<&Side> {
    // ORDERING: Acquire pairs with the Release of its installation.
    let side = header.far().side.load(Ordering::Acquire);
    // SAFETY: installed once, freed with the cell.
    let side = unsafe { side.as_ref() }?;
    side.published.with(|_| ());
    Some(side)
}

/// The actor's number.
#[inline(always)]
pub(super) fn id(header: &Header) -> ActorId {
    // ORDERING: Relaxed; written before the task was first scheduled.
    ActorId::from_raw(header.near().id.load(Ordering::Relaxed))
}

/// Gives the actor a number, or takes it back. Called by who has the right to run it for the first time.
#[inline(always)]
pub(super) fn set_id(header: &Header, id: ActorId) {
    // ORDERING: Relaxed; the run queue releases it, and so does the seat.
    header.near().id.store(id.get(), Ordering::Relaxed);
}

/// Where the house of the actor's host is, for comparisons.
#[inline(always)]
pub(super) fn host_address(header: &Header) -> usize {
    header.near().host.address()
}

/// Who the actor is.
pub(super) fn info(header: &Header) -> ActorInfo {
    let name = known_side(header).and_then(|side| side.ending.lock().name.clone());
    ActorInfo::new(id(header), header.far().vtable.type_name, name)
}

/// One more memory reference.
#[inline(always)]
pub(super) fn retain(header: &Header) {
    header.near().refs.retain();
}

/// Gives a memory reference back, and frees the cell with the last.
///
/// # Safety
///
/// The caller owns the reference and doesn't use it again.
#[inline(always)]
pub(super) unsafe fn release(header: NonNull<Header>) {
    // SAFETY: the caller's reference keeps the cell alive up to here.
    if unsafe { header.as_ref() }.near().refs.release() {
        // SAFETY: the last reference; the living actor's own is gone, so the body has been dropped.
        unsafe { free(header) };
    }
}

/// Frees a cell that nobody refers to.
///
/// # Safety
///
/// As the name says.
#[inline(never)]
pub(super) unsafe fn free(header: NonNull<Header>) {
    // SAFETY: nobody refers to the cell; its vtable knows its layout.
    unsafe {
        let near = header.as_ref().near();
        let free = header.as_ref().far().vtable.free;
        // As good as a write to all of it: so the model checker sees whether anybody still looks.
        header.as_ref().far().phase.with_mut(|_| ());
        // The cell is memory of the pool, so its fields are dropped by hand.
        drop(std::ptr::read(&raw const near.host));
        // ORDERING: Relaxed; whoever found that nobody refers to the cell has acquired everybody's uses.
        let side = header.as_ref().far().side.load(Ordering::Relaxed);
        if !side.is_null() {
            // As above.
            (*side).published.with_mut(|_| ());
            // UNWIND: the reason may hold the last of a user's error; nothing is left to be told of a panic.
            let _ = guard(|| drop(Box::from_raw(side)));
        }
        free(header);
    }
}

/// Returns a cell's memory to the pool.
///
/// # Safety
///
/// It was made by `Runnable::create::<B>` and nobody refers to it.
pub(super) unsafe fn free_cell<B>(header: NonNull<Header>) {
    // SAFETY: the caller's promise; the layout is that of its creation.
    unsafe { memory::release(header.cast(), Cell::<B>::LAYOUT) };
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Near").field("refs", &self.refs).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Cell, Far, Header, Near};
    use std::mem::size_of;

    #[test]
    fn a_header_is_two_cache_lines_and_a_half() {
        assert_eq!((size_of::<Near>(), size_of::<Far>()), (40, 40));
        assert_eq!(size_of::<Header>(), 160);
    }

    #[test]
    fn an_actor_with_a_small_state_is_three_cache_lines() {
        assert_eq!(Cell::<[u64; 4]>::LAYOUT.size(), 192);
        assert_eq!(Cell::<[u64; 4]>::LAYOUT.align(), 64);
    }
}
