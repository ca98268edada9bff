//! The supervisor: an actor whose children are actors.

use std::fmt;
use std::time::Duration;

use super::auto_shutdown::AutoShutdown;
use super::blueprint::Blueprint;
use super::child::{Key, State};
use super::control::{Answer, Answered, ChildCount, ChildError, ChildInfo, ChildState, typed};
use super::error::SpecError;
use super::event::{Event, Request};
use super::inbox::Look;
use super::intensity::Intensity;
use super::office::{Office, Ring};
use super::rules::{ChildKind, ChildRules, SupervisorRules};
use super::spec::{ChildSpec, Cradle};
use super::strategy::Strategy;
use crate::actor::context::ActorContext;
use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Handler, Message};
use crate::sync::Arc;
use crate::task::handle::Strong;
use crate::task::reason::{ActorError, StopReason};

/// An actor that starts other actors, restarts them when they fail, and stops them when it stops.
///
/// It is spawned as any other, and what holds for actors holds for it: somebody has to keep it, by a reference, a name or
/// [`keep_alive`](crate::SpawnBuilder::keep_alive); when nobody can reach it, it stops, and its children with it. It keeps its
/// children.
///
/// Awaiting its spawn waits for the starts of all children, one after the other in their order. They are stopped in reverse,
/// each with its [`ShutdownPolicy`](crate::ShutdownPolicy), whenever the supervisor stops; if it is killed, they are killed.
/// What a child's failure leads to, [`Strategy`], [`RestartType`](crate::RestartType), [`Backoff`](crate::Backoff) and the
/// intensity say, with the meaning that they have in OTP.
///
/// It never waits for a child while others need it: not for a start, a stop, nor a back-off.
///
/// # Examples
///
/// ```
/// use corecast::{Actor, ActorContext, ActorSystem, ChildSpec, Handler, Message, Strategy, Supervisor};
///
/// #[derive(Default)]
/// struct Counter(u64);
/// impl Actor for Counter {}
///
/// struct Add(u64);
/// impl Message for Add {
///     type Result = u64;
/// }
///
/// impl Handler<Add> for Counter {
///     async fn handle(&mut self, Add(more): Add, _: &mut ActorContext<Self>) -> u64 {
///         assert!(more < 10, "too much at once");
///         self.0 += more;
///         self.0
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = ActorSystem::new()?;
/// system.block_on(async {
///     let supervisor = Supervisor::builder(Strategy::OneForOne)
///         .child(ChildSpec::new("counter", Counter::default))
///         .build()?;
///     let supervisor = system.spawn(supervisor).await?;
///     let counter = supervisor.child::<Counter>("counter").await?;
///     assert_eq!(counter.send(Add(7)).await?, 7);
///     assert!(counter.send(Add(99)).await.is_err()); // it panics, and is restarted
///     assert_eq!(counter.send(Add(1)).await?, 1); // the same reference, and a new state
///     Ok(())
/// })
/// # }
/// ```
pub struct Supervisor {
    office: Office<Self>,
}

impl Supervisor {
    /// Begins to describe a supervisor, which has no children yet and allows for one restart in five seconds.
    ///
    /// # Examples
    ///
    /// See [`Supervisor`].
    pub fn builder(strategy: Strategy) -> SupervisorBuilder {
        let rules = SupervisorRules { strategy, ..SupervisorRules::default() };
        SupervisorBuilder { rules, children: Arc::default() }
    }
}

/// A supervisor about to be made.
///
/// Of its clones any number of supervisors can be made, for little: they share what is said of the children.
#[derive(Clone)]
#[must_use = "nothing is supervised before this is built, and spawned"]
pub struct SupervisorBuilder {
    rules: SupervisorRules,
    children: Arc<Blueprint<Supervisor>>,
}

