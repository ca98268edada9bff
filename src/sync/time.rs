//! Time and randomness: the only place that reads a clock.

use std::time::{Duration, Instant};

/// A moment of the monotonic clock, in nanoseconds since the clock was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Where no clock comes to.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// The moment so many nanoseconds after the clock was made.
    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock was made.
    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment `after` this one; the far end of time where that can't be represented.
    pub(crate) fn after(self, after: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Nanoseconds from `earlier` to this moment, zero if it isn't earlier.
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// How long it is from `now` to this moment, zero if it has passed.
    pub(crate) fn until(self, now: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(now))
    }
}

/// Where a system's time comes from. In a simulation it is virtual: that of the thread which plays it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Start);

/// When it was made.
#[derive(Clone, Copy, Debug)]
enum Start {
    Real(Instant),
    #[cfg(any(corecast_loom, feature = "sim"))]
    Virtual(Moment),
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn new() -> Self {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if let Some(now) = super::stage::now() {
            return Self(Start::Virtual(now));
        }
        Self(Start::Real(Instant::now()))
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Moment {
        let passed = match &self.0 {
            // In a model no time passes.
            Start::Real(_) if cfg!(corecast_loom) => Duration::ZERO,
            Start::Real(start) => start.elapsed(),
            // Another thread, or none that plays any more: there no time passes.
            #[cfg(any(corecast_loom, feature = "sim"))]
            Start::Virtual(start) => super::stage::now().map_or(Duration::ZERO, |now| now.until(*start)),
        };
        Moment(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Whether its time is that of a simulation.
    #[cfg(any(corecast_loom, feature = "sim"))]
    #[inline(always)]
    pub(crate) fn is_virtual(&self) -> bool {
        matches!(self.0, Start::Virtual(_))
    }
}

/// A small generator for choices that need no secrecy: Marsaglia's xorshift64.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Seeds the generator; any seed will do.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Any number but zero.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound` (which is not zero).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Random};
    use std::time::Duration;

    #[test]
    fn the_far_end_of_time_does_not_overflow() {
        let end = Moment(5).after(Duration::MAX);
        assert_eq!(end, Moment(u64::MAX));
        assert_eq!(Moment(3).until(Moment(9)), Duration::ZERO);
    }

    #[test]
    fn random_choices_stay_below_their_bound_and_reach_all_of_it() {
        let mut random = Random::new(7);
        let mut seen = [0u32; 5];
        for _ in 0..1_000 {
            seen[random.below(5)] += 1;
        }
        assert!(seen.iter().all(|&n| n > 100), "{seen:?}");
    }
}
