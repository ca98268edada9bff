//! How many messages may wait for an actor.

use crate::mailbox::ring::{MAX_CAPACITY, UNBOUNDED};

/// How many messages may wait for an actor, chosen when it is spawned.
///
/// A mailbox takes memory only while messages wait in it, whatever its capacity.
///
/// ```
/// use corecast::Mailbox;
///
/// assert_eq!(Mailbox::default(), Mailbox::bounded(1_024));
/// assert_eq!(Mailbox::unbounded(), Mailbox::Unbounded);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mailbox {
    /// At most so many messages: a `tell` or `send` that finds no room waits for it, which is backpressure.
    Bounded(usize),
    /// As many as memory holds, up to 2,147,483,647; only then do senders wait. A sender that is faster than
    /// its receiver for long exhausts the memory.
    Unbounded,
}

impl Mailbox {
    /// The largest capacity of a bounded mailbox: 2^30.
    pub const MAX_CAPACITY: usize = MAX_CAPACITY as usize;

    /// At most `capacity` messages. A capacity of zero, or above [`MAX_CAPACITY`](Self::MAX_CAPACITY), is refused by
    /// the spawn.
    #[must_use]
    pub const fn bounded(capacity: usize) -> Self {
        Self::Bounded(capacity)
    }

    /// As many messages as memory holds.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self::Unbounded
    }

    /// The ring's capacity; none if it is out of range.
    pub(crate) fn capacity(self) -> Option<u32> {
        match self {
            Self::Bounded(capacity @ 1..=Self::MAX_CAPACITY) => Some(capacity as u32),
            Self::Bounded(_) => None,
            Self::Unbounded => Some(UNBOUNDED),
        }
    }
}

impl Default for Mailbox {
    /// Bounded, 1,024 messages.
    fn default() -> Self {
        Self::Bounded(1_024)
    }
}
