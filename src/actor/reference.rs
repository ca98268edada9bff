//! References to actors of a known type.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::call::{Closed, Reply, SendFuture, Stopped, Tell, block_on_answer, on_worker};
use super::letter::{Asked, Target, Told};
use super::recipient::Recipient;
use super::timer;
use super::{Actor, Body, Handler, Message};
use crate::error::{
    SendError, SendErrorReason, TellError, TellErrorReason, TrySendError, TryTellError, TryTellErrorReason,
};
use crate::mailbox::waiters::Refused;
use crate::sync::parker::block_on;
use crate::task::handle::{Strong, Weak};
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::post::{Patience, Posted, Waiting};
use crate::task::typed::{Task, WeakTask};

/// A reference to an actor: the way to send it messages. It keeps the actor alive.
///
/// Eight bytes, cheap to clone, `Send` and `Sync` whatever the actor is.
///
/// | verb | waits for room | waits for the reply | on a worker thread | progress |
/// |---|---|---|---|---|
/// | [`tell`](Self::tell) | when awaited | – | yes | lock-free if there is room |
/// | [`try_tell`](Self::try_tell) | never: an error | – | yes | lock-free |
/// | [`blocking_tell`](Self::blocking_tell) | blocks the thread | – | an error | blocking |
/// | [`send`](Self::send) | when awaited | when awaited | yes | lock-free if there is room |
/// | [`try_send`](Self::try_send) | never: an error | when awaited | yes | lock-free |
/// | [`blocking_send`](Self::blocking_send) | blocks the thread | blocks the thread | an error | blocking |
///
/// **Verbs act at the call.** If there is room, the message has its place when the call returns, whether the future
/// is polled or not. If there is none, the message waits in line, in the order of the calls, and whoever makes room
/// places it. Memory for queued messages is recycled; when there is none to recycle, the allocator is called.
pub struct ActorRef<A: Actor>(Task<Body<A>>);

impl<A: Actor> ActorRef<A> {
    pub(crate) fn new(task: Task<Body<A>>) -> Self {
        Self(task)
    }

    #[inline(always)]
    pub(crate) fn strong(&self) -> &Strong {
        self.0.strong()
    }

    pub(crate) fn task(&self) -> &Task<Body<A>> {
        &self.0
    }

    /// Who it is, for the future of a reply.
    #[inline(always)]
    fn target(&self) -> Target {
        Target::new(self.strong(), std::any::type_name::<A>)
    }

    /// Sends a message and expects nothing back.
    ///
    /// The future resolves when the message has its place in the mailbox; that is at once, if there is room.
    ///
    /// # Errors
    ///
    /// The message comes back if the actor takes no more messages.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws a message that still waits for room, and recalls nothing otherwise.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// system.block_on(async {
    ///     let counter = system.spawn(Counter(0)).await?;
    ///     counter.tell(Add(1)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[inline(always)]
    pub fn tell<M: Message>(&self, message: M) -> Tell<M>
    where
        A: Handler<M>,
    {
        Tell::new(self.strong(), self.0.post(Told(message), Patience::Wait))
    }

    /// Sends a message if there is room for it now.
    ///
    /// # Errors
    ///
    /// The message comes back if the mailbox is full, if others wait for room already, or if the actor takes no
    /// more messages.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// if let Err(error) = counter.try_tell(Add(1)) {
    ///     assert!(error.is_full());
    ///     let Add(n) = error.into_message();
    ///     println!("{n} was not added");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn try_tell<M: Message>(&self, message: M) -> Result<(), TryTellError<M>>
    where
        A: Handler<M>,
    {
        try_told(self.strong(), self.0.post(Told(message), Patience::Try))
    }

    /// Sends a message from a thread that is no worker, and waits for room. Blocking.
    ///
    /// # Errors
    ///
    /// The message comes back if the actor takes no more messages, or if the caller is a worker.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.blocking_tell(Add(1))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocking_tell<M: Message>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
    {
        if on_worker() {
            return Err(TellError::new(TellErrorReason::WouldBlock, self.info(), message));
        }
        block_on(self.tell(message))
    }

