//! Waiting for a certain time: futures that sleep or give up, and messages that an actor sends to itself.
//!
//! | what | armed | taken back |
//! |---|---|---|
//! | [`Sleep`], [`Limit`] | by the first poll that has to wait | when it is dropped |
//! | `tell_after`, `tell_every` | at the call, or when the last tick was taken | by [`Timer::cancel`], by the end of the actor's run |
//!
//! A future is armed with the worker that polls it. In `block_on` and the `blocking_*` verbs the thread that waits keeps the
//! time itself; on executors of others the workers of a system do.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::letter::{Hushed, Told};
use super::{Body, Handler, Message};
use crate::scheduler::armed::Armed;
use crate::scheduler::pending::{self, Pending};
use crate::scheduler::{Scheduler, worker};
use crate::sync::Arc;
use crate::sync::parker::{Alarm, Standing};
use crate::sync::time::{Clock, Moment};
use crate::task::coop;
use crate::task::lane::{Bound, Load, Mark, Source};
use crate::task::letter::Host;
use crate::task::typed::WeakTask;

/// Who keeps the time of a host's actors.
pub(super) fn timekeeper(host: &dyn Host) -> Option<Arc<Scheduler>> {
    host.timekeeper()?.downcast().ok()
}

/// The same, without counting.
pub(super) fn keeper_of(host: &dyn Host) -> &Scheduler {
    let scheduler = host.scheduler().and_then(<dyn Any + Send + Sync>::downcast_ref);
    scheduler.unwrap_or_else(|| unreachable!("a system keeps its actors' time"))
}

/// How long to wait for something.
///
/// The time runs from the first poll on. Who keeps it is decided there: the worker that polls, the thread that is in
/// `block_on`, or else a worker of the actor's system. Where that is unknown, or has closed, any system that lives will do:
/// a limit is over when its time is, and if there is nobody left to tell.
#[derive(Debug)]
pub(super) struct Limit {
    after: Duration,
    wait: Wait,
}

#[derive(Debug)]
enum Wait {
    /// Nobody has polled it yet.
    Fresh,
    /// A worker wakes whoever polled it last. The clock began with it; where it has none, nobody has looked at one.
    Workers(Pending, Option<Clock>),
    /// The thread that drives the future does.
    Thread(Alarm, Clock),
    /// The time has come.
    Over,
}

/// Times from here on never end: some centuries.
const NEVER: Duration = Duration::from_secs(1 << 33);

impl Limit {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, wait: Wait::Fresh }
    }

    /// How long it is.
    pub(super) fn after(&self) -> Duration {
        self.after
    }

    /// Whether the time is up; otherwise the context's waker is woken when it is. `home` is the actor's system, where that
    /// is known. Asked after a poll of what is waited for that counted.
    #[inline]
    pub(super) fn is_reached(&mut self, context: &Context<'_>, home: impl FnOnce() -> Option<Arc<Scheduler>>) -> bool {
        match &self.wait {
            Wait::Fresh => self.wait = Self::begin(self.after, None, context, home),
            Wait::Over => {}
            Wait::Workers(..) | Wait::Thread(..) => self.go_on(context, home),
        }
        matches!(self.wait, Wait::Over)
    }

    /// Waits for what is left of it, since `began`.
    #[inline]
    fn begin(
        left: Duration,
        began: Option<Clock>,
        context: &Context<'_>,
        home: impl FnOnce() -> Option<Arc<Scheduler>>,
    ) -> Wait {
        if left.is_zero() {
            return Wait::Over;
        }
        if left >= NEVER {
            return Wait::Fresh;
        }
        match pending::here(left, context.waker()) {
            Some(pending) => Wait::Workers(pending, began),
            None => Self::begin_outside(left, began, context, home),
        }
    }

    #[cold]
    fn begin_outside(
        left: Duration,
        began: Option<Clock>,
        context: &Context<'_>,
        home: impl FnOnce() -> Option<Arc<Scheduler>>,
    ) -> Wait {
        let began = began.unwrap_or_else(Clock::new);
        if let Some(alarm) = Alarm::set(left, context.waker()) {
            return Wait::Thread(alarm, began);
        }
        let pending = pending::anywhere(home(), left, context.waker());
        pending.map_or(Wait::Over, |pending| Wait::Workers(pending, Some(began)))
    }

    /// It has been waited for already.
    #[cold]
    fn go_on(&mut self, context: &Context<'_>, home: impl FnOnce() -> Option<Arc<Scheduler>>) {
        let began = match &self.wait {
            Wait::Fresh | Wait::Over => return,
            Wait::Workers(pending, _) if pending.renew(context.waker()) => return,
            Wait::Thread(alarm, _) if matches!(alarm.standing(context.waker()), Standing::Set) => return,
            // Its system has closed, and nobody knows when it had begun: it begins anew.
            Wait::Workers(pending, None) if pending.is_lost() => None,
            Wait::Workers(_, None) => {
                self.wait = Wait::Over;
                return;
            }
            Wait::Workers(_, Some(began)) | Wait::Thread(_, began) => Some(*began),
        };
        // The time has come, or somebody else has to keep it from now on.
        let passed = began.map_or(Duration::ZERO, |began| Duration::from_nanos(began.now().as_nanos()));
        self.wait = Self::begin(self.after.saturating_sub(passed), began, context, home);
    }
}

