//! What several files of models share.

pub mod gate;
pub mod inline;
pub mod jobs;
pub mod ledger;
pub mod manual;

use corecast::loom_api::task::{After, Bench, Runnable};
use loom::thread;
use std::fmt::Display;

/// Runs an actor until it rests, on whatever thread. Nobody is held.
pub fn drive(runnable: Runnable) {
    drive_on(&mut Bench::new(), runnable);
}

/// The same on a worker.
pub fn drive_on(bench: &mut Bench, runnable: Runnable) {
    let mut next = Some(runnable);
    while let Some(runnable) = next {
        next = match runnable.run(bench) {
            After::Rested => None,
            After::Waits(waiting) => waiting.suspend(bench),
            After::Again(runnable) => Some(runnable),
            After::Behind(runnable) => {
                // Whoever claimed a place is on another thread: let it publish.
                thread::yield_now();
                Some(runnable)
            }
        };
    }
}

/// Ends the process on what loom finds inside of an activation, where a panic would be taken for the actor's.
pub fn abort(found: impl Display) -> ! {
    eprintln!("{found}");
    std::process::abort()
}
