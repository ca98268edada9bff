//! What a handler knows of its own actor.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::reference::{ActorRef, WeakActorRef};
use super::timer::{self, MissedTicks, Sleep, Timer, ZeroInterval};
use super::{Actor, Body, Handler, Message};
use crate::scheduler::worker;
use crate::task::handle::Weak;
use crate::task::header::Failing;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::letter::{Host, Letter, Receive};
use crate::task::reason::{ActorError, StopReason};
use crate::task::typed::OwnTask;

/// What a handler or a hook knows of its own actor, and may ask of it.
///
/// It is lent to one call at a time. [`system`](Self::system) and [`spawn_blocking`](Self::spawn_blocking) reach the
/// system that the actor lives in.
pub struct ActorContext<A: Actor> {
    task: OwnTask<Body<A>>,
}

impl<A: Actor> ActorContext<A> {
    pub(crate) fn new(task: OwnTask<Body<A>>) -> Self {
        Self { task }
    }

    /// See [`missed`](Self::missed); set for the length of a delivery that says so.
    pub(super) fn set_missed(&mut self, missed: u64) {
        self.task.weak().set_missed(missed);
    }

    /// Puts a letter aside for which the mailbox, which is closed, has no place. See
    /// [`Weak::put_aside`](crate::task::handle::Weak::put_aside).
    pub(super) fn put_aside<L: Letter>(&self, letter: L)
    where
        Body<A>: Receive<L::Message, Output = L::Output>,
    {
        self.task.put_aside(letter);
    }

    pub(super) fn weak(&self) -> &Weak {
        self.task.weak()
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &**self.task.weak().host()
    }

    /// A reference to this actor, for others to send to.
    ///
    /// As every `ActorRef` it keeps the actor alive: an actor that keeps one to itself is never unreachable.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let myself = ctx.actor_ref();
    ///         assert_eq!(myself.id(), ctx.id());
    ///         // Handled when this handler is done.
    ///         myself.try_tell(Work).ok();
    ///         # ctx.stop();
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<A> {
        ActorRef::new(self.task.revive())
    }

    /// A reference to this actor that doesn't keep it alive.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let weak = ctx.weak_ref();
    ///         assert_eq!(weak.upgrade(), Some(ctx.actor_ref()));
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn weak_ref(&self) -> WeakActorRef<A> {
        WeakActorRef::new(self.task.clone())
    }

    /// Asks this actor to stop, as [`ActorRef::stop`] does: it goes on with what it has accepted, and then ends.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         ctx.stop();
    ///         assert!(!ctx.actor_ref().is_alive());
    ///     }
    /// }
    /// ```
    pub fn stop(&self) {
        self.task.weak().stop();
    }

    /// Says that this actor has failed: when the present handler or hook is done, its
    /// [`on_error`](Actor::on_error) says what becomes of it, before the next message.
    ///
    /// The message that is being handled counts as handled, and whoever asked gets the handler's result. Said more than once by
    /// then, only the first is judged; said in [`post_stop`](Actor::post_stop), it isn't.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// use corecast::ActorError;
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         ctx.fail(ActorError::new("out of paper"));
    ///     }
    /// }
    /// ```
    pub fn fail(&self, error: impl Into<ActorError>) {
        self.weak().fail(Failing::Judge(error.into()));
    }

    /// Said in `pre_start`: from now on there may be others for whose ends `post_stop` waits. It has as long as they have, and runs
    /// as well if the actor is killed in `pre_start`.
    pub(crate) fn wait_for_others(&self) {
        self.weak().wait_for_others();
    }

    /// Ends this run of the actor for this reason, when the present handler or hook is done.
    pub(crate) fn end(&self, reason: StopReason) {
        self.weak().fail(Failing::End(reason));
    }

    /// How many messages wait: exact. The one that is being handled isn't in it.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         // The message that is being handled isn't in it.
    ///         assert_eq!(ctx.mailbox_size(), 0);
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn mailbox_size(&self) -> usize {
        self.task.weak().len()
    }

