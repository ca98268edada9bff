//! Topics that retain their last event.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use corecast::{ActorContext, Handler, Message, Overflow};

use super::{Listener, Tick, heard, hold, listener, narrow};
use crate::support::{assert_goes_on, eventually, system, wait};

#[test]
fn a_new_subscriber_gets_the_retained_event_first() {
    let system = system(1);
    let broker = system.broker();
    let topic = broker.topic::<Tick>("clock.a").unwrap();
    wait(topic.publish(Tick(0))).unwrap();
    topic.retain();
    assert!(topic.retained().is_none(), "from now on");
    wait(topic.publish(Tick(1))).unwrap();
    wait(broker.publish("clock.a", Tick(2))).unwrap();
    for pattern in ["clock.a", "clock.*", ">"] {
        for overflow in [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(2), Overflow::Latest] {
            let actor = listener(&system);
            wait(broker.subscribe::<Tick>(pattern, &actor).overflow(overflow)).unwrap();
            eventually("it has come", || heard(&actor) == [2]);
        }
    }
    assert_eq!(topic.retained(), Some(Tick(2)));
}

#[test]
fn a_pattern_gets_the_retained_event_of_each_topic() {
    let system = system(1);
    let broker = system.broker();
    for number in 0..5 {
        let topic = broker.topic::<Tick>(&format!("clock.{number}")).unwrap();
        topic.retain();
        wait(topic.publish(Tick(number))).unwrap();
    }
    // They are kept though nobody has a handle.
    let actor = listener(&system);
    wait(broker.subscribe::<Tick>("clock.*", &actor)).unwrap();
    let mut ticks = heard(&actor);
    ticks.sort_unstable();
    assert_eq!(ticks, [0, 1, 2, 3, 4]);
    for name in broker.topics() {
        broker.topic::<Tick>(&name).unwrap().forget();
    }
    let late = listener(&system);
    wait(broker.subscribe::<Tick>("clock.*", &late)).unwrap();
    assert!(heard(&late).is_empty());
}

#[test]
fn a_filter_is_asked_about_the_retained_event_too() {
    let system = system(1);
    let topic = system.broker().topic::<Tick>("clock").unwrap();
    topic.retain();
    wait(topic.publish(Tick(1))).unwrap();
    let actor = listener(&system);
    wait(system.broker().subscribe("clock", &actor).filter(|tick: &Tick| tick.0 != 1)).unwrap();
    assert!(heard(&actor).is_empty());
}

#[test]
fn a_retained_event_waits_for_room_and_its_subscriber_doesn_t() {
    let system = system(1);
    let topic = system.broker().topic::<Tick>("clock").unwrap();
    topic.retain();
    wait(topic.publish(Tick(1))).unwrap();
    let actor = narrow(&system);
    let held = hold(&actor);
    let filler = actor.tell(Tick(100));
    wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap();
    let next = topic.publish(Tick(2));
    held.open();
    wait(filler).unwrap();
    wait(next).unwrap();
    assert_eq!(heard(&actor), [100, 1, 2]);
}

#[test]
fn many_retained_events_wait_for_room_in_their_order() {
    let system = system(1);
    let broker = system.broker();
    for number in 0..300 {
        let topic = broker.topic::<Tick>(&format!("clock.{number}")).unwrap();
        topic.retain();
        wait(topic.publish(Tick(number))).unwrap();
    }
    let actor = narrow(&system);
    let held = hold(&actor);
    let sub = wait(broker.subscribe::<Tick>("clock.*", &actor)).unwrap();
    let last = broker.publish("clock.7", Tick(1_000));
    held.open();
    wait(last).unwrap();
    let mut ticks = heard(&actor);
    assert_eq!(ticks.pop(), Some(1_000));
    ticks.sort_unstable();
    assert_eq!(ticks, (0..300).collect::<Vec<_>>());
    // Those that still wait for room when their actor is killed are dropped with it.
    let killed = narrow(&system);
    let held = hold(&killed);
    wait(broker.subscribe::<Tick>("clock.*", &killed)).unwrap();
    killed.kill();
    drop(held);
    wait(killed.stopped());
    assert!(sub.is_active());
}

/// An event that can't be cloned a second time.
struct Once(AtomicBool);

impl Clone for Once {
    fn clone(&self) -> Self {
        // ORDERING: Relaxed; one thread at a time clones an event.
        assert!(!self.0.load(Ordering::Relaxed), "a clone's panic");
        Once(AtomicBool::new(true))
    }
}

impl Message for Once {
    type Result = ();
}

impl Handler<Once> for Listener {
    async fn handle(&mut self, _: Once, _ctx: &mut ActorContext<Self>) {}
}

#[test]
fn a_retained_event_whose_clone_panics_is_counted_as_shed() {
    let system = system(1);
    let topic = system.broker().topic::<Once>("once").unwrap();
    topic.retain();
    wait(topic.publish(Once(AtomicBool::new(false)))).unwrap();
    let actor = listener(&system);
    let sub = wait(system.broker().subscribe::<Once>("*", &actor)).unwrap();
    assert_eq!(sub.missed(), 1);
    assert_eq!(wait(topic.publish(Once(AtomicBool::new(false)))).unwrap().reached(), 1);
    sub.unsubscribe();
    assert_goes_on(&system);
}

#[test]
fn nobody_misses_an_event_or_gets_one_twice_who_subscribes_while_it_is_published() {
    const LAST: u64 = 3_000;
    let system = system(2);
    let topic = system.broker().topic::<Tick>("clock").unwrap();
    topic.retain();
    let publisher = thread::spawn({
        let topic = topic.clone();
        move || (1..=LAST).for_each(|tick| _ = wait(topic.publish(Tick(tick))).unwrap())
    });
    let mut actors = Vec::new();
    while !publisher.is_finished() && actors.len() < 200 {
        let actor = listener(&system);
        wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap();
        actors.push(actor);
    }
    publisher.join().unwrap();
    for actor in actors {
        let ticks = heard(&actor);
        assert!(ticks.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap or a double");
        assert_eq!(ticks.last(), Some(&LAST));
    }
}
