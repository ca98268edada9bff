//! The futures of the verbs. They own what they need, and any executor can poll them.
//!
//! | future | while it waits for room | after that | dropped |
//! |---|---|---|---|
//! | [`Tell`] | its letter is in the mailbox's line | done | withdraws a waiting letter; recalls nothing |
//! | [`SendFuture`] | the same | the reply slot | the same, and drops the reply |
//! | [`Reply`] | – | the reply slot | drops the reply |
//! | [`SendTimeout`], [`ReplyTimeout`] | as the future within, and a timer | the same | the same; takes the timer back |
//! | [`Stopped`] | – | the actor's end | – |

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Message;
use super::letter::{Asked, Receiver, Target, Told};
use super::timer::{Limit, timekeeper};
use crate::error::{ReplyError, SendError, SendErrorReason, TellError, TellErrorReason};
use crate::mailbox::waiters::Refused;
use crate::memory::block::Block;
use crate::scheduler::{Scheduler, owed, worker};
use crate::sync::Arc;
use crate::sync::parker::block_on;
use crate::sync::seldom::Seldom;
use crate::task::coop;
use crate::task::edge;
use crate::task::handle::{Strong, Weak};
use crate::task::identity::ActorInfo;
use crate::task::post::{Posted, Waiting};
use crate::task::reason::{ReplyErrorReason, StopReason};

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
#[inline(always)]
pub(crate) fn on_worker() -> bool {
    worker::is_any()
}

/// Drives a `send` to `task` on this thread, which is no worker. Blocking.
pub(crate) fn block_on_answer<M: Message>(
    task: &Strong,
    send: impl FnOnce() -> SendFuture<M>,
) -> Result<M::Result, SendError<M>> {
    match task.host().scheduler().and_then(<dyn Any + Send + Sync>::downcast_ref) {
        Some(scheduler) => owed::block_on(scheduler, send, Result::is_ok),
        None => block_on(send()),
    }
}

/// The future of [`tell`](crate::ActorRef::tell): resolves when the message has its place in the mailbox.
///
/// The message is on its way already. Polling it is only needed to learn how it went, and to be slowed down by a
/// full mailbox. If it is awaited in a handler that would wait for ever, because the mailbox's actor waits for that
/// handler, it fails at once with [`TellErrorReason::Circle`].
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
                let task = waiting.task().clone();
                let result = match waiting.poll(context) {
                    Poll::Ready(placed) => {
                        placed.map_err(|letter| refuse_tell(letter.0, Refused::Closed, task.info(), task.reason()))
                    }
                    Poll::Pending => {
                        let Err(circle) = waiting.note(context) else {
                            return Poll::Pending;
                        };
                        let fail =
                            |letter: Told<M>| TellError::new(TellErrorReason::Circle(circle), task.info(), letter.0);
                        waiting.leave().map_or(Ok(()), |letter| Err(fail(letter)))
                    }
                };
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
/// If it is awaited in a handler and its actor can't reply before that handler goes on, it fails at once:
/// [`SendErrorReason::Circle`] names the actors that wait for one another. In a `select!`, or if it is kept for later, give
/// it a [`timeout`](Self::timeout) instead, be it [`Duration::MAX`]: a circle is one of waits that all have to end, and
/// nobody can tell that another branch would do.
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
    /// For an error. A field of its own: in the place of what is seldom there it made a `send` dearer by 1 r.
    target: Target,
}

/// What a `send` has to see to beside the reply.
enum SendLater<M: Message> {
    Failed(Option<SendError<M>>),
    /// The message waits for its place.
    Waiting(Waiting<Asked<M>>),
    /// It has the actor's limit, or the system's.
    Limited(Block<Limited<M>>),
}

/// A `send` with a limit that it didn't ask for.
struct Limited<M: Message> {
    limit: Limit,
    waiting: Option<Waiting<Asked<M>>>,
}

