//! Close: what was accepted is handled, all else comes back, and the end is run once, by whoever has the right.

use super::actor::{Actor, Note, ROOMY, Told, join, once_in_order};
use corecast::loom_api::mailbox::Refusal;
use loom::thread;
use loom_tests::{Bounds, model_in_all_modes as model};

#[test]
fn close_against_send_against_idle() {
    let expected = ["accepted", "refused", "closer ran the end", "sender ran the end"];
    model("close, send, idle", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(ROOMY);
        let sender = actor.spawn(|actor| {
            let mut sent = Vec::new();
            for number in 0..2 {
                match actor.try_tell((1, number)) {
                    Told::Accepted => sent.push((1, number)),
                    Told::Refused(refusal) => assert_eq!(refusal, Refusal::Closed),
                }
            }
            sent
        });
        let closer = actor.spawn(|actor| {
            thread::yield_now();
            actor.close();
        });
        closer.join().unwrap();
        let sent = sender.join().unwrap();
        let (handled, runs, drained) = actor.settle();
        assert!(drained, "the end is run");
        assert_eq!(handled, sent, "what was accepted is handled");
        outcomes.saw(if sent.is_empty() { "refused" } else { "accepted" });
        outcomes.saw(if runs == 2 + sent.len() { "closer ran the end" } else { "sender ran the end" });
    });
}

/// Two senders and a closer: what was accepted is handled, by whoever has the right, and the end is run once.
#[test]
fn close_against_two_senders() {
    let expected = ["both accepted", "one refused", "both refused"];
    model("close, two senders", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(ROOMY);
        let senders = [1, 2].map(|sender| actor.spawn(move |actor| actor.try_tell((sender, 0)) == Told::Accepted));
        actor.close();
        let accepted = join(senders);
        let (handled, _, drained) = actor.settle();
        assert!(drained, "the end is run");
        let sent: Vec<_> =
            [(1, 0), (2, 0)].into_iter().zip(accepted).filter(|(_, yes)| *yes).map(|(note, _)| note).collect();
        once_in_order(&handled, &sent);
        outcomes.saw(["both refused", "one refused", "both accepted"][sent.len()]);
    });
}

/// With one place and a waiting sender: its message is handled or comes back.
#[test]
fn close_against_a_waiting_sender() {
    let expected = ["accepted", "came back", "waited", "refused"];
    model("close, waiting", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        let sender = actor.spawn(|actor| actor.tell((1, 1)));
        let closer = actor.spawn(Actor::close);
        thread::yield_now();
        actor.run();
        let told = sender.join().unwrap();
        closer.join().unwrap();
        let (handled, _, drained) = actor.settle();
        assert!(drained);
        match told {
            Told::Accepted => {
                outcomes.saw("accepted");
                assert_eq!(handled, [(1, 0), (1, 1)]);
            }
            Told::Refused(refusal) => {
                outcomes.saw(if refusal == Refusal::Closed { "refused" } else { "came back" });
                assert_eq!(handled, [(1, 0)]);
            }
        }
        if actor.tally.waited.get() > 0 {
            outcomes.saw("waited");
        }
    });
}

/// Whoever waits withdraws while the mailbox is closed: the message is handled, or comes back, once.
#[test]
fn close_against_a_withdrawal() {
    let expected = ["placed", "came back"];
    model("close, withdrawal", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        let ticket = actor.wait((1, 1));
        let runner = actor.runner();
        let closer = actor.spawn(Actor::close);
        let placed = actor.end(ticket) == Told::Accepted;
        outcomes.saw(if placed { "placed" } else { "came back" });
        join([runner, closer]);
        let (handled, _, drained) = actor.settle();
        assert!(drained);
        assert_eq!(handled.len(), 1 + usize::from(placed));
    });
}

/// What the closer wrote is visible to whoever finds the mailbox closed.
#[test]
fn closed_is_seen_with_the_reason() {
    model("closed and reason", Bounds::default(), &["open", "closed"], |outcomes| {
        let actor = Actor::<Note>::idle(ROOMY);
        let closer = actor.spawn(Actor::close);
        thread::yield_now();
        if actor.mailbox.is_closed() {
            outcomes.saw("closed");
            // SAFETY: loom checks it: whoever sees Closed comes after the closer's write.
            actor.reason.with(|reason| assert_eq!(unsafe { *reason }, 1));
        } else {
            outcomes.saw("open");
        }
        closer.join().unwrap();
    });
}
