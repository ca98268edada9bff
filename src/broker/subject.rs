//! A topic's inside: its list of subscriptions, and the publishing to it.
//!
//! Publishers read the list without a lock. Who changes it has the topic's lock, under which no user code runs and no
//! other lock of the broker is taken. A topic that retains its last event is different: its list tells its publishers to
//! take the lock for a moment, in which the event becomes the last one and the list is read. A subscription is made in
//! such a moment too. So an event is either among those before the subscription, of which it gets the last, or it comes
//! to it. Until that last one has been delivered, the
//! subscription is held up: other events wait [behind](super::behind) it.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::resume_unwind;

use super::kept::Kept;
use super::member::Member;
use super::members::{Chunk, Members};
use super::publish::Publish;
use crate::actor::Message;
use crate::actor::recipient::Recipient;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::garbage::{Garbage, discard};
use crate::sync::lock::Mutex;
use crate::sync::snapshot::{self, Reading, Snapshot};
use crate::task::identity::ActorInfo;

/// A topic's inside.
pub(super) struct Subject<M: Message> {
    /// Changed under the lock.
    members: Snapshot<Members<M>>,
    /// How many subscribe. Changed under the lock.
    subscribed: AtomicUsize,
    turn: Mutex<Turn<M>>,
}

/// What is under a topic's lock.
struct Turn<M: Message> {
    retains: bool,
    last: Option<Arc<Kept<M>>>,
    /// Nothing will be retained any more.
    closed: bool,
}

/// A subject of whatever type of event. The caller has no lock of the broker, except for `event` and `is_empty`.
pub(super) trait AnySubject: Any + Send + Sync {
    /// The path of the event's type.
    fn event(&self) -> &'static str;

    /// Takes out the subscription of this number.
    fn leave(&self, id: u64, garbage: &mut Garbage);

    /// Whether nobody subscribes.
    fn is_empty(&self) -> bool;

    /// How many subscribe.
    fn len(&self) -> usize;

    /// Stops retaining. Returns whether it did retain.
    fn forget(&self, garbage: &mut Garbage) -> bool;

    /// The same, for good.
    fn close(&self, garbage: &mut Garbage) -> bool;

    /// Who subscribes.
    fn infos(&self) -> Vec<ActorInfo>;
}

impl<M: Message> Subject<M> {
    /// A topic to which `members` subscribe, in the order of their numbers.
    pub(super) fn new(members: &[Arc<Member<M>>]) -> Self {
        Self {
            members: Snapshot::new(Arc::new(Members::new(members))),
            subscribed: AtomicUsize::new(members.len()),
            turn: Mutex::new(Turn { retains: false, last: None, closed: false }),
        }
    }

    /// Publishes.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does.
    #[inline(always)]
    pub(super) fn publish(&self, event: M) -> Publish<M>
    where
        M: Clone,
    {
        let members = self.members.read();
        if members.is_plain() {
            return Self::give_to_all(&members, event);
        }
        self.publish_with_care(members, event)
    }

    /// Gives an event to all of a plain list.
    #[inline(always)]
    fn give_to_all(members: &Members<M>, event: M) -> Publish<M>
    where
        M: Clone,
    {
        let Some((last, chunks)) = members.split_last() else {
            return Publish::nobody();
        };
        let mut publish = if chunks.is_empty() { Publish::nobody() } else { Self::give_clones(chunks, &event) };
        publish.add(last.offer(event));
        publish
    }

    /// Gives a clone of the event to each, and counts them. Not a part of `give_to_all`, so that what is counted stays in
    /// registers, and one who subscribes alone gets the event without any of this.
    #[inline(never)]
    fn give_clones(chunks: &[Chunk<M>], event: &M) -> Publish<M>
    where
        M: Clone,
    {
        let mut publish = Publish::nobody();
        for chunk in chunks {
            for member in &**chunk {
                // UNWIND: the clone is user code; those before have theirs, those behind get none.
                publish.add(member.offer(event.clone()));
            }
        }
        publish.charge();
        publish
    }

