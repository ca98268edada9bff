//! Process groups: actors under a common name, to be looked at, talked to one by one, or told something all at once.
//!
//! | file | noun |
//! |---|---|
//! | [`group`] | a handle on one group |
//! | [`join`] | how a membership is made |
//! | [`membership`] | what a member's owner holds |
//! | [`broadcast`] | the future of a broadcast |
//! | [`error`] | what can go wrong |
//!
//! A group is a topic of a broker of its own, to which nobody subscribes by a pattern and nobody twice; a membership is a
//! subscription, and a broadcast a publish. So they live in the broker's folder, and have its lists, its rules of overflow
//! and its end of subscriptions.

pub(crate) mod broadcast;
pub(crate) mod error;
pub(crate) mod group;
pub(crate) mod join;
pub(crate) mod membership;

use std::fmt;

use super::shared::Shared;
use super::subscribe::Subscriber;
use crate::actor::Message;
use crate::actor::recipient::Recipient;
use crate::sync::Arc;
use broadcast::Broadcast;
use error::GroupError;
use group::Group;
use join::Join;

/// Actors in groups, by name.
///
/// Each system has its own, [`ActorSystem::groups`](crate::ActorSystem::groups); others can be made, so that names don't
/// meet. It is a handle: clones are the same groups. Members may live in any system, and be actors of any type that handle the
/// group's type of message.
///
/// A group is there while it has members, or somebody has a [`Group`]. Its name is any text of up to 255 bytes, and its type
/// of message that of its first use; it is free to be another's when the group is gone. A member joins by an
/// [`ActorRef`](crate::ActorRef) or a [`Recipient`], and is kept alive by the group, or by a
/// [`WeakActorRef`](crate::WeakActorRef), and isn't; it leaves by itself when it ends. Whoever has heard of its end, by
/// [`stopped`](crate::ActorRef::stopped) or [`on_terminated`](crate::Actor::on_terminated), doesn't find it among the members
/// any more.
///
/// | method | progress |
/// |---|---|
/// | [`members`](Self::members), [`count`](Self::count), [`broadcast`](Self::broadcast), and those of a [`Group`] | lock-free |
/// | [`join`](Self::join), `leave`, [`group`](Self::group), [`names`](Self::names) | blocking: locks, one at a time |
///
/// ```
/// use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
///
/// #[derive(Clone)]
/// struct Work(u64);
/// impl Message for Work {
///     type Result = u64;
/// }
///
/// struct Worker;
/// impl Actor for Worker {}
/// impl Handler<Work> for Worker {
///     async fn handle(&mut self, work: Work, _ctx: &mut ActorContext<Self>) -> u64 {
///         2 * work.0
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let system = ActorSystem::new()?;
///     let groups = system.groups();
///     system.block_on(async {
///         for _ in 0..3 {
///             groups.join("workers", system.spawn(Worker).await?).await?;
///         }
///         let one = &groups.members::<Work>("workers")?[1];
///         assert_eq!(one.send(Work(21)).await?, 42);
///         assert_eq!(groups.broadcast("workers", Work(1)).await?.reached(), 3);
///         Ok(())
///     })
/// }
/// ```
#[derive(Clone)]
pub struct Groups(pub(super) Arc<Shared>);

impl Groups {
    /// Groups of their own.
    ///
    /// They keep the members that join by an [`ActorRef`](crate::ActorRef) until the last clone is dropped, and the last
    /// [`Group`]: one that such a member holds keeps it for good.
    #[must_use]
    pub fn new() -> Self {
        Self(Shared::new())
    }

