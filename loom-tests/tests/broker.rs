//! Models of the broker: publishing against unsubscribing, against the end of the actor, and against a subscription that
//! gets the retained event first; the token of a subscription that keeps events outside of the mailbox.
//!
//! The host runs an actor there and then, on the thread that scheduled it.

use crate::common::drive;
use crate::common::inline::{Body, Inline, Outside, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::task::{self, Host, weakly};
use corecast::{
    Actor, ActorContext, ActorRef, Handler, MessageBroker, Overflow, Publish, Published, StopReason, Topic,
};
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

/// What became of an event for which nobody waits.
fn published(publish: Publish<Say>) -> Published {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(published)) = pin!(publish).poll(&mut context) else { panic!("nobody waits") };
    published
}

/// How many subscriptions it came to.
fn reached(publish: Publish<Say>) -> usize {
    published(publish).reached()
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

#[test]
fn a_publish_against_an_unsubscribe_against_the_last_reference() {
    model("publish, unsubscribe, drop", bounds(), &["handled", "gone", "nobody"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let actor = idle(&ledger);
        let sub = broker.subscribe::<Say>("a", actor.downgrade()).start().unwrap();
        let topic = broker.topic::<Say>("a").unwrap();
        let publisher = thread::spawn(move || published(topic.publish(Say(1))));
        let letting_go = thread::spawn(move || drop(actor));
        sub.unsubscribe();
        let published = publisher.join().unwrap();
        letting_go.join().unwrap();
        assert!(broker.topics().is_empty());
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!(seen.handled.len(), published.reached());
        outcomes.saw(match (published.reached(), published.gone()) {
            (1, 0) => "handled",
            (0, 1) => "gone",
            (0, 0) => "nobody",
            _ => panic!("{published:?}"),
        });
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

/// A topic that retains an event with the number 1.
fn retaining(broker: &MessageBroker) -> Topic<Say> {
    let topic = broker.topic::<Say>("a").unwrap();
    topic.retain();
    drop(topic.publish(Say(1)));
    topic
}

/// Whether the event of this number has been handled.
fn has_come(ledger: &Ledger, number: u32) -> bool {
    ledger.note(|seen| seen.handled.contains(&number))
}

/// What somebody who joined while the event 2 was published has handled: that one as the retained one, or behind it.
fn joined(ledger: &Ledger, reached: usize) -> bool {
    let seen = ledger.ended(1);
    assert!(seen.dead.is_empty());
    assert_eq!(seen.handled, [1, 2][1 - reached..], "the last event before the subscription, then each once");
    reached == 1
}

#[test]
fn a_publish_against_a_subscription_that_gets_the_retained_event_first() {
    model("publish and join", bounds(), &["retained", "at once", "behind"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let topic = retaining(&broker);
        let actor = idle(&ledger);
        let publisher = thread::spawn({
            let (topic, ledger) = (topic.clone(), ledger.clone());
            move || {
                let reached = reached(topic.publish(Say(2)));
                (reached, has_come(&ledger, 2))
            }
        });
        let sub = broker.subscribe("a", actor).start().unwrap();
        let (reached, at_once) = publisher.join().unwrap();
        assert!(has_come(&ledger, 2), "nothing is left behind");
        assert_eq!(sub.missed(), 0);
        sub.unsubscribe();
        topic.forget();
        drop(topic);
        assert!(broker.topics().is_empty());
        outcomes.saw(match (joined(&ledger, reached), at_once) {
            (false, _) => "retained",
            (true, true) => "at once",
            (true, false) => "behind",
        });
    });
}

#[test]
fn two_publishes_and_a_queue_that_gets_the_retained_event_first() {
    model("publish twice and join", bounds(), &["none", "one", "both"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let topic = retaining(&broker);
        let actor = idle(&ledger);
        let publisher = thread::spawn({
            let topic = topic.clone();
            move || reached(topic.publish(Say(2))) + reached(topic.publish(Say(3)))
        });
        let sub = broker.subscribe("a", actor).overflow(Overflow::DropOldest(3)).start().unwrap();
        let reached = publisher.join().unwrap();
        assert_eq!(sub.missed(), 0);
        sub.unsubscribe();
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!(seen.handled, [1, 2, 3][2 - reached..]);
        outcomes.saw(["none", "one", "both"][reached]);
    });
}

/// Whoever first finds that the subscribing is over opens the shortcut in the list of the topic that retains nothing; the other
/// publisher may find it open, closed, or hold an older list.
#[test]
fn two_publishers_to_another_topic_and_a_subscription_that_gets_the_retained_event_first() {
    model("publish elsewhere and join", bounds(), &["none", "one", "both"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let topic = retaining(&broker);
        let other = broker.topic::<Say>("a.b").unwrap();
        let actor = idle(&ledger);
        let publisher = thread::spawn({
            let other = other.clone();
            move || reached(other.publish(Say(2))) + reached(other.publish(Say(3)))
        });
        let sub = broker.subscribe(">", actor).start().unwrap();
        assert_eq!(reached(other.publish(Say(4))), 1);
        let reached = publisher.join().unwrap();
        assert_eq!(sub.missed(), 0);
        sub.unsubscribe();
        topic.forget();
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        assert_eq!(seen.handled[0], 1, "the retained one is the first");
        let of_publisher: Vec<_> = seen.handled[1..].iter().copied().filter(|event| *event != 4).collect();
        assert_eq!(of_publisher, [2, 3][2 - reached..]);
        assert_eq!(seen.handled.len(), 2 + reached, "each comes once");
        outcomes.saw(["none", "one", "both"][reached]);
    });
}

#[test]
fn two_subscriptions_and_a_publish() {
    let expected = ["both before", "first before", "second before", "both after"];
    model("two join", bounds(), &expected, |outcomes| {
        let ledgers = [Ledger::default(), Ledger::default()];
        let broker = MessageBroker::new();
        let topic = retaining(&broker);
        let other = thread::spawn({
            let (broker, actor) = (broker.clone(), idle(&ledgers[1]));
            move || broker.subscribe::<Say>("*", actor).start().unwrap()
        });
        let publisher = thread::spawn({
            let topic = topic.clone();
            move || reached(topic.publish(Say(2)))
        });
        let sub = broker.subscribe::<Say>("a", idle(&ledgers[0])).start().unwrap();
        let reached = publisher.join().unwrap();
        other.join().unwrap().unsubscribe();
        sub.unsubscribe();
        let before = ledgers.each_ref().map(|ledger| {
            let before = has_come(ledger, 1);
            joined(ledger, usize::from(before))
        });
        assert_eq!(reached, before.iter().filter(|before| **before).count());
        outcomes.saw(match before {
            [true, true] => "both before",
            [true, false] => "first before",
            [false, true] => "second before",
            [false, false] => "both after",
        });
    });
}

#[test]
fn a_subscription_that_gets_a_retained_event_that_another_thread_is_cloning() {
    model("look and join", bounds(), &["by itself", "by the other"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let topic = retaining(&broker);
        let actor = idle(&ledger);
        let looking = thread::spawn({
            let topic = topic.clone();
            move || topic.retained().map(|say| say.0)
        });
        let sub = broker.subscribe("a", actor).start().unwrap();
        let by_itself = has_come(&ledger, 1);
        assert_eq!(looking.join().unwrap(), Some(1));
        assert_eq!(reached(topic.publish(Say(2))), 1);
        sub.unsubscribe();
        assert!(joined(&ledger, 1));
        outcomes.saw(if by_itself { "by itself" } else { "by the other" });
    });
}

#[test]
fn a_subscription_that_gets_the_retained_event_first_against_a_stop() {
    model("join and stop", bounds(), &["refused", "gone", "handled"], |outcomes| {
        let ledger = Ledger::default();
        let broker = MessageBroker::new();
        let _topic = retaining(&broker);
        let actor = idle(&ledger);
        let stopping = thread::spawn({
            let actor = actor.clone();
            move || actor.stop()
        });
        let sub = broker.subscribe::<Say>("a", actor).start();
        stopping.join().unwrap();
        assert!(broker.subscribers("a").unwrap().is_empty(), "nobody is left in the list");
        let seen = ledger.ended(1);
        assert!(seen.dead.is_empty());
        outcomes.saw(match (sub, &seen.handled[..]) {
            (Err(_), []) => "refused",
            (Ok(sub), handled) => {
                assert!(!sub.is_active());
                if handled.is_empty() { "gone" } else { "handled" }
            }
            (Err(error), handled) => panic!("{error}, and {handled:?}"),
        });
    });
}
