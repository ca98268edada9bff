//! The futures of the verbs. They own what they need, and any executor can poll them.
//!
//! | future | while it waits for room | after that | dropped |
//! |---|---|---|---|
//! | [`Tell`] | its letter is in the mailbox's line | done | withdraws a waiting letter; recalls nothing |
//! | [`SendFuture`] | the same | the reply slot | the same, and drops the reply |
//! | [`Reply`] | – | the reply slot | drops the reply |
//! | [`Stopped`] | – | the actor's end | – |

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::Message;
use super::letter::{Asked, Receiver, Told};
use crate::error::{ReplyError, SendError, SendErrorReason, TellError, TellErrorReason};
use crate::mailbox::waiters::Refused;
use crate::scheduler::worker;
use crate::sync::seldom::Seldom;
use crate::task::coop;
use crate::task::handle::{Strong, Weak};
use crate::task::identity::ActorInfo;
use crate::task::post::{Posted, Waiting};
use crate::task::reason::StopReason;

/// Why a closed mailbox is closed, as a refusal says it.
pub(crate) enum Closed {
    /// The actor has ended.
    Stopped(StopReason),
    /// It is about to.
    Stopping,
    /// Its system is shutting down, and the caller is outside of it.
    ShuttingDown,
}

impl Closed {
    #[cold]
    pub(crate) fn why(refused: Refused, reason: Option<StopReason>) -> Self {
        match (refused, reason) {
            (Refused::Held, _) => Self::ShuttingDown,
            (_, Some(reason)) => Self::Stopped(reason),
            (_, None) => Self::Stopping,
        }
    }
}

/// Whether the calling thread is a worker, which must not block.
pub(crate) fn on_worker() -> bool {
    worker::with_any(|_| ()).is_some()
}

/// The future of [`tell`](crate::ActorRef::tell): resolves when the message has its place in the mailbox.
///
/// The message is on its way already. Polling it is only needed to learn how it went, and to be slowed down by a
/// full mailbox.
///
/// # Cancel safety
///
/// Dropping it while it waits for room withdraws the message. Dropping it later recalls nothing.
#[must_use = "the message is on its way, but a full or closed mailbox shows only when this is awaited; dropping it \
              withdraws a message that still waits for room"]
pub struct Tell<M: Message>(Seldom<TellLater<M>>);

/// A `tell` that isn't done at the call.
enum TellLater<M: Message> {
    Failed(Option<TellError<M>>),
    Waiting(Waiting<Told<M>>),
}

impl<M: Message> Tell<M> {
    #[inline(always)]
    pub(crate) fn new(task: &Strong, posted: Posted<Told<M>>) -> Self {
        Self(Seldom::new(match posted {
            Posted::Accepted => None,
            Posted::Waiting(waiting) => Some(TellLater::Waiting(waiting)),
            Posted::Refused(letter, refused) => {
                let error = refuse_tell(letter.0, refused, task.info(), task.reason());
                Some(TellLater::Failed(Some(error)))
            }
        }))
    }

    #[cold]
    fn poll_later(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TellError<M>>> {
        match &mut *self.0 {
            None => Poll::Ready(Ok(())),
            Some(TellLater::Failed(error)) => Poll::Ready(Err(error.take().expect("`Tell` polled after it was ready"))),
            Some(TellLater::Waiting(waiting)) => {
                let result = ready!(waiting.poll(context)).map_err(|letter| {
                    let task = waiting.task();
                    refuse_tell(letter.0, Refused::Closed, task.info(), task.reason())
                });
                *self.0 = None;
                Poll::Ready(result)
            }
        }
    }
}

#[cold]
fn refuse_tell<M>(message: M, refused: Refused, actor: ActorInfo, reason: Option<StopReason>) -> TellError<M> {
    let reason = match Closed::why(refused, reason) {
        Closed::Stopped(reason) => TellErrorReason::Stopped(reason),
        Closed::Stopping => TellErrorReason::Stopping,
        Closed::ShuttingDown => TellErrorReason::ShuttingDown,
    };
    TellError::new(reason, actor, message)
}

impl<M: Message> Future for Tell<M> {
    type Output = Result<(), TellError<M>>;

    /// # Panics
    ///
    /// If it is polled again after it was ready with an error.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        if self.0.is_none() { Poll::Ready(Ok(())) } else { self.poll_later(context) }
    }
}

// The message is never pinned in the future.
impl<M: Message> Unpin for Tell<M> {}