/// The system of the actor that a message waits for.
fn home<M: Message>(waiting: Option<&Waiting<Asked<M>>>) -> Option<Arc<Scheduler>> {
    timekeeper(&**waiting?.task().host())
}

impl<M: Message> SendFuture<M> {
    #[inline(always)]
    pub(crate) fn new(task: &Strong, target: Target, posted: Posted<Asked<M>>, receiver: Receiver<M::Result>) -> Self {
        if !matches!(posted, Posted::Accepted) || task.has_limit() {
            return Self::with_later(Self::later(task, posted), target, receiver);
        }
        // Nothing is in it; without this its drop is a call.
        std::mem::forget(posted);
        // A value of its own: one that other ways share is copied with all that isn't in it, at 1 r.
        Self { later: Seldom::new(None), receiver, target }
    }

    #[cold]
    fn with_later(later: Option<SendLater<M>>, target: Target, receiver: Receiver<M::Result>) -> Self {
        Self { later: Seldom::new(later), receiver, target }
    }

    /// What there is beside the reply.
    #[cold]
    fn later(task: &Strong, posted: Posted<Asked<M>>) -> Option<SendLater<M>> {
        match posted {
            Posted::Accepted => Self::limited(task, None),
            Posted::Waiting(waiting) => Self::waiting(task, waiting),
            Posted::Refused(letter, refused) => {
                let error = refuse_send(letter.into_message(), refused, task.info(), task.reason());
                Some(SendLater::Failed(Some(error)))
            }
        }
    }

    fn waiting(task: &Strong, waiting: Waiting<Asked<M>>) -> Option<SendLater<M>> {
        if task.has_limit() { Self::limited(task, Some(waiting)) } else { Some(SendLater::Waiting(waiting)) }
    }

    /// A message with the actor's limit.
    fn limited(task: &Strong, waiting: Option<Waiting<Asked<M>>>) -> Option<SendLater<M>> {
        match task.limit() {
            Some(after) => Some(SendLater::Limited(Block::new(Limited { limit: Limit::new(after), waiting }))),
            None => waiting.map(SendLater::Waiting),
        }
    }

    /// Gives up after so long: then the error's reason is [`SendErrorReason::Timeout`].
    ///
    /// A message that still waits for room comes back in the error. One that has its place is handled all the same, and
    /// its result is dropped. The time runs from the first poll on, in which a reply that is there counts, whatever the
    /// limit: zero polls once. [`Duration::MAX`] never gives up. Any executor may poll it: where it has no thread of a
    /// system and no `block_on` to keep the time, some system of the process does, and if that ends before, another one;
    /// it gives up early only if none is left. It takes the place of a default that the
    /// [system](crate::ActorSystemBuilder::send_timeout) or the [actor](crate::SpawnBuilder::send_timeout) has.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::time::Duration;
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// system.block_on(async {
    ///     let counter = system.spawn(Counter(40)).await?;
    ///     assert_eq!(counter.send(Add(2)).timeout(Duration::from_secs(5)).await?, 42);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[inline]
    pub fn timeout(mut self, after: Duration) -> SendTimeout<M> {
        if let Some(SendLater::Limited(limited)) = &mut *self.later {
            let waiting = limited.waiting.take();
            *self.later = waiting.map(SendLater::Waiting);
        }
        SendTimeout { send: self, limit: Limit::new(after) }
    }

    #[inline(always)]
    fn poll_reply(&mut self, context: &mut Context<'_>) -> Poll<Result<M::Result, SendError<M>>> {
        if self.later.is_some() {
            return self.poll_later(context);
        }
        let answer = ready!(Pin::new(&mut self.receiver).poll(context));
        Poll::Ready(answer.map_err(SendError::unanswered))
    }

