//! Verbs act at the call: what they do, they do whether their future is polled, waited for or dropped.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use corecast::{ActorRef, Mailbox, TryTellErrorReason};
use futures::FutureExt;

use crate::support::{
    Carry, CountWakes, Echo, Note, Probe, Seen, eventually, hold, hold_and_fill, poll_once, spawn, spawn_with, system,
    wait,
};

/// What the actor has noted, by a request that queues behind everything else.
fn seen(actor: &ActorRef<Probe>) -> Vec<u64> {
    wait(actor.send(Seen)).unwrap()
}

#[test]
fn a_never_polled_tell_is_delivered() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    drop(actor.tell(Note(1)));
    assert_eq!(seen(&actor), [1]);
}

#[test]
fn a_never_polled_send_is_handled() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    drop(actor.send(Note(1)));
    drop(actor.try_send(Note(2)).unwrap());
    assert_eq!([events.note(), events.note()], [1, 2]);
}

#[test]
fn a_tell_with_room_is_ready_at_its_first_poll() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    let mut tell = actor.tell(Note(1));
    assert_eq!(actor.mailbox_size(), 1);
    assert!(matches!(poll_once(&mut tell), Poll::Ready(Ok(()))));
    assert_eq!(actor.mailbox_size(), 1);
    held.open();
}

#[test]
fn a_waiting_tell_is_placed_though_never_polled() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let waiting = actor.tell(Note(2));
    held.open();
    assert_eq!([events.note(), events.note()], [1, 2]);
    // Only now, long after its message was handled.
    wait(waiting).unwrap();
}

#[test]
fn a_waiting_tell_is_placed_though_never_polled_again() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let wakes = Arc::new(CountWakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut waiting = actor.tell(Note(2));
    assert!(waiting.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(wakes.count(), 0);
    held.open();
    assert_eq!([events.note(), events.note()], [1, 2]);
    eventually("the one who waits is woken", || wakes.count() == 1);
    assert!(matches!(poll_once(&mut waiting), Poll::Ready(Ok(()))));
}

#[test]
fn a_waiting_send_is_handled_though_never_polled() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let waiting = actor.send(Note(2));
    held.open();
    assert_eq!([events.note(), events.note()], [1, 2]);
    wait(waiting).unwrap();
}

#[test]
fn a_dropped_waiting_future_withdraws_its_message() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let (told, sent) = (Arc::new(()), Arc::new(()));
    let mut tell = actor.tell(Carry(Arc::clone(&told)));
    let send = actor.send(Carry(Arc::clone(&sent)));
    let last = actor.tell(Note(2));
    assert!(poll_once(&mut tell).is_pending());
    drop((tell, send));
    assert_eq!((Arc::strong_count(&told), Arc::strong_count(&sent)), (1, 1));
    held.open();
    wait(last).unwrap();
    assert_eq!(seen(&actor), [1, 2]);
}

#[test]
fn a_dropped_placed_future_recalls_nothing() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold_and_fill(&actor, 1);
    let placed = actor.tell(Note(2));
    eventually("it is placed", || actor.mailbox_size() == 2);
    drop(placed);
    drop(actor.tell(Note(3)));
    let waiting = actor.tell(Note(4));
    held.open();
    wait(waiting).unwrap();
    // 3 waited and was withdrawn; 4 waited and was kept.
    assert_eq!(seen(&actor), [1, 2, 4]);
}

#[test]
fn later_calls_queue_behind_those_that_wait() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(3));
    let held = hold_and_fill(&actor, 3);
    let tells: Vec<_> = (4..=6).map(|number| actor.tell(Note(number))).collect();
    let send = actor.send(Note(7));
    let (first, second) = (actor.clone(), actor.clone());
    held.open();
    wait(first.tell(Note(8))).unwrap();
    second.blocking_tell(Note(9)).unwrap();
    tells.into_iter().for_each(|tell| wait(tell).unwrap());
    wait(send).unwrap();
    assert_eq!(seen(&actor), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn try_verbs_say_full_and_give_the_message_back() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold_and_fill(&actor, 2);
    let error = actor.try_tell(Note(9)).unwrap_err();
    assert!(error.is_full());
    assert!(matches!(error.reason(), TryTellErrorReason::Full));
    assert_eq!(error.actor().id(), actor.id());
    assert_eq!(error.into_message().0, 9);
    let error = actor.try_send(Echo(8)).unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.into_message().0, 8);
    held.open();
    assert_eq!(seen(&actor), [1, 2]);
}

#[test]
fn try_tell_says_full_while_someone_waits() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let waiting: Vec<_> = (2..=3).map(|number| actor.tell(Note(number))).collect();
    assert!(actor.try_tell(Note(9)).unwrap_err().is_full());
    held.open();
    waiting.into_iter().for_each(|tell| wait(tell).unwrap());
    assert_eq!(seen(&actor), [1, 2, 3]);
}

#[test]
fn blocking_verbs_wait_for_room() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let teller = thread::spawn({
        let actor = actor.clone();
        move || actor.blocking_tell(Note(2))
    });
    let asker = thread::spawn({
        let actor = actor.clone();
        move || actor.blocking_send(Echo(3))
    });
    held.open();
    teller.join().unwrap().unwrap();
    assert_eq!(asker.join().unwrap().unwrap(), 3);
    assert_eq!(seen(&actor), [1, 2]);
}

#[test]
fn a_reply_that_came_before_the_first_poll_is_kept() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let mut early = actor.send(Echo(1));
    // Queues behind it: once answered, the early one has been answered too.
    wait(actor.send(Echo(2))).unwrap();
    assert!(matches!(poll_once(&mut early), Poll::Ready(Ok(1))));
}

#[test]
fn a_reply_wakes_whoever_polled_last() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    let [first, last] = [(); 2].map(|()| Arc::new(CountWakes::default()));
    let mut echo = actor.send(Echo(1));
    for wakes in [&first, &first, &last] {
        let waker = Waker::from(Arc::clone(wakes));
        assert!(echo.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    }
    held.open();
    wait(actor.send(Echo(2))).unwrap();
    eventually("the last is woken", || last.count() == 1);
    assert_eq!(first.count(), 0);
    assert_eq!(wait(echo).unwrap(), 1);
}

#[test]
fn a_reply_that_nobody_wants_is_dropped_and_harms_nobody() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    for when in 0..100 {
        let mut echo = actor.send(Echo(when));
        if when % 2 == 0 {
            let _ = poll_once(&mut echo);
        }
        drop(echo);
    }
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
}
