//! The lane of an actor's timers: messages that pass ahead of a full mailbox, and are taken on behalf of nobody.
//!
//! A timer that is due leaves its message here, sets RINGING in the task word and nudges the mailbox, which schedules an
//! idle actor. The runner looks into the lane whenever it finds RINGING, that is before each message, and takes a
//! bounded number of them per activation. So timers don't starve behind a flood, nor the mailbox behind timers.
//!
//! | the lane is | a message that fires | left by |
//! |---|---|---|
//! | open | counts as accepted | the runner, when nobody reaches the actor and its mailbox is empty; the actor's end |
//! | sealed | waits aside: whether it is accepted is open | the runner, when somebody reaches the actor again; its end |
//! | closed | is dropped: its actor is ending | – |
//!
//! What an open lane has taken is handled before its actor ends because nobody reaches it. What fires after that keeps
//! nobody alive: it is let in if a handler gives a reference away after all, and dropped otherwise.
//!
//! Whoever keeps the time lists the timers of an actor that haven't had their last message yet ([`Home`]); the lane has the
//! timekeeper end them with the actor, and with each run of a supervised one. A list is of one run: what a timer of another list
//! brings is refused, so that a run hears its own timers alone. Who fires one has taken it out of the list before, and may come
//! to the lane when the run is over.
//!
//! What has been accepted and is left over when the lane closes, or when the run is over, becomes dead letters. A signal is of no
//! list, and stays from one run to the next. A lock guards the lane; no user code runs under it.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, align_of, size_of};
use std::ptr::NonNull;

use super::hand;
use super::handle::Weak;
use super::header::{self, Header, Side};
use super::letter::{Body, Letter, Receive, Route};
use super::typed::WeakTask;
use crate::mailbox::envelope::{Loose, Packed};
use crate::mailbox::ring::Duty;
use crate::memory::{self, Layout};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::planted::{self, Mutant};
use crate::sync::unwind::guard;

/// A letter for bodies of type `B`.
#[must_use = "the letter leaks if nobody takes it"]
pub(crate) struct Bound<B>(Loose, PhantomData<fn(B)>);

impl<B> Bound<B> {
    /// Packs a letter.
    pub(crate) fn new<L: Letter>(letter: L) -> Self
    where
        B: Receive<L::Message, Output = L::Output>,
    {
        // SAFETY: the vtable is for letters of type `L`.
        Self(unsafe { Loose::new(Packed::new(letter), Route::<B, L>::VTABLE) }, PhantomData)
    }
}

/// Where a timer's message comes from. Implemented above.
pub(crate) trait Source: Send + 'static {
    /// The body that the message is for.
    type Body: Body;

    /// The message, on the runner's thread, which is about to handle it. It may panic.
    fn take(self, mark: Mark<Self::Body>) -> Bound<Self::Body>;

    /// The message, which nobody will handle.
    fn leave(self) -> Bound<Self::Body>;

    /// The name of the message's type.
    fn message() -> &'static str;
}

/// The timers of an actor, as its end sees them. Implemented above.
pub(crate) trait Ticking: Send + Sync {
    /// Ends them, and drops what they hold. Their panics stay there.
    fn end(&self);
}

/// How the timekeeper finds a timer, or an actor's list of timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) place: u16,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Name {
    /// Of what is no timer.
    const NOWHERE: Self = Self { place: u16::MAX, index: 0, generation: 0 };
}

/// The name of a timer of an actor whose body is a `B`, which has fired and may be armed again.
pub(crate) struct Mark<B>(Name, PhantomData<fn(B)>);

impl<B> Mark<B> {
    pub(crate) fn name(&self) -> Name {
        self.0
    }
}

/// A [`Source`] for bodies of type `B`.
pub(crate) struct Load<B>(Bare, PhantomData<fn(B)>);

impl<B: Body> Load<B> {
    /// Packs a source.
    pub(crate) fn new<S: Source<Body = B>>(source: S) -> Self {
        Self(Bare { handling: Packing::<S>::HANDLING, payload: Packing::write(source) }, PhantomData)
    }

    /// Forgets the type of the body.
    pub(crate) fn bare(self) -> Bare {
        self.0
    }
}

/// What fits into a load itself.
type Payload = MaybeUninit<u64>;

