//! Models of the broker: publishing against unsubscribing, against the end of the actor, and the token of a
//! subscription that keeps events outside of the mailbox.
//!
//! The host runs an actor there and then, on the thread that scheduled it. Lists of subscriptions are doubles with a
//! lock (see ARCHITECTURE.md), so what is explored is the order of whole lists, and the token's word.
#![cfg(corecast_loom)]

mod common;

use common::drive;
use common::inline::{Body, Inline, Say};
use common::ledger::Ledger;
use corecast::loom_api::task;
use corecast::{Actor, ActorContext, ActorRef, Handler, MessageBroker, Overflow, StopReason};
use loom::thread;
use loom_tests::{Bounds, model};

struct Probe {
    body: Body,
}

impl Actor for Probe {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Say> for Probe {
    async fn handle(&mut self, msg: Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.body.ledger.note(|seen| seen.handled.push(msg.0));
    }
}

/// An actor that has started and is idle.
fn idle(ledger: &Ledger) -> ActorRef<Probe> {
    let (actor, runnable) = task::actor(Inline(ledger.clone()), None, Probe { body: Body::new(ledger) });
    drive(runnable);
    actor
}

fn bounds() -> Bounds {
    Bounds { branches: 20_000, preemptions: Some(2), ..Bounds::default() }
}

#[test]
fn a_publish_against_an_unsubscribe_that_lets_go_of_the_actor() {
    model("publish and unsubscribe", bounds(), &["none", "one", "both"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let sub = broker.subscribe::<Say>("a", idle(&ledger)).start().unwrap();
        let topic = broker.topic::<Say>("a").unwrap();
        let publisher = thread::spawn(move || {
            drop(topic.publish(Say(1)));
            drop(topic.publish(Say(2)));
        });
        sub.unsubscribe();
        publisher.join().unwrap();
        assert!(broker.topics().is_empty());
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!(seen.handled, [1, 2][..seen.handled.len()], "later lists have no fewer unsubscribed");
        outcomes.saw(["none", "one", "both"][seen.handled.len()]);
    });
}

#[test]
fn a_publish_against_a_stop_that_ends_the_subscription() {
    model("publish and stop", bounds(), &["handled", "refused"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let actor = idle(&ledger);
        let sub = broker.subscribe::<Say>("*", &actor).start().unwrap();
        let publisher = thread::spawn({
            let broker = broker.clone();
            move || drop(broker.publish("a", Say(1)))
        });
        actor.stop();
        drop(actor);
        publisher.join().unwrap();
        assert!(!sub.is_active());
        assert!(broker.topics().is_empty());
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        outcomes.saw(if seen.handled.is_empty() { "refused" } else { "handled" });
    });
}

/// Two publishers, and a queue with room for `room` events: each is handled or shed, and the last is handled.
fn token(name: &str, room: Overflow, expected: &'static [&'static str]) {
    model(name, bounds(), expected, move |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let sub = broker.subscribe::<Say>("a", idle(&ledger)).overflow(room).start().unwrap();
        let topic = broker.topic::<Say>("a").unwrap();
        let other = thread::spawn({
            let topic = topic.clone();
            move || drop(topic.publish(Say(1)))
        });
        drop(topic.publish(Say(2)));
        drop(topic);
        other.join().unwrap();
        sub.unsubscribe();
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!(seen.handled.len() as u64 + sub.missed(), 2, "an event is left: {seen:?}");
        assert!(!seen.handled.is_empty());
        outcomes.saw(if sub.missed() == 0 { "all handled" } else { "one shed" });
    });
}

#[test]
fn two_publishers_and_the_token_of_a_queue() {
    token("token of two", Overflow::DropOldest(2), &["all handled"]);
}

#[test]
fn two_publishers_and_the_token_of_the_latest() {
    token("token of one", Overflow::Latest, &["all handled", "one shed"]);
}
