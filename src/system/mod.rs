//! The composition root: builds a system out of its parts, owns its configuration, and ends it.
//!
//! | file | noun |
//! |---|---|
//! | [`builder`] | the configuration |
//! | [`core`] | what the parts share: the host of all actors |
//! | [`registry`] | who lives here, and under which name |
//! | [`spawn`] | how an actor comes to life |
//! | [`shutdown`] | how a system ends |
//! | [`observer`] | who hears of failures |
//! | [`handle`] | a weak reference to a system |
//! | [`home`] | the way from a reference to its system |
//! | [`blocking`] | closures that block |
//! | [`wait`] | who waits, and for whom |
#![forbid(unsafe_code)]

pub(crate) mod blocking;
pub(crate) mod builder;
mod core;
pub(crate) mod handle;
mod home;
pub(crate) mod observer;
pub(crate) mod registry;
pub(crate) mod shutdown;
pub(crate) mod spawn;
pub(crate) mod wait;

use std::fmt;
use std::time::Duration;

use self::core::Core;
use crate::actor::Actor;
use crate::actor::reference::ActorRef;
use crate::actor::timer::Sleep;
use crate::broker::MessageBroker;
use crate::error::{BuildError, FindError};
use crate::scheduler::worker;
use crate::sync::Arc;
use crate::sync::parker::block_on;
#[cfg(corecast_loom)]
use crate::sync::thread;
use crate::task::current;
use crate::task::lodging::Lodging;
use blocking::Blocking;
use builder::ActorSystemBuilder;
use handle::SystemRef;
use home::Home;
use shutdown::Shutdown;
use spawn::SpawnBuilder;
use wait::Wait;

/// Actors, the threads that run them, and everything that they share. Several can live in one process.
///
/// Dropping it kills every actor and joins its threads, also in the middle of a flood; a handler that never returns
/// keeps it from coming back. Dropped on one of its own threads, it signals and lets go. For an orderly end, await
/// [`shutdown`](Self::shutdown) first.
///
/// ```
#[doc = include_str!("../doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// system.block_on(async {
///     let counter = system.spawn(Counter(0)).await?;
///     assert_eq!(counter.send(Add(2)).await?, 2);
///     assert!(system.shutdown().await.is_clean());
///     Ok(())
/// })
/// # }
/// ```
pub struct ActorSystem {
    core: Arc<Core>,
    /// The core stays for this long at least, and as long as there are references to actors.
    _lodging: Lodging,
}

impl ActorSystem {
    /// A system with the defaults: one worker per core.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Configures a system.
    pub fn builder() -> ActorSystemBuilder {
        ActorSystemBuilder::new()
    }

    /// Waits until the workers sleep.
    #[cfg(corecast_loom)]
    pub(crate) fn await_sleep(&self) {
        while !self.core.scheduler.is_asleep() {
            thread::yield_now();
        }
    }

    /// Waits until nothing is queued or handled any more, for so many looks. Returns whether that is so. Messages from
    /// outside are refused from then on.
    #[cfg(corecast_loom)]
    pub(crate) fn settle(&self, looks: usize) -> bool {
        (0..looks).any(|_| {
            thread::yield_now();
            shutdown::is_quiet(&self.core.registry, &self.core.scheduler, || self.core.blocking.is_busy())
        })
    }

    fn over((core, lodging): (Arc<Core>, Lodging)) -> Self {
        Self { core, _lodging: lodging }
    }

    /// Spawns an actor: awaits its `pre_start`, or starts it at once. See [`SpawnBuilder`].
    pub fn spawn<A: Actor>(&self, actor: A) -> SpawnBuilder<A> {
        SpawnBuilder::new(Home::of(&self.core), actor)
    }

