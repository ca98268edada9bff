//! What a supervisor does.

use std::time::Duration;

use super::alarm::Alarm;
use super::child::Key;
use super::error::Refusal;
use super::event::Request;
use super::incident::Incident;
use crate::task::reason::StopReason;

/// What a supervisor does, for whoever performs it in this order.
///
/// A child that has ended for good ignores what it is told. One that is down ignores `Recall`, and ends by `Stop`.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Make the child's actor. Answered by `Up`, `Down`, `Ended` or `Ignored`.
    Start(Key),
    /// Build the state of this child anew, which is down: whoever refers to it, its name and its mailbox are kept. Answered as
    /// `Start`.
    Restart(Key),
    /// End this child, which is down. Answered by `Ended`.
    End(Key),
    /// Take this child down in order: it finishes what it is doing, runs `post_stop`, and keeps its mailbox. Answered by `Down`,
    /// or by `Ended` if it was about to end.
    Recall(Key),
    /// Stop this child in order, for good. Answered by `Ended`.
    Stop(Key),
    /// Drop what this child is doing at its await point. If it wasn't asked for anything before, its run has failed by that.
    Cut(Key),
    /// Raise this alarm after so long.
    Arm(Alarm, Duration),
    /// Don't raise it.
    Disarm(Alarm),
    /// Tell whoever asked.
    Answer(Request, Result<(), Refusal>),
    /// Tell whoever listens.
    Report(Key, Incident),
    /// All children have been started for the first time.
    Ready,
    /// This child's key is never used again: drop what is kept for it.
    Forget(Key),
    /// End: no child is left.
    Exit(Exit),
}

/// Why a supervisor ends.
#[derive(Clone, Debug)]
pub(crate) enum Exit {
    /// It was asked to.
    Shutdown,
    /// Significant children have ended for good.
    AutoShutdown,
    /// Restarts were too many: this child was to be restarted once more.
    GaveUp(Key, StopReason),
    /// This child didn't start for the first time.
    StartFailed(Key, StopReason),
    /// This child's failure is more than it can put right.
    Escalated(Key, StopReason),
}

impl Exit {
    /// Whether that is no failure to the supervisor's own supervisor. Giving up is none, as in OTP, where its reason is
    /// `shutdown`: a transient supervisor that gave up isn't restarted.
    #[cfg(test)]
    pub(super) fn is_orderly(&self) -> bool {
        match self {
            Self::Shutdown | Self::AutoShutdown | Self::GaveUp(..) => true,
            Self::StartFailed(..) | Self::Escalated(..) => false,
        }
    }
}
