//! Actors, messages and handlers: the traits that users implement, and the body that joins them to a task.
//!
//! | file | noun |
//! |---|---|
//! | [`letter`] | a message on its way: told, or asked with a reply |
//! | [`delivery`] | an event of which more is to be said than the event itself |
//! | [`call`] | the futures of the verbs |
//! | [`reference`] | `ActorRef` and `WeakActorRef` |
//! | [`recipient`] | `Recipient`: whoever takes one type of message |
//! | [`context`] | what a handler knows of its own actor |
//! | [`timer`] | waiting for a certain time |
//! | [`watch`] | hearing of the ends of others |
//! | [`mailbox`] | how many messages may wait |
#![forbid(unsafe_code)]

pub(crate) mod call;
pub(crate) mod context;
pub(crate) mod delivery;
pub(crate) mod letter;
pub(crate) mod mailbox;
pub(crate) mod recipient;
pub(crate) mod reference;
pub(crate) mod timer;
pub(crate) mod watch;

use std::fmt;

use crate::task::identity::ActorInfo;
use crate::task::letter::{Body as TaskBody, Receive};
use crate::task::reason::{ActorError, Directive, StopReason};
use crate::task::typed::OwnTask;
use context::ActorContext;

/// A message, and what comes back for it.
///
/// ```
/// struct Add(u64);
///
/// impl corecast::Message for Add {
///     type Result = u64;
/// }
/// ```
pub trait Message: Send + 'static {
    /// What a handler returns, and [`send`](crate::ActorRef::send) resolves with. `()` if there is nothing to say.
    type Result: Send + 'static;
}

