//! What the handles of a broker share: the directory that publishers read, and the books that subscribers write.
//!
//! | part | read by | changed by |
//! |---|---|---|
//! | directory | publishers, without a lock | who has the broker's lock |
//! | outline of the patterns | publishers to a topic that isn't known, without a lock | the same |
//! | each topic's list | publishers, without a lock | who has the topic's lock |
//! | books: the tree of topics and patterns, subscriptions, whose they are | who has the broker's lock | the same |
//!
//! A topic is known while somebody holds it: a subscription by name, a handle, a retained event. One that only patterns
//! match is remembered when somebody publishes to it, so that the next event finds its list; of those, the last
//! [`MAX_REMEMBERED`] are kept.
//!
//! No user code runs under a lock, and nobody has two of them; but who has the broker's may take that of an actor's end, to list
//! a [farewell](crate::task::farewell). What is replaced is dropped after the lock: filters,
//! events and references to actors may be among it. A subscription is put into the books first, and into the lists of
//! topics after that; it is taken out in the same order, so that whoever finds it in the books can end it.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::mem;
use std::task::{Wake, Waker};

use super::Event;
use super::behind::Behind;
use super::directory::{Directory, Entry};
use super::error::{Mismatch, Refusal, TopicError};
use super::member::{Filter, Member, Policy, Route};
use super::outline::Outline;
use super::pattern::{self, Reach, tokens};
use super::publish::Publish;
use super::subject::{AnySubject, Subject};
use super::subscribe::Door;
use super::subscription::{Enrolment, Tally};
use super::trie::{AnyMember, Held, Node, Wild};
use crate::actor::Message;
use crate::sync::garbage::Garbage;
use crate::sync::lock::Mutex;
use crate::sync::snapshot::Snapshot;
use crate::sync::table::Retired;
use crate::sync::{Arc, Weak};
use crate::task::handle::Weak as WeakTask;
use crate::task::identity::ActorInfo;

/// How many topics are remembered that only patterns match.
const MAX_REMEMBERED: usize = 1_024;

/// A broker's inside.
pub(crate) struct Shared {
    pub(super) directory: Directory,
    outline: Snapshot<Outline>,
    books: Mutex<Books>,
}

/// What is known of who subscribes to what.
#[derive(Default)]
struct Books {
    root: Node,
    topics: usize,
    subscriptions: HashMap<u64, Record>,
    /// Actors by the addresses of their cells, which their weak references keep.
    actors: HashMap<usize, Attendance>,
    /// Topics that patterns alone match, oldest first; some are gone.
    remembered: VecDeque<Weak<Entry>>,
    next_id: u64,
    /// The broker's system has ended.
    closed: bool,
}

/// A subscription.
struct Record {
    pattern: Box<str>,
    reach: Reach,
    event: TypeId,
    actor: usize,
    tally: Arc<Tally>,
}

/// An actor that has subscribed, until its end or the broker's. No drop of it is under the books' lock.
struct Attendance {
    cell: WeakTask,
    farewell: Arc<Farewell>,
    subscriptions: HashSet<u64>,
    /// Those of its subscriptions that it may have but once, by name.
    memberships: HashMap<Box<str>, u64>,
}

impl Drop for Attendance {
    fn drop(&mut self) {
        // The actor may outlive the broker by far.
        self.cell.unlist(&Waker::from(Arc::clone(&self.farewell)));
    }
}

/// A subscription that is out of the books, and has to be taken out of these lists.
struct Leaving {
    id: u64,
    entries: Vec<Arc<Entry>>,
    /// Whether it holds the topic.
    holds: bool,
}

/// Woken by an actor's end.
struct Farewell {
    broker: Weak<Shared>,
    actor: usize,
}

impl Wake for Farewell {
    fn wake(self: Arc<Self>) {
        if let Some(broker) = self.broker.upgrade() {
            broker.actor_ended(self.actor);
        }
    }
}

impl<M: Message> AnyMember for Member<M> {
    fn info(&self) -> ActorInfo {
        self.info()
    }
}

/// What a subscription is made of.
pub(super) struct Wish<'a, M: Message> {
    pub(super) pattern: &'a str,
    pub(super) reach: Reach,
    pub(super) policy: Policy<M>,
    pub(super) filter: Option<Filter<M>>,
    pub(super) door: Door<M>,
    /// An actor may have one of its kind.
    pub(super) once: bool,
}

