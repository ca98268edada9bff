//! What one run of one load by one framework has found.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What a framework's program returns: the time that it took, and what it computed.
#[derive(Debug)]
pub struct Found {
    pub elapsed: Duration,
    /// CPU time of the whole process meanwhile, where all of it belongs to the load.
    pub cpu: Option<Duration>,
    pub checksum: u64,
    pub latencies: Option<Latencies>,
    /// Resident bytes of what was counted, where memory is the load.
    pub bytes: Option<f64>,
}

impl Found {
    /// Plays a pass to warm up, and then the one that is timed by the wall clock.
    pub fn timed(warm_up: u64, size: u64, mut pass: impl FnMut(u64) -> u64) -> Self {
        pass(warm_up);
        let (started, cpu) = (Instant::now(), cpu_time());
        let checksum = pass(size);
        Self { elapsed: started.elapsed(), cpu: Some(cpu_time() - cpu), checksum, latencies: None, bytes: None }
    }

    pub fn with_latencies(self, latencies: Latencies) -> Self {
        Self { latencies: Some(latencies), ..self }
    }
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("this clock does not run before zero")
}

/// Percentiles, in nanoseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Latencies {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Latencies {
    /// The medians of each percentile.
    pub fn medians(all: &[Self]) -> Self {
        let of = |which: fn(&Self) -> f64| median(all.iter().map(which));
        Self { p50: of(|it| it.p50), p99: of(|it| it.p99), p999: of(|it| it.p999), max: of(|it| it.max) }
    }
}

/// The middle one of all figures; not a number where there is none.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

impl From<&Histogram<u64>> for Latencies {
    fn from(nanos: &Histogram<u64>) -> Self {
        let at = |quantile| nanos.value_at_quantile(quantile) as f64;
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: nanos.max() as f64 }
    }
}

/// Nanoseconds from 1 to one minute, to three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("these bounds are right")
}

/// What a process that measured alone prints.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Nanoseconds of one operation, or bytes.
    pub figure: f64,
    /// Nanoseconds of CPU time for one operation, of all threads together.
    pub cpu: Option<f64>,
    pub operations: u64,
    /// Resident memory at its highest, in bytes.
    pub peak: u64,
    pub latencies: Option<Latencies>,
}
