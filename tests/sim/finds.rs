//! Bugs that depend on an order are found, shrunk and explained.

use std::collections::BTreeSet;
use std::sync::Mutex;

use corecast::sim::{Cause, Check, Outcome, Sim, Strategy};

use crate::actors::{All, Counter, Get, Increment, Log, Reader, Write, Writer};

/// Two who read a counter and write it back.
fn lost_update(sim: &Sim) -> Outcome {
    let system = sim.system();
    let counter = system.spawn(Counter(0)).name("counter").start()?;
    for name in ["one", "other"] {
        system.spawn(Reader(counter.clone())).name(name).start()?.try_tell(Increment)?;
    }
    sim.run_until_quiescent()?;
    assert_eq!(counter.blocking_send(Get)?, 2, "an update was lost");
    Ok(())
}

#[test]
fn a_lost_update_is_found_shrunk_and_explained_by_each_strategy() {
    for strategy in [Strategy::RandomWalk, Strategy::Pct { depth: 3 }, Strategy::Exhaustive] {
        let failure = Check::new().strategy(strategy).try_run(lost_update).expect_err("an update is lost");
        let Cause::Panicked { text, place: Some(place) } = failure.cause() else { panic!("{failure}") };
        assert!(text.contains("an update was lost") && place.contains("finds.rs"), "{failure}");
        assert!(failure.is_repeated());
        assert_eq!(failure.seed().is_none(), strategy == Strategy::Exhaustive);
        let matter = failure.decisions().iter().filter(|&&decision| decision != 0).count();
        assert!(matter <= 2, "{failure}");
        let text = failure.to_string();
        assert!(
            text.contains("`one`") && text.contains("handles Increment") && text.contains("waits for `counter`"),
            "{text}"
        );
    }
}

#[test]
fn the_same_failure_comes_back_with_its_seed_and_so_does_its_trace() {
    let find = |first: u64| Check::new().seed(first).try_run(lost_update).expect_err("an update is lost");
    let found = find(0);
    let again = find(found.seed().expect("a seed"));
    assert_eq!((found.seed(), found.decisions(), found.trace()), (again.seed(), again.decisions(), again.trace()));
}

#[test]
fn all_schedules_of_a_small_case_are_gone_through() {
    let orders = Mutex::new(BTreeSet::new());
    let report = Check::new().strategy(Strategy::Exhaustive).runs(20_000).run(|sim| {
        let system = sim.system();
        let log = system.spawn(Log::default()).start()?;
        let writers = [system.spawn(Writer(log.clone())).start()?, system.spawn(Writer(log.clone())).start()?];
        while sim.step() {}
        writers[0].try_tell(Write(0..2))?;
        writers[1].try_tell(Write(10..11))?;
        sim.run_until_quiescent()?;
        orders.lock().expect("not poisoned").insert(log.blocking_send(All)?);
        Ok(())
    });
    assert!(report.is_complete(), "{report:?}");
    // The one entry comes before, between or behind the other two.
    assert_eq!(orders.into_inner().expect("not poisoned").len(), 3, "{report:?}");
}

#[test]
fn a_test_that_looks_at_something_else_is_told_so() {
    let calls = Mutex::new(0);
    let failure = Check::new().try_run(|sim| {
        let mut calls = calls.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *calls += 1;
        let _ = sim.choose(2);
        assert!(*calls != 3, "only once");
        Ok(())
    });
    let failure = failure.expect_err("the third");
    assert!(!failure.is_repeated());
    assert!(failure.to_string().contains("something else decides"), "{failure}");
}
