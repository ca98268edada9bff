//! What can go wrong, one type per operation.
//!
//! Each names the actor and the cause, gives back the message that wasn't accepted, and fits into
//! `Box<dyn Error + Send + Sync>` whatever the message is.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::sync::exclusive::Exclusive;
use crate::task::circle::Circle;
use crate::task::identity::ActorInfo;
use crate::task::reason::{Panic, ReplyErrorReason, StopReason};

/// What an error about a message knows.
#[derive(Clone)]
struct Facts<R, T> {
    reason: R,
    actor: ActorInfo,
    message: T,
}

/// What all errors about a message that wasn't accepted have in common. Boxed facts keep the way of a success short;
/// a full mailbox is an everyday answer and needs no memory.
macro_rules! message_error {
    ($(#[$meta:meta])* $name:ident, $facts:ty, $reason:ident, $what:literal) => {
        $(#[$meta])*
        pub struct $name<M>($facts);

        impl<M> $name<M> {
            pub(crate) fn new(reason: $reason, actor: ActorInfo, message: M) -> Self {
                Self(Facts { reason, actor, message: Exclusive::new(message) }.into())
            }

            /// The message, which wasn't accepted.
            #[must_use]
            pub fn into_message(self) -> M {
                self.0.message.into_inner()
            }

            /// Why.
            #[must_use]
            pub fn reason(&self) -> &$reason {
                &self.0.reason
            }

            /// The actor that it was for.
            #[must_use]
            pub fn actor(&self) -> &ActorInfo {
                &self.0.actor
            }
        }

        impl<M> fmt::Display for $name<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($what, " {}: {}"), self.0.actor, self.0.reason)
            }
        }

        impl<M> fmt::Debug for $name<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("reason", &self.0.reason)
                    .field("actor", &self.0.actor)
                    .finish_non_exhaustive()
            }
        }

        impl<M> Error for $name<M> {}
    };
}

message_error! {
    /// A [`tell`](crate::ActorRef::tell) or [`blocking_tell`](crate::ActorRef::blocking_tell) wasn't accepted.
    ///
    /// ```
    #[doc = include_str!("doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.stop();
    /// let error = counter.blocking_tell(Add(7)).expect_err("it takes no more");
    /// assert_eq!(error.actor().id(), counter.id());
    /// let Add(seven) = error.into_message();
    /// assert_eq!(seven, 7);
    /// # Ok(())
    /// # }
    /// ```
    TellError, Box<Facts<TellErrorReason, Exclusive<M>>>, TellErrorReason, "could not tell"
}

message_error! {
    /// A [`try_tell`](crate::ActorRef::try_tell) wasn't accepted.
    ///
    /// ```
    #[doc = include_str!("doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.stop();
    /// let error = counter.try_tell(Add(7)).expect_err("it takes no more");
    /// assert!(!error.is_full());
    /// assert_eq!(error.into_message().0, 7);
    /// # Ok(())
    /// # }
    /// ```
    TryTellError, Facts<TryTellErrorReason, Exclusive<M>>, TryTellErrorReason, "could not tell"
}

message_error! {
    /// A [`try_send`](crate::ActorRef::try_send) wasn't accepted.
    ///
    /// ```
    #[doc = include_str!("doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.stop();
    /// let error = counter.try_send(Add(7)).expect_err("it takes no more");
    /// assert!(!error.is_full());
    /// assert_eq!(error.into_message().0, 7);
    /// # Ok(())
    /// # }
    /// ```
    TrySendError, Facts<TrySendErrorReason, Exclusive<M>>, TrySendErrorReason, "could not send to"
}

/// Why a `tell` wasn't accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TellErrorReason {
    /// The actor has ended.
    Stopped(StopReason),
    /// The actor takes no more messages and is about to end.
    Stopping,
    /// The system is shutting down, and the caller isn't one of its threads.
    ShuttingDown,
    /// `blocking_tell` was called on a worker, which must not block. Use `tell(..).await` there.
    WouldBlock,
    /// There will never be room: the actor whose handler waits for it is waited for.
    Circle(Circle),
}

/// Why a `try_tell` wasn't accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TryTellErrorReason {
    /// The mailbox is full, or others wait for room already.
    Full,
    /// The actor has ended.
    Stopped(StopReason),
    /// The actor takes no more messages and is about to end.
    Stopping,
    /// The system is shutting down, and the caller isn't one of its threads.
    ShuttingDown,
}

