//! Floors: what the machine itself charges, measured in the same run as the loads.
//!
//! | floor | what |
//! |---|---|
//! | r | one uncontended atomic read-modify-write |
//! | L | the round trip of one cache line between two cores |
//!
//! As the project's check bench has them, by the wall clock; the smallest of many windows, in which nothing disturbed.

use std::fmt;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// The floors, in nanoseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Floors {
    pub rmw: f64,
    /// Where there are two cores.
    pub line: Option<f64>,
}

/// A word on cache lines of its own; two of them, since neighbours are fetched together.
#[repr(align(128))]
struct Line(AtomicU64);

impl Floors {
    /// Measures both, in as many windows as `windows` says.
    pub fn measure(windows: usize) -> Self {
        let two = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
        Self { rmw: rmw(windows), line: two.then(|| line_round_trip(windows)) }
    }

    /// The smaller of both, each by itself.
    pub fn min(self, other: Self) -> Self {
        let line = match (self.line, other.line) {
            (Some(line), Some(other)) => Some(line.min(other)),
            (line, other) => line.or(other),
        };
        Self { rmw: self.rmw.min(other.rmw), line }
    }
}

impl fmt::Display for Floors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r = {:.2} ns", self.rmw)?;
        self.line.map_or(Ok(()), |line| write!(f, ", L = {line:.1} ns"))
    }
}

fn rmw(windows: usize) -> f64 {
    const OPERATIONS: u64 = 200_000;
    let word = Line(AtomicU64::new(0));
    let window = |_| {
        let started = Instant::now();
        for _ in 0..OPERATIONS {
            // ORDERING: AcqRel, as of what the floor is compared with.
            black_box(&word).0.fetch_add(1, Ordering::AcqRel);
        }
        started.elapsed().as_nanos() as f64 / OPERATIONS as f64
    };
    (0..windows).map(window).fold(f64::INFINITY, f64::min)
}

/// Lines that are used in turn: how long a trip takes depends on where in the cache a line lives.
const LINES: usize = 64;

/// Two threads answer each other through one word at a time. They spin without pausing, since a pause has a length of
/// its own; with a core for each nobody is kept from working.
fn line_round_trip(windows: usize) -> f64 {
    const TRIPS: u64 = 2_000;
    let lines: Vec<_> = (0..LINES).map(|_| Line(AtomicU64::new(0))).collect();
    let ready = Barrier::new(2);
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    // Where a thread can't be pinned, the floor is as the scheduler places it.
    let pin = |index: usize| cores.get(index).is_some_and(|&core| core_affinity::set_for_current(core));
    let windows = 0..windows;
    thread::scope(|scope| {
        scope.spawn({
            let windows = windows.clone();
            let (lines, ready) = (&lines, &ready);
            move || {
                pin(1);
                ready.wait();
                for Line(word) in windows.map(|window| &lines[window % LINES]) {
                    // ORDERING: Relaxed, since the barrier and the windows before this one order all that is read here.
                    let from = word.load(Ordering::Relaxed) & !1;
                    for trip in 0..TRIPS {
                        // ORDERING: Acquire and Release, as a mailbox needs them.
                        while word.load(Ordering::Acquire) != from + 2 * trip + 1 {}
                        word.store(from + 2 * trip + 2, Ordering::Release);
                    }
                }
            }
        });
        let asking = scope.spawn(|| {
            pin(0);
            ready.wait();
            let window = |window: usize| {
                let Line(word) = &lines[window % LINES];
                // ORDERING: Relaxed, by the same.
                let from = word.load(Ordering::Relaxed);
                let started = Instant::now();
                for trip in 0..TRIPS {
                    // ORDERING: Release and Acquire, as above.
                    word.store(from + 2 * trip + 1, Ordering::Release);
                    while word.load(Ordering::Acquire) != from + 2 * trip + 2 {}
                }
                started.elapsed().as_nanos() as f64 / TRIPS as f64
            };
            windows.map(window).fold(f64::INFINITY, f64::min)
        });
        asking.join().expect("the asking thread counts")
    })
}
