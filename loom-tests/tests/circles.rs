//! Models of who waits for whom: circles that close at once, and waits that never were at the same time.
//!
//! Members are known by their seats. What a suspension leaves to be done is done by whoever wakes: so an execution in which
//! nobody is told and nobody is woken leaves the members suspended, and the model sees it.
#![cfg(corecast_loom)]

use corecast::loom_api::task::{Census, State, Waits};
use loom::thread;
use loom_tests::{Bounds, linger, model};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The task words of members who do nothing but wait.
#[derive(Clone)]
struct Words {
    words: Arc<[State]>,
    /// How many were told of a circle. Outside of the model.
    told: Arc<AtomicUsize>,
}

impl Words {
    fn new(members: usize) -> Self {
        Self { words: (0..members).map(|_| State::new()).collect(), told: Arc::default() }
    }

    fn of(&self, seat: u32) -> &State {
        &self.words[seat as usize]
    }

    fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed)
    }
}

impl Census for Words {
    fn is_suspended(&self, seat: u32) -> bool {
        self.of(seat).is_suspended()
    }

    fn break_wait(&self, seat: u32) -> bool {
        let broken = self.of(seat).break_wait();
        self.told.fetch_add(usize::from(broken), Ordering::Relaxed);
        broken
    }
}

/// What a runner does when the handler of `member` waits for `targets`. Returns whether it was suspended.
fn wait(words: &Words, waits: &Waits, member: u32, targets: &[u32]) -> bool {
    let seen = words.of(member).look();
    waits.publish(member, targets);
    let suspended = words.of(member).suspend(seen);
    if suspended {
        waits.look(member, targets);
    }
    suspended
}

#[test]
fn two_that_wait_for_each_other_at_once() {
    let expected = ["one was told", "both were told"];
    model("two closers", Bounds::default(), &expected, |outcomes| {
        let words = Words::new(2);
        let waits = Arc::new(Waits::new(words.clone()));
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let other = thread::spawn(move || wait(&other_words, &other_waits, 1, &[0]));
        assert!(wait(&words, &waits, 0, &[1]));
        assert!(other.join().unwrap());
        match words.told() {
            0 => panic!("nobody was told"),
            1 => outcomes.saw("one was told"),
            _ => outcomes.saw("both were told"),
        }
    });
}

#[test]
fn three_that_wait_for_one_another_at_once() {
    let expected = ["one was told", "several were told"];
    let bounds = Bounds { preemptions: Some(2), ..Bounds::default() };
    model("three closers", bounds, &expected, |outcomes| {
        let words = Words::new(3);
        let waits = Arc::new(Waits::new(words.clone()));
        let others = [1, 2].map(|member| {
            let (words, waits) = (words.clone(), Arc::clone(&waits));
            thread::spawn(move || wait(&words, &waits, member, &[(member + 1) % 3]))
        });
        assert!(wait(&words, &waits, 0, &[1]));
        others.into_iter().for_each(|other| assert!(other.join().unwrap()));
        match words.told() {
            0 => panic!("nobody was told"),
            1 => outcomes.saw("one was told"),
            _ => outcomes.saw("several were told"),
        }
    });
}

/// One waits for another, which replies and then waits for it: that is no circle, whoever is how far.
#[test]
fn one_that_has_replied_waits_for_its_asker() {
    let expected = ["the asker went on by itself", "the reply woke the asker"];
    model("a reply and a wait", Bounds::default(), &expected, |outcomes| {
        let words = Words::new(2);
        let waits = Arc::new(Waits::new(words.clone()));
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let replier = thread::spawn(move || {
            let woke = other_words.of(0).wake();
            assert!(wait(&other_words, &other_waits, 1, &[0]));
            linger();
            if woke {
                // Whoever is woken runs on this worker, later.
                let _ = other_words.of(0).resume();
                other_waits.withdraw(0);
            }
            woke
        });
        let suspended = wait(&words, &waits, 0, &[1]);
        let woke = replier.join().unwrap();
        assert_eq!(woke, suspended, "a reply that comes before the suspension prevents it");
        assert_eq!(words.told(), 0, "there never was a circle");
        outcomes.saw(if woke { "the reply woke the asker" } else { "the asker went on by itself" });
    });
}

/// The same with a third, whose look comes across waits of different times.
#[test]
fn waits_that_were_never_at_the_same_time() {
    let expected = ["the reply woke the asker", "the asker went on by itself"];
    let bounds = Bounds { preemptions: Some(2), ..Bounds::default() };
    model("no common moment", bounds, &expected, |outcomes| {
        let words = Words::new(3);
        let waits = Arc::new(Waits::new(words.clone()));
        // 0 waits for 1, which replies and waits for 2, which waits for 0.
        let (replier_words, replier_waits) = (words.clone(), Arc::clone(&waits));
        let replier = thread::spawn(move || {
            let woke = replier_words.of(0).wake();
            assert!(wait(&replier_words, &replier_waits, 1, &[2]));
            woke
        });
        let (last_words, last_waits) = (words.clone(), Arc::clone(&waits));
        let last = thread::spawn(move || assert!(wait(&last_words, &last_waits, 2, &[0])));
        let suspended = wait(&words, &waits, 0, &[1]);
        let woke = replier.join().unwrap();
        last.join().unwrap();
        assert_eq!(woke, suspended);
        assert_eq!(words.told(), 0, "there never was a circle");
        outcomes.saw(if woke { "the reply woke the asker" } else { "the asker went on by itself" });
    });
}

/// A member ends, and another actor takes its seat and waits.
#[test]
fn a_wait_of_one_that_was_resumed_and_waits_anew() {
    let expected = ["one was told", "both were told"];
    model("a wait anew", Bounds::default(), &expected, |outcomes| {
        let words = Words::new(2);
        let waits = Arc::new(Waits::new(words.clone()));
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let other = thread::spawn(move || wait(&other_words, &other_waits, 1, &[0]));
        // First it waits for something else that comes at once, then for the other one.
        waits.publish(0, &[3]);
        assert!(words.of(0).suspend(words.of(0).look()));
        waits.look(0, &[3]);
        let woken = words.of(0).wake();
        if woken {
            let seen = words.of(0).resume();
            waits.withdraw(0);
            waits.publish(0, &[1]);
            if words.of(0).suspend(seen) {
                waits.look(0, &[1]);
            }
        }
        assert!(other.join().unwrap());
        assert!(woken, "nobody else wakes it before it waits for the other one");
        assert!(words.told() > 0, "they wait for each other");
        outcomes.saw(if words.told() == 1 { "one was told" } else { "both were told" });
    });
}
