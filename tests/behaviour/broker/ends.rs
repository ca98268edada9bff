//! How a subscription ends: by its handle, with a guard, with its actor, with its system.

use std::sync::Arc;

use corecast::{ActorRef, Message, MessageBroker, Overflow, Recipient, StopReason, SubscribeError};

use super::{Listener, Tick, heard, heard_with_gaps, hold, listener};
use crate::support::{LIMIT, eventually, system, wait, within};

// MISSION: "Dynamic: Subscribe/unsubscribe at runtime"
#[test]
fn after_unsubscribe_nothing_comes() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    for pattern in ["clock", "*", ">"] {
        let sub = wait(broker.subscribe::<Tick>(pattern, &actor)).unwrap();
        assert!(sub.is_active());
        assert_eq!(wait(broker.publish("clock", Tick(1))).unwrap().reached(), 1);
        sub.unsubscribe();
        sub.unsubscribe();
        assert!(!sub.is_active());
        assert_eq!(wait(broker.publish("clock", Tick(2))).unwrap().reached(), 0);
    }
    assert_eq!(heard(&actor), [1; 3]);
    assert!(broker.topics().is_empty());
}

#[test]
fn dropping_a_plain_handle_leaves_the_subscription_in_place() {
    let system = system(1);
    let actor = listener(&system);
    drop(wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap());
    assert_eq!(wait(system.broker().publish("clock", Tick(1))).unwrap().reached(), 1);
}

#[test]
fn a_subscription_ends_with_its_guard() {
    let system = system(1);
    let actor = listener(&system);
    let guard = wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap().into_guard();
    assert!(guard.is_active());
    assert_eq!(wait(system.broker().publish("clock", Tick(1))).unwrap().reached(), 1);
    drop(guard);
    assert_eq!(wait(system.broker().publish("clock", Tick(2))).unwrap().reached(), 0);
}

#[test]
fn a_subscription_ends_with_its_actor_however_that_ends() {
    let system = system(1);
    let ends: [fn(&ActorRef<Listener>); 2] = [ActorRef::stop, ActorRef::kill];
    for end in ends {
        let (other, actor) = (listener(&system), listener(&system));
        let subs: Vec<_> = ["clock", "*.x", "clock.>"]
            .map(|pattern| wait(system.broker().subscribe::<Tick>(pattern, &actor)).unwrap())
            .into();
        let kept = wait(system.broker().subscribe::<Tick>("clock", &other)).unwrap().into_guard();
        end(&actor);
        wait(actor.stopped());
        assert!(subs.iter().all(|sub| !sub.is_active()), "whoever has heard of it knows");
        assert!(kept.is_active());
        assert_eq!(system.broker().subscribers("clock").unwrap().len(), 1);
        assert_eq!(wait(system.broker().publish("clock", Tick(1))).unwrap().reached(), 1);
    }
    assert!(system.broker().topics().is_empty());
}

#[test]
fn an_actor_that_is_about_to_end_is_counted_as_gone() {
    let system = system(1);
    let actor = listener(&system);
    wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap();
    let held = hold(&actor);
    actor.stop();
    let published = wait(system.broker().publish("clock", Tick(1))).unwrap();
    assert_eq!((published.reached(), published.gone()), (0, 1));
    held.open();
    wait(actor.stopped());
}

#[test]
fn an_actor_that_has_ended_can_t_subscribe() {
    let system = system(1);
    let actor = listener(&system);
    actor.stop();
    let error = wait(system.broker().subscribe::<Tick>("clock", &actor)).unwrap_err();
    assert_eq!(error, SubscribeError::Stopped { actor: actor.id() });
    wait(actor.stopped());
    assert!(wait(system.broker().subscribe::<Tick>("clock", actor.downgrade())).is_err());
    let weak = actor.downgrade();
    drop(actor);
    assert!(wait(system.broker().subscribe::<Tick>("clock", weak)).is_err());
    assert!(system.broker().topics().is_empty());
}

#[test]
fn a_reference_that_is_handed_over_keeps_its_actor_alive_while_it_is_subscribed() {
    let system = system(1);
    let actor = listener(&system);
    let weak = actor.downgrade();
    let sub = wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    wait(system.broker().publish("clock", Tick(1))).unwrap();
    assert_eq!(heard(&weak.upgrade().unwrap()), [1]);
    sub.unsubscribe();
    assert!(matches!(wait(weak.stopped()), StopReason::Unreachable));
}