impl Shared {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            directory: Directory::new(),
            outline: Snapshot::new(Arc::default()),
            books: Mutex::new(Books { next_id: 1, ..Books::default() }),
        })
    }

    /// Makes a subscription.
    pub(super) fn subscribe<M: Message>(self: &Arc<Self>, wish: Wish<'_, M>) -> Result<Enrolment, Refusal> {
        let Wish { pattern, reach, policy, filter, door: Door { ways, keeps_alive }, once } = wish;
        if !ways.strong().is_alive() {
            return Err(Refusal::Stopped);
        }
        let (actor, cell) = (ways.strong().address(), ways.strong().downgrade());
        let weak = ways.downgrade();
        // Declared before the lock is taken, and so dropped after it.
        let mut garbage = Garbage::default();
        let (last, route) = if keeps_alive { (None, Route::Strong(ways)) } else { (Some(ways), Route::Weak(weak)) };
        let mut books = self.books.lock();
        let id = books.next_id;
        books.next_id += 1;
        let tally = Arc::new(Tally::new());
        let parked = Mutex::default();
        let behind = Behind::new();
        let member = Arc::new(Member { id, route, filter, policy, tally: Arc::clone(&tally), behind, parked });
        // The subscription may fail with the member in it: its filter is dropped after the lock.
        garbage.push(Arc::clone(&member));
        if books.closed {
            return Err(Refusal::Closed);
        }
        let event = TypeId::of::<M>();
        let mut subjects = Vec::new();
        if reach == Reach::One {
            subjects.push(books.open::<M>(&self.directory, pattern, &mut garbage)?.entry.share::<M>()?);
        }
        if once && books.membership(actor, pattern).is_some() {
            return Err(Refusal::Twice);
        }
        if !self.attend(&mut books, actor, &cell) {
            books.settle(&self.directory, pattern, &mut garbage);
            return Err(Refusal::Stopped);
        }
        match reach {
            Reach::One => books.hold(pattern),
            Reach::Many => {
                // Topics that become known from now on have the subscription from their beginning.
                let wild = Wild { id, event, member: Arc::clone(&member) as _ };
                if books.root.plant(tokens(pattern), wild) {
                    let outline = self.outline.read().with(tokens(pattern), event);
                    garbage.push(self.outline.swap(Arc::new(outline)));
                }
                books.root.matched(tokens(pattern), &mut |entry| subjects.extend(entry.share::<M>()));
            }
        }
        let record = Record { pattern: pattern.into(), reach, event, actor, tally: Arc::clone(&tally) };
        books.subscriptions.insert(id, record);
        if let Some(attendance) = books.actors.get_mut(&actor) {
            attendance.subscriptions.insert(id);
            if once {
                attendance.memberships.insert(pattern.into(), id);
            }
        }
        drop(books);
        // What these publish comes behind what they retain. Without a lock: a list that was replaced may be dropped by this.
        let held_up = subjects.iter().any(|subject| subject.retains());
        if held_up {
            member.behind.hold_up();
        }
        for subject in subjects {
            subject.join(&member, &mut garbage);
        }
        member.behind.has_joined();
        if held_up {
            member.has_come();
        }
        drop(last);
        Ok(Enrolment::new(Arc::downgrade(self), id, tally))
    }

    /// Sees to it that the end of an actor ends its subscriptions. Returns whether it will: an actor that takes no more messages
    /// may have said farewell.
    fn attend(self: &Arc<Self>, books: &mut Books, actor: usize, cell: &WeakTask) -> bool {
        if books.actors.contains_key(&actor) {
            return true;
        }
        let farewell = Arc::new(Farewell { broker: Arc::downgrade(self), actor });
        // Under the lock, so that nobody relies on a farewell that comes too late.
        if !cell.list(&Waker::from(Arc::clone(&farewell))) {
            return false;
        }
        let (cell, subscriptions, memberships) = (cell.clone(), HashSet::new(), HashMap::new());
        books.actors.insert(actor, Attendance { cell, farewell, subscriptions, memberships });
        true
    }

    /// Ends a subscription. Returns whether it hadn't ended.
    pub(super) fn unsubscribe(&self, id: u64) -> bool {
        let mut garbage = Garbage::default();
        let mut books = self.books.lock();
        let leaving = self.strike(&mut books, id, &mut garbage);
        drop(books);
        self.leave(leaving.as_slice(), &mut garbage);
        leaving.is_some()
    }

    /// Ends the subscriptions of an actor that has ended.
    fn actor_ended(&self, actor: usize) {
        let mut garbage = Garbage::default();
        let mut books = self.books.lock();
        let attendance = books.actors.remove(&actor);
        let ids = attendance.iter().flat_map(|attendance| attendance.subscriptions.iter().copied());
        let leaving = self.strike_all(&mut books, ids.collect(), &mut garbage);
        drop(books);
        self.leave(&leaving, &mut garbage);
    }

    /// Ends everything, for good: the broker's system has ended. Retained events and filters are dropped.
    pub(crate) fn close(&self) {
        let mut garbage = Garbage::default();
        let mut books = self.books.lock();
        books.closed = true;
        let ids = books.subscriptions.keys().copied().collect();
        let leaving = self.strike_all(&mut books, ids, &mut garbage);
        garbage.push(mem::take(&mut books.actors));
        let mut all = Vec::new();
        books.root.all(&mut |entry| all.push(Arc::clone(entry)));
        drop(books);
        self.leave(&leaving, &mut garbage);
        for entry in all {
            if entry.value.close(&mut garbage) {
                self.let_go(&entry.name);
            }
            garbage.push(entry);
        }
    }

    /// Takes these subscriptions out of the books, the oldest first.
    fn strike_all(&self, books: &mut Books, mut ids: Vec<u64>, garbage: &mut Garbage) -> Vec<Leaving> {
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.strike(books, id, garbage)).collect()
    }

    /// Takes a subscription out of the books. The caller has the lock, and lets the subscription
    /// [leave](Self::leave) its topics after that.
    fn strike(&self, books: &mut Books, id: u64, garbage: &mut Garbage) -> Option<Leaving> {
        let record = books.subscriptions.remove(&id)?;
        if let Some(attendance) = books.actors.get_mut(&record.actor) {
            attendance.subscriptions.remove(&id);
            attendance.memberships.remove(&record.pattern);
        }
        record.tally.end();
        let mut entries = Vec::new();
        match record.reach {
            Reach::One => {
                entries.extend(books.root.find_mut(tokens(&record.pattern)).map(|held| Arc::clone(&held.entry)));
            }
            Reach::Many => {
                let (wild, others) = books.root.uproot(tokens(&record.pattern), id)?;
                garbage.push(wild);
                if !others {
                    let outline = self.outline.read().without(tokens(&record.pattern), record.event);
                    garbage.push(self.outline.swap(Arc::new(outline)));
                }
                books.root.matched(tokens(&record.pattern), &mut |entry| entries.push(Arc::clone(entry)));
            }
        }
        Some(Leaving { id, entries, holds: record.reach == Reach::One })
    }

    /// Takes subscriptions out of the lists of topics, and lets go of the topics.
    fn leave(&self, all: &[Leaving], garbage: &mut Garbage) {
        if all.is_empty() {
            return;
        }
        for leaving in all {
            for entry in &leaving.entries {
                entry.value.leave(leaving.id, garbage);
            }
        }
        let mut books = self.books.lock();
        for leaving in all {
            for entry in &leaving.entries {
                if leaving.holds {
                    books.let_go(&self.directory, &entry.name, garbage);
                } else if entry.value.is_empty() {
                    books.settle(&self.directory, &entry.name, garbage);
                }
            }
        }
        drop(books);
    }

    /// Publishes to a topic that the directory doesn't know.
    #[cold]
    pub(super) fn publish_to_unknown<M: Event>(&self, topic: &str, event: M) -> Publish<M> {
        if let Err(error) = pattern::check_name(topic) {
            return Publish::failed(error, event);
        }
        // No lock while nothing matches, whatever other patterns there are.
        if !self.outline.read().matches(tokens(topic), TypeId::of::<M>()) {
            return Publish::nobody();
        }
        let mut garbage = Garbage::default();
        let mut books = self.books.lock();
        let mut matched = false;
        books.root.matching(tokens(topic), &mut |wild| matched |= wild.event == TypeId::of::<M>());
        if !matched && books.root.find_mut(tokens(topic)).is_none() {
            return Publish::nobody();
        }
        let subject = books.open::<M>(&self.directory, topic, &mut garbage).and_then(|held| held.entry.share::<M>());
        books.settle(&self.directory, topic, &mut garbage);
        drop(books);
        match subject {
            Ok(subject) => subject.publish(event),
            Err(mismatch) => Publish::failed(mismatch.into(), event),
        }
    }

    /// Holds a topic, for a handle.
    pub(super) fn hold<M: Message>(&self, topic: &str) -> Result<Arc<Subject<M>>, Mismatch> {
        let mut garbage = Garbage::default();
        let mut books = self.books.lock();
        let held = books.open::<M>(&self.directory, topic, &mut garbage)?;
        let subject = held.entry.share::<M>()?;
        held.holds += 1;
        drop(books);
        Ok(subject)
    }

    /// Lets go of a topic.
    pub(super) fn let_go(&self, topic: &str) {
        let mut garbage = Garbage::default();
        let mut books = self.books.lock();
        books.let_go(&self.directory, topic, &mut garbage);
        drop(books);
    }

    /// Lets a topic that is held retain its last event from now on. Not after the end.
    pub(super) fn retain<M: Message>(&self, topic: &str, subject: &Subject<M>) {
        let mut books = self.books.lock();
        if books.closed {
            return;
        }
        books.hold(topic);
        drop(books);
        if !subject.retain() {
            self.let_go(topic);
        }
    }

    /// Lets a topic retain nothing any more.
    pub(super) fn forget<M: Message>(&self, topic: &str, subject: &Subject<M>) {
        let mut garbage = Garbage::default();
        if subject.forget(&mut garbage) {
            self.let_go(topic);
        }
    }

    /// Ends the one subscription of its kind that the actor at this address has. Returns whether there was one.
    pub(super) fn unsubscribe_actor(&self, actor: usize, name: &str) -> bool {
        let id = self.books.lock().membership(actor, name);
        id.is_some_and(|id| self.unsubscribe(id))
    }

    /// The names of the topics that are known, in order; or of those alone to which somebody subscribes.
    pub(super) fn topics(&self, are_empty_too: bool) -> Vec<String> {
        let mut names = Vec::new();
        self.books.lock().root.all(&mut |entry| {
            if are_empty_too || !entry.value.is_empty() {
                names.push(entry.name.to_string());
            }
        });
        names.sort_unstable();
        names
    }

    /// Who subscribes to a topic.
    pub(super) fn subscribers(&self, topic: &str) -> Result<Vec<ActorInfo>, TopicError> {
        pattern::check_name(topic)?;
        if let Some(infos) = self.directory.with(topic, |entry| entry.map(|entry| entry.value.infos())) {
            return Ok(infos);
        }
        let mut found = Vec::new();
        let books = self.books.lock();
        books.root.matching(tokens(topic), &mut |wild| found.push((wild.id, Arc::clone(&wild.member))));
        drop(books);
        found.sort_unstable_by_key(|(id, _)| *id);
        Ok(found.iter().map(|(_, member)| member.info()).collect())
    }
}

