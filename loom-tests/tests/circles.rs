//! Models of who waits for whom: circles that close at once, and waits that never were at the same time.
//!
//! Members do nothing but wait. What a suspension leaves to be done is done by whoever wakes: so an execution in which
//! nobody is told and nobody is woken leaves the members suspended, and the model sees it.

use corecast::loom_api::task::{Census, Member, State, Waits};
use loom::thread;
use loom_tests::{Bounds, linger, model};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The members, by their seats and in their first turn.
const A: Member = Member(0, 1);
const B: Member = Member(1, 1);
const C: Member = Member(2, 1);
/// The next one in the last seat.
const D: Member = Member(2, 2);

/// A circle of members, each of which waits for the next.
fn next(member: Member) -> Member {
    Member((member.0 + 1) % 3, 1)
}

/// The task words of the members.
#[derive(Clone)]
struct Words {
    words: Arc<[(Member, State)]>,
    /// How many were told of a circle. Outside of the model.
    told: Arc<AtomicUsize>,
}

impl Words {
    fn new(members: &[Member]) -> (Self, Arc<Waits>) {
        let words =
            Self { words: members.iter().map(|&member| (member, State::new())).collect(), told: Arc::default() };
        let waits = Arc::new(Waits::new(words.clone()));
        (words, waits)
    }

    fn of(&self, wanted: Member) -> &State {
        &self.words.iter().find(|(member, _)| *member == wanted).expect("a member").1
    }

    fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed)
    }
}

impl Census for Words {
    fn is_suspended(&self, member: Member) -> bool {
        self.of(member).is_suspended()
    }

    fn break_wait(&self, member: Member) -> bool {
        let broken = self.of(member).break_wait();
        self.told.fetch_add(usize::from(broken), Ordering::Relaxed);
        broken
    }
}

/// What a runner does when the handler of `member` waits for `targets`. Returns whether it was suspended.
fn wait(words: &Words, waits: &Waits, member: Member, targets: &[Member]) -> bool {
    let seen = words.of(member).look();
    waits.publish(member, targets);
    let suspended = words.of(member).suspend(seen);
    if suspended {
        waits.look(member, targets);
    }
    suspended
}

/// As many of `members` as were woken for a circle have word of it, and nobody else.
fn heard(words: &Words, waits: &Waits, members: &[Member]) {
    assert_eq!(members.iter().filter(|&&member| waits.take_found(member)).count(), words.told());
    assert_eq!(waits.left(), 0);
}

#[test]
fn two_that_wait_for_each_other_at_once() {
    model("two closers", Bounds::default(), &["one was told", "both were told"], |outcomes| {
        let (words, waits) = Words::new(&[A, B]);
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let other = thread::spawn(move || wait(&other_words, &other_waits, B, &[A]));
        assert!(wait(&words, &waits, A, &[B]));
        assert!(other.join().unwrap());
        outcomes.saw(match words.told() {
            0 => panic!("nobody was told"),
            1 => "one was told",
            _ => "both were told",
        });
        heard(&words, &waits, &[A, B]);
    });
}

#[test]
fn three_that_wait_for_one_another_at_once() {
    model("three closers", Bounds::default(), &["one was told", "several were told"], |outcomes| {
        let (words, waits) = Words::new(&[A, B, C]);
        let others = [B, C].map(|member| {
            let (words, waits) = (words.clone(), Arc::clone(&waits));
            thread::spawn(move || wait(&words, &waits, member, &[next(member)]))
        });
        assert!(wait(&words, &waits, A, &[next(A)]));
        others.into_iter().for_each(|other| assert!(other.join().unwrap()));
        outcomes.saw(match words.told() {
            0 => panic!("nobody was told"),
            1 => "one was told",
            _ => "several were told",
        });
        heard(&words, &waits, &[A, B, C]);
    });
}

/// Two close a circle. Meanwhile a third, for which one of them waits as well, replies and ends, and its seat is taken by an
/// actor that waits for them.
#[test]
fn two_closers_and_an_actor_that_finishes_meanwhile() {
    let expected = ["one was told", "both were told", "woken by the reply", "not suspended yet"];
    model("two closers and an end", Bounds::default(), &expected, |outcomes| {
        let (words, waits) = Words::new(&[A, B, D]);
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let other = thread::spawn(move || wait(&other_words, &other_waits, B, &[A]));
        let (third_words, third_waits) = (words.clone(), Arc::clone(&waits));
        let third = thread::spawn(move || {
            // It replies. If that schedules the one that waited, somebody runs it again: this thread, as good as any.
            let woken = third_words.of(A).wake();
            assert!(wait(&third_words, &third_waits, D, &[A]));
            if woken {
                let seen = third_words.of(A).resume();
                third_waits.withdraw(A);
                third_waits.publish(A, &[B]);
                if third_words.of(A).suspend(seen) {
                    third_waits.look(A, &[B]);
                }
            }
            woken
        });
        let suspended = wait(&words, &waits, A, &[C, B]);
        if !suspended {
            // The reply is there: it waits for the other one alone.
            let seen = words.of(A).resume();
            waits.withdraw(A);
            waits.publish(A, &[B]);
            assert!(words.of(A).suspend(seen));
            waits.look(A, &[B]);
        }
        assert!(other.join().unwrap());
        let woken = third.join().unwrap();
        outcomes.saw(if woken { "woken by the reply" } else { "not suspended yet" });
        assert!(words.of(D).is_suspended(), "who waits for members of a circle isn't told");
        match words.told() {
            0 => panic!("nobody was told"),
            1 => outcomes.saw("one was told"),
            _ => outcomes.saw("both were told"),
        }
    });
}

