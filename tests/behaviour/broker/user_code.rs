//! Filters, clones and drops of events that use the broker themselves, or panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use corecast::{Actor, ActorContext, ActorRef, Handler, Message, MessageBroker, SubscribeError, Subscription, Topic};

use super::{Tick, Tock, heard, hold, listener, narrow};
use crate::support::{LIMIT, close, eventually, observed, system, wait, within};

/// What an event does when it is cloned or dropped.
type Act = Arc<dyn Fn() + Send + Sync>;

/// An event with user code in it.
struct Live {
    number: u64,
    cloned: Act,
    dropped: Act,
}

impl Live {
    fn new(number: u64) -> Self {
        Self { number, cloned: Arc::new(|| ()), dropped: Arc::new(|| ()) }
    }
}

impl Clone for Live {
    fn clone(&self) -> Self {
        (self.cloned)();
        Self { number: self.number, cloned: Arc::clone(&self.cloned), dropped: Arc::clone(&self.dropped) }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        (self.dropped)();
    }
}

impl Message for Live {
    type Result = ();
}

/// Notes the numbers of what it gets.
struct Ear(Arc<Mutex<Vec<u64>>>);

impl Actor for Ear {}

impl Handler<Live> for Ear {
    async fn handle(&mut self, live: Live, _ctx: &mut ActorContext<Self>) {
        self.0.lock().unwrap().push(live.number);
    }
}

/// Uses all of a broker.
fn use_all(broker: &MessageBroker) {
    let _ = broker.topics();
    let _ = broker.subscribers("live.a");
    drop(broker.topic::<Tick>("other.topic").unwrap());
    drop(broker.publish("unknown.topic", Tick(0)));
}

#[test]
fn user_code_may_use_the_broker() {
    within(LIMIT, || {
        let system = system(1);
        let broker = system.broker().clone();
        let heard = Arc::default();
        let ear = wait(system.spawn(Ear(Arc::clone(&heard)))).unwrap();
        let tick = listener(&system);
        wait(broker.subscribe::<Tick>("unknown.*", &tick)).unwrap();
        let act: Act = Arc::new({
            let broker = broker.clone();
            move || use_all(&broker)
        });
        let topic = broker.topic::<Live>("live.a").unwrap();
        topic.retain();
        for number in 0..3 {
            drop(topic.publish(Live { number, cloned: Arc::clone(&act), dropped: Arc::clone(&act) }));
        }
        let filter = {
            let (act, topic) = (Arc::clone(&act), topic.clone());
            move |_: &Live| {
                act();
                // Publishes to the topic itself, and looks at what it retains.
                let _ = topic.retained();
                topic.recipients().len() < 100
            }
        };
        for pattern in ["live.a", "live.*"] {
            let sub = wait(broker.subscribe::<Live>(pattern, &ear).filter(filter.clone())).unwrap();
            drop(topic.publish(Live { number: 3, cloned: Arc::clone(&act), dropped: Arc::clone(&act) }));
            sub.unsubscribe();
        }
        topic.forget();
        eventually("all have come", || *heard.lock().unwrap() == [2, 3, 3, 3]);
        drop(filter);
    });
}

#[test]
fn a_filter_may_subscribe_and_publish_to_the_topic_that_it_is_asked_about() {
    within(LIMIT, || {
        let system = system(1);
        let broker = system.broker().clone();
        let actor = listener(&system);
        let topic = broker.topic::<Tick>("clock").unwrap();
        topic.retain();
        drop(topic.publish(Tick(1)));
        let (again, other) = (topic.clone(), actor.clone());
        let once = AtomicBool::new(true);
        let filter = move |tick: &Tick| {
            if once.swap(false, Ordering::Relaxed) {
                drop(again.publish(Tick(2)));
                drop(broker.subscribe::<Tock>("clock.*", &other).start());
            }
            tick.0 > 0
        };
        wait(system.broker().subscribe("clock", &actor).filter(filter)).unwrap();
        drop(topic.publish(Tick(3)));
        assert_eq!(heard(&actor), [1, 2, 3], "what came while the first was asked about is behind it");
    });
}