    /// Sees to whatever there is beside the reply, and to the reply.
    #[cold]
    fn poll_later(&mut self, context: &mut Context<'_>) -> Poll<Result<M::Result, SendError<M>>> {
        let refuse = |letter: Asked<M>, task: &Weak| {
            refuse_send(letter.into_message(), Refused::Closed, task.info(), task.reason())
        };
        match &mut *self.later {
            None => {}
            Some(SendLater::Failed(error)) => {
                return Poll::Ready(Err(error.take().expect("`SendFuture` polled after it was ready")));
            }
            Some(SendLater::Waiting(waiting)) => {
                ready!(waiting.poll(context)).map_err(|letter| refuse(letter, waiting.task()))?;
                *self.later = None;
            }
            Some(SendLater::Limited(limited)) => {
                let Limited { limit, waiting } = &mut **limited;
                if let Some(letter) = waiting
                    && let Poll::Ready(placed) = letter.poll(context)
                {
                    placed.map_err(|back| refuse(back, letter.task()))?;
                    *waiting = None;
                }
                if waiting.is_none()
                    && let Poll::Ready(answer) = Pin::new(&mut self.receiver).poll(context)
                {
                    return Poll::Ready(answer.map_err(SendError::unanswered));
                }
                if !limit.is_reached(context, || home(waiting.as_ref())) {
                    return Poll::Pending;
                }
                let after = limit.after();
                return Poll::Ready(Err(self.give_up(after, context)));
            }
        }
        Pin::new(&mut self.receiver).poll(context).map_err(SendError::unanswered)
    }

    /// The message that waits for its place, if it does.
    fn letter(&self) -> Option<&Waiting<Asked<M>>> {
        match &*self.later {
            Some(SendLater::Waiting(waiting)) => Some(waiting),
            _ => None,
        }
    }

    /// Sees to whatever there is beside the reply. A wait that is for ever fails.
    #[cold]
    fn poll_later_or_wait(&mut self, context: &mut Context<'_>) -> Poll<Result<M::Result, SendError<M>>> {
        if let Poll::Ready(output) = self.poll_later(context) {
            return Poll::Ready(output);
        }
        let waited = match &*self.later {
            None => edge::wait_for(self.target.whom(), self.receiver.key(), context),
            Some(SendLater::Waiting(waiting)) => waiting.note(context),
            // It ends by itself.
            Some(SendLater::Limited(_) | SendLater::Failed(_)) => Ok(()),
        };
        match waited {
            Ok(()) => Poll::Pending,
            Err(circle) => Poll::Ready(Err(self.fail(SendErrorReason::Circle(circle)))),
        }
    }

    /// The time is up. It isn't polled any more.
    #[cold]
    fn give_up(&mut self, after: Duration, context: &Context<'_>) -> SendError<M> {
        let circle = edge::circle(self.target.whom(), context);
        self.fail(SendErrorReason::Timeout { after, circle })
    }

    /// It waits no longer.
    #[cold]
    fn fail(&mut self, reason: SendErrorReason) -> SendError<M> {
        let letter = match &mut *self.later {
            Some(SendLater::Waiting(waiting)) => waiting.leave(),
            Some(SendLater::Limited(limited)) => limited.waiting.as_mut().and_then(Waiting::leave),
            None | Some(SendLater::Failed(_)) => None,
        };
        let actor = self.target.info();
        *self.later = Some(SendLater::Failed(None));
        SendError::new(reason, actor, letter.map(Asked::into_message))
    }
}

/// The future of [`SendFuture::timeout`]: resolves with the reply, or with an error when the time is up.
///
/// # Cancel safety
///
/// As for [`SendFuture`].
#[must_use = "the reply arrives only when this is awaited; dropping it withdraws a message that still waits for room"]
pub struct SendTimeout<M: Message> {
    send: SendFuture<M>,
    limit: Limit,
}

impl<M: Message> Future for SendTimeout<M> {
    type Output = Result<M::Result, SendError<M>>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { send, limit } = self.get_mut();
        // Before the limit: who has to yield has not been polled.
        ready!(coop::proceed(context));
        if let Poll::Ready(output) = send.poll_reply(context) {
            return Poll::Ready(output);
        }
        if limit.is_reached(context, || home(send.letter())) {
            Poll::Ready(Err(send.give_up(limit.after(), context)))
        } else {
            Poll::Pending
        }
    }
}

