//! Doors to `crate::system`: who lives in a system, and whether it is quiet.

use super::scheduler::Scheduler;
use crate::actor::Actor;
use crate::actor::reference::ActorRef;
use crate::system::{registry, shutdown};
use crate::task::handle::Strong;

/// `registry::Registry`.
pub struct Registry(registry::Registry);

impl Registry {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(registry::Registry::new())
    }

    /// Whether the actor has a seat now: the registry isn't closed.
    #[must_use]
    pub fn seat<A: Actor>(&self, hint: usize, actor: &ActorRef<A>) -> bool {
        self.0.seat(hint, actor.strong().downgrade(), None).is_ok()
    }

    pub fn leave(&self, seat: u32) {
        drop(self.0.leave(seat));
    }

    pub fn close(&self) {
        self.0.close();
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn stop_everybody(&self) {
        self.0.everybody().iter().for_each(Strong::stop_for_shutdown);
    }

    /// `shutdown::is_quiet`.
    pub fn is_quiet(&self, scheduler: &Scheduler) -> bool {
        shutdown::is_quiet(&self.0, scheduler.inner(), || false)
    }
}
