//! Models of the sleep protocol's words, with the shipped inbox and parker: each step in the order of `worker.rs`, but
//! without the worker's sentinel, which finds after a while what these would lose for good.

use crate::common::jobs::{Jobs, run};
use corecast::loom_api::scheduler::{Idle, Inbox, Parker};
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes};
use std::sync::Arc;

struct Pool {
    jobs: Jobs,
    idle: Idle,
    inbox: Inbox,
    parkers: [Parker; 2],
}

impl Pool {
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            jobs: Jobs::default(),
            idle: Idle::new(workers),
            inbox: Inbox::new(),
            parkers: [Parker::new(), Parker::new()],
        })
    }

    /// `Scheduler::schedule` from outside. Returns whom it woke.
    fn push(&self) -> Option<usize> {
        self.inbox.push(self.jobs.job(|_| ()));
        self.wake_one()
    }

    fn wake_one(&self) -> Option<usize> {
        let woken = self.idle.worker_to_wake();
        if let Some(worker) = woken {
            self.parkers[worker].unpark();
        }
        woken
    }

    /// The same for a task that is placed on worker 0. Returns whether it woke that one.
    fn push_placed(&self) -> bool {
        self.inbox.push(self.jobs.job(|_| ()));
        let woken = self.idle.must_wake(0);
        if woken {
            self.parkers[0].unpark();
        }
        woken
    }

    /// What `Worker::sleep` does. Returns whether the worker counts as searching.
    fn nap(&self, worker: usize, searching: bool) -> bool {
        self.idle.fall_asleep(worker, searching);
        linger();
        if self.inbox.is_empty() {
            self.parkers[worker].park();
        }
        self.idle.wake_up(worker)
    }

    /// One look into the inbox.
    fn take(&self) -> bool {
        self.inbox.take(1, run) == 1
    }

    /// The beginning of `Worker::execute`. Returns whom it woke.
    fn found(&self, searching: bool) -> Option<usize> {
        if searching && self.idle.stop_searching() && !self.inbox.is_empty() { self.wake_one() } else { None }
    }
}

#[test]
fn a_sleeper_and_two_pushers() {
    let expected = ["a pusher woke it", "it looked again"];
    model_in_all_modes("sleep and push", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(1);
        let pushers = [0, 1].map(|_| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.push().is_some())
        });
        let mut taken = 0;
        let mut searching = pool.idle.start_searching();
        // A wake that is lost leaves this one parked for ever.
        while taken < 2 {
            if pool.take() {
                let _ = pool.found(std::mem::take(&mut searching));
                taken += 1;
            } else {
                searching = pool.nap(0, searching);
            }
        }
        let woke = pushers.map(|pusher| pusher.join().unwrap()).contains(&true);
        outcomes.saw(if woke { "a pusher woke it" } else { "it looked again" });
    });
}

#[test]
fn a_push_that_only_one_worker_can_run() {
    let expected = ["woken", "seen"];
    model_in_all_modes("placed", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(2);
        // The other worker sleeps as well, and nobody may wake it.
        pool.idle.fall_asleep(1, false);
        let other = Arc::clone(&pool);
        let pusher = thread::spawn(move || other.push_placed());
        while !pool.take() {
            pool.nap(0, false);
        }
        outcomes.saw(if pusher.join().unwrap() { "woken" } else { "seen" });
        assert!(!pool.idle.wake_up(1), "somebody woke the other worker");
    });
}

#[test]
fn two_pushes_that_only_one_worker_can_run() {
    let expected = ["woken twice", "woken once", "seen"];
    model_in_all_modes("placed, twice", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(2);
        let pushers = [(); 2].map(|()| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.push_placed())
        });
        let mut taken = 0;
        while taken < 2 {
            if pool.take() {
                taken += 1;
            } else {
                pool.nap(0, false);
            }
        }
        let woken = pushers.map(|pusher| pusher.join().unwrap());
        outcomes.saw(match woken.into_iter().filter(|&woken| woken).count() {
            0 => "seen",
            1 => "woken once",
            _ => "woken twice",
        });
    });
}

#[test]
fn a_searcher_that_finds_nothing_and_a_push() {
    let expected = ["seen", "woken by the pusher"];
    model_in_all_modes("search in vain", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(2);
        pool.idle.fall_asleep(1, false);
        assert!(pool.idle.start_searching());
        let other = Arc::clone(&pool);
        let pusher = thread::spawn(move || other.push());
        pool.idle.fall_asleep(0, true);
        linger();
        let seen = !pool.inbox.is_empty();
        let woken = pusher.join().unwrap();
        assert!(seen || woken.is_some(), "one job waits, and everybody sleeps");
        outcomes.saw(if woken.is_some() { "woken by the pusher" } else { "seen" });
        while pool.take() {}
    });
}

