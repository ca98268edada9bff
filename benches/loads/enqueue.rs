//! Enqueue alone, warm memory: what the sender pays for a message that is handled later.
//!
//! Timed are the `try_tell` calls of each batch, between two readings of the worker's CPU time in the
//! driver's handler; nothing else runs there meanwhile. That the first message to each player also
//! schedules it is included, and so are the readings, some tenths of a nanosecond per message.

use super::batch::{Batches, Timed, Verb};
use super::company::Company;

/// Sets the load up.
pub fn load() -> Batches {
    Batches::new(Verb::TryTell, Timed::Calls, Company::Nobody)
}
