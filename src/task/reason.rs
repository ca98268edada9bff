//! Why an actor ended, and what became of a message that was accepted.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::circle::Circle;
use super::identity::ActorInfo;
use crate::sync::Arc;

/// Why an actor ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// It was asked to stop.
    Stopped,
    /// Nothing could reach it any more: no reference and no name, and its mailbox was empty.
    Unreachable,
    /// It was killed, or its system was dropped.
    Killed,
    /// Its system shut down.
    SystemShutdown,
    /// User code panicked.
    Panicked(Panic),
    /// `pre_start` returned an error.
    StartFailed(ActorError),
    /// This actor, to which it is linked, has ended and not in an orderly way.
    Linked(Box<ActorInfo>),
    /// It said of itself that it failed, by [`ActorContext::fail`](crate::ActorContext::fail) or by its
    /// [health check](crate::Actor::health_check); or that check took [too long](crate::HealthCheckOverdue).
    Failed(ActorError),
    /// Its supervisor makes it anew together with another one that failed. Only its `post_stop` and its messages hear of this.
    Restarting,
    /// It failed too often without having handled a message in between; the last time for this reason.
    Quarantined(Box<StopReason>),
    /// It is a supervisor, and one of its children failed more often than its intensity allows. As an end it counts as asked
    /// for: a transient supervisor isn't started again.
    GaveUp {
        /// Whose failure was one too many.
        child: Box<ActorInfo>,
        /// That failure.
        cause: Box<StopReason>,
    },
    /// It is a supervisor, and this child of it passed its failure on: [`Directive::Escalate`].
    Escalated {
        /// Whose failure it was.
        child: Box<ActorInfo>,
        /// That failure.
        cause: Box<StopReason>,
    },
}

impl StopReason {
    /// Drops it. Nearly always there is nothing in it to be dropped, which is found out here, without a call.
    #[inline(always)]
    pub(crate) fn let_go(self) {
        if matches!(self, Self::Stopped | Self::Unreachable | Self::Killed | Self::SystemShutdown) {
            std::mem::forget(self);
        }
    }

    /// Whether the end was asked for, or nobody was left who could have asked for more: not a failure, nor a kill. Those who
    /// are [linked](crate::ActorContext::link) live on after an orderly end.
    ///
    /// # Examples
    ///
    /// ```
    /// use corecast::StopReason;
    ///
    /// assert!(StopReason::Stopped.is_orderly() && StopReason::Unreachable.is_orderly());
    /// assert!(!StopReason::Killed.is_orderly());
    /// ```
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        match self {
            Self::Stopped | Self::Unreachable | Self::SystemShutdown => true,
            Self::Killed
            | Self::Panicked(_)
            | Self::StartFailed(_)
            | Self::Linked(_)
            | Self::Failed(_)
            | Self::Restarting
            | Self::Quarantined(_)
            | Self::GaveUp { .. }
            | Self::Escalated { .. } => false,
        }
    }

    /// What is to be said behind 'did not start': an error of the start says that itself.
    pub(crate) fn as_cause_of_no_start(&self) -> &dyn fmt::Display {
        match self {
            Self::StartFailed(error) => error,
            reason => reason,
        }
    }

    /// Whether a transient child is started again after it.
    pub(crate) fn is_failure(&self) -> bool {
        !self.is_orderly() && !matches!(self, Self::GaveUp { .. })
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("it was asked to stop"),
            Self::Unreachable => f.write_str("nothing could reach it any more"),
            Self::Killed => f.write_str("it was killed"),
            Self::SystemShutdown => f.write_str("its system shut down"),
            Self::Panicked(panic) => panic.fmt(f),
            Self::StartFailed(error) => write!(f, "it could not start: {error}"),
            Self::Linked(who) => write!(f, "{who} has failed, to which it is linked"),
            Self::Failed(error) => write!(f, "it failed: {error}"),
            Self::Restarting => f.write_str("its supervisor restarts it with others"),
            Self::Quarantined(last) => write!(f, "it failed too often without a success; the last time, {last}"),
            Self::GaveUp { child, cause } => write!(f, "it gave up on {child}, which failed once too often: {cause}"),
            Self::Escalated { child, cause } => write!(f, "{child} passed its failure on: {cause}"),
        }
    }
}