    /// The actor with this name.
    ///
    /// # Errors
    ///
    /// If nobody has this name, or an actor of another type.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).name("sums").start()?;
    /// assert_eq!(system.find::<Counter>("sums")?, counter);
    /// assert!(system.find::<Counter>("products").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn find<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, FindError> {
        self.core.registry.find(name)
    }

    /// Runs a future on the calling thread. Blocking.
    ///
    /// The thread counts as outside of the system. The future may use any runtime whose context it brings along.
    ///
    /// # Panics
    ///
    /// On a worker thread, which must not block, with the name of the actor that called it. The panic stops that
    /// actor alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// assert_eq!(system.block_on(async { 1 + 1 }), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if let Some(running) = worker::with_any(|_| current::info()) {
            let who = running.map_or_else(|| "a worker".to_owned(), |actor| actor.to_string());
            panic!("`block_on` was called by {who}, and a worker must not block; await the future instead");
        }
        block_on(future)
    }

    /// Ends the system in good order: refuses verbs and spawns from threads that aren't its own, handles what is
    /// queued, then stops every actor. At the builder's `shutdown_deadline` it kills who is left, and reports them.
    ///
    /// It begins at the call. A second call waits for the same end. Where the operating system gives no thread to wait
    /// in, every actor is stopped without a drain, and the future doesn't wait for their ends.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.blocking_tell(Add(1))?;
    /// let report = system.block_on(system.shutdown());
    /// assert!(report.is_clean());
    /// assert_eq!(system.actor_count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self) -> Shutdown {
        shutdown::begin(&self.core, self.core.shutdown_deadline)
    }

    /// As [`shutdown`](Self::shutdown), with a deadline of its own.
    pub fn shutdown_within(&self, deadline: Duration) -> Shutdown {
        shutdown::begin(&self.core, deadline)
    }

    /// Runs a closure that may block on a small pool of threads.
    ///
    /// # Errors
    ///
    /// The future's error says that the closure panicked, or that the system is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let sum = system.block_on(system.spawn_blocking(|| (1..=100).sum::<u32>()))?;
    /// assert_eq!(sum, 5050);
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn_blocking<T: Send + 'static>(&self, closure: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
        Blocking::start(Some(&self.core), closure)
    }

    /// The system's broker. When the system has ended, its subscriptions have ended and what it retained is dropped.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/orders.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let broker = system.broker();
    /// system.block_on(async {
    ///     broker.subscribe("orders.*", system.spawn(Audit::default()).await?).await?;
    ///     assert_eq!(broker.publish("orders.created", OrderCreated { id: 1 }).await?.reached(), 1);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn broker(&self) -> &MessageBroker {
        &self.core.broker
    }

    /// Waits so long, on any executor: no thread is blocked for it.
    ///
    /// The time runs from the call on. It never ends early, and [`Duration::MAX`] never ends. If the system ends before, it
    /// resolves then.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::time::{Duration, Instant};
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// let start = Instant::now();
    /// system.block_on(system.sleep(Duration::from_millis(5)));
    /// assert!(start.elapsed() >= Duration::from_millis(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(&self.core.scheduler, duration)
    }

    /// How long it has been running; in a simulation, in virtual time. See
    /// [`ActorContext::uptime`](crate::ActorContext::uptime).
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.core.scheduler.uptime()
    }

    /// A reference that doesn't keep the system.
    #[must_use]
    pub fn handle(&self) -> SystemRef {
        SystemRef::new(Home::of(&self.core))
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// How many workers it has.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.core.scheduler.workers()
    }

    /// The core that each worker is pinned to, if it is.
    #[must_use]
    pub fn worker_cores(&self) -> &[Option<usize>] {
        &self.core.cores
    }

    /// How many actors it has.
    #[must_use]
    pub fn actor_count(&self) -> usize {
        self.core.registry.len()
    }

    /// Whose handlers and hooks wait, and for whom: for a look at a system that doesn't go on.
    ///
    /// For each actor that is suspended, those whose reply, room or start it awaits without a limit; none, if it waits for
    /// something else. Each was true at some moment of the call, not all of them at the same one. A circle among them that
    /// can be [found](crate::Circle) has been, or is about to be. It takes a step for each actor, and costs nothing
    /// when nobody asks.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
    ///
    /// struct Patient;
    /// impl Actor for Patient {}
    ///
    /// struct Work;
    /// impl Message for Work {
    ///     type Result = ();
    /// }
    ///
    /// impl Handler<Work> for Patient {
    ///     async fn handle(&mut self, _: Work, _: &mut ActorContext<Self>) {
    ///         std::future::pending().await
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = ActorSystem::new()?;
    /// let patient = system.spawn(Patient).start()?;
    /// patient.try_tell(Work)?;
    /// for wait in system.waits() {
    ///     assert_eq!(wait.actor.id(), patient.id());
    ///     println!("{wait}"); // Patient #0.1 waits for something that is no actor
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        wait::all(&self.core.scheduler)
    }

    /// How many accepted messages were never handled because their actors ended, so far.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.core.dead_letters()
    }
}

