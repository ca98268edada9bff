//! Who of the sleepers keeps the time: one word, that worker and the moment until which it sleeps.
//!
//! | the word names | written by | means |
//! |---|---|---|
//! | a worker and a moment | that worker, before it parks | it looks at all timers at that moment or before |
//! | nobody | the same, when it has slept | who needs somebody becomes the keeper, or wakes one |
//!
//! Every step that decides is a read-modify-write of `asleep` ([`idle`](super::idle)); this word is read and written beside
//! it. Why no timer is forgotten is in the README beside this file. All steps are wait-free but for [`keep`](Keeper::keep),
//! which is lock-free.

use super::idle::MAX_WORKERS;
use super::timer::Tick;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::time::Moment;

/// The office of the keeper.
#[derive(Debug)]
pub(crate) struct Keeper(AtomicU64);

/// What the word says: a moment, whose low bits are free as it is the beginning of a tick, and in these a worker's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shift(u64);

impl Shift {
    const NOBODY: Self = Self(u64::MAX);
    const NUMBER: u64 = (1 << Tick::SHIFT) - 1;

    fn new(worker: usize, until: Moment) -> Self {
        const { assert!((MAX_WORKERS as u64) < Self::NUMBER) };
        debug_assert_eq!(until.as_nanos() & Self::NUMBER, 0);
        Self(until.as_nanos() | worker as u64)
    }

    fn is_of(self, worker: usize) -> bool {
        self != Self::NOBODY && self.0 & Self::NUMBER == worker as u64
    }

    fn ends_by(self, due: Moment) -> bool {
        self != Self::NOBODY && self.0 & !Self::NUMBER <= due.as_nanos()
    }
}

impl Keeper {
    /// Nobody keeps the time.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(Shift::NOBODY.0))
    }

    /// Before `worker` sleeps: whether it has to keep the time itself, and be up at `until`, which begins a tick. Otherwise
    /// somebody does who is up by then.
    pub(crate) fn keep(&self, worker: usize, until: Moment) -> bool {
        let own = Shift::new(worker, until);
        // ORDERING: Relaxed, thrice; the word carries no data. The caller has done its read-modify-write of `asleep`: a keeper
        // that left before its own is known to have left, and one that does so later looks at the caller's timers, too.
        let mut present = Shift(self.0.load(Ordering::Relaxed));
        loop {
            if !present.is_of(worker) && present.ends_by(until) {
                return false;
            }
            match self.0.compare_exchange(present.0, own.0, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => present = Shift(now),
            }
        }
    }

    /// `worker` has slept and keeps the time no more, if it did. A read-modify-write of `asleep` follows, before it looks at
    /// the timers again: its `wake_up`, or `all_asleep` if it stays asleep.
    pub(crate) fn leave(&self, worker: usize) {
        // ORDERING: Relaxed, thrice; the read-modify-write that follows releases it. Only the keeper itself puts its number
        // there, so one look tells whether it is gone.
        let present = Shift(self.0.load(Ordering::Relaxed));
        if present.is_of(worker) {
            // Where that fails somebody else has taken over.
            let _ = self.0.compare_exchange(present.0, Shift::NOBODY.0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether a sleeper keeps the time who is up by `due`.
    pub(crate) fn is_up_by(&self, due: Moment) -> bool {
        // ORDERING: Relaxed; the caller has done a read-modify-write of `asleep`, as for `keep`.
        Shift(self.0.load(Ordering::Relaxed)).ends_by(due)
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Keeper, Tick};

    #[test]
    fn a_sleeper_relies_on_one_that_is_up_earlier_and_takes_over_from_one_that_sleeps_longer() {
        let keeper = Keeper::new();
        let at = |tick: u64| Tick::new(tick).start();
        assert!(keeper.keep(0, at(9)));
        assert!(!keeper.keep(1, at(9)) && !keeper.keep(1, at(10)));
        assert!(keeper.is_up_by(at(9)) && !keeper.is_up_by(at(8)));
        assert!(keeper.keep(1, at(5)));
        keeper.leave(0);
        assert!(keeper.is_up_by(at(5)), "it has been another's office since");
        assert!(keeper.keep(1, at(7)), "one that looks again sleeps as long as it has to");
        keeper.leave(1);
        assert!(!keeper.is_up_by(at(100)));
    }
}
