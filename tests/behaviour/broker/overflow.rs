//! What becomes of events for which there is no room.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Wake, Waker};

use corecast::{Actor, ActorContext, ActorRef, Handler, Overflow, StopReason, Subscription};

use super::stress::Teller;
use super::{Listener, Tick, heard, heard_with_gaps, hold, listener, narrow};
use crate::support::{Hold, Note, close, eventually, hold_then_panic, later, observed, spawn, system, wait};

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

#[test]
fn a_shutdown_refuses_events_from_outside_while_others_wait() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest(8), Overflow::Latest] {
        let system = system(1);
        let (sender, receiver) = channel();
        let actor = wait(system.spawn(Teller(sender))).unwrap();
        let sub = wait(system.broker().subscribe::<Tick>("clock", &actor).overflow(overflow)).unwrap();
        let (hold, held) = Hold::new();
        wait(actor.tell(hold)).unwrap();
        held.entered();
        let publish = |tick| {
            let published = wait(system.broker().publish("clock", Tick(tick))).unwrap();
            (published.reached(), published.shed(), published.gone())
        };
        assert_eq!(publish(1), (1, 0, 0));
        let shutdown = system.shutdown();
        assert_eq!(publish(2), (0, 0, 1), "{overflow:?}");
        held.open();
        assert!(wait(shutdown).is_clean());
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1], "{overflow:?}");
        assert_eq!(sub.missed(), 0);
    }
}

#[test]
fn a_shutdown_lets_events_from_inside_pass_whoever_is_refused() {
    for overflow in [Overflow::DropOldest(8), Overflow::Latest] {
        let (system, records) = observed(2);
        let (sender, receiver) = channel();
        let actor = wait(system.spawn(Teller(sender))).unwrap();
        let sub = wait(system.broker().subscribe::<Tick>("clock", &actor).overflow(overflow)).unwrap();
        let (inside, _events) = spawn(&system);
        let (hold, held) = Hold::new();
        wait(actor.tell(hold)).unwrap();
        held.entered();
        let (open, opened) = futures::channel::oneshot::channel::<()>();
        let answer = inside.send(later(move |ctx| {
            Box::pin(async move {
                let _ = opened.await;
                let broker = ctx.system().broker().expect("the system is there");
                broker.publish("clock", Tick(1)).await.unwrap().reached() as u64
            })
        }));
        let shutdown = system.shutdown();
        let refused = || wait(system.broker().publish("clock", Tick(2))).unwrap().gone();
        assert_eq!(refused(), 1);
        open.send(()).unwrap();
        assert_eq!(wait(answer).unwrap(), 1);
        assert_eq!(refused(), 1);
        held.open();
        assert!(wait(shutdown).is_clean());
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1], "{overflow:?}");
        assert_eq!(sub.missed(), 0);
        assert!(close(system, &records).letters.is_empty());
    }
}

/// What becomes of an actor that has handled its second event.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Killed,
    Panics,
}

/// Tells each tick to somebody else, who tells it on, and then meets its fate. None of that waits.
struct Brief {
    heard: Sender<u64>,
    other: ActorRef<Teller>,
    fate: Option<Fate>,
}

impl Actor for Brief {}

impl Handler<Tick> for Brief {
    async fn handle(&mut self, tick: Tick, ctx: &mut ActorContext<Self>) {
        let _ = self.heard.send(tick.0);
        let _ = self.other.try_tell(Tick(100 + tick.0));
        match self.fate.filter(|_| tick.0 == 1) {
            Some(Fate::Killed) => ctx.actor_ref().kill(),
            Some(Fate::Panics) => panic!("on purpose"),
            None => {}
        }
    }
}

impl Handler<Hold> for Brief {
    async fn handle(&mut self, hold: Hold, _ctx: &mut ActorContext<Self>) {
        hold.stay().await;
    }
}