impl Books {
    /// The subscription of the actor at this address that it may have but once.
    fn membership(&self, actor: usize, name: &str) -> Option<u64> {
        self.actors.get(&actor)?.memberships.get(name).copied()
    }

    /// A topic that carries `M`; made if it isn't known, with those whose patterns match it.
    fn open<M: Message>(
        &mut self,
        directory: &Directory,
        name: &str,
        garbage: &mut Garbage,
    ) -> Result<&mut Held, Mismatch> {
        if self.root.find_mut(tokens(name)).is_none() {
            let mut members = Vec::new();
            self.root.matching(tokens(name), &mut |wild| {
                let member: Arc<dyn Any + Send + Sync> = Arc::clone(&wild.member) as _;
                members.extend(member.downcast::<Member<M>>());
            });
            members.sort_unstable_by_key(|member| member.id);
            let subject: Arc<dyn AnySubject + Send + Sync> = Arc::new(Subject::new(&members));
            let mut retired = Retired::default();
            let entry = directory.add(name.into(), subject, self.topics, &mut retired, garbage);
            garbage.push(retired);
            self.topics += 1;
            *self.root.topic_mut(tokens(name)) = Some(Held { entry, holds: 0, remembered: false });
        }
        let Some(held) = self.root.find_mut(tokens(name)) else { unreachable!("known, or just made") };
        held.entry.subject::<M>()?;
        Ok(held)
    }

