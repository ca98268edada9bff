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
//! The lane also knows the timers that haven't had their last message yet, to end them with the actor.
//!
//! What has been accepted and is left over when the lane closes becomes dead letters. A lock guards it; no user code runs
//! under it.

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::hand;
use super::handle::Weak;
use super::header::{self, Header};
use super::letter::{Body, Letter, Receive, Route};
use super::typed::WeakTask;
use crate::mailbox::envelope::{Loose, Packed};
use crate::mailbox::ring::Duty;
use crate::sync::Arc;
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
    fn take(self: Box<Self>) -> Bound<Self::Body>;

    /// The message, which nobody will handle.
    fn leave(self: Box<Self>) -> Bound<Self::Body>;

    /// The name of the message's type.
    fn message(&self) -> &'static str;
}

/// A timer, as its actor's end sees it. Implemented above.
pub(crate) trait Ticking: Send + Sync {
    /// Ends it, and drops what it holds.
    fn end(&self);
}

/// A [`Source`], its body's type forgotten.
pub(super) trait Fired: Send {
    fn take(self: Box<Self>) -> Loose;
    fn leave(self: Box<Self>) -> Loose;
    fn message(&self) -> &'static str;
}

impl<S: Source> Fired for S {
    fn take(self: Box<Self>) -> Loose {
        Source::take(self).0
    }

    fn leave(self: Box<Self>) -> Loose {
        Source::leave(self).0
    }

    fn message(&self) -> &'static str {
        Source::message(self)
    }
}

/// The lane.
#[derive(Default)]
pub(super) struct Lane {
    waiting: VecDeque<Box<dyn Fired>>,
    /// What fired while the lane was sealed.
    aside: VecDeque<Box<dyn Fired>>,
    stage: Stage,
    /// The timers of the actor, by their numbers.
    timers: BTreeMap<u64, Arc<dyn Ticking>>,
    /// The number of the next one.
    next: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    Sealed,
    Closed,
}

/// What is left over when a lane closes.
#[must_use = "accepted messages become dead letters"]
pub(super) struct Left {
    /// What was accepted.
    pub(super) fired: VecDeque<Box<dyn Fired>>,
    /// What was not.
    aside: VecDeque<Box<dyn Fired>>,
    timers: BTreeMap<u64, Arc<dyn Ticking>>,
}

impl Left {
    /// Ends the timers, and drops what wasn't accepted.
    pub(super) fn drop_the_rest(self) {
        let Self { aside, timers, .. } = self;
        for fired in aside {
            // UNWIND: the drop of a message, here and below. Each by itself.
            let _ = guard(|| drop(fired));
        }
        for timer in timers.into_values() {
            let _ = guard(|| timer.end());
        }
    }
}

impl Weak {
    /// Lists a timer, so that it ends with its actor. Returns its number; nothing if the actor takes no more messages.
    pub(crate) fn list_timer(&self, timer: Arc<dyn Ticking>) -> Option<u64> {
        if self.header().is_closed() {
            return None;
        }
        let mut lane = header::side(self.header()).lane.lock();
        if lane.stage == Stage::Closed {
            return None;
        }
        let number = lane.next;
        lane.next += 1;
        lane.timers.insert(number, timer);
        Some(number)
    }

    /// Takes a timer off the list.
    pub(crate) fn forget_timer(&self, number: u64) {
        let forgotten = header::known_side(self.header()).and_then(|side| side.lane.lock().timers.remove(&number));
        drop(forgotten);
    }

    /// Whether what fires now waits aside.
    #[cfg(corecast_loom)]
    pub(crate) fn is_lane_sealed(&self) -> bool {
        header::known_side(self.header()).is_some_and(|side| side.lane.lock().stage == Stage::Sealed)
    }
}

impl<B: Body> WeakTask<B> {
    /// Leaves what a timer has brought in the lane, and sees to it that the actor runs.
    ///
    /// # Errors
    ///
    /// It comes back if the actor takes no more messages.
    pub(crate) fn ring<S: Source<Body = B>>(&self, source: Box<S>) -> Result<(), Box<S>> {
        let header = self.weak().header();
        let Some(side) = header::known_side(header).filter(|_| !header.is_closed()) else {
            return Err(source);
        };
        let mut lane = side.lane.lock();
        match lane.stage {
            Stage::Open => lane.waiting.push_back(source),
            Stage::Sealed => {
                // The runner lets it in if the actor is reached again; it isn't called for that.
                lane.aside.push_back(source);
                return Ok(());
            }
            Stage::Closed => return Err(source),
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

/// The oldest of what the lane holds. Called by the runner.
pub(super) fn take(header: &Header) -> Option<Box<dyn Fired>> {
    let state = &header.far().state;
    state.answer();
    let mut lane = header::known_side(header)?.lane.lock();
    let first = lane.waiting.pop_front();
    if !lane.waiting.is_empty() {
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

/// Closes the lane, and takes out what it holds. Called by the runner.
pub(super) fn close(header: &Header) -> Option<Left> {
    let side = header::known_side(header)?;
    let mut lane = side.lane.lock();
    lane.stage = Stage::Closed;
    let Lane { waiting, aside, timers, .. } = &mut *lane;
    Some(Left { fired: std::mem::take(waiting), aside: std::mem::take(aside), timers: std::mem::take(timers) })
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("waiting", &self.waiting.len()).field("stage", &self.stage).finish_non_exhaustive()
    }
}

debug_as! {
    (B) Bound<B> => "Bound";
}