/// A [`Source`], its type forgotten: itself, if it is a word, or the address of its recycled block.
pub(crate) struct Bare {
    handling: &'static Handling,
    payload: Payload,
}

/// How to deal with a source whose type is forgotten. Each but the last takes it out of the payload.
struct Handling {
    take: unsafe fn(Payload, Name) -> Loose,
    leave: unsafe fn(Payload) -> Loose,
    drop: unsafe fn(Payload),
    message: fn() -> &'static str,
}

/// How sources of type `S` lie in a payload.
struct Packing<S>(PhantomData<S>);

impl<S: Source> Packing<S> {
    const HANDLING: &'static Handling = &Handling {
        // SAFETY: the caller passes a payload that `write` has filled, and gives it up; here, and twice below.
        take: |payload, name| unsafe { Self::read(payload) }.take(Mark(name, PhantomData)).0,
        // SAFETY: as above.
        leave: |payload| unsafe { Self::read(payload) }.leave().0,
        // SAFETY: as above.
        drop: |payload| drop(unsafe { Self::read(payload) }),
        message: S::message,
    };
    const INLINE: bool = size_of::<S>() <= size_of::<Payload>() && align_of::<S>() <= align_of::<Payload>();

    fn write(source: S) -> Payload {
        let mut payload = Payload::uninit();
        if Self::INLINE {
            // SAFETY: it fits, by `INLINE`.
            unsafe { payload.as_mut_ptr().cast::<S>().write(source) };
            return payload;
        }
        let block: NonNull<S> = memory::acquire(Layout::new::<S>()).cast();
        // SAFETY: the block is ours and fits an `S`, whose size isn't zero; its address fits into the payload.
        unsafe {
            block.write(source);
            payload.as_mut_ptr().cast::<NonNull<S>>().write(block);
        }
        payload
    }

    /// # Safety
    ///
    /// `write` filled the payload, and this is the only time that its source is moved out.
    unsafe fn read(payload: Payload) -> S {
        if Self::INLINE {
            // SAFETY: the caller's promise.
            return unsafe { payload.as_ptr().cast::<S>().read() };
        }
        // SAFETY: as above: the address of a block that is ours, and holds nothing once the source is moved out.
        unsafe {
            let block = payload.as_ptr().cast::<NonNull<S>>().read();
            let source = block.read();
            memory::release(block.cast(), Layout::new::<S>());
            source
        }
    }
}

impl Bare {
    fn take(self, name: Name) -> Loose {
        let this = ManuallyDrop::new(self);
        // SAFETY: filled for this handling, and given up here.
        unsafe { (this.handling.take)(this.payload, name) }
    }

    fn leave(self) -> Loose {
        let this = ManuallyDrop::new(self);
        // SAFETY: as above.
        unsafe { (this.handling.leave)(this.payload) }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // SAFETY: filled for this handling, and dropped once.
        unsafe { (self.handling.drop)(self.payload) };
    }
}

impl fmt::Debug for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bare").field(&(self.handling.message)()).finish()
    }
}

/// What a timer has left in the lane.
#[derive(Debug)]
pub(super) struct Fired {
    load: Bare,
    name: Name,
}

impl Fired {
    pub(super) fn take(self) -> Loose {
        self.load.take(self.name)
    }

    pub(super) fn leave(self) -> Loose {
        self.load.leave()
    }

    pub(super) fn what(&self) -> fn() -> &'static str {
        self.load.handling.message
    }

    /// Whether it is of a timer, not a signal.
    fn is_of_timer(&self) -> bool {
        self.name != Name::NOWHERE
    }
}

/// Where the timekeeper lists an actor's timers; nowhere, before the first one of a run. Written under the lane's lock, by the
/// runner; who finds a word unwritten looks again under that lock.
#[derive(Debug)]
pub(super) struct Home {
    /// The place, if it is one.
    place: AtomicU64,
    /// Index and generation.
    entry: AtomicU64,
}

impl Default for Home {
    fn default() -> Self {
        Self { place: AtomicU64::new(Self::UNWRITTEN), entry: AtomicU64::new(Self::UNWRITTEN) }
    }
}

impl Home {
    const UNWRITTEN: u64 = u64::MAX;

