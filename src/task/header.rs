//! An actor's cell: what is the same for all types, in front of the body.
//!
//! | bytes | who touches them | hold |
//! |---|---|---|
//! | near: 64 | everybody; producers write them | the mailbox word, sign and limit; counts, run-queue link, number, host |
//! | inline: 32 | the producer who schedules it, then the runner | the first message of an activation |
//! | far: 56 | the runner; wakers | the mailbox cursor and head; suspended frame, vtable, task word, phase |
//! | body | the runner | the actor |
//!
//! What a supervised actor has besides is in front of its cell: see [`Ward`].

use std::collections::VecDeque;
use std::fmt;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;
use std::task::Waker;
use std::time::Duration;

use super::charge::Charge;
use super::checkup::Checkup;
use super::frame::Frame;
use super::handle::Strong;
use super::identity::{ActorId, ActorInfo};
use super::lane::{Home, Lane};
use super::lodging::Lodging;
use super::post::Aside;
use super::reason::{ActorError, Directive, StopReason};
use super::refs::Refs;
use super::run::{Phase, Turn};
use super::startup::Startup;
use super::state::State;
use super::trace::Trace;
use super::watches::{Audience, Watches};
use crate::mailbox::envelope::Opened;
use crate::mailbox::ring::Ring;
use crate::mailbox::waiters::Line;
use crate::memory::{self, Layout};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::lock::Mutex;
use crate::sync::shown::Shown;
use crate::sync::unwind::guard;

/// What never changes.
#[derive(Debug)]
pub(crate) struct Terms {
    /// The worker that it is placed on, or [`ANYWHERE`].
    pub(super) placed: u16,
    /// Whose limit a `send` to it has.
    pub(super) limit: Limit,
    pub(super) care: Care,
}

impl Terms {
    /// Whether it is supervised.
    #[inline(always)]
    pub(super) fn is_ward(&self) -> bool {
        self.care.0 & Care::WARD != 0
    }

    /// Whether it is supervised or checked: then somebody hears of its start.
    #[inline(always)]
    pub(super) fn is_attended(&self) -> bool {
        self.care.0 & (Care::WARD | Care::CHECKED) != 0
    }

    /// Whether it has health checks.
    #[inline(always)]
    pub(super) fn is_checked(&self) -> bool {
        self.care.0 & Care::CHECKED != 0
    }

    /// Whether it has a strong reference to itself until its end.
    #[inline(always)]
    pub(super) fn keeps_itself(&self) -> bool {
        self.care.0 & Care::ITSELF != 0
    }
}

/// What keeps an actor alive, and who looks after it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Care(u8);

impl Care {
    /// A strong reference of its own keeps it until its end.
    const ITSELF: u8 = 1;
    /// Its supervisor does, who has a strong reference.
    const WARD: u8 = 1 << 1;
    /// It has health checks.
    const CHECKED: u8 = 1 << 2;

    /// Whoever can reach it keeps it.
    pub(super) const BY_OTHERS: Self = Self(0);
    pub(super) const BY_ITSELF: Self = Self(Self::ITSELF);
    pub(super) const OF_WARD: Self = Self(Self::WARD);

    /// The same, with health checks.
    pub(super) fn with_checks(self) -> Self {
        Self(self.0 | Self::CHECKED)
    }
}

impl fmt::Debug for Care {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(Self::ITSELF, "ITSELF"), (Self::WARD, "WARD"), (Self::CHECKED, "CHECKED")];
        let set = names.into_iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| name);
        f.debug_set().entries(set).finish()
    }
}

/// What rides on the producers' line.
#[repr(C)]
pub(crate) struct Near {
    pub(super) refs: Refs,
    /// The next actor in a shared run queue. The queue's, while the actor is in it.
    pub(super) link: AtomicPtr<Header>,
    /// Its number, which tells its seat in the registry. Written before the first run.
    pub(super) id: AtomicU64,
    pub(super) host: Lodging,
    /// Who waits for its start, until that has been told. The runner's.
    pub(super) startup: UnsafeCell<Startup>,
}

/// What rides with what is the runner's. All cells are the runner's.
#[repr(C)]
pub(crate) struct Far {
    pub(super) frame: UnsafeCell<Option<Frame>>,
    /// Made at the first need, freed with the cell.
    pub(super) side: AtomicPtr<Side>,
    pub(super) vtable: &'static Vtable,
    /// Looked at by the runner before each message, and so not on the line that each producer writes.
    pub(super) state: State,
    /// Its entry among the waits says whom it waits for.
    pub(super) waits: UnsafeCell<bool>,
    /// Others may look at it.
    pub(super) phase: Shown<Phase>,
    pub(super) verdict: UnsafeCell<u8>,
    /// Memory references that no waker has at the moment, counted in `refs`. See [`super::waker`].
    pub(super) spare: UnsafeCell<u8>,
}

