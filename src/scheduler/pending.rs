//! A wake to come, without a reference to the system that brings it.
//!
//! It is known by its system's number. A worker of that system gets at it directly; other threads look for the system in
//! the list of those that [live](super::living). A system that closes wakes who waits, so one that isn't there has nothing
//! left to be taken back.

use std::ops::Range;
use std::task::Waker;
use std::time::Duration;

use super::timer::{self, Action};
use super::{Scheduler, fresh, living, worker};
use crate::sync::Arc;
use crate::sync::time::Moment;

/// Times to which a few milliseconds make no difference, and which the clock comes to.
const LONG: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(1 << 32);

/// The wake. Dropped, it is taken back.
#[derive(Debug)]
pub(crate) struct Pending {
    system: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// In a slot of this worker.
    Slot(u16, fresh::Number),
    Wheel(timer::Key),
    /// Taken back.
    Nowhere,
}

/// Wakes `waker` when `after` has passed, if this thread is a worker; it is among those whose system closes.
#[inline]
pub(crate) fn here(after: Duration, waker: &Waker) -> Option<Pending> {
    worker::with_any(|worker| {
        let scheduler = worker.scheduler();
        if LONG.contains(&after) {
            // SAFETY: this thread is the worker.
            let slot = unsafe { scheduler.timers.slots(worker.index()).arm(after.as_nanos() as u64, waker) };
            if let Some(slot) = slot {
                return Some(Pending { system: scheduler.number, place: Place::Slot(worker.index() as u16, slot) });
            }
        }
        in_wheel(scheduler, after, waker)
    })
    .flatten()
}

/// The slots are taken, or the time is short.
#[cold]
fn in_wheel(scheduler: &Scheduler, after: Duration, waker: &Waker) -> Option<Pending> {
    let wake = Action::Wake(waker.clone());
    let key = match worker::here(scheduler) {
        Some(worker) if LONG.contains(&after) => scheduler.timers.arm_fresh(worker.index(), after, wake).map(Some),
        _ => scheduler.arm(scheduler.due(after), wake),
    };
    Some(Pending { system: scheduler.number, place: Place::Wheel(key.ok()??) })
}

/// Wakes `waker` at `due`, by a worker of the system of this number; not if it has closed.
pub(crate) fn within(system: u64, due: Moment, waker: &Waker) -> Option<Pending> {
    with_system(system, |scheduler| at(scheduler, due, waker))?
}

/// Wakes `waker` at `due`, by a worker of `scheduler`; not if it has closed.
#[cold]
fn at(scheduler: &Scheduler, due: Moment, waker: &Waker) -> Option<Pending> {
    let key = scheduler.arm(due, Action::Wake(waker.clone())).ok()??;
    Some(Pending { system: scheduler.number, place: Place::Wheel(key) })
}

/// Wakes `waker` when `after` has passed, by a worker of `home` or, if that has closed, of any system that lives.
#[cold]
pub(crate) fn anywhere(home: Option<Arc<Scheduler>>, after: Duration, waker: &Waker) -> Option<Pending> {
    let at = |scheduler: Arc<Scheduler>| at(&scheduler, scheduler.due(after), waker);
    home.and_then(at).or_else(|| {
        // One that closes meanwhile has left the list before it refuses.
        while let Some(scheduler) = living::any() {
            if let Some(pending) = at(scheduler) {
                return Some(pending);
            }
        }
        None
    })
}

impl Pending {
    /// Lets it wake `waker` instead of another one. Returns false if it has woken somebody.
    #[cold]
    pub(crate) fn renew(&self, waker: &Waker) -> bool {
        let renewed = |scheduler: &Scheduler| match &self.place {
            // SAFETY: the number is from there.
            Place::Slot(worker, slot) => unsafe { scheduler.timers.renew_slot(usize::from(*worker), slot, waker) },
            Place::Wheel(key) => scheduler.timers.renew(*key, waker),
            Place::Nowhere => false,
        };
        with_system(self.system, renewed).unwrap_or(false)
    }

    /// Whether its system has closed: then it has woken somebody, be it time or not.
    #[cold]
    pub(crate) fn is_lost(&self) -> bool {
        living::find(self.system).is_none()
    }
}

/// Runs `deed` on the system of this number, if that hasn't closed.
#[inline(always)]
pub(super) fn with_system<R>(number: u64, deed: impl FnOnce(&Scheduler) -> R) -> Option<R> {
    if worker::with_any(|worker| worker.scheduler().number == number) == Some(true) {
        worker::with_any(|worker| deed(worker.scheduler()))
    } else {
        living::find(number).map(|scheduler| deed(&scheduler))
    }
}

impl Drop for Pending {
    #[inline]
    fn drop(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Nowhere);
        // The waker is dropped without a lock.
        with_system(self.system, |scheduler| match place {
            // SAFETY: the number is from there.
            Place::Slot(worker, slot) => unsafe { scheduler.timers.take_back(usize::from(worker), slot) },
            Place::Wheel(key) => drop(scheduler.timers.disarm(key)),
            Place::Nowhere => {}
        });
    }
}