    /// Waits so long, while this actor's worker goes on. The next message is handled after that.
    ///
    /// The time runs from the call on. It never ends early, [`Duration::MAX`] never ends, and zero lets nobody else run.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// use std::time::{Duration, Instant};
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let start = Instant::now();
    ///         ctx.sleep(Duration::from_millis(5)).await;
    ///         assert!(start.elapsed() >= Duration::from_millis(5));
    ///     }
    /// }
    /// ```
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(timer::keeper_of(self.host()), duration)
    }

    /// How long the system has been running: a clock for handlers that are to run in a simulation, too, where its time is
    /// virtual.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// use std::time::Duration;
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let start = ctx.uptime();
    ///         ctx.sleep(Duration::from_millis(5)).await;
    ///         assert!(ctx.uptime() - start >= Duration::from_millis(5));
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn uptime(&self) -> Duration {
        timer::keeper_of(self.host()).uptime()
    }

    /// Sends this actor a message when so much time has passed.
    ///
    /// A message that has fallen due counts as accepted and passes ahead of the mailbox, full or not; a bounded number of
    /// them does so per activation, and they stay in order among themselves. A timer doesn't keep its actor alive; what
    /// falls due after the actor's stop is dropped. An actor that nobody reaches handles what had fallen due by then, no
    /// more. Zero is as soon as possible, [`Duration::MAX`] is never. The time of a message that is due in a second or more
    /// begins when a worker next looks at the clock: some messages later or, if none is free, when this handler returns.
    ///
    /// A supervised actor that begins anew hears no timers of the run that is over: they end with it, and what has fallen due and
    /// waits becomes a dead letter.
    ///
    /// Dropping the [`Timer`] doesn't cancel it. Allocates only where there have never been so many timers.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// use std::time::Duration;
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         // Once more, in a while.
    ///         ctx.tell_after(Duration::from_millis(5), Work);
    ///         # ctx.stop();
    ///     }
    /// }
    /// ```
    pub fn tell_after<M: Message>(&self, after: Duration, message: M) -> Timer
    where
        A: Handler<M>,
    {
        timer::tell_after(self.host(), &self.task, after, message)
    }

    /// As [`tell_after`](Self::tell_after), for what the runtime tells its own actors: left over, it is no dead letter.
    pub(crate) fn notify_after<M: Message>(&self, after: Duration, message: M) -> Timer
    where
        A: Handler<M>,
    {
        timer::notify_after(self.host(), &self.task, after, message)
    }

    /// Sends this actor a message every so often, for the first time after one interval. Missed ticks are left out.
    ///
    /// As for [`tell_after`](Self::tell_after). At most one tick waits for the actor; the message is cloned when it is taken,
    /// and only then the next tick is set. Dropping the [`Timer`] doesn't cancel it.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Panics
    ///
    /// A panic of the message's `clone` is one of the handler's: it stops this actor.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// use std::time::Duration;
    ///
    /// #[derive(Clone)]
    /// struct Tick;
    /// impl Message for Tick {
    ///     type Result = ();
    /// }
    ///
    /// impl Handler<Tick> for Clerk {
    ///     async fn handle(&mut self, _: Tick, ctx: &mut ActorContext<Self>) {
    ///         # ctx.stop();
    ///     }
    /// }
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let timer = ctx.tell_every(Duration::from_secs(1), Tick).expect("an interval");
    ///         timer.cancel();
    ///     }
    /// }
    /// ```
    pub fn tell_every<M: Message + Clone>(&self, interval: Duration, message: M) -> Result<Timer, ZeroInterval>
    where
        A: Handler<M>,
    {
        self.tell_every_with(interval, message, MissedTicks::Skip)
    }

    /// As [`tell_every`](Self::tell_every), and says what becomes of ticks that the actor misses.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// # impl Clone for Work { fn clone(&self) -> Self { Work } }
    /// use std::time::Duration;
    /// use corecast::MissedTicks;
    ///
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let timer = ctx.tell_every_with(Duration::from_secs(1), Work, MissedTicks::Delay).expect("an interval");
    ///         assert!(timer.cancel());
    ///     }
    /// }
    /// ```
    pub fn tell_every_with<M: Message + Clone>(
        &self,
        interval: Duration,
        message: M,
        missed: MissedTicks,
    ) -> Result<Timer, ZeroInterval>
    where
        A: Handler<M>,
    {
        timer::tell_every(self.host(), &self.task, interval, message, missed)
    }

    /// This actor's number.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.task.weak().id()
    }

    /// This actor's number, type and name.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         assert_eq!(ctx.info().name(), Some("clerk"));
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn info(&self) -> ActorInfo {
        self.task.weak().info()
    }

    /// The worker that is running this call. After an await it may be another one, unless the actor is placed.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         assert!(ctx.worker() < ctx.system().workers());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn worker(&self) -> usize {
        worker::with_any(worker::Worker::index).unwrap_or(0)
    }

    /// How many events were shed between the event that is being handled and the one before it: by its subscription,
    /// as its [`Overflow`](crate::Overflow) asks for. Zero for all other messages.
    ///
    /// # Examples
    ///
    /// ```
    /// # use corecast::{Actor, ActorContext, Handler, Message};
    /// # #[derive(Clone)]
    /// # struct Price(u64);
    /// # impl Message for Price { type Result = (); }
    /// struct Chart { gaps: u64 }
    /// impl Actor for Chart {}
    ///
    /// impl Handler<Price> for Chart {
    ///     async fn handle(&mut self, _: Price, ctx: &mut ActorContext<Self>) {
    ///         self.gaps += ctx.missed();
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.task.weak().missed()
    }

    /// Lets others run: resolves when this actor comes round in the queue again.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         for _ in 0..3 {
    ///             // A part of some long work; then others have their turn.
    ///             ctx.yield_now().await;
    ///         }
    ///     }
    /// }
    /// ```
    pub fn yield_now(&self) -> YieldNow {
        YieldNow(false)
    }
}

impl<A: Actor> fmt::Debug for ActorContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorContext({})", self.info())
    }
}

/// The future of [`ActorContext::yield_now`].
#[must_use = "nobody else runs unless this is awaited"]
#[derive(Debug)]
pub struct YieldNow(bool);

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