    /// Publishes where there is more to do than to give the event to all.
    #[inline(never)]
    fn publish_with_care(&self, members: Reading<'_, Members<M>>, event: M) -> Publish<M>
    where
        M: Clone,
    {
        if members.is_by_turns() {
            drop(members);
            return self.publish_in_turn(event);
        }
        Self::give_to_those_who_want_it(&members, event)
    }

    fn give_to_those_who_want_it(members: &Members<M>, event: M) -> Publish<M>
    where
        M: Clone,
    {
        let mut publish = Publish::nobody();
        // One behind, so that the last one gets the event itself and not a clone of it.
        let mut behind: Option<&Arc<Member<M>>> = None;
        for member in members.iter().filter(|member| member.wants(&event)) {
            if let Some(former) = behind.replace(member) {
                // UNWIND: as above.
                publish.add(former.offer(event.clone()));
            }
        }
        if let Some(last) = behind {
            publish.add(last.offer(event));
        }
        publish.charge();
        publish
    }

    #[cold]
    fn publish_in_turn(&self, event: M) -> Publish<M>
    where
        M: Clone,
    {
        // UNWIND: nothing has been done yet.
        let kept = Arc::new(Kept::new(event.clone()));
        let mut turn = self.turn.lock();
        let gone = if turn.retains { turn.last.replace(kept) } else { Some(kept) };
        let members = self.members.read();
        drop(turn);
        drop(gone);
        Self::give_to_those_who_want_it(&members, event)
    }

    /// Adds a subscription, unless it has ended. If an event is retained, the subscription gets that one first, at once
    /// or from a thread that clones the event right now. If the clone panics, the event is shed.
    pub(super) fn join(&self, member: &Arc<Member<M>>, garbage: &mut Garbage) {
        let turn = self.turn.lock();
        // Who ends a subscription says so before taking it out of the lists, which needs our lock.
        if !member.tally.is_active() {
            return;
        }
        // ORDERING: Relaxed; see `is_empty`.
        self.subscribed.fetch_add(1, Ordering::Relaxed);
        let last = turn.last.clone();
        if last.is_some() {
            member.behind.hold_up();
        }
        let longer = Arc::new(self.members.read().with(member));
        let former = self.members.replace(longer);
        drop(turn);
        garbage.push(snapshot::free([(&self.members, former)]));
        if let Some(kept) = last {
            kept.ask(Arc::clone(member));
            Self::serve(&kept);
        }
    }

    /// Gives a retained event to those who ask for it.
    fn serve(kept: &Kept<M>) {
        kept.serve(|member, copy| {
            match copy {
                Ok(event) if member.wants(&event) => member.offer_first(event),
                Ok(event) => discard(event),
                // The subscription stands: whoever makes the copy, it is the event that can't be had.
                Err(_) => member.tally.shed(1),
            }
            member.has_come();
        });
    }

    /// Says whether publishers have to take the lock from now on. The caller has the lock.
    fn settle(&self, turn: &Turn<M>, garbage: &mut Garbage) {
        let members = self.members.read();
        if members.is_by_turns() != turn.retains {
            let same = Arc::new(members.by_turns(turn.retains));
            drop(members);
            garbage.push(self.members.swap(same));
        }
    }

    /// Whether the last event is retained, as far as its publishers know.
    pub(super) fn retains(&self) -> bool {
        self.members.read().is_by_turns()
    }

    /// Retains the last event from now on. Returns whether it didn't before; after the end, it never does.
    pub(super) fn retain(&self) -> bool {
        let mut garbage = Garbage::default();
        let mut turn = self.turn.lock();
        if turn.closed || mem::replace(&mut turn.retains, true) {
            return false;
        }
        self.settle(&turn, &mut garbage);
        drop(turn);
        true
    }

    /// The event that is retained.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does.
    pub(super) fn retained(&self) -> Option<M> {
        let kept = self.turn.lock().last.clone()?;
        let copy = kept.copy()?;
        Self::serve(&kept);
        // UNWIND: the event is back in its place, and all who asked have been served.
        copy.map_or_else(|panic| resume_unwind(Box::new(String::from(panic))), Some)
    }

    /// Whether anybody subscribes.
    pub(super) fn has_members(&self) -> bool {
        self.members.read().iter().next().is_some()
    }

    /// Those who subscribe and can be reached.
    pub(super) fn recipients(&self) -> Vec<Recipient<M>> {
        self.members.read().iter().filter_map(|member| member.recipient()).collect()
    }

    fn let_go(&self, for_good: bool, garbage: &mut Garbage) -> bool {
        let mut turn = self.turn.lock();
        turn.closed |= for_good;
        garbage.push(turn.last.take());
        let did = mem::replace(&mut turn.retains, false);
        self.settle(&turn, garbage);
        did
    }
}

impl<M: Message> AnySubject for Subject<M> {
    fn event(&self) -> &'static str {
        std::any::type_name::<M>()
    }

    fn leave(&self, id: u64, garbage: &mut Garbage) {
        let turn = self.turn.lock();
        let shorter = self.members.read().without(id);
        let Some(shorter) = shorter else { return };
        let former = self.members.replace(Arc::new(shorter));
        // ORDERING: Relaxed; see `is_empty`.
        self.subscribed.fetch_sub(1, Ordering::Relaxed);
        drop(turn);
        garbage.push(snapshot::free([(&self.members, former)]));
    }

    fn is_empty(&self) -> bool {
        // ORDERING: Relaxed; the caller has the broker's lock, which whoever leaves takes after that. One who joins may be
        // overlooked: the books know that subscription already, and it holds the topic or is found again by its pattern.
        self.subscribed.load(Ordering::Relaxed) == 0
    }

    fn len(&self) -> usize {
        self.members.read().len()
    }

    fn forget(&self, garbage: &mut Garbage) -> bool {
        self.let_go(false, garbage)
    }

    fn close(&self, garbage: &mut Garbage) -> bool {
        self.let_go(true, garbage)
    }

    fn infos(&self) -> Vec<ActorInfo> {
        self.members.read().iter().map(|member| member.info()).collect()
    }
}

impl<M: Message> fmt::Debug for Subject<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("event", &self.event()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;
    use crate::Message;

    #[derive(Clone)]
    struct One;
    impl Message for One {
        type Result = ();
    }

    #[test]
    fn publishing_takes_no_lock_of_the_topic() {
        let subject = Subject::<One>::new(&[]);
        // Who took the lock here would wait for itself.
        let turn = subject.turn.lock();
        drop(subject.publish(One));
        drop(turn);
        assert!(subject.retain());
        assert!(subject.members.read().is_by_turns(), "but for topics that retain");
    }
}