/// Publishes five events for a `Brief` that is stopped before it comes to them. What was heard, how it ended, and the
/// dead letters.
fn stopped_before_five_events(fate: Option<Fate>) -> (Vec<u64>, StopReason, Vec<u64>) {
    let (system, records) = observed(1);
    let (heard, receiver) = channel();
    let other = wait(system.spawn(Teller(heard.clone()))).unwrap();
    let actor = wait(system.spawn(Brief { heard, other, fate })).unwrap();
    let sub = wait(system.broker().subscribe::<Tick>("clock", &actor).overflow(Overflow::DropOldest(8))).unwrap();
    let (hold, held) = Hold::new();
    wait(actor.tell(hold)).unwrap();
    held.entered();
    for tick in 0..5 {
        assert_eq!(wait(system.broker().publish("clock", Tick(tick))).unwrap().reached(), 1);
    }
    actor.stop();
    assert_eq!(wait(system.broker().publish("clock", Tick(5))).unwrap().gone(), 1);
    held.open();
    let reason = wait(actor.stopped());
    assert_eq!(sub.missed(), 0);
    // Without those of the other one, which may be killed with the system.
    let letters = close(system, &records).letters.into_iter().filter(|letter| letter.actor().id() == actor.id());
    let left = letters.map(|letter| {
        assert_eq!(letter.cause().to_string(), reason.to_string());
        letter.downcast::<Tick>().unwrap().0
    });
    let left = left.collect();
    (receiver.try_iter().collect(), reason, left)
}

#[test]
fn others_have_their_turn_while_a_stopped_actor_goes_through_its_events() {
    let (heard, reason, left) = stopped_before_five_events(None);
    assert!(matches!(reason, StopReason::Stopped));
    assert!(left.is_empty());
    assert_eq!(heard.iter().copied().filter(|tick| *tick < 100).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let place = |tick| heard.iter().position(|it| *it == tick);
    assert!(place(100).is_some() && place(100) < place(4), "{heard:?}");
}

#[test]
fn a_stopped_actor_that_fails_leaves_the_rest_of_its_events_as_dead_letters() {
    for fate in [Fate::Killed, Fate::Panics] {
        let (mut heard, reason, left) = stopped_before_five_events(Some(fate));
        heard.retain(|tick| *tick < 100);
        assert_eq!((heard, left), (vec![0, 1], vec![2, 3, 4]), "{fate:?}");
        match fate {
            Fate::Killed => assert!(matches!(reason, StopReason::Killed)),
            Fate::Panics => assert!(matches!(reason, StopReason::Panicked(_))),
        }
    }
}

#[test]
fn a_filter_that_panics_counts_alike_for_all() {
    let system = system(1);
    for overflow in [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(8), Overflow::Latest] {
        let actor = listener(&system);
        let sub = wait(system.broker().subscribe("clock", &actor).overflow(overflow).filter(|tick: &Tick| {
            assert!(tick.0 != 1, "a filter's panic");
            true
        }))
        .unwrap();
        for tick in 0..3 {
            let published = wait(system.broker().publish("clock", Tick(tick))).unwrap();
            let reached = usize::from(tick != 1);
            assert_eq!((published.reached(), published.shed(), published.gone()), (reached, 0, 0), "{overflow:?}");
            assert_eq!(heard(&actor).last(), Some(&if tick == 1 { 0 } else { tick }));
        }
        assert_eq!(sub.missed(), 1, "{overflow:?}");
        assert_eq!(heard_with_gaps(&actor), [(0, 0), (2, 0)], "{overflow:?}");
        sub.unsubscribe();
    }
}

/// Counts wakes.
#[derive(Default)]
struct Wakes(AtomicU64);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        // ORDERING: Relaxed; a count.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_publisher_that_waits_for_several_is_woken_for_the_last_of_them() {
    let system = system(1);
    let actors = [(); 3].map(|()| narrow(&system));
    let _subs = actors.each_ref().map(|actor| subscribe(&system, actor, Overflow::Wait));
    let [first, second, third] = actors.each_ref().map(|actor| {
        let held = hold(actor);
        wait(actor.tell(Tick(1))).unwrap();
        held
    });
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    // ORDERING: Relaxed; a count.
    let woken = || wakes.0.load(Ordering::Relaxed);
    let mut publish = system.broker().publish("clock", Tick(2));
    let mut poll = || Pin::new(&mut publish).poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    // Placed without being polled.
    for (held, actor) in [(first, &actors[0]), (second, &actors[1])] {
        held.open();
        eventually("it has come", || heard(actor) == [1, 2]);
    }
    assert_eq!(woken(), 0);
    third.open();
    eventually("there is a wake", || woken() == 1);
    let Poll::Ready(Ok(published)) = poll() else { panic!("nobody is left") };
    assert_eq!((published.reached(), published.shed(), published.gone()), (3, 0, 0));
}
