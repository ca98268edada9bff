//! How a membership is made.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::error::{self, JoinError};
use super::membership::Membership;
use crate::actor::Message;
use crate::broker::error::Refusal;
use crate::broker::member::Policy;
use crate::broker::overflow::Overflow;
use crate::broker::pattern::Reach;
use crate::broker::shared::{Shared, Wish};
use crate::broker::subscribe::{Door, Subscriber};
use crate::sync::Arc;
use crate::task::coop;
use crate::task::identity::ActorId;

/// A membership about to be made. Awaiting it makes it; so does [`start`](Self::start), at once.
///
/// ```
#[doc = include_str!("../../doc/workers.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::Overflow;
///
/// let system = corecast::ActorSystem::new()?;
/// system.block_on(async {
///     let worker = system.spawn(Worker).await?;
///     let membership = system.groups().join("workers", worker).overflow(Overflow::DropNewest).await?;
///     assert!(membership.is_active());
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "nobody has joined before this is awaited or started"]
pub struct Join<M: Message> {
    groups: Arc<Shared>,
    group: Box<str>,
    door: Result<Door<M>, ActorId>,
    overflow: Overflow,
}

impl<M: Message> Join<M> {
    pub(super) fn new(groups: &Arc<Shared>, group: &str, who: impl Subscriber<M>) -> Self {
        Self { groups: Arc::clone(groups), group: group.into(), door: who.knock(), overflow: Overflow::default() }
    }

    /// What becomes of broadcasts for which the member has no room. By default the broadcast's future waits.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Joins, and returns at once. Takes locks for a moment.
    ///
    /// # Errors
    ///
    /// For a name that can't be a group's, a group for messages of another type or in which the actor is already, an overflow
    /// without room or with too much, an actor that takes no more messages, and groups whose system has ended.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use corecast::JoinError;
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// let worker = system.spawn(Worker).start()?;
    /// system.groups().join("workers", &worker).start()?;
    /// let twice = system.groups().join("workers", &worker).start();
    /// assert!(matches!(twice, Err(JoinError::AlreadyMember { actor, .. }) if actor == worker.id()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Result<Membership, JoinError> {
        let door = self.door.map_err(|actor| JoinError::Stopped { actor })?;
        error::check_name(&self.group)?;
        let (actor, pattern, policy) = (door.ways.strong().id(), &*self.group, Policy::of(self.overflow)?);
        let wish = Wish { pattern, reach: Reach::One, policy, filter: None, door, once: true };
        self.groups.subscribe(wish).map(Membership::new).map_err(|refusal| match refusal {
            Refusal::WrongType(mismatch) => JoinError::Group(mismatch.into()),
            Refusal::Twice => JoinError::AlreadyMember { group: pattern.into(), actor },
            Refusal::Stopped => JoinError::Stopped { actor },
            Refusal::Closed => JoinError::Closed,
        })
    }
}

impl<M: Message> IntoFuture for Join<M> {
    type Output = Result<Membership, JoinError>;
    type IntoFuture = JoinFuture;

    /// Joins: the future that it returns is ready.
    fn into_future(self) -> JoinFuture {
        JoinFuture(Some(self.start()))
    }
}

/// The future of an awaited [`Join`].
///
/// # Cancel safety
///
/// Dropping it leaves the member in the group, as dropping the [`Membership`] does.
#[must_use = "the membership is made, but an error shows only when this is awaited"]
#[derive(Debug)]
pub struct JoinFuture(Option<Result<Membership, JoinError>>);

impl Future for JoinFuture {
    type Output = Result<Membership, JoinError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        Poll::Ready(self.0.take().expect("`JoinFuture` polled after it was ready"))
    }
}

impl<M: Message> fmt::Debug for Join<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("group", &self.group)
            .field("message", &std::any::type_name::<M>())
            .field("overflow", &self.overflow)
            .finish_non_exhaustive()
    }
}
