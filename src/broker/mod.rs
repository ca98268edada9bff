//! The message broker: publish and subscribe by topic, on top of the actors; and process groups.
//!
//! | file | noun |
//! |---|---|
//! | [`pattern`] | names and patterns |
//! | [`error`] | what can go wrong |
//! | [`overflow`] | what happens to events that find no room |
//! | [`subscribe`] | how a subscription is made |
//! | [`subscription`] | what its owner holds |
//! | [`member`] | what publishers see of it |
//! | [`behind`] | what waits for retained events to come first |
//! | [`members`] | a topic's list of those |
//! | [`subject`] | a topic's inside |
//! | [`kept`] | its retained event |
//! | [`topic`] | a handle on it |
//! | [`publish`] | the future of a publish |
//! | [`directory`] | topics by name, for publishers |
//! | [`outline`] | patterns, for publishers to topics that aren't known |
//! | [`trie`] | topics and patterns by token, for subscribers |
//! | [`shared`] | all of it together |
//! | [`groups`] | process groups, which are topics without patterns |
//!
//! A publish is a loop over an immutable list, on the publisher's own thread. There is no task and no queue of the
//! broker's own: an event lies in the mailboxes of its subscribers, or in the queue of a subscription that sheds.
#![forbid(unsafe_code)]

mod behind;
mod directory;
pub(crate) mod error;
pub(crate) mod groups;
mod kept;
mod member;
mod members;
mod outline;
pub(crate) mod overflow;
mod pattern;
pub(crate) mod publish;
pub(crate) mod shared;
mod subject;
pub(crate) mod subscribe;
pub(crate) mod subscription;
pub(crate) mod topic;
mod trie;

use std::fmt;

use crate::actor::Message;
use crate::sync::Arc;
use crate::task::identity::ActorInfo;
use error::TopicError;
use publish::Publish;
use shared::Shared;
use subscribe::{Subscribe, Subscriber};
use topic::Topic;

/// A message that can be published: it is cloned for each subscription but the last, and nothing comes back for it.
///
/// Implemented for every [`Message`] that is `Clone` and has `type Result = ()`. Large events are cheap to clone when
/// they hold an `Arc`.
///
/// ```
/// #[derive(Clone)]
/// struct UserLoginEvent { user_id: u64 }
///
/// impl corecast::Message for UserLoginEvent {
///     type Result = ();
/// }
///
/// fn is_event<M: corecast::Event>(_: &M) {}
/// is_event(&UserLoginEvent { user_id: 123 });
/// ```
pub trait Event: Message<Result = ()> + Clone {}

impl<M: Message<Result = ()> + Clone> Event for M {}

/// Routes events from publishers to subscribers that don't know one another, by topic.
///
/// Each system has one, [`ActorSystem::broker`](crate::ActorSystem::broker); others can be made. It is a handle: clones
/// are the same broker. Subscribers may live in any system.
///
/// **Topics** are tokens between dots, up to 255 bytes. **Patterns** may have `*` for one token, and `>` for one or
/// more at the end. A topic's type is that of its first typed use, by a subscription to it, a handle, or an event that
/// somebody gets; it is another type's again when nobody holds the topic any more. A pattern's subscription gets events
/// of its own type only. Publishing to a topic that nobody holds creates nothing. A topic that patterns alone match is
/// remembered when it is first published to; the last 1,024 of those are.
///
/// **Publishing** is a loop on the publisher's thread. Each subscription gets the events of one publisher in their
/// order. A subscriber without room delays nobody else; what becomes of its event, its
/// [`Overflow`](crate::Overflow) says. Each event that a subscription takes is handled, fails with its handler,
/// becomes a dead letter, or is shed and counted.
///
/// | method | progress |
/// |---|---|
/// | [`publish`](Self::publish), [`Topic::publish`] | lock-free; blocking for a moment if only patterns match and the topic is new, if it retains, or while one who gets the event is yet to get retained ones |
/// | [`subscribe`](Self::subscribe), `unsubscribe`, [`topic`](Self::topic), [`topics`](Self::topics) | blocking: locks, one at a time |
/// | [`subscribers`](Self::subscribers) | lock-free if the topic is known |
///
/// No filter runs under a lock, and no `Clone` or `Drop` of an event: they may use the broker themselves.
///
/// ```
/// use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
///
/// #[derive(Clone)]
/// struct UserLoginEvent { user_id: u64 }
/// impl Message for UserLoginEvent {
///     type Result = ();
/// }
///
/// struct Greeter;
/// impl Actor for Greeter {}
/// impl Handler<UserLoginEvent> for Greeter {
///     async fn handle(&mut self, event: UserLoginEvent, _ctx: &mut ActorContext<Self>) {
///         println!("user {} is here", event.user_id);
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let system = ActorSystem::new()?;
///     let broker = system.broker();
///     system.block_on(async {
///         let subscriber_ref = system.spawn(Greeter).await?;
///         broker.subscribe("user.login", subscriber_ref).await?;
///         broker.publish("user.login", UserLoginEvent { user_id: 123 }).await?;
///         Ok(())
///     })
/// }
/// ```
#[derive(Clone)]
pub struct MessageBroker(Arc<Shared>);