/// The future of [`ActorContext::sleep`](crate::ActorContext::sleep) and [`ActorSystem::sleep`](crate::ActorSystem::sleep):
/// resolves when the time has come, no earlier.
///
/// The time runs from the call on, polled or not. If the system ends before, it resolves then, unless a `block_on` keeps
/// the time.
///
/// # Cancel safety
///
/// Dropping it takes it back; nothing is lost.
#[must_use = "nothing waits unless this is awaited"]
#[derive(Debug)]
pub struct Sleep {
    /// The system's number, and its clock: nothing that would have to be counted.
    system: u64,
    clock: Clock,
    due: Moment,
    wait: Wait,
}

impl Sleep {
    /// With the time of an actor's system.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn beside(host: &dyn Host, after: Duration) -> Self {
        Self::new(keeper_of(host), after)
    }

    pub(crate) fn new(scheduler: &Scheduler, after: Duration) -> Self {
        let (system, clock) = (scheduler.number(), *scheduler.clock());
        Self { system, clock, due: scheduler.due(after), wait: Wait::Fresh }
    }

    /// Waits for what is left of it.
    fn begin(&self, context: &Context<'_>) -> Wait {
        if self.due == Moment::NEVER {
            return Wait::Fresh;
        }
        let left = self.due.until(self.clock.now());
        if left.is_zero() {
            return Wait::Over;
        }
        if !worker::is_any()
            && let Some(alarm) = Alarm::set(left, context.waker())
        {
            return Wait::Thread(alarm, self.clock);
        }
        // The system is gone: nobody is left to wait for.
        pending::within(self.system, self.due, context.waker())
            .map_or(Wait::Over, |pending| Wait::Workers(pending, None))
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        ready!(coop::proceed(context));
        match &self.wait {
            Wait::Workers(pending, _) if pending.renew(context.waker()) => return Poll::Pending,
            Wait::Thread(alarm, _) if matches!(alarm.standing(context.waker()), Standing::Set) => return Poll::Pending,
            // The time has come, or the system has ended.
            Wait::Workers(..) => self.wait = Wait::Over,
            Wait::Over => {}
            Wait::Fresh | Wait::Thread(..) => self.wait = self.begin(context),
        }
        if matches!(self.wait, Wait::Over) { Poll::Ready(()) } else { Poll::Pending }
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
pub struct Timer(Option<Armed>);

impl Timer {
    /// Cancels it: no message of it falls due any more. One that has fallen due already is handled. Returns whether there
    /// was anything to cancel: false if it has fired for the last time, was cancelled before, or its actor has ended, or the
    /// run that had set it.
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
        self.0.is_some_and(Armed::cancel)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}

/// A message that comes once, when its time has come.
struct Once<A, M>(M, PhantomData<fn(A)>);

impl<A: Handler<M>, M: Message> Source for Once<A, M> {
    type Body = Body<A>;

    fn take(self, _mark: Mark<Body<A>>) -> Bound<Body<A>> {
        self.leave()
    }

    fn leave(self) -> Bound<Body<A>> {
        Bound::new(Told(self.0))
    }

    fn message() -> &'static str {
        std::any::type_name::<M>()
    }
}

/// A message that comes again and again.
struct Ever<A, M> {
    message: M,
    again: Again<M>,
    system: u64,
    clock: Clock,
    actor: PhantomData<fn(A)>,
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

impl<A: Handler<M>, M: Message> Source for Ever<A, M> {
    type Body = Body<A>;

    fn take(mut self, mark: Mark<Body<A>>) -> Bound<Body<A>> {
        let now = self.clock.now();
        let message = (self.again.clone)(&self.message);
        self.again.advance(now);
        let (system, due) = (self.system, self.again.due);
        Armed::again(system, &mark, due, Load::new(self));
        Bound::new(Told(message))
    }

    fn leave(self) -> Bound<Body<A>> {
        Bound::new(Told(self.message))
    }

