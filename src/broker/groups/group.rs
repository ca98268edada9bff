//! A group, found once and used many times.

use std::fmt;

use super::broadcast::Broadcast;
use super::error::{self, GroupError};
use super::join::Join;
use crate::actor::Message;
use crate::actor::recipient::Recipient;
use crate::broker::shared::Shared;
use crate::broker::subject::{AnySubject, Subject};
use crate::broker::subscribe::Subscriber;
use crate::broker::topic::Hold;
use crate::sync::Arc;

/// A group for messages of type `M`, found once by [`Groups::group`](crate::Groups::group). While there is a handle, the
/// group keeps its type.
///
/// ```
#[doc = include_str!("../../doc/workers.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// let workers = system.groups().group::<Work>("workers")?;
/// system.block_on(async {
///     let worker = system.spawn(Worker).await?;
///     workers.join(&worker).await?;
///     assert_eq!(workers.members()[0].send(Work(3)).await?, 6);
///     assert_eq!(workers.broadcast(Work(1)).await?.reached(), 1);
///     assert!(workers.leave(&worker) && workers.is_empty());
///     Ok(())
/// })
/// # }
/// ```
pub struct Group<M: Message> {
    members: Arc<Subject<M>>,
    hold: Arc<Hold>,
}

impl<M: Message> Group<M> {
    pub(super) fn find(groups: &Arc<Shared>, name: &str) -> Result<Self, GroupError> {
        error::check_name(name)?;
        let members = groups.hold(name)?;
        Ok(Self { members, hold: Hold::new(groups, name) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.hold.name
    }

    /// Lets an actor join. See [`Groups::join`](crate::Groups::join).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn join(&self, member: impl Subscriber<M>) -> Join<M> {
        Join::new(&self.hold.broker, self.name(), member)
    }

    /// Lets an actor leave. See [`Groups::leave`](crate::Groups::leave).
    pub fn leave(&self, member: impl Subscriber<M>) -> bool {
        let door = member.knock();
        door.is_ok_and(|door| self.hold.broker.unsubscribe_actor(door.ways.strong().address(), self.name()))
    }

    /// Those who are in the group, in the order in which they joined. Lock-free.
    #[must_use]
    pub fn members(&self) -> Vec<Recipient<M>> {
        self.members.recipients()
    }

    /// How many are in the group. Lock-free.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is in the group. Lock-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells each member the same. See [`Groups::broadcast`](crate::Groups::broadcast).
    ///
    /// # Errors
    ///
    /// None: the group is there. The future's type is that of all broadcasts.
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub fn broadcast(&self, message: M) -> Broadcast<M>
    where
        M: Clone,
    {
        self.members.publish(message).into()
    }
}

impl<M: Message> Clone for Group<M> {
    fn clone(&self) -> Self {
        Self { members: Arc::clone(&self.members), hold: Arc::clone(&self.hold) }
    }
}

impl<M: Message> fmt::Debug for Group<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("name", &self.name()).field("message", &std::any::type_name::<M>()).finish()
    }
}
