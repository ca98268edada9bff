//! How a subscription is made: who can subscribe, and how it is configured.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::Event;
use super::error::{Refusal, SubscribeError};
use super::member::{Filter, Policy};
use super::overflow::Overflow;
use super::pattern;
use super::shared::{Shared, Wish};
use super::subscription::Subscription;
use crate::actor::delivery::Ways;
use crate::actor::recipient::Recipient;
use crate::actor::reference::{ActorRef, WeakActorRef};
use crate::actor::{Handler, Message};
use crate::sync::Arc;
use crate::sync::garbage::Careful;
use crate::task::coop;
use crate::task::identity::ActorId;

/// Who can subscribe to events of type `M`, or join a [group](crate::Groups) for such messages: references to actors that
/// handle it.
///
/// An [`ActorRef`] or a [`Recipient`] keeps its actor alive while it is subscribed, a [`WeakActorRef`] doesn't. All are
/// taken by value or by reference. Nobody else implements this.
pub trait Subscriber<M: Message>: sealed::Knock<M> {}

/// The ways into an actor, for one who subscribes.
pub(super) struct Door<M: Message> {
    pub(super) ways: Ways<M>,
    pub(super) keeps_alive: bool,
}

mod sealed {
    //! What makes a subscriber, out of sight.

    use super::{ActorId, Door, Message};

    /// Opens the door.
    pub trait Knock<M: Message> {
        #[doc(hidden)]
        #[allow(private_interfaces)]
        fn knock(self) -> Result<Door<M>, ActorId>;
    }
}

impl<A: Handler<M>, M: Message> sealed::Knock<M> for &ActorRef<A> {
    #[allow(private_interfaces)]
    fn knock(self) -> Result<Door<M>, ActorId> {
        Ok(Door { ways: self.task().address_for(), keeps_alive: true })
    }
}

impl<A: Handler<M>, M: Message> sealed::Knock<M> for ActorRef<A> {
    #[allow(private_interfaces)]
    fn knock(self) -> Result<Door<M>, ActorId> {
        (&self).knock()
    }
}

impl<A: Handler<M>, M: Message> sealed::Knock<M> for &WeakActorRef<A> {
    #[allow(private_interfaces)]
    fn knock(self) -> Result<Door<M>, ActorId> {
        let actor = self.upgrade().ok_or_else(|| self.id())?;
        Ok(Door { keeps_alive: false, ..(&actor).knock()? })
    }
}

impl<A: Handler<M>, M: Message> sealed::Knock<M> for WeakActorRef<A> {
    #[allow(private_interfaces)]
    fn knock(self) -> Result<Door<M>, ActorId> {
        (&self).knock()
    }
}

impl<M: Message> sealed::Knock<M> for &Recipient<M> {
    #[allow(private_interfaces)]
    fn knock(self) -> Result<Door<M>, ActorId> {
        self.clone().knock()
    }
}

impl<M: Message> sealed::Knock<M> for Recipient<M> {
    #[allow(private_interfaces)]
    fn knock(self) -> Result<Door<M>, ActorId> {
        Ok(Door { ways: self.into_ways(), keeps_alive: true })
    }
}

impl<A: Handler<M>, M: Message> Subscriber<M> for ActorRef<A> {}
impl<A: Handler<M>, M: Message> Subscriber<M> for &ActorRef<A> {}
impl<A: Handler<M>, M: Message> Subscriber<M> for WeakActorRef<A> {}
impl<A: Handler<M>, M: Message> Subscriber<M> for &WeakActorRef<A> {}
impl<M: Message> Subscriber<M> for Recipient<M> {}
impl<M: Message> Subscriber<M> for &Recipient<M> {}

/// A subscription about to be made. Awaiting it makes it; so does [`start`](Self::start), at once.
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::{Overflow, Subscription};
///
/// let system = corecast::ActorSystem::new()?;
/// system.block_on(async {
///     let audit = system.spawn(Audit::default()).await?;
///     let sub: Subscription<OrderCreated> = system
///         .broker()
///         .subscribe("orders.>", audit)
///         .overflow(Overflow::DropOldest(64))
///         .filter(|order: &OrderCreated| order.id > 100)
///         .await?;
///     let published = system.broker().publish("orders.created", OrderCreated { id: 1 }).await?;
///     assert_eq!(published.reached(), 0);
///     assert!(sub.is_active());
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "nobody is subscribed before this is awaited or started"]
pub struct Subscribe<M: Event> {
    broker: Arc<Shared>,
    pattern: Box<str>,
    door: Result<Door<M>, ActorId>,
    overflow: Overflow,
    filter: Option<Filter<M>>,
}