    fn get(&self) -> Option<Name> {
        let written = |word: u64| (word != Self::UNWRITTEN).then_some(word);
        // ORDERING: Relaxed, twice; each tells whether it is written, and what they name is behind the timekeeper's lock.
        let place = written(self.place.load(Ordering::Relaxed))?;
        let entry = written(self.entry.load(Ordering::Relaxed))?;
        Some(Name { place: place as u16, index: (entry >> 32) as u32, generation: entry as u32 })
    }

    /// Nowhere again.
    fn clear(&self) {
        // ORDERING: Relaxed, twice; as in `set`.
        self.place.store(Self::UNWRITTEN, Ordering::Relaxed);
        self.entry.store(Self::UNWRITTEN, Ordering::Relaxed);
    }

    fn set(&self, Name { place, index, generation }: Name) {
        // ORDERING: Relaxed, twice; under the lane's lock, and see `get`.
        self.entry.store(u64::from(index) << 32 | u64::from(generation), Ordering::Relaxed);
        self.place.store(u64::from(place), Ordering::Relaxed);
    }
}

/// The lane.
#[derive(Default)]
pub(super) struct Lane {
    waiting: VecDeque<Fired>,
    /// What fired while the lane was sealed.
    aside: VecDeque<Fired>,
    stage: Stage,
    /// The timers of the actor, if it ever had one.
    timers: Option<Arc<dyn Ticking>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    Sealed,
    Closed,
}

/// What is left over when a lane closes, or a run is over.
#[must_use = "accepted messages become dead letters"]
pub(super) struct Left {
    /// What was accepted.
    pub(super) fired: VecDeque<Fired>,
    /// What was not.
    aside: VecDeque<Fired>,
    timers: Option<Arc<dyn Ticking>>,
}

impl Left {
    /// Ends the timers, and drops what wasn't accepted.
    pub(super) fn drop_the_rest(self) {
        let Self { aside, timers, .. } = self;
        for fired in aside {
            // UNWIND: the drop of a message. Each by itself.
            let _ = guard(|| drop(fired));
        }
        if let Some(timers) = timers {
            timers.end();
        }
    }
}

impl Weak {
    /// Where the actor's timers are listed. Nowhere if it takes no more messages.
    #[inline]
    pub(crate) fn home(&self) -> Option<Name> {
        let header = self.header();
        header::known_side(header).filter(|_| !header.is_closed())?.home.get()
    }

    /// Whether it takes no more messages.
    pub(crate) fn is_closed(&self) -> bool {
        self.header().is_closed()
    }

    /// Sees to it that the actor's timers are listed somewhere, and end with the actor: `list` says where, and isn't called
    /// if they are. Nothing if the actor is past its last message.
    #[cold]
    pub(crate) fn settle(&self, list: impl FnOnce() -> Option<(Name, Arc<dyn Ticking>)>) -> Option<Name> {
        let side = header::side(self.header());
        let mut lane = side.lane.lock();
        if lane.stage == Stage::Closed {
            return None;
        }
        if lane.timers.is_none() {
            let (name, timers) = list()?;
            lane.timers = Some(timers);
            side.home.set(name);
        }
        side.home.get()
    }

    /// Whether what fires now waits aside.
    #[cfg(corecast_loom)]
    pub(crate) fn is_lane_sealed(&self) -> bool {
        header::known_side(self.header()).is_some_and(|side| side.lane.lock().stage == Stage::Sealed)
    }
}

impl Weak {
    /// Leaves what a timer has brought in the lane, and sees to it that the actor runs. `list` is where the timer was listed.
    ///
    /// # Errors
    ///
    /// It comes back if the actor takes no more messages, or the run that had set the timer is over.
    ///
    /// # Safety
    ///
    /// The load is for bodies of this task's type.
    pub(crate) unsafe fn ring(&self, load: Bare, name: Name, list: Name) -> Result<(), Bare> {
        // SAFETY: the caller's promise.
        unsafe { self.leave_in_lane(load, name, |side| side.home.get() == Some(list)) }
    }