    /// One hold more of a topic that is known.
    fn hold(&mut self, name: &str) {
        if let Some(held) = self.root.find_mut(tokens(name)) {
            held.holds += 1;
        }
    }

    /// One hold less.
    fn let_go(&mut self, directory: &Directory, name: &str, garbage: &mut Garbage) {
        if let Some(held) = self.root.find_mut(tokens(name)) {
            held.holds -= 1;
        }
        self.settle(directory, name, garbage);
    }

    /// Forgets a topic that nobody holds, or remembers it while patterns match it.
    fn settle(&mut self, directory: &Directory, name: &str, garbage: &mut Garbage) {
        let Some(held) = self.root.find_mut(tokens(name)) else { return };
        if held.holds > 0 {
            return;
        }
        if held.entry.value.is_empty() {
            self.drop_topic(directory, name, garbage);
            return;
        }
        if mem::replace(&mut held.remembered, true) {
            return;
        }
        self.remembered.push_back(Arc::downgrade(&held.entry));
        if self.remembered.len() <= MAX_REMEMBERED {
            return;
        }
        let Some(oldest) = self.remembered.pop_front().and_then(|oldest| oldest.upgrade()) else { return };
        garbage.push(Arc::clone(&oldest));
        // It may have been dropped since, and its name be another's; or it is held again, and has to line up anew when it
        // isn't any more.
        let held = self.root.find_mut(tokens(&oldest.name)).filter(|held| Arc::ptr_eq(&held.entry, &oldest));
        let Some(held) = held else { return };
        held.remembered = false;
        if held.holds == 0 {
            self.drop_topic(directory, &oldest.name, garbage);
        }
    }

