//! Waiting for a certain time: futures that sleep or give up, and messages that an actor sends to itself.
//!
//! | what | armed | taken back |
//! |---|---|---|
//! | [`Sleep`], [`SendTimeout`], [`ReplyTimeout`] | by the first poll that has to wait | when it is dropped |
//! | `tell_after`, `tell_every` | at the call, or when the last tick was taken | by [`Timer::cancel`] |
//!
//! A future is armed in the wheel of the worker that polls it. In `block_on` and the `blocking_*` verbs the thread that
//! waits keeps the time itself; on executors of others the workers of the actor's system do.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::letter::Told;
use super::{Body, Handler, Message};
use crate::scheduler::timer::{Action, Errand, Key};
use crate::scheduler::{Scheduler, worker};
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::sync::parker::{Alarm, Standing};
use crate::sync::time::Moment;
use crate::task::coop;
use crate::task::lane::{Bound, Source};
use crate::task::letter::Host;
use crate::task::typed::WeakTask;

/// Who keeps the time of a host's actors.
pub(super) fn timekeeper(host: &dyn Host) -> Option<Arc<Scheduler>> {
    host.timekeeper()?.downcast().ok()
}

/// Something that will have waited long enough.
#[derive(Debug)]
pub(crate) enum Wait {
    /// Nobody has polled it yet. A worker that made it says who keeps the time.
    Fresh(Duration, Option<Arc<Scheduler>>),
    /// The same, and the time runs already.
    Begun(Arc<Scheduler>, Moment),
    /// It wakes whoever polled it last.
    Armed(Armed),
    /// The time has come.
    Over,
    /// It never comes.
    Never,
}

/// Who will wake it.
#[derive(Debug)]
pub(crate) enum Armed {
    /// A worker.
    Workers(Arc<Scheduler>, Key),
    /// The thread that drives the future. Elsewhere, who keeps the time, if that is known.
    Thread(Alarm, Option<Arc<Scheduler>>),
}

impl Wait {
    /// Waits so long, from the first poll on.
    pub(super) fn new(after: Duration) -> Self {
        if after == Duration::MAX { Self::Never } else { Self::Fresh(after, worker::scheduler()) }
    }

    /// Waits so long, from now on.
    fn from_now(scheduler: Arc<Scheduler>, after: Duration) -> Self {
        let due = scheduler.due(after);
        if due == Moment::NEVER { Self::Never } else { Self::Begun(scheduler, due) }
    }