impl SupervisorBuilder {
    /// How many restarts there may be within any time of this length. One more, and the supervisor stops all children and ends
    /// itself, with [`StopReason::GaveUp`]. One restart in five seconds by default, as in OTP: too few for children that back
    /// off for seconds. See [`Intensity`](crate::Intensity) for what counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use corecast::{Strategy, Supervisor};
    ///
    /// let patient = Supervisor::builder(Strategy::OneForOne).intensity(10, Duration::from_secs(60)).build();
    /// # assert!(patient.is_ok());
    /// ```
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.rules.intensity = Intensity::new(restarts, period);
        self
    }

    /// Whether it ends by itself when significant children have ended. By default it doesn't.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, AutoShutdown, ChildSpec, RestartType, Strategy, Supervisor};
    ///
    /// struct Job;
    /// impl Actor for Job {}
    ///
    /// let job = ChildSpec::new("job", || Job).restart(RestartType::Transient).significant();
    /// let builder = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::AllSignificant);
    /// let until_done = builder.child(job).build();
    /// # assert!(until_done.is_ok());
    /// ```
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.rules.auto_shutdown = auto_shutdown;
        self
    }

    /// Adds a child behind those that were added before. What can't be about it, [`build`](Self::build) says.
    ///
    /// # Examples
    ///
    /// See [`Supervisor`].
    pub fn child<A: Actor>(mut self, spec: ChildSpec<A>) -> Self {
        Arc::make_mut(&mut self.children).add(spec.rules, Box::new(spec.plan));
        self
    }

    /// Makes the supervisor, which is to be spawned.
    ///
    /// # Errors
    ///
    /// For settings that can't be: the first of them in the order in which they were made, those of the supervisor before those
    /// of its children.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ChildSpec, SpecError, Strategy, Supervisor};
    ///
    /// struct Worker;
    /// impl Actor for Worker {}
    ///
    /// let twice = Supervisor::builder(Strategy::OneForAll)
    ///     .child(ChildSpec::new("worker", || Worker))
    ///     .child(ChildSpec::new("worker", || Worker))
    ///     .build();
    /// assert!(matches!(twice, Err(SpecError::DuplicateId { id }) if id == "worker"));
    /// ```
    pub fn build(self) -> Result<Supervisor, SpecError> {
        Office::new(self.rules, &self.children).map(|office| Supervisor { office })
    }
}

/// A supervisor of either kind: [`Supervisor`] or [`DynamicSupervisor`](crate::DynamicSupervisor). No other type can be one.
pub trait AnySupervisor: Actor + sealed::Sealed {}

impl AnySupervisor for Supervisor {}

pub(super) mod sealed {
    /// What only the supervisors of this crate are.
    pub trait Sealed {}

    impl Sealed for super::Supervisor {}
}

impl<S: AnySupervisor> ChildSpec<S> {
    /// A child that is a supervisor itself. It may take as long to stop as it likes, since its own children would be orphaned
    /// otherwise.
    ///
    /// A start costs least where the supervisor is described once, and built of clones of that.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ChildSpec, DynamicSupervisor, Strategy, Supervisor};
    ///
    /// struct Worker;
    /// impl Actor for Worker {}
    ///
    /// let workers = Supervisor::builder(Strategy::OneForOne).child(ChildSpec::new("first", || Worker));
    /// let workers = ChildSpec::supervisor("workers", move || workers.clone().build());
    /// let sessions = ChildSpec::supervisor("sessions", || DynamicSupervisor::builder(|_: u64| Worker).build());
    /// let root = Supervisor::builder(Strategy::RestForOne).child(workers).child(sessions).build();
    /// # assert!(root.is_ok());
    /// ```
    pub fn supervisor(
        id: impl Into<String>,
        factory: impl Fn() -> Result<S, SpecError> + Send + Sync + 'static,
    ) -> Self {
        let mut spec = Self::fallible(id, factory);
        spec.rules = ChildRules::new(std::mem::take(&mut spec.rules.id), ChildKind::Supervisor);
        spec
    }
}

impl Actor for Supervisor {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.office.open(ctx).await
    }

    async fn post_stop(&mut self, reason: &StopReason, ctx: &mut ActorContext<Self>) {
        self.office.close(ctx, reason).await;
    }
}