/// Why a `try_send` wasn't accepted.
pub type TrySendErrorReason = TryTellErrorReason;

impl<M> TryTellError<M> {
    /// Whether there was merely no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.0.reason, TryTellErrorReason::Full)
    }
}

impl<M> TrySendError<M> {
    /// Whether there was merely no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.0.reason, TryTellErrorReason::Full)
    }
}

const STOPPING: &str = "it takes no more messages and is about to end";
const SHUTTING_DOWN: &str = "its system is shutting down";

impl fmt::Display for TellErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(reason) => write!(f, "it has ended: {reason}"),
            Self::Stopping => f.write_str(STOPPING),
            Self::ShuttingDown => f.write_str(SHUTTING_DOWN),
            Self::WouldBlock => f.write_str("a worker must not block; await `tell` instead of calling `blocking_tell`"),
            Self::Circle(circle) => write!(f, "there would never be room: {circle}"),
        }
    }
}

impl fmt::Display for TryTellErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("its mailbox is full"),
            Self::Stopped(reason) => write!(f, "it has ended: {reason}"),
            Self::Stopping => f.write_str(STOPPING),
            Self::ShuttingDown => f.write_str(SHUTTING_DOWN),
        }
    }
}

/// A [`send`](crate::ActorRef::send) or [`blocking_send`](crate::ActorRef::blocking_send) brought no reply.
///
/// ```
/// use corecast::{ActorSystem, SendErrorReason};
/// # use corecast::{Actor, ActorContext, Handler, Message};
/// # struct Fragile;
/// # impl Actor for Fragile {}
/// # struct Touch;
/// # impl Message for Touch { type Result = (); }
///
/// impl Handler<Touch> for Fragile {
///     async fn handle(&mut self, _: Touch, _: &mut ActorContext<Self>) {
///         panic!("it broke");
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = ActorSystem::new()?;
/// let fragile = system.spawn(Fragile).start()?;
/// let error = fragile.blocking_send(Touch).expect_err("it panics");
/// assert!(matches!(error.reason(), SendErrorReason::Panicked(panic) if panic.text() == "it broke"));
/// assert!(error.into_message().is_none(), "it was accepted");
/// # Ok(())
/// # }
/// ```
pub struct SendError<M>(Box<Facts<SendErrorReason, Option<Exclusive<M>>>>);

/// Why a `send` brought no reply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SendErrorReason {
    /// Not accepted: the actor has ended.
    Stopped(StopReason),
    /// Not accepted: the actor takes no more messages and is about to end.
    Stopping,
    /// Not accepted: the system is shutting down, and the caller isn't one of its threads.
    ShuttingDown,
    /// Not accepted: `blocking_send` was called on a worker, which must not block. Use `send(..).await` there.
    WouldBlock,
    /// The handler of this message panicked.
    Panicked(Panic),
    /// The actor was killed while it handled this message.
    Killed,
    /// Accepted, but the actor ended before it came to the message.
    Died(StopReason),
    /// The reply was dropped.
    ReplyDropped,
    /// Neither reply nor failure within this time. If the message comes back it still waited for room; otherwise it is
    /// handled all the same, or has been.
    Timeout {
        /// How long it was waited for.
        after: Duration,
        /// The circle that the wait was in when the time was up.
        circle: Option<Circle>,
    },
    /// There will never be a reply: the actor whose handler waits for it is waited for. If the message comes back it still
    /// waited for room; otherwise it is handled when its actor comes to it.
    Circle(Circle),
}

impl fmt::Display for SendErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(reason) => write!(f, "it has ended: {reason}"),
            Self::Stopping => f.write_str(STOPPING),
            Self::ShuttingDown => f.write_str(SHUTTING_DOWN),
            Self::WouldBlock => f.write_str("a worker must not block; await `send` instead of calling `blocking_send`"),
            Self::Panicked(panic) => ReplyErrorReason::Panicked(panic.clone()).fmt(f),
            Self::Killed => ReplyErrorReason::Killed.fmt(f),
            Self::Died(reason) => ReplyErrorReason::Died(reason.clone()).fmt(f),
            Self::ReplyDropped => ReplyErrorReason::ReplyDropped.fmt(f),
            Self::Timeout { after, circle: None } => write!(f, "nothing came of it within {after:?}"),
            Self::Timeout { after, circle: Some(circle) } => {
                write!(f, "nothing came of it within {after:?}, nor would it have later: {circle}")
            }
            Self::Circle(circle) => ReplyErrorReason::Circle(circle.clone()).fmt(f),
        }
    }
}

