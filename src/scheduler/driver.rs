//! How a worker waits: the seam for an I/O poller, and for a simulation that doesn't wait at all.

use std::fmt;
use std::time::Duration;

use crate::sync::parker::Parker;

/// What a worker sleeps in.
pub(crate) trait Driver: Send + Sync + fmt::Debug + 'static {
    /// Waits until [`unpark`](Self::unpark) is called, or was called since the last time; or until `timeout` has
    /// passed. Called by one worker only.
    fn park(&self, timeout: Option<Duration>);

    /// Ends the present or the next wait. Called from any thread.
    fn unpark(&self);
}

impl Driver for Parker {
    fn park(&self, timeout: Option<Duration>) {
        Self::park(self, timeout);
    }

    fn unpark(&self) {
        Self::unpark(self);
    }
}
