//! What can go wrong with groups, one type per operation.

use std::error::Error;
use std::fmt;

use crate::broker::error::{BadRoom, Mismatch};
use crate::broker::pattern::MAX_LEN;
use crate::sync::exclusive::Exclusive;
use crate::task::identity::ActorId;

/// A group's name can't be used, or not for this type of message.
///
/// ```
#[doc = include_str!("../../doc/workers.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::GroupError;
///
/// struct Play;
/// impl Message for Play {
///     type Result = ();
/// }
///
/// let system = corecast::ActorSystem::new()?;
/// let groups = system.groups();
/// assert!(matches!(groups.members::<Work>(""), Err(GroupError::Empty)));
/// groups.join("workers", system.spawn(Worker).start()?).start()?;
/// assert!(matches!(groups.members::<Play>("workers"), Err(GroupError::WrongType { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupError {
    /// It is empty.
    Empty,
    /// It is longer than a name may be.
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// The group is for messages of another type.
    WrongType {
        /// The group.
        group: String,
        /// The type that was asked for.
        expected: &'static str,
        /// The type that the group is for.
        found: &'static str,
    },
}

/// Checks a group's name.
pub(super) fn check_name(name: &str) -> Result<(), GroupError> {
    match name.len() {
        0 => Err(GroupError::Empty),
        bytes if bytes > MAX_LEN => Err(GroupError::TooLong { bytes, max: MAX_LEN }),
        _ => Ok(()),
    }
}

impl From<Mismatch> for GroupError {
    fn from(Mismatch { name: group, expected, found }: Mismatch) -> Self {
        Self::WrongType { group, expected, found }
    }
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a group needs a name"),
            Self::TooLong { bytes, max } => {
                write!(f, "a group's name has at most {max} bytes, not {bytes}; shorten it")
            }
            Self::WrongType { group, expected, found } => {
                write!(f, "the group `{group}` is for {found}, not for {expected}; use that type or another group")
            }
        }
    }
}

impl Error for GroupError {}

/// An actor didn't join a group.
///
/// ```
#[doc = include_str!("../../doc/workers.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::JoinError;
///
/// let system = corecast::ActorSystem::new()?;
/// let worker = system.spawn(Worker).start()?;
/// worker.stop();
/// let refused = system.groups().join("workers", &worker).start();
/// assert!(matches!(refused, Err(JoinError::Stopped { actor }) if actor == worker.id()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The group can't be used.
    Group(GroupError),
    /// The actor is in the group.
    AlreadyMember {
        /// The group.
        group: String,
        /// The actor's number.
        actor: ActorId,
    },
    /// `Overflow::DropOldest(0)` keeps no message at all.
    NoRoom,
    /// `Overflow::DropOldest` with more messages than a member may keep.
    TooMuchRoom {
        /// How many were asked for.
        messages: usize,
        /// How many there may be.
        max: usize,
    },
    /// The actor takes no more messages.
    Stopped {
        /// Its number.
        actor: ActorId,
    },
    /// The groups' system has ended.
    Closed,
}

impl From<BadRoom> for JoinError {
    fn from(room: BadRoom) -> Self {
        match room {
            BadRoom::None => Self::NoRoom,
            BadRoom::TooMuch { events: messages, max } => Self::TooMuchRoom { messages, max },
        }
    }
}

impl From<GroupError> for JoinError {
    fn from(error: GroupError) -> Self {
        Self::Group(error)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(error) => write!(f, "could not join: {error}"),
            Self::AlreadyMember { group, actor } => {
                write!(f, "could not join: actor {actor} is in the group `{group}` already")
            }
            Self::NoRoom => f.write_str("could not join: `DropOldest` has to keep at least one message"),
            Self::TooMuchRoom { messages, max } => {
                write!(f, "could not join: `DropOldest` keeps at most {max} messages, not {messages}")
            }
            Self::Stopped { actor } => {
                write!(f, "could not join: actor {actor} has ended or is about to; let a living one join")
            }
            Self::Closed => f.write_str("could not join: the groups' system has ended; use those of another one"),
        }
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Group(error) => Some(error),
            _ => None,
        }
    }
}

/// A message wasn't broadcast, because its group can't be used. It comes back.
///
/// That nobody is in the group isn't an error, nor that a member sheds the message; [`Published`](crate::Published) tells.
///
/// ```
#[doc = include_str!("../../doc/workers.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// system.block_on(async {
///     let error = system.groups().broadcast("", Work(1)).await.expect_err("no group");
///     assert_eq!(error.to_string(), "could not broadcast: a group needs a name");
///     assert_eq!(error.into_message().0, 1);
///     Ok(())
/// })
/// # }
/// ```
pub struct BroadcastError<M>(Box<(GroupError, Exclusive<M>)>);

impl<M> BroadcastError<M> {
    pub(super) fn new(reason: GroupError, message: M) -> Self {
        Self(Box::new((reason, Exclusive::new(message))))
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &GroupError {
        &self.0.0
    }

    /// The message, which reached nobody.
    #[must_use]
    pub fn into_message(self) -> M {
        self.0.1.into_inner()
    }
}

impl<M> fmt::Display for BroadcastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not broadcast: {}", self.reason())
    }
}

impl<M> fmt::Debug for BroadcastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastError").field("reason", self.reason()).finish_non_exhaustive()
    }
}

impl<M> Error for BroadcastError<M> {}
