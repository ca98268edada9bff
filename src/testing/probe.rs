//! An actor that keeps what it is sent, and the test's side of it.

use std::any::type_name;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::actor::context::ActorContext;
use crate::actor::recipient::Recipient;
use crate::actor::reference::ActorRef;
use crate::actor::timer::Sleep;
use crate::actor::{Actor, Handler, Message};
use crate::error::SpawnError;
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::sync::parker::block_on;
use crate::system::ActorSystem;

/// An actor that keeps the messages it is sent, and the test's side of it.
///
/// The test takes them out in the order in which they were handled. It waits in the time of the actor's system.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use corecast::Message;
/// use corecast::testing::Probe;
///
/// #[derive(Clone)]
/// struct Created(u64);
/// impl Message for Created {
///     type Result = ();
/// }
///
/// corecast::sim::check(10, |sim| {
///     let system = sim.system();
///     let probe = Probe::<Created>::spawn(&system)?;
///     sim.block_on(async {
///         system.broker().subscribe("orders.*", probe.actor()).await?;
///         system.broker().publish("orders.created", Created(7)).await?;
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     })?;
///     assert_eq!(probe.expect(Duration::from_secs(1)).0, 7);
///     probe.expect_none(Duration::from_secs(3_600)); // an hour of virtual time
///     Ok(())
/// });
/// ```
pub struct Probe<M: Message> {
    actor: ActorRef<Catcher<M>>,
    caught: Arc<Mutex<Caught<M>>>,
}

/// The actor of a [`Probe`].
pub struct Catcher<M: Message> {
    caught: Arc<Mutex<Caught<M>>>,
    answer: Answer<M>,
}

/// What a probe says to a message.
type Answer<M> = Box<dyn Fn(&M) -> <M as Message>::Result + Send>;

/// What hasn't been taken out, and who waits for more.
struct Caught<M> {
    messages: VecDeque<M>,
    waiting: Option<Waker>,
}

impl<M: Message> Actor for Catcher<M> {}

impl<M: Message> Handler<M> for Catcher<M> {
    async fn handle(&mut self, message: M, _ctx: &mut ActorContext<Self>) -> M::Result {
        let answer = (self.answer)(&message);
        let mut caught = self.caught.lock();
        caught.messages.push_back(message);
        let waiting = caught.waiting.take();
        drop(caught);
        if let Some(waker) = waiting {
            waker.wake();
        }
        answer
    }
}

impl<M: Message<Result = ()>> Probe<M> {
    /// A probe for messages that nobody waits for.
    ///
    /// # Errors
    ///
    /// If the system is shutting down.
    pub fn spawn(system: &ActorSystem) -> Result<Self, SpawnError> {
        Self::answering(system, |_| ())
    }
}

impl<M: Message> Probe<M> {
    /// A probe that answers each message so.
    ///
    /// # Errors
    ///
    /// If the system is shutting down.
    pub fn answering(
        system: &ActorSystem,
        answer: impl Fn(&M) -> M::Result + Send + 'static,
    ) -> Result<Self, SpawnError> {
        let caught = Arc::new(Mutex::new(Caught { messages: VecDeque::new(), waiting: None }));
        let catcher = Catcher { caught: Arc::clone(&caught), answer: Box::new(answer) };
        Ok(Self { actor: system.spawn(catcher).start()?, caught })
    }

    /// The actor.
    #[must_use]
    pub fn actor(&self) -> &ActorRef<Catcher<M>> {
        &self.actor
    }

    /// The actor, as whoever takes such messages.
    #[must_use]
    pub fn recipient(&self) -> Recipient<M> {
        self.actor.recipient()
    }

    /// The next message, if it is there.
    #[must_use]
    pub fn try_next(&self) -> Option<M> {
        self.caught.lock().messages.pop_front()
    }

    /// The next message, if it comes `within` this time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message.
    pub async fn next(&self, within: Duration) -> Option<M> {
        let mut limit = pin!(Sleep::beside(&**self.actor.strong().host(), within));
        poll_fn(|context| match self.poll_next(context) {
            Poll::Pending => limit.as_mut().poll(context).map(|()| None),
            ready => ready,
        })
        .await
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<M>> {
        let waker = context.waker().clone();
        let mut caught = self.caught.lock();
        if let Some(message) = caught.messages.pop_front() {
            return Poll::Ready(Some(message));
        }
        let former = caught.waiting.replace(waker);
        drop(caught);
        // Dropped without the lock.
        drop(former);
        Poll::Pending
    }

    /// The next message, which comes `within` this time. Blocking; in a simulation the others act meanwhile.
    ///
    /// # Panics
    ///
    /// If it doesn't come.
    #[track_caller]
    #[must_use]
    pub fn expect(&self, within: Duration) -> M {
        match block_on(self.next(within)) {
            Some(message) => message,
            None => panic!("no {} came within {within:?}", type_name::<M>()),
        }
    }

    /// That none comes for this time. Blocking; in a simulation the others act meanwhile.
    ///
    /// # Panics
    ///
    /// If one comes, or is there.
    #[track_caller]
    pub fn expect_none(&self, during: Duration) {
        if block_on(self.next(during)).is_some() {
            panic!("a {} came, and none was to come within {during:?}", type_name::<M>());
        }
    }

    /// How many messages are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.caught.lock().messages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<M: Message> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("actor", &self.actor).field("len", &self.len()).finish()
    }
}

impl<M: Message> fmt::Debug for Catcher<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catcher")
    }
}
