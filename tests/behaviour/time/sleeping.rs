//! Futures that sleep.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{LONG, SHORT};
use crate::support::{CountWakes, Echo, LIMIT, eventually, later, poll_once, recv, spawn, system, wait, within};

#[test]
fn sleep_ends_no_earlier_than_asked_for_in_handlers_and_elsewhere() {
    let system = system(2);
    let (actor, _events) = spawn(&system);
    for millis in [1, 3, 20] {
        let long = Duration::from_millis(millis);
        let slept = wait(actor.send(later(move |ctx| {
            let nap = (Instant::now(), ctx.sleep(long));
            Box::pin(async move {
                nap.1.await;
                nap.0.elapsed()
            })
        })));
        assert!(slept.unwrap() >= long);
        let start = Instant::now();
        wait(system.sleep(long));
        assert!(start.elapsed() >= long);
        let start = Instant::now();
        system.block_on(system.sleep(long));
        assert!(start.elapsed() >= long);
    }
    wait(system.sleep(Duration::ZERO));
    let mut forever = system.sleep(Duration::MAX);
    assert!(poll_once(&mut forever).is_pending());
}

#[test]
fn an_actor_that_sleeps_lets_its_worker_go_on() {
    let system = system(1);
    let (sleeper, _events) = spawn(&system);
    let sleeping = sleeper.send(later(|ctx| {
        let nap = ctx.sleep(LONG);
        Box::pin(nap)
    }));
    let (other, _other_events) = spawn(&system);
    assert_eq!(wait(other.send(Echo(1))).unwrap(), 1);
    sleeper.kill();
    assert!(wait(sleeping).is_err(), "a kill drops it at its await point");
}

#[test]
fn a_sleep_wakes_whoever_polled_it_last() {
    let system = system(1);
    let mut nap = system.sleep(SHORT);
    let (first, last) = (Arc::new(CountWakes::default()), Arc::new(CountWakes::default()));
    for counter in [&first, &last] {
        let waker = Waker::from(Arc::clone(counter));
        let polled = std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            return; // A machine that was away for so long tells nothing.
        }
    }
    eventually("the last waker is woken", || last.count() == 1);
    assert_eq!(first.count(), 0);
}

#[test]
fn what_sleeps_is_woken_when_the_system_ends() {
    let system = system(1);
    let nap = system.sleep(LONG);
    let (began, begin) = channel();
    let sleeper = std::thread::spawn(move || {
        began.send(()).unwrap();
        wait(nap);
    });
    recv(&begin);
    drop(system);
    within(LIMIT, move || sleeper.join().unwrap());
}

#[test]
fn a_panic_in_a_waker_that_a_timer_wakes_is_its_own() {
    struct Trap;
    impl std::task::Wake for Trap {
        fn wake(self: Arc<Self>) {
            panic!("from a waker");
        }
    }
    let system = system(1);
    let mut nap = system.sleep(SHORT);
    let waker = Waker::from(Arc::new(Trap));
    let _ = std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker));
    wait(system.sleep(2 * SHORT));
    crate::support::assert_goes_on(&system);
}

#[test]
fn a_thousand_sleepers_wake_and_each_in_its_time() {
    let system = system(2);
    let sleeps = (0..1_000u64).map(|number| {
        let long = Duration::from_micros(number * 37 % 30_000);
        let (start, nap) = (Instant::now(), system.sleep(long));
        async move {
            nap.await;
            start.elapsed() >= long
        }
    });
    assert!(wait(join_all(sleeps)).into_iter().all(|in_time| in_time));
}
