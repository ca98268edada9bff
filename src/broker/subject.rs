//! A topic's inside: its list of subscriptions, and the publishing to it.
//!
//! Publishers read the list without a lock. Who changes it has the topic's lock, under which no user code runs and no
//! other lock of the broker is taken. A topic that retains its last event is different: its list tells its publishers to
//! take the lock for a moment, in which the event becomes the last one and the list is read. A subscription is made in
//! such a moment too. So an event is either among those before the subscription, of which it gets the last, or it comes
//! to it. Until that last one has been delivered, the subscription is *joining*: later events wait behind it.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::resume_unwind;

use super::Event;
use super::garbage::{Garbage, discard};
use super::kept::{Joining, Kept};
use super::member::Member;
use super::members::Members;
use super::publish::Publish;
use crate::actor::recipient::Recipient;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::lock::Mutex;
use crate::sync::snapshot::Snapshot;
use crate::task::identity::ActorInfo;

/// A topic's inside.
pub(super) struct Subject<M: Event> {
    /// Changed under the lock.
    members: Snapshot<Members<M>>,
    /// How many subscribe, those who are joining too. Changed under the lock.
    subscribed: AtomicUsize,
    turn: Mutex<Turn<M>>,
}

/// What is under a topic's lock.
struct Turn<M: Event> {
    retains: bool,
    last: Option<Arc<Kept<M>>>,
    joining: Vec<Arc<Joining<M>>>,
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

    /// Stops retaining. Returns whether it did retain.
    fn forget(&self, garbage: &mut Garbage) -> bool;

    /// The same, for good.
    fn close(&self, garbage: &mut Garbage) -> bool;

    /// Who subscribes.
    fn infos(&self) -> Vec<ActorInfo>;
}

impl<M: Event> Subject<M> {
    /// A topic to which `members` subscribe, in the order of their numbers.
    pub(super) fn new(members: &[Arc<Member<M>>]) -> Self {
        Self {
            members: Snapshot::new(Arc::new(Members::new(members))),
            subscribed: AtomicUsize::new(members.len()),
            turn: Mutex::new(Turn { retains: false, last: None, joining: Vec::new(), closed: false }),
        }
    }

    /// Publishes.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does.
    #[inline(always)]
    pub(super) fn publish(&self, event: M) -> Publish<M> {
        let members = self.members.load();
        if members.is_by_turns() {
            drop(members);
            return self.publish_in_turn(event);
        }
        let mut publish = Publish::nobody();
        Self::fan_out(&members, event, &mut publish);
        publish
    }

    #[inline(always)]
    fn fan_out(members: &Members<M>, event: M, publish: &mut Publish<M>) {
        // One behind, so that the last one gets the event itself and not a clone of it.
        let mut behind: Option<&Arc<Member<M>>> = None;
        for chunk in members.chunks() {
            for (_, member) in chunk.iter().filter(|(_, member)| member.wants(&event)) {
                if let Some(former) = behind.replace(member) {
                    // UNWIND: the clone is user code; those before have theirs, those behind get none.
                    publish.count(former.offer(event.clone()));
                }
            }
        }
        if let Some(last) = behind {
            publish.count(last.offer(event));
        }
    }

    #[cold]
    fn publish_in_turn(&self, event: M) -> Publish<M> {
        // UNWIND: nothing has been done yet.
        let kept = Arc::new(Kept::new(event.clone()));
        let mut turn = self.turn.lock();
        let gone = if turn.retains { turn.last.replace(kept) } else { Some(kept) };
        let members = self.members.load();
        let joining = turn.joining.clone();
        drop(turn);
        drop(gone);
        let mut publish = Publish::nobody();
        for joining in joining.iter().filter(|joining| joining.member.wants(&event)) {
            // UNWIND: as in `fan_out`.
            publish.count(joining.offer(event.clone()));
        }
        Self::fan_out(&members, event, &mut publish);
        publish
    }

    /// Adds a subscription, unless it has ended. If an event is retained, the subscription gets that one first, at once
    /// or from a thread that clones the event right now. If the clone panics, the event is shed.
    pub(super) fn join(&self, member: &Arc<Member<M>>, garbage: &mut Garbage) {
        let mut turn = self.turn.lock();
        // Who ends a subscription says so before taking it out of the lists, which needs our lock.
        if !member.tally.is_active() {
            return;
        }
        // ORDERING: Relaxed; see `is_empty`.
        self.subscribed.fetch_add(1, Ordering::Relaxed);
        let Some(kept) = turn.last.clone() else {
            self.add(member, garbage);
            return;
        };
        let joining = Arc::new(Joining::new(Arc::clone(member)));
        turn.joining.push(Arc::clone(&joining));
        drop(turn);
        kept.ask(joining);
        self.serve(&kept);
    }

