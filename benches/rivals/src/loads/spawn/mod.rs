//! Short lives: an actor starts, handles one message, and stops.
//!
//! A driver, an actor of the runtime, starts 1,000 actors and tells each its message; each stops itself when it has
//! handled it. When the last of them is gone, which its state's drop tells, the driver starts the next 1,000. That stands
//! for actors that are made for one piece of work. It says nothing of actors with supervisors, names or much state.
//!
//! One operation is one life, up to the drop of the actor's state. Timed is from the order to start up to the driver's
//! report. Checked is the sum of what was handled, which an actor adds to before it stops.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use super::{Field, Load, Unit, play};
use crate::framework::Framework;
use crate::measured::Found;

/// Lives at the same time.
const BATCH: u64 = 1_000;

pub const SPAWN: Load = Load {
    name: "spawn",
    operation: "one life",
    unit: Unit::Nanos,
    full: 300_000,
    tiny: 2_000,
    play: |framework, size| play(SPAWN_BY, framework, size, size, size * (size - 1) / 2),
};

const SPAWN_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::spawn)),
    (Framework::Tokio, Ok(tokio::spawn)),
    (Framework::Kompact, Ok(kompact::spawn)),
    (Framework::Actix, Ok(actix::spawn)),
    (Framework::Kameo, Ok(kameo::spawn)),
    (Framework::Ractor, Ok(ractor::spawn)),
];

/// What the driver still has to bring to life.
#[derive(Debug)]
struct Lives {
    next: u64,
    end: u64,
    census: Arc<Census>,
    report: mpsc::Sender<u64>,
}

impl Lives {
    /// The next batch; or none, and the report.
    fn batch(&mut self) -> impl Iterator<Item = u64> + use<> {
        if self.next == self.end {
            // ORDERING: Relaxed, since the message that told of the last drop came after all of them.
            self.report.send(self.census.sum.load(Ordering::Relaxed)).expect("the main thread waits");
        }
        let from = self.next;
        self.next = self.end.min(from + BATCH);
        from..self.next
    }
}

/// What has been done by the actors of a pass.
#[derive(Debug, Default)]
struct Census {
    sum: AtomicU64,
    gone: AtomicU64,
}

impl Census {
    /// A message has been handled.
    fn handled(&self, n: u64) {
        // ORDERING: Relaxed, since `gone` orders it before the driver's look.
        self.sum.fetch_add(n, Ordering::Relaxed);
    }

    /// An actor is gone: whether it was the last one of its batch.
    fn gone(&self) -> bool {
        // ORDERING: AcqRel, so that whoever is the last has seen what all others did.
        (self.gone.fetch_add(1, Ordering::AcqRel) + 1).is_multiple_of(BATCH)
    }
}

/// Passes of whole batches.
fn passes(lives: u64, live: impl Fn(Lives)) -> Found {
    let (report, sum) = mpsc::channel();
    Found::timed((lives / 10).next_multiple_of(BATCH), lives, |lives| {
        live(Lives { next: 0, end: lives, census: Arc::default(), report: report.clone() });
        sum.recv().expect("the driver reports")
    })
}
