//! Doors to `crate::system`: who lives in a system, and whether it is quiet.

use super::scheduler::Scheduler;
use crate::actor::Actor;
use crate::actor::reference::ActorRef;
use crate::sync::Arc;
use crate::system::{registry, shutdown};
use crate::task::handle::Strong;
use crate::task::seats::{Desk, Seats};

/// `registry::Registry`.
pub struct Registry(registry::Registry, Arc<Seats>);

impl Registry {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::at(Seats::new(2))
    }

    /// Of actors that the workers of `scheduler` run.
    pub fn of(scheduler: &Scheduler) -> Self {
        Self::at(Arc::clone(scheduler.inner().seats()))
    }

    fn at(seats: Arc<Seats>) -> Self {
        Self(registry::Registry::new(Arc::clone(&seats)), seats)
    }

    pub(super) fn seats(&self) -> &Seats {
        &self.1
    }

    pub(super) fn desk(&self, worker: usize) -> Desk {
        self.1.desk(worker)
    }

    pub fn close(&self) {
        self.0.close();
    }

    /// `Seats::catch_up`.
    pub fn catch_up(&self) {
        self.1.catch_up();
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn stop_everybody(&self) {
        self.0.everybody().iter().for_each(Strong::stop_for_shutdown);
    }

    /// How many there are to visit.
    pub fn visit_everybody(&self) -> usize {
        self.0.everybody().len()
    }

    /// A look at each as `snapshot::take` has it: how many there are to visit, and how many of them have ended.
    pub fn look_at_everybody(&self) -> (usize, usize) {
        let everybody = self.0.everybody();
        let has_ended = |actor: &&Strong| {
            let ended = actor.stage().is_none();
            let (depth, is_resting) = (actor.len(), actor.is_idle() || actor.is_suspended());
            assert!(depth <= actor.capacity().unwrap() as usize && actor.deepest() as usize <= depth + 1);
            assert!(!(ended && is_resting), "an end is neither");
            ended
        };
        (everybody.len(), everybody.iter().filter(has_ended).count())
    }

    /// Stops the actor that has this one's number, if there is one. Returns whether there was.
    #[must_use]
    pub fn find_and_stop(&self, number: Number) -> bool {
        self.0.find_by_id(number.0).inspect(Strong::stop).is_some()
    }

    /// `registry::Registry::claim_name`: whether the name was free.
    #[must_use]
    pub fn claim_name<A: Actor>(&self, name: &str, actor: &ActorRef<A>) -> bool {
        self.0.claim_name(name.into(), actor.strong().clone()).is_ok()
    }

    pub(super) fn free_name(&self, name: &str) {
        self.0.free_name(name);
    }

    /// `registry::Registry::let_go`, as at a system's end.
    pub fn let_go(&self) {
        self.0.let_go();
    }

    pub fn find<A: Actor>(&self, name: &str) -> Option<ActorRef<A>> {
        self.0.find(name).ok()
    }

    /// `shutdown::is_quiet`.
    pub fn is_quiet(&self, scheduler: &Scheduler) -> bool {
        shutdown::is_quiet(&self.0, scheduler.inner(), || false)
    }
}

/// An actor's number.
#[derive(Clone, Copy)]
pub struct Number(crate::task::identity::ActorId);

/// The number of an actor that has a seat.
pub fn number<A: Actor>(actor: &ActorRef<A>) -> Number {
    Number(actor.strong().id())
}