    /// Adds to the list. The caller has the lock.
    fn add(&self, member: &Arc<Member<M>>, garbage: &mut Garbage) {
        let longer = Arc::new(self.members.load().with(member));
        garbage.push(self.members.swap(longer));
    }

    /// Gives a retained event to those who ask for it.
    fn serve(&self, kept: &Kept<M>) {
        kept.serve(|joining, copy| {
            match copy {
                Ok(event) if joining.member.wants(&event) => joining.member.offer_first(event),
                Ok(event) => discard(event),
                // The subscription stands: whoever makes the copy, it is the event that can't be had.
                Err(_) => joining.member.tally.shed(1),
            }
            self.finish(&joining);
        });
    }

    /// Delivers what came while a subscription was joining, and puts it into the list.
    fn finish(&self, joining: &Arc<Joining<M>>) {
        let mut garbage = Garbage::default();
        loop {
            while let Some(event) = joining.next() {
                joining.member.offer_first(event);
            }
            let mut turn = self.turn.lock();
            if !joining.open() {
                continue;
            }
            if let Some(at) = turn.joining.iter().position(|other| Arc::ptr_eq(other, joining)) {
                garbage.push(turn.joining.remove(at));
                self.add(&joining.member, &mut garbage);
            }
            self.settle(&turn, &mut garbage);
            drop(turn);
            return;
        }
    }

    /// Says whether publishers have to take the lock from now on: the last event is retained, or somebody is joining. The
    /// caller has the lock.
    fn settle(&self, turn: &Turn<M>, garbage: &mut Garbage) {
        let by_turns = turn.retains || !turn.joining.is_empty();
        let members = self.members.load();
        if members.is_by_turns() != by_turns {
            garbage.push(self.members.swap(Arc::new(members.by_turns(by_turns))));
        }
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
        self.serve(&kept);
        // UNWIND: the event is back in its place, and all who asked have been served.
        copy.map_or_else(|panic| resume_unwind(Box::new(String::from(panic))), Some)
    }

    /// Those who subscribe and can be reached.
    pub(super) fn recipients(&self) -> Vec<Recipient<M>> {
        self.all().iter().filter_map(|member| member.recipient()).collect()
    }

    /// Those who subscribe, in the order of their numbers.
    fn all(&self) -> Vec<Arc<Member<M>>> {
        let members = self.members.load();
        if !members.is_by_turns() {
            return members.iter().cloned().collect();
        }
        let turn = self.turn.lock();
        let members = self.members.load();
        let joining = turn.joining.clone();
        drop(turn);
        let mut all: Vec<_> = members.iter().cloned().collect();
        all.extend(joining.iter().map(|joining| Arc::clone(&joining.member)));
        all.sort_unstable_by_key(|member| member.id);
        all
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

impl<M: Event> AnySubject for Subject<M> {
    fn event(&self) -> &'static str {
        std::any::type_name::<M>()
    }

    fn leave(&self, id: u64, garbage: &mut Garbage) {
        let mut turn = self.turn.lock();
        let shorter = self.members.load().without(id);
        if let Some(shorter) = shorter {
            garbage.push(self.members.swap(Arc::new(shorter)));
        } else if let Some(at) = turn.joining.iter().position(|joining| joining.member.id == id) {
            garbage.push(turn.joining.remove(at));
            self.settle(&turn, garbage);
        } else {
            return;
        }
        // ORDERING: Relaxed; see `is_empty`.
        self.subscribed.fetch_sub(1, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        // ORDERING: Relaxed; the caller has the broker's lock, which whoever leaves takes after that. One who joins may be
        // overlooked: the books know that subscription already, and it holds the topic or is found again by its pattern.
        self.subscribed.load(Ordering::Relaxed) == 0
    }

    fn forget(&self, garbage: &mut Garbage) -> bool {
        self.let_go(false, garbage)
    }

    fn close(&self, garbage: &mut Garbage) -> bool {
        self.let_go(true, garbage)
    }

    fn infos(&self) -> Vec<ActorInfo> {
        self.all().iter().map(|member| member.info()).collect()
    }
}

impl<M: Event> fmt::Debug for Subject<M> {
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
        assert!(subject.members.load().is_by_turns(), "but for topics that retain");
    }
}
