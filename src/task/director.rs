//! What a simulation decides, and what it hears of, where tasks meet it.
//!
//! There is one for each thread that plays a simulation, and none elsewhere.

use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::ptr::NonNull;
use std::rc::Rc;

use super::coop;
use super::header::{self, Header};
use super::identity::ActorInfo;
use super::letter::DeadLetter;
use super::reason::StopReason;
use crate::sync::local;

/// A closure that blocks.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// How a system ends: pending when it waits for a lull.
pub(crate) type Ending = Pin<Box<dyn Future<Output = ()>>>;

/// The simulation, as tasks and those above them see it.
pub(crate) trait Director {
    /// How many workers a system has that doesn't say.
    fn workers(&self) -> usize;

    /// Takes on the workers of a system.
    fn employ(&self, crew: Box<dyn Any>);

    /// How many messages an actor of this type may have waiting whose mailbox was to hold so many.
    fn capacity(&self, actor: &'static str, asked: u32) -> u32;

    /// Whether a future that is ready lets others go first. Then its task has been woken, and it waits.
    fn yields(&self) -> bool;

    /// A message is about to be handled. May panic in the handler's place.
    fn begins(&self, actor: &dyn Fn() -> ActorInfo, kind: &'static str, message: &'static str);

    /// An actor ended by a failure, or failed on its way out.
    fn failed(&self, actor: &ActorInfo, reason: &StopReason);

    /// Actors of this type may panic.
    fn expects(&self, kind: &'static str);

    /// An accepted message is left over.
    fn left_over(&self, letter: &DeadLetter);

    /// Runs a closure as a step of its own.
    fn job(&self, job: Job);

    /// Ends a system, beside all others.
    fn end(&self, ending: Ending);
}

local! {
    /// The simulation that this thread plays.
    static DIRECTOR: RefCell<Option<Rc<dyn Director>>> = RefCell::new(None)
}

/// As long as it lives, the director's word is asked for on this thread.
#[must_use = "nobody directs when this is dropped"]
#[derive(Debug)]
pub(crate) struct Directing(());

impl Directing {
    pub(crate) fn begin(director: Rc<dyn Director>) -> Self {
        DIRECTOR.with(|place| *place.borrow_mut() = Some(director));
        coop::ask_always(true);
        Self(())
    }
}

impl Drop for Directing {
    fn drop(&mut self) {
        coop::ask_always(false);
        let director = DIRECTOR.with(|place| place.borrow_mut().take());
        drop(director);
    }
}

/// Runs `look` on this thread's director, if there is one.
#[inline]
pub(crate) fn with<R>(look: impl FnOnce(&dyn Director) -> R) -> Option<R> {
    DIRECTOR.try_with(|place| place.borrow().as_deref().map(look)).ok().flatten()
}

/// The task that is run here is about to handle a message.
#[inline]
pub(super) fn begins(task: NonNull<Header>, message: &'static str) {
    with(|director| {
        // SAFETY: the task is being run, so it is alive.
        let header = unsafe { task.as_ref() };
        director.begins(&|| header::info(header), (header.far().vtable.type_name)(), message);
    });
}
