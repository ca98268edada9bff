//! How a system is configured.

use std::fmt;
use std::time::Duration;

use super::ActorSystem;
use super::core::{Core, Parts};
#[cfg(any(corecast_loom, feature = "sim"))]
use super::observer::Nobody;
use super::observer::{Observer, StandardError};
use super::watchdog;
use crate::error::BuildError;
use crate::scheduler::affinity::{self, Placement};
use crate::scheduler::blocking::Blocking;
use crate::scheduler::idle::MAX_WORKERS;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::scheduler::worker::crew::Crew;
use crate::scheduler::{Scheduler, Threads};
use crate::sync::Arc;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::sync::stage;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::task::director;

/// Configures an [`ActorSystem`]. Made by [`ActorSystem::builder`].
///
/// ```
/// use std::time::Duration;
///
/// let system = corecast::ActorSystem::builder()
///     .workers(2)
///     .name("orders")
///     .shutdown_deadline(Duration::from_secs(10))
///     .build()?;
/// assert_eq!(system.workers(), 2);
/// # Ok::<(), corecast::BuildError>(())
/// ```
#[must_use = "nothing is started before `build`"]
pub struct ActorSystemBuilder {
    name: String,
    workers: Option<usize>,
    pinned: bool,
    cores: Option<Vec<usize>>,
    blocking_threads: usize,
    shutdown_deadline: Duration,
    post_stop_deadline: Duration,
    send_timeout: Option<Duration>,
    slow_handlers: Option<Duration>,
    observer: Option<Arc<dyn Observer>>,
}

impl ActorSystemBuilder {
    pub(super) fn new() -> Self {
        Self {
            name: "corecast".into(),
            workers: None,
            pinned: false,
            cores: None,
            blocking_threads: 4,
            shutdown_deadline: Duration::from_secs(30),
            post_stop_deadline: Duration::from_secs(5),
            send_timeout: None,
            slow_handlers: None,
            observer: None,
        }
    }

    /// How many worker threads run actors, from 1 to 64. By default one per core that this process may use, affinity
    /// mask and cgroup quota respected.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Pins each worker to a core of its own, in the order of the cores that this process may use. Off by default.
    pub fn pin_cores(mut self, pinned: bool) -> Self {
        self.pinned = pinned;
        self
    }

    /// Pins the workers to these cores, by the operating system's numbers: the first worker to the first, and so on.
    /// One worker per core, unless [`workers`](Self::workers) says fewer.
    pub fn cores(mut self, cores: impl IntoIterator<Item = usize>) -> Self {
        self.cores = Some(cores.into_iter().collect());
        self
    }

    /// What the system is called. Its threads are named after it: `orders-0`, `orders-1`, …
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Who hears of failures and dead letters. By default failures that nobody is told of go to the standard error
    /// stream, and dead letters are counted.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// How long [`shutdown`](ActorSystem::shutdown) waits before it kills. 30 seconds by default.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// How long the `post_stop` of a killed actor may take. 5 seconds by default.
    pub fn post_stop_deadline(mut self, deadline: Duration) -> Self {
        self.post_stop_deadline = deadline;
        self
    }