impl<M: Event> Subscribe<M> {
    pub(super) fn new(broker: &Arc<Shared>, pattern: &str, who: impl Subscriber<M>) -> Self {
        Self {
            broker: Arc::clone(broker),
            pattern: pattern.into(),
            door: who.knock(),
            overflow: Overflow::default(),
            filter: None,
        }
    }

    /// What becomes of events for which there is no room. By default the publisher's future waits.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Which events the subscription wants; the others are neither delivered nor counted.
    ///
    /// The filter runs where the event is published, before it is cloned: it should be short. A retained event is
    /// cloned first. If the filter panics, the event isn't delivered, and counts in
    /// [`Subscription::missed`](crate::Subscription::missed) alone, whatever the overflow is. A second filter replaces
    /// the first.
    pub fn filter(mut self, filter: impl Fn(&M) -> bool + Send + Sync + 'static) -> Self {
        let filter = Careful::new(filter);
        self.filter = Some(Box::new(move |event| filter.get()(event)));
        self
    }

    /// Subscribes, and returns at once. Takes the broker's lock for a moment, and those of the topics that match.
    /// Retained events are cloned without a lock.
    ///
    /// # Errors
    ///
    /// For a malformed pattern, a topic that carries another type of event, an overflow without room or with too much,
    /// an actor that takes no more messages, and a broker whose system has ended.
    ///
    /// A retained event whose `Clone` panics isn't delivered, and counts as shed; the subscription is made.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let audit = system.spawn(Audit::default()).start()?;
    /// let sub = system.broker().subscribe("orders.created", &audit).start()?;
    /// assert!(system.broker().subscribe("orders..created", &audit).start().is_err());
    /// # drop(sub);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Result<Subscription<M>, SubscribeError> {
        let door = self.door.map_err(|actor| SubscribeError::Stopped { actor })?;
        let actor = door.ways.strong().id();
        let (pattern, reach, policy) = (&*self.pattern, pattern::parse(&self.pattern)?, Policy::of(self.overflow)?);
        let wish = Wish { pattern, reach, policy, filter: self.filter, door, once: false };
        self.broker.subscribe(wish).map(Subscription::new).map_err(|refusal| match refusal {
            Refusal::WrongType(mismatch) => SubscribeError::Topic(mismatch.into()),
            Refusal::Stopped => SubscribeError::Stopped { actor },
            Refusal::Closed => SubscribeError::Closed,
            Refusal::Twice => unreachable!("an actor may subscribe as often as it likes"),
        })
    }
}

impl<M: Event> IntoFuture for Subscribe<M> {
    type Output = Result<Subscription<M>, SubscribeError>;
    type IntoFuture = SubscribeFuture<M>;

    /// Subscribes: the future that it returns is ready.
    fn into_future(self) -> SubscribeFuture<M> {
        SubscribeFuture(Some(self.start()))
    }
}

/// The future of an awaited [`Subscribe`].
///
/// # Cancel safety
///
/// Dropping it leaves the subscription in place, as dropping the [`Subscription`] does.
#[must_use = "the subscription is made, but an error shows only when this is awaited"]
pub struct SubscribeFuture<M: Event>(Option<Result<Subscription<M>, SubscribeError>>);

impl<M: Event> Future for SubscribeFuture<M> {
    type Output = Result<Subscription<M>, SubscribeError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        Poll::Ready(self.0.take().expect("`SubscribeFuture` polled after it was ready"))
    }
}

impl<M: Event> fmt::Debug for Subscribe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribe")
            .field("pattern", &self.pattern)
            .field("event", &std::any::type_name::<M>())
            .field("overflow", &self.overflow)
            .field("filtered", &self.filter.is_some())
            .finish_non_exhaustive()
    }
}

impl<M: Event> fmt::Debug for SubscribeFuture<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubscribeFuture")
    }
}
