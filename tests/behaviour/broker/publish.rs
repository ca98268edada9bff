//! Publishing: who is reached, in which order, with how many clones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use corecast::{Actor, ActorContext, Handler, Message, Overflow};

use super::{Tick, heard, hold, listener, narrow};
use crate::support::{assert_goes_on, later, poll_once, spawn, system, wait};

// MISSION: "Semantics: Send message to all subscribers of a topic."
// MISSION: "All subscribers notified: Every active subscriber receives message"
// MISSION: "One-to-many: Single publish reaches multiple subscribers"
// MISSION: "Multiple recipients: Pub-Sub (message broker)"
#[test]
fn one_publish_reaches_every_subscriber() {
    let system = system(2);
    let actors: Vec<_> = (0..200).map(|_| listener(&system)).collect();
    for actor in &actors {
        wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    }
    for tick in 0..3 {
        assert_eq!(wait(system.broker().publish("clock", Tick(tick))).unwrap().reached(), 200);
    }
    for actor in &actors {
        assert_eq!(heard(actor), [0, 1, 2]);
    }
}

// MISSION: "Multiple subscribers react to event"
// MISSION: "Parallel delivery: Subscribers process independently"
#[test]
fn a_subscriber_that_is_busy_delays_no_other() {
    let system = system(2);
    let (busy, free) = (listener(&system), listener(&system));
    for actor in [&busy, &free] {
        wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    }
    let held = hold(&busy);
    assert_eq!(wait(system.broker().publish("clock", Tick(1))).unwrap().reached(), 2);
    assert_eq!(heard(&free), [1]);
    held.open();
    assert_eq!(heard(&busy), [1]);
}

#[test]
fn a_subscriber_without_room_holds_back_its_own_event_alone() {
    let system = system(1);
    let actors = [listener(&system), narrow(&system), listener(&system)];
    for actor in &actors {
        wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    }
    let held = hold(&actors[1]);
    wait(system.broker().publish("clock", Tick(1))).unwrap();
    // No room for the second one.
    let mut waiting = system.broker().publish("clock", Tick(2));
    let later = system.broker().publish("clock", Tick(3));
    assert!(poll_once(&mut waiting).is_pending());
    assert_eq!(heard(&actors[0]), [1, 2, 3]);
    assert_eq!(heard(&actors[2]), [1, 2, 3]);
    held.open();
    assert_eq!(wait(waiting).unwrap().reached(), 3);
    assert_eq!(wait(later).unwrap().reached(), 3);
    assert_eq!(heard(&actors[1]), [1, 2, 3]);
}

#[test]
fn a_never_polled_publish_is_delivered() {
    let system = system(1);
    let actor = listener(&system);
    wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap();
    drop(system.broker().publish("clock", Tick(1)));
    drop(system.broker().topic::<Tick>("clock").unwrap().publish(Tick(2)));
    assert_eq!(heard(&actor), [1, 2]);
}

#[test]
fn a_publish_with_room_is_ready_at_its_first_poll() {
    let system = system(1);
    let actor = listener(&system);
    wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap();
    let mut publish = system.broker().publish("clock", Tick(1));
    assert!(matches!(poll_once(&mut publish), Poll::Ready(Ok(published)) if published.reached() == 1));
}

#[test]
fn a_dropped_publish_withdraws_what_waits_and_no_more() {
    let system = system(1);
    let (free, full) = (listener(&system), narrow(&system));
    for actor in [&free, &full] {
        wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    }
    let held = hold(&full);
    wait(system.broker().publish("clock", Tick(1))).unwrap();
    drop(system.broker().publish("clock", Tick(2)));
    let last = system.broker().publish("clock", Tick(3));
    held.open();
    wait(last).unwrap();
    assert_eq!(heard(&free), [1, 2, 3]);
    assert_eq!(heard(&full), [1, 3]);
}

// MISSION: "No ordering between publishers: Messages from different publishers may interleave"
#[test]
fn each_publisher_s_events_come_in_its_order() {
    const EACH: u64 = 2_000;
    let system = system(2);
    let (wide, full) = (listener(&system), narrow(&system));
    wait(system.broker().subscribe::<Tick>("clock.*", &wide)).unwrap();
    wait(system.broker().subscribe::<Tick>("clock.a", &full)).unwrap();
    let publishers = [0, EACH].map(|first| {
        let broker = system.broker().clone();
        thread::spawn(move || {
            for tick in first..first + EACH {
                assert_eq!(wait(broker.publish("clock.a", Tick(tick))).unwrap().reached(), 2);
            }
        })
    });
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    for actor in [&wide, &full] {
        let all = heard(actor);
        for first in [0, EACH] {
            let own: Vec<_> = all.iter().copied().filter(|tick| (first..first + EACH).contains(tick)).collect();
            assert_eq!(own, (first..first + EACH).collect::<Vec<_>>());
        }
    }
}

/// Counts its clones.
struct Costly(Arc<AtomicUsize>);

impl Clone for Costly {
    fn clone(&self) -> Self {
        // ORDERING: Relaxed; read by the thread that clones.
        self.0.fetch_add(1, Ordering::Relaxed);
        Costly(Arc::clone(&self.0))
    }
}

impl Message for Costly {
    type Result = ();
}

struct Sink;

impl Actor for Sink {}

impl Handler<Costly> for Sink {
    async fn handle(&mut self, _: Costly, _ctx: &mut ActorContext<Self>) {}
}

