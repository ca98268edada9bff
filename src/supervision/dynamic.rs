//! The supervisor of children of one kind, which come and go: OTP's `simple_one_for_one`.

use std::fmt;
use std::time::Duration;

use super::backoff::Backoff;
use super::blueprint::Blueprint;
use super::control::{Answer, ChildCount, ChildError, typed};
use super::error::SpecError;
use super::event::Event;
use super::inbox::Look;
use super::intensity::Intensity;
use super::office::{Office, Ring};
use super::restart::RestartType;
use super::rules::{ChildKind, ChildRules, SupervisorRules};
use super::shutdown::ShutdownPolicy;
use super::spec::Plan;
use super::supervisor::AnySupervisor;
use super::supervisor::sealed::Sealed;
use crate::actor::context::ActorContext;
use crate::actor::mailbox::Mailbox;
use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body, Handler, Message};
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::sync::unwind::Tamed;
use crate::task::charge::{Maker, Making};
use crate::task::checkup::Regimen;
use crate::task::handle::Strong;
use crate::task::reason::{ActorError, StopReason};

/// A supervisor of children of one kind, which are started when they are needed.
///
/// Each is made of what [`start_child`](ActorRef::start_child) is called with, and made anew of a clone of that. A child that
/// isn't restarted is forgotten. They restart one by one, and are stopped all together, in any order, within one time for all.
/// Else it is as for a [`Supervisor`](crate::Supervisor).
///
/// # Examples
///
/// ```
/// use corecast::{Actor, ActorSystem, ChildSpec, DynamicSupervisor, RestartType};
///
/// struct Session { user: u64 }
/// impl Actor for Session {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = ActorSystem::new()?;
/// system.block_on(async {
///     let sessions = DynamicSupervisor::builder(|user: u64| Session { user })
///         .restart(RestartType::Transient)
///         .build()?;
///     let sessions = system.spawn(sessions).await?;
///     let first = sessions.start_child(1).await?;
///     let second = sessions.start_child(2).await?;
///     sessions.terminate_child(&first).await?;
///     assert!(!first.is_alive() && second.is_alive());
///     assert_eq!(sessions.count_children().await?.active, 1);
///     Ok(())
/// })
/// # }
/// ```
pub struct DynamicSupervisor<A: Actor, T: ChildArgs> {
    office: Office<Self>,
    rules: Arc<ChildRules>,
    make: Make<A, T>,
    mailbox: Mailbox,
}

/// Makes a child's state.
type Make<A, T> = Arc<dyn Fn(T) -> Making<Body<A>> + Send + Sync>;

/// What children are made of: it comes with their start, and stays for their restarts.
pub trait ChildArgs: Clone + Send + 'static {}

impl<T: Clone + Send + 'static> ChildArgs for T {}

impl<A: Actor, T: ChildArgs> DynamicSupervisor<A, T> {
    /// Begins to describe a supervisor whose children `factory` makes.
    pub fn builder(factory: impl Fn(T) -> A + Send + Sync + 'static) -> DynamicSupervisorBuilder<A, T> {
        let factory = Tamed::new(factory);
        DynamicSupervisorBuilder::new(Arc::new(move |args| Making::Made(Ok(Body::new(factory.get()(args))))))
    }

    /// The same, where making them may fail: then the start has failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ActorError, DynamicSupervisor};
    ///
    /// struct Reader(std::fs::File);
    /// impl Actor for Reader {}
    ///
    /// let readers = DynamicSupervisor::fallible(|path: String| std::fs::File::open(path).map(Reader)).build();
    /// # assert!(readers.is_ok());
    /// ```
    pub fn fallible<E: Into<ActorError>>(
        factory: impl Fn(T) -> Result<A, E> + Send + Sync + 'static,
    ) -> DynamicSupervisorBuilder<A, T> {
        let factory = Tamed::new(factory);
        DynamicSupervisorBuilder::new(Arc::new(move |args| {
            Making::Made(factory.get()(args).map(Body::new).map_err(Into::into))
        }))
    }
}

