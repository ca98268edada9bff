//! How often children may be restarted.

use std::collections::VecDeque;
use std::time::Duration;

use super::error::SpecError;

/// How many restarts a supervisor attempts within a time, before it gives up. The rules are those of OTP.
///
/// Each attempt counts, also one that fails, and whichever child it is for; one that restarts siblings as well counts once. It
/// counts when it is decided, before a [back-off](crate::Backoff). The supervisor gives up at the attempt that is one too many
/// for the time before it, which includes both ends: it stops its children, the last one first, and ends.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use corecast::Intensity;
///
/// assert_eq!(Intensity::default(), Intensity::new(1, Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intensity {
    restarts: u32,
    period: Duration,
}

impl Intensity {
    /// At most so many restarts within this time. Zero restarts are none at all. A time of zero is refused by the supervisor.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let patient = corecast::Intensity::new(10, Duration::from_secs(60));
    /// # assert_ne!(patient, corecast::Intensity::default());
    /// ```
    #[must_use]
    pub const fn new(restarts: u32, period: Duration) -> Self {
        Self { restarts, period }
    }

    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.period.is_zero() { Err(SpecError::ZeroPeriod) } else { Ok(()) }
    }
}

impl Default for Intensity {
    /// One restart within five seconds.
    fn default() -> Self {
        Self::new(1, Duration::from_secs(5))
    }
}

/// When restarts were attempted, the latest last; none that is of no account any more.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Duration>);

impl History {
    /// Enters an attempt. Whether it is still within what is allowed.
    #[must_use]
    pub(super) fn admit(&mut self, now: Duration, allowed: Intensity) -> bool {
        let earliest = now.saturating_sub(allowed.period);
        while self.0.front().is_some_and(|&then| then < earliest) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() <= allowed.restarts as usize
    }
}