impl Handler<Look> for Supervisor {
    async fn handle(&mut self, _: Look, ctx: &mut ActorContext<Self>) {
        self.office.look(ctx);
    }
}

impl Handler<Ring> for Supervisor {
    async fn handle(&mut self, _: Ring, ctx: &mut ActorContext<Self>) {
        self.office.ring_by_timer(ctx);
    }
}

// --- what it is asked ----------------------------------------------------------------------------------------------------

/// What is to be done with a child.
struct Order {
    what: What,
    answer: Answer,
}

enum What {
    Start(ChildRules, Box<dyn Cradle<Supervisor>>),
    Terminate(String),
    Restart(String),
    Delete(String),
}

impl Message for Order {
    type Result = ();
}

impl Handler<Order> for Supervisor {
    async fn handle(&mut self, Order { what, answer }: Order, ctx: &mut ActorContext<Self>) {
        let (id, event): (_, fn(Key, Request) -> Event) = match what {
            What::Start(..) if self.office.is_leaving() => return,
            What::Start(rules, cradle) => match self.office.add(Arc::new(rules), cradle) {
                Ok(key) => {
                    return self.office.ask(ctx, key, answer, |child, request| Event::StartChild { child, request });
                }
                Err(error) => return answer.give(Err(error.into())),
            },
            What::Terminate(id) => (id, |child, request| Event::TerminateChild { child, request }),
            What::Restart(id) => (id, |child, request| Event::RestartChild { child, request }),
            What::Delete(id) => (id, |child, request| Event::DeleteChild { child, request }),
        };
        match self.office.policy().find(&id) {
            Some(key) => self.office.ask(ctx, key, answer, event),
            None => answer.give(Err(ChildError::NotFound { id })),
        }
    }
}

/// Who a child is.
struct Find(String);

impl Message for Find {
    type Result = Option<Strong>;
}

impl Handler<Find> for Supervisor {
    async fn handle(&mut self, Find(id): Find, _: &mut ActorContext<Self>) -> Option<Strong> {
        let key = self.office.policy().find(&id)?;
        self.office.child(key)?.1.cloned()
    }
}

/// Where all children are.
struct List;

impl Message for List {
    type Result = Vec<ChildInfo>;
}

impl Handler<List> for Supervisor {
    async fn handle(&mut self, _: List, _: &mut ActorContext<Self>) -> Vec<ChildInfo> {
        let office = &self.office;
        let info = |(key, state)| {
            let (rules, actor) = office.child(key)?;
            Some(ChildInfo::new(rules, actor.map(Strong::info), state_of(state)))
        };
        office.policy().which_children().filter_map(info).collect()
    }
}

pub(super) fn state_of(state: State) -> ChildState {
    match state {
        State::Idle => ChildState::Stopped,
        State::Waiting => ChildState::Waiting,
        State::Starting => ChildState::Starting,
        State::Up => ChildState::Running,
        State::Recalled | State::Leaving(_) => ChildState::Stopping,
    }
}

/// How many children there are.
struct Count;

impl Message for Count {
    type Result = ChildCount;
}

impl Handler<Count> for Supervisor {
    async fn handle(&mut self, _: Count, _: &mut ActorContext<Self>) -> ChildCount {
        self.office.count()
    }
}

/// What a supervisor may be asked for.
///
/// Each asks when it is first polled, by a message, and waits for the answer, on any executor; no thread is blocked. While the
/// supervisor is starting it answers nobody. A question to one that has ended, or ends before it comes to it, is answered by
/// [`ChildError::ShuttingDown`].
impl ActorRef<Supervisor> {
    /// The child of this id, up or down. Its reference stays good through its restarts, until it has ended for good.
    ///
    /// # Errors
    ///
    /// If there is none, if it has ended for good, and if it is an actor of another type.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Examples
    ///
    /// See [`Supervisor`].
    pub async fn child<A: Actor>(&self, id: &str) -> Result<ActorRef<A>, ChildError> {
        let found = self.send(Find(id.to_owned())).await.map_err(|_| ChildError::ShuttingDown)?;
        typed(id, found)
    }