impl<A: Actor, T: ChildArgs> AnySupervisor for DynamicSupervisor<A, T> {}

impl<A: Actor, T: ChildArgs> Sealed for DynamicSupervisor<A, T> {}

/// A dynamic supervisor about to be made.
#[must_use = "nothing is supervised before this is built, and spawned"]
pub struct DynamicSupervisorBuilder<A: Actor, T: ChildArgs> {
    rules: SupervisorRules,
    child: ChildRules,
    make: Make<A, T>,
    mailbox: Mailbox,
}

impl<A: Actor, T: ChildArgs> DynamicSupervisorBuilder<A, T> {
    fn new(make: Make<A, T>) -> Self {
        let child = ChildRules::new("", ChildKind::Worker);
        let rules = SupervisorRules { dynamic: Some(ShutdownPolicy::default()), ..SupervisorRules::default() };
        Self { rules, child, make, mailbox: Mailbox::default() }
    }

    /// As for [`SupervisorBuilder::intensity`](crate::SupervisorBuilder::intensity).
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.rules.intensity = Intensity::new(restarts, period);
        self
    }

    /// After which ends a child is restarted. Permanent by default.
    pub fn restart(mut self, restart: RestartType) -> Self {
        self.child.restart = restart;
        self
    }

    /// How long the children may take to stop, together. Five seconds by default.
    pub fn shutdown(mut self, shutdown: ShutdownPolicy) -> Self {
        self.child.shutdown = shutdown;
        self.rules.dynamic = Some(shutdown);
        self
    }

    /// As for [`ChildSpec::backoff`](crate::ChildSpec::backoff).
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.child.backoff = Some(backoff);
        self
    }

    /// As for [`ChildSpec::quarantine_after`](crate::ChildSpec::quarantine_after).
    pub fn quarantine_after(mut self, failures: u32) -> Self {
        self.child.quarantine_after = Some(failures);
        self
    }

    /// As for [`ChildSpec::start_limit`](crate::ChildSpec::start_limit).
    pub fn start_limit(mut self, limit: Duration) -> Self {
        self.child.start_limit = Some(limit);
        self
    }

    /// As for [`ChildSpec::health_check`](crate::ChildSpec::health_check).
    pub fn health_check(mut self, every: Duration, budget: Duration) -> Self {
        self.child.health_check = Some(Regimen { every, budget });
        self
    }

    /// How many messages may wait for each child.
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// Makes the supervisor, which is to be spawned.
    ///
    /// # Errors
    ///
    /// For settings that can't be.
    pub fn build(self) -> Result<DynamicSupervisor<A, T>, SpecError> {
        self.child.check(&self.rules)?;
        let office = Office::new(self.rules, &Blueprint::default())?;
        Ok(DynamicSupervisor { office, rules: Arc::new(self.child), make: self.make, mailbox: self.mailbox })
    }
}

impl<A: Actor, T: ChildArgs> Actor for DynamicSupervisor<A, T> {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.office.open(ctx).await
    }

    async fn post_stop(&mut self, reason: &StopReason, ctx: &mut ActorContext<Self>) {
        self.office.close(ctx, reason).await;
    }
}

impl<A: Actor, T: ChildArgs> Handler<Look> for DynamicSupervisor<A, T> {
    async fn handle(&mut self, _: Look, ctx: &mut ActorContext<Self>) {
        self.office.look(ctx);
    }
}

impl<A: Actor, T: ChildArgs> Handler<Ring> for DynamicSupervisor<A, T> {
    async fn handle(&mut self, _: Ring, ctx: &mut ActorContext<Self>) {
        self.office.ring_by_timer(ctx);
    }
}

/// What is to be done with a child.
struct Order<T> {
    what: What<T>,
    answer: Answer,
}

enum What<T> {
    Start(Tamed<T>),
    Terminate(Strong),
}

impl<T: ChildArgs> Message for Order<T> {
    type Result = ();
}

