//! Futures that sleep.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use corecast::Mailbox;
use corecast::sim::check;
use futures::future::join_all;

use super::{LONG, SHORT};
use crate::doer::{Echo, doer, is_on_time, later};

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        // ORDERING: Relaxed; one thread.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        // ORDERING: Relaxed; as above.
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn sleep_ends_on_time_in_handlers_and_elsewhere() {
    check(20, |sim| {
        let system = sim.system();
        let (actor, _notes) = doer(&system, Mailbox::default());
        for length in [1, 3, 20, 100_000].map(Duration::from_millis) {
            let start = sim.now();
            actor.blocking_send(later(move |ctx| Box::pin(ctx.sleep(length))))?;
            assert!(is_on_time(sim.now(), start + length), "{:?}", sim.now() - start);
            let start = sim.now();
            sim.block_on(system.sleep(length));
            assert!(is_on_time(sim.now(), start + length), "{:?}", sim.now() - start);
        }
        let start = sim.now();
        sim.block_on(system.sleep(Duration::ZERO));
        assert_eq!(sim.now(), start);
        let mut forever = system.sleep(Duration::MAX);
        assert!(Pin::new(&mut forever).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        Ok(())
    });
}

#[test]
fn an_actor_that_sleeps_lets_others_go_on_and_a_kill_ends_its_sleep() {
    check(50, |sim| {
        let system = sim.system();
        let (sleeper, _notes) = doer(&system, Mailbox::default());
        let sleeping = sleeper.try_send(later(|ctx| Box::pin(ctx.sleep(LONG))))?;
        let (other, _other_notes) = doer(&system, Mailbox::default());
        assert_eq!(other.blocking_send(Echo(1))?, 1);
        sleeper.kill();
        assert!(sim.block_on(sleeping).is_err());
        assert!(sim.now() < LONG);
        Ok(())
    });
}

#[test]
fn a_sleep_wakes_whoever_polled_it_last() {
    check(10, |sim| {
        let system = sim.system();
        let mut nap = system.sleep(SHORT);
        let (first, last) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
        for wakes in [&first, &last] {
            let waker = Waker::from(Arc::clone(wakes));
            assert!(Pin::new(&mut nap).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        sim.run_until_quiescent()?;
        assert_eq!((first.count(), last.count()), (0, 1));
        assert!(is_on_time(sim.now(), SHORT));
        Ok(())
    });
}

#[test]
fn a_panic_in_a_waker_that_a_timer_wakes_is_its_own() {
    struct Trap;
    impl Wake for Trap {
        fn wake(self: Arc<Self>) {
            panic!("from a waker");
        }
    }
    check(10, |sim| {
        let system = sim.system();
        let mut nap = system.sleep(SHORT);
        let waker = Waker::from(Arc::new(Trap));
        assert!(Pin::new(&mut nap).poll(&mut Context::from_waker(&waker)).is_pending());
        sim.run_for(2 * SHORT)?;
        let (actor, _notes) = doer(&system, Mailbox::default());
        assert_eq!(actor.blocking_send(Echo(1))?, 1);
        Ok(())
    });
}

#[test]
fn a_thousand_sleepers_wake_and_each_on_time() {
    check(3, |sim| {
        let system = sim.system();
        let sleeps = (0..1_000u64).map(|number| {
            let length = Duration::from_micros(number * 37 % 30_000);
            let nap = system.sleep(length);
            async move {
                nap.await;
                is_on_time(sim.now(), length)
            }
        });
        assert!(sim.block_on(join_all(sleeps)).into_iter().all(|is_on_time| is_on_time));
        Ok(())
    });
}
