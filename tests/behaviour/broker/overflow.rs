//! What becomes of events for which there is no room.

use corecast::{ActorRef, Overflow, Subscription};

use super::stress::Teller;
use super::{Listener, Tick, heard, heard_with_gaps, hold, listener, narrow};
use crate::support::{Hold, Note, close, eventually, hold_then_panic, observed, spawn, system, wait};

fn subscribe(system: &corecast::ActorSystem, actor: &ActorRef<Listener>, overflow: Overflow) -> Subscription<Tick> {
    wait(system.broker().subscribe("clock", actor).overflow(overflow)).unwrap()
}

#[test]
fn the_newest_is_dropped_and_counted() {
    let system = system(1);
    let actor = narrow(&system);
    let sub = subscribe(&system, &actor, Overflow::DropNewest);
    let held = hold(&actor);
    // Waits until the held message's own room is back.
    wait(actor.tell(Tick(1))).unwrap();
    for tick in 2..5 {
        let published = wait(system.broker().publish("clock", Tick(tick))).unwrap();
        assert_eq!((published.reached(), published.shed()), (0, 1));
    }
    assert_eq!(sub.missed(), 3);
    held.open();
    assert_eq!(heard_with_gaps(&actor), [(1, 0)]);
    // The next one's handler is told, and the one after that isn't. Each try without room counts as well.
    let reaches = |tick| wait(system.broker().publish("clock", Tick(tick))).unwrap().reached() == 1;
    eventually("there is room", || reaches(5));
    let missed = sub.missed();
    assert_eq!(heard_with_gaps(&actor), [(1, 0), (5, missed)]);
    eventually("there is room", || reaches(6));
    assert_eq!(heard_with_gaps(&actor), [(1, 0), (5, missed), (6, sub.missed() - missed)]);
}

#[test]
fn the_oldest_is_displaced_and_counted() {
    let system = system(1);
    let actor = listener(&system);
    let sub = subscribe(&system, &actor, Overflow::DropOldest(3));
    let held = hold(&actor);
    for tick in 0..10 {
        let published = wait(system.broker().publish("clock", Tick(tick))).unwrap();
        assert_eq!((published.reached(), published.shed()), (1, usize::from(tick >= 3)));
        assert_eq!(actor.mailbox_size(), 1, "one token");
    }
    assert_eq!(sub.missed(), 7);
    held.open();
    eventually("all have come", || heard(&actor).len() == 3);
    assert_eq!(heard_with_gaps(&actor), [(7, 7), (8, 0), (9, 0)]);
}

#[test]
fn the_latest_alone_is_kept() {
    let system = system(1);
    let actor = listener(&system);
    let sub = subscribe(&system, &actor, Overflow::Latest);
    for round in 0..3 {
        let held = hold(&actor);
        for tick in 0..100 {
            assert_eq!(wait(system.broker().publish("clock", Tick(round * 100 + tick))).unwrap().reached(), 1);
        }
        held.open();
        assert_eq!(heard_with_gaps(&actor).last(), Some(&(round * 100 + 99, 99)));
    }
    assert_eq!(sub.missed(), 297);
    assert_eq!(heard(&actor).len(), 3);
}

#[test]
fn a_subscription_that_sheds_never_makes_its_publisher_wait() {
    let system = system(1);
    let actor = narrow(&system);
    let held = hold(&actor);
    let filler = actor.tell(Tick(1_000));
    let second = actor.tell(Tick(1_001));
    let subs =
        [Overflow::DropNewest, Overflow::DropOldest(2), Overflow::Latest].map(|it| subscribe(&system, &actor, it));
    for tick in 0..5 {
        wait(system.broker().publish("clock", Tick(tick))).unwrap();
    }
    assert_eq!(subs.each_ref().map(Subscription::missed), [5, 3, 4]);
    held.open();
    wait(filler).unwrap();
    wait(second).unwrap();
    // Tokens that had no room were placed when there was some.
    eventually("all have come", || heard(&actor).len() == 5);
    assert_eq!(heard(&actor)[..2], [1_000, 1_001]);
    let mut rest = heard(&actor)[2..].to_vec();
    rest.sort_unstable();
    assert_eq!(rest, [3, 4, 4]);
    // And the tokens are to be had again.
    wait(system.broker().publish("clock", Tick(9))).unwrap();
    eventually("the rings go on", || heard(&actor).iter().filter(|tick| **tick == 9).count() >= 2);
}

