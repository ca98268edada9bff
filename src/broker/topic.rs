//! A topic, found once and published to many times.

use std::fmt;

use super::Event;
use super::error::TopicError;
use super::pattern;
use super::publish::Publish;
use super::shared::Shared;
use super::subject::Subject;
use crate::actor::recipient::Recipient;
use crate::sync::Arc;

/// A topic that carries events of type `M`, found once by [`MessageBroker::topic`](crate::MessageBroker::topic).
///
/// Publishing through it looks nothing up. While there is a handle, the topic stays known and keeps its type.
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// let broker = system.broker();
/// system.block_on(async {
///     let topic = broker.topic::<OrderCreated>("orders.created")?;
///     broker.subscribe("orders.*", system.spawn(Audit::default()).await?).await?;
///     assert_eq!(topic.publish(OrderCreated { id: 2 }).await?.reached(), 1);
///     Ok(())
/// })
/// # }
/// ```
pub struct Topic<M: Event> {
    subject: Arc<Subject<M>>,
    hold: Arc<Hold>,
}

/// What keeps a topic known.
pub(super) struct Hold {
    pub(super) broker: Arc<Shared>,
    pub(super) name: Box<str>,
}

impl Hold {
    /// Of a topic that is held, for a handle.
    pub(super) fn new(broker: &Arc<Shared>, name: &str) -> Arc<Self> {
        Arc::new(Self { broker: Arc::clone(broker), name: name.into() })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.broker.let_go(&self.name);
    }
}

impl<M: Event> Topic<M> {
    pub(super) fn find(broker: &Arc<Shared>, name: &str) -> Result<Self, TopicError> {
        pattern::check_name(name)?;
        let subject = broker.hold(name)?;
        Ok(Self { subject, hold: Hold::new(broker, name) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.hold.name
    }

    /// Publishes an event, as [`MessageBroker::publish`](crate::MessageBroker::publish) does. Lock-free, unless the
    /// topic [retains](Self::retain) its last event: then a lock is taken for a moment.
    ///
    /// # Errors
    ///
    /// None: the topic is there. The future's type is that of all publishes.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does. Some subscriptions have the event then, and others don't.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the event from subscriptions for which it waits for room, and recalls nothing
    /// otherwise.
    #[inline]
    pub fn publish(&self, event: M) -> Publish<M> {
        self.subject.publish(event)
    }

    /// Lets the topic retain its last event: a new subscription that matches it gets that event first. It stays known
    /// from now on, without handles and subscriptions, until [`forget`](Self::forget).
    ///
    /// A new subscription gets all that is published after the retained event behind that one, to other topics too:
    /// none is missed, none comes twice. If another thread is cloning the retained event when the subscription is made,
    /// that thread delivers it, soon after.
    ///
    /// Publishers of such a topic take a lock for a moment, under which no user code runs. Each event is cloned once
    /// more. Events of several publishers at once may come to one subscription in another order than to the next.
    ///
    /// After the end of the broker's system, nothing is retained any more.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let broker = system.broker();
    /// system.block_on(async {
    ///     let topic = broker.topic::<OrderCreated>("orders.created")?;
    ///     topic.retain();
    ///     topic.publish(OrderCreated { id: 3 }).await?;
    ///     let late = system.spawn(Audit::default()).await?;
    ///     broker.subscribe("orders.*", &late).await?; // gets order 3
    ///     assert_eq!(topic.retained().map(|order| order.id), Some(3));
    ///     topic.forget();
    ///     assert!(topic.retained().is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn retain(&self) {
        self.hold.broker.retain(&self.hold.name, &self.subject);
    }

    /// Retains nothing any more, and drops what was retained.
    pub fn forget(&self) {
        self.hold.broker.forget(&self.hold.name, &self.subject);
    }

    /// The event that is retained. Blocking, while another thread clones it. None for the event's own `Clone`, which
    /// must not ask for what another topic retains if that one's asks back.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does.
    #[must_use]
    pub fn retained(&self) -> Option<M> {
        self.subject.retained()
    }

    /// Those who subscribe, to be talked to directly: by themselves, not by the topic. In the order of the
    /// subscriptions; an actor with two of them is there twice. Lock-free.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let broker = system.broker();
    /// system.block_on(async {
    ///     broker.subscribe("orders.created", system.spawn(Audit::default()).await?).await?;
    ///     for audit in broker.topic::<OrderCreated>("orders.created")?.recipients() {
    ///         audit.tell(OrderCreated { id: 1 }).await?;
    ///     }
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient<M>> {
        self.subject.recipients()
    }

    /// Whether anybody subscribes, for those who would make an event for nobody.
    pub(crate) fn has_subscribers(&self) -> bool {
        self.subject.has_members()
    }
}

impl<M: Event> Clone for Topic<M> {
    fn clone(&self) -> Self {
        Self { subject: Arc::clone(&self.subject), hold: Arc::clone(&self.hold) }
    }
}

impl<M: Event> fmt::Debug for Topic<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("name", &self.name()).field("event", &std::any::type_name::<M>()).finish()
    }
}