/// Where user code panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In a handler, or in what surrounds it: the drop of the message, of the handler's future or of its
    /// result, or the waker of whoever waits for the reply.
    Handler,
    /// In `pre_start`.
    PreStart,
    /// In `on_terminated`.
    OnTerminated,
    /// In `health_check`.
    HealthCheck,
    /// In `on_error`.
    OnError,
    /// In the factory that makes a supervised actor.
    Factory,
    /// In `post_stop`.
    PostStop,
    /// In the drop of the actor itself.
    Drop,
    /// In a closure on the blocking pool.
    Blocking,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handler => "a handler",
            Self::PreStart => "pre_start",
            Self::OnTerminated => "on_terminated",
            Self::HealthCheck => "health_check",
            Self::OnError => "on_error",
            Self::Factory => "its factory",
            Self::PostStop => "post_stop",
            Self::Drop => "its drop",
            Self::Blocking => "a blocking closure",
        })
    }
}

/// What becomes of an actor that [failed](crate::ActorContext::fail), by its own [`on_error`](crate::Actor::on_error).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Directive {
    /// It goes on as it is.
    Resume,
    /// Its state is made anew, as after a panic, if it has a supervisor that does so; otherwise it ends.
    #[default]
    Restart,
    /// It ends for good, whatever its supervisor would do.
    Stop,
    /// Its supervisor fails with it; without one it ends.
    Escalate,
}

/// A panic of user code: where it came from and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    place: Place,
    text: Arc<str>,
}

impl Panic {
    pub(crate) fn new(place: Place, text: Box<str>) -> Self {
        Self { place, text: text.into() }
    }

    /// The text that the panic carried.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it came from.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked: {}", self.place, self.text)
    }
}

/// Why an actor could not start: any error, or a text.
///
/// Made by `?` from every `E: Error + Send + Sync + 'static`. As with other errors that any error turns into,
/// it isn't an [`Error`] itself; [`source`](Self::source) is.
#[derive(Clone)]
pub struct ActorError(Arc<dyn Error + Send + Sync>);

impl ActorError {
    /// An error that is only a text.
    ///
    /// ```
    /// let error = corecast::ActorError::new("no database");
    /// assert_eq!(error.to_string(), "no database");
    /// ```
    pub fn new(text: impl fmt::Display) -> Self {
        let error: Box<dyn Error + Send + Sync> = text.to_string().into();
        Self(error.into())
    }

    /// The error itself.
    #[must_use]
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ActorError {
    fn from(error: E) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Debug for ActorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ActorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What became of an accepted message that was asked for a reply and got none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReplyErrorReason {
    /// Its handler panicked.
    Panicked(Panic),
    /// The actor was killed while it handled the message, or was in the way of its [health
    /// check](crate::Actor::health_check) for too long.
    Killed,
    /// The actor ended before it came to the message.
    Died(StopReason),
    /// The reply was dropped.
    ReplyDropped,
    /// There was none within this time. The message is handled all the same, or has been.
    Timeout {
        /// How long it was waited for.
        after: Duration,
        /// The circle that the wait was in when the time was up.
        circle: Option<Circle>,
    },
    /// There will never be one: the actor whose handler waits for it is waited for.
    Circle(Circle),
}

impl fmt::Display for ReplyErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Killed => f.write_str("it was killed while it handled the message"),
            Self::Died(reason) => write!(f, "it ended before it came to the message: {reason}"),
            Self::ReplyDropped => f.write_str("the reply was dropped"),
            Self::Timeout { after, circle: None } => write!(f, "none came within {after:?}"),
            Self::Timeout { after, circle: Some(circle) } => {
                write!(f, "none came within {after:?}, nor would one have come later: {circle}")
            }
            Self::Circle(circle) => write!(f, "there would never be one: {circle}"),
        }
    }
}