impl<M> SendError<M> {
    pub(crate) fn new(reason: SendErrorReason, actor: ActorInfo, message: Option<M>) -> Self {
        Self(Box::new(Facts { reason, actor, message: message.map(Exclusive::new) }))
    }

    pub(crate) fn not_accepted(reason: SendErrorReason, actor: ActorInfo, message: M) -> Self {
        Self::new(reason, actor, Some(message))
    }

    pub(crate) fn unanswered(error: ReplyError) -> Self {
        let Facts { reason, actor, message: () } = *error.0;
        let reason = match reason {
            ReplyErrorReason::Panicked(panic) => SendErrorReason::Panicked(panic),
            ReplyErrorReason::Killed => SendErrorReason::Killed,
            ReplyErrorReason::Died(reason) => SendErrorReason::Died(reason),
            ReplyErrorReason::ReplyDropped => SendErrorReason::ReplyDropped,
            ReplyErrorReason::Timeout { after, circle } => SendErrorReason::Timeout { after, circle },
            ReplyErrorReason::Circle(circle) => SendErrorReason::Circle(circle),
        };
        Self(Box::new(Facts { reason, actor, message: None }))
    }

    /// The message, if it wasn't accepted.
    #[must_use]
    pub fn into_message(self) -> Option<M> {
        self.0.message.map(Exclusive::into_inner)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &SendErrorReason {
        &self.0.reason
    }

    /// The actor that it was for.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.0.actor
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.0.message.is_some() { "could not send to" } else { "no reply from" };
        write!(f, "{what} {}: {}", self.0.actor, self.0.reason)
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("reason", &self.0.reason)
            .field("actor", &self.0.actor)
            .field("accepted", &self.0.message.is_none())
            .finish_non_exhaustive()
    }
}

impl<M> Error for SendError<M> {}

/// A message that was accepted by [`try_send`](crate::ActorRef::try_send) brought no reply.
///
/// ```
#[doc = include_str!("doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::ReplyErrorReason;
///
/// let system = corecast::ActorSystem::new()?;
/// let counter = system.spawn(Counter(0)).start()?;
/// let reply = counter.try_send(Add(1))?;
/// drop(system); // kills the counter, which has answered or not
/// if let Err(error) = futures::executor::block_on(reply) {
///     assert!(matches!(error.reason(), ReplyErrorReason::Died(_)));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReplyError(Box<Facts<ReplyErrorReason, ()>>);

impl ReplyError {
    pub(crate) fn new(reason: ReplyErrorReason, actor: ActorInfo) -> Self {
        Self(Box::new(Facts { reason, actor, message: () }))
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &ReplyErrorReason {
        &self.0.reason
    }

    /// The actor that was asked.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.0.actor
    }
}

impl fmt::Debug for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyError").field("reason", &self.0.reason).field("actor", &self.0.actor).finish()
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no reply from {}: {}", self.0.actor, self.0.reason)
    }
}

impl Error for ReplyError {}

/// A system could not be built.
///
/// ```
/// use corecast::{ActorSystem, BuildError};
///
/// assert!(matches!(ActorSystem::builder().workers(0).build(), Err(BuildError::ZeroWorkers)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// No workers were asked for.
    ZeroWorkers,
    /// More workers than a system can have.
    TooManyWorkers {
        /// How many were asked for.
        workers: usize,
        /// How many there can be.
        max: usize,
    },
    /// More pinned workers than cores that this process may use, or than cores that were listed.
    NotEnoughCores {
        /// How many workers were asked for.
        workers: usize,
        /// How many cores there are for them.
        cores: usize,
    },
    /// A core that isn't there, or that this process may not use.
    NoSuchCore {
        /// Its number.
        core: usize,
    },
    /// No threads were asked for to run blocking closures.
    ZeroBlockingThreads,
    /// The operating system gave no thread.
    Thread(std::io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroWorkers => f.write_str("a system needs at least one worker"),
            Self::TooManyWorkers { workers, max } => {
                write!(f, "{workers} workers were asked for, and a system has at most {max}")
            }
            Self::NotEnoughCores { workers, cores } => {
                write!(f, "{workers} workers were to be pinned, and there are {cores} cores for them")
            }
            Self::NoSuchCore { core } => write!(f, "there is no core {core} that this process may use"),
            Self::ZeroBlockingThreads => f.write_str("blocking closures need at least one thread"),
            Self::Thread(error) => write!(f, "the operating system gave no thread: {error}"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            _ => None,
        }
    }
}

