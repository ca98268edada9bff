//! Who lives in a system, and under which name.
//!
//! Living actors have seats ([`Seats`]), which are taken and left without a lock. Names are in a [`Table`]: they are looked up
//! without a lock, and claimed and freed behind one.
//!
//! A name keeps its actor, and is freed by the actor's end before anybody hears of that: whoever has heard of it finds nobody,
//! or the name's next owner. Who looks meanwhile may get an actor that is ending, as from any other reference.

use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body};
use crate::error::FindError;
use crate::sync::Arc;
use crate::sync::garbage::Garbage;
use crate::sync::lock::Mutex;
use crate::sync::table::Table;
use crate::task::handle::Strong;
use crate::task::identity::ActorId;
use crate::task::seats::Seats;
use crate::task::typed::Task;

/// The registry.
#[derive(Debug)]
pub(crate) struct Registry {
    seats: Arc<Seats>,
    names: Table<Strong>,
    /// How many names are taken. The lock of those who claim and free them.
    taken: Mutex<usize>,
}

impl Registry {
    /// Of those who have these seats.
    pub(crate) fn new(seats: Arc<Seats>) -> Self {
        Self { seats, names: Table::new(), taken: Mutex::default() }
    }

    /// The seats.
    pub(crate) fn seats(&self) -> &Seats {
        &self.seats
    }

    /// The actor of this number, if it hasn't ended.
    pub(crate) fn find_by_id(&self, id: ActorId) -> Option<Strong> {
        self.seats.find(id)
    }

    /// Lets nobody in any more. Who was let in before is seen by whoever looks after this.
    pub(crate) fn close(&self) {
        self.seats.close();
    }

    /// How many actors there are.
    pub(crate) fn len(&self) -> usize {
        self.seats.len()
    }

    /// Everybody who lives now, also those whom nobody refers to any more.
    pub(crate) fn everybody(&self) -> Vec<Strong> {
        self.seats.everybody()
    }

    /// Gives `name` to an actor, and keeps the actor alive under it.
    ///
    /// # Errors
    ///
    /// The reference back, if the name is taken.
    pub(crate) fn claim_name(&self, name: Arc<str>, task: Strong) -> Result<(), Strong> {
        // Declared before the lock is taken, and so dropped after it.
        let mut garbage = Garbage::default();
        let mut taken = self.taken.lock();
        if self.is_taken(&name) {
            return Err(task);
        }
        self.names.add(name, task, *taken, &mut garbage);
        *taken += 1;
        drop(taken);
        Ok(())
    }

    /// Whether somebody has `name`. Lock-free.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.with(name, |entry| entry.is_some())
    }

    /// Frees `name`, and lets go of what it kept.
    pub(crate) fn free_name(&self, name: &str) {
        let mut garbage = Garbage::default();
        let mut taken = self.taken.lock();
        if let Some(entry) = self.names.with(name, |entry| entry.cloned()) {
            self.names.remove(&entry, &mut garbage);
            *taken -= 1;
            garbage.push(entry);
        }
        drop(taken);
    }

    /// The actor with `name`. Lock-free.
    pub(crate) fn find<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, FindError> {
        let found = self.names.with(name, |entry| entry.map(|entry| entry.value.clone()));
        let Some(strong) = found else {
            return Err(FindError::NotFound { name: name.into() });
        };
        Task::<Body<A>>::of(strong).map(ActorRef::new).map_err(|other| FindError::WrongType {
            name: name.into(),
            expected: std::any::type_name::<A>(),
            found: other.info().type_name(),
        })
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::Registry;
    use crate::sync::Arc;
    use crate::task::seats::Seats;
    use crate::{Actor, ActorSystem, FindError};

    struct Nobody;
    impl Actor for Nobody {}

    #[test]
    fn looking_a_name_up_takes_no_lock_of_the_names() {
        let registry = Registry::new(Arc::clone(&Seats::new(1)));
        let system = ActorSystem::builder().workers(1).build().unwrap();
        let actor = system.spawn(Nobody).start().unwrap();
        registry.claim_name("a".into(), actor.strong().clone()).unwrap();
        // Who took the lock here would wait for itself.
        let taken = registry.taken.lock();
        assert_eq!(registry.find::<Nobody>("a"), Ok(actor));
        assert_eq!(registry.find::<Nobody>("b"), Err(FindError::NotFound { name: "b".into() }));
        assert!(registry.is_taken("a") && !registry.is_taken("b"));
        drop(taken);
    }
}
