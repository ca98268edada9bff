//! How an actor comes to life.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::core::Core;
use super::handle::SystemRef;
use super::home::Home;
use crate::actor::mailbox::Mailbox;
use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body};
use crate::error::SpawnError;
use crate::sync::Arc;
#[cfg(corecast_loom)]
use crate::sync::explore;
use crate::task::charge::Charge;
use crate::task::checkup::{Checkup, Regimen};
use crate::task::coop;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::task::director;
use crate::task::edge;
use crate::task::lodging::Lodging;
use crate::task::startup::{Started, Startup};
use crate::task::typed::Task;
use crate::task::{Fittings, Plan, Runnable, SendLimit};

/// The quota of actors that are spawned in an execution of the model checker.
#[cfg(corecast_loom)]
pub(crate) const ACTORS: &str = "actors";

/// An actor about to be spawned. Awaiting it spawns it and waits for its `pre_start`; [`start`](Self::start) spawns
/// it and returns at once.
///
/// ```
#[doc = include_str!("../doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::Mailbox;
///
/// let system = corecast::ActorSystem::builder().workers(2).build()?;
/// system.block_on(async {
///     let counter = system.spawn(Counter(0)).mailbox(Mailbox::bounded(64)).name("counter").on_worker(1).await?;
///     assert_eq!(system.find::<Counter>("counter")?, counter);
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "the actor isn't spawned before this is awaited or started"]
pub struct SpawnBuilder<A: Actor> {
    home: Home,
    actor: A,
    mailbox: Mailbox,
    /// What few ask for: so that a builder is small, and is moved for little.
    wishes: Option<Box<Wishes>>,
}

/// What is asked for beside a mailbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
    pub(crate) keep_alive: bool,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) health_check: Option<Regimen>,
}

/// Where an actor runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Place {
    #[default]
    Anywhere,
    Worker(usize),
    Core(usize),
}

impl<A: Actor> SpawnBuilder<A> {
    pub(super) fn new(home: Home, actor: A) -> Self {
        Self { home, actor, mailbox: Mailbox::default(), wishes: None }
    }

    fn wishes(&mut self) -> &mut Wishes {
        self.wishes.get_or_insert_default()
    }

    /// How many messages may wait. 1,024 by default.
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// A name, by which others find it. It keeps the actor alive, and is free again when the actor has ended.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.wishes().name = Some(name.into());
        self
    }

    /// Runs the actor on this worker only. Workers are numbered from 0.
    pub fn on_worker(mut self, worker: usize) -> Self {
        self.wishes().place = Place::Worker(worker);
        self
    }

    /// Runs the actor on the worker that is pinned to this core only, by the operating system's number.
    pub fn on_core(mut self, core: usize) -> Self {
        self.wishes().place = Place::Core(core);
        self
    }

    /// Keeps the actor alive when nothing can reach it.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let weak = system.spawn(Counter(0)).keep_alive().start()?.downgrade();
    /// assert_eq!(system.actor_count(), 1);
    /// # drop(weak);
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_alive(mut self) -> Self {
        self.wishes().keep_alive = true;
        self
    }

    /// How long a [`send`](ActorRef::send) to this actor waits for its reply unless it says so itself. Without it the
    /// system's [`send_timeout`](crate::ActorSystemBuilder::send_timeout) holds, if there is one; [`Duration::MAX`] is no
    /// limit.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::time::Duration;
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).send_timeout(Duration::from_secs(5)).start()?;
    /// assert_eq!(counter.blocking_send(Add(1))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_timeout(mut self, timeout: Duration) -> Self {
        self.wishes().send_timeout = Some(timeout);
        self
    }

    /// Has its [`health_check`](Actor::health_check) run every so often, each within `budget`. By default it isn't.
    ///
    /// The next check is due an interval after the one before has returned; its budget begins when it is due. What becomes of an
    /// actor that isn't well, or doesn't come to it in time, is said [there](Actor::health_check). [`Duration::MAX`] is no interval
    /// that comes to its end, and no budget either.
    ///
    /// A check takes its turn between two messages, and allocates nothing. Actors without checks pay nothing for those that have
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::time::Duration;
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// let (every, budget) = (Duration::from_secs(10), Duration::from_secs(1));
    /// let counter = system.spawn(Counter(0)).health_check(every, budget).start()?;
    /// assert_eq!(counter.blocking_send(Add(1))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn health_check(mut self, every: Duration, budget: Duration) -> Self {
        self.wishes().health_check = Some(Regimen { every, budget });
        self
    }

    /// Spawns the actor and returns at once; its `pre_start` is still to come. Messages wait until then.
    ///
    /// # Errors
    ///
    /// For a mailbox of zero or too large a capacity, health checks without an interval or a budget, a name in use, a worker or
    /// core that isn't there, `on_core` without pinning, and in a system that is shutting down.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use corecast::{Mailbox, SpawnError};
    ///
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.try_tell(Add(1))?; // waits for `pre_start`
    ///
    /// let refused = system.spawn(Counter(0)).mailbox(Mailbox::bounded(0)).start();
    /// assert!(matches!(refused, Err(SpawnError::ZeroCapacity)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Result<ActorRef<A>, SpawnError> {
        self.launch(Startup::nobody())
    }

    fn launch(mut self, startup: Startup) -> Result<ActorRef<A>, SpawnError> {
        let home = std::mem::take(&mut self.home);
        let Self { actor, mailbox, wishes, .. } = self;
        home.with(|core| launch::<A>(core, mailbox, wishes, startup, |plan| Task::create(plan, Body::new(actor))))
    }
}

