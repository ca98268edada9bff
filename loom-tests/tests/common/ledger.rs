//! The ledger: what actors and their host have seen, outside of the model.

use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
pub struct Seen {
    pub handled: Vec<u32>,
    pub dead: Vec<u32>,
    pub failed: u32,
    pub aborted: u32,
    /// The reason of each `post_stop`.
    pub stopped: Vec<String>,
    /// Actors that were dropped.
    pub dropped: u32,
    pub ended: u32,
}

#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Seen>>);

impl Ledger {
    /// Writes into it, or looks at it.
    pub fn note<R>(&self, note: impl FnOnce(&mut Seen) -> R) -> R {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All of it, which leaves it empty.
    pub fn read(&self) -> Seen {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The end that each of so many actors must come to: once, with the body dropped once.
    pub fn ended(&self, actors: u32) -> Seen {
        let seen = self.read();
        assert_eq!((seen.ended, seen.dropped, seen.aborted), (actors, actors, 0), "{seen:?}");
        seen
    }
}
