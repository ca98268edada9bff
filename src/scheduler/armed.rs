//! A timer of an actor, without a reference to its system.
//!
//! As for a [wake to come](super::pending), the system is known by its number: a worker of it gets at it directly, other
//! threads look among those that [live](super::living). In a system that isn't there no timer is left.

use std::num::NonZeroU64;
use std::ops::Range;
use std::time::Duration;

use super::pending::with_system;
use super::timer::Key;
use super::{Scheduler, living, wheel, worker};
use crate::sync::Arc;
use crate::sync::time::Moment;
use crate::sync::unwind::guard;
use crate::task::handle::Weak;
use crate::task::lane::{Load, Mark, Name, Ticking};
use crate::task::letter::Body;
use crate::task::typed::WeakTask;

/// The timer. Two words, for there may be millions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Armed {
    /// The number of the system, and below it the place of the wheel.
    home: NonZeroU64,
    entry: wheel::Key,
}

/// Times to which the rest of an activation makes no difference, and which the clock comes to.
const LONG: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(1 << 32);

/// How many bits the place takes.
const PLACE: u32 = u16::BITS;

impl Armed {
    /// Arms a timer for an actor of `scheduler`'s. It ends with its actor; one that `stays` can be armed again. Nothing if
    /// the time never comes, or the actor takes no more messages.
    pub(crate) fn arm<B: Body>(
        scheduler: &Scheduler,
        task: &WeakTask<B>,
        due: Moment,
        load: Load<B>,
        stays: bool,
    ) -> Option<Self> {
        if due == Moment::NEVER {
            return None;
        }
        let owner = task.weak().home().or_else(|| settle(scheduler, task.weak()))?;
        // The message is dropped without a lock where it is refused.
        // SAFETY: the task's list, and a load for its bodies.
        let (key, is_first) = unsafe { scheduler.timers.arm_owned(Key::of(owner), due, load.bare(), stays) }.ok()?;
        if is_first {
            scheduler.look_after(due);
        }
        Some(Self::named(scheduler, key))
    }

    fn named(scheduler: &Scheduler, key: Key) -> Self {
        let home = NonZeroU64::new(scheduler.number << PLACE | u64::from(key.place));
        Self { home: home.unwrap_or_else(|| unreachable!("the first number is one")), entry: key.key }
    }

    /// Arms a timer that fires once, when `after` has passed.
    pub(crate) fn arm_once<B: Body>(
        scheduler: &Scheduler,
        task: &WeakTask<B>,
        after: Duration,
        load: Load<B>,
    ) -> Option<Self> {
        if !(LONG.contains(&after) && worker::here(scheduler).is_some()) {
            return Self::arm(scheduler, task, scheduler.due(after), load, false);
        }
        let owner = task.weak().home().or_else(|| settle(scheduler, task.weak()))?;
        // SAFETY: as in `arm`.
        let key = unsafe { scheduler.timers.arm_owned_fresh(Key::of(owner), after, load.bare()) }.ok()?;
        Some(Self::named(scheduler, key))
    }

    /// Arms a timer once more that has fired, unless it was taken back or its actor has ended.
    ///
    /// # Contract
    ///
    /// The mark is of a timer of this system's.
    pub(crate) fn again<B: Body>(system: u64, mark: &Mark<B>, due: Moment, load: Load<B>) {
        let key = Key::of(mark.name());
        with_system(system, |scheduler| {
            if due == Moment::NEVER {
                drop(scheduler.timers.disarm(key));
                return;
            }
            // SAFETY: the mark is of a timer on the list of an actor with such a body.
            if unsafe { scheduler.timers.arm_again(key, due, load.bare()) }.is_ok_and(|is_first| is_first) {
                scheduler.look_after(due);
            }
        });
    }

    /// Takes it back. Returns whether it was still to fire.
    #[inline]
    pub(crate) fn cancel(self) -> bool {
        // What it holds is dropped without a lock.
        let (system, place) = (self.home.get() >> PLACE, self.home.get() as u16);
        let key = Key { place, key: self.entry };
        with_system(system, |scheduler| scheduler.timers.disarm(key).map(drop).is_some()).unwrap_or(false)
    }
}

/// See [`Host::check_later`](crate::task::letter::Host::check_later).
#[cold]
pub(super) fn check_later(scheduler: &Scheduler, task: &Weak, timer: Option<Name>, due: Moment) -> Option<Name> {
    let (key, is_first) = if let Some(timer) = timer {
        (Key::of(timer), scheduler.timers.move_check(Key::of(timer), due).ok()?)
    } else {
        // Also of an actor that was stopped before it started: it has messages to handle.
        let owner = list(scheduler, task)?;
        scheduler.timers.arm_check(Key::of(owner), due).ok()?
    };
    if is_first {
        scheduler.look_after(due);
    }
    Some(key.name())
}

/// Where the timers of an actor are listed from now on, unless it takes no more messages.
#[cold]
fn settle(scheduler: &Scheduler, task: &Weak) -> Option<Name> {
    if task.is_closed() { None } else { list(scheduler, task) }
}

/// Where they are listed, which is with this worker's if they weren't.
fn list(scheduler: &Scheduler, task: &Weak) -> Option<Name> {
    let shared = living::find(scheduler.number)?;
    let place = worker::here(scheduler).map_or(scheduler.workers.len(), |worker| worker.index());
    task.settle(|| {
        let owner = scheduler.timers.own(place, task.clone())?;
        Some((owner.name(), Arc::new(Listed { scheduler: shared, owner }) as Arc<dyn Ticking>))
    })
}

/// The timers of an actor.
struct Listed {
    scheduler: Arc<Scheduler>,
    owner: Key,
}

impl Ticking for Listed {
    fn end(&self) {
        while let Some(action) = self.scheduler.timers.end_one(self.owner) {
            // UNWIND: the drop of a message. Each by itself.
            let _ = guard(|| drop(action));
        }
    }
}
