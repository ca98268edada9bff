//! The systems that live, by number: for a wait whose thread is none of theirs, and that keeps no reference to any, and for
//! a reference to a system that was made inside and is used elsewhere.
//!
//! One list for the process, behind a lock, of weak references: it keeps no system, and a system that closes leaves it
//! first of all. Nobody looks here who is on a worker.

use super::Scheduler;
use crate::sync::lock::Mutex;
use crate::sync::{Arc, Weak, constant};

constant! {
    /// The list.
    static LIVING: Mutex<Living> = Mutex::new(Living { last: 0, systems: Vec::new() })
}

#[derive(Debug)]
struct Living {
    /// The number that was given out last.
    last: u64,
    systems: Vec<(u64, Weak<Scheduler>)>,
}

/// A number for a system to come. Numbers aren't used again.
pub(super) fn number() -> u64 {
    let mut living = LIVING.lock();
    living.last += 1;
    living.last
}

/// The system can be found from now on.
pub(super) fn enter(scheduler: &Arc<Scheduler>) {
    let mut living = LIVING.lock();
    living.systems.push((scheduler.number, Arc::downgrade(scheduler)));
}

/// The system can't be found any more.
pub(super) fn leave(number: u64) {
    let mut living = LIVING.lock();
    let place = living.systems.iter().position(|(other, _)| *other == number);
    let left = place.map(|place| living.systems.swap_remove(place));
    drop(living);
    drop(left);
}

/// The system of this number, while it lives.
#[cold]
pub(super) fn find(number: u64) -> Option<Arc<Scheduler>> {
    let living = LIVING.lock();
    living.systems.iter().find(|(other, _)| *other == number).and_then(|(_, system)| system.upgrade())
}

/// Some system that lives. A simulation keeps its own time alone.
#[cold]
pub(super) fn any() -> Option<Arc<Scheduler>> {
    let living = LIVING.lock();
    let mut systems = living.systems.iter().filter_map(|(_, system)| system.upgrade());
    #[cfg(any(corecast_loom, feature = "sim"))]
    return systems.find(|system| system.player == crate::sync::stage::player());
    #[cfg(not(any(corecast_loom, feature = "sim")))]
    return systems.next();
}
