//! Who waits for the start of a task.

use super::reason::StopReason;
use super::waker::TaskWaiter;
use crate::reply;

/// Tells whoever awaits the spawn how it went; whatever becomes of it, the slot is completed.
pub(crate) struct Startup(Option<reply::Sender<Result<(), StopReason>, TaskWaiter>>);

/// Hears how the spawn went.
pub(crate) type Started = reply::Receiver<Result<(), StopReason>, TaskWaiter>;

impl Startup {
    /// The two sides.
    pub(crate) fn new() -> (Self, Started) {
        let (sender, receiver) = reply::channel();
        (Self(Some(sender)), receiver)
    }

    /// Nobody waits.
    pub(crate) fn nobody() -> Self {
        Self(None)
    }

    /// Whether somebody waits.
    #[inline(always)]
    pub(super) fn is_awaited(&self) -> bool {
        self.0.is_some()
    }

    /// This one; from now on nobody waits.
    pub(super) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Returns whether somebody was told.
    pub(super) fn announce(mut self, outcome: Result<(), &StopReason>) -> bool {
        self.0.take().is_some_and(|sender| sender.complete(outcome.map_err(StopReason::clone)).is_ok())
    }
}

impl Drop for Startup {
    /// A spawn that was refused: its caller has the error, and waits for nothing.
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.complete(Err(StopReason::Killed));
        }
    }
}

debug_as! {
    () Startup => "Startup";
}