/// The future of [`send`](crate::ActorRef::send): resolves with the reply.
///
/// The message is on its way already; polling is needed to get the reply, not to send.
///
/// # Cancel safety
///
/// Dropping it while it waits for room withdraws the message. Dropping it later recalls nothing: the message is
/// handled, and its result is dropped.
#[must_use = "the reply arrives only when this is awaited; dropping it withdraws a message that still waits for room"]
pub struct SendFuture<M: Message> {
    later: Seldom<SendLater<M>>,
    /// Comes to nothing if the message isn't accepted.
    receiver: Receiver<M::Result>,
}

/// A `send` whose message isn't placed at the call.
enum SendLater<M: Message> {
    Failed(Option<SendError<M>>),
    Waiting(Waiting<Asked<M>>),
}

impl<M: Message> SendFuture<M> {
    #[inline(always)]
    pub(crate) fn new(task: &Strong, posted: Posted<Asked<M>>, receiver: Receiver<M::Result>) -> Self {
        let later = match posted {
            Posted::Accepted => None,
            Posted::Waiting(waiting) => Some(SendLater::Waiting(waiting)),
            Posted::Refused(letter, refused) => {
                let error = refuse_send(letter.into_message(), refused, task.info(), task.reason());
                Some(SendLater::Failed(Some(error)))
            }
        };
        Self { later: Seldom::new(later), receiver }
    }

    /// Waits for the message to be placed.
    #[cold]
    fn poll_later(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SendError<M>>> {
        match &mut *self.later {
            None => Poll::Ready(Ok(())),
            Some(SendLater::Failed(error)) => {
                Poll::Ready(Err(error.take().expect("`SendFuture` polled after it was ready")))
            }
            Some(SendLater::Waiting(waiting)) => {
                let result = ready!(waiting.poll(context)).map_err(|letter| {
                    let task = waiting.task();
                    refuse_send(letter.into_message(), Refused::Closed, task.info(), task.reason())
                });
                *self.later = None;
                Poll::Ready(result)
            }
        }
    }
}

#[cold]
fn refuse_send<M>(message: M, refused: Refused, actor: ActorInfo, reason: Option<StopReason>) -> SendError<M> {
    let reason = match Closed::why(refused, reason) {
        Closed::Stopped(reason) => SendErrorReason::Stopped(reason),
        Closed::Stopping => SendErrorReason::Stopping,
        Closed::ShuttingDown => SendErrorReason::ShuttingDown,
    };
    SendError::not_accepted(reason, actor, message)
}

impl<M: Message> Future for SendFuture<M> {
    type Output = Result<M::Result, SendError<M>>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        if self.later.is_some() {
            ready!(self.poll_later(context))?;
        }
        let answer = ready!(Pin::new(&mut self.receiver).poll(context));
        Poll::Ready(answer.map_err(SendError::unanswered))
    }
}

// Neither message nor reply is pinned in the future.
impl<M: Message> Unpin for SendFuture<M> {}

/// The reply to a message that was accepted by [`try_send`](crate::ActorRef::try_send).
///
/// # Cancel safety
///
/// Dropping it recalls nothing: the message is handled, and its result is dropped.
#[must_use = "the reply arrives only when this is awaited"]
pub struct Reply<R>(Receiver<R>);

impl<R> Reply<R> {
    pub(crate) fn new(receiver: Receiver<R>) -> Self {
        Self(receiver)
    }
}

impl<R> Future for Reply<R> {
    type Output = Result<R, ReplyError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        Pin::new(&mut self.0).poll(context)
    }
}

/// The future of [`stopped`](crate::ActorRef::stopped): resolves with the reason when the actor has ended.
///
/// It doesn't keep the actor alive.
#[must_use = "the reason arrives only when this is awaited"]
#[derive(Clone)]
pub struct Stopped(Weak);

impl Stopped {
    pub(crate) fn new(task: Weak) -> Self {
        Self(task)
    }
}

impl Future for Stopped {
    type Output = StopReason;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<StopReason> {
        ready!(coop::proceed(context));
        self.0.poll_ended(context)
    }
}

impl<M: Message> fmt::Debug for Tell<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match *self.0 {
            None => "placed",
            Some(TellLater::Failed(_)) => "failed",
            Some(TellLater::Waiting(_)) => "waiting",
        };
        f.debug_tuple("Tell").field(&state).finish()
    }
}

impl<M: Message> fmt::Debug for SendFuture<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match *self.later {
            None => "placed",
            Some(SendLater::Failed(_)) => "failed",
            Some(SendLater::Waiting(_)) => "waiting",
        };
        f.debug_tuple("SendFuture").field(&state).finish()
    }
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopped").field(&self.0.id()).finish()
    }
}