/// One waits for another, which replies and then waits for it: that is no circle, whoever is how far.
#[test]
fn one_that_has_replied_waits_for_its_asker() {
    let expected = ["the asker went on by itself", "the reply woke the asker"];
    model("a reply and a wait", Bounds::default(), &expected, |outcomes| {
        let (words, waits) = Words::new(&[A, B]);
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let replier = thread::spawn(move || {
            let woke = other_words.of(A).wake();
            assert!(wait(&other_words, &other_waits, B, &[A]));
            linger();
            if woke {
                // Whoever is woken runs on this worker, later.
                let _ = other_words.of(A).resume();
                other_waits.withdraw(A);
            }
            woke
        });
        let suspended = wait(&words, &waits, A, &[B]);
        let woke = replier.join().unwrap();
        assert_eq!(woke, suspended, "a reply that comes before the suspension prevents it");
        assert_eq!(words.told(), 0, "there never was a circle");
        heard(&words, &waits, &[A, B]);
        outcomes.saw(if woke { "the reply woke the asker" } else { "the asker went on by itself" });
    });
}

/// One waits for two others, of which one replies and then waits for it. What is left of the former wait beside the next one
/// makes no circle.
#[test]
fn one_of_two_has_replied_and_waits_for_their_asker() {
    for (name, first) in [("the last of two has replied", [B, C]), ("the first of two has replied", [C, B])] {
        one_of_two(name, first);
    }
}

fn one_of_two(name: &'static str, first: [Member; 2]) {
    let expected = ["the asker went on by itself", "the reply woke the asker"];
    model(name, Bounds::default(), &expected, move |outcomes| {
        let (words, waits) = Words::new(&[A, B, C]);
        let go_on = |words: &Words, waits: &Waits| {
            let seen = words.of(A).resume();
            waits.withdraw(A);
            waits.publish(A, &[B]);
            assert!(words.of(A).suspend(seen));
            waits.look(A, &[B]);
        };
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let replier = thread::spawn(move || {
            let woke = other_words.of(A).wake();
            if woke {
                // Whoever is woken runs on another worker.
                let (words, waits) = (other_words.clone(), Arc::clone(&other_waits));
                let asker = thread::spawn(move || go_on(&words, &waits));
                assert!(wait(&other_words, &other_waits, C, &[A]));
                asker.join().unwrap();
            } else {
                assert!(wait(&other_words, &other_waits, C, &[A]));
            }
            woke
        });
        if !wait(&words, &waits, A, &first) {
            go_on(&words, &waits);
        }
        let woke = replier.join().unwrap();
        assert_eq!(words.told(), 0, "there never was a circle");
        heard(&words, &waits, &[A, C]);
        outcomes.saw(if woke { "the reply woke the asker" } else { "the asker went on by itself" });
    });
}

/// The same with a third, whose look comes across waits of different times.
#[test]
fn waits_that_were_never_at_the_same_time() {
    let expected = ["the reply woke the asker", "the asker went on by itself"];
    model("no common moment", Bounds::default(), &expected, |outcomes| {
        let (words, waits) = Words::new(&[A, B, C]);
        // A waits for B, which replies and waits for C, which waits for A.
        let (replier_words, replier_waits) = (words.clone(), Arc::clone(&waits));
        let replier = thread::spawn(move || {
            let woke = replier_words.of(A).wake();
            assert!(wait(&replier_words, &replier_waits, B, &[C]));
            woke
        });
        let (last_words, last_waits) = (words.clone(), Arc::clone(&waits));
        let last = thread::spawn(move || assert!(wait(&last_words, &last_waits, C, &[A])));
        let suspended = wait(&words, &waits, A, &[B]);
        let woke = replier.join().unwrap();
        last.join().unwrap();
        assert_eq!(woke, suspended);
        assert_eq!(words.told(), 0, "there never was a circle");
        heard(&words, &waits, &[A, B, C]);
        outcomes.saw(if woke { "the reply woke the asker" } else { "the asker went on by itself" });
    });
}

/// A member waits for somebody else, goes on, and then closes a circle.
#[test]
fn a_wait_that_is_over_and_one_that_closes_a_circle() {
    model("a wait anew", Bounds::default(), &["one was told", "both were told"], |outcomes| {
        let (words, waits) = Words::new(&[A, B]);
        let (other_words, other_waits) = (words.clone(), Arc::clone(&waits));
        let other = thread::spawn(move || wait(&other_words, &other_waits, B, &[A]));
        assert!(wait(&words, &waits, A, &[C]));
        assert!(words.of(A).wake(), "nobody else wakes it before it waits for the other one");
        let seen = words.of(A).resume();
        waits.withdraw(A);
        waits.publish(A, &[B]);
        assert!(words.of(A).suspend(seen));
        waits.look(A, &[B]);
        assert!(other.join().unwrap());
        outcomes.saw(match words.told() {
            0 => panic!("they wait for each other, and nobody was told"),
            1 => "one was told",
            _ => "both were told",
        });
        heard(&words, &waits, &[A, B]);
    });
}
