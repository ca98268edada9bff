//! What a subscriber's owner holds: a handle, or a guard.

use std::fmt;
use std::marker::PhantomData;

use super::Event;
use super::shared::Shared;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Arc, Weak};

/// What a subscription counts, shared by its handle and the publishers.
#[derive(Debug)]
pub(super) struct Tally {
    active: AtomicBool,
    /// Shed so far.
    missed: AtomicU64,
    /// Shed since the handler was last told.
    unreported: AtomicU64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { active: AtomicBool::new(true), missed: AtomicU64::new(0), unreported: AtomicU64::new(0) }
    }

    /// Counts events that were shed.
    #[cold]
    pub(super) fn shed(&self, events: u64) {
        // ORDERING: Relaxed; counts, which publish nothing else.
        self.missed.fetch_add(events, Ordering::Relaxed);
        self.unreported.fetch_add(events, Ordering::Relaxed);
    }

    /// Counts an event on which the filter panicked: nobody knows whether it was wanted, so the handler isn't told.
    #[cold]
    pub(super) fn not_asked(&self) {
        // ORDERING: Relaxed; as above.
        self.missed.fetch_add(1, Ordering::Relaxed);
    }

    /// What the next handler is to be told.
    #[inline]
    pub(super) fn take_unreported(&self) -> u64 {
        // ORDERING: Relaxed; as above. A count that comes a moment later is told with the event after this.
        if self.unreported.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.unreported.swap(0, Ordering::Relaxed)
    }

    /// The handler wasn't told after all.
    pub(super) fn not_reported(&self, events: u64) {
        if events != 0 {
            // ORDERING: Relaxed; as above.
            self.unreported.fetch_add(events, Ordering::Relaxed);
        }
    }

    /// Whether the subscription has not ended.
    pub(super) fn is_active(&self) -> bool {
        // ORDERING: Relaxed; a hint, or read under the lock that who ended the subscription takes after that.
        self.active.load(Ordering::Relaxed)
    }

    /// The subscription has ended.
    pub(super) fn end(&self) {
        // ORDERING: Relaxed; a hint for the handle's owner. What publishers see is their snapshot.
        self.active.store(false, Ordering::Relaxed);
    }
}

/// A subscription of whatever kind, as its owner holds it. Its drop changes nothing.
pub(super) struct Enrolment {
    broker: Weak<Shared>,
    id: u64,
    tally: Arc<Tally>,
}

impl Enrolment {
    pub(super) fn new(broker: Weak<Shared>, id: u64, tally: Arc<Tally>) -> Self {
        Self { broker, id, tally }
    }

    /// Ends it, if it hasn't ended.
    pub(super) fn end(&self) {
        if let Some(broker) = self.broker.upgrade() {
            broker.unsubscribe(self.id);
        }
    }

    /// How many messages were shed.
    pub(super) fn missed(&self) -> u64 {
        // ORDERING: Relaxed; a count.
        self.tally.missed.load(Ordering::Relaxed)
    }

    /// Whether it has not ended, as far as is known now.
    pub(super) fn is_active(&self) -> bool {
        self.broker.strong_count() > 0 && self.tally.is_active()
    }
}

/// A subscription, as its owner sees it. Dropping it leaves the subscription in place, as long as its actor lives;
/// [`unsubscribe`](Self::unsubscribe) ends it, and so does the drop of a [guard](Self::into_guard).
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// let broker = system.broker();
/// system.block_on(async {
///     let audit = system.spawn(Audit::default()).await?;
///     let sub = broker.subscribe("orders.>", audit).await?;
///     assert_eq!(broker.publish("orders.created", OrderCreated { id: 1 }).await?.reached(), 1);
///     sub.unsubscribe();
///     assert_eq!(broker.publish("orders.created", OrderCreated { id: 2 }).await?.reached(), 0);
///     assert_eq!(sub.missed(), 0);
///     Ok(())
/// })
/// # }
/// ```
pub struct Subscription<M: Event>(Enrolment, PhantomData<fn(M)>);

impl<M: Event> Subscription<M> {
    pub(super) fn new(enrolment: Enrolment) -> Self {
        Self(enrolment, PhantomData)
    }

    /// Ends the subscription. Events whose publishing has begun before may still come; what is published after this
    /// doesn't. Takes the broker's lock for a moment.
    ///
    /// A panic in the drop of the subscription's filter ends there.
    pub fn unsubscribe(&self) {
        self.0.end();
    }

    /// How many events were shed, as the subscription's [`Overflow`](crate::Overflow) asks for. Wait-free.
    ///
    /// An event on which the filter panicked counts as well, and only here, whatever the overflow is: whether it was
    /// wanted isn't known. So does an event that was accepted and met the end of its actor before it came into the
    /// mailbox, and a retained one that came too late for its actor, or whose `Clone` panicked.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Whether it has not ended, as far as is known now. Wait-free.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let audit = system.spawn(Audit::default()).start()?;
    /// let sub = system.broker().subscribe("orders.created", &audit).start()?;
    /// assert!(sub.is_active());
    /// sub.unsubscribe();
    /// assert!(!sub.is_active());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_active()
    }

    /// Ties the subscription to the handle: when the guard is dropped, it ends.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let audit = system.spawn(Audit::default()).start()?;
    /// let guard = system.broker().subscribe("orders.created", &audit).start()?.into_guard();
    /// assert_eq!(system.broker().subscribers("orders.created")?.len(), 1);
    /// drop(guard);
    /// assert!(system.broker().subscribers("orders.created")?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_guard(self) -> SubscriptionGuard<M> {
        SubscriptionGuard(self)
    }
}

impl<M: Event> fmt::Debug for Subscription<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("event", &std::any::type_name::<M>())
            .field("active", &self.is_active())
            .field("missed", &self.missed())
            .finish()
    }
}

/// A subscription that ends when this is dropped. Made by [`Subscription::into_guard`].
#[must_use = "the subscription ends when this is dropped"]
pub struct SubscriptionGuard<M: Event>(Subscription<M>);

impl<M: Event> SubscriptionGuard<M> {
    /// How many events were shed. See [`Subscription::missed`].
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Whether it has not ended. See [`Subscription::is_active`].
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_active()
    }
}

impl<M: Event> Drop for SubscriptionGuard<M> {
    fn drop(&mut self) {
        self.0.unsubscribe();
    }
}

impl<M: Event> fmt::Debug for SubscriptionGuard<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubscriptionGuard").field(&self.0).finish()
    }
}
