//! A bounded mailbox holds exactly what it may hold, makes senders wait, and passes room on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use corecast::{Actor, ActorContext, Handler, Mailbox, Message};

use crate::support::{Echo, Note, Random, Seen, hold, hold_and_fill, poll_once, seed, spawn, spawn_with, system, wait};

/// One held actor: exactly `capacity` more messages have their place, and all are handled.
fn holds_exactly(capacity: u64) {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(usize::try_from(capacity).unwrap()));
    let held = hold_and_fill(&actor, capacity);
    assert_eq!(actor.mailbox_size() as u64, capacity);
    let error = actor.try_tell(Note(0)).unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.into_message().0, 0);
    let mut one_more = actor.tell(Note(capacity + 1));
    assert!(poll_once(&mut one_more).is_pending());
    held.open();
    for number in 1..=capacity + 1 {
        assert_eq!(events.note(), number);
    }
    wait(one_more).unwrap();
}

#[test]
fn capacity_1_holds_exactly_1() {
    holds_exactly(1);
}

#[test]
fn capacity_2_holds_exactly_2() {
    holds_exactly(2);
}

#[test]
fn capacity_3_holds_exactly_3() {
    holds_exactly(3);
}

#[test]
fn capacity_64_holds_exactly_64() {
    holds_exactly(64);
}

#[test]
fn capacity_1024_holds_exactly_1024() {
    holds_exactly(1024);
}

#[test]
fn capacity_1048576_holds_exactly_1048576() {
    holds_exactly(1 << 20);
}

#[test]
fn the_default_is_bounded_by_1024() {
    assert!(matches!(Mailbox::default(), Mailbox::Bounded(1024)));
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let held = hold_and_fill(&actor, 1024);
    assert!(actor.try_tell(Note(0)).unwrap_err().is_full());
    held.open();
}

#[test]
fn an_unbounded_mailbox_is_never_full() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::unbounded());
    let held = hold(&actor);
    (0..100_000).for_each(|number| actor.try_tell(Note(number)).unwrap());
    held.open();
    assert_eq!(wait(actor.send(Seen)).unwrap().len(), 100_000);
}

#[test]
fn room_comes_back_however_often_it_was_used() {
    let system = system(1);
    for capacity in [1, 2, 3, 5, 64] {
        let (actor, _events) = spawn_with(&system, Mailbox::bounded(capacity as usize));
        for _ in 0..200 {
            let held = hold_and_fill(&actor, capacity);
            assert!(actor.try_tell(Note(0)).unwrap_err().is_full());
            held.open();
        }
        assert_eq!(wait(actor.send(Seen)).unwrap().len() as u64, 200 * capacity);
    }
}

/// Looks at its own mailbox with each message, and remembers the most that it saw.
struct Watcher {
    most: Arc<AtomicUsize>,
}

struct Look;

impl Message for Look {
    type Result = ();
}

impl Actor for Watcher {}

impl Handler<Look> for Watcher {
    async fn handle(&mut self, _: Look, ctx: &mut ActorContext<Self>) {
        // ORDERING: Relaxed; read after the senders were joined and a reply came.
        self.most.fetch_max(ctx.mailbox_size(), Ordering::Relaxed);
    }
}

#[test]
fn a_flood_never_gets_above_the_capacity() {
    let system = system(2);
    for capacity in [1, 2, 3, 64] {
        let most = Arc::new(AtomicUsize::new(0));
        let watcher = Watcher { most: Arc::clone(&most) };
        let actor = wait(system.spawn(watcher).mailbox(Mailbox::bounded(capacity))).unwrap();
        let senders: Vec<_> = (0..3)
            .map(|_| {
                let actor = actor.clone();
                thread::spawn(move || (0..3_000).for_each(|_| actor.blocking_tell(Look).unwrap()))
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        wait(actor.send(Look)).unwrap();
        // ORDERING: Relaxed; as above.
        let most = most.load(Ordering::Relaxed);
        assert!(most <= capacity, "{most} messages in a mailbox of {capacity}");
    }
}

#[test]
fn a_cancelled_waiter_passes_its_room_on() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let mut first = actor.tell(Note(2));
    let second = actor.tell(Note(3));
    let mut third = actor.send(Echo(4));
    let fourth = actor.tell(Note(5));
    assert!(poll_once(&mut first).is_pending());
    assert!(poll_once(&mut third).is_pending());
    drop((first, third));
    held.open();
    assert_eq!([events.note(), events.note(), events.note()], [1, 3, 5]);
    wait(second).unwrap();
    wait(fourth).unwrap();
    // And the room is all there afterwards.
    for _ in 0..10 {
        hold_and_fill(&actor, 1).open();
    }
}

#[test]
fn all_waiters_may_cancel() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold_and_fill(&actor, 2);
    let waiting: Vec<_> = (0..100).map(|number| actor.tell(Note(number + 100))).collect();
    assert!(actor.try_tell(Note(0)).unwrap_err().is_full());
    drop(waiting);
    held.open();
    assert_eq!(wait(actor.send(Seen)).unwrap(), [1, 2]);
    hold_and_fill(&actor, 2).open();
}

#[test]
fn waiters_that_cancel_at_any_moment_lose_no_room() {
    let seed = seed("waiters_that_cancel_at_any_moment_lose_no_room");
    for capacity in [1, 2, 4] {
        let system = system(2);
        let (actor, _events) = spawn_with(&system, Mailbox::bounded(capacity));
        let senders: Vec<_> = (0..3)
            .map(|thread| {
                let actor = actor.clone();
                let mut random = Random::new(seed, thread);
                thread::spawn(move || {
                    let mut kept = 0_u64;
                    for _ in 0..3_000 {
                        let mut tells: Vec<_> = (0..=random.below(3)).map(|_| actor.tell(Note(1))).collect();
                        let give_up = random.below(2) == 0;
                        if random.below(2) == 0 {
                            tells.iter_mut().for_each(|tell| drop(poll_once(tell)));
                        } else if !give_up {
                            kept += tells.drain(..).map(|tell| wait(tell).unwrap()).count() as u64;
                        }
                    }
                    kept
                })
            })
            .collect();
        let kept: u64 = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
        // What was kept has been handled, what was dropped may have been; and nobody is stuck.
        assert!(wait(actor.send(Seen)).unwrap().len() as u64 >= kept);
        hold_and_fill(&actor, capacity as u64).open();
    }
}