    /// Sends a message and expects its handler's result.
    ///
    /// # Errors
    ///
    /// If the message wasn't accepted it comes back in the error. If it was, the error says why there is no reply:
    /// the handler panicked, the actor was killed in the handler, or it ended before it came to the message.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws a message that still waits for room. Otherwise the message is handled, and its
    /// result is dropped.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// system.block_on(async {
    ///     let counter = system.spawn(Counter(40)).await?;
    ///     assert_eq!(counter.send(Add(2)).await?, 42);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[inline(always)]
    pub fn send<M: Message>(&self, message: M) -> SendFuture<M>
    where
        A: Handler<M>,
    {
        let (letter, receiver) = Asked::awaited(message);
        SendFuture::new(self.strong(), self.target(), self.0.post(letter, Patience::Wait), receiver)
    }

    /// Sends a message if there is room for it now, and returns the future of its reply.
    ///
    /// # Errors
    ///
    /// As for [`try_tell`](Self::try_tell). The reply's own error says why there is none.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// system.block_on(async {
    ///     let counter = system.spawn(Counter(40)).await?;
    ///     let reply = counter.try_send(Add(2))?;
    ///     assert_eq!(reply.await?, 42);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[inline(always)]
    pub fn try_send<M: Message>(&self, message: M) -> Result<Reply<M::Result>, TrySendError<M>>
    where
        A: Handler<M>,
    {
        let (letter, receiver) = Asked::new(message);
        let reply = Reply::new(self.target(), receiver);
        try_asked(self.strong(), self.0.post(letter, Patience::Try), reply)
    }

    /// Sends a message from a thread that is no worker, and waits for its reply. Blocking.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send); and the message comes back if the caller is a worker.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(40)).start()?;
    /// assert_eq!(counter.blocking_send(Add(2))?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocking_send<M: Message>(&self, message: M) -> Result<M::Result, SendError<M>>
    where
        A: Handler<M>,
    {
        if on_worker() {
            return Err(SendError::not_accepted(SendErrorReason::WouldBlock, self.info(), message));
        }
        block_on_answer(self.strong(), || self.send(message))
    }

    /// The actor as somebody who takes messages of type `M`, whatever else it is.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let anybody: corecast::Recipient<Add> = system.spawn(Counter(0)).start()?.recipient();
    /// assert_eq!(anybody.blocking_send(Add(3))?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn recipient<M: Message>(&self) -> Recipient<M>
    where
        A: Handler<M>,
    {
        Recipient::new(self.0.address_for())
    }

    /// A reference that doesn't keep the actor alive.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let weak = counter.downgrade();
    /// assert_eq!(weak.upgrade(), Some(counter));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakActorRef<A> {
        WeakActorRef(self.0.downgrade())
    }

    /// How many messages are accepted and not yet taken out: exact, also while a handler runs. The message that is
    /// being handled isn't in it, nor are senders that wait for room. Lock-free.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.blocking_send(Add(1))?;
    /// assert_eq!(counter.mailbox_size(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mailbox_size(&self) -> usize {
        self.strong().len()
    }

    /// Whether it takes messages: it hasn't ended and isn't about to. Wait-free.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// assert!(counter.is_alive());
    /// counter.stop();
    /// assert!(!counter.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.strong().is_alive()
    }

    /// Asks it to stop: it takes no more messages, handles those that it has accepted, runs `post_stop` and ends.
    /// Senders that wait for room get their messages back.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.blocking_tell(Add(1))?; // accepted: it is handled
    /// counter.stop();
    /// assert!(counter.blocking_tell(Add(1)).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn stop(&self) {
        self.strong().stop();
    }

    /// Kills it: a handler that waits is dropped at its await point, messages that wait become dead letters, then
    /// `post_stop` runs, for as long as the builder's `post_stop_deadline` allows.
    ///
    /// A handler that computes, or blocks its thread, can't be interrupted: the kill takes effect when it returns or
    /// waits.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.kill();
    /// let reason = system.block_on(counter.stopped());
    /// assert!(matches!(reason, corecast::StopReason::Killed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn kill(&self) {
        self.strong().kill();
    }

    /// Waits for its end, without keeping it alive.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.stop();
    /// let reason = system.block_on(counter.stopped());
    /// assert!(matches!(reason, corecast::StopReason::Stopped));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stopped(&self) -> Stopped {
        Stopped::new(self.strong().downgrade())
    }

    /// Its number, unique within its system.
    #[must_use]
    #[inline(always)]
    pub fn id(&self) -> ActorId {
        self.strong().id()
    }

    /// Its number, type and name.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).name("sums").start()?;
    /// let info = counter.info();
    /// assert_eq!((info.id(), info.name()), (counter.id(), Some("sums")));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn info(&self) -> ActorInfo {
        self.strong().info()
    }
}

