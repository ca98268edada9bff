//! A few runnable actors, which their worker comes to by itself: how long they wait for it.
//!
//! To move an actor to another core costs a wake, some microseconds, and from then on a cache line's way between cores
//! for each message from those who stayed. Where a few actors take turns in short activations, that is more than the wait
//! for their turn. So nobody is woken for fewer than [`MANY`] of them unless they wait as long as a wake takes, for
//! [`FEW_NANOS`] or more by the mean of some activations. More than a few are work for another core, whatever they take.
//!
//! Reading a clock costs as much as a hop between two actors, so it is read for the first, second, fourth and so on
//! of [`FEW_RUNS`] activations, and from there on anew.

use std::cell::Cell;

use crate::sync::limits::{FEW_NANOS, FEW_RUNS, MANY};
use crate::sync::time::Moment;

/// What a worker knows of the waits in its deque.
#[derive(Debug)]
pub(super) struct Few {
    /// Activations since the first reading.
    runs: Cell<u32>,
    since: Cell<Moment>,
}

/// Whether that is few.
#[inline(always)]
pub(super) fn is_few(waiting: usize) -> bool {
    waiting < MANY
}

impl Few {
    pub(super) fn new() -> Self {
        Self { runs: Cell::new(0), since: Cell::new(Moment::from_nanos(0)) }
    }

    /// After an activation that left so many behind it: whether they wait for longer than a wake takes. `now` reads the
    /// clock.
    pub(super) fn wait_long(&self, waiting: usize, now: impl FnOnce() -> Moment) -> bool {
        if !is_few(waiting) {
            return true;
        }
        let runs = self.runs.get();
        self.runs.set(runs + 1);
        if runs == 0 {
            self.since.set(now());
            return false;
        }
        if !runs.is_power_of_two() {
            return false;
        }
        let passed = now().nanos_since(self.since.get());
        let is_long = passed / u64::from(runs) * waiting as u64 >= FEW_NANOS;
        if is_long || runs >= FEW_RUNS {
            self.runs.set(0);
        }
        is_long
    }

    /// The worker has slept: what was measured before is no activation's time.
    pub(super) fn forget(&self) {
        self.runs.set(0);
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{FEW_NANOS, Few, MANY};
    use crate::sync::time::Moment;

    const FEW: usize = MANY - 1;

    /// After how many activations of so many nanoseconds somebody is woken for those that wait; and the clock's readings.
    fn woken_after(nanos: u64, waiting: usize) -> (Option<u64>, u32) {
        let (few, mut readings) = (Few::new(), 0);
        let woken = (0..1_000u64).find(|run| {
            few.wait_long(waiting, || {
                readings += 1;
                Moment::from_nanos(run * nanos)
            })
        });
        (woken, readings)
    }

    #[test]
    fn short_activations_are_left_to_their_worker() {
        assert_eq!(woken_after(FEW_NANOS / 2, 1).0, None);
        assert_eq!(woken_after(FEW_NANOS / FEW as u64 - 1, FEW).0, None);
    }

    #[test]
    fn long_ones_wake_at_the_second_look() {
        assert_eq!(woken_after(FEW_NANOS, 1), (Some(1), 2));
        assert_eq!(woken_after(FEW_NANOS / FEW as u64, FEW), (Some(1), 2));
    }

    #[test]
    fn more_than_a_few_need_no_clock() {
        assert_eq!(woken_after(1, MANY), (Some(0), 0));
    }

    #[test]
    fn the_clock_is_read_seldom() {
        let (woken, readings) = woken_after(10, 1);
        assert_eq!(woken, None);
        assert!(readings < 1_000 / 2, "{readings}");
    }

    #[test]
    fn a_sleep_is_no_activation() {
        let few = Few::new();
        assert!(!few.wait_long(1, || Moment::from_nanos(0)));
        few.forget();
        assert!(!few.wait_long(1, || Moment::from_nanos(10 * FEW_NANOS)));
    }
}
