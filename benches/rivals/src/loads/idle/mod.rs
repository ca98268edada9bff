//! Memory of idle actors.
//!
//! The main thread starts many actors with a state of 8 bytes, keeps a reference to each, and tells each a message. When
//! all have handled it and the resident memory has come to rest, it is compared with what it was before. That stands for
//! many actors that have been active and may be again. It says nothing of full mailboxes, nor of actors that wait within
//! a handler.
//!
//! The figure is in bytes for each actor, less its state and the reference that is kept. Checked is the sum of what was
//! handled.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use super::{Field, Load, Unit, play};
use crate::framework::Framework;
use crate::measured::Found;
use crate::resident;

pub const IDLE: Load = Load {
    name: "idle",
    operation: "one idle actor",
    unit: Unit::Bytes,
    full: 100_000,
    tiny: 1_000,
    play: |framework, size| play(IDLE_BY, framework, size, size, size * (size - 1) / 2),
};

const IDLE_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::idle)),
    (Framework::Tokio, Ok(tokio::idle)),
    (Framework::Kompact, Ok(kompact::idle)),
    (Framework::Actix, Ok(actix::idle)),
    (Framework::Kameo, Ok(kameo::idle)),
    (Framework::Ractor, Ok(ractor::idle)),
];

/// The state of an actor.
type State = u64;

/// Who has handled its message.
#[derive(Debug)]
struct RollCall {
    left: AtomicU64,
    sum: AtomicU64,
    report: mpsc::Sender<u64>,
}

impl RollCall {
    fn here(&self, n: u64) {
        // ORDERING: Relaxed, since `left` orders it before the last one's look.
        self.sum.fetch_add(n, Ordering::Relaxed);
        // ORDERING: AcqRel, so that whoever is the last sees what all others added.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // ORDERING: Relaxed, by the same.
            self.report.send(self.sum.load(Ordering::Relaxed)).expect("the main thread waits");
        }
    }
}

/// The message: a number, and where to say it.
#[derive(Debug, Clone)]
struct Call {
    n: u64,
    roll: Arc<RollCall>,
}

/// Starts actors by `start`, has `tell` tell each its message, and weighs them.
fn weigh<R>(actors: u64, mut start: impl FnMut() -> R, tell: impl Fn(&R, Call)) -> Found {
    let (report, sum) = mpsc::channel();
    let all_here = |actors: &[R]| {
        let left = AtomicU64::new(actors.len() as u64);
        let roll = Arc::new(RollCall { left, sum: AtomicU64::new(0), report: report.clone() });
        for (actor, n) in actors.iter().zip(0..) {
            tell(actor, Call { n, roll: Arc::clone(&roll) });
        }
        sum.recv().expect("the last one reports")
    };
    // A few of everything, so that code and tables of fixed size are not counted as the actors'.
    let few: Vec<R> = (0..1_000).map(|_| start()).collect();
    all_here(&few);
    let before = resident::settled();
    let started = Instant::now();
    let all: Vec<R> = (0..actors).map(|_| start()).collect();
    let checksum = all_here(&all);
    let elapsed = started.elapsed();
    let grown = resident::settled() as f64 - before as f64;
    let own = size_of::<State>() + size_of::<R>();
    Found { elapsed, cpu: None, checksum, latencies: None, bytes: Some(grown / actors as f64 - own as f64) }
}
