//! What a supervisor knows of a child: how to make it, and what to go by.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::backoff::Backoff;
use super::child::Key;
use super::inbox::{Ear, Look};
use super::restart::RestartType;
use super::rules::{ChildKind, ChildRules};
use super::shutdown::ShutdownPolicy;
use crate::actor::mailbox::Mailbox;
use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body, Handler};
use crate::error::SpawnError;
use crate::sync::Arc;
use crate::sync::unwind::Tamed;
use crate::system::handle::SystemRef;
use crate::system::spawn::{Place, Wishes};
use crate::task::charge::{Charge, Maker, Making, Renewal};
use crate::task::checkup::Regimen;
use crate::task::handle::Strong;
use crate::task::identity::ActorId;
use crate::task::reason::ActorError;

/// What a supervisor knows of a child: an id, how to make it, and what to go by.
///
/// The factory is called for each start, on the worker that runs the child: so it may take its time, wait and fail, and the
/// supervisor and its other children go on. It builds the state alone. The child's [`ActorRef`](crate::ActorRef)s, its name,
/// its subscriptions, and its mailbox with what waits in it stay through restarts.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use corecast::{Actor, Backoff, ChildSpec, Mailbox, RestartType, ShutdownPolicy};
///
/// struct Connection;
/// impl Actor for Connection {}
///
/// let spec = ChildSpec::new("connection", || Connection)
///     .restart(RestartType::Transient)
///     .shutdown(ShutdownPolicy::Within(Duration::from_secs(1)))
///     .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(10)))
///     .quarantine_after(20)
///     .mailbox(Mailbox::bounded(64))
///     .name("connection");
/// # drop(spec);
/// ```
#[must_use = "a child is started by a supervisor"]
pub struct ChildSpec<A: Actor> {
    pub(super) rules: ChildRules,
    pub(super) plan: Plan<A>,
}

/// How a child is made.
pub(super) struct Plan<A: Actor> {
    pub(super) factory: Factory<A>,
    pub(super) mailbox: Mailbox,
    /// What few ask for.
    pub(super) wishes: Option<Box<Wishes>>,
}

/// Builds the state of a child. What it has of the user's is tamed: it may be dropped by the supervisor.
pub(super) type Factory<A> = Arc<Maker<Body<A>>>;

/// Said by a factory, or by `pre_start`, as its error: there is nothing to start, and that is in order. The child's place is
/// kept, as after OTP's `ignore`, unless it is temporary.
///
/// # Examples
///
/// ```
/// use corecast::{Actor, ActorError, ChildSpec, Ignore};
///
/// struct Metrics;
/// impl Actor for Metrics {}
///
/// let spec = ChildSpec::fallible("metrics", || -> Result<_, ActorError> {
///     if std::env::var_os("METRICS").is_some() { Ok(Metrics) } else { Err(Ignore.into()) }
/// });
/// # drop(spec);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ignore;

impl fmt::Display for Ignore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is nothing to start")
    }
}

impl Error for Ignore {}

fn made<A: Actor, E: Into<ActorError>>(made: Result<A, E>) -> Result<Body<A>, ActorError> {
    made.map(Body::new).map_err(Into::into)
}

impl<A: Actor> ChildSpec<A> {
    /// A permanent child that is made by `factory`.
    ///
    /// # Panics
    ///
    /// The call doesn't. A panic of the factory is a start that failed.
    pub fn new(id: impl Into<String>, factory: impl Fn() -> A + Send + Sync + 'static) -> Self {
        let factory = Tamed::new(factory);
        Self::making(id, Maker::new(move || Making::Made(Ok(Body::new(factory.get()())))))
    }

    /// The same, where making it may fail: then the start has failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ChildSpec};
    ///
    /// struct Log(std::fs::File);
    /// impl Actor for Log {}
    ///
    /// let spec = ChildSpec::fallible("log", || std::fs::File::create("/tmp/log").map(Log));
    /// # drop(spec);
    /// ```
    pub fn fallible<E: Into<ActorError>>(
        id: impl Into<String>,
        factory: impl Fn() -> Result<A, E> + Send + Sync + 'static,
    ) -> Self {
        let factory = Tamed::new(factory);
        Self::making(id, Maker::new(move || Making::Made(made(factory.get()()))))
    }

