//! Who notices that a handler keeps its worker's thread: a thread that does nothing else.
//!
//! There is one in systems that want to hear of slow handlers, on threads. It looks at times what each worker is in; what
//! it looks at is [traced](crate::task::trace), and is told of by whoever finds it due first. It belongs to the system as
//! a worker does, and leaves with the workers.

use std::time::Duration;

use super::core::Core;
use crate::sync::Arc;

/// Looks within one threshold.
const LOOKS: u32 = 4;

/// The shortest time between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// Starts it.
///
/// # Errors
///
/// The operating system's, when it has no thread to give.
pub(super) fn start(core: &Arc<Core>, threshold: Duration) -> std::io::Result<()> {
    let pause = (threshold / LOOKS).max(PAUSE);
    let mut threads = core.threads.lock();
    let Some(threads) = threads.as_mut().filter(|threads| threads.are_any()) else {
        // A simulation has one thread, and a handler that keeps it keeps all.
        return Ok(());
    };
    let (scheduler, seats) = (Arc::clone(&core.scheduler), Arc::clone(core.scheduler.seats()));
    threads.add(&core.name, &core.scheduler, move || {
        while !scheduler.wait_for_close(pause) {
            for actor in scheduler.traced() {
                if let Some(actor) = seats.find(actor) {
                    actor.look_at_handler(scheduler.clock().now());
                }
            }
        }
    })
}
