//! Models of the parker: tokens before, during and instead of a sleep, and the data that travels with them.

use corecast::loom_api::scheduler::Parker;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use loom::thread;
use loom_tests::{Bounds, model};
use std::sync::Arc;

#[test]
fn a_token_carries_what_its_waker_did() {
    model("one token", Bounds::default(), &["woken"], |outcomes| {
        let shared = Arc::new((Parker::new(), UnsafeCell::new(0)));
        let other = Arc::clone(&shared);
        let waker = thread::spawn(move || {
            // SAFETY: loom checks it: the data passes with the token.
            other.1.with_mut(|data| unsafe { *data = 7 });
            other.0.unpark();
        });
        shared.0.park();
        // SAFETY: as above.
        assert_eq!(shared.1.with(|data| unsafe { *data }), 7);
        outcomes.saw("woken");
        waker.join().unwrap();
    });
}

#[test]
fn two_wakers_and_as_many_sleeps_as_it_takes() {
    let expected = ["one sleep", "two sleeps"];
    model("two wakers", Bounds::default(), &expected, move |outcomes| {
        let shared = Arc::new((Parker::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
        let wakers = [0, 1].map(|index| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1[index].store(true, Relaxed);
                shared.0.unpark();
            })
        });
        let mut sleeps = 0;
        // A token that is taken without what its waker did is a wake that was lost: loom calls it a deadlock.
        while !shared.1.iter().all(|flag| flag.load(Relaxed)) {
            shared.0.park();
            sleeps += 1;
        }
        if (1..=2).contains(&sleeps) {
            outcomes.saw(expected[sleeps - 1]);
        }
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn a_token_that_comes_with_the_timeout() {
    let expected = ["during the timed sleep", "during the next one"];
    model("timeout", Bounds::default(), &expected, |outcomes| {
        let shared = Arc::new((Parker::new(), AtomicU32::new(0)));
        let other = Arc::clone(&shared);
        let waker = thread::spawn(move || {
            // Two stores: the timed sleep yields, after which loom shows no value that its thread knew before.
            other.1.store(1, Relaxed);
            other.1.store(2, Relaxed);
            other.0.unpark();
        });
        shared.0.park_briefly();
        if shared.1.load(Relaxed) == 2 {
            outcomes.saw("during the timed sleep");
        } else {
            outcomes.saw("during the next one");
            shared.0.park();
            assert_eq!(shared.1.load(Relaxed), 2);
        }
        waker.join().unwrap();
    });
}
