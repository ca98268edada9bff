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
    counts: Counts,
    more: Seldom<Box<More<M>>>,
}

/// How many subscriptions have the event, in the lower half, and how many events were shed, in the upper one: as one value
/// it stays in a register while one after the other gets the event. Neither reaches 2^32: so many subscriptions would take
/// hundreds of gigabytes.
#[derive(Clone, Copy)]
struct Counts(u64);

/// What there is to say beyond the counts.
struct More<M: Message> {
    gone: usize,
    stuck: usize,
    later: Later<M>,
}

/// What isn't done at the call.
enum Later<M: Message> {
    Failed(Option<PublishError<M>>),
    Waiting(Vec<Waiting<Told<M>>>),
}

impl Counts {
    const NONE: Self = Self(0);
    const REACHED: Self = Self(1);
    const SHED: Self = Self(1 << 32);
    const DISPLACED: Self = Self(Self::REACHED.0 | Self::SHED.0);

    #[inline(always)]
    fn add(&mut self, other: Self) {
        self.0 += other.0;
    }

    #[inline(always)]
    fn published(self) -> Published {
        let (reached, shed) = (self.0 as u32 as usize, (self.0 >> 32) as usize);
        Published { reached, shed, gone: 0, stuck: 0 }
    }
}

impl<M: Message> More<M> {
    fn new(later: Later<M>) -> Self {
        Self { gone: 0, stuck: 0, later }
    }

    /// What there is to say, of an event that isn't refused.
    fn of(more: &mut Seldom<Box<Self>>) -> &mut Self {
        more.get_or_insert_with(|| Box::new(Self::new(Later::Waiting(Vec::new()))))
    }

    #[cold]
    fn poll(&mut self, counts: &mut Counts, context: &mut Context<'_>) -> Poll<Result<Published, PublishError<M>>> {
        match &mut self.later {
            Later::Failed(error) => {
                return Poll::Ready(Err(error.take().expect("`Publish` polled after it was ready")));
            }
            Later::Waiting(all) => {
                // One at a time: the others are placed without being polled, and all are needed.
                while let Some(waiting) = all.last_mut() {
                    match waiting.poll(context) {
                        Poll::Ready(Ok(())) => counts.add(Counts::REACHED),
                        Poll::Ready(Err(_)) => self.gone += 1,
                        Poll::Pending => {
                            if waiting.note(context).is_ok() {
                                return Poll::Pending;
                            }
                            match waiting.leave() {
                                Some(_withdrawn) => self.stuck += 1,
                                None => counts.add(Counts::REACHED),
                            }
                        }
                    }
                    all.pop();
                }
            }
        }
        Poll::Ready(Ok(self.published(*counts)))
    }

    fn published(&self, counts: Counts) -> Published {
        Published { gone: self.gone, stuck: self.stuck, ..counts.published() }
    }
}

impl<M: Message> Publish<M> {
    #[inline(always)]
    pub(super) const fn nobody() -> Self {
        Self { counts: Counts::NONE, more: Seldom::new(None) }
    }

    #[cold]
    pub(super) fn failed(reason: TopicError, event: M) -> Self {
        let failed = Later::Failed(Some(PublishError::new(reason, event)));
        Self { counts: Counts::NONE, more: Seldom::new(Some(Box::new(More::new(failed)))) }
    }

    /// Counts what became of the event at one subscription.
    #[inline(always)]
    pub(super) fn add(&mut self, offered: Offered<M>) {
        // By far the most frequent, and told from the others without a table.
        if matches!(offered, Offered::Reached) {
            self.counts.add(Counts::REACHED);
        } else {
            self.counts.add(Self::note(&mut self.more, offered));
        }
    }

    /// Has those who got the event counted as what they are to the publisher's handler: work.
    #[inline(always)]
    pub(super) fn charge(&self) {
        coop::charge(self.counts.published().reached);
    }

    /// Notes what isn't as usual, and says what it counts. Not by the future as a whole, whose counts would have to be in
    /// memory then.
    #[cold]
    fn note(more: &mut Seldom<Box<More<M>>>, offered: Offered<M>) -> Counts {
        match offered {
            Offered::Reached => return Counts::REACHED,
            Offered::Displaced => return Counts::DISPLACED,
            Offered::Shed => return Counts::SHED,
            Offered::Gone => More::of(more).gone += 1,
            Offered::Waiting(waiting) => {
                if let Later::Waiting(all) = &mut More::of(more).later {
                    all.push(waiting);
                }
            }
        }
        Counts::NONE
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
        let Self { counts, more } = &mut *self;
        match &mut **more {
            None => Poll::Ready(Ok(counts.published())),
            Some(more) => more.poll(counts, context),
        }
    }
}

// The event is never pinned in the future.
impl<M: Message> Unpin for Publish<M> {}

impl<M: Message> fmt::Debug for Publish<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (published, waiting) = match self.more.as_deref() {
            None => (self.counts.published(), 0),
            Some(More { later: Later::Failed(error), .. }) => return f.debug_tuple("Publish").field(error).finish(),
            Some(more @ More { later: Later::Waiting(all), .. }) => (more.published(self.counts), all.len()),
        };
        f.debug_struct("Publish").field("published", &published).field("waiting", &waiting).finish()
    }
}
