//! Who fires what is due: any worker that is free, or the thread that waits.

use std::future::poll_fn;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use corecast::{ActorContext, ActorRef, ActorSystem};
use futures::FutureExt;

use super::{LONG, SHORT};
use crate::support::{CountWakes, Echo, LIMIT, Probe, eventually, poll_once, recv, run, spawn, system, wait, within};

/// Blocks the worker of a fresh actor, after `first` was run there, until the sender is dropped.
fn block_after<R: Send + 'static>(
    system: &ActorSystem,
    first: impl FnOnce(&mut ActorContext<Probe>) -> R + Send + 'static,
) -> (R, ActorRef<Probe>, Sender<()>) {
    let (actor, _events) = spawn(system);
    let (release, released) = channel::<()>();
    let (enter, entered) = channel();
    wait(actor.tell(run(move |ctx| {
        enter.send(first(ctx)).unwrap();
        let _ = released.recv_timeout(LIMIT);
    })))
    .unwrap();
    (recv(&entered), actor, release)
}

#[test]
fn a_timer_fires_though_the_worker_that_armed_it_is_blocked() {
    let system = system(2);
    let (fired, wake) = channel();
    struct Tell(Sender<()>);
    impl std::task::Wake for Tell {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }
    let waker = Waker::from(Arc::new(Tell(fired)));
    let (nap, _actor, release) = block_after(&system, move |ctx| {
        let mut nap = ctx.sleep(SHORT);
        if std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker)).is_ready() {
            waker.wake(); // The machine was away for so long.
        }
        nap
    });
    recv(&wake);
    drop((nap, release));
}

#[test]
fn a_timer_from_outside_fires_though_a_worker_is_blocked() {
    let system = system(2);
    let ((), _actor, release) = block_after(&system, |_| ());
    wait(system.sleep(SHORT));
    wait(system.sleep(SHORT));
    drop(release);
}

#[test]
fn one_timer_after_the_other_from_outside_with_nothing_else_to_do() {
    for workers in [1, 2] {
        let system = system(workers);
        for _ in 0..10 {
            wait(system.sleep(SHORT / 5));
        }
        // Nor does one that is taken back leave the time to a worker that keeps it no more.
        let _ = poll_once(&mut system.sleep(SHORT / 5));
        wait(system.sleep(SHORT));
    }
}

#[test]
fn a_waker_that_takes_its_time_holds_only_its_own_worker_up() {
    struct Slow(Sender<()>, Mutex<Receiver<()>>);
    impl std::task::Wake for Slow {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
            let _ = self.1.lock().unwrap().recv();
        }
    }
    let system = system(2);
    let (actor, _events) = spawn(&system);
    let ((enter, entered), (release, released)) = (channel(), channel::<()>());
    let waker = Waker::from(Arc::new(Slow(enter, Mutex::new(released))));
    let mut nap = system.sleep(SHORT);
    if std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker)).is_ready() {
        return; // A machine that was away for so long tells nothing.
    }
    recv(&entered);
    for number in 0..10 {
        assert_eq!(wait(actor.send(Echo(number))).unwrap(), number);
        wait(system.sleep(SHORT / 10));
    }
    drop(release);
}

#[test]
fn a_sleep_in_block_on_wakes_whoever_polls_it_with_whatever_waker() {
    let system = system(1);
    let poll_with = |nap: &mut corecast::Sleep, counter: &Arc<CountWakes>| {
        let waker = Waker::from(Arc::clone(counter));
        std::pin::Pin::new(nap).poll(&mut Context::from_waker(&waker))
    };
    // A waker of somebody else's inside of a `block_on`, which then is left.
    let (counter, mut nap) = (Arc::new(CountWakes::default()), system.sleep(SHORT));
    if system.block_on(async { poll_with(&mut nap, &counter) }).is_pending() {
        eventually("the other waker is woken", || counter.count() == 1);
    }
    // Polled by a `block_on` first, and elsewhere later.
    let (counter, mut nap) = (Arc::new(CountWakes::default()), system.sleep(SHORT));
    if system.block_on(poll_fn(|context| Poll::Ready(nap.poll_unpin(context)))).is_pending()
        && poll_with(&mut nap, &counter).is_pending()
    {
        eventually("the last waker is woken", || counter.count() == 1);
    }
    // Elsewhere first, and by a `block_on` later.
    let (counter, mut nap) = (Arc::new(CountWakes::default()), system.sleep(SHORT));
    let _ = poll_with(&mut nap, &counter);
    within(LIMIT, move || system.block_on(nap));
}

#[test]
fn an_earlier_timer_ends_the_sleep_of_who_waits_for_a_later_one() {
    for workers in [1, 2] {
        let system = system(workers);
        let mut late = system.sleep(LONG);
        assert!(poll_once(&mut late).is_pending());
        // Whoever keeps the time may nap until the late one by now, or not: both must do.
        for _ in 0..20 {
            wait(system.sleep(SHORT / 10));
        }
    }
}
