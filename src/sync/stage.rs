//! Where a thread plays a simulation: its virtual time, and who goes on with others while this thread would wait.
//!
//! A simulation has one thread. What would put that thread to sleep lets others act instead, until what is waited for
//! has come; what would look at a clock looks at the simulation's.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::rc::Rc;

use super::local;
use super::thread::{self, ThreadId};
use super::time::Moment;

/// Who runs a simulation on this thread.
pub(crate) trait Stage {
    /// Lets others act until `is_over`, and then for as long as it likes.
    ///
    /// # Errors
    ///
    /// Nobody can act any more, and it isn't over: who waits for whom.
    fn pause(&self, is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Display>>;

    /// The same while a system is dropped: there is nothing to be found out.
    ///
    /// # Errors
    ///
    /// As for [`pause`](Self::pause).
    fn wind_down(&self, is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Display>>;
}

local! {
    /// The simulation that this thread plays.
    static STAGE: RefCell<Option<Rc<dyn Stage>>> = RefCell::new(None)
}

local! {
    /// Its time, in nanoseconds.
    static NOW: Cell<Option<u64>> = Cell::new(None)
}

/// As long as it lives, this thread plays a simulation.
#[must_use = "the thread plays only as long as this lives"]
#[derive(Debug)]
pub(crate) struct Playing(());

impl Playing {
    /// Begins, at moment zero; not if this thread plays already.
    pub(crate) fn begin(stage: Rc<dyn Stage>) -> Option<Self> {
        let is_free = STAGE.with(|place| place.borrow().is_none());
        is_free.then(|| {
            STAGE.with(|place| *place.borrow_mut() = Some(stage));
            NOW.with(|now| now.set(Some(0)));
            Self(())
        })
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        NOW.with(|now| now.set(None));
        let stage = STAGE.with(|place| place.borrow_mut().take());
        drop(stage);
    }
}

/// Whether this thread plays a simulation.
pub(crate) fn is_here() -> bool {
    now().is_some()
}

/// This thread, if it plays a simulation.
pub(crate) fn player() -> Option<ThreadId> {
    is_here().then(|| thread::current().id())
}

/// The simulation that this thread plays.
pub(crate) fn here() -> Option<Rc<dyn Stage>> {
    STAGE.try_with(|place| place.borrow().clone()).ok().flatten()
}

/// The virtual time of this thread.
pub(crate) fn now() -> Option<Moment> {
    NOW.try_with(Cell::get).ok().flatten().map(Moment::from_nanos)
}

/// Turns the clock of this thread's simulation.
pub(crate) fn set_now(to: Moment) {
    NOW.with(|now| now.set(Some(to.as_nanos())));
}
