//! What can go wrong with topics, one type per operation.

use std::error::Error;
use std::fmt;

use crate::sync::exclusive::Exclusive;
use crate::task::identity::ActorId;

/// A topic's name or a subscription's pattern can't be used.
///
/// ```
/// # fn main() {
/// use corecast::{MessageBroker, TopicError};
///
/// let broker = MessageBroker::new();
/// assert_eq!(broker.subscribers(""), Err(TopicError::Empty));
/// assert!(matches!(broker.subscribers("orders..new"), Err(TopicError::EmptyToken { .. })));
/// assert!(matches!(broker.subscribers("orders.*"), Err(TopicError::Wildcard { .. })));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicError {
    /// It has no tokens.
    Empty,
    /// Two dots follow one another, or one begins or ends the name.
    EmptyToken {
        /// The name.
        topic: String,
    },
    /// It is longer than a name may be.
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// A wildcard where one topic has to be named.
    Wildcard {
        /// The name.
        topic: String,
    },
    /// A `*` or `>` inside of a longer token, or a `>` before the end.
    MisplacedWildcard {
        /// The pattern.
        topic: String,
    },
    /// The topic carries events of another type.
    WrongType {
        /// The topic.
        topic: String,
        /// The type that was asked for.
        expected: &'static str,
        /// The type that the topic carries.
        found: &'static str,
    },
}

/// A topic, or a group, is of another type than was asked for.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) name: String,
    pub(super) expected: &'static str,
    pub(super) found: &'static str,
}

impl From<Mismatch> for TopicError {
    fn from(Mismatch { name: topic, expected, found }: Mismatch) -> Self {
        Self::WrongType { topic, expected, found }
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a topic needs a name; give it at least one token"),
            Self::EmptyToken { topic } => {
                write!(f, "the topic `{topic}` has an empty token; put something between its dots")
            }
            Self::TooLong { bytes, max } => write!(f, "a topic has at most {max} bytes, not {bytes}; shorten it"),
            Self::Wildcard { topic } => {
                write!(f, "`{topic}` has a wildcard, which only a subscription may have; name one topic")
            }
            Self::MisplacedWildcard { topic } => {
                write!(f, "`{topic}` has a misplaced wildcard; `*` is a whole token, and `>` the last one")
            }
            Self::WrongType { topic, expected, found } => {
                write!(f, "the topic `{topic}` carries {found}, not {expected}; use that type or another topic")
            }
        }
    }
}

impl Error for TopicError {}

/// A subscription wasn't made.
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::{Overflow, SubscribeError};
///
/// let system = corecast::ActorSystem::new()?;
/// let audit = system.spawn(Audit::default()).start()?;
/// let refused = system.broker().subscribe("orders.*", &audit).overflow(Overflow::DropOldest(0)).start();
/// assert!(matches!(refused, Err(SubscribeError::NoRoom)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The pattern can't be used.
    Topic(TopicError),
    /// `Overflow::DropOldest(0)` keeps no event at all.
    NoRoom,
    /// `Overflow::DropOldest` with more events than a subscription may keep.
    TooMuchRoom {
        /// How many were asked for.
        events: usize,
        /// How many there may be.
        max: usize,
    },
    /// The actor takes no more messages.
    Stopped {
        /// Its number.
        actor: ActorId,
    },
    /// The broker's system has ended.
    Closed,
}

/// Why nobody was enlisted.
#[derive(Debug)]
pub(super) enum Refusal {
    WrongType(Mismatch),
    /// The actor is there already, and may be there but once.
    Twice,
    /// The actor takes no more messages.
    Stopped,
    /// The system has ended.
    Closed,
}

impl From<Mismatch> for Refusal {
    fn from(mismatch: Mismatch) -> Self {
        Self::WrongType(mismatch)
    }
}

/// How much an overflow keeps that can't be kept.
#[derive(Debug)]
pub(super) enum BadRoom {
    None,
    TooMuch { events: usize, max: usize },
}

impl From<BadRoom> for SubscribeError {
    fn from(room: BadRoom) -> Self {
        match room {
            BadRoom::None => Self::NoRoom,
            BadRoom::TooMuch { events, max } => Self::TooMuchRoom { events, max },
        }
    }
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(error) => write!(f, "could not subscribe: {error}"),
            Self::NoRoom => f.write_str("could not subscribe: `DropOldest` has to keep at least one event"),
            Self::TooMuchRoom { events, max } => {
                write!(f, "could not subscribe: `DropOldest` keeps at most {max} events, not {events}")
            }
            Self::Stopped { actor } => {
                write!(f, "could not subscribe: actor {actor} has ended or is about to; subscribe a living one")
            }
            Self::Closed => f.write_str("could not subscribe: the broker's system has ended; use another broker"),
        }
    }
}

impl Error for SubscribeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Topic(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TopicError> for SubscribeError {
    fn from(error: TopicError) -> Self {
        Self::Topic(error)
    }
}

/// An event wasn't published, because its topic can't be used. It comes back.
///
/// That nobody subscribes isn't an error, nor that a subscriber sheds the event; [`Published`](crate::Published) tells.
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// system.block_on(async {
///     let error = system.broker().publish("orders.*", OrderCreated { id: 1 }).await.expect_err("no topic");
///     assert!(error.to_string().contains("wildcard"));
///     assert_eq!(error.into_event().id, 1);
///     Ok(())
/// })
/// # }
/// ```
pub struct PublishError<M>(Box<(TopicError, Exclusive<M>)>);

impl<M> PublishError<M> {
    pub(super) fn new(reason: TopicError, event: M) -> Self {
        Self(Box::new((reason, Exclusive::new(event))))
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &TopicError {
        &self.0.0
    }

    /// The event, which reached nobody.
    #[must_use]
    pub fn into_event(self) -> M {
        self.0.1.into_inner()
    }
}

impl<M> fmt::Display for PublishError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not publish: {}", self.reason())
    }
}

impl<M> fmt::Debug for PublishError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishError").field("reason", self.reason()).finish_non_exhaustive()
    }
}

impl<M> Error for PublishError<M> {}
