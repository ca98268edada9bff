//! The future of a publish, and what it resolves with.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::error::{PublishError, TopicError};
use super::member::Offered;
use crate::actor::Message;
use crate::actor::letter::Told;
use crate::sync::seldom::Seldom;
use crate::task::coop;
use crate::task::post::Waiting;

/// How many subscriptions an event came to.
///
/// Subscriptions whose filters didn't want the event are in none of the counts.
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// let broker = system.broker();
/// system.block_on(async {
///     for pattern in ["orders.*", "orders.created"] {
///         broker.subscribe(pattern, system.spawn(Audit::default()).await?).await?;
///     }
///     let published = broker.publish("orders.created", OrderCreated { id: 1 }).await?;
///     assert_eq!((published.reached(), published.shed(), published.gone()), (2, 0, 0));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    reached: usize,
    shed: usize,
    gone: usize,
    stuck: usize,
}

impl Published {
    /// How many subscriptions have the event.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.reached
    }

    /// How many events were shed for this: this one where there was no room, an older one where it was displaced.
    #[must_use]
    pub fn shed(&self) -> usize {
        self.shed
    }

    /// How many subscriptions' actors took no more messages, because they, or their system, were about to end.
    #[must_use]
    pub fn gone(&self) -> usize {
        self.gone
    }

    /// From how many subscriptions the event was withdrawn because there would never have been room: it was published in a
    /// handler, and their actors wait for that handler's actor. See [`Circle`](crate::Circle).
    #[must_use]
    pub fn stuck(&self) -> usize {
        self.stuck
    }
}

/// The future of [`publish`](crate::MessageBroker::publish): resolves when no subscription waits for room any more.
///
/// The event is on its way already: whoever has room for it has it when `publish` returns. Polling is needed to learn
/// how it went, and to be slowed down by subscribers that are to be waited for.
///
/// # Cancel safety
///
/// Dropping it withdraws the event from subscriptions for which it still waits for room, and recalls nothing otherwise.
#[must_use = "the event is on its way, but errors and full mailboxes show only when this is awaited; dropping it \
              withdraws the event from those that have no room yet"]
pub struct Publish<M: Message> {
    published: Published,
    later: Seldom<Later<M>>,
}

/// What isn't done at the call.
enum Later<M: Message> {
    Failed(Option<PublishError<M>>),
    Waiting(Vec<Waiting<Told<M>>>),
}

impl<M: Message> Publish<M> {
    #[inline(always)]
    pub(super) const fn nobody() -> Self {
        Self { published: Published { reached: 0, shed: 0, gone: 0, stuck: 0 }, later: Seldom::new(None) }
    }

    #[cold]
    pub(super) fn failed(reason: TopicError, event: M) -> Self {
        let mut failed = Self::nobody();
        *failed.later = Some(Later::Failed(Some(PublishError::new(reason, event))));
        failed
    }

    #[cold]
    fn count(&mut self, offered: Offered<M>) {
        match offered {
            Offered::Reached => self.published.reached += 1,
            Offered::Displaced => {
                self.published.reached += 1;
                self.published.shed += 1;
            }
            Offered::Shed => self.published.shed += 1,
            Offered::Gone => self.published.gone += 1,
            Offered::Waiting(waiting) => match &mut *self.later {
                Some(Later::Waiting(all)) => all.push(waiting),
                _ => *self.later = Some(Later::Waiting(vec![waiting])),
            },
        }
    }

    #[cold]
    fn poll_later(&mut self, context: &mut Context<'_>) -> Poll<Result<(), PublishError<M>>> {
        match &mut *self.later {
            None => Poll::Ready(Ok(())),
            Some(Later::Failed(error)) => Poll::Ready(Err(error.take().expect("`Publish` polled after it was ready"))),
            Some(Later::Waiting(all)) => {
                let published = &mut self.published;
                // One at a time: the others are placed without being polled, and all are needed.
                while let Some(waiting) = all.last_mut() {
                    match waiting.poll(context) {
                        Poll::Ready(Ok(())) => published.reached += 1,
                        Poll::Ready(Err(_)) => published.gone += 1,
                        Poll::Pending => {
                            if waiting.note(context).is_ok() {
                                return Poll::Pending;
                            }
                            match waiting.leave() {
                                Some(_withdrawn) => published.stuck += 1,
                                None => published.reached += 1,
                            }
                        }
                    }
                    all.pop();
                }
                *self.later = None;
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// What became of an event so far. Those who simply have it are counted in a register.
pub(super) struct Count<M: Message> {
    reached: usize,
    /// There is more to be said.
    is_more: bool,
    more: Publish<M>,
}

impl<M: Message> Count<M> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { reached: 0, is_more: false, more: Publish::nobody() }
    }

    /// Counts what became of the event at one subscription.
    #[inline(always)]
    pub(super) fn add(&mut self, offered: Offered<M>) {
        match offered {
            Offered::Reached => self.reached += 1,
            other => {
                self.is_more = true;
                self.more.count(other);
            }
        }
    }

    #[inline(always)]
    pub(super) fn into_future(mut self) -> Publish<M> {
        if self.is_more {
            self.more.published.reached += self.reached;
            return self.more;
        }
        // Made in its place: to be moved there as one, it would have to wait until the counts are written.
        Publish { published: Published { reached: self.reached, shed: 0, gone: 0, stuck: 0 }, later: Seldom::new(None) }
    }
}

impl<M: Message> Future for Publish<M> {
    type Output = Result<Published, PublishError<M>>;

    /// # Panics
    ///
    /// If it is polled again after it was ready with an error.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        if self.later.is_some() {
            ready!(self.poll_later(context))?;
        }
        Poll::Ready(Ok(self.published))
    }
}

// The event is never pinned in the future.
impl<M: Message> Unpin for Publish<M> {}

impl<M: Message> fmt::Debug for Publish<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = match &*self.later {
            None => 0,
            Some(Later::Failed(error)) => return f.debug_tuple("Publish").field(error).finish(),
            Some(Later::Waiting(all)) => all.len(),
        };
        f.debug_struct("Publish").field("published", &self.published).field("waiting", &waiting).finish()
    }
}
