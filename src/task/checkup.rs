//! Health checks: how it is noticed that an actor is sick, or doesn't come to say whether it is.
//!
//! An actor may have a [`Regimen`]: how often it is checked, and within which time. A check is a hook, run between two messages
//! as `on_terminated` is. Its time begins when it is due, not when the actor comes to it: so a handler that waits too long is a
//! failure as well. One timer stands behind it, which is among those of the actor and goes with its run:
//!
//! | stage | the timer is due | what the timer does then | left by |
//! |---|---|---|---|
//! | Off | – | nothing | the start of a run |
//! | Ahead | when the next check is | calls the runner, by NOTICED, to Due | the end of a run |
//! | Due | when the budget is over | cuts the run, by KILLED, to Overdue | the runner, who begins it, to Begun; the end of a run |
//! | Begun | the same | the same | the runner, when the check has returned, to Ahead; the end of a run |
//! | Overdue | – | nothing | the next run: until then it says why this one is over |
//!
//! Timekeeper and runner meet at the lock of the checkup. What it says in the task word it says under that lock, so it is said to
//! the run whose stage it was: the runner leaves that stage before the run ends, and takes KILLED back, if another run begins,
//! after that. A timer that comes too late finds another stage, or a moment that is yet to come.
//!
//! NOTICED is also for the notices of [`watches`](super::watches), whose protocol with the runner it shares: whoever calls has
//! written what it is about before, under a lock that the runner takes after it has taken the call back.

use std::error::Error;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::time::Duration;

use super::handle::Weak;
use super::header::{self, Header};
use super::identity::ActorInfo;
use super::lane::Name;
use super::watches::Deed;
use crate::sync::time::Moment;

/// How often an actor is checked, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Regimen {
    /// From the start, or the end of a check, to the next one.
    pub(crate) every: Duration,
    pub(crate) budget: Duration,
}

/// Where the checks of an actor stand.
#[derive(Debug)]
pub(crate) struct Checkup {
    regimen: Regimen,
    stage: Stage,
    /// The timer of this run.
    timer: Option<Name>,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Off,
    Ahead { due: Moment },
    Due { until: Moment },
    Begun { until: Moment },
    Overdue { had_begun: bool },
}

impl Checkup {
    pub(crate) fn new(regimen: Regimen) -> Box<Self> {
        Box::new(Self { regimen, stage: Stage::Off, timer: None })
    }

    /// The next check is due an interval after `now`.
    fn put_off(&mut self, header: &Header, now: Moment) {
        let due = now.after(self.regimen.every);
        self.stage = Stage::Ahead { due };
        self.arm(header, due);
    }

    /// Lets the timer be due at that moment, and at no other.
    fn arm(&mut self, header: &Header, due: Moment) {
        if due == Moment::NEVER {
            return;
        }
        // Not counted: the actor lives, or the caller has a reference.
        let task = ManuallyDrop::new(Weak::from_retained(NonNull::from(header)));
        self.timer = header.near().host.check_later(&task, self.timer, due);
    }

    /// Sees to what is due by `now`. What is to be done beside is done without the lock.
    fn see_to(&mut self, header: &Header, now: Moment) -> Deed {
        match self.stage {
            Stage::Ahead { due } if due <= now => {
                let until = now.after(self.regimen.budget);
                self.stage = Stage::Due { until };
                self.arm(header, until);
                header.far().state.notice();
                Deed::Notice
            }
            Stage::Due { until } if until <= now => self.cut(header, false),
            Stage::Begun { until } if until <= now => self.cut(header, true),
            Stage::Off | Stage::Ahead { .. } | Stage::Due { .. } | Stage::Begun { .. } | Stage::Overdue { .. } => {
                Deed::Nothing
            }
        }
    }

    fn cut(&mut self, header: &Header, had_begun: bool) -> Deed {
        self.stage = Stage::Overdue { had_begun };
        Deed::Kill(header.far().state.kill())
    }
}