impl MessageBroker {
    /// A broker of its own.
    ///
    /// It keeps the actors that subscribe by an [`ActorRef`](crate::ActorRef) until the last clone is dropped, and the last
    /// [`Topic`]: one that such an actor or a filter holds keeps it for good. An actor that has subscribed remembers each
    /// such broker, in one small record, until either of them ends.
    #[must_use]
    pub fn new() -> Self {
        Self(Shared::new())
    }

    /// Subscribes an actor to a topic, or to all topics that match a pattern.
    ///
    /// The event's type is inferred where the actor has one [`Handler`](crate::Handler). The builder is awaited, or
    /// [started](Subscribe::start).
    ///
    /// # Errors
    ///
    /// Those of [`Subscribe::start`].
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let broker = system.broker();
    /// system.block_on(async {
    ///     let audit = system.spawn(Audit::default()).await?;
    ///     broker.subscribe("orders.*", &audit).await?;
    ///     broker.subscribe::<OrderCreated>("backup.>", audit.downgrade()).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn subscribe<M: Event>(&self, pattern: &str, subscriber: impl Subscriber<M>) -> Subscribe<M> {
        Subscribe::new(&self.0, pattern, subscriber)
    }

    /// Publishes an event: it is delivered at the call, to all who have room for it. The future resolves when nobody
    /// waits for room any more, with how many it [reached](crate::Published).
    ///
    /// Lock-free where there is room, also if no pattern matches a topic that isn't known; the first event of a topic
    /// that patterns alone match takes the broker's lock. The queues of subscriptions with `DropOldest` and `Latest`
    /// are lock-free but for one case: a publisher that is preempted in the middle of a push holds up those who need
    /// that place.
    ///
    /// # Errors
    ///
    /// The event comes back if the topic is malformed, has wildcards, or carries another type of event.
    ///
    /// # Panics
    ///
    /// As the event's `Clone` does. Some subscriptions have the event then, and others don't.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the event from subscriptions for which it waits for room, and recalls nothing
    /// otherwise.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let broker = system.broker();
    /// system.block_on(async {
    ///     let nobody = broker.publish("orders.created", OrderCreated { id: 1 }).await?;
    ///     assert_eq!(nobody.reached(), 0);
    ///     assert!(broker.topics().is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn publish<M: Event>(&self, topic: &str, event: M) -> Publish<M> {
        let published = self.0.directory.with(topic, move |entry| match entry {
            Some(entry) => Ok(match entry.subject::<M>() {
                Ok(subject) => subject.publish(event),
                Err(mismatch) => Publish::failed(mismatch.into(), event),
            }),
            None => Err(event),
        });
        published.unwrap_or_else(|event| self.0.publish_to_unknown(topic, event))
    }

    /// A topic, to be published to without a look-up. It is known from now on, and its type is fixed, while there is a
    /// handle.
    ///
    /// # Errors
    ///
    /// If the name is malformed, has wildcards, or is that of a topic that carries another type of event.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let broker = corecast::MessageBroker::new();
    /// let topic = broker.topic::<OrderCreated>("orders.created")?;
    /// assert_eq!(broker.topics(), ["orders.created"]);
    /// drop(topic);
    /// assert!(broker.topics().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn topic<M: Event>(&self, topic: &str) -> Result<Topic<M>, TopicError> {
        Topic::find(&self.0, topic)
    }

    /// The names of the topics that are known, in order: those that somebody holds, and those that are remembered.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        self.0.topics(true)
    }

    /// Who would get an event of this topic, in the order of the subscriptions. An actor that subscribes twice is there
    /// twice. If the topic isn't known, subscriptions of every type of event count.
    ///
    /// # Errors
    ///
    /// If the name is malformed or has wildcards.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let broker = system.broker();
    /// let audit = system.spawn(Audit::default()).name("audit").start()?;
    /// broker.subscribe("orders.*", audit).start()?;
    /// let found = broker.subscribers("orders.created")?;
    /// assert_eq!(found[0].name(), Some("audit"));
    /// let audit = system.find::<Audit>("audit")?;
    /// audit.blocking_tell(OrderCreated { id: 1 })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribers(&self, topic: &str) -> Result<Vec<ActorInfo>, TopicError> {
        self.0.subscribers(topic)
    }

    /// Ends all subscriptions and forgets all that is retained.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

impl Default for MessageBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MessageBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageBroker")
    }
}