/// The type-independent part of a cell.
pub(crate) type Header = Ring<Terms, Near, Far>;

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
    /// Begins to make a body.
    pub(super) make: unsafe fn(&mut Turn<'_>) -> Opened,
    /// Asks the body what becomes of its failure. User code.
    pub(super) judge: unsafe fn(NonNull<Header>, &ActorError) -> Directive,
    /// Begins `on_terminated`.
    pub(super) terminated: unsafe fn(&mut Turn<'_>, ActorInfo, StopReason) -> Opened,
    /// Begins `health_check`.
    pub(super) check: unsafe fn(&mut Turn<'_>) -> Opened,
    pub(super) drop_body: unsafe fn(NonNull<Header>),
    /// Frees the cell's memory.
    pub(super) free: unsafe fn(NonNull<Header>),
}

/// A cell: the header, and the body behind it. It begins on a cache line, so that what is on the producers' line is.
#[repr(C, align(64))]
pub(super) struct Cell<B> {
    pub(super) header: Header,
    /// Uninitialized before the body is made, after it was dropped, and while a supervised actor is down.
    pub(super) body: UnsafeCell<MaybeUninit<B>>,
}

// What producers write to is a line, and nothing else is there.
#[cfg(all(target_pointer_width = "64", not(corecast_loom)))]
const _: () = assert!(Header::PRODUCERS == 64);

/// A supervised actor's cell, behind its charge. The charge is found from the header, whatever the body's type is: it is what lies
/// right in front of it.
#[repr(C)]
pub(super) struct Ward<B> {
    _room: MaybeUninit<Charge>,
    cell: Cell<B>,
}

impl<B> Ward<B> {
    pub(super) const LAYOUT: Layout = Layout::new::<Self>();

    /// Where the cell begins: on a line, and so behind room for the charge.
    const CELL: usize = offset_of!(Self, cell);

    /// The cell in a block.
    pub(super) fn cell(block: NonNull<u8>) -> NonNull<Cell<B>> {
        // SAFETY: the block holds a `Self`.
        unsafe { block.byte_add(Self::CELL) }.cast()
    }

    /// The block of a cell.
    ///
    /// # Safety
    ///
    /// The cell is one of a `Self`.
    unsafe fn block(header: NonNull<Header>) -> NonNull<u8> {
        // SAFETY: the caller's promise.
        unsafe { header.byte_sub(Self::CELL) }.cast()
    }
}

/// Where the charge of a supervised actor is.
///
/// # Safety
///
/// The header is that of a [`Ward`].
#[inline(always)]
pub(super) unsafe fn charge(header: NonNull<Header>) -> NonNull<Charge> {
    // SAFETY: the caller's promise: the cell begins at a multiple of 64 that leaves room for a charge, whose alignment divides its size.
    unsafe { header.cast::<Charge>().sub(1) }
}

/// What few actors need: a line of waiting senders, watchers, watches, a name, timers, health checks, a count of shed events.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) line: Mutex<Line>,
    pub(super) ending: Mutex<Ending>,
    pub(super) lane: Mutex<Lane>,
    pub(super) home: Home,
    pub(super) watches: Mutex<Watches>,
    /// Of what the actor says that it failed.
    pub(super) failing: Mutex<Option<Failing>>,
    /// Made where it is needed; so is the next one.
    pub(super) trace: Mutex<Option<Box<Trace>>>,
    pub(super) checkup: Mutex<Option<Box<Checkup>>>,
    /// How long a `send` waits, in nanoseconds. Written before the first run.
    limit: AtomicU64,
    /// How many events were shed before the one that is handled now. The runner's.
    pub(super) missed: AtomicU64,
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
            watches: Mutex::default(),
            failing: Mutex::default(),
            trace: Mutex::default(),
            checkup: Mutex::default(),
            limit: AtomicU64::new(u64::MAX),
            missed: AtomicU64::new(0),
            published: UnsafeCell::new(()),
        }
    }
}

/// What an actor has said of itself.
#[derive(Debug)]
pub(crate) enum Failing {
    /// It failed, and is asked what becomes of it.
    Judge(ActorError),
    /// It ends.
    End(StopReason),
}

