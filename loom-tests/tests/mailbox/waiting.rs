//! Waiting senders: knock against credit and rest, withdrawal against serving, and the order of the line.

use super::actor::{Actor, Count, Note, Told, WAITED, join, notes};
use corecast::loom_api::mailbox::Refusal;
use loom_tests::{Bounds, model_in_all_modes as model};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// One place: every second message waits. The line's whereabouts are written by the only one who waits.
#[test]
fn a_waiting_sender_gets_its_place() {
    for capacity in [1, 2] {
        model("waiting sender", Bounds::default(), &["waited", "had room", "credited"], move |outcomes| {
            let actor = Actor::new(capacity);
            let sender = actor.spawn(move |actor| {
                for note in notes(1, 0..capacity) {
                    assert_eq!(actor.try_tell(note), Told::Accepted);
                }
                actor.lay_line();
                assert_eq!(actor.tell((1, capacity)), Told::Accepted);
            });
            let runner = actor.late_runner();
            actor.settle_after([sender, runner], &notes(1, 0..capacity + 1).collect::<Vec<_>>());
            actor.has_all_its_room();
            outcomes.saw(if actor.tally.waited.get() > 0 { "waited" } else { "had room" });
            if actor.tally.credited.get() > 0 {
                outcomes.saw("credited");
            }
        });
    }
}

/// The handler suspends with its first message: room comes back before that, and whoever waits gets it, or sees it.
/// Nobody rests until then.
#[test]
fn room_comes_back_before_a_suspension() {
    let expected = ["waited", "had room", "served"];
    for capacity in [1, 8] {
        model("suspension", Bounds::default(), &expected, move |outcomes| {
            let actor = Actor::<Note>::full(capacity);
            let sender = actor.patient_sender(2, 0..1);
            let runner = actor.spawn(|actor| {
                // SAFETY: the right to run a new actor is ours.
                let mut reader = unsafe { actor.mailbox.reader() };
                assert_eq!(reader.next(), Some((1, 0)));
                let served = reader.credit(true);
                if served {
                    actor.serve();
                }
                served
            });
            // If room was lost, this is where the model stops.
            sender.join().unwrap();
            if runner.join().unwrap() {
                outcomes.saw("served");
            }
            outcomes.saw(if actor.tally.waited.get() > 0 { "waited" } else { "had room" });
            actor.run();
            assert_eq!(actor.settle().0, notes(1, 1..capacity).chain([(2, 0)]).collect::<Vec<_>>());
            actor.has_all_its_room();
        });
    }
}

#[test]
fn two_waiting_senders_keep_the_order_of_their_calls() {
    let expected = [WAITED[0], WAITED[1], WAITED[2], "first came first"];
    model("two waiting senders", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::<Note>::idle(1);
        actor.lay_line();
        let senders = [actor.patient_sender(1, 0..2), actor.patient_sender(2, 0..1)];
        let (handled, _) = actor.settle_after(senders, &[(1, 0), (1, 1), (2, 0)]);
        actor.tally.say_waited(outcomes);
        actor.has_all_its_room();
        if handled[0].0 == 1 {
            outcomes.saw("first came first");
        }
    });
}

/// Two places, both taken: each of two senders waits for the other's runs.
#[test]
fn two_senders_wait_for_two_places() {
    // At two preemptions it takes more than a minute.
    let bounds = Bounds { preemptions: Some(1), ..Bounds::default() };
    model("two waiting, two places", bounds, &WAITED, |outcomes| {
        let actor = Actor::new(2);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        assert_eq!(actor.try_tell((2, 0)), Told::Accepted);
        let senders = [actor.patient_sender(1, 1..2), actor.patient_sender(2, 1..2)];
        actor.run();
        actor.settle_after(senders, &[(1, 0), (2, 0), (1, 1), (2, 1)]);
        actor.tally.say_waited(outcomes);
        actor.has_all_its_room();
    });
}