/// Private state with a life of its own, which handles one message at a time.
///
/// `impl Actor for Counter {}` is enough: the hooks have empty bodies. They are implemented with plain
/// `async fn`s.
///
/// ```
/// use corecast::{Actor, ActorContext, ActorError, StopReason};
///
/// struct Log(Vec<String>);
///
/// impl Actor for Log {
///     async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
///         self.0.push(format!("{} is here", ctx.id()));
///         Ok(())
///     }
///
///     async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
///         self.0.push(format!("gone: {reason}"));
///     }
/// }
/// ```
pub trait Actor: Sized + Send + 'static {
    /// Runs before the first message. An error ends the actor with [`StopReason::StartFailed`], and whoever awaits
    /// the spawn gets it.
    ///
    /// # Panics
    ///
    /// A panic ends the actor with [`StopReason::Panicked`].
    fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> impl Future<Output = Result<(), ActorError>> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Runs when an actor has ended that this one [watches](ActorContext::watch), or is [linked](ActorContext::link) to if it
    /// [traps](ActorContext::trap_links): once for each, with the reason. The name of who ended is free by then.
    ///
    /// It runs before the next message, whatever waits in the mailbox, full or not. It keeps nobody alive: an actor that ends
    /// before it comes to this never hears.
    ///
    /// # Panics
    ///
    /// A panic stops this actor, with [`Place::OnTerminated`](crate::Place::OnTerminated) in its reason.
    ///
    /// # Cancel safety
    ///
    /// As for a handler: [`kill`](crate::ActorRef::kill), and the end of one that is linked, drop it at its await point.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::{Sender, channel};
    /// use corecast::{Actor, ActorContext, ActorError, ActorInfo, ActorRef, ActorSystem, StopReason};
    ///
    /// struct Worker;
    /// impl Actor for Worker {}
    ///
    /// /// Hires a worker, and another one when that fails.
    /// struct Foreman(Sender<ActorRef<Worker>>);
    ///
    /// impl Foreman {
    ///     fn hire(&self, ctx: &ActorContext<Self>) {
    ///         let worker = ctx.system().spawn(Worker).name("worker").start().expect("the name is free");
    ///         ctx.watch(&worker);
    ///         self.0.send(worker).ok();
    ///     }
    /// }
    ///
    /// impl Actor for Foreman {
    ///     async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
    ///         self.hire(ctx);
    ///         Ok(())
    ///     }
    ///
    ///     async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, ctx: &mut ActorContext<Self>) {
    ///         if !reason.is_orderly() {
    ///             println!("{who}: {reason}");
    ///             self.hire(ctx);
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = ActorSystem::new()?;
    /// let (hired, workers) = channel();
    /// let foreman = system.spawn(Foreman(hired)).start()?;
    /// workers.recv()?.kill();
    /// assert!(workers.recv()?.is_alive(), "another one");
    /// # drop(foreman);
    /// # Ok(())
    /// # }
    /// ```
    fn on_terminated(
        &mut self,
        who: ActorInfo,
        reason: StopReason,
        ctx: &mut ActorContext<Self>,
    ) -> impl Future<Output = ()> + Send {
        let _ = (who, reason, ctx);
        async {}
    }

    /// Says whether this actor is well. Asked where checks are wanted: by
    /// [`ChildSpec::health_check`](crate::ChildSpec::health_check), or by
    /// [`SpawnBuilder::health_check`](crate::SpawnBuilder::health_check), which say how often, and how long it may take.
    ///
    /// Without it, the answer is yes. Then a check says whether the actor comes to it in time.
    ///
    /// The first check is due an interval after `pre_start` has returned, each other one an interval after the one before has. It
    /// runs before the next message, as [`on_terminated`](Self::on_terminated) does, whatever waits in the mailbox, full or not. It
    /// keeps nobody alive, and is asked for until the actor has handled what it had accepted by its stop. Each run of a supervised
    /// actor has checks of its own.
    ///
    /// | the check | then the actor |
    /// |---|---|
    /// | returns `Ok` | goes on |
    /// | returns an error | has failed, as by [`fail`](ActorContext::fail): its [`on_error`](Self::on_error) is asked |
    /// | panics | ends its run, with [`Place::HealthCheck`](crate::Place::HealthCheck) in its reason |
    /// | isn't over when its budget is, from the moment that it was due | ends its run as by a [`kill`](crate::ActorRef::kill), with [`HealthCheckOverdue`](crate::HealthCheckOverdue) in its reason |
    ///
    /// A supervisor judges each as any other failure; without one the actor ends.
    ///
    /// The budget is for an actor that hangs, too: a check that is due waits for the handler that runs. One that awaits longer than
    /// the budget is dropped at its await point, and whoever asked hears of that as of a kill. One that computes, or blocks its
    /// thread, can't be dropped: its run is over when it returns or awaits, and only
    /// [`slow_handlers`](crate::ActorSystemBuilder::slow_handlers) tell of it until then. So choose a budget that is longer than the
    /// handlers are. Nor does an actor come to its check while other actors keep all the workers that it may run on; a check isn't
    /// found due as long as they keep all workers.
    ///
    /// # Panics
    ///
    /// A panic ends this run of the actor, with [`Place::HealthCheck`](crate::Place::HealthCheck) in its reason.
    ///
    /// # Cancel safety
    ///
    /// As for a handler; and the end of its budget drops it at its await point.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use corecast::{Actor, ActorContext, ActorError, ActorSystem, StopReason};
    ///
    /// /// Has so many papers left, and nobody who brings more.
    /// struct Printer(u32);
    ///
    /// impl Actor for Printer {
    ///     async fn health_check(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
    ///         self.0 = self.0.checked_sub(1).ok_or(ActorError::new("out of paper"))?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = ActorSystem::new()?;
    /// let (every, budget) = (Duration::from_millis(1), Duration::from_secs(1));
    /// let printer = system.spawn(Printer(3)).health_check(every, budget).start()?;
    /// let reason = system.block_on(printer.stopped());
    /// assert_eq!(reason.to_string(), "it failed: out of paper");
    /// # Ok(())
    /// # }
    /// ```
    fn health_check(&mut self, ctx: &mut ActorContext<Self>) -> impl Future<Output = Result<(), ActorError>> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Says what becomes of this actor when it has [failed](ActorContext::fail) by its own account. Runs behind the handler that
    /// said so, before the next message.
    ///
    /// Without it, the answer is [`Directive::Restart`].
    ///
    /// # Panics
    ///
    /// A panic ends this run of the actor, with [`Place::OnError`](crate::Place::OnError) in its reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::{Actor, ActorContext, ActorError, Directive};
    ///
    /// struct Cautious;
    /// impl Actor for Cautious {
    ///     fn on_error(&mut self, error: &ActorError, _: &mut ActorContext<Self>) -> Directive {
    ///         if error.to_string() == "a bad line" { Directive::Resume } else { Directive::Restart }
    ///     }
    /// }
    /// ```
    fn on_error(&mut self, error: &ActorError, ctx: &mut ActorContext<Self>) -> Directive {
        let _ = (error, ctx);
        Directive::default()
    }

    /// Runs after the last message, also after a panic or a kill, but not if `pre_start` failed. The state of a supervised actor
    /// has it before it is made anew.
    ///
    /// If the actor was killed it has the time that the builder's `post_stop_deadline` gives it, and is dropped at
    /// its await point after that.
    ///
    /// # Panics
    ///
    /// A panic is reported, and becomes the reason unless there was a panic already.
    fn post_stop(&mut self, reason: &StopReason, ctx: &mut ActorContext<Self>) -> impl Future<Output = ()> + Send {
        let _ = (reason, ctx);
        async {}
    }
}

