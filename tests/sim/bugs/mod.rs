//! Three bugs of users' code, as `docs/finding-bugs.md` tells them: found under a seed, told, and fixed.

mod early_trade;
mod forgotten_reply;
mod guide;
mod lost_update;

use corecast::sim::{Check, Failure, Outcome, Sim, Strategy};

/// How the first of a thousand seeds fails, which is `seed`; alone it fails in the same way.
#[track_caller]
fn found_by(seed: u64, test: fn(&Sim) -> Outcome) -> Box<Failure> {
    let first = Check::new().try_run(test).expect_err("the bug is found");
    assert_eq!(first.seed(), Some(seed), "{first}");
    assert!(first.is_repeated(), "{first}");
    let alone = Check::new().seed(seed).runs(1).try_run(test).expect_err("by this seed alone");
    assert_eq!((first.decisions(), first.trace()), (alone.decisions(), alone.trace()));
    first
}

/// That no seed of many fails, under each strategy.
#[track_caller]
fn passes(test: fn(&Sim) -> Outcome) {
    for strategy in [Strategy::RandomWalk, Strategy::Pct { depth: 3 }] {
        assert_eq!(Check::new().strategy(strategy).runs(2_000).run(test).runs(), 2_000);
    }
}

/// That no schedule at all fails, of which there are some.
#[track_caller]
fn passes_in_each_schedule(test: fn(&Sim) -> Outcome) {
    let all = Check::new().strategy(Strategy::Exhaustive).runs(100_000).run(test);
    assert!(all.is_complete() && all.runs() > 1, "{all:?}");
}