impl Weak {
    /// The time has come that the timer of the actor's checks was armed for.
    pub(crate) fn see_to_check(&self, now: Moment) {
        let header = self.header();
        let Some(side) = header::known_side(header) else { return };
        let deed = side.checkup.lock().as_mut().map_or(Deed::Nothing, |checkup| checkup.see_to(header, now));
        self.follow_up(deed);
    }
}

/// Changes the checkup of an actor, if it has one.
fn with<R>(header: &Header, change: impl FnOnce(&mut Checkup) -> R) -> Option<R> {
    header::known_side(header)?.checkup.lock().as_deref_mut().map(change)
}

/// A run has started: its first check is an interval ahead. Called by the runner; so is what follows.
#[cold]
pub(super) fn begin(header: &Header, now: Moment) {
    with(header, |checkup| checkup.put_off(header, now));
}

/// Whether a check is due. Then it begins.
///
/// # Contract
///
/// The caller has taken NOTICED back before.
pub(super) fn take(header: &Header) -> bool {
    let is_taken = with(header, |checkup| match checkup.stage {
        Stage::Due { until } => {
            checkup.stage = Stage::Begun { until };
            true
        }
        _ => false,
    });
    is_taken == Some(true)
}

/// The check has returned. If that was in time, the next one is an interval ahead.
pub(super) fn end_one(header: &Header, now: Moment) {
    with(header, |checkup| {
        if matches!(checkup.stage, Stage::Begun { .. }) {
            checkup.put_off(header, now);
        }
    });
}

/// The run is over, for whatever reason.
pub(super) fn close(header: &Header) {
    with(header, |checkup| {
        if !matches!(checkup.stage, Stage::Overdue { .. }) {
            checkup.stage = Stage::Off;
        }
    });
}

/// Another run may follow, of which nothing is known.
pub(super) fn forget(header: &Header) {
    with(header, |checkup| (checkup.stage, checkup.timer) = (Stage::Off, None));
}

/// Why the run was cut, if that was because of its check.
pub(super) fn failure(header: &Header) -> Option<HealthCheckOverdue> {
    let overdue = with(header, |checkup| match checkup.stage {
        Stage::Overdue { had_begun } => Some((had_begun, checkup.regimen.budget)),
        _ => None,
    });
    let (had_begun, budget) = overdue??;
    Some(HealthCheckOverdue { actor: header::info(header), budget, had_begun })
}

/// The [health check](crate::Actor::health_check) of an actor wasn't over in time: the [source](crate::ActorError::source) of the
/// error that [`StopReason::Failed`](crate::StopReason::Failed) has then.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use corecast::{Actor, ActorContext, ActorError, ActorSystem, HealthCheckOverdue, StopReason};
///
/// struct Deaf;
///
/// impl Actor for Deaf {
///     async fn health_check(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
///         std::future::pending().await
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = ActorSystem::new()?;
/// let (every, budget) = (Duration::from_millis(1), Duration::from_millis(5));
/// let deaf = system.spawn(Deaf).health_check(every, budget).start()?;
/// let StopReason::Failed(error) = system.block_on(deaf.stopped()) else { panic!("it is deaf") };
/// let overdue = error.source().downcast_ref::<HealthCheckOverdue>().expect("it was checked");
/// assert_eq!((overdue.budget(), overdue.had_begun()), (budget, true));
/// assert!(overdue.to_string().starts_with("the health check of"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HealthCheckOverdue {
    actor: ActorInfo,
    budget: Duration,
    had_begun: bool,
}

impl HealthCheckOverdue {
    /// Whose it was.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.actor
    }

    /// The time that it had.
    #[must_use]
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Whether it had begun. If it hadn't, the actor didn't come to it: a handler was in its way, or other actors kept its worker.
    #[must_use]
    pub fn had_begun(&self) -> bool {
        self.had_begun
    }
}

impl fmt::Display for HealthCheckOverdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, budget, had_begun } = self;
        let what = if *had_begun { "was not over" } else { "had not begun" };
        write!(f, "the health check of {actor} {what} within {budget:?}")
    }
}

impl Error for HealthCheckOverdue {}