#[test]
fn topics_that_retain_can_be_changed_by_the_filters_of_each_other() {
    within(LIMIT, || {
        let system = system(2);
        let topics: Vec<_> = ["a", "b"].map(|name| system.broker().topic::<Tick>(name).unwrap()).into();
        let actor = listener(&system);
        for topic in &topics {
            topic.retain();
        }
        wait(system.broker().subscribe::<Tick>("unknown.*", &actor)).unwrap();
        let threads = [0, 1].map(|at: usize| {
            let (mine, theirs) = (topics[at].clone(), topics[1 - at].clone());
            let (broker, actor) = (system.broker().clone(), actor.clone());
            thread::spawn(move || {
                for round in 0..500 {
                    let (theirs, inner) = (theirs.clone(), broker.clone());
                    let filter = move |_: &Tick| {
                        let _ = theirs.retained();
                        drop(inner.publish(&format!("unknown.{}", round % 3), Tick(0)));
                        false
                    };
                    let sub = broker.subscribe("*", &actor).filter(filter).start().unwrap();
                    drop(mine.publish(Tick(round)));
                    sub.unsubscribe();
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// A topic whose retained event, of number 1, is held in its next clone.
struct Slow {
    topic: Topic<Live>,
    is_in: Receiver<()>,
    go_on: Sender<()>,
}

impl Slow {
    fn new(broker: &MessageBroker) -> Self {
        let topic = broker.topic::<Live>("live").unwrap();
        topic.retain();
        let (entered, is_in) = channel();
        let (go_on, leave) = channel::<()>();
        let gate = Mutex::new(Some(leave));
        let armed = Arc::new(AtomicBool::new(false));
        let fuse = Arc::clone(&armed);
        let cloned: Act = Arc::new(move || {
            let leave = if fuse.load(Ordering::Relaxed) { gate.lock().unwrap().take() } else { None };
            if let Some(leave) = leave {
                entered.send(()).unwrap();
                leave.recv().unwrap();
            }
        });
        drop(topic.publish(Live { number: 1, cloned, dropped: Arc::new(|| ()) }));
        armed.store(true, Ordering::Relaxed);
        Slow { topic, is_in, go_on }
    }

    /// Subscribes on another thread, which is in the clone when this returns.
    fn subscribe(&self, broker: &MessageBroker, ear: &ActorRef<Ear>) -> JoinHandle<Subscription<Live>> {
        let (broker, ear) = (broker.clone(), ear.clone());
        let thread = thread::spawn(move || broker.subscribe::<Live>("live", &ear).start().unwrap());
        self.is_in.recv().unwrap();
        thread
    }
}

#[test]
fn what_waits_behind_a_retained_event_is_shed_if_its_actor_ends() {
    within(LIMIT, || {
        let system = system(2);
        let broker = system.broker().clone();
        let ear = wait(system.spawn(Ear(Arc::default()))).unwrap();
        let slow = Slow::new(&broker);
        let first = slow.subscribe(&broker, &ear);
        let second = broker.subscribe::<Live>("*", &ear).start().unwrap();
        for number in 2..4 {
            assert_eq!(wait(slow.topic.publish(Live::new(number))).unwrap().reached(), 2);
        }
        ear.stop();
        wait(ear.stopped());
        slow.go_on.send(()).unwrap();
        let first = first.join().unwrap();
        assert_eq!([first.missed(), second.missed()], [3; 2], "the retained one, and those behind it");
        eventually("they have ended", || broker.subscribers("live").unwrap().is_empty());
    });
}

#[test]
fn a_retained_event_that_waits_for_room_is_shed_if_its_actor_ends() {
    within(LIMIT, || {
        let (system, records) = observed(1);
        let broker = system.broker().clone();
        let actor = narrow(&system);
        let topic = broker.topic::<Tick>("clock").unwrap();
        topic.retain();
        wait(topic.publish(Tick(1))).unwrap();
        let held = hold(&actor);
        let subs = ["clock", "*"].map(|pattern| wait(broker.subscribe::<Tick>(pattern, &actor)).unwrap());
        // The first may have its place, the second waits for its own.
        actor.kill();
        drop(held);
        wait(actor.stopped());
        let [first, second] = subs.each_ref().map(Subscription::missed);
        let dead = close(system, &records).letters.len() as u64;
        assert_eq!((first + dead, second), (1, 1));
    });
}

#[test]
fn what_is_published_while_the_retained_event_is_cloned_comes_behind_it() {
    within(LIMIT, || {
        let system = system(2);
        let broker = system.broker().clone();
        let notes: [Arc<Mutex<Vec<u64>>>; 3] = Default::default();
        let ears = notes.each_ref().map(|note| wait(system.spawn(Ear(Arc::clone(note)))).unwrap());
        let slow = Slow::new(&broker);
        let first = slow.subscribe(&broker, &ears[0]);
        let Slow { topic, go_on, .. } = slow;
        // Nobody waits for the clone.
        drop(broker.subscribe::<Live>("*", &ears[1]).start().unwrap());
        let gone = broker.subscribe::<Live>(">", &ears[2]).start().unwrap();
        assert_eq!(broker.subscribers("live").unwrap().len(), 3);
        assert_eq!(wait(topic.publish(Live::new(2))).unwrap().reached(), 3);
        gone.unsubscribe();
        assert_eq!(wait(topic.publish(Live::new(3))).unwrap().reached(), 2);
        topic.forget();
        assert_eq!(wait(topic.publish(Live::new(4))).unwrap().reached(), 2);
        go_on.send(()).unwrap();
        drop(first.join().unwrap());
        assert_eq!(wait(topic.publish(Live::new(5))).unwrap().reached(), 2);
        for (note, expected) in notes.iter().zip([&[1, 2, 3, 4, 5][..], &[1, 2, 3, 4, 5], &[1, 2]]) {
            eventually("all have come in their order", || *note.lock().unwrap() == expected);
        }
        assert_eq!(broker.subscribers("live").unwrap().len(), 2);
    });
}

#[test]
fn what_one_publisher_publishes_to_other_topics_comes_behind_the_retained_event_too() {
    within(LIMIT, || {
        let system = system(2);
        let broker = system.broker().clone();
        let notes: [Arc<Mutex<Vec<u64>>>; 2] = Default::default();
        let ears = notes.each_ref().map(|note| wait(system.spawn(Ear(Arc::clone(note)))).unwrap());
        let slow = Slow::new(&broker);
        let first = slow.subscribe(&broker, &ears[0]);
        let Slow { topic, go_on, .. } = slow;
        let other = broker.topic::<Live>("other").unwrap();
        let _sub = broker.subscribe::<Live>("*", &ears[1]).start().unwrap();
        // One publisher, after the subscription was made.
        assert_eq!(wait(topic.publish(Live::new(2))).unwrap().reached(), 2);
        assert_eq!(wait(other.publish(Live::new(3))).unwrap().reached(), 1);
        go_on.send(()).unwrap();
        drop(first.join().unwrap());
        eventually("all have come", || notes[1].lock().unwrap().len() == 3);
        assert_eq!(*notes[1].lock().unwrap(), [1, 2, 3]);
        assert_eq!(broker.subscribers("other").unwrap().len(), 1);
    });
}

#[test]
fn a_retained_event_whose_clone_panics_is_shed_and_stays() {
    let system = system(1);
    let broker = system.broker();
    let heard = Arc::default();
    let ear = wait(system.spawn(Ear(Arc::clone(&heard)))).unwrap();
    for pattern in ["live", "*", ">"] {
        let topic = broker.topic::<Live>("live").unwrap();
        topic.retain();
        let armed = Arc::new(AtomicBool::new(false));
        let fuse = Arc::clone(&armed);
        let cloned: Act = Arc::new(move || assert!(!fuse.load(Ordering::Relaxed), "from the clone"));
        drop(topic.publish(Live { number: 7, cloned, dropped: Arc::new(|| ()) }));
        armed.store(true, Ordering::Relaxed);
        let sub = broker.subscribe::<Live>(pattern, &ear).start().expect("the subscription stands");
        assert_eq!((sub.missed(), sub.is_active()), (1, true));
        assert!(catch_unwind(AssertUnwindSafe(|| topic.retained())).is_err());
        armed.store(false, Ordering::Relaxed);
        assert_eq!(broker.subscribers("live").unwrap().len(), 1);
        sub.unsubscribe();
        assert!(broker.subscribers("live").unwrap().is_empty());
        assert_eq!(topic.retained().map(|live| live.number), Some(7), "it is still there");
        topic.forget();
        drop(topic);
        assert!(broker.topics().is_empty(), "no hold is left");
        assert_eq!(wait(broker.publish("live", Live::new(8))).unwrap().reached(), 0);
        drop(broker.topic::<Tick>("live").expect("its type is free"));
    }
    assert!(heard.lock().unwrap().is_empty());
}

/// Panics when it is dropped.
struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        panic!("from the filter's drop");
    }
}

impl Trap {
    fn is_set(&self) -> bool {
        let Self = self;
        true
    }
}

#[test]
fn filters_whose_drops_panic_harm_nobody() {
    let system = system(1);
    let broker = system.broker().clone();
    let (kept, ended) = (listener(&system), listener(&system));
    for actor in [&kept, &ended] {
        for pattern in ["clock", "*", ">"] {
            let trap = Trap;
            wait(broker.subscribe(pattern, actor).filter(move |_: &Tick| trap.is_set())).unwrap();
        }
    }
    let trap = Trap;
    let sub = wait(broker.subscribe("clock", &kept).filter(move |_: &Tick| trap.is_set())).unwrap();
    sub.unsubscribe();
    ended.stop();
    wait(ended.stopped());
    eventually("three are left", || broker.subscribers("clock").unwrap().len() == 3);
    assert_eq!(wait(broker.publish("clock", Tick(1))).unwrap().reached(), 3);
    assert_eq!(heard(&kept), [1; 3]);
    within(LIMIT, move || drop(system));
    assert!(broker.topics().is_empty());
}

#[test]
fn after_its_system_s_end_a_broker_takes_nothing_more() {
    let (first, second) = (system(1), system(1));
    let broker = first.broker().clone();
    let topic = broker.topic::<Tick>("clock").unwrap();
    let retaining = broker.topic::<Tick>("clock.kept").unwrap();
    retaining.retain();
    within(LIMIT, move || drop(first));
    let actor = listener(&second);
    for topic in [&topic, &retaining] {
        topic.retain();
        assert_eq!(wait(topic.publish(Tick(1))).unwrap().reached(), 0);
        assert!(topic.retained().is_none());
        topic.forget();
    }
    for pattern in ["clock", "*"] {
        assert_eq!(broker.subscribe::<Tick>(pattern, &actor).start().unwrap_err(), SubscribeError::Closed);
    }
    drop((topic, retaining));
    assert!(broker.topics().is_empty());
    assert!(heard(&actor).is_empty());
}