    /// Leaves a load in the lane if it `is_wanted`, as the lock of the lane has it.
    ///
    /// # Errors
    ///
    /// It comes back if it isn't, or the actor takes no more messages.
    ///
    /// # Safety
    ///
    /// As for [`ring`](Self::ring).
    unsafe fn leave_in_lane(&self, load: Bare, name: Name, is_wanted: impl FnOnce(&Side) -> bool) -> Result<(), Bare> {
        let header = self.header();
        let Some(side) = header::known_side(header).filter(|_| !header.is_closed()) else {
            return Err(load);
        };
        let mut lane = side.lane.lock();
        if !is_wanted(side) {
            return Err(load);
        }
        match lane.stage {
            Stage::Open => lane.waiting.push_back(Fired { load, name }),
            Stage::Sealed => {
                // The runner lets it in if the actor is reached again; it isn't called for that.
                lane.aside.push_back(Fired { load, name });
                return Ok(());
            }
            Stage::Closed => return Err(load),
        }
        drop(lane);
        header.far().state.ring();
        if header.nudge() == Duty::Schedule {
            // SAFETY: the nudge handed the right to us.
            unsafe { hand::schedule(NonNull::from(header)) };
        }
        Ok(())
    }
}

impl<B: Body> WeakTask<B> {
    /// Leaves in the lane what passes ahead of the mailbox: the message of a source that isn't armed again. Returns whether the
    /// actor still takes messages.
    pub(crate) fn signal(&self, load: Load<B>) -> bool {
        // Timers have made the side when they were set; this may be the first that is left in the lane.
        let _ = header::side(self.weak().header());
        // SAFETY: both are for bodies of type `B`.
        unsafe { self.weak().leave_in_lane(load.bare(), Name::NOWHERE, |_| true) }.is_ok()
    }
}

/// The oldest of what the lane holds. Called by the runner.
pub(super) fn take(header: &Header) -> Option<Fired> {
    let state = &header.far().state;
    state.answer();
    let mut lane = header::known_side(header)?.lane.lock();
    let first = lane.waiting.pop_front();
    if !lane.waiting.is_empty() && !planted::is(Mutant::RingForgotten) {
        state.ring();
    }
    first
}

/// Seals the lane: what fires from now on waits aside. Returns whether it holds anything that was accepted before; then
/// the ring that goes with it has been seen to. Called by the runner.
#[cold]
pub(super) fn seal(header: &Header) -> bool {
    let Some(side) = header::known_side(header) else { return false };
    let mut lane = side.lane.lock();
    lane.stage = Stage::Sealed;
    let holds = !lane.waiting.is_empty();
    drop(lane);
    if holds {
        // Whoever left it there may not have come to this yet.
        header.far().state.ring();
    }
    holds
}

/// Opens a lane that was sealed, and lets in what waits aside. Called by the runner.
#[cold]
pub(super) fn unseal(header: &Header) {
    let Some(side) = header::known_side(header) else { return };
    let mut lane = side.lane.lock();
    if lane.stage != Stage::Sealed {
        return;
    }
    lane.stage = Stage::Open;
    let mut aside = std::mem::take(&mut lane.aside);
    lane.waiting.append(&mut aside);
    let holds = !lane.waiting.is_empty();
    drop(lane);
    if holds {
        header.far().state.ring();
    }
}

/// Takes out the actor's timers, and what they have left in the lane: the run that had set them is over. Signals stay. Called by
/// the runner, as whatever asks for the [`Home`] is.
#[cold]
pub(super) fn forget_timers(header: &Header) -> Option<Left> {
    let side = header::known_side(header)?;
    let mut lane = side.lane.lock();
    // From here on what they bring is refused.
    side.home.clear();
    let timers = lane.timers.take();
    if timers.is_none() && lane.waiting.is_empty() && lane.aside.is_empty() {
        return None;
    }
    let (fired, signals) = std::mem::take(&mut lane.waiting).into_iter().partition(Fired::is_of_timer);
    lane.waiting = signals;
    let (aside, signals) = std::mem::take(&mut lane.aside).into_iter().partition(Fired::is_of_timer);
    lane.aside = signals;
    Some(Left { fired, aside, timers })
}

/// Closes the lane, and takes out what it holds. Called by the runner.
pub(super) fn close(header: &Header) -> Option<Left> {
    let side = header::known_side(header)?;
    let mut lane = side.lane.lock();
    lane.stage = Stage::Closed;
    let Lane { waiting, aside, timers, .. } = &mut *lane;
    Some(Left { fired: std::mem::take(waiting), aside: std::mem::take(aside), timers: timers.take() })
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("waiting", &self.waiting.len()).field("stage", &self.stage).finish_non_exhaustive()
    }
}

debug_as! {
    (B) Bound<B> => "Bound";
    (B) Mark<B> => "Mark";
    (B) Load<B> => "Load";
}
