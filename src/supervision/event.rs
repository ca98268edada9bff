//! What a supervisor hears.

use super::alarm::Alarm;
use super::child::Key;
use crate::task::reason::StopReason;

/// What a supervisor hears of its children, its alarms, and those who ask it for something.
///
/// Of one child it hears in the order in which things happened; what it has told that child meanwhile may still be on its way.
/// After `Ended` and `Ignored` it hears no more of that child until it tells it to start.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// All children that were added are to be started.
    Begin,
    /// The child's `pre_start` has succeeded.
    Up(Key),
    /// A run of the child has ended, or hasn't begun. The child waits for `Restart` or `End`, and gets one of them. It may wait
    /// as well if it was stopped or isn't restarted by its type: it is told to end.
    Down {
        child: Key,
        reason: StopReason,
        /// Whether the run had handled a message.
        had_success: bool,
    },
    /// The child is gone: its actor has ended for good, or couldn't be made at all.
    Ended { child: Key, reason: StopReason },
    /// Its factory had nothing to start: the child is gone, and that is in order.
    Ignored(Key),
    /// As `Down`, and the child says that this is more than its supervisor can put right.
    Escalated { child: Key, reason: StopReason },
    /// The time of an alarm is over.
    Alarm(Alarm),
    /// This child was added, and is to be started.
    StartChild { child: Key, request: Request },
    /// This child is to be stopped. Its place is kept unless it is temporary.
    TerminateChild { child: Key, request: Request },
    /// This child, which isn't running, is to be started.
    RestartChild { child: Key, request: Request },
    /// This child, which isn't running, is to be forgotten.
    DeleteChild { child: Key, request: Request },
    /// The supervisor is to end.
    Shutdown,
}

/// A request that is to be answered, by the number that whoever hears it gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request(pub(crate) u64);