    /// Lets an actor join a group, which is made if it isn't there. The builder is awaited, or [started](Join::start).
    ///
    /// The message's type is inferred where the actor has one [`Handler`](crate::Handler).
    ///
    /// # Errors
    ///
    /// Those of [`Join::start`].
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let groups = system.groups();
    /// system.block_on(async {
    ///     let worker = system.spawn(Worker).await?;
    ///     let membership = groups.join("workers", &worker).await?;
    ///     groups.join::<Work>("observed", worker.downgrade()).await?;
    ///     assert_eq!(groups.names(), ["observed", "workers"]);
    ///     membership.leave();
    ///     worker.stop();
    ///     worker.stopped().await;
    ///     assert!(groups.names().is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn join<M: Message>(&self, group: &str, member: impl Subscriber<M>) -> Join<M> {
        Join::new(&self.0, group, member)
    }

    /// Lets an actor leave a group, however it has joined. Returns whether it was a member. Takes locks for a moment.
    ///
    /// A broadcast that has begun before may still come to it.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let groups = system.groups();
    /// let worker = system.spawn(Worker).start()?;
    /// groups.join("workers", &worker).start()?;
    /// assert!(groups.leave("workers", &worker));
    /// assert!(!groups.leave("workers", &worker));
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave<M: Message>(&self, group: &str, member: impl Subscriber<M>) -> bool {
        member.knock().is_ok_and(|door| self.0.unsubscribe_actor(door.ways.strong().address(), group))
    }

    /// Those who are in a group, in the order in which they joined; nobody, if there is no such group. Lock-free.
    ///
    /// # Errors
    ///
    /// If the name can't be a group's, or the group is for messages of another type.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let groups = system.groups();
    /// system.block_on(async {
    ///     groups.join("workers", system.spawn(Worker).await?).await?;
    ///     for worker in groups.members::<Work>("workers")? {
    ///         assert_eq!(worker.send(Work(4)).await?, 8);
    ///     }
    ///     assert!(groups.members::<Work>("idlers")?.is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn members<M: Message>(&self, group: &str) -> Result<Vec<Recipient<M>>, GroupError> {
        self.0.directory.with(group, |entry| match entry {
            Some(entry) => Ok(entry.subject::<M>()?.recipients()),
            None => error::check_name(group).map(|()| Vec::new()),
        })
    }

    /// How many are in a group, whatever its type. Lock-free.
    #[must_use]
    pub fn count(&self, group: &str) -> usize {
        self.0.directory.with(group, |entry| entry.map_or(0, |entry| entry.value.len()))
    }

    /// Tells each member the same: a message is delivered at the call, to all who have room for it. The future resolves when
    /// nobody waits for room any more, with how many it [reached](crate::Published).
    ///
    /// A member without room delays none of the others; what becomes of its message, its [`Overflow`](crate::Overflow) says.
    /// What a handler returns is dropped. Lock-free where there is room, and allocates nothing beside the clones.
    ///
    /// # Errors
    ///
    /// The message comes back if the name can't be a group's, or the group is for messages of another type.
    ///
    /// # Panics
    ///
    /// As the message's `Clone` does. Some members have the message then, and others don't.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the message from members for which it waits for room, and recalls nothing otherwise.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let groups = system.groups();
    /// system.block_on(async {
    ///     groups.join("workers", system.spawn(Worker).await?).await?;
    ///     assert_eq!(groups.broadcast("workers", Work(1)).await?.reached(), 1);
    ///     assert_eq!(groups.broadcast("idlers", Work(1)).await?.reached(), 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn broadcast<M: Message + Clone>(&self, group: &str, message: M) -> Broadcast<M> {
        self.0.directory.with(group, move |entry| match entry {
            Some(entry) => match entry.subject::<M>() {
                Ok(members) => members.publish(message).into(),
                Err(mismatch) => Broadcast::failed(mismatch.into(), message),
            },
            None => match error::check_name(group) {
                Ok(()) => Broadcast::nobody(),
                Err(error) => Broadcast::failed(error, message),
            },
        })
    }

    /// A group, to be used without looking it up. Its type is fixed from now on, while there is a handle.
    ///
    /// # Errors
    ///
    /// If the name can't be a group's, or the group is for messages of another type.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let workers = system.groups().group::<Work>("workers")?;
    /// assert!(workers.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn group<M: Message>(&self, name: &str) -> Result<Group<M>, GroupError> {
        Group::find(&self.0, name)
    }

    /// The names of the groups that have members, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.topics(false)
    }

    /// Ends all memberships.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

impl Default for Groups {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Groups")
    }
}
