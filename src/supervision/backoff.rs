//! How long a failed child waits for its restart.

use std::time::Duration;

use super::error::SpecError;

/// How long a failed child waits before it is restarted: longer after each failure, up to a limit.
///
/// Its mailbox takes messages meanwhile, and its supervisor serves its other children. If siblings are restarted with it, they
/// are taken down at once, and wait with it.
///
/// The `n`th failure in a row is followed by the first delay times the factor to the power of `n` - 1, but no more than the
/// longest one, and less a random part of it. Failures are in a row until the child has been up for a
/// [time](Self::reset_after).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use corecast::Backoff;
///
/// // 100 ms, 200 ms, 400 ms .. 10 s, each less at most a tenth of it.
/// let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10)).jitter(0.1);
/// # assert_eq!(backoff, backoff.factor(2.0).reset_after(Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    factor: f64,
    jitter: f64,
    reset_after: Duration,
}

impl Backoff {
    /// From `first` up to `longest`, twice as long each time, less at most a fifth of it, and from the beginning again after
    /// `longest` without a failure.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, factor: 2.0, jitter: 0.2, reset_after: longest }
    }

    /// How many times as long each delay is as the one before: 1 or more. 1 is always the same delay. 2 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let same = corecast::Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).factor(1.0);
    /// ```
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The largest part of a delay that is taken off at random, so that those who fail together don't come back together: from
    /// 0 to 1. 0.2 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let exact = corecast::Backoff::new(Duration::from_secs(1), Duration::from_secs(60)).jitter(0.0);
    /// ```
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long the child has to be up until its failures are forgotten. As long as the longest delay by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let backoff = corecast::Backoff::new(Duration::from_millis(10), Duration::from_secs(1))
    ///     .reset_after(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub const fn reset_after(mut self, time: Duration) -> Self {
        self.reset_after = time;
        self
    }

    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.first.is_zero() {
            Err(SpecError::ZeroBackoff)
        } else if self.longest < self.first {
            Err(SpecError::LongestBelowFirst { first: self.first, longest: self.longest })
        } else if !(self.factor.is_finite() && self.factor >= 1.0) {
            Err(SpecError::Factor { factor: self.factor })
        } else if !(0.0..=1.0).contains(&self.jitter) {
            Err(SpecError::Jitter { jitter: self.jitter })
        } else {
            Ok(())
        }
    }

    /// Whether a child's failures are forgotten when it has been up so long.
    pub(super) fn forgets(&self, up_for: Duration) -> bool {
        up_for >= self.reset_after
    }

    /// The delay after so many failures in a row, of which there is at least one.
    pub(super) fn delay(&self, failures: u32, random: u64) -> Duration {
        let power = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.longest.as_secs_f64();
        let full = (self.first.as_secs_f64() * self.factor.powi(power)).min(longest);
        let part = random as f64 / u64::MAX as f64;
        let delay = Duration::try_from_secs_f64(full * (1.0 - self.jitter * part));
        delay.unwrap_or(self.longest).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_delay_is_twice_the_one_before_up_to_the_longest() {
        let backoff = Backoff::new(SECOND, 5 * SECOND).jitter(0.0);
        let delays = [1, 2, 3, 4, 1_000, u32::MAX].map(|failures| backoff.delay(failures, 7));
        assert_eq!(delays, [1, 2, 4, 5, 5, 5].map(|seconds| seconds * SECOND));
    }

    #[test]
    fn the_jitter_takes_off_its_part_at_most() {
        let backoff = Backoff::new(SECOND, SECOND).jitter(0.25);
        assert_eq!(backoff.delay(1, 0), SECOND);
        assert_eq!(backoff.delay(1, u64::MAX), SECOND * 3 / 4);
        assert_eq!(Backoff::new(SECOND, SECOND).jitter(1.0).delay(1, u64::MAX), Duration::ZERO);
    }

    #[test]
    fn the_longest_time_is_no_overflow() {
        let backoff = Backoff::new(Duration::MAX, Duration::MAX).factor(f64::MAX).jitter(0.0);
        assert_eq!(backoff.check(), Ok(()));
        assert_eq!(backoff.delay(u32::MAX, u64::MAX), Duration::MAX);
    }
}
