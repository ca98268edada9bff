//! A topic's inside: its list of subscriptions, and the publishing to it.
//!
//! Publishers read the list without a lock; who changes it has the broker's lock. A topic that retains its last event
//! is different: its publishers take turns, so that a new subscription gets the retained event first, and neither
//! misses the next one nor gets one twice.

use std::any::Any;
use std::fmt;

use super::Event;
use super::member::Member;
use super::members::Members;
use super::publish::Publish;
use crate::actor::recipient::Recipient;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::lock::Mutex;
use crate::sync::snapshot::Snapshot;
use crate::sync::unwind::guard;
use crate::task::identity::ActorInfo;

/// Something that is let go of when the broker's lock is free: its drop may be user code.
pub(super) type Garbage = Vec<Box<dyn Any + Send>>;

/// A topic's inside.
pub(super) struct Subject<M: Event> {
    members: Snapshot<Members<M>>,
    /// Whether the last event is retained. Changed by who has both locks.
    retains: AtomicBool,
    /// The last event, and the turn of who publishes while it is retained.
    last: Mutex<Option<M>>,
}

/// A subject of whatever type of event.
pub(super) trait AnySubject: Any + Send + Sync {
    /// The path of the event's type.
    fn event(&self) -> &'static str;

    /// Takes out the subscription of this number. Returns what is to be dropped.
    fn leave(&self, id: u64, garbage: &mut Garbage);

    /// Whether nobody subscribes.
    fn is_empty(&self) -> bool;

    /// Stops retaining. Returns whether it did retain.
    fn forget(&self, garbage: &mut Garbage) -> bool;

    /// Who subscribes.
    fn infos(&self) -> Vec<ActorInfo>;
}

impl<M: Event> Subject<M> {
    /// A topic to which `members` subscribe, in the order of their numbers.
    pub(super) fn new(members: &[Arc<Member<M>>]) -> Self {
        Self {
            members: Snapshot::new(Arc::new(Members::new(members))),
            retains: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Publishes.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does.
    #[inline(always)]
    pub(super) fn publish(&self, event: M) -> Publish<M> {
        // ORDERING: Relaxed; who was told that the topic retains sees it, and nobody else can expect it.
        if self.retains.load(Ordering::Relaxed) { self.publish_and_retain(event) } else { self.fan_out(event) }
    }

    #[inline(always)]
    fn fan_out(&self, event: M) -> Publish<M> {
        let members = self.members.load();
        let mut publish = Publish::nobody();
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
        publish
    }

    #[cold]
    fn publish_and_retain(&self, event: M) -> Publish<M> {
        let kept = event.clone();
        let mut last = self.last.lock();
        // ORDERING: Relaxed; changed under the lock that we have.
        let former = if self.retains.load(Ordering::Relaxed) { last.replace(kept) } else { None };
        // UNWIND: clones and filters, in our turn; the lock goes with us.
        let publish = self.fan_out(event);
        drop(last);
        drop(former);
        publish
    }

    /// Adds a subscription, whose number is the highest so far. The caller has the broker's lock.
    pub(super) fn join(&self, member: &Arc<Member<M>>, garbage: &mut Garbage) {
        // ORDERING: Relaxed; changed under the lock that we have.
        if !self.retains.load(Ordering::Relaxed) {
            self.add(member, garbage);
            return;
        }
        let last = self.last.lock();
        if let Some(event) = last.as_ref()
            && member.wants(event)
        {
            // UNWIND: the clone is user code; the subscription is made without the event.
            if guard(|| member.offer_first(event.clone())).is_err() {
                member.tally.shed(1);
            }
        }
        self.add(member, garbage);
        drop(last);
    }

    fn add(&self, member: &Arc<Member<M>>, garbage: &mut Garbage) {
        let longer = Arc::new(self.members.load().with(member));
        garbage.push(Box::new(self.members.swap(longer)));
    }

    /// Retains the last event from now on. Returns whether it didn't before. The caller has the broker's lock.
    pub(super) fn retain(&self) -> bool {
        let _turn = self.last.lock();
        // ORDERING: Relaxed; changed under the locks, and read without them by who needs no more than a hint.
        !self.retains.swap(true, Ordering::Relaxed)
    }

    /// The event that is retained.
    pub(super) fn retained(&self) -> Option<M> {
        // UNWIND: the clone is user code, in our turn; the lock goes with us.
        self.last.lock().clone()
    }

    /// Those who subscribe and can be reached.
    pub(super) fn recipients(&self) -> Vec<Recipient<M>> {
        self.members.load().iter().filter_map(|member| member.who.upgrade()).map(Recipient::new).collect()
    }
}

impl<M: Event> AnySubject for Subject<M> {
    fn event(&self) -> &'static str {
        std::any::type_name::<M>()
    }

    fn leave(&self, id: u64, garbage: &mut Garbage) {
        let shorter = self.members.load().without(id);
        if let Some(shorter) = shorter {
            garbage.push(Box::new(self.members.swap(Arc::new(shorter))));
        }
    }

    fn is_empty(&self) -> bool {
        self.members.load().is_empty()
    }

    fn forget(&self, garbage: &mut Garbage) -> bool {
        let mut last = self.last.lock();
        garbage.push(Box::new(last.take()));
        // ORDERING: Relaxed; as in `retain`.
        self.retains.swap(false, Ordering::Relaxed)
    }

    fn infos(&self) -> Vec<ActorInfo> {
        self.members.load().iter().map(|member| member.info()).collect()
    }
}

impl<M: Event> fmt::Debug for Subject<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("event", &self.event()).finish_non_exhaustive()
    }
}
