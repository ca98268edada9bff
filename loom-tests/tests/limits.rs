//! Models of limits that a worker leaves in its slots: the worker, who takes them back, and who looks.
//!
//! Under loom a worker has one slot. A limit here is due when its time begins, so that a look fires it.

use crate::common::abort;
use corecast::loom_api::scheduler::{Limit, Pending, Timers, two_workers};
use loom::cell::UnsafeCell;
use loom::thread;
use loom_tests::{Bounds, model_in_all_modes};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

/// Counts its wakes, each of which comes after the arming.
struct Counter {
    cell: UnsafeCell<u32>,
    wakes: AtomicU32,
}

// SAFETY: loom checks the cell.
unsafe impl Sync for Counter {}

impl Counter {
    /// Prepared by whoever arms it.
    fn new() -> Arc<Self> {
        let counter = Self { cell: UnsafeCell::new(0), wakes: AtomicU32::new(0) };
        // SAFETY: loom checks it.
        counter.cell.with_mut(|cell| unsafe { *cell = 1 });
        Arc::new(counter)
    }

    fn wakes(&self) -> u32 {
        self.wakes.load(Ordering::Relaxed)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        // A guard stands around wakers: what loom finds must not be taken for their own panic.
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // SAFETY: loom checks it: after the arming, and once.
            self.cell.with_mut(|cell| assert_eq!(unsafe { std::mem::replace(&mut *cell, 2) }, 1));
        }));
        if found.is_err() {
            abort("a wake isn't ordered behind its arming");
        }
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

/// A limit, and what it wakes.
fn arm(timers: &Timers) -> Option<(Limit, Arc<Counter>)> {
    let counter = Counter::new();
    let limit = timers.limit(0, &Waker::from(Arc::clone(&counter)))?;
    Some((limit, counter))
}

/// Every limit is taken back: nothing is left of it, and it has fired once at most.
fn settle(timers: &Timers, counter: &Arc<Counter>) -> bool {
    timers.fire(0);
    assert_eq!(Arc::strong_count(counter), 1, "no waker is left");
    assert!(counter.wakes() <= 1, "it fires once");
    assert!(timers.earliest().is_none(), "nothing is left to look at");
    counter.wakes() == 1
}

#[test]
fn a_limit_that_its_worker_takes_back_against_a_look() {
    model_in_all_modes("take back, look", Bounds::default(), &["fired", "not"], |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let other = Arc::clone(&timers);
        let looking = thread::spawn(move || other.fire(0));
        for round in 0..2 {
            let (limit, counter) = arm(&timers).expect("the worker itself has given the slot up");
            timers.take_back(limit);
            if round == 1 {
                looking.join().unwrap();
                outcomes.saw(if settle(&timers, &counter) { "fired" } else { "not" });
                return;
            }
        }
    });
}

#[test]
fn a_limit_that_nobody_takes_back_against_a_look() {
    model_in_all_modes("look, look again", Bounds::default(), &["fired", "left"], |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let other = Arc::clone(&timers);
        let looking = thread::spawn(move || other.fire(0));
        let (limit, counter) = arm(&timers).expect("the slot is free");
        looking.join().unwrap();
        if counter.wakes() == 0 {
            assert_eq!(timers.earliest(), Some(0), "a limit that no look has seen is looked at again");
            timers.fire(0);
            outcomes.saw("left");
        } else {
            outcomes.saw("fired");
        }
        assert_eq!(counter.wakes(), 1);
        timers.take_back(limit);
        settle(&timers, &counter);
    });
}

#[test]
fn a_limit_that_another_thread_takes_back_and_its_slot_is_used_again() {
    let expected = ["armed again", "not yet free"];
    model_in_all_modes("take back elsewhere", Bounds::default(), &expected, move |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let (limit, counter) = arm(&timers).expect("the slot is free");
        let other = Arc::clone(&timers);
        let taking = thread::spawn(move || other.take_back(limit));
        let again = arm(&timers);
        taking.join().unwrap();
        outcomes.saw(expected[usize::from(again.is_none())]);
        if let Some((limit, counter)) = again {
            timers.take_back(limit);
            assert!(!settle(&timers, &counter));
        }
        assert!(!settle(&timers, &counter));
    });
}

