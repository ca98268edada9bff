//! Floors: what the machine itself charges, measured in the same run as the loads that are compared with it.
//!
//! | floor | what |
//! |---|---|
//! | r | one uncontended atomic read-modify-write, in CPU time of the thread |
//! | L | the round trip of one cache line between two cores, by the wall clock |
//! | threads | how many times sooner two bare threads finish what one does: no runtime does better |
//!
//! A load is compared with the smallest measurement of its floor, that is with what the machine can do
//! when nothing disturbs it: disturbance makes a target harder to reach and never easier.

#![allow(unreachable_pub, reason = "`pub` says what the check uses; a binary has no other public")]

use std::fmt;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::loads::clock::Clock;
use crate::loads::samples::Samples;
use crate::loads::scaling;
use crate::loads::size::Size;

/// A word on cache lines of its own; two of them, since neighbours are fetched together.
#[repr(align(128))]
struct Line(AtomicU64);

/// The floors of this run.
#[derive(Debug)]
pub struct Floors {
    /// Nanoseconds of one uncontended read-modify-write.
    pub rmw: Samples,
    /// Nanoseconds of a cache line's round trip, where there are two cores.
    pub line: Option<Samples>,
    /// Whether the two threads of `line` were on cores of their own.
    pinned: bool,
    /// What a second thread gives.
    threads: Option<Samples>,
}

impl Floors {
    /// Measures all of them.
    pub fn measure(size: Size) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (line, pinned) = match cores {
            1 => (None, false),
            _ => {
                let (line, pinned) = line_round_trip(size.pick(200, 1), size.pick(2_000, 100));
                (Some(line), pinned)
            }
        };
        Self {
            rmw: rmw(size.pick(21, 1), size.pick(1_000_000, 1_000)),
            line,
            pinned,
            threads: (cores > 1).then(|| scaling::speedup_of_threads(size.pick(11, 1))),
        }
    }
}

impl fmt::Display for Floors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r = {:.2} ns (median {:.2})", self.rmw.min(), self.rmw.median())?;
        match &self.line {
            Some(line) => {
                let where_to = if self.pinned { "pinned" } else { "not pinned" };
                write!(f, ", L = {:.1} ns (median {:.1}, {where_to})", line.min(), line.median())?;
            }
            None => write!(f, ", no L: there is one core only")?,
        }
        if let Some(threads) = &self.threads {
            write!(f, ", two bare threads {:.2} x sooner than one", threads.median())?;
        }
        Ok(())
    }
}

fn rmw(times: usize, operations: u64) -> Samples {
    let word = Line(AtomicU64::new(0));
    (0..=times)
        .map(|_| {
            let started = Clock::ThreadCpu.now();
            for _ in 0..operations {
                black_box(&word).0.fetch_add(1, Ordering::AcqRel);
            }
            (Clock::ThreadCpu.now() - started).as_nanos() as f64 / operations as f64
        })
        .skip(1) // The first one warms up.
        .collect()
}

/// Between two windows: what disturbs one of them has passed by the time of a later one.
const REST: Duration = Duration::from_millis(5);

/// Lines that are used in turn: how long a trip takes depends on where in the cache a line lives.
const LINES: usize = 64;

/// Two threads answer each other through one word at a time. They spin without pausing, since a pause
/// has a length of its own; with a core for each nobody is kept from working.
fn line_round_trip(windows: usize, trips: u64) -> (Samples, bool) {
    let lines: Vec<_> = (0..LINES).map(|_| Line(AtomicU64::new(0))).collect();
    let ready = Barrier::new(2);
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let pin = |index: usize| cores.get(index).is_some_and(|&core| core_affinity::set_for_current(core));
    // One window to warm up, and then those that count.
    let windows = 0..=windows;

    thread::scope(|scope| {
        let answering = scope.spawn({
            let windows = windows.clone();
            || {
                let pinned = pin(1);
                ready.wait();
                for Line(word) in windows.map(|window| &lines[window % LINES]) {
                    // ORDERING: Relaxed, since the barrier and the windows before this one order all that is read here.
                    let from = word.load(Ordering::Relaxed) & !1;
                    for trip in 0..trips {
                        // ORDERING: the word carries nothing but itself; Acquire and Release are what a mailbox needs.
                        while word.load(Ordering::Acquire) != from + 2 * trip + 1 {}
                        word.store(from + 2 * trip + 2, Ordering::Release);
                    }
                }
                pinned
            }
        });
        let asking = scope.spawn(|| {
            let pinned = pin(0);
            ready.wait();
            let samples: Samples = windows
                .map(|window| {
                    thread::sleep(REST);
                    let Line(word) = &lines[window % LINES];
                    let from = word.load(Ordering::Relaxed);
                    let started = Clock::Wall.now();
                    for trip in 0..trips {
                        word.store(from + 2 * trip + 1, Ordering::Release);
                        while word.load(Ordering::Acquire) != from + 2 * trip + 2 {}
                    }
                    (Clock::Wall.now() - started).as_nanos() as f64 / trips as f64
                })
                .skip(1)
                .collect();
            (samples, pinned)
        });
        let (samples, asking_pinned) = asking.join().expect("the asking thread counts");
        let answering_pinned = answering.join().expect("the answering thread counts");
        (samples, asking_pinned && answering_pinned)
    })
}