    /// How long a [`send`](crate::ActorRef::send) waits for its reply unless it says so itself, or its actor was spawned
    /// with a timeout of its own. Off by default: it waits as long as it takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use corecast::{Actor, ActorContext, ActorSystem, Handler, Message, SendErrorReason};
    ///
    /// struct Silent;
    /// impl Actor for Silent {}
    ///
    /// struct Ask;
    /// impl Message for Ask {
    ///     type Result = ();
    /// }
    ///
    /// impl Handler<Ask> for Silent {
    ///     async fn handle(&mut self, _: Ask, _: &mut ActorContext<Self>) {
    ///         std::future::pending().await
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = ActorSystem::builder().send_timeout(Duration::from_millis(5)).build()?;
    /// let silent = system.spawn(Silent).start()?;
    /// let error = silent.blocking_send(Ask).expect_err("it says nothing");
    /// assert!(matches!(error.reason(), SendErrorReason::Timeout { .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_timeout(mut self, timeout: Duration) -> Self {
        self.send_timeout = Some(timeout);
        self
    }

    /// Tells the observer of handlers and hooks that take as long as `threshold`, running or waiting, by
    /// [`Observer::handler_slow`]. Off by default.
    ///
    /// Also of one that never returns, on the only worker: another thread looks after the workers, four times within the
    /// threshold, and at most once a millisecond. Handlers that wait are looked after by a timer; where all workers are stuck,
    /// nobody fires it.
    ///
    /// In such a system a message costs two looks at the clock and three uncontended locks more, and an actor some hundred
    /// bytes; in all others it costs nothing. In a simulation the time is virtual, so a handler is slow if it waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use std::sync::mpsc::{Sender, channel};
    /// use std::time::Duration;
    /// use corecast::{Actor, ActorContext, ActorSystem, Handler, Message, Observer, SlowHandler};
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
    /// struct Report(Mutex<Sender<SlowHandler>>);
    /// impl Observer for Report {
    ///     fn handler_slow(&self, slow: &SlowHandler) {
    ///         let _ = self.0.lock().map(|sender| sender.send(slow.clone()));
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let (sender, slow) = channel();
    /// let system = ActorSystem::builder()
    ///     .slow_handlers(Duration::from_millis(10))
    ///     .observer(Report(Mutex::new(sender)))
    ///     .build()?;
    /// let patient = system.spawn(Patient).start()?;
    /// patient.try_tell(Work)?;
    /// let slow = slow.recv()?; // Patient #0.1 has taken 10.1ms for Work so far: waiting
    /// assert!(slow.handler().ends_with("Work") && slow.lasted() >= Duration::from_millis(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn slow_handlers(mut self, threshold: Duration) -> Self {
        self.slow_handlers = Some(threshold);
        self
    }

    /// How many threads at most run blocking closures. 4 by default; they are started when they are needed.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = threads;
        self
    }

    /// Starts the system.
    ///
    /// # Errors
    ///
    /// For zero or more than 64 workers, more pinned workers than cores, a core that isn't there or not allowed, zero
    /// blocking threads, and when the operating system gives no thread.
    pub fn build(self) -> Result<ActorSystem, BuildError> {
        if self.blocking_threads == 0 {
            return Err(BuildError::ZeroBlockingThreads);
        }
        let (workers, placement) = self.place()?;
        let (scheduler, threads) = self.staff(workers, placement)?;
        let blocking = Blocking::new(self.name.clone(), self.blocking_threads, scheduler.clone());
        let threshold = self.slow_handlers;
        let system = ActorSystem::over(Core::new(Parts {
            name: self.name,
            scheduler,
            threads,
            blocking,
            observer: self.observer.unwrap_or_else(Self::default_observer),
            shutdown_deadline: self.shutdown_deadline,
            post_stop_deadline: self.post_stop_deadline,
            send_timeout: self.send_timeout,
        }));
        if let Some(threshold) = threshold {
            watchdog::start(&system.core, threshold).map_err(BuildError::Thread)?;
        }
        Ok(system)
    }

    /// The workers, with their threads; in a simulation they have none.
    fn staff(&self, workers: usize, placement: Placement) -> Result<(Arc<Scheduler>, Threads), BuildError> {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if stage::is_here() {
            let (scheduler, locals) = Scheduler::new(workers, placement, self.slow_handlers);
            let crew = Box::new(Crew::new(Arc::clone(&scheduler), locals));
            director::with(|director| director.employ(crew));
            return Ok((scheduler, Threads::none()));
        }
        Scheduler::start(&self.name, workers, placement, self.slow_handlers).map_err(BuildError::Thread)
    }

    /// Who hears of failures unless that is said. A simulation reports them itself.
    fn default_observer() -> Arc<dyn Observer> {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if stage::is_here() {
            return Arc::new(Nobody);
        }
        Arc::new(StandardError)
    }

    /// How many workers there are unless that is said.
    fn default_workers() -> usize {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if let Some(workers) = director::with(|director| director.workers()) {
            return workers;
        }
        affinity::default_workers().min(MAX_WORKERS)
    }

    /// How many workers, and where.
    fn place(&self) -> Result<(usize, Placement), BuildError> {
        let allowed = affinity::allowed_cores();
        if let Some(&core) = self.cores.iter().flatten().find(|core| !allowed.contains(core)) {
            return Err(BuildError::NoSuchCore { core });
        }
        let workers = match (self.workers, &self.cores) {
            (Some(workers), _) => workers,
            (None, Some(cores)) => cores.len(),
            (None, None) => Self::default_workers(),
        };
        if workers == 0 {
            return Err(BuildError::ZeroWorkers);
        }
        if workers > MAX_WORKERS {
            return Err(BuildError::TooManyWorkers { workers, max: MAX_WORKERS });
        }
        if self.cores.is_none() && !self.pinned {
            return Ok((workers, Placement::Free));
        }
        let cores = self.cores.clone().unwrap_or(allowed);
        if workers > cores.len() {
            return Err(BuildError::NotEnoughCores { workers, cores: cores.len() });
        }
        Ok((workers, Placement::Pinned(cores[..workers].to_vec())))
    }
}

impl fmt::Debug for ActorSystemBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSystemBuilder")
            .field("name", &self.name)
            .field("workers", &self.workers)
            .field("pinned", &(self.pinned || self.cores.is_some()))
            .finish_non_exhaustive()
    }
}
