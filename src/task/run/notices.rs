//! What a notice has the runner do, before the next message: it hears of an end, or is checked.

use super::{Drained, Phase, Turn};
use crate::mailbox::envelope::Opened;
use crate::task::checkup;
use crate::task::header::{self, Failing};
use crate::task::identity::ActorInfo;
use crate::task::reason::{ActorError, Place, StopReason};
use crate::task::watches;

impl Turn<'_> {
    /// Sees to a notice. Returns how the draining ended, if it did.
    pub(super) fn hear(&mut self) -> Option<Drained> {
        let header = self.cell();
        // This takes NOTICED back.
        if let Some((who, reason)) = watches::take(header) {
            if header.terms().is_checked() {
                // It may have been about a check as well.
                header.far().state.notice();
            }
            return self.hear_of(who, reason);
        }
        if header.terms().is_checked() && checkup::take(header) {
            return self.check();
        }
        None
    }

    /// Lets the actor hear of one who has ended.
    fn hear_of(&mut self, who: ActorInfo, reason: StopReason) -> Option<Drained> {
        self.enter(Phase::Hearing);
        // SAFETY: the vtable is that of the body.
        let hear = |turn: &mut Self| unsafe { (turn.cell().far().vtable.terminated)(turn, who, reason) };
        let opened = if self.seen.is_traced() { self.traced(|| "on_terminated", hear) } else { hear(self) };
        self.go_on_after_notice(opened)
    }

    /// Lets the actor say whether it is well.
    #[cold]
    fn check(&mut self) -> Option<Drained> {
        self.enter(Phase::Checking);
        // SAFETY: the vtable is that of the body.
        let check = |turn: &mut Self| unsafe { (turn.cell().far().vtable.check)(turn) };
        let opened = if self.seen.is_traced() { self.traced(|| "health_check", check) } else { check(self) };
        self.go_on_after_notice(opened)
    }

    /// Goes on after the hook of a notice.
    #[cold]
    #[inline(never)]
    pub(super) fn go_on_after_notice(&mut self, opened: Opened) -> Option<Drained> {
        match opened {
            Opened::Done => {
                self.notice_seen_to();
                None
            }
            Opened::Suspended => Some(Drained::Suspended),
            Opened::Panicked => {
                let is_check = self.phase() == Phase::Checking;
                let reason = self.panic_reason(if is_check { Place::HealthCheck } else { Place::OnTerminated });
                Some(self.stop(reason))
            }
        }
    }

    /// The hook of a notice has returned.
    fn notice_seen_to(&mut self) {
        self.enter(Phase::Running);
        if let Some(charge) = self.charge().filter(|_| self.cell().far().state.peek().is_failing()) {
            // What it says of itself isn't about a message that it has handled.
            charge.note_apart();
        }
    }

    /// Notes what `health_check` returned. An error is as one of its own.
    pub(in crate::task) fn check_returned(&mut self, outcome: Result<(), ActorError>) {
        checkup::end_one(self.cell(), self.common().clock.now());
        if let Err(error) = outcome {
            header::fail(self.cell(), Failing::Judge(error));
        }
    }
}
