//! The counted references to a task, by what they keep: the actor, or its memory.
//!
//! | handle | keeps | counted in | made by |
//! |---|---|---|---|
//! | [`Strong`] | the actor alive | strong (and, all together, one weak) | creation, clone, upgrade, a running handler |
//! | [`Weak`] | the memory | weak | downgrade, clone, wakers |
//!
//! A [`Runnable`] isn't counted. The last strong reference nudges the mailbox, so that an idle actor looks whether it
//! can still be reached. A handler may make a strong reference to its own actor when there is none left; nobody else
//! can.

use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::charge;
use super::hand;
use super::header::{self, Ending, Failing, Header, Limit};
use super::identity::{ActorId, ActorInfo, Whom};
use super::lodging::Lodging;
use super::reason::StopReason;
use super::refs::Left;
use super::run::{self, Turn};
use super::state::Woken;
use crate::mailbox::ring::Duty;
use crate::mailbox::waiters;
use crate::sync::atomic::Ordering;
use crate::sync::planted::{self, Mutant};

/// A reference that keeps the actor alive.
pub(crate) struct Strong(NonNull<Header>);

// SAFETY: it gives access to atomics, locks and `Send` messages on their way in, never to the body.
unsafe impl Send for Strong {}
// SAFETY: as above.
unsafe impl Sync for Strong {}

/// A reference that keeps the memory only.
pub(crate) struct Weak(NonNull<Header>);

// SAFETY: as for `Strong`.
unsafe impl Send for Weak {}
// SAFETY: as for `Strong`.
unsafe impl Sync for Weak {}

impl Strong {
    /// Takes over a strong reference that has been counted.
    ///
    /// # Safety
    ///
    /// The caller owns that count, and gives it away here.
    #[inline(always)]
    pub(super) unsafe fn from_counted(header: NonNull<Header>) -> Self {
        Self(header)
    }

    #[inline(always)]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: a strong reference keeps the memory.
        unsafe { self.0.as_ref() }
    }

    /// Where the task is.
    pub(super) fn as_ptr(&self) -> *mut Header {
        self.0.as_ptr()
    }

    /// Does what a step on this task's mailbox has left to the caller.
    #[inline(always)]
    pub(super) fn perform(&self, duty: Duty) {
        if duty == Duty::Schedule {
            self.schedule();
        }
    }

    /// The system's side of the task.
    pub(crate) fn host(&self) -> &Lodging {
        &self.header().near().host
    }

    /// Hands the right to run to the system.
    ///
    /// # Contract
    ///
    /// A step on this task's words has just returned `Schedule` to the caller.
    #[inline(always)]
    pub(super) fn schedule(&self) {
        // SAFETY: the step that returned `Schedule` handed the right to us.
        unsafe { hand::schedule(self.0) };
    }

    /// Refuses new messages; the accepted ones are still handled. Waiting senders get theirs back.
    pub(crate) fn stop(&self) {
        let header = self.header();
        let duty = header.close();
        self.perform(duty);
        if let Some(side) = header::known_side(header) {
            // UNWIND: the wakers of those who get their messages back; a panic is theirs alone.
            let _ = waiters::serve(header, &side.line);
        }
    }

    /// As [`stop`](Self::stop), because the system shuts down.
    pub(crate) fn stop_for_shutdown(&self) {
        let state = &self.header().far().state;
        if !self.is_ward() {
            state.mark_shutdown();
        } else if state.shut_down() == Woken::Schedule {
            // It may be down: then this is its end.
            self.schedule();
        }
        self.stop();
    }

    /// Drops a suspended handler and leaves the messages that wait.
    pub(crate) fn kill(&self) {
        if self.is_ward() {
            return self.cut();
        }
        if self.header().far().state.kill() == Woken::Schedule {
            self.schedule();
        }
        self.stop();
    }

    /// As [`kill`](Self::kill), and it doesn't begin anew.
    pub(crate) fn kill_for_good(&self) {
        if self.is_ward() {
            self.dismiss();
        }
        self.kill();
    }

    /// From now on only those inside the system may send.
    pub(crate) fn hold_gate(&self) {
        let header = self.header();
        waiters::hold(header, &header::side(header).line);
    }

    /// Whether nothing runs, waits or is about to run.
    pub(crate) fn is_idle(&self) -> bool {
        self.header().is_idle()
    }

    /// Whether its handler is suspended, and nobody has woken it.
    pub(crate) fn is_suspended(&self) -> bool {
        self.header().far().state.is_suspended()
    }

    /// Wakes its suspended handler, which then hears of a circle; unless somebody else has woken it.
    pub(crate) fn break_wait(&self) -> bool {
        let woken = self.header().far().state.break_wait();
        if woken == Some(Woken::Schedule) {
            self.schedule();
        }
        woken.is_some()
    }

    /// Who it is to those who wait for it.
    #[inline(always)]
    pub(crate) fn whom(&self) -> Whom {
        whom(self.header())
    }

    /// Whether it still takes messages.
    pub(crate) fn is_alive(&self) -> bool {
        !self.header().is_closed()
    }

    /// Whether the calling thread may send: the mailbox isn't closed, and its gate isn't held against the thread.
    #[inline]
    pub(crate) fn admits(&self) -> bool {
        let header = self.header();
        !header.is_closed()
            && (!header.is_gated() || header.near().host.is_inside() || !waiters::is_held(&header::side(header).line))
    }

    /// Messages that are accepted and not yet taken out.
    pub(crate) fn len(&self) -> usize {
        self.header().len() as usize
    }

    /// The names of the types of the messages that wait in its mailbox, the oldest first.
    ///
    /// # Contract
    ///
    /// Its system is simulated by this thread, which runs no task.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn messages(&self) -> Vec<&'static str> {
        // SAFETY: nobody else ever runs the task, and this thread doesn't now: so the reader's side is free.
        unsafe { self.header().reader() }.messages()
    }

    #[inline(always)]
    pub(crate) fn id(&self) -> ActorId {
        header::id(self.header())
    }

    /// Whether a `send` that doesn't say how long it waits has a limit.
    #[inline(always)]
    pub(crate) fn has_limit(&self) -> bool {
        self.header().terms().limit != Limit::Unlimited
    }

    /// That limit.
    pub(crate) fn limit(&self) -> Option<Duration> {
        header::limit_of(self.header())
    }

    pub(crate) fn info(&self) -> ActorInfo {
        header::info(self.header())
    }

    /// Why it ended, once it has.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        reason(self.header())
    }

    pub(crate) fn downgrade(&self) -> Weak {
        header::retain(self.header());
        Weak(self.0)
    }

    /// Leaves a reference with the actor itself, up to its end.
    ///
    /// # Contract
    ///
    /// The actor hasn't ended, and this isn't done twice.
    pub(crate) fn keep_itself(&self) {
        let own = self.clone();
        let former = header::side(self.header()).ending.lock().own.replace(own);
        debug_assert!(former.is_none(), "an actor keeps itself by one reference");
    }

    /// The address, for comparisons.
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }
}