    /// Adds a child behind all others, and starts it.
    ///
    /// # Errors
    ///
    /// For settings that can't be, an id that there is, and a start that fails: then the child is forgotten.
    ///
    /// # Cancel safety
    ///
    /// Before it is polled it asks for nothing. Once it has been, the child is started whether or not it is polled again.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/supervised.txt")]
    /// let second = supervisor.start_child(ChildSpec::new("second", || Worker)).await?;
    /// assert!(second.is_alive());
    /// assert_eq!(supervisor.count_children().await?.active, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start_child<A: Actor>(&self, spec: ChildSpec<A>) -> Result<ActorRef<A>, ChildError> {
        let id = spec.rules.id.clone();
        let started = self.order(What::Start(spec.rules, Box::new(spec.plan))).await?;
        typed(&id, started)
    }

    /// Stops a child, and waits for its end, which takes as long as its [`ShutdownPolicy`](crate::ShutdownPolicy) allows; so a
    /// child doesn't await this of itself. Its place is kept, for [`restart_child`](Self::restart_child) and for restarts of
    /// its group, unless it is temporary.
    ///
    /// # Errors
    ///
    /// If there is no such child.
    ///
    /// # Cancel safety
    ///
    /// Before it is polled it asks for nothing. Once it has been, the child is stopped whether or not it is polled again.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/supervised.txt")]
    /// supervisor.terminate_child("first").await?;
    /// let again = supervisor.restart_child::<Worker>("first").await?;
    /// assert!(again.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn terminate_child(&self, id: &str) -> Result<(), ChildError> {
        self.order(What::Terminate(id.to_owned())).await.map(drop)
    }

    /// Starts a child that isn't running. It is a new actor, with a new reference.
    ///
    /// # Errors
    ///
    /// If there is no such child, if it is running or about to be, and if its start fails.
    ///
    /// # Cancel safety
    ///
    /// Before it is polled it asks for nothing. Once it has been, the child is started whether or not it is polled again.
    ///
    /// # Examples
    ///
    /// See [`terminate_child`](Self::terminate_child).
    pub async fn restart_child<A: Actor>(&self, id: &str) -> Result<ActorRef<A>, ChildError> {
        let started = self.order(What::Restart(id.to_owned())).await?;
        typed(id, started)
    }

    /// Forgets a child that isn't running.
    ///
    /// # Errors
    ///
    /// If there is no such child, and if it is running or about to be.
    ///
    /// # Cancel safety
    ///
    /// Before it is polled it asks for nothing. Once it has been, the child is forgotten whether or not it is polled again.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/supervised.txt")]
    /// assert!(matches!(supervisor.delete_child("first").await, Err(ChildError::Running { .. })));
    /// supervisor.terminate_child("first").await?;
    /// supervisor.delete_child("first").await?;
    /// assert!(supervisor.which_children().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_child(&self, id: &str) -> Result<(), ChildError> {
        self.order(What::Delete(id.to_owned())).await.map(drop)
    }

    /// All children in their order.
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
    /// See [`delete_child`](Self::delete_child).
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, ChildError> {
        self.send(List).await.map_err(|_| ChildError::ShuttingDown)
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
    /// See [`start_child`](Self::start_child).
    pub async fn count_children(&self) -> Result<ChildCount, ChildError> {
        self.send(Count).await.map_err(|_| ChildError::ShuttingDown)
    }

    async fn order(&self, what: What) -> Result<Option<Strong>, ChildError> {
        let (answer, answered): (Answer, Answered) = Answer::new();
        // As long as it takes: whoever asks has limits of their own. A letter that is left over may be kept by an observer, and the
        // answer with it.
        let order = self.send(Order { what, answer }).timeout(Duration::MAX);
        match order.await {
            Ok(()) => answered.await,
            Err(_) => Err(ChildError::ShuttingDown),
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").field("policy", self.office.policy()).finish()
    }
}

impl fmt::Debug for SupervisorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorBuilder").field("rules", &self.rules).field("children", &self.children).finish()
    }
}