/// How an actor handles messages of type `M`. Implemented with a plain `async fn`.
///
/// A handler that finishes without waiting costs no allocation and no box. One that waits keeps its frame with
/// its actor, whose next message is handled when it is done; the worker goes on meanwhile.
///
/// # Panics
///
/// A panic in a handler stops this actor alone, with a reason that carries the text. With `panic = "abort"` it ends
/// the process, as every panic then does: corecast can't contain it.
///
/// # Cancel safety
///
/// [`kill`](crate::ActorRef::kill) drops a handler at its await point, and so does the end of one that the actor is
/// [linked](ActorContext::link) to, and the end of a [health check](Actor::health_check)'s time. Nothing else does.
///
/// ```
/// use corecast::{Actor, ActorContext, Handler, Message};
///
/// struct Counter(u64);
/// impl Actor for Counter {}
///
/// struct Add(u64);
/// impl Message for Add {
///     type Result = u64;
/// }
///
/// impl Handler<Add> for Counter {
///     async fn handle(&mut self, msg: Add, _ctx: &mut ActorContext<Self>) -> u64 {
///         self.0 += msg.0;
///         self.0
///     }
/// }
/// ```
pub trait Handler<M: Message>: Actor {
    /// Handles one message.
    fn handle(&mut self, msg: M, ctx: &mut ActorContext<Self>) -> impl Future<Output = M::Result> + Send;
}

/// What a task runs for an actor: the actor itself. Its context is made for each call.
pub(crate) struct Body<A> {
    actor: A,
}

impl<A: Actor> Body<A> {
    pub(crate) fn new(actor: A) -> Self {
        Self { actor }
    }
}

impl<A: Actor> TaskBody for Body<A> {
    type Context = ActorContext<A>;

    fn type_name() -> &'static str {
        std::any::type_name::<A>()
    }

    #[inline(always)]
    fn context(task: OwnTask<Self>) -> ActorContext<A> {
        ActorContext::new(task)
    }

    fn start(&mut self, context: &mut ActorContext<A>) -> impl Future<Output = Result<(), ActorError>> + Send {
        self.actor.pre_start(context)
    }

    fn judge(&mut self, context: &mut ActorContext<A>, error: &ActorError) -> Directive {
        self.actor.on_error(error, context)
    }

    fn terminated(
        &mut self,
        context: &mut ActorContext<A>,
        who: ActorInfo,
        reason: StopReason,
    ) -> impl Future<Output = ()> + Send {
        self.actor.on_terminated(who, reason, context)
    }

    fn check(&mut self, context: &mut ActorContext<A>) -> impl Future<Output = Result<(), ActorError>> + Send {
        self.actor.health_check(context)
    }

    async fn stop(&mut self, context: &mut ActorContext<A>, reason: StopReason) {
        self.actor.post_stop(&reason, context).await;
        reason.let_go();
    }
}

impl<A: Handler<M>, M: Message> Receive<M> for Body<A> {
    type Output = M::Result;

    #[inline(always)]
    fn receive(&mut self, context: &mut ActorContext<A>, message: M) -> impl Future<Output = M::Result> + Send {
        self.actor.handle(message, context)
    }
}

impl<A> fmt::Debug for Body<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