impl Clone for Strong {
    #[inline(always)]
    fn clone(&self) -> Self {
        self.header().near().refs.grow();
        Self(self.0)
    }
}

impl Drop for Strong {
    #[inline(always)]
    fn drop(&mut self) {
        match self.header().near().refs.shrink() {
            Left::Others => {}
            Left::Unreachable => self.last(),
            // SAFETY: the last reference of all; the living actor's own is gone, so the body has been dropped.
            Left::Nobody => unsafe { header::free(self.0) },
        }
    }
}

impl Strong {
    #[cold]
    fn last(&mut self) {
        if self.is_ward() {
            // Its supervisor has let go of it, and nobody else has a word for it.
            self.dismiss();
        }
        // The weak reference that the strong ones hold together keeps the header up to the end of this. An actor whose mailbox
        // is closed ends by itself: there it needn't look whether it can be reached.
        if !self.header().is_closed() && !planted::is(Mutant::NudgeLost) {
            let duty = self.header().nudge();
            self.perform(duty);
        }
        // SAFETY: the strong references' weak one; there are no strong ones left.
        unsafe { header::release(self.0) };
    }
}

impl Weak {
    /// Takes over a memory reference that has been counted.
    #[inline(always)]
    pub(super) fn from_retained(header: NonNull<Header>) -> Self {
        Self(header)
    }