/// Whoever waits is placed before those who call later, and needn't be polled for it. Waits that are withdrawn
/// leave no trace.
#[test]
fn cancelled_waiters_pass_their_turn_on() {
    let expected = ["withdrawn", "placed", "second waited behind", "second had room"];
    model("cancelled waiter", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        // Two wait in line before anything runs, the first of them withdraws meanwhile.
        let mut first = actor.wait((1, 1));
        assert!(actor.mailbox.poll(&mut first, Waker::noop()).is_pending());
        let runner = actor.late_runner();
        let second = actor.patient_sender(2, 0..1);
        let withdrawn = actor.end(first) != Told::Accepted;
        join([runner, second]);
        let (handled, ..) = actor.settle();
        if withdrawn {
            outcomes.saw("withdrawn");
            assert_eq!(handled, [(1, 0), (2, 0)]);
        } else {
            outcomes.saw("placed");
            assert_eq!(handled, [(1, 0), (1, 1), (2, 0)], "the order of the calls");
        }
        outcomes.saw(if actor.tally.waited.get() == 2 { "second waited behind" } else { "second had room" });
        actor.has_all_its_room();
    });
}

/// Three in line, the middle one withdraws while the line is served.
#[test]
fn a_waiter_leaves_from_the_middle() {
    let expected = ["withdrawn", "placed"];
    model("leave from the middle", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        let [first, middle, last] = [1, 2, 3].map(|number| actor.wait((1, number)));
        let runner = actor.runner();
        let withdrawn = actor.end(middle) != Told::Accepted;
        outcomes.saw(if withdrawn { "withdrawn" } else { "placed" });
        runner.join().unwrap();
        for mut ticket in [first, last] {
            assert!(actor.mailbox.poll(&mut ticket, Waker::noop()).is_ready(), "placed without being polled");
            assert_eq!(actor.end(ticket), Told::Accepted);
        }
        let expected: Vec<_> = notes(1, 0..4).filter(|note| !withdrawn || *note != (1, 2)).collect();
        assert_eq!(actor.settle().0, expected);
        actor.has_all_its_room();
    });
}

/// `try_tell` says Full while somebody waits, and a wait that has ended lets it through again.
#[test]
fn nobody_overtakes_the_line() {
    let expected = ["refused", "accepted behind"];
    model("overtaking", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        let ticket = actor.wait((1, 1));
        let runner = actor.late_runner();
        let other = actor.spawn(|actor| match actor.join((2, 0), false, true) {
            Ok(told) => told,
            Err(_) => panic!("didn't ask to wait"),
        });
        runner.join().unwrap();
        let told = other.join().unwrap();
        assert_eq!(actor.end(ticket), Told::Accepted, "placed without being polled");
        let (handled, ..) = actor.settle();
        match told {
            Told::Accepted => {
                outcomes.saw("accepted behind");
                assert_eq!(handled, [(1, 0), (1, 1), (2, 0)]);
            }
            Told::Refused(refusal) => {
                outcomes.saw("refused");
                assert_eq!(refusal, Refusal::Full);
                assert_eq!(handled, [(1, 0), (1, 1)]);
            }
        }
        actor.has_all_its_room();
    });
}

/// Counts wakes.
#[derive(Default)]
struct Wakes(Count);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

/// A waiting sender is woken once, through the waker of its last poll and no other.
#[test]
fn a_waiting_sender_is_woken_through_its_last_waker() {
    let expected = ["ready at first", "ready at second", "first was woken", "second was woken"];
    model("waker of a waiter", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        let mut ticket = actor.wait((1, 1));
        let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
        let runner = actor.runner();
        let waker = |wakes: &Arc<Wakes>| Waker::from(Arc::clone(wakes));
        let mut polled = [false; 2];
        for (place, wakes) in polled.iter_mut().zip([&first, &second]) {
            if actor.mailbox.poll(&mut ticket, &waker(wakes)).is_ready() {
                break;
            }
            *place = true;
        }
        runner.join().unwrap();
        let woken = [&first, &second].map(|wakes| wakes.0.get());
        match polled {
            [false, _] => {
                outcomes.saw("ready at first");
                assert_eq!(woken, [0, 0]);
            }
            [true, false] => {
                outcomes.saw("ready at second");
                outcomes.saw("first was woken");
                assert_eq!(woken, [1, 0]);
            }
            [true, true] => {
                outcomes.saw("second was woken");
                assert_eq!(woken, [0, 1]);
            }
        }
        assert_eq!([&first, &second].map(Arc::strong_count), [1, 1], "no waker is left over");
        assert_eq!(actor.end(ticket), Told::Accepted);
        assert_eq!(actor.settle().0, [(1, 0), (1, 1)]);
    });
}