impl SystemRef {
    /// Spawns an actor that is supervised, and makes its state itself. Its supervisor hears of the start.
    ///
    /// # Errors
    ///
    /// As for [`SpawnBuilder::start`].
    pub(crate) fn spawn_ward<A: Actor>(
        &self,
        mailbox: Mailbox,
        wishes: Option<Box<Wishes>>,
        charge: Charge,
    ) -> Result<ActorRef<A>, SpawnError> {
        let create = |plan| Task::create_ward(plan, charge);
        self.0.with(|core| launch::<A>(core, mailbox, wishes, Startup::nobody(), create))
    }
}

/// Spawns what `create` makes.
#[inline]
fn launch<A: Actor>(
    core: Option<&Core>,
    mailbox: Mailbox,
    wishes: Option<Box<Wishes>>,
    startup: Startup,
    create: impl FnOnce(Plan) -> (Task<Body<A>>, Runnable),
) -> Result<ActorRef<A>, SpawnError> {
    let Some(core) = core.filter(|core| !core.refuses_spawns()) else {
        return Err(SpawnError::ShutDown);
    };
    let Some(capacity) = mailbox.capacity() else {
        return Err(match mailbox {
            Mailbox::Bounded(0) => SpawnError::ZeroCapacity,
            Mailbox::Bounded(capacity) => SpawnError::CapacityTooLarge { capacity, max: Mailbox::MAX_CAPACITY },
            Mailbox::Unbounded => unreachable!("an unbounded mailbox has a capacity"),
        });
    };
    #[cfg(corecast_loom)]
    if !explore::admit(ACTORS) {
        return Err(SpawnError::ShutDown);
    }
    #[cfg(any(corecast_loom, feature = "sim"))]
    let capacity = match mailbox {
        Mailbox::Bounded(_) => {
            director::with(|director| director.capacity(std::any::type_name::<A>(), capacity)).unwrap_or(capacity)
        }
        Mailbox::Unbounded => capacity,
    };
    let Asked { place, keep_alive, has_timeout, fittings } = match wishes {
        Some(wishes) => sort_out(*wishes)?,
        None => Asked::default(),
    };
    let placed = worker_of(core, place)?;
    let name = fittings.as_ref().and_then(|fittings| fittings.name.clone());
    if let Some(name) = &name
        && core.registry.is_taken(name)
    {
        return Err(SpawnError::NameTaken { name: name.to_string() });
    }
    let limit = match core.send_timeout {
        _ if has_timeout => match &fittings {
            Some(fittings) if fittings.limit.is_some() => SendLimit::Own,
            // The longest time is no limit; here and below.
            _ => SendLimit::None,
        },
        None | Some(Duration::MAX) => SendLimit::None,
        Some(_) => SendLimit::System,
    };
    let Some(host) = Lodging::with(&core.house) else {
        return Err(SpawnError::ShutDown);
    };
    let plan = Plan { capacity, placed, keep_alive, limit, host, startup, fittings };
    let (task, runnable) = create(plan);
    if core.scheduler.seat(&runnable).is_err() {
        core.refuse(runnable);
        return Err(SpawnError::ShutDown);
    }
    if let Some(name) = name
        && let Err(unnamed) = core.registry.claim_name(Arc::clone(&name), task.strong().clone())
    {
        // Somebody took the name since we looked. This actor never lived; and it has no name to free.
        drop(unnamed);
        runnable.forget_name();
        core.refuse(runnable);
        return Err(SpawnError::NameTaken { name: name.to_string() });
    }
    core.scheduler.schedule(runnable);
    Ok(ActorRef::new(task))
}

