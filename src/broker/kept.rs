//! A retained event, from which copies are made for those who subscribe.
//!
//! Events needn't be `Sync`, so one thread at a time clones it. It takes the event out for that, without a lock; who
//! comes meanwhile and subscribes asks for a copy, and whoever has the event makes that one too. Nobody waits, but for
//! [`Kept::copy`].

use std::collections::VecDeque;
use std::fmt;

use super::member::Member;
use crate::actor::Message;
use crate::sync::Arc;
use crate::sync::garbage::Careful;
use crate::sync::lock::{Condvar, Mutex};
use crate::sync::thread::{self, ThreadId};
use crate::sync::unwind::{Text, guard};

/// The event.
pub(super) struct Kept<M: Message> {
    state: Mutex<State<M>>,
    back: Condvar,
    clone: fn(&M) -> M,
}

struct State<M: Message> {
    /// None while a thread has it.
    event: Option<Careful<M>>,
    /// That thread.
    with: Option<ThreadId>,
    asking: VecDeque<Arc<Member<M>>>,
}

impl<M: Message> Kept<M> {
    pub(super) fn new(event: M) -> Self
    where
        M: Clone,
    {
        let state = State { event: Some(Careful::new(event)), with: None, asking: VecDeque::new() };
        Self { state: Mutex::new(state), back: Condvar::new(), clone: M::clone }
    }

    /// Asks for a copy for one who has joined. [`serve`](Self::serve) follows.
    pub(super) fn ask(&self, member: Arc<Member<M>>) {
        self.state.lock().asking.push_back(member);
    }

    /// Makes copies for those who ask, and shows each with its copy. If another thread has the event, that one does it.
    pub(super) fn serve(&self, mut give: impl FnMut(Arc<Member<M>>, Result<M, Text>)) {
        loop {
            let mut state = self.state.lock();
            if state.event.is_none() {
                return;
            }
            let Some(member) = state.asking.pop_front() else { return };
            let event = state.lend();
            drop(state);
            give(member, self.clone_and_return(event));
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
        let copy = guard(|| (self.clone)(lent.get()));
        let mut state = self.state.lock();
        state.event = event;
        state.with = None;
        drop(state);
        self.back.notify_all();
        copy
    }
}

impl<M: Message> State<M> {
    fn lend(&mut self) -> Option<Careful<M>> {
        self.with = Some(thread::current().id());
        self.event.take()
    }
}

impl<M: Message> fmt::Debug for Kept<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}