/// The result of a `try_tell`.
#[inline(always)]
pub(super) fn try_told<M: Message>(task: &Strong, posted: Posted<Told<M>>) -> Result<(), TryTellError<M>> {
    match posted {
        Posted::Accepted => Ok(()),
        Posted::Refused(letter, refused) => Err(TryTellError::new(try_reason(task, refused), task.info(), letter.0)),
        Posted::Waiting(waiting) => never_waits(waiting),
    }
}

/// The result of a `try_send`.
#[inline(always)]
pub(super) fn try_asked<M: Message>(
    task: &Strong,
    posted: Posted<Asked<M>>,
    reply: Reply<M::Result>,
) -> Result<Reply<M::Result>, TrySendError<M>> {
    match posted {
        Posted::Accepted => Ok(reply),
        Posted::Refused(letter, refused) => {
            Err(TrySendError::new(try_reason(task, refused), task.info(), letter.into_message()))
        }
        Posted::Waiting(waiting) => never_waits(waiting),
    }
}

#[cold]
fn never_waits<L: Send + 'static>(_waiting: Waiting<L>) -> ! {
    unreachable!("nobody waits who only tries")
}

#[cold]
fn try_reason(task: &Strong, refused: Refused) -> TryTellErrorReason {
    if refused == Refused::Full {
        return TryTellErrorReason::Full;
    }
    match Closed::why(refused, task.reason()) {
        Closed::Stopped(reason) => TryTellErrorReason::Stopped(reason),
        Closed::Stopping => TryTellErrorReason::Stopping,
        Closed::ShuttingDown => TryTellErrorReason::ShuttingDown,
    }
}

impl<A: Actor> Clone for ActorRef<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Actor> PartialEq for ActorRef<A> {
    /// Whether both refer to the same actor.
    fn eq(&self, other: &Self) -> bool {
        self.strong().address() == other.strong().address()
    }
}

impl<A: Actor> Eq for ActorRef<A> {}

impl<A: Actor> Hash for ActorRef<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.strong().address().hash(state);
    }
}

impl<A: Actor> fmt::Debug for ActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({})", self.info())
    }
}

/// A reference that doesn't keep its actor alive.
///
/// ```
#[doc = include_str!("../doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// let counter = system.spawn(Counter(0)).start()?;
/// let weak = counter.downgrade();
/// drop(counter);
/// // Nothing else reaches it, so it ends.
/// let reason = system.block_on(weak.stopped());
/// assert!(matches!(reason, corecast::StopReason::Unreachable));
/// assert!(weak.upgrade().is_none());
/// # Ok(())
/// # }
/// ```
pub struct WeakActorRef<A: Actor>(WeakTask<Body<A>>);

impl<A: Actor> WeakActorRef<A> {
    pub(crate) fn new(task: WeakTask<Body<A>>) -> Self {
        Self(task)
    }

    pub(super) fn weak(&self) -> &Weak {
        self.0.weak()
    }

    /// Tells the actor something ahead of what waits in its mailbox, which may be full. Returns whether it still takes messages.
    pub(crate) fn signal<M: Message>(&self, message: M) -> bool
    where
        A: Handler<M>,
    {
        timer::signal(&self.0, message)
    }

    /// A reference that keeps it alive, if there still is one somewhere. Lock-free.
    ///
    /// The actor may have stopped; [`is_alive`](ActorRef::is_alive) tells.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// let weak = counter.downgrade();
    /// assert_eq!(weak.upgrade().map(|actor| actor.id()), Some(weak.id()));
    /// counter.stop();
    /// assert!(weak.upgrade().is_some_and(|actor| !actor.is_alive()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<ActorRef<A>> {
        self.0.upgrade().map(ActorRef)
    }

    /// Waits for the actor's end.
    pub fn stopped(&self) -> Stopped {
        Stopped::new(self.0.weak().clone())
    }

    /// The actor's number.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.0.weak().id()
    }
}

impl<A: Actor> Clone for WeakActorRef<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Actor> fmt::Debug for WeakActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakActorRef({})", self.id())
    }
}
