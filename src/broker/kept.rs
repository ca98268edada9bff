//! A retained event, from which copies are made for those who subscribe.
//!
//! Events needn't be `Sync`, so one thread at a time clones it. It takes the event out for that, without a lock; who
//! comes meanwhile and subscribes asks for a copy, and whoever has the event makes that one too. Nobody waits, but for
//! [`Kept::copy`].

use std::collections::VecDeque;
use std::fmt;

use super::Event;
use super::garbage::Careful;
use super::member::{Member, Offered};
use crate::sync::Arc;
use crate::sync::lock::{Condvar, Mutex};
use crate::sync::thread::{self, ThreadId};
use crate::sync::unwind::{Text, guard};

/// A subscription to a topic that hasn't had the retained event yet. Later events wait behind that one.
pub(super) struct Joining<M: Event> {
    pub(super) member: Arc<Member<M>>,
    behind: Mutex<Behind<M>>,
}

struct Behind<M> {
    events: VecDeque<M>,
    /// Nothing waits here any more.
    open: bool,
}

impl<M: Event> Joining<M> {
    pub(super) fn new(member: Arc<Member<M>>) -> Self {
        Self { member, behind: Mutex::new(Behind { events: VecDeque::new(), open: false }) }
    }

    /// Delivers an event that the filter let through, or keeps it until its turn.
    pub(super) fn offer(&self, event: M) -> Offered<M> {
        let mut behind = self.behind.lock();
        if behind.open {
            drop(behind);
            return self.member.offer(event);
        }
        behind.events.push_back(event);
        Offered::Reached
    }

    /// The next event that waits.
    pub(super) fn next(&self) -> Option<M> {
        self.behind.lock().events.pop_front()
    }

    /// Lets later events through. False: one waits. The caller has delivered those before.
    pub(super) fn open(&self) -> bool {
        let mut behind = self.behind.lock();
        behind.open = behind.events.is_empty();
        behind.open
    }
}

/// The event.
pub(super) struct Kept<M: Event> {
    state: Mutex<State<M>>,
    back: Condvar,
}

struct State<M: Event> {
    /// None while a thread has it.
    event: Option<Careful<M>>,
    /// That thread.
    with: Option<ThreadId>,
    asking: VecDeque<Arc<Joining<M>>>,
}

impl<M: Event> Kept<M> {
    pub(super) fn new(event: M) -> Self {
        let state = State { event: Some(Careful::new(event)), with: None, asking: VecDeque::new() };
        Self { state: Mutex::new(state), back: Condvar::new() }
    }

    /// Asks for a copy for who joins. [`serve`](Self::serve) follows.
    pub(super) fn ask(&self, joining: Arc<Joining<M>>) {
        self.state.lock().asking.push_back(joining);
    }

    /// Makes copies for those who ask, and shows each with its copy. If another thread has the event, that one does it.
    pub(super) fn serve(&self, mut give: impl FnMut(Arc<Joining<M>>, Result<M, Text>)) {
        loop {
            let mut state = self.state.lock();
            if state.event.is_none() {
                return;
            }
            let Some(joining) = state.asking.pop_front() else { return };
            let event = state.lend();
            drop(state);
            give(joining, self.clone_and_return(event));
        }
    }

    /// A copy. Waits for a thread that has the event; none if it is the calling one. [`serve`](Self::serve) follows.
    pub(super) fn copy(&self) -> Option<Result<M, Text>> {
        let mut state = self.state.lock();
        while state.event.is_none() {
            if state.with == Some(thread::current().id()) {
                return None;
            }
            self.back.wait(&mut state);
        }
        let event = state.lend();
        drop(state);
        Some(self.clone_and_return(event))
    }

    fn clone_and_return(&self, event: Option<Careful<M>>) -> Result<M, Text> {
        let Some(lent) = &event else { unreachable!("lent because it was there") };
        // UNWIND: the clone isn't there then; the event goes back as it was.
        let copy = guard(|| lent.get().clone());
        let mut state = self.state.lock();
        state.event = event;
        state.with = None;
        drop(state);
        self.back.notify_all();
        copy
    }
}

impl<M: Event> State<M> {
    fn lend(&mut self) -> Option<Careful<M>> {
        self.with = Some(thread::current().id());
        self.event.take()
    }
}

impl<M: Event> fmt::Debug for Kept<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl<M: Event> fmt::Debug for Joining<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Joining").field(&self.member).finish()
    }
}