impl<A: Actor, T: ChildArgs> Handler<Order<T>> for DynamicSupervisor<A, T> {
    async fn handle(&mut self, Order { what, answer }: Order<T>, ctx: &mut ActorContext<Self>) {
        match what {
            What::Start(_) if self.office.is_leaving() => {}
            What::Start(args) => match self.office.add(Arc::clone(&self.rules), Box::new(self.plan(args))) {
                Ok(key) => self.office.ask(ctx, key, answer, |child, request| Event::StartChild { child, request }),
                Err(error) => answer.give(Err(error.into())),
            },
            What::Terminate(actor) => match self.office.key_of(actor.id()) {
                Some(key) => {
                    self.office.ask(ctx, key, answer, |child, request| Event::TerminateChild { child, request });
                }
                None => answer.give(Err(ChildError::NotFound { id: actor.info().to_string() })),
            },
        }
    }
}

impl<A: Actor, T: ChildArgs> DynamicSupervisor<A, T> {
    fn plan(&self, args: Tamed<T>) -> Plan<A> {
        let make = Arc::clone(&self.make);
        // A factory is shared; what it clones need not be.
        let args = Mutex::new(args);
        let factory = Maker::new(move || {
            let args = args.lock().get().clone();
            make(args)
        });
        Plan { factory, mailbox: self.mailbox, wishes: None }
    }
}

/// How many children there are.
struct Count;

impl Message for Count {
    type Result = ChildCount;
}

impl<A: Actor, T: ChildArgs> Handler<Count> for DynamicSupervisor<A, T> {
    async fn handle(&mut self, _: Count, _: &mut ActorContext<Self>) -> ChildCount {
        self.office.count()
    }
}

/// What a dynamic supervisor may be asked for.
///
/// As for a [`Supervisor`](crate::Supervisor): each asks when it is first polled, and a question to one that has ended, or ends
/// before it comes to it, is answered by [`ChildError::ShuttingDown`].
impl<A: Actor, T: ChildArgs> ActorRef<DynamicSupervisor<A, T>> {
    /// Makes a child of `args`, and starts it.
    ///
    /// # Errors
    ///
    /// If its start fails.
    ///
    /// # Cancel safety
    ///
    /// Before it is polled it asks for nothing. Once it has been, the child is started whether or not it is polled again.
    ///
    /// # Examples
    ///
    /// See [`DynamicSupervisor`].
    pub async fn start_child(&self, args: T) -> Result<ActorRef<A>, ChildError> {
        typed("", self.order(What::Start(Tamed::new(args))).await?)
    }

    /// Stops a child, and waits for its end.
    ///
    /// # Errors
    ///
    /// If it is none of this supervisor's, or isn't any more.
    ///
    /// # Cancel safety
    ///
    /// Before it is polled it asks for nothing. Once it has been, the child is stopped whether or not it is polled again.
    ///
    /// # Examples
    ///
    /// See [`DynamicSupervisor`].
    pub async fn terminate_child(&self, child: &ActorRef<A>) -> Result<(), ChildError> {
        self.order(What::Terminate(child.strong().clone())).await.map(drop)
    }

    /// How many children there are.
    ///
    /// # Errors
    ///
    /// If the supervisor has ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Examples
    ///
    /// See [`DynamicSupervisor`].
    pub async fn count_children(&self) -> Result<ChildCount, ChildError> {
        self.send(Count).await.map_err(|_| ChildError::ShuttingDown)
    }

    async fn order(&self, what: What<T>) -> Result<Option<Strong>, ChildError> {
        let (answer, answered) = Answer::new();
        // As long as it takes: whoever asks has limits of their own. A letter that is left over may be kept by an observer, and the
        // answer with it.
        let order = self.send(Order { what, answer }).timeout(Duration::MAX);
        match order.await {
            Ok(()) => answered.await,
            Err(_) => Err(ChildError::ShuttingDown),
        }
    }
}

impl<A: Actor, T: ChildArgs> fmt::Debug for DynamicSupervisor<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSupervisor").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl<A: Actor, T: ChildArgs> fmt::Debug for DynamicSupervisorBuilder<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSupervisorBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}