impl Drop for ActorSystem {
    fn drop(&mut self) {
        shutdown::abandon(&self.core);
    }
}

impl fmt::Debug for ActorSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSystem")
            .field("name", &self.name())
            .field("workers", &self.workers())
            .field("actors", &self.actor_count())
            .finish()
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    mod halted;
    mod ward;

    use super::ActorSystem;
    use crate::sync::{Arc, Weak};
    use crate::{Actor, ActorContext, ActorRef, Handler, Message};

    struct Parent;

    impl Actor for Parent {}

    struct Child;

    impl Actor for Child {}

    /// Asks for the last of so many children; the others are let go of.
    struct Beget(usize);

    impl Message for Beget {
        type Result = ActorRef<Child>;
    }

    impl Handler<Beget> for Parent {
        async fn handle(&mut self, Beget(children): Beget, ctx: &mut ActorContext<Self>) -> ActorRef<Child> {
            let spawn = || ctx.system().spawn(Child).start().expect("the system runs");
            for _ in 1..children {
                drop(spawn());
            }
            spawn()
        }
    }

    #[test]
    fn a_core_goes_with_its_system_and_the_last_reference_to_an_actor() {
        let system = ActorSystem::builder().workers(2).build().unwrap();
        let core = Arc::downgrade(&system.core);
        let parents: Vec<_> = (0..4).map(|_| system.spawn(Parent).start().unwrap()).collect();
        let children: Vec<_> = parents.iter().map(|parent| parent.blocking_send(Beget(500)).unwrap()).collect();
        drop(parents);
        drop(system);
        assert!(Weak::upgrade(&core).is_some(), "the children's cells keep it");
        assert!(children.iter().all(|child| !child.is_alive()));
        drop(children);
        assert!(Weak::upgrade(&core).is_none());
    }

    #[test]
    fn what_is_made_inside_of_a_system_finds_it_from_outside() {
        struct Tell;
        impl Message for Tell {
            type Result = crate::SystemRef;
        }
        impl Handler<Tell> for Parent {
            async fn handle(&mut self, _: Tell, ctx: &mut ActorContext<Self>) -> crate::SystemRef {
                ctx.system()
            }
        }
        let system = ActorSystem::builder().workers(1).name("home").build().unwrap();
        let parent = system.spawn(Parent).start().unwrap();
        let handle = parent.blocking_send(Tell).unwrap();
        let other = ActorSystem::builder().workers(1).name("away").build().unwrap();
        assert_eq!((handle.name().as_deref(), other.handle().name().as_deref()), (Some("home"), Some("away")));
        assert!(handle.spawn(Child).start().is_ok_and(|child| child.is_alive()));
        assert_eq!(handle.clone().workers(), 1);
        drop((system, parent));
        assert!(!handle.is_running() && handle.name().is_none());
        assert!(handle.spawn(Child).start().is_err());
    }
}