#[test]
fn a_token_s_turn_comes_between_other_messages() {
    let system = system(1);
    let actor = listener(&system);
    let _sub = subscribe(&system, &actor, Overflow::DropOldest(8));
    let held = hold(&actor);
    for tick in 0..3 {
        wait(system.broker().publish("clock", Tick(tick))).unwrap();
    }
    wait(actor.tell(Tick(100))).unwrap();
    held.open();
    eventually("all have come", || heard(&actor).len() == 4);
    assert_eq!(heard(&actor)[..2], [0, 100], "the token goes to the back after each event");
}

#[test]
fn a_stop_handles_all_events_that_were_kept() {
    let (system, records) = observed(1);
    for overflow in [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(8)] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let actor = wait(system.spawn(Teller(sender))).unwrap();
        let sub = wait(system.broker().subscribe::<Tick>("clock", &actor).overflow(overflow)).unwrap();
        let (hold, held) = Hold::new();
        wait(actor.tell(hold)).unwrap();
        held.entered();
        for tick in 0..5 {
            assert_eq!(wait(system.broker().publish("clock", Tick(tick))).unwrap().reached(), 1);
        }
        actor.stop();
        held.open();
        wait(actor.stopped());
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4], "{overflow:?}");
        assert_eq!(sub.missed(), 0);
    }
    assert!(close(system, &records).letters.is_empty());
}

#[test]
fn a_kill_leaves_a_dead_letter_for_each_event_that_was_kept() {
    let (system, records) = observed(1);
    for overflow in [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(8)] {
        let actor = listener(&system);
        let sub = subscribe(&system, &actor, overflow);
        let held = hold(&actor);
        for tick in 0..5 {
            assert_eq!(wait(system.broker().publish("clock", Tick(tick))).unwrap().reached(), 1);
        }
        actor.kill();
        drop(held);
        wait(actor.stopped());
        let numbers: Vec<_> = (0..5).map(|_| records.letter().downcast::<Tick>().unwrap().0).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4], "{overflow:?}");
        assert_eq!(sub.missed(), 0);
    }
    assert!(close(system, &records).letters.is_empty());
}

#[test]
fn a_panic_leaves_a_dead_letter_for_each_event_that_was_kept() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn(&system);
    let sub = wait(system.broker().subscribe::<Note>("notes", &actor).overflow(Overflow::DropOldest(8))).unwrap();
    let held = hold_then_panic(&actor, "on purpose");
    for number in 0..4 {
        wait(system.broker().publish("notes", Note(number))).unwrap();
    }
    held.open();
    wait(actor.stopped());
    let letters = close(system, &records).letters;
    assert!(letters.iter().all(|letter| letter.message_type().ends_with("Note")));
    assert_eq!(letters.len(), 4);
    assert_eq!(sub.missed(), 0);
}

#[test]
fn a_weak_subscription_s_kept_events_are_handled_before_its_actor_ends() {
    let (system, records) = observed(1);
    let (sender, receiver) = std::sync::mpsc::channel();
    let actor = wait(system.spawn(Teller(sender))).unwrap();
    wait(system.broker().subscribe::<Tick>("clock", actor.downgrade()).overflow(Overflow::DropOldest(8))).unwrap();
    let (hold, held) = Hold::new();
    wait(actor.tell(hold)).unwrap();
    held.entered();
    for tick in 0..5 {
        wait(system.broker().publish("clock", Tick(tick))).unwrap();
    }
    let stopped = actor.stopped();
    drop(actor);
    held.open();
    wait(stopped);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(close(system, &records).letters.is_empty());
}