/// An actor could not be spawned.
///
/// ```
#[doc = include_str!("doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::SpawnError;
///
/// let system = corecast::ActorSystem::new()?;
/// let _counter = system.spawn(Counter(0)).name("sums").start()?;
/// let again = system.spawn(Counter(0)).name("sums").start();
/// assert!(matches!(again, Err(SpawnError::NameTaken { name }) if name == "sums"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// A mailbox that holds nothing.
    ZeroCapacity,
    /// A mailbox that is larger than a bounded one can be.
    CapacityTooLarge {
        /// The capacity that was asked for.
        capacity: usize,
        /// The largest one.
        max: usize,
    },
    /// Health checks without a time between them.
    ZeroHealthInterval,
    /// Health checks that are given no time.
    ZeroHealthBudget,
    /// Another actor has this name.
    NameTaken {
        /// The name.
        name: String,
    },
    /// A worker that the system doesn't have.
    NoSuchWorker {
        /// Its number.
        worker: usize,
        /// How many there are.
        workers: usize,
    },
    /// `on_core` in a system whose workers aren't pinned.
    NotPinned,
    /// A core that no worker is pinned to.
    NoSuchCore {
        /// Its number.
        core: usize,
    },
    /// The system is shutting down, or gone.
    ShutDown,
    /// The actor ended before its `pre_start` had succeeded.
    PreStart {
        /// Who it was.
        actor: ActorInfo,
        /// Why it ended.
        reason: StopReason,
    },
    /// The actor's `pre_start` will never return: it waits for the actor whose handler awaits the start.
    Circle {
        /// Who it is.
        actor: ActorInfo,
        /// Who waits for whom.
        circle: Circle,
    },
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroCapacity => f.write_str("a mailbox needs room for at least one message"),
            Self::CapacityTooLarge { capacity, max } => {
                write!(f, "a bounded mailbox holds at most {max} messages, not {capacity}; use an unbounded one")
            }
            Self::ZeroHealthInterval => f.write_str("health checks need an interval; leave them out for none"),
            Self::ZeroHealthBudget => f.write_str("a health check needs a time in which it is to be over"),
            Self::NameTaken { name } => write!(f, "another actor is named `{name}`"),
            Self::NoSuchWorker { worker, workers } => {
                write!(f, "there is no worker {worker}: the system has {workers}, numbered from 0")
            }
            Self::NotPinned => {
                f.write_str("the workers aren't pinned to cores; build the system with `pin_cores(true)`")
            }
            Self::NoSuchCore { core } => write!(f, "no worker is pinned to core {core}"),
            Self::ShutDown => f.write_str("the system is shutting down"),
            Self::PreStart { actor, reason } => write!(f, "{actor} did not start: {}", reason.as_cause_of_no_start()),
            Self::Circle { actor, circle } => write!(f, "{actor} would never start: {circle}"),
        }
    }
}

impl Error for SpawnError {}

/// A name was not found.
///
/// ```
#[doc = include_str!("doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::FindError;
///
/// let system = corecast::ActorSystem::new()?;
/// let found = system.find::<Counter>("nobody");
/// assert_eq!(found, Err(FindError::NotFound { name: "nobody".into() }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindError {
    /// No actor has this name.
    NotFound {
        /// The name.
        name: String,
    },
    /// The actor with this name is of another type.
    WrongType {
        /// The name.
        name: String,
        /// The type that was asked for.
        expected: &'static str,
        /// The type that the actor has.
        found: &'static str,
    },
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name } => write!(f, "no actor is named `{name}`"),
            Self::WrongType { name, expected, found } => write!(f, "`{name}` is a {found}, not a {expected}"),
        }
    }
}

impl Error for FindError {}

/// A blocking closure brought no result.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::BlockingError;
///
/// let system = corecast::ActorSystem::new()?;
/// let outcome = system.block_on(system.spawn_blocking(|| -> u8 { panic!("no file") }));
/// let Err(BlockingError::Panicked(panic)) = outcome else { unreachable!() };
/// assert_eq!(panic.text(), "no file");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BlockingError {
    /// It panicked.
    Panicked(Panic),
    /// The system is gone, or the operating system gave no thread.
    ShutDown,
}

impl fmt::Display for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::ShutDown => {
                f.write_str("the blocking closure was not run: the system is gone or has no thread for it")
            }
        }
    }
}

impl Error for BlockingError {}
