//! The future of a broadcast.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::error::{BroadcastError, GroupError};
use crate::actor::Message;
use crate::broker::publish::{Publish, Published};
use crate::task::coop;

/// The future of [`broadcast`](crate::Groups::broadcast): resolves when no member waits for room any more.
///
/// The message is on its way already: whoever has room for it has it when `broadcast` returns. Polling is needed to learn how
/// it went, and to be slowed down by members that are to be waited for.
///
/// # Cancel safety
///
/// Dropping it withdraws the message from members for which it still waits for room, and recalls nothing otherwise.
#[must_use = "the message is on its way, but errors and full mailboxes show only when this is awaited; dropping it \
              withdraws the message from those that have no room yet"]
pub struct Broadcast<M: Message>(State<M>);

enum State<M: Message> {
    Sent(Publish<M>),
    Failed(Option<BroadcastError<M>>),
}

impl<M: Message> Broadcast<M> {
    pub(super) fn nobody() -> Self {
        Publish::nobody().into()
    }

    #[cold]
    pub(super) fn failed(reason: GroupError, message: M) -> Self {
        Self(State::Failed(Some(BroadcastError::new(reason, message))))
    }
}

impl<M: Message> From<Publish<M>> for Broadcast<M> {
    #[inline]
    fn from(publish: Publish<M>) -> Self {
        Self(State::Sent(publish))
    }
}

impl<M: Message> Future for Broadcast<M> {
    type Output = Result<Published, BroadcastError<M>>;

    /// # Panics
    ///
    /// If it is polled again after it was ready with an error.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Sent(publish) => Pin::new(publish)
                .poll(context)
                .map(|published| Ok(published.unwrap_or_else(|_| unreachable!("a publish to a list can't fail")))),
            State::Failed(error) => {
                ready!(coop::proceed(context));
                Poll::Ready(Err(error.take().expect("`Broadcast` polled after it was ready")))
            }
        }
    }
}

// The message is never pinned in the future.
impl<M: Message> Unpin for Broadcast<M> {}

impl<M: Message> fmt::Debug for Broadcast<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Broadcast");
        match &self.0 {
            State::Sent(publish) => tuple.field(publish),
            State::Failed(error) => tuple.field(error),
        }
        .finish()
    }
}