// As for `SendFuture`.
impl<M: Message> Unpin for SendTimeout<M> {}

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
            return self.poll_later_or_wait(context);
        }
        if let Poll::Ready(answer) = Pin::new(&mut self.receiver).poll(context) {
            return Poll::Ready(answer.map_err(SendError::unanswered));
        }
        match edge::wait_for(self.target.whom(), self.receiver.key(), context) {
            Ok(()) => Poll::Pending,
            Err(circle) => Poll::Ready(Err(self.fail(SendErrorReason::Circle(circle)))),
        }
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
pub struct Reply<R> {
    receiver: Receiver<R>,
    /// For an error.
    target: Target,
}

impl<R> Reply<R> {
    #[inline(always)]
    pub(crate) fn new(target: Target, receiver: Receiver<R>) -> Self {
        Self { receiver, target }
    }

    /// Gives up after so long: then the error's reason is [`ReplyErrorReason::Timeout`].
    ///
    /// The message is handled all the same, and its result is dropped. The time runs from the first poll on; zero polls
    /// once, and [`Duration::MAX`] never gives up. Who keeps the time: as for [`SendFuture::timeout`].
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::time::Duration;
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(40)).start()?;
    /// let reply = counter.try_send(Add(2))?;
    /// assert_eq!(system.block_on(reply.timeout(Duration::from_secs(5)))?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(self, after: Duration) -> ReplyTimeout<R> {
        ReplyTimeout { reply: self, limit: Limit::new(after) }
    }
}

impl<R> Future for Reply<R> {
    type Output = Result<R, ReplyError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        if let Poll::Ready(answer) = Pin::new(&mut self.receiver).poll(context) {
            return Poll::Ready(answer);
        }
        match edge::wait_for(self.target.whom(), self.receiver.key(), context) {
            Ok(()) => Poll::Pending,
            Err(circle) => Poll::Ready(Err(ReplyError::new(ReplyErrorReason::Circle(circle), self.target.info()))),
        }
    }
}

// The reply isn't pinned in the future.
impl<R> Unpin for Reply<R> {}

/// The future of [`Reply::timeout`]: resolves with the reply, or with an error when the time is up.
///
/// # Cancel safety
///
/// As for [`Reply`].
#[must_use = "the reply arrives only when this is awaited"]
pub struct ReplyTimeout<R> {
    reply: Reply<R>,
    limit: Limit,
}

impl<R> Future for ReplyTimeout<R> {
    type Output = Result<R, ReplyError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready with the reply.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { reply, limit } = self.get_mut();
        ready!(coop::proceed(context));
        if let Poll::Ready(output) = Pin::new(&mut reply.receiver).poll(context) {
            return Poll::Ready(output);
        }
        if !limit.is_reached(context, || None) {
            return Poll::Pending;
        }
        let circle = edge::circle(reply.target.whom(), context);
        let reason = ReplyErrorReason::Timeout { after: limit.after(), circle };
        Poll::Ready(Err(ReplyError::new(reason, reply.target.info())))
    }
}

// As for `Reply`.
impl<R> Unpin for ReplyTimeout<R> {}

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
            Some(SendLater::Limited(ref limited)) if limited.waiting.is_some() => "waiting",
            Some(SendLater::Limited(_)) => "placed",
        };
        f.debug_tuple("SendFuture").field(&state).finish()
    }
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl<M: Message> fmt::Debug for SendTimeout<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendTimeout").field("send", &self.send).field("after", &self.limit.after()).finish()
    }
}

impl<R> fmt::Debug for ReplyTimeout<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTimeout").field("after", &self.limit.after()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopped").field(&self.0.id()).finish()
    }
}
