//! What a supervisor has been told by its children and has not seen to yet.
//!
//! Children report on the threads that run them, at any time. The supervisor hears of it ahead of its mailbox, by a signal; and
//! while it starts or stops its children, when it handles no messages, by a waker.
//!
//! | the supervisor | a report | left by |
//! |---|---|---|
//! | is starting or stopping: it polls | is taken by the poll, which is woken | the end of its start |
//! | handles messages | is put beside a signal, unless one is on its way | its stop |
//! | is gone | isn't heard: the child ends | – |
//!
//! Blocking for the length of a few moves.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll, Waker};

use super::child::Key;
use crate::actor::reference::WeakActorRef;
use crate::actor::{Actor, Handler, Message};
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::task::charge::{Overseer, Report};

/// The reports that wait.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<Slot>);

#[derive(Debug, Default)]
struct Slot {
    waiting: VecDeque<(Key, Report)>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// By this waker, if it has been polled in vain.
    Polled(Option<Waker>),
    /// Whether a signal is on its way.
    Signalled(bool),
    Closed,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Polled(None)
    }
}

/// The supervisor is to look into its inbox.
#[derive(Debug)]
pub(super) struct Look;

impl Message for Look {
    type Result = ();
}

impl Inbox {
    /// The oldest report; none if there is none, and then the next one comes with a signal.
    pub(super) fn take(&self) -> Option<(Key, Report)> {
        let mut slot = self.0.lock();
        let report = slot.waiting.pop_front();
        if let (None, Stage::Signalled(is_signalled)) = (&report, &mut slot.stage) {
            *is_signalled = false;
        }
        report
    }

    /// The oldest report, as soon as there is one.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<(Key, Report)> {
        if let Some(report) = self.take() {
            return Poll::Ready(report);
        }
        let waker = context.waker().clone();
        let mut slot = self.0.lock();
        // RECHECK: one may have come since.
        if let Some(report) = slot.waiting.pop_front() {
            drop(slot);
            return Poll::Ready(report);
        }
        let before = std::mem::replace(&mut slot.stage, Stage::Polled(Some(waker)));
        drop(slot);
        drop(before);
        Poll::Pending
    }

    /// From now on reports come with signals. Those that wait came without: whoever says this takes them.
    pub(super) fn signal(&self) {
        let before = std::mem::replace(&mut self.0.lock().stage, Stage::Signalled(false));
        drop(before);
    }

    /// Nobody hears any more.
    pub(super) fn close(&self) {
        let mut slot = self.0.lock();
        let left = (std::mem::replace(&mut slot.stage, Stage::Closed), std::mem::take(&mut slot.waiting));
        drop(slot);
        drop(left);
    }
}

/// By which children report to their supervisor, each with the number of its key.
pub(super) struct Ear<S: Actor> {
    pub(super) inbox: Arc<Inbox>,
    pub(super) supervisor: WeakActorRef<S>,
}

impl<S: Handler<Look>> Overseer for Ear<S> {
    fn hear(&self, child: u64, report: Report) -> bool {
        let mut slot = self.inbox.0.lock();
        let (waker, signals) = match &mut slot.stage {
            Stage::Closed => return false,
            Stage::Polled(waker) => (waker.take(), false),
            Stage::Signalled(is_signalled) => (None, !std::mem::replace(is_signalled, true)),
        };
        slot.waiting.push_back((Key(child), report));
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
        if signals {
            // If it takes no more messages it is about to stop, and polls.
            let _ = self.supervisor.signal(Look);
        }
        true
    }
}

impl<S: Actor> fmt::Debug for Ear<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}
