//! Clocks, memory, medians.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;

/// Which time is meant. Only differences of [`now`](Self::now) have a meaning.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// As it passes for everybody.
    Wall,
    /// CPU time of the calling thread.
    Thread,
    /// CPU time of all threads.
    Process,
}

impl Clock {
    pub(crate) fn now(self) -> Duration {
        let id = match self {
            Self::Wall => ClockId::Monotonic,
            Self::Thread => ClockId::ThreadCPUTime,
            Self::Process => ClockId::ProcessCPUTime,
        };
        clock_gettime(id).try_into().expect("these clocks don't run before zero")
    }
}

/// The middle one.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    assert!(!samples.is_empty(), "nothing was measured");
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// The most memory that was resident at once, in bytes.
pub(crate) fn peak_memory() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    Ok(peak.map(|kibibytes: u64| kibibytes * 1024).ok_or("no VmHWM in /proc/self/status")?)
}

/// Marsaglia's xorshift64: orders that caches can't guess, the same in each run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// The numbers below `length`, in an order by chance.
    pub(crate) fn permutation(&mut self, length: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..length as u32).collect();
        for last in (1..length).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}