    /// Whether it is over; otherwise the context's waker is woken when it is. `home` tells who keeps the time on threads
    /// that don't know themselves.
    pub(super) fn poll(&mut self, context: &Context<'_>, home: impl FnOnce() -> Option<Arc<Scheduler>>) -> Poll<()> {
        match self {
            Self::Never => return Poll::Pending,
            Self::Over => return Poll::Ready(()),
            Self::Fresh(after, _) if after.is_zero() => *self = Self::Over,
            Self::Fresh(after, known) => {
                let (after, known) = (*after, known.take());
                *self = if worker::is_any() {
                    let scheduler = known.or_else(worker::scheduler).or_else(home);
                    scheduler.map_or(Self::Over, |scheduler| Self::arm(scheduler, None, after, context))
                } else {
                    Self::arm_outside(after, context, known, home)
                };
            }
            Self::Begun(scheduler, due) => {
                let (scheduler, due) = (Arc::clone(scheduler), *due);
                let left = due.until(scheduler.clock().now());
                *self = if left.is_zero() {
                    Self::Over
                } else if worker::is_any() {
                    Self::arm(scheduler, Some(due), left, context)
                } else {
                    Self::arm_outside(left, context, Some(scheduler), home)
                };
            }
            Self::Armed(Armed::Workers(scheduler, key)) => {
                if scheduler.renew(*key, context.waker()) {
                    return Poll::Pending;
                }
                // It has fired: its time has come, or its system has ended.
                *self = Self::Over;
            }
            Self::Armed(Armed::Thread(alarm, known)) => match alarm.standing(context.waker()) {
                Standing::Set => return Poll::Pending,
                Standing::Over => *self = Self::Over,
                Standing::Foreign(left) => {
                    *self = Self::Fresh(left, known.take());
                    return self.poll(context, home);
                }
            },
        }
        if matches!(self, Self::Over) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// In the wheel of this worker, or in that for threads outside.
    fn arm(scheduler: Arc<Scheduler>, due: Option<Moment>, after: Duration, context: &Context<'_>) -> Self {
        let wake = Action::Wake(context.waker().clone());
        let armed = match due {
            Some(due) => scheduler.arm(due, wake),
            None => scheduler.arm_after(after, wake),
        };
        match armed {
            Ok(Some(key)) => Self::Armed(Armed::Workers(scheduler, key)),
            Ok(None) => Self::Never,
            // The system is gone: nobody is left to wait for.
            Err(_) => Self::Over,
        }
    }

    #[cold]
    fn arm_outside(
        after: Duration,
        context: &Context<'_>,
        known: Option<Arc<Scheduler>>,
        home: impl FnOnce() -> Option<Arc<Scheduler>>,
    ) -> Self {
        if let Some(alarm) = Alarm::set(after, context.waker()) {
            return Self::Armed(Armed::Thread(alarm, known));
        }
        match known.or_else(home) {
            Some(scheduler) => Self::arm(scheduler, None, after, context),
            None => Self::Over,
        }
    }

    fn take_back(&mut self) {
        if let Self::Armed(Armed::Workers(scheduler, key)) = self {
            // The waker is dropped here, without a lock.
            drop(scheduler.disarm(*key));
        }
    }
}

impl Drop for Wait {
    #[inline]
    fn drop(&mut self) {
        self.take_back();
    }
}

/// The future of [`ActorContext::sleep`](crate::ActorContext::sleep) and [`ActorSystem::sleep`](crate::ActorSystem::sleep):
/// resolves when the time has come, no earlier.
///
/// The time runs from the call on, polled or not. If the system ends before, it resolves then.
///
/// # Cancel safety
///
/// Dropping it takes it back; nothing is lost.
#[must_use = "nothing waits unless this is awaited"]
#[derive(Debug)]
pub struct Sleep(Wait);

impl Sleep {
    pub(crate) fn new(scheduler: Arc<Scheduler>, after: Duration) -> Self {
        Self(Wait::from_now(scheduler, after))
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        ready!(coop::proceed(context));
        self.0.poll(context, || None)
    }
}

/// What becomes of ticks of [`tell_every`](crate::ActorContext::tell_every) that fall due while an earlier one still waits
/// for its actor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissedTicks {
    /// They are left out: the next one comes at the next multiple of the interval.
    #[default]
    Skip,
    /// They come one after the other, as fast as the actor handles them, until all are made up for.
    Burst,
    /// All later ones are put off: the next one comes a full interval after the last was taken.
    Delay,
}

/// The interval of [`tell_every`](crate::ActorContext::tell_every) was zero.
///
/// ```
#[doc = include_str!("../doc/clerk.txt")]
/// # impl Clone for Work { fn clone(&self) -> Self { Work } }
/// impl Handler<Work> for Clerk {
///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
///         let error = ctx.tell_every(std::time::Duration::ZERO, Work).expect_err("no interval");
///         assert_eq!(error.to_string(), "the interval of a timer is zero");
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZeroInterval;

impl fmt::Display for ZeroInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the interval of a timer is zero")
    }
}

impl std::error::Error for ZeroInterval {}

/// A timer of [`tell_after`](crate::ActorContext::tell_after) or [`tell_every`](crate::ActorContext::tell_every).
///
/// Dropping it changes nothing: the timer goes on. Clones are the same timer.
#[derive(Clone)]
pub struct Timer {
    scheduler: Arc<Scheduler>,
    ticket: Arc<Ticket>,
}

