//! Who lives in a system, and under which name.
//!
//! Living actors have seats ([`Seats`]), which are taken and left without a lock. Names are in a [`Table`]: they are looked up
//! without a lock, and claimed and freed behind one.
//!
//! An actor that has a name keeps itself, and frees the name at its end before anybody hears of that: whoever has heard of it
//! finds nobody, or the name's next owner. Who looks meanwhile may get an actor that is ending, as from any other reference.
//!
//! A name's entry keeps the memory of its actor alone. It does so for a while after the name is free, since somebody may be
//! looking at it: up to [`MOST_RETIRED`](crate::sync::limits::MOST_RETIRED) buckets of names wait for one barrier together. What
//! waits at the system's end is let go of then, or a system would keep itself.

use std::mem;

use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body};
use crate::error::FindError;
use crate::sync::Arc;
use crate::sync::garbage::Garbage;
use crate::sync::lock::Mutex;
use crate::sync::table::{Retired, Table};
use crate::task::handle::{Strong, Weak};
use crate::task::identity::ActorId;
use crate::task::seats::Seats;
use crate::task::typed::Task;

/// The registry.
#[derive(Debug)]
pub(crate) struct Registry {
    seats: Arc<Seats>,
    names: Table<Weak>,
    /// The lock of those who claim and free names.
    taken: Mutex<Taken>,
}

/// What they write.
#[derive(Debug, Default)]
struct Taken {
    /// How many names are taken.
    count: usize,
    retired: Retired<Weak>,
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

    /// Gives `name` to an actor, and has the actor keep itself up to its end.
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
        let Taken { count, retired } = &mut *taken;
        self.names.add(name, task.downgrade(), *count, retired, &mut garbage);
        *count += 1;
        drop(taken);
        task.keep_itself();
        Ok(())
    }

    /// Whether somebody has `name`. Lock-free.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.with(name, |entry| entry.is_some())
    }

    /// Frees `name`.
    pub(crate) fn free_name(&self, name: &str) {
        let mut taken = self.taken.lock();
        let Taken { count, retired } = &mut *taken;
        *count -= usize::from(self.names.remove(name, retired));
        let retired = retired.take_if_many();
        drop(taken);
        drop(retired);
    }

    /// Lets go of what names that are free still keep, but for what somebody is looking at: that one does so then.
    pub(crate) fn let_go(&self) {
        let retired = mem::take(&mut self.taken.lock().retired);
        drop(retired);
    }

    /// The actor with `name`. Lock-free.
    pub(crate) fn find<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, FindError> {
        // An actor that keeps itself no more has freed the name meanwhile.
        let Some(strong) = self.names.with(name, |entry| entry?.value.upgrade()) else {
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
    #[test]
    fn a_system_is_not_kept_by_names_that_are_free() {
        let system = ActorSystem::builder().workers(1).build().unwrap();
        for number in 0..3 {
            let actor = system.spawn(Nobody).name(number.to_string()).start().unwrap();
            actor.stop();
            system.block_on(actor.stopped());
        }
        assert!(!system.core.registry.taken.lock().retired.is_empty(), "they wait");
        let core = Arc::downgrade(&system.core);
        drop(system);
        assert_eq!(core.strong_count(), 0);
    }
}