    fn drop_topic(&mut self, directory: &Directory, name: &str, garbage: &mut Garbage) {
        if let Some(held) = self.root.remove(tokens(name)) {
            self.topics -= 1;
            let mut retired = Retired::default();
            directory.remove(name, &mut retired);
            garbage.push((held.entry, retired));
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

#[cfg(test)]
mod tests {
    use super::{Attendance, Outline, Shared, TypeId, tokens};
    use crate::sync::Arc;
    use crate::{Actor, ActorContext, ActorSystem, Groups, Handler, Message, MessageBroker};

    #[derive(Clone)]
    struct One;
    impl Message for One {
        type Result = ();
    }

    #[derive(Clone)]
    struct Other;
    impl Message for Other {
        type Result = ();
    }

    #[test]
    fn publishing_to_a_topic_that_nothing_matches_takes_no_lock() {
        let shared = Shared::new();
        let outline = Outline::default().with(tokens("a.*"), TypeId::of::<One>());
        drop(shared.outline.swap(Arc::new(outline)));
        // Who took the lock here would wait for itself.
        let books = shared.books.lock();
        drop(shared.publish_to_unknown("b.x", One));
        drop(shared.publish_to_unknown("a.x", Other));
        drop(books);
    }

    #[test]
    fn publishing_to_a_topic_that_is_known_takes_no_lock_of_the_broker() {
        let broker = MessageBroker::new();
        let topic = broker.topic::<One>("a").unwrap();
        let books = broker.0.books.lock();
        drop(broker.publish("a", One));
        drop(topic.publish(One));
        drop(books);
    }

    #[test]
    fn looking_at_a_group_takes_no_lock() {
        let groups = Groups::new();
        let group = groups.group::<One>("a").unwrap();
        let books = groups.0.books.lock();
        drop(groups.broadcast("a", One));
        drop(group.broadcast(One));
        assert!(groups.members::<One>("a").unwrap().is_empty() && group.members().is_empty());
        assert!(groups.members::<Other>("a").is_err() && groups.members::<Other>("b").unwrap().is_empty());
        assert_eq!((groups.count("a"), group.len()), (0, 0));
        drop(books);
    }

    struct Ear;
    impl Actor for Ear {}
    impl Handler<One> for Ear {
        async fn handle(&mut self, _: One, _ctx: &mut ActorContext<Self>) {}
    }

    #[test]
    fn an_actor_keeps_nothing_of_brokers_that_are_gone() {
        let system = ActorSystem::builder().workers(1).build().unwrap();
        let actor = system.spawn(Ear).start().unwrap();
        let ends: [fn(MessageBroker) -> Option<MessageBroker>; 2] = [
            |broker| {
                drop(broker);
                None
            },
            |broker| {
                broker.close();
                Some(broker)
            },
        ];
        for end in ends {
            let broker = MessageBroker::new();
            for pattern in ["a", "*"] {
                drop(broker.subscribe::<One>(pattern, &actor).start().unwrap());
            }
            let books = broker.0.books.lock();
            let [attendance]: [&Attendance; 1] = books.actors.values().collect::<Vec<_>>().try_into().ok().unwrap();
            let farewell = Arc::downgrade(&attendance.farewell);
            drop(books);
            assert_eq!(farewell.strong_count(), 2, "the broker's, and one on the actor's list");
            let _closed = end(broker);
            assert_eq!(farewell.strong_count(), 0);
        }
    }
}