    #[inline(always)]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: a weak reference keeps the memory.
        unsafe { self.0.as_ref() }
    }

    /// A strong reference, if there is another one. Lock-free.
    pub(crate) fn upgrade(&self) -> Option<Strong> {
        self.header().near().refs.upgrade().then(|| Strong(self.0))
    }

    /// A strong reference for a moment, to stop or to sweep: counted whether or not there are others.
    ///
    /// # Contract
    ///
    /// The task is registered: it hasn't ended, so its memory reference is there, and one that turns out to be the
    /// last strong one nudges as any other.
    pub(crate) fn grasp(&self) -> Strong {
        self.revive()
    }

    /// A strong reference, even if there is none left.
    ///
    /// # Contract
    ///
    /// The caller is the task's own runner: only then is nobody deciding that the actor is unreachable.
    pub(super) fn revive(&self) -> Strong {
        self.header().near().refs.revive();
        Strong(self.0)
    }

    /// As for a strong reference.
    #[inline(always)]
    pub(crate) fn whom(&self) -> Whom {
        whom(self.header())
    }

    /// How many events were shed before the one that is handled now. Asked for, and set, by whoever has the actor's
    /// context.
    pub(crate) fn missed(&self) -> u64 {
        // ORDERING: Relaxed; the handler's own, as the context is.
        header::known_side(self.header()).map_or(0, |side| side.missed.load(Ordering::Relaxed))
    }

    pub(crate) fn set_missed(&self, missed: u64) {
        let header = self.header();
        if missed != 0 || header::known_side(header).is_some() {
            // ORDERING: Relaxed; as above.
            header::side(header).missed.store(missed, Ordering::Relaxed);
        }
    }

    /// The system's side of the task.
    pub(crate) fn host(&self) -> &Lodging {
        &self.header().near().host
    }

    /// Asks the runner to drop a `post_stop` that has had its time.
    pub(crate) fn expire(&self) {
        charge::note_expiry(self.header());
        if self.header().far().state.expire() == Woken::Schedule {
            // SAFETY: the transition handed the right to us.
            unsafe { hand::schedule(self.0) };
        }
    }

    /// Closes the mailbox: the runner, or whoever holds a context, asks for an orderly stop.
    pub(crate) fn stop(&self) {
        let header = self.header();
        if header.close() == Duty::Schedule {
            // SAFETY: the close handed the right to us.
            unsafe { hand::schedule(self.0) };
        }
        if let Some(side) = header::known_side(header) {
            // UNWIND: the wakers of those who get their messages back; a panic is theirs alone.
            let _ = waiters::serve(header, &side.line);
        }
    }

    /// The actor's `post_stop` waits for the ends of others: it has no deadline of its own, if the actor was killed, and runs
    /// also if that was while it started.
    pub(crate) fn wait_for_others(&self) {
        header::side(self.header()).ending.lock().waits_for_others = true;
    }

    /// The actor's handler says so of its actor, which hears of it before the next message. Only the first is heard.
    pub(crate) fn fail(&self, failing: Failing) {
        header::fail(self.header(), failing);
    }

    pub(crate) fn len(&self) -> usize {
        self.header().len() as usize
    }

    pub(crate) fn id(&self) -> ActorId {
        header::id(self.header())
    }

    pub(crate) fn info(&self) -> ActorInfo {
        header::info(self.header())
    }

    /// Why it ended, once it has.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        reason(self.header())
    }

    /// Waits for the end. A waker is listed once for each call that is pending.
    pub(crate) fn poll_ended(&self, context: &mut Context<'_>) -> Poll<StopReason> {
        let header = self.header();
        if let Some(reason) = reason(header) {
            return Poll::Ready(reason);
        }
        let waker = context.waker().clone();
        let mut ending = header::side(header).ending.lock();
        let replaced = ending.list(waker);
        drop(ending);
        drop(replaced);
        // RECHECK: the end may have come before the waker was listed.
        if header.far().state.watch().ended().is_some() {
            return Poll::Ready(reason(header).unwrap_or(StopReason::Stopped));
        }
        Poll::Pending
    }
}

impl Ending {
    /// Lists a waker; one that is listed already isn't listed twice.
    fn list(&mut self, waker: Waker) -> Option<Waker> {
        if self.watchers.iter().any(|listed| listed.will_wake(&waker)) {
            return Some(waker);
        }
        self.watchers.push(waker);
        None
    }
}

impl Clone for Weak {
    fn clone(&self) -> Self {
        header::retain(self.header());
        Self(self.0)
    }
}

impl Drop for Weak {
    fn drop(&mut self) {
        // SAFETY: our own reference.
        unsafe { header::release(self.0) };
    }
}

#[inline(always)]
fn whom(header: &Header) -> Whom {
    let cell = std::ptr::from_ref(header).addr();
    Whom { id: header::id(header), host: header::host_address(header), cell }
}

/// Why the task ended, once it has.
fn reason(header: &Header) -> Option<StopReason> {
    let verdict = header.far().state.verdict()?;
    Some(run::reason_of(header, verdict))
}

/// What a turn needs to know of its own task.
impl Turn<'_> {
    /// Whether a strong reference is left.
    pub(super) fn is_reachable(header: &Header) -> bool {
        header.near().refs.is_strong()
    }
}

debug_as! {
    () Strong => "Strong";
    () Weak => "Weak";
}