#[test]
fn the_last_subscriber_gets_the_event_itself() {
    let system = system(1);
    for subscribers in 0..5 {
        let clones = Arc::new(AtomicUsize::new(0));
        let published = wait(system.broker().publish("costly", Costly(Arc::clone(&clones)))).unwrap();
        assert_eq!(published.reached(), subscribers);
        // ORDERING: Relaxed; this thread cloned.
        assert_eq!(clones.load(Ordering::Relaxed), subscribers.saturating_sub(1));
        wait(system.broker().subscribe("costly", wait(system.spawn(Sink)).unwrap())).unwrap();
    }
}

#[test]
fn an_event_is_cloned_for_those_alone_whose_filters_want_it() {
    let system = system(1);
    for wants in [true, false, true, false] {
        let sink = wait(system.spawn(Sink)).unwrap();
        wait(system.broker().subscribe("costly", sink).filter(move |_| wants)).unwrap();
    }
    let clones = Arc::new(AtomicUsize::new(0));
    let published = wait(system.broker().publish("costly", Costly(Arc::clone(&clones)))).unwrap();
    // ORDERING: Relaxed; this thread cloned.
    assert_eq!((published.reached(), clones.load(Ordering::Relaxed)), (2, 1));
}

#[test]
fn a_filter_lets_through_what_it_wants() {
    let system = system(1);
    let actor = listener(&system);
    let sub = wait(system.broker().subscribe("clock", &actor).filter(|tick: &Tick| tick.0.is_multiple_of(2))).unwrap();
    let reached: usize =
        (0..10).map(|tick| wait(system.broker().publish("clock", Tick(tick))).unwrap().reached()).sum();
    assert_eq!((reached, sub.missed()), (5, 0));
    assert_eq!(heard(&actor), [0, 2, 4, 6, 8]);
}

#[test]
fn a_filter_that_panics_harms_its_own_subscription_alone() {
    let system = system(1);
    let (first, second) = (listener(&system), listener(&system));
    let sub = wait(system.broker().subscribe("clock", &first).filter(|tick: &Tick| {
        assert!(tick.0 != 1, "a filter's panic");
        true
    }));
    wait(system.broker().subscribe::<Tick>("clock", &second)).unwrap();
    for tick in 0..3 {
        let reached = wait(system.broker().publish("clock", Tick(tick))).unwrap().reached();
        assert_eq!(reached, if tick == 1 { 1 } else { 2 });
    }
    assert_eq!(sub.unwrap().missed(), 1);
    assert_eq!(heard(&first), [0, 2]);
    assert_eq!(heard(&second), [0, 1, 2]);
    assert_goes_on(&system);
}

// MISSION: "Mechanism: Send messages through MessageBroker which routes to subscribers."
// MISSION: "Decoupling: Publisher doesn't know subscribers"
// MISSION: "Decoupling (senders don't need specific actor references)"
// MISSION: "No delivery confirmation: Publisher doesn't know who received"
#[test]
fn a_handler_publishes_to_whom_it_doesn_t_know() {
    let system = system(2);
    let (actor, (publisher, _events)) = (listener(&system), crate::support::spawn(&system));
    wait(system.broker().subscribe::<Tick>("clock", &actor).overflow(Overflow::Wait)).unwrap();
    let published = wait(publisher.send(crate::support::later(|ctx| {
        let broker = ctx.broker();
        Box::pin(async move { broker.publish("clock", Tick(1)).await })
    })))
    .unwrap();
    // How many, not who.
    assert_eq!(published.unwrap().reached(), 1);
    assert_eq!(heard(&actor), [1]);
}

#[test]
fn a_topic_handle_publishes_as_the_broker_does() {
    let system = system(1);
    let actor = listener(&system);
    let topic = system.broker().topic::<Tick>("clock").unwrap();
    assert_eq!(wait(topic.publish(Tick(1))).unwrap().reached(), 0);
    wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap();
    assert_eq!(wait(topic.clone().publish(Tick(2))).unwrap().reached(), 1);
    wait(system.broker().subscribe::<Tick>("*", &actor)).unwrap();
    assert_eq!(wait(topic.publish(Tick(3))).unwrap().reached(), 2);
    assert_eq!(heard(&actor), [2, 3, 3]);
    assert_eq!(topic.name(), "clock");
}

/// Counts ticks as they are handled.
struct Seen(Arc<AtomicUsize>);

impl Actor for Seen {}

impl Handler<Tick> for Seen {
    async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_loop_that_publishes_to_many_lets_them_run_in_between() {
    const SUBSCRIBERS: usize = 500;
    let system = system(1);
    let seen = Arc::new(AtomicUsize::new(0));
    for _ in 0..SUBSCRIBERS {
        let actor = system.spawn(Seen(Arc::clone(&seen))).start().unwrap();
        wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    }
    let (publisher, _) = spawn(&system);
    // Fewer awaits than a handler has at once, but more deliveries than those may stand for.
    let seen_in_between = publisher.send(later(move |ctx| {
        Box::pin(async move {
            let broker = ctx.broker();
            for tick in 0..100 {
                let published = broker.publish("clock", Tick(tick)).await.unwrap();
                assert_eq!(published.reached(), SUBSCRIBERS);
            }
            seen.load(Ordering::Relaxed)
        })
    }));
    assert!(wait(seen_in_between).unwrap() >= SUBSCRIBERS);
}