#[test]
fn a_limit_that_has_moved_is_taken_back_and_its_slot_is_used_again() {
    let expected = ["armed again", "not yet free"];
    model_in_all_modes("give up", Bounds::default(), &expected, move |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let (limit, counter) = arm(&timers).expect("the slot is free");
        timers.fire(0);
        assert_eq!(counter.wakes(), 1);
        let other = Arc::clone(&timers);
        let taking = thread::spawn(move || other.take_back(limit));
        let again = arm(&timers);
        taking.join().unwrap();
        outcomes.saw(expected[usize::from(again.is_none())]);
        if let Some((limit, counter)) = again {
            timers.take_back(limit);
            assert!(!settle(&timers, &counter));
        }
    });
}

#[test]
fn a_limit_that_is_taken_back_elsewhere_against_a_look() {
    model_in_all_modes("take back elsewhere, look", Bounds::default(), &["fired", "not"], |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let looking = Arc::clone(&timers);
        let (limit, counter) = arm(&timers).expect("the slot is free");
        let looking = thread::spawn(move || looking.fire(0));
        let taking = Arc::clone(&timers);
        let taking = thread::spawn(move || taking.take_back(limit));
        looking.join().unwrap();
        taking.join().unwrap();
        outcomes.saw(if settle(&timers, &counter) { "fired" } else { "not" });
        assert!(arm(&timers).is_some_and(|(limit, _)| {
            timers.take_back(limit);
            true
        }));
    });
}

#[test]
fn a_limit_that_is_polled_again_against_a_look_and_a_close() {
    let expected = ["the first waker", "the second waker"];
    model_in_all_modes("renew, look, close", Bounds::default(), &expected, move |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let (limit, first) = arm(&timers).expect("the slot is free");
        let other = Arc::clone(&timers);
        let looking = thread::spawn(move || other.fire(0));
        let second = Counter::new();
        let is_renewed = timers.renew_limit(&limit, &Waker::from(Arc::clone(&second)));
        looking.join().unwrap();
        timers.close();
        // One of them is woken, be it by the look or by the close.
        assert_eq!((first.wakes(), second.wakes()), if is_renewed { (0, 1) } else { (1, 0) });
        outcomes.saw(expected[usize::from(is_renewed)]);
        timers.take_back(limit);
        assert_eq!(Arc::strong_count(&first) + Arc::strong_count(&second), 2, "no waker is left");
    });
}

#[test]
fn a_limit_outside_against_the_end_of_the_only_system() {
    let expected = ["woken by the end", "over at once"];
    model_in_all_modes("anywhere, close", Bounds::default(), &expected, move |outcomes| {
        let (system, _workers) = two_workers();
        let counter = Counter::new();
        let waker = Waker::from(Arc::clone(&counter));
        let closing = thread::spawn(move || system.close());
        let pending = Pending::anywhere(None, &waker);
        closing.join().unwrap();
        // What the system has taken it wakes when it closes; after that it takes nothing.
        assert_eq!(counter.wakes(), u32::from(pending.is_some()));
        outcomes.saw(expected[usize::from(pending.is_none())]);
        assert!(pending.is_none_or(|pending| pending.is_lost() && !pending.renew(&waker)));
        drop(waker);
        assert_eq!(Arc::strong_count(&counter), 1, "no waker is left");
    });
}

#[test]
fn a_limit_outside_against_the_end_of_its_own_system_of_two() {
    let expected = ["woken by the end", "kept by the other one"];
    model_in_all_modes("home or anywhere, close", Bounds::default(), &expected, move |outcomes| {
        let ((home, _workers), (other, _others)) = (two_workers(), two_workers());
        let counter = Counter::new();
        let waker = Waker::from(Arc::clone(&counter));
        let ending = Arc::clone(&home);
        let closing = thread::spawn(move || ending.close());
        let pending = Pending::anywhere(Some(&home), &waker).expect("a system lives");
        closing.join().unwrap();
        let is_kept = pending.renew(&waker);
        assert_eq!((is_kept, counter.wakes()), if pending.is_lost() { (false, 1) } else { (true, 0) });
        outcomes.saw(expected[usize::from(is_kept)]);
        drop((pending, waker));
        assert_eq!(Arc::strong_count(&counter), 1, "no waker is left");
        other.close();
    });
}
