//! A reference to a system that doesn't keep it.

use std::fmt;

use super::blocking::Blocking;
use super::core::Core;
use super::home::Home;
use super::spawn::SpawnBuilder;
use super::wait::{self, Wait};
use crate::actor::Actor;
use crate::actor::context::ActorContext;
use crate::actor::reference::ActorRef;
use crate::broker::MessageBroker;
use crate::error::FindError;
use crate::sync::atomic::Ordering;

/// A reference to a system that doesn't keep it: what an actor has of the system that it lives in.
pub struct SystemRef(pub(super) Home);

impl SystemRef {
    pub(super) fn new(home: Home) -> Self {
        Self(home)
    }

    /// Spawns an actor. See [`ActorSystem::spawn`](crate::ActorSystem::spawn); in a system that is gone, it is refused.
    pub fn spawn<A: Actor>(&self, actor: A) -> SpawnBuilder<A> {
        SpawnBuilder::new(self.0.again(), actor)
    }

    /// The actor with this name.
    ///
    /// # Errors
    ///
    /// If nobody has this name, or an actor of another type.
    pub fn find<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, FindError> {
        self.0.with(|core| match core {
            Some(core) => core.registry.find(name),
            None => Err(FindError::NotFound { name: name.into() }),
        })
    }

    /// Runs a closure that may block. See [`ActorSystem::spawn_blocking`](crate::ActorSystem::spawn_blocking).
    pub fn spawn_blocking<T: Send + 'static>(&self, closure: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
        self.0.with(|core| Blocking::start(core, closure))
    }

    /// The system's broker; none if the system is gone. See [`ActorSystem::broker`](crate::ActorSystem::broker).
    #[must_use]
    pub fn broker(&self) -> Option<MessageBroker> {
        self.0.with(|core| core.map(|core| core.broker.clone()))
    }

    /// What the system is called; none if it is gone.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.0.with(|core| core.map(|core| core.name.clone()))
    }

    /// How many workers it has; zero if it is gone.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.0.with(|core| core.map_or(0, |core| core.scheduler.workers()))
    }

    /// Whether the system is there and isn't shutting down.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let handle = system.handle();
    /// assert!(handle.is_running());
    /// drop(system);
    /// assert!(!handle.is_running());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_running(&self) -> bool {
        // ORDERING: Relaxed; a hint.
        self.0.with(|core| core.is_some_and(|core| !core.refusing.load(Ordering::Relaxed)))
    }

    /// Whose handlers and hooks wait, and for whom, also while the system ends. See
    /// [`ActorSystem::waits`](crate::ActorSystem::waits).
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        self.0.with(|core| core.map_or_else(Vec::new, |core| wait::all(&core.scheduler)))
    }
}

impl<A: Actor> ActorContext<A> {
    /// The system that this actor lives in.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let child = ctx.system().spawn(Clerk).start().expect("the system runs");
    ///         assert_ne!(child.id(), ctx.id());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn system(&self) -> SystemRef {
        SystemRef::new(Home::Number(Core::of(self.host()).scheduler.number()))
    }

    /// The broker of this actor's system.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// #[derive(Clone)]
    /// struct Done;
    /// impl Message for Done {
    ///     type Result = ();
    /// }
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let published = ctx.broker().publish("work.done", Done).await.expect("a topic");
    ///         assert_eq!(published.reached(), 0);
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn broker(&self) -> MessageBroker {
        Core::of(self.host()).broker.clone()
    }

    /// Runs a closure that may block on a small pool of threads, while this actor's worker goes on. Await the result.
    ///
    /// # Errors
    ///
    /// The future's error says that the closure panicked, or that the system is gone.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let sum = ctx.spawn_blocking(|| (1..=100).sum::<u32>()).await;
    ///         assert_eq!(sum.expect("no panic"), 5050);
    ///     }
    /// }
    /// ```
    pub fn spawn_blocking<T: Send + 'static>(&self, closure: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
        Blocking::start(Some(Core::of(self.host())), closure)
    }
}

impl Clone for SystemRef {
    fn clone(&self) -> Self {
        Self(self.0.again())
    }
}

impl fmt::Debug for SystemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SystemRef").field(&self.name()).finish()
    }
}