    fn message() -> &'static str {
        std::any::type_name::<M>()
    }
}

/// What the runtime tells one of its own actors, once. See [`Hushed`].
struct Notice<A, M>(M, PhantomData<fn(A)>);

impl<A: Handler<M>, M: Message> Source for Notice<A, M> {
    type Body = Body<A>;

    fn take(self, _mark: Mark<Body<A>>) -> Bound<Body<A>> {
        self.leave()
    }

    fn leave(self) -> Bound<Body<A>> {
        Bound::new(Hushed(self.0))
    }

    fn message() -> &'static str {
        std::any::type_name::<M>()
    }
}

/// A message that passes ahead of the mailbox, as one of the actor's own timers. Returns whether the actor still takes messages.
pub(super) fn signal<A: Handler<M>, M: Message>(task: &WeakTask<Body<A>>, message: M) -> bool {
    task.signal(Load::new(Notice(message, PhantomData)))
}

/// As [`tell_after`], for what the runtime tells one of its own actors.
pub(super) fn notify_after<A: Handler<M>, M: Message>(
    host: &dyn Host,
    task: &WeakTask<Body<A>>,
    after: Duration,
    message: M,
) -> Timer {
    Timer(Armed::arm_once(keeper_of(host), task, after, Load::new(Notice(message, PhantomData))))
}

/// A message of an actor to itself: after `after`, once.
pub(super) fn tell_after<A: Handler<M>, M: Message>(
    host: &dyn Host,
    task: &WeakTask<Body<A>>,
    after: Duration,
    message: M,
) -> Timer {
    let scheduler = keeper_of(host);
    Timer(Armed::arm_once(scheduler, task, after, Load::new(Once(message, PhantomData))))
}

/// A message of an actor to itself: every `interval`.
pub(super) fn tell_every<A: Handler<M>, M: Message + Clone>(
    host: &dyn Host,
    task: &WeakTask<Body<A>>,
    interval: Duration,
    message: M,
    missed: MissedTicks,
) -> Result<Timer, ZeroInterval> {
    if interval.is_zero() {
        return Err(ZeroInterval);
    }
    let scheduler = keeper_of(host);
    let due = scheduler.due(interval);
    let again = Again { interval, missed, due, clone: M::clone };
    let (system, clock) = (scheduler.number(), *scheduler.clock());
    let source = Ever { message, again, system, clock, actor: PhantomData };
    Ok(Timer(Armed::arm(scheduler, task, due, Load::new(source), true)))
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Limit, Scheduler};
    use crate::scheduler::affinity::Placement;
    use crate::sync::Arc;
    use std::process::Command;
    use std::sync::mpsc::{Sender, channel};
    use std::task::{Context, Wake, Waker};
    use std::time::Duration;

    /// Set in a child that has no other systems than its own.
    const ALONE: &str = "CORECAST_TEST_ALONE";

    /// Says so when it is woken.
    struct Bell(Sender<()>);

    impl Wake for Bell {
        fn wake(self: std::sync::Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn a_limit_is_over_at_once_where_no_system_lives() {
        if std::env::var_os(ALONE).is_none() {
            // Once more, in a process without the systems of other tests.
            let child = Command::new(std::env::current_exe().expect("this binary"))
                .args(["--exact", "actor::timer::tests::a_limit_is_over_at_once_where_no_system_lives"])
                .env(ALONE, "1")
                .output()
                .expect("the child runs");
            let (output, errors) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
            assert!(child.status.success() && output.contains("1 passed"), "{output}\n{errors}");
            return;
        }
        let (bell, rings) = channel();
        let waker = Waker::from(std::sync::Arc::new(Bell(bell)));
        let is_reached = |limit: &mut Limit, home: Option<&Arc<Scheduler>>| {
            limit.is_reached(&Context::from_waker(&waker), || home.map(Arc::clone))
        };
        let limit = || Limit::new(Duration::from_secs(3_600));
        assert!(is_reached(&mut limit(), None), "there never was a system");
        let (scheduler, threads) = Scheduler::start("alone", 1, Placement::Free, None).expect("it starts");
        let (mut any, mut home) = (limit(), limit());
        assert!(!is_reached(&mut any, None), "a system lives");
        assert!(!is_reached(&mut home, Some(&scheduler)), "its own system lives");
        scheduler.close();
        for _ in 0..2 {
            rings.recv().expect("the end wakes who waits");
        }
        assert!(
            is_reached(&mut any, None) && is_reached(&mut home, Some(&scheduler)),
            "nobody keeps the time any more"
        );
        assert!(is_reached(&mut limit(), Some(&scheduler)), "nor does it begin");
        threads.join();
    }
}