#[test]
fn a_recipient_subscribes_whatever_its_actor_is_and_keeps_it_alive() {
    let system = system(1);
    let actor = listener(&system);
    let weak = actor.downgrade();
    let recipient: Recipient<Tick> = actor.recipient();
    drop(actor);
    let held = hold(&weak.upgrade().unwrap());
    let all = wait(system.broker().subscribe("clock", &recipient)).unwrap();
    let latest = wait(system.broker().subscribe("*", recipient).overflow(Overflow::Latest)).unwrap();
    for tick in 1..=3 {
        assert_eq!(wait(system.broker().publish("clock", Tick(tick))).unwrap().reached(), 2);
    }
    held.open();
    assert_eq!(heard_with_gaps(&weak.upgrade().unwrap()), [(1, 0), (3, 2), (2, 0), (3, 0)]);
    assert_eq!((all.missed(), latest.missed()), (0, 2));
    let found = system.broker().topic::<Tick>("clock").unwrap().recipients();
    assert_eq!(found.iter().map(Recipient::id).collect::<Vec<_>>(), [weak.id(); 2]);
    drop(found);
    all.unsubscribe();
    assert!(weak.upgrade().is_some());
    latest.unsubscribe();
    assert!(matches!(wait(weak.stopped()), StopReason::Unreachable));
}

#[test]
fn a_weak_reference_that_is_handed_over_keeps_nobody_alive() {
    let system = system(1);
    let actor = listener(&system);
    let sub = wait(system.broker().subscribe::<Tick>("clock", actor.downgrade())).unwrap();
    assert_eq!(wait(system.broker().publish("clock", Tick(1))).unwrap().reached(), 1);
    assert_eq!(heard(&actor), [1]);
    let stopped = actor.stopped();
    drop(actor);
    assert!(matches!(wait(stopped), StopReason::Unreachable));
    eventually("the subscription has ended", || !sub.is_active());
    assert_eq!(wait(system.broker().publish("clock", Tick(2))).unwrap().reached(), 0);
}

#[test]
fn a_broker_that_is_dropped_lets_its_actors_go() {
    let system = system(1);
    let broker = MessageBroker::new();
    let actor = listener(&system);
    let stopped = actor.stopped();
    let sub = wait(broker.subscribe::<Tick>("clock", actor)).unwrap();
    drop(broker);
    assert!(matches!(wait(stopped), StopReason::Unreachable));
    assert!(!sub.is_active());
    sub.unsubscribe();
}

/// An event that can hold anything.
#[derive(Clone)]
struct Any(
    #[expect(dead_code, reason = "only its life matters")] Arc<()>,
    #[expect(dead_code, reason = "as above")] ActorRef<Listener>,
);

impl Message for Any {
    type Result = ();
}

#[test]
fn a_system_s_end_drops_what_its_broker_holds() {
    let system = system(1);
    let (broker, actor) = (system.broker().clone(), listener(&system));
    let alive = Arc::new(());
    let topic = broker.topic::<Any>("any").unwrap();
    topic.retain();
    wait(topic.publish(Any(Arc::clone(&alive), actor.clone()))).unwrap();
    let filter = Arc::clone(&alive);
    let sub = wait(broker.subscribe("clock.*", &actor).filter(move |_: &Tick| Arc::strong_count(&filter) > 0)).unwrap();
    assert_eq!(Arc::strong_count(&alive), 3);
    drop(topic);
    within(LIMIT, move || drop(system));
    assert_eq!(Arc::strong_count(&alive), 1);
    assert!(!sub.is_active());
    assert!(broker.topics().is_empty());
    assert_eq!(wait(broker.publish("clock.a", Tick(1))).unwrap().reached(), 0);
}

#[test]
fn shutdown_handles_what_was_published() {
    let system = system(2);
    let actors: Vec<_> = (0..10).map(|_| listener(&system)).collect();
    for actor in &actors {
        wait(system.broker().subscribe::<Tick>("clock", actor)).unwrap();
    }
    for tick in 0..100 {
        wait(system.broker().publish("clock", Tick(tick))).unwrap();
    }
    assert!(wait(system.shutdown()).is_clean());
    assert_eq!(system.dead_letters(), 0);
    assert_eq!(wait(system.broker().publish("clock", Tick(0))).unwrap().reached(), 0);
}