impl Timer {
    /// Cancels it: no message of it falls due any more. One that has fallen due already is handled. Returns whether there
    /// was anything to cancel: false if it has fired for the last time, was cancelled before, or its actor has ended.
    ///
    /// Blocking for the length of a few pointer moves; any thread may call it.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/clerk.txt")]
    /// impl Handler<Work> for Clerk {
    ///     async fn handle(&mut self, _: Work, ctx: &mut ActorContext<Self>) {
    ///         let timer = ctx.tell_after(std::time::Duration::from_secs(3_600), Work);
    ///         assert!(timer.cancel());
    ///         assert!(!timer.cancel(), "it is cancelled already");
    ///     }
    /// }
    /// ```
    pub fn cancel(&self) -> bool {
        let mut stage = self.ticket.0.lock();
        let before = std::mem::replace(&mut *stage, Stage::Done);
        drop(stage);
        match before {
            Stage::Armed(key) => {
                // What was armed is dropped here, without a lock: the message is the user's. If somebody has taken it out
                // of the wheel to fire it, it isn't fired any more.
                drop(self.scheduler.disarm(key));
                true
            }
            Stage::Waiting => true,
            Stage::Done => false,
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}

/// Where a timer is in its life: what its handle and its errand share.
#[derive(Debug)]
struct Ticket(Mutex<Stage>);

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// In a wheel.
    Armed(Key),
    /// Its tick waits in the lane, and will be followed by another.
    Waiting,
    /// It will not fire any more.
    Done,
}

/// The errand's share of a ticket: when the errand is no more, its timer is done.
struct Share(Arc<Ticket>);

impl Drop for Share {
    fn drop(&mut self) {
        *self.0.0.lock() = Stage::Done;
    }
}

/// A message that comes when its time has come, once or again and again.
struct Tick<A: Handler<M>, M: Message> {
    scheduler: Arc<Scheduler>,
    task: WeakTask<Body<A>>,
    ticket: Share,
    message: M,
    again: Option<Again<M>>,
}

/// How it comes again.
struct Again<M> {
    interval: Duration,
    missed: MissedTicks,
    due: Moment,
    /// `M: Clone`, for those who don't know.
    clone: fn(&M) -> M,
}

impl<M> Again<M> {
    /// Moves on to the next tick, after one that was taken at `now`.
    fn advance(&mut self, now: Moment) {
        self.due = match self.missed {
            MissedTicks::Burst => self.due.after(self.interval),
            MissedTicks::Delay => now.after(self.interval),
            MissedTicks::Skip => {
                let interval = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
                let missed = now.nanos_since(self.due) / interval;
                self.due.after(Duration::from_nanos(interval.saturating_mul(missed.saturating_add(1))))
            }
        };
    }
}

impl<A: Handler<M>, M: Message> Tick<A, M> {
    /// Arms it for `due`.
    fn arm(self: Box<Self>, due: Moment) {
        let (scheduler, ticket) = (Arc::clone(&self.scheduler), Arc::clone(&self.ticket.0));
        if due == Moment::NEVER {
            return;
        }
        let mut stage = ticket.0.lock();
        if matches!(*stage, Stage::Done) {
            // The errand is dropped without the lock.
            return drop(stage);
        }
        // Under the ticket's lock: who cancels finds the key. No wheel's lock is held when a ticket is locked.
        let refused = match scheduler.arm(due, Action::Run(self)) {
            Ok(Some(key)) => {
                *stage = Stage::Armed(key);
                return;
            }
            Ok(None) => None,
            Err(refused) => Some(refused),
        };
        drop(stage);
        drop(refused);
    }
}

impl<A: Handler<M>, M: Message> Errand for Tick<A, M> {
    fn run(self: Box<Self>) {
        let mut stage = self.ticket.0.0.lock();
        if matches!(*stage, Stage::Done) {
            return drop(stage);
        }
        *stage = if self.again.is_some() { Stage::Waiting } else { Stage::Done };
        drop(stage);
        let task = self.task.clone();
        // An actor that takes no more messages has no timers any more.
        drop(task.ring(self));
    }
}

impl<A: Handler<M>, M: Message> Source for Tick<A, M> {
    type Body = Body<A>;

    fn take(mut self: Box<Self>) -> Bound<Body<A>> {
        let now = self.scheduler.clock().now();
        let Some(again) = &mut self.again else { return self.leave() };
        let message = (again.clone)(&self.message);
        again.advance(now);
        let due = again.due;
        self.arm(due);
        Bound::new(Told(message))
    }

    fn leave(self: Box<Self>) -> Bound<Body<A>> {
        Bound::new(Told(self.message))
    }
}

/// A message of an actor to itself: after `after`, once.
pub(super) fn tell_after<A: Handler<M>, M: Message>(
    scheduler: Arc<Scheduler>,
    task: WeakTask<Body<A>>,
    after: Duration,
    message: M,
) -> Timer {
    let due = scheduler.due(after);
    start(scheduler, task, due, message, None)
}

/// A message of an actor to itself: every `interval`.
pub(super) fn tell_every<A: Handler<M>, M: Message + Clone>(
    scheduler: Arc<Scheduler>,
    task: WeakTask<Body<A>>,
    interval: Duration,
    message: M,
    missed: MissedTicks,
) -> Result<Timer, ZeroInterval> {
    if interval.is_zero() {
        return Err(ZeroInterval);
    }
    let due = scheduler.due(interval);
    Ok(start(scheduler, task, due, message, Some(Again { interval, missed, due, clone: M::clone })))
}

fn start<A: Handler<M>, M: Message>(
    scheduler: Arc<Scheduler>,
    task: WeakTask<Body<A>>,
    due: Moment,
    message: M,
    again: Option<Again<M>>,
) -> Timer {
    task.open_lane();
    let ticket = Arc::new(Ticket(Mutex::new(Stage::Waiting)));
    let timer = Timer { scheduler: Arc::clone(&scheduler), ticket: Arc::clone(&ticket) };
    let ticket = Share(ticket);
    Box::new(Tick { scheduler, task, ticket, message, again }).arm(due);
    timer
}
