//! The lane of an actor's timers: messages that pass ahead of a full mailbox, and are taken on behalf of nobody.
//!
//! A timer that is due leaves its message here, sets RINGING in the task word and nudges the mailbox, which schedules an
//! idle actor. The runner looks into the lane whenever it finds RINGING, that is before each message, and takes a
//! bounded number of them per activation. So timers don't starve behind a flood, nor the mailbox behind timers.
//!
//! | the lane is | a message that fires | left by |
//! |---|---|---|
//! | open | counts as accepted | the actor's end, whatever its cause |
//! | closed | is dropped: its actor has ended | – |
//!
//! What is left over when the lane closes becomes dead letters. A lock guards it; no user code runs under it.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::header::{self, Header};
use super::letter::{Body, Letter, Receive, Route};
use super::runnable::Runnable;
use super::typed::WeakTask;
use crate::mailbox::envelope::{Loose, Packed};
use crate::mailbox::ring::Duty;

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
}

/// A [`Source`], its body's type forgotten.
pub(super) trait Fired: Send {
    fn take(self: Box<Self>) -> Loose;
    fn leave(self: Box<Self>) -> Loose;
}

impl<S: Source> Fired for S {
    fn take(self: Box<Self>) -> Loose {
        Source::take(self).0
    }

    fn leave(self: Box<Self>) -> Loose {
        Source::leave(self).0
    }
}

/// The lane.
#[derive(Default)]
pub(super) struct Lane {
    waiting: VecDeque<Box<dyn Fired>>,
    is_closed: bool,
}

impl<B: Body> WeakTask<B> {
    /// Gets the actor ready for timers. Called by its runner.
    pub(crate) fn open_lane(&self) {
        let _ = header::side(self.weak().header());
    }

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
        if lane.is_closed {
            return Err(source);
        }
        lane.waiting.push_back(source);
        drop(lane);
        header.near().state.ring();
        if header.nudge() == Duty::Schedule {
            // SAFETY: the nudge handed the right to us.
            header.near().host.schedule(unsafe { Runnable::from_header(NonNull::from(header)) });
        }
        Ok(())
    }
}

/// The oldest of what the lane holds. Called by the runner.
pub(super) fn take(header: &Header) -> Option<Box<dyn Fired>> {
    let state = &header.near().state;
    state.answer();
    let mut lane = header::known_side(header)?.lane.lock();
    let first = lane.waiting.pop_front();
    if !lane.waiting.is_empty() {
        state.ring();
    }
    first
}

/// Closes the lane, and takes out what it holds. Called by the runner.
pub(super) fn close(header: &Header) -> VecDeque<Box<dyn Fired>> {
    let Some(side) = header::known_side(header) else { return VecDeque::new() };
    let mut lane = side.lane.lock();
    lane.is_closed = true;
    std::mem::take(&mut lane.waiting)
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("waiting", &self.waiting.len()).field("is_closed", &self.is_closed).finish()
    }
}

debug_as! {
    (B) Bound<B> => "Bound";
}
