//! The clocks that loads are timed with.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Which time is meant. Only differences of [`now`](Self::now) have a meaning.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// CPU time of the calling thread: both ends must be read on the same one.
    ///
    /// Reading it is a system call of some hundred nanoseconds, which the measured time includes.
    ThreadCpu,
    /// Time as it passes for everybody.
    Wall,
}

impl Clock {
    /// The time on this clock.
    pub fn now(self) -> Duration {
        let id = match self {
            Self::ThreadCpu => ClockId::ThreadCPUTime,
            Self::Wall => ClockId::Monotonic,
        };
        clock_gettime(id).try_into().expect("these clocks do not run before zero")
    }
}
