//! How long single operations took.

#![allow(unreachable_pub, reason = "`pub` says what the example uses; a binary has no other public")]

use std::fmt;
use std::time::{Duration, Instant};

use crate::loads::samples::Samples;

/// The distribution of one operation's time.
#[derive(Debug, Clone)]
pub struct Latencies(Samples);

impl Latencies {
    /// Nanoseconds that half of the operations didn't exceed.
    pub fn p50(&self) -> f64 {
        self.0.percentile(50)
    }

    /// Nanoseconds that 99 in 100 operations didn't exceed.
    pub fn p99(&self) -> f64 {
        self.0.percentile(99)
    }
}

impl FromIterator<f64> for Latencies {
    fn from_iter<I: IntoIterator<Item = f64>>(nanos: I) -> Self {
        Self(nanos.into_iter().collect())
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        times.into_iter().map(|time| time.as_nanos() as f64).collect()
    }
}

/// What is in every figure: the time between two readings of the clock with nothing in between.
pub fn of_the_clock(readings: usize) -> Latencies {
    let taken = |_| {
        let started = Instant::now();
        started.elapsed()
    };
    (0..readings).map(taken).collect()
}

/// Nanoseconds, with three digits that count.
pub struct Nanos(pub f64);

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            nanos if nanos.abs() < 99.95 => write!(f, "{nanos:.1} ns"),
            nanos if nanos.abs() < 9_999.5 => write!(f, "{nanos:.0} ns"),
            nanos => write!(f, "{:.1} µs", nanos / 1_000.0),
        }
    }
}