/// What is asked for beside a mailbox, sorted out.
#[derive(Default)]
struct Asked {
    place: Place,
    keep_alive: bool,
    /// A `send` to it doesn't have the system's limit, whether it has one of its own or none.
    has_timeout: bool,
    fittings: Option<Box<Fittings>>,
}

#[cold]
fn sort_out(wishes: Wishes) -> Result<Asked, SpawnError> {
    let Wishes { name, place, keep_alive, send_timeout, health_check } = wishes;
    let limit = send_timeout.filter(|limit| *limit != Duration::MAX);
    let fittings = Fittings { name: name.map(Into::into), limit, checkup: health_check.map(checkup_of).transpose()? };
    let is_needed = fittings.name.is_some() || limit.is_some() || fittings.checkup.is_some();
    let fittings = is_needed.then(|| Box::new(fittings));
    Ok(Asked { place, keep_alive, has_timeout: send_timeout.is_some(), fittings })
}

/// The checks that are asked for.
fn checkup_of(regimen: Regimen) -> Result<Box<Checkup>, SpawnError> {
    if regimen.every.is_zero() {
        return Err(SpawnError::ZeroHealthInterval);
    }
    if regimen.budget.is_zero() {
        return Err(SpawnError::ZeroHealthBudget);
    }
    Ok(Checkup::new(regimen))
}

/// The worker that a place means.
fn worker_of(core: &Core, place: Place) -> Result<Option<u16>, SpawnError> {
    let workers = core.scheduler.workers();
    let worker = match place {
        Place::Anywhere => return Ok(None),
        Place::Worker(worker) if worker < workers => worker,
        Place::Worker(worker) => return Err(SpawnError::NoSuchWorker { worker, workers }),
        Place::Core(os_core) => {
            let placement = core.scheduler.placement();
            if placement.core(0).is_none() {
                return Err(SpawnError::NotPinned);
            }
            let found = (0..workers).find(|&worker| placement.core(worker) == Some(os_core));
            found.ok_or(SpawnError::NoSuchCore { core: os_core })?
        }
    };
    Ok(u16::try_from(worker).ok())
}

impl<A: Actor> IntoFuture for SpawnBuilder<A> {
    type Output = Result<ActorRef<A>, SpawnError>;
    type IntoFuture = SpawnFuture<A>;

    /// Spawns the actor: the future that it returns only waits.
    fn into_future(self) -> SpawnFuture<A> {
        let (startup, receiver) = Startup::new();
        match self.launch(startup) {
            Ok(actor) => SpawnFuture(Some(Ok((actor, receiver)))),
            Err(error) => SpawnFuture(Some(Err(error))),
        }
    }
}

/// The future of an awaited [`SpawnBuilder`]: resolves when `pre_start` has succeeded, or with what went wrong.
///
/// # Cancel safety
///
/// Dropping it drops its reference to the actor, which goes on if others reach it.
#[must_use = "the actor's reference arrives only when this is awaited"]
pub struct SpawnFuture<A: Actor>(Option<Result<(ActorRef<A>, Started), SpawnError>>);

impl<A: Actor> Future for SpawnFuture<A> {
    type Output = Result<ActorRef<A>, SpawnError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        let started = match &mut self.0 {
            Some(Ok((actor, started))) => match Pin::new(&mut *started).poll(context) {
                Poll::Ready(started) => started,
                Poll::Pending => {
                    let Err(circle) = edge::wait_for(actor.strong().whom(), started.key(), context) else {
                        return Poll::Pending;
                    };
                    let actor = actor.info();
                    self.0 = None;
                    return Poll::Ready(Err(SpawnError::Circle { actor, circle }));
                }
            },
            _ => Ok(()),
        };
        let (actor, _) = match self.0.take().expect("`SpawnFuture` polled after it was ready") {
            Ok(spawned) => spawned,
            Err(error) => return Poll::Ready(Err(error)),
        };
        Poll::Ready(match started {
            Ok(()) => Ok(actor),
            Err(reason) => Err(SpawnError::PreStart { actor: actor.info(), reason }),
        })
    }
}

impl<A: Actor> fmt::Debug for SpawnBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnBuilder")
            .field("mailbox", &self.mailbox)
            .field("wishes", &self.wishes)
            .finish_non_exhaustive()
    }
}

impl<A: Actor> fmt::Debug for SpawnFuture<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpawnFuture")
    }
}
