//! Who lives in a system, and under which name.
//!
//! Living actors have seats ([`Seats`]), which are taken and left without a lock. Names are behind one lock.

use std::collections::HashMap;

use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body};
use crate::error::FindError;
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::task::handle::Strong;
use crate::task::identity::ActorId;
use crate::task::seats::Seats;
use crate::task::typed::Task;

/// The registry.
#[derive(Debug)]
pub(crate) struct Registry {
    seats: Arc<Seats>,
    names: Mutex<HashMap<Arc<str>, Strong>>,
}

impl Registry {
    /// Of those who have these seats.
    pub(crate) fn new(seats: Arc<Seats>) -> Self {
        Self { seats, names: Mutex::default() }
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
        match self.names.lock().entry(name) {
            std::collections::hash_map::Entry::Occupied(_) => Err(task),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(task);
                Ok(())
            }
        }
    }

    /// Whether somebody has `name`.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.lock().contains_key(name)
    }

    /// Frees `name`. What it kept is returned, to be dropped where no lock is held.
    pub(crate) fn free_name(&self, name: &str) -> Option<Strong> {
        self.names.lock().remove(name)
    }

    /// The actor with `name`.
    pub(crate) fn find<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, FindError> {
        let found = self.names.lock().get(name).cloned();
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