/// The actor's handler, or a hook of its, says so of its actor, which hears of it before the next message. Only the first is heard.
pub(super) fn fail(header: &Header, failing: Failing) {
    let mut place = side(header).failing.lock();
    let late = if place.is_some() { Some(failing) } else { place.replace(failing) };
    drop(place);
    header.far().state.fail();
    drop(late);
}

/// The cold facts of an actor's life and end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) name: Option<Arc<str>>,
    /// By which an actor that has a name keeps itself.
    pub(super) own: Option<Strong>,
    /// The reason, where the verdict alone doesn't tell it.
    pub(super) reason: Option<StopReason>,
    pub(super) watchers: Vec<Waker>,
    /// Those who strike the actor off their lists, before the watchers hear of the end. See [`super::farewell`].
    pub(super) farewells: Vec<Waker>,
    /// The actors that hear of the end.
    pub(super) audience: Audience,
    /// Its `post_stop` waits for the ends of others, and has as long as they have. It runs also if `pre_start` was dropped.
    pub(super) waits_for_others: bool,
    /// Letters that are opened when the mailbox, which is closed, has been drained.
    pub(super) aside: VecDeque<Aside>,
}

/// How long a `send` to the actor waits that doesn't say so itself.
pub(super) fn limit_of(header: &Header) -> Option<Duration> {
    match header.terms().limit {
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
        header.as_ref().far().phase.finish();
        // The cell is memory of the pool, so its fields are dropped by hand.
        drop(std::ptr::read(&raw const near.host));
        // ORDERING: Relaxed; whoever found that nobody refers to the cell has acquired everybody's uses.
        let side = header.as_ref().far().side.load(Ordering::Relaxed);
        if !side.is_null() {
            drop_side(side);
        }
        free(header);
    }
}

/// Frees what few cells have.
///
/// # Safety
///
/// It is a cell's that nobody refers to, and goes with it.
#[cold]
#[inline(never)]
unsafe fn drop_side(side: *mut Side) {
    // SAFETY: the caller's promise: nobody else has it.
    unsafe {
        // As good as a write to all of it: so the model checker sees whether anybody still looks.
        (*side).published.with_mut(|_| ());
        // UNWIND: the reason may hold the last of a user's error; nothing is left to be told of a panic.
        let _ = guard(|| drop(Box::from_raw(side)));
    }
}

/// Returns a cell's memory to the pool.
///
/// # Safety
///
/// It was made by `Runnable::create::<B>` and nobody refers to it.
pub(super) unsafe fn free_cell<B>(header: NonNull<Header>) {
    // SAFETY: the caller's promise; the layout is that of its creation.
    unsafe { memory::release(header.cast(), Layout::new::<Cell<B>>()) };
}

/// The same for a supervised actor, with its charge.
///
/// # Safety
///
/// It was made by `Runnable::create_ward::<B>` and nobody refers to it.
pub(super) unsafe fn free_ward<B>(header: NonNull<Header>) {
    // SAFETY: the caller's promise; the charge was written when the cell was made, and is dropped once.
    unsafe {
        // UNWIND: the maker, if it is the last of it, and what was said last, are a user's.
        let _ = guard(|| charge(header).drop_in_place());
        memory::release(Ward::<B>::block(header), Ward::<B>::LAYOUT);
    }
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Near").field("refs", &self.refs).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Cell, Charge, Far, Header, Near, Terms, Ward};
    use std::mem::{offset_of, size_of};

    #[test]
    fn a_header_is_the_producers_line_and_80_bytes() {
        assert_eq!((size_of::<Terms>(), size_of::<Near>(), size_of::<Far>()), (4, 40, 32));
        assert_eq!(size_of::<Header>(), 64 + 24 + 56);
        assert_eq!(offset_of!(Cell<u64>, body), size_of::<Header>());
    }

    #[test]
    fn a_charge_lies_right_in_front_of_a_cell_whatever_its_body_is() {
        #[repr(align(256))]
        struct Coarse;

        let (small, coarse) = (Ward::<u64>::CELL, Ward::<Coarse>::CELL);
        assert!(small.is_multiple_of(64) && coarse.is_multiple_of(256));
        assert!(small.min(coarse) >= size_of::<Charge>());
        assert!(align_of::<Charge>() <= 64);
    }

    #[test]
    fn an_actor_with_a_small_state_is_three_cache_lines() {
        assert_eq!(size_of::<Cell<[u64; 6]>>(), 3 * 64);
        assert_eq!(align_of::<Cell<()>>(), 64);
    }
}
