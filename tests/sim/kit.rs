//! The test kit, in the simulator and on real workers.

use std::time::Duration;

use corecast::sim::{Cause, Check, Outcome, check};
use corecast::testing::{Probe, Watch};
use corecast::{ActorSystem, Mailbox};

use crate::actors::{Add, All, Counter, Fragile, Get, Log, Set, Touch};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(60);

/// Runs a body on real workers, and under some seeds.
fn on_both(body: impl Fn() -> Outcome) {
    body().expect("on real workers");
    check(30, |_| body());
}

#[test]
fn a_probe_keeps_what_comes_in_order() {
    on_both(|| {
        let system = ActorSystem::builder().workers(2).build()?;
        let probe = Probe::<Set>::spawn(&system)?;
        assert!(probe.is_empty() && probe.try_next().is_none());
        for number in 0..3 {
            probe.recipient().try_tell(Set(number))?;
        }
        for number in 0..3 {
            assert_eq!(probe.expect(LONG).0, number);
        }
        probe.expect_none(SHORT);
        Ok(())
    });
}

#[test]
fn a_probe_answers_and_is_waited_for_within_a_future() {
    on_both(|| {
        let system = ActorSystem::builder().workers(2).build()?;
        let probe = Probe::<Add>::answering(&system, |Add(number)| number * 2)?;
        let (answer, caught) = system.block_on(async { futures::join!(probe.actor().send(Add(21)), probe.next(LONG)) });
        assert_eq!((answer?, caught.map(|Add(number)| number)), (42, Some(21)));
        assert!(system.block_on(probe.next(SHORT)).is_none());
        Ok(())
    });
}

#[test]
fn what_does_not_come_and_what_comes_after_all_fail_a_test() {
    let failure = Check::new().runs(1).try_run(|sim| {
        let system = sim.system();
        let _ = Probe::<Set>::spawn(&system)?.expect(LONG);
        Ok(())
    });
    let is_about = |cause: &Cause, what: &str| matches!(cause, Cause::Panicked { text, .. } if text.contains(what));
    let failure = failure.expect_err("nothing comes");
    assert!(is_about(failure.cause(), "Set came within 60s"), "{failure}");
    let failure = Check::new().runs(1).try_run(|sim| {
        let system = sim.system();
        let probe = Probe::<Set>::spawn(&system)?;
        probe.actor().try_tell(Set(1))?;
        probe.expect_none(SHORT);
        Ok(())
    });
    let failure = failure.expect_err("something comes");
    assert!(is_about(failure.cause(), "none was to come"), "{failure}");
}

#[test]
fn dead_letters_are_there_to_be_looked_at() {
    on_both(|| {
        let watch = Watch::new();
        let system = ActorSystem::builder().workers(1).observer(watch.observer()).build()?;
        let log = system.spawn(Log::default()).start()?;
        log.blocking_send(All)?;
        watch.expect_no_dead_letters();
        log.kill();
        drop(log.try_tell(Add(1)));
        drop(system);
        assert!(watch.dead::<Add>().len() <= 1);
        watch.expect_no_dead_letters();
        Ok(())
    });
}

#[test]
fn a_watch_fails_the_test_when_an_actor_panics_unexpectedly() {
    on_both(|| {
        let watch = Watch::new();
        watch.expect_panics::<Fragile>();
        let system = ActorSystem::builder().workers(1).observer(watch.observer()).build()?;
        assert!(system.spawn(Fragile).start()?.blocking_send(Touch).is_err());
        drop(system);
        assert_eq!(watch.panics().len(), 1);
        Ok(())
    });
    let unwound = std::panic::catch_unwind(|| {
        let watch = Watch::new();
        let system = ActorSystem::builder().workers(1).observer(watch.observer()).build().expect("it starts");
        let fragile = system.spawn(Fragile).start().expect("it runs");
        assert!(fragile.blocking_send(Touch).is_err());
        drop(system);
    });
    let text = unwound.expect_err("it wasn't expected").downcast::<String>().expect("a text");
    assert!(text.contains("it broke"), "{text}");
}

#[test]
fn a_mailbox_shows_what_waits_in_it_however_much_it_is() {
    check(20, |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).mailbox(Mailbox::unbounded()).start()?;
        for _ in 0..2 {
            let mut expected = Vec::new();
            for number in 0..sim.choose(100) as u64 {
                if number % 3 == 0 {
                    drop(counter.try_send(Get)?);
                    expected.push("Get");
                } else {
                    counter.try_tell(Add(number))?;
                    expected.push("Add");
                }
            }
            loop {
                let waiting = sim.mailbox(&counter);
                assert_eq!(waiting.len(), counter.mailbox_size());
                let rest = &expected[expected.len() - waiting.len()..];
                assert!(waiting.iter().zip(rest).all(|(path, name)| path.ends_with(name)), "{waiting:?} {expected:?}");
                if !sim.step() {
                    break;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_test_goes_on_step_by_step() {
    check(20, |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        assert!(sim.step(), "it starts");
        assert!(!sim.step());
        for number in 0..4 {
            counter.try_tell(Add(number))?;
        }
        for left in (0..4).rev() {
            assert!(sim.step());
            assert_eq!(counter.mailbox_size(), left);
        }
        assert!(!sim.step());
        Ok(())
    });
}
