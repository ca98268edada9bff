//! Faults: each happens, and what is guaranteed holds all the same.

use std::time::Duration;

use corecast::sim::{Check, Fault, Sim};
use corecast::{Mailbox, TryTellErrorReason};

use crate::actors::{Add, All, Counter, Get, Log, Sleep, Sleeper, Write, Writer};

fn check(fault: Fault) -> Check {
    Check::new().runs(100).fault(fault)
}

/// Whether it happens in some runs of a hundred, but not in all.
fn sometimes(check: &Check, test: impl Fn(&Sim) -> Result<bool, Box<dyn std::error::Error + Send + Sync>>) -> bool {
    let happened = std::cell::Cell::new(0);
    let report = check.run(|sim| {
        happened.set(happened.get() + u32::from(test(sim)?));
        Ok(())
    });
    (1..report.runs() as u32).contains(&happened.get())
}

#[test]
fn handlers_panic_and_the_asker_is_told() {
    assert!(sometimes(&check(Fault::panics(0.5).at("Get")), |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(1)).start()?;
        assert_eq!(counter.blocking_send(Add(1))?, 2, "not there");
        Ok(counter.blocking_send(Get).is_err())
    }));
}

#[test]
fn what_is_late_keeps_its_order() {
    assert!(sometimes(&check(Fault::delays(0.2, Duration::from_secs(1)).at("Log")), |sim| {
        let system = sim.system();
        let log = system.spawn(Log::default()).start()?;
        system.spawn(Writer(log.clone())).start()?.try_tell(Write(0..8))?;
        sim.run_until_quiescent()?;
        assert!(log.blocking_send(All)?.into_iter().eq(0..8));
        Ok(sim.now() > Duration::ZERO)
    }));
}

#[test]
fn mailboxes_are_full() {
    assert!(sometimes(&check(Fault::full_mailboxes(0.5)), |sim| {
        let system = sim.system();
        let bounded = system.spawn(Counter(0)).mailbox(Mailbox::bounded(10)).start()?;
        let unbounded = system.spawn(Counter(0)).mailbox(Mailbox::unbounded()).start()?;
        for _ in 0..10 {
            unbounded.try_tell(Add(1))?;
        }
        bounded.try_tell(Add(1))?;
        let second = bounded.try_tell(Add(1));
        Ok(matches!(second, Err(error) if matches!(error.reason(), TryTellErrorReason::Full)))
    }));
}

#[test]
fn actors_are_killed_at_a_place() {
    assert!(sometimes(&check(Fault::kills(0.05).at("Counter")), |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        let log = system.spawn(Log::default()).start()?;
        for number in 0..5 {
            let _ = counter.try_tell(Add(number));
            log.try_tell(Add(number))?;
        }
        sim.run_until_quiescent()?;
        assert!(log.is_alive());
        Ok(!counter.is_alive())
    }));
}

#[test]
fn actors_start_late() {
    assert!(sometimes(&check(Fault::slow_starts(0.5, Duration::from_secs(5))), |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        assert_eq!(counter.blocking_send(Add(2))?, 2);
        Ok(sim.now() > Duration::ZERO)
    }));
}

#[test]
fn time_passes_though_there_is_something_to_do() {
    assert!(sometimes(&check(Fault::clock_jumps(0.05, Duration::from_secs(5))), |sim| {
        let system = sim.system();
        let log = system.spawn(Log::default()).start()?;
        let sleeper = system.spawn(Sleeper).start()?;
        let asleep = sleeper.try_send(Sleep(Duration::from_millis(1)))?;
        system.spawn(Writer(log.clone())).start()?.try_tell(Write(0..8))?;
        sim.block_on(asleep)?;
        Ok(log.blocking_send(All)?.len() < 8)
    }));
}
