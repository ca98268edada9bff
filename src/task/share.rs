//! How long one activation may last.

use crate::sync::limits::{ACTIVATION_MESSAGES, ACTIVATION_NANOS, FIRST_LOOK};
use crate::sync::time::{Clock, Moment};

/// An activation's share of its worker: messages, and time.
///
/// A look at the clock costs as much as several messages, so looks are rare, and the time is that since the worker's
/// last look. When that is long it may have been somebody else's, or a pause: then the next look comes soon, and tells.
pub(super) struct Share {
    /// How many messages are handled before the next look at the clock.
    pub(super) next_look: u32,
    /// The last look came after a long time.
    suspected: bool,
}

impl Share {
    pub(super) fn new() -> Self {
        Self { next_look: FIRST_LOOK, suspected: false }
    }

    /// Whether it is used up after so many messages.
    #[inline(always)]
    pub(super) fn is_used_up(&mut self, handled: u32, clock: &Clock, looked: &mut Moment) -> bool {
        handled >= ACTIVATION_MESSAGES || (handled >= self.next_look && self.look(handled, clock, looked))
    }

    fn look(&mut self, handled: u32, clock: &Clock, looked: &mut Moment) -> bool {
        let now = clock.now();
        let passed = now.nanos_since(std::mem::replace(looked, now));
        if passed <= ACTIVATION_NANOS {
            self.next_look = handled * 4;
            self.suspected = false;
            return false;
        }
        self.next_look = handled + FIRST_LOOK / 8;
        std::mem::replace(&mut self.suspected, true)
    }
}