#[test]
fn a_searcher_that_finds_work_and_a_push() {
    let expected = ["woken by the pusher", "woken by the searcher"];
    model_in_all_modes("stop searching", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(2);
        pool.idle.fall_asleep(1, false);
        pool.inbox.push(pool.jobs.job(|_| ()));
        assert!(pool.idle.start_searching());
        let sleeper = Arc::clone(&pool);
        let sleeper = thread::spawn(move || {
            sleeper.parkers[1].park();
            assert!(sleeper.idle.wake_up(1));
            assert!(sleeper.take(), "woken for nothing");
        });
        let searcher = Arc::clone(&pool);
        // It runs what it found for ever: whatever else is pushed is the sleeper's.
        let searcher = thread::spawn(move || {
            assert!(searcher.take());
            searcher.found(true)
        });
        let by_pusher = pool.push();
        let by_searcher = searcher.join().unwrap();
        sleeper.join().unwrap();
        outcomes.saw(match (by_pusher, by_searcher) {
            (Some(1), None) => "woken by the pusher",
            (None, Some(1)) => "woken by the searcher",
            other => panic!("{other:?}"),
        });
    });
}

#[test]
fn a_worker_that_finds_work_before_its_waker_has_counted_it() {
    let expected = ["it was woken", "it woke by itself", "it woke by itself, and the other one was woken for its job"];
    model_in_all_modes("woken and found", Bounds::default(), &expected, move |outcomes| {
        let pool = Pool::new(2);
        pool.idle.fall_asleep(1, false);
        let other = Arc::clone(&pool);
        let pusher = thread::spawn(move || other.push());
        let searching = pool.nap(0, false);
        assert!(pool.take());
        // It runs what it took for ever, and somebody who knows that pushes more.
        assert_eq!(pool.found(searching), None, "there was nothing else");
        let second = pool.push();
        let first = pusher.join().unwrap();
        assert!([first, second].contains(&Some(1)), "one job waits, and nobody is awake who would look");
        outcomes.saw(match (searching, first) {
            (true, Some(0)) => expected[0],
            (false, None) => expected[1],
            (false, Some(1)) => expected[2],
            other => panic!("{other:?}"),
        });
        while pool.take() {}
    });
}

#[test]
fn a_sentinel_that_goes_to_sleep_for_good_and_a_worker_that_is_woken() {
    let expected = ["it stays", "it is woken again"];
    model_in_all_modes("sentinel retires", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(2);
        pool.idle.fall_asleep(0, false);
        assert!(pool.idle.fall_asleep(1, false));
        assert!(pool.idle.become_sentinel());
        let other = Arc::clone(&pool);
        let sentinel = thread::spawn(move || {
            other.idle.dismiss_sentinel();
            other.idle.all_asleep()
        });
        assert!(pool.idle.must_wake(0));
        assert!(pool.idle.wake_up(0));
        let woken = pool.idle.sentinel_to_wake();
        let for_good = sentinel.join().unwrap();
        assert!(!for_good || woken == Some(1), "nobody looks after a worker that is awake");
        outcomes.saw(if for_good { "it is woken again" } else { "it stays" });
    });
}

#[test]
fn a_sentinel_that_is_woken_and_a_worker_that_falls_asleep() {
    let expected = ["it takes over", "it is woken to take over"];
    model_in_all_modes("sentinel leaves", Bounds::default(), &expected, |outcomes| {
        let pool = Pool::new(2);
        pool.idle.fall_asleep(1, false);
        assert!(pool.idle.become_sentinel());
        assert!(pool.idle.must_wake(1));
        let other = Arc::clone(&pool);
        let sentinel = thread::spawn(move || {
            other.idle.dismiss_sentinel();
            other.idle.wake_up(1);
            other.idle.sentinel_to_wake()
        });
        pool.idle.fall_asleep(0, false);
        let took_over = pool.idle.become_sentinel();
        let woken = sentinel.join().unwrap();
        assert!(took_over || woken == Some(0), "nobody looks after the worker that was woken");
        outcomes.saw(if took_over { "it takes over" } else { "it is woken to take over" });
    });
}
