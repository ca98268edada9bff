//! Models of the broker: publishing against unsubscribing, against the end of the actor, and the token of a
//! subscription that keeps events outside of the mailbox.
//!
//! The host runs an actor there and then, on the thread that scheduled it. Lists of subscriptions are doubles with a
//! lock (see ARCHITECTURE.md), so what is explored is the order of whole lists, and the token's word.
#![cfg(corecast_loom)]

mod common;

use common::drive;
use common::inline::{Body, Inline, Outside, Say};
use common::ledger::Ledger;
use corecast::loom_api::task::{self, Host, weakly};
use corecast::{Actor, ActorContext, ActorRef, Handler, MessageBroker, Overflow, Publish, StopReason};
use loom::thread;
use loom_tests::{Bounds, model};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

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
    idle_under(Inline(ledger.clone()), ledger)
}

fn idle_under(host: impl Host, ledger: &Ledger) -> ActorRef<Probe> {
    let (actor, runnable) = task::actor(host, None, Probe { body: Body::new(ledger) });
    drive(runnable);
    actor
}

/// How many subscriptions an event came to, where nobody waits.
fn reached(publish: Publish<Say>) -> usize {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(published)) = pin!(publish).poll(&mut context) else { panic!("nobody waits") };
    published.reached()
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

#[test]
fn a_push_against_a_stop() {
    model("push and stop", bounds(), &["refused", "handled", "shed"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let actor = idle(&ledger);
        let sub = broker.subscribe::<Say>("a", &actor).overflow(Overflow::DropOldest(2)).start().unwrap();
        let topic = broker.topic::<Say>("a").unwrap();
        let other = thread::spawn({
            let topic = topic.clone();
            move || reached(topic.publish(Say(1)))
        });
        let mut accepted = reached(topic.publish(Say(2)));
        assert_eq!(accepted, 1);
        actor.stop();
        drop(actor);
        drop(topic);
        accepted += other.join().unwrap();
        let seen = ledger.ended(1);
        let shed = sub.missed() as usize;
        assert!(seen.dead.is_empty());
        assert_eq!(seen.handled.len() + shed, accepted, "{seen:?}");
        outcomes.saw(match (accepted, shed) {
            (1, 0) => "refused",
            (_, 0) => "handled",
            _ => "shed",
        });
    });
}

#[test]
fn a_push_against_a_gate_that_is_held() {
    model("push and hold", bounds(), &["let in", "held"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let actor = idle_under(Outside(Inline(ledger.clone())), &ledger);
        let sub = broker.subscribe::<Say>("a", &actor).overflow(Overflow::DropOldest(2)).start().unwrap();
        let topic = broker.topic::<Say>("a").unwrap();
        let other = thread::spawn({
            let topic = topic.clone();
            move || reached(topic.publish(Say(1)))
        });
        weakly(&actor).hold_gate();
        assert_eq!(reached(topic.publish(Say(2))), 0, "from then on nobody is let in");
        let accepted = other.join().unwrap();
        actor.stop();
        drop(actor);
        drop(topic);
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!((seen.handled.len(), sub.missed()), (accepted, 0), "{seen:?}");
        outcomes.saw(if accepted == 0 { "held" } else { "let in" });
    });
}

#[test]
fn a_token_that_a_weak_subscriber_passes_on_while_it_is_let_go_of() {
    model("weak token", bounds(), &["none", "one", "both"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let actor = idle(&ledger);
        let weak = broker.subscribe::<Say>("a", actor.downgrade()).overflow(Overflow::DropOldest(2));
        let sub = weak.start().unwrap();
        let topic = broker.topic::<Say>("a").unwrap();
        let other = thread::spawn({
            let topic = topic.clone();
            move || reached(topic.publish(Say(1)))
        });
        let letting_go = thread::spawn(move || drop(actor));
        let mut accepted = reached(topic.publish(Say(2)));
        drop(topic);
        accepted += other.join().unwrap();
        letting_go.join().unwrap();
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!((seen.handled.len(), sub.missed()), (accepted, 0), "{seen:?}");
        outcomes.saw(["none", "one", "both"][accepted]);
    });
}