    /// The same, where making it takes a while: the child waits meanwhile, and its supervisor doesn't, unless the next child is
    /// to be started after this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ActorError, ChildSpec};
    ///
    /// struct Cache(Vec<u64>);
    /// impl Actor for Cache {}
    ///
    /// async fn load() -> Result<Vec<u64>, ActorError> {
    ///     Ok(vec![1, 2, 3])
    /// }
    ///
    /// let spec = ChildSpec::asynchronous("cache", || async { load().await.map(Cache) });
    /// # drop(spec);
    /// ```
    pub fn asynchronous<E: Into<ActorError>, F: Future<Output = Result<A, E>> + Send + 'static>(
        id: impl Into<String>,
        factory: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        let factory = Tamed::new(factory);
        Self::making(
            id,
            Maker::new(move || {
                let making = factory.get()();
                Making::Later(Box::pin(async move { made(making.await) }))
            }),
        )
    }

    pub(super) fn making(id: impl Into<String>, factory: Factory<A>) -> Self {
        Self {
            rules: ChildRules::new(id.into(), ChildKind::Worker),
            plan: Plan { factory, mailbox: Mailbox::default(), wishes: None },
        }
    }

    fn wishes(&mut self) -> &mut Wishes {
        self.plan.wishes.get_or_insert_default()
    }

    /// After which ends it is restarted. Permanent by default.
    pub fn restart(mut self, restart: RestartType) -> Self {
        self.rules.restart = restart;
        self
    }

    /// How long it may take to stop. Five seconds by default; for a supervisor as long as it takes.
    pub fn shutdown(mut self, shutdown: ShutdownPolicy) -> Self {
        self.rules.shutdown = shutdown;
        self
    }

    /// Says that its supervisor may end with it: see [`AutoShutdown`](crate::AutoShutdown). It may not be permanent.
    pub fn significant(mut self) -> Self {
        self.rules.significant = true;
        self
    }

    /// How long it waits for a restart. By default it doesn't.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.rules.backoff = Some(backoff);
        self
    }

    /// Gives it up when it has failed so often, without having handled a message in between, whatever the intensity allows: it
    /// ends with [`StopReason::Quarantined`](crate::StopReason::Quarantined). By default it doesn't.
    pub fn quarantine_after(mut self, failures: u32) -> Self {
        self.rules.quarantine_after = Some(failures);
        self
    }

    /// How long its factory and `pre_start` may take together: a start that takes longer has failed. By default as long as they
    /// like.
    pub fn start_limit(mut self, limit: Duration) -> Self {
        self.rules.start_limit = Some(limit);
        self
    }

    /// Has its [`health_check`](Actor::health_check) run every so often, each within `budget`; a check that fails, or isn't over in
    /// time, is a failure of the child. By default there are none. As for
    /// [`SpawnBuilder::health_check`](crate::SpawnBuilder::health_check); each run of the child has its own, the first an interval
    /// after its start.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use corecast::{Actor, ActorContext, ActorError, ChildSpec, SpecError, Strategy, Supervisor};
    ///
    /// struct Connection(std::net::TcpStream);
    ///
    /// impl Actor for Connection {
    ///     async fn health_check(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
    ///         Ok(self.0.take_error()?.map_or(Ok(()), Err)?)
    ///     }
    /// }
    ///
    /// let connect = || std::net::TcpStream::connect("localhost:4222").map(Connection);
    /// let spec = |every| ChildSpec::fallible("connection", connect).health_check(every, Duration::from_millis(500));
    /// let build = |every| Supervisor::builder(Strategy::OneForOne).child(spec(every)).build();
    /// assert!(build(Duration::from_secs(5)).is_ok());
    /// assert!(matches!(build(Duration::ZERO), Err(SpecError::InChild { .. })));
    /// ```
    pub fn health_check(mut self, every: Duration, budget: Duration) -> Self {
        self.rules.health_check = Some(Regimen { every, budget });
        self
    }

    /// How many messages may wait, as for [`SpawnBuilder::mailbox`](crate::SpawnBuilder::mailbox).
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.plan.mailbox = mailbox;
        self
    }

    /// A name, as for [`SpawnBuilder::name`](crate::SpawnBuilder::name). It stays through restarts.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.wishes().name = Some(name.into());
        self
    }

    /// Runs it on this worker only, as for [`SpawnBuilder::on_worker`](crate::SpawnBuilder::on_worker).
    pub fn on_worker(mut self, worker: usize) -> Self {
        self.wishes().place = Place::Worker(worker);
        self
    }

    /// Runs it on the worker of this core only, as for [`SpawnBuilder::on_core`](crate::SpawnBuilder::on_core).
    pub fn on_core(mut self, core: usize) -> Self {
        self.wishes().place = Place::Core(core);
        self
    }

    /// How long a `send` to it waits, as for [`SpawnBuilder::send_timeout`](crate::SpawnBuilder::send_timeout).
    pub fn send_timeout(mut self, timeout: Duration) -> Self {
        self.wishes().send_timeout = Some(timeout);
        self
    }
}

/// Makes the actor of a child, whose type is forgotten, for a supervisor that is an `S`.
pub(super) trait Cradle<S: Actor>: Send + Sync {
    /// Makes it.
    fn spawn(&self, nurse: &Nurse<'_, S>) -> Result<Strong, SpawnError>;
}

/// Who has a child made.
pub(super) struct Nurse<'a, S: Actor> {
    pub(super) system: &'a SystemRef,
    pub(super) supervisor: ActorId,
    pub(super) ear: &'a Arc<Ear<S>>,
    pub(super) child: Key,
    pub(super) restart: RestartType,
    pub(super) health_check: Option<Regimen>,
}

impl<A: Actor, S: Handler<Look>> Cradle<S> for Plan<A> {
    fn spawn(&self, nurse: &Nurse<'_, S>) -> Result<Strong, SpawnError> {
        let ear = Arc::clone(nurse.ear);
        let renewal = match nurse.restart {
            RestartType::Permanent => Renewal::Always,
            RestartType::Transient => Renewal::AfterFailure,
            RestartType::Temporary => Renewal::Never,
        };
        let charge = Charge::new(ear, nurse.child.0, nurse.supervisor, renewal, Arc::clone(&self.factory));
        let mut wishes = self.wishes.clone();
        if nurse.health_check.is_some() {
            wishes.get_or_insert_default().health_check = nurse.health_check;
        }
        nurse.system.spawn_ward::<A>(self.mailbox, wishes, charge).map(ActorRef::into_strong)
    }
}

impl<A: Actor> Clone for ChildSpec<A> {
    fn clone(&self) -> Self {
        let Plan { factory, mailbox, wishes } = &self.plan;
        let plan = Plan { factory: Arc::clone(factory), mailbox: *mailbox, wishes: wishes.clone() };
        Self { rules: self.rules.clone(), plan }
    }
}

impl<A: Actor> fmt::Debug for ChildSpec<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec").field("rules", &self.rules).field("plan", &self.plan).finish()
    }
}

impl<A: Actor> fmt::Debug for Plan<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("actor", &PhantomData::<A>)
            .field("mailbox", &self.mailbox)
            .field("wishes", &self.wishes)
            .finish_non_exhaustive()
    }
}
