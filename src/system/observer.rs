//! Who hears of failures and of messages that were left over.

use std::fmt;
use std::time::Duration;

use super::snapshot::Activity;
use crate::task::identity::ActorInfo;
use crate::task::letter::DeadLetter;
use crate::task::reason::StopReason;
use crate::task::trace::Slow;

/// Hears what nobody else is told, or what somebody wants counted. One per system, set when it is built.
///
/// The methods are called on worker threads, between messages: they should be quick. A panic in one of them is
/// swallowed. What an observer itself sends, and can't be delivered, comes back to it in the error: dead letters
/// make no dead letters.
///
/// ```
/// use corecast::{ActorFailure, ActorSystem, DeadLetter, Observer};
///
/// struct Quiet;
///
/// impl Observer for Quiet {
///     fn actor_failed(&self, failure: &ActorFailure) {
///         eprintln!("lost {}: {}", failure.actor(), failure.reason());
///     }
///
///     fn dead_letter(&self, letter: DeadLetter) {
///         eprintln!("{} never came to a {}", letter.actor(), letter.message_type());
///     }
/// }
///
/// let system = ActorSystem::builder().observer(Quiet).build()?;
/// # Ok::<(), corecast::BuildError>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// An accepted message failed with its handler: it panicked, or was killed. Called once for each.
    fn message_failed(&self, failure: &MessageFailure) {
        let _ = failure;
    }

    /// An actor ended by a failure, such as a panic or a failed start, or failed again on its way out. By default one that
    /// nobody was told of is reported on the standard error stream.
    ///
    /// Of a supervised actor each run that ends so is told, also by a kill, when its state is gone. If the actor then ends for
    /// good, that is told if it ends for another reason: [`StopReason::Quarantined`].
    fn actor_failed(&self, failure: &ActorFailure) {
        if !failure.observed() {
            eprintln!("corecast: {} failed: {}", failure.actor(), failure.reason());
        }
    }

    /// A handler or a hook has taken as long as [`slow_handlers`](crate::ActorSystemBuilder::slow_handlers) says: told once,
    /// and again when it has taken twice as long, and so on up to 65,536 times. One that comes to its end before anybody has
    /// noticed is told of then.
    ///
    /// It may be called on a thread of the system's own that is no worker: where a handler keeps its worker's thread, nobody
    /// else is left.
    fn handler_slow(&self, slow: &SlowHandler) {
        let _ = slow;
    }

    /// An accepted message whose actor ended before it came to it. Whoever takes it has the only one.
    fn dead_letter(&self, letter: DeadLetter) {
        drop(letter);
    }
}

/// A handler or a hook that takes long. See [`Observer::handler_slow`].
#[derive(Clone, Debug)]
pub struct SlowHandler {
    actor: ActorInfo,
    what: &'static str,
    lasted: Duration,
    is_over: bool,
    activity: Activity,
}

impl SlowHandler {
    pub(crate) fn new(actor: ActorInfo, Slow { what, lasted, is_over }: Slow, activity: Activity) -> Self {
        Self { actor, what, lasted, is_over, activity }
    }

    /// Whose it is.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.actor
    }

    /// The path of the message's type, or the name of the hook: `pre_start`, `on_terminated`, `health_check` or `post_stop`.
    #[must_use]
    pub fn handler(&self) -> &'static str {
        self.what
    }

    /// How long it has lasted, from its beginning, whether it ran or waited.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.lasted
    }

    /// Whether it has come to its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What its actor is doing: [`Activity::Running`] if it computes, or blocks its worker's thread; [`Activity::Waiting`] if
    /// it waits, and for whom. It may have gone on since it was found to be slow.
    #[must_use]
    pub fn activity(&self) -> &Activity {
        &self.activity
    }
}

impl fmt::Display for SlowHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, what, lasted, .. } = self;
        if self.is_over {
            write!(f, "{actor} took {lasted:.1?} for {what}")
        } else {
            write!(f, "{actor} has taken {lasted:.1?} for {what} so far: {}", self.activity)
        }
    }
}

/// The observer that a system has unless it is told otherwise.
#[derive(Debug)]
pub(crate) struct StandardError;

impl Observer for StandardError {}

/// The observer that it has then in a simulation.
#[cfg(any(corecast_loom, feature = "sim"))]
#[derive(Debug)]
pub(crate) struct Nobody;

#[cfg(any(corecast_loom, feature = "sim"))]
impl Observer for Nobody {
    fn actor_failed(&self, _failure: &ActorFailure) {}
}

/// An accepted message that failed with its handler.
#[derive(Clone)]
pub struct MessageFailure {
    actor: ActorInfo,
    message_type: &'static str,
    cause: StopReason,
    observed: bool,
}

impl MessageFailure {
    pub(crate) fn new(actor: ActorInfo, message_type: &'static str, cause: StopReason, observed: bool) -> Self {
        Self { actor, message_type, cause, observed }
    }

    /// The actor that was handling it.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.actor
    }

    /// The path of its type.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        self.message_type
    }

    /// What happened: [`StopReason::Panicked`], [`StopReason::Killed`] or [`StopReason::Linked`]; [`StopReason::Failed`] if its
    /// handler was in the way of a [health check](crate::HealthCheckOverdue) for too long.
    #[must_use]
    pub fn cause(&self) -> &StopReason {
        &self.cause
    }

    /// Whether a sender that waits for the reply was told.
    #[must_use]
    pub fn observed(&self) -> bool {
        self.observed
    }
}

impl fmt::Debug for MessageFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageFailure")
            .field("actor", &self.actor)
            .field("message_type", &self.message_type)
            .field("cause", &self.cause)
            .field("observed", &self.observed)
            .finish()
    }
}

/// An actor that ended by a failure.
#[derive(Clone, Debug)]
pub struct ActorFailure {
    actor: ActorInfo,
    reason: StopReason,
    observed: bool,
}

impl ActorFailure {
    pub(crate) fn new(actor: ActorInfo, reason: StopReason, observed: bool) -> Self {
        Self { actor, reason, observed }
    }

    /// Which actor.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.actor
    }

    /// Why: [`StopReason::Panicked`], [`StopReason::StartFailed`], [`StopReason::Linked`] or [`StopReason::Failed`]; those of
    /// supervisors; and whatever else ended a run of a supervised actor and isn't [orderly](StopReason::is_orderly).
    #[must_use]
    pub fn reason(&self) -> &StopReason {
        &self.reason
    }

    /// Whether somebody was told: a sender that waits for a reply, whoever awaits the spawn, or whoever awaits
    /// `stopped()`.
    #[must_use]
    pub fn observed(&self) -> bool {
        self.observed
    }
}
