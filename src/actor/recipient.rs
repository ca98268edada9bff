//! A reference to whoever takes one type of message.

use std::fmt;

use super::Message;
use super::call::{Reply, SendFuture, Stopped, Tell, block_on_answer, on_worker};
use super::delivery::Ways;
use super::letter::{Asked, Target, Told};
use super::reference::{try_asked, try_told};
use crate::error::{SendError, SendErrorReason, TellError, TellErrorReason, TrySendError, TryTellError};
use crate::sync::parker::block_on;
use crate::task::handle::Strong;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::post::Patience;

/// A reference to an actor of any type that handles `M`. It keeps the actor alive.
///
/// Made by [`ActorRef::recipient`](crate::ActorRef::recipient). The verbs are those of
/// [`ActorRef`](crate::ActorRef), at the same cost: the actor's type is forgotten, not boxed. It can
/// [subscribe](crate::MessageBroker::subscribe), too.
pub struct Recipient<M: Message>(Ways<M>);

impl<M: Message> Recipient<M> {
    pub(crate) fn new(ways: Ways<M>) -> Self {
        Self(ways)
    }

    pub(crate) fn into_ways(self) -> Ways<M> {
        self.0
    }

    #[inline(always)]
    pub(super) fn strong(&self) -> &Strong {
        self.0.strong()
    }

    /// Who it is, for the future of a reply.
    #[inline(always)]
    fn target(&self) -> Target {
        Target::new(self.strong(), self.0.reader())
    }

    /// See [`ActorRef::tell`](crate::ActorRef::tell).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// system.block_on(anybody.tell(Add(1)))?;
    /// assert_eq!(counter.blocking_send(Add(1))?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tell(&self, message: M) -> Tell<M> {
        Tell::new(self.strong(), self.0.post_first(Told(message), Patience::Wait))
    }

    /// See [`ActorRef::try_tell`](crate::ActorRef::try_tell).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// anybody.try_tell(Add(1))?;
    /// assert_eq!(counter.blocking_send(Add(1))?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_tell(&self, message: M) -> Result<(), TryTellError<M>> {
        try_told(self.strong(), self.0.post_first(Told(message), Patience::Try))
    }

    /// See [`ActorRef::blocking_tell`](crate::ActorRef::blocking_tell).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// anybody.blocking_tell(Add(1))?;
    /// assert_eq!(counter.blocking_send(Add(1))?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocking_tell(&self, message: M) -> Result<(), TellError<M>> {
        if on_worker() {
            return Err(TellError::new(TellErrorReason::WouldBlock, self.info(), message));
        }
        block_on(self.tell(message))
    }

    /// See [`ActorRef::send`](crate::ActorRef::send).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// assert_eq!(system.block_on(anybody.send(Add(1)))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send(&self, message: M) -> SendFuture<M> {
        let (letter, receiver) = Asked::new(message);
        SendFuture::new(self.strong(), self.target(), self.0.post_second(letter, Patience::Wait), receiver)
    }

    /// See [`ActorRef::try_send`](crate::ActorRef::try_send).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// let reply = anybody.try_send(Add(1))?;
    /// assert_eq!(system.block_on(reply)?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send(&self, message: M) -> Result<Reply<M::Result>, TrySendError<M>> {
        let (letter, receiver) = Asked::new(message);
        try_asked(self.strong(), self.0.post_second(letter, Patience::Try), Reply::new(self.target(), receiver))
    }

    /// See [`ActorRef::blocking_send`](crate::ActorRef::blocking_send).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// assert_eq!(anybody.blocking_send(Add(1))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocking_send(&self, message: M) -> Result<M::Result, SendError<M>> {
        if on_worker() {
            return Err(SendError::not_accepted(SendErrorReason::WouldBlock, self.info(), message));
        }
        block_on_answer(self.strong(), || self.send(message))
    }

    /// See [`ActorRef::mailbox_size`](crate::ActorRef::mailbox_size).
    #[must_use]
    pub fn mailbox_size(&self) -> usize {
        self.strong().len()
    }

    /// See [`ActorRef::is_alive`](crate::ActorRef::is_alive).
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// assert!(anybody.is_alive());
    /// counter.stop();
    /// assert!(!anybody.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.strong().is_alive()
    }

    /// See [`ActorRef::stopped`](crate::ActorRef::stopped).
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// counter.stop();
    /// assert!(matches!(system.block_on(anybody.stopped()), corecast::StopReason::Stopped));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stopped(&self) -> Stopped {
        Stopped::new(self.strong().downgrade())
    }

    /// The actor's number.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let anybody: corecast::Recipient<Add> = counter.recipient();
    /// assert_eq!(anybody.id(), counter.id());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.strong().id()
    }

    /// The actor's number, type and name.
    #[must_use]
    pub fn info(&self) -> ActorInfo {
        self.strong().info()
    }
}

impl<M: Message> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Message> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.info())
    }
}
