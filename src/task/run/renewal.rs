//! How a supervised actor begins anew: what comes between two of its runs.
//!
//! The table of phases is that of [`super`]. Who may decide is said in [`charge`].
//!
//! The order of a run's end is this: the reason is judged, `post_stop` runs, the state is dropped, timers end and what they have
//! brought is left over, watches and links that the state had begun are over, the supervisor is told. The mailbox isn't touched.
//! The next run begins with the factory.

use super::{End, Phase, Turn};
use crate::mailbox::envelope::Opened;
use crate::sync::unwind::guard;
use crate::task::charge::{self, Charge, Report, Word};
use crate::task::checkup;
use crate::task::edge;
use crate::task::header;
use crate::task::lane;
use crate::task::reason::StopReason;
use crate::task::watches;

impl<'a> Turn<'a> {
    /// What the actor has if it is supervised.
    #[inline(always)]
    pub(super) fn charge(&self) -> Option<&'a Charge> {
        charge::of(self.cell())
    }

    /// Notes that the body was made, or dropped.
    #[inline(always)]
    pub(in crate::task) fn set_made(&self, is_made: bool) {
        if let Some(charge) = self.charge() {
            charge.set_made(is_made);
        }
    }

    /// Whether there is a body.
    #[inline(always)]
    pub(super) fn has_body(&self) -> bool {
        self.charge().is_none_or(Charge::is_made)
    }

    /// Makes the body of an actor that makes its body itself. Nothing if there is one.
    #[inline(always)]
    pub(super) fn begin_to_make(&mut self) -> Option<Opened> {
        if self.has_body() {
            return None;
        }
        Some(self.make())
    }

    #[cold]
    fn make(&mut self) -> Opened {
        self.enter(Phase::Making);
        // SAFETY: the vtable is that of the bodies, and there is none.
        let make = |turn: &mut Self| unsafe { (turn.cell().far().vtable.make)(turn) };
        if self.cell().far().state.peek().is_traced() { self.traced(|| "the factory", make) } else { make(self) }
    }

    /// Tells the supervisor of a start that has succeeded, and begins the checks of the run.
    #[inline(always)]
    pub(super) fn report_start(&self) {
        if self.cell().terms().is_attended() {
            self.report_start_attended();
        }
    }

    #[inline(never)]
    fn report_start_attended(&self) {
        if self.cell().terms().is_checked() {
            checkup::begin(self.cell(), self.common().clock.now());
        }
        if let Some(charge) = self.charge() {
            charge.report(Report::Up);
        }
    }

    /// Whether a run that is over for this reason isn't the last one. Then it goes down behind the hooks.
    #[inline(always)]
    pub(super) fn continues_after(&mut self, reason: &StopReason) -> bool {
        let Some(charge) = self.charge().filter(|charge| charge.continues(self.cell(), reason)) else { return false };
        charge.set_goes_down();
        checkup::close(self.cell());
        true
    }

    /// The run is over because somebody has closed the mailbox, which is opened again.
    pub(super) fn note_stop(&self) {
        if let Some(charge) = self.charge() {
            charge.note_stop();
        }
    }

    /// Whether the actor is down next, not at its end.
    #[inline(always)]
    pub(super) fn goes_down(&self) -> bool {
        self.charge().is_some_and(Charge::take_goes_down)
    }

    /// The run is over: without a state, the actor waits for its supervisor's word.
    #[cold]
    pub(super) fn go_down(&mut self) -> End {
        let Some(charge) = self.charge() else { unreachable!("only a supervised actor begins anew") };
        let header = self.cell();
        if self.has_body() {
            self.drop_body();
        }
        let reason = self.last_reason();
        if let Some(left) = lane::forget_timers(header) {
            self.bury_what_fired(left);
        }
        watches::forget(header, &reason);
        checkup::forget(header);
        if !reason.is_orderly() {
            // UNWIND: an observer is user code.
            let _ = guard(|| header.near().host.actor_failed(header::info(header), &reason, true));
        }
        charge.set_told(!reason.is_orderly());
        let down = charge.close_books(reason.clone(), self.reader().taken());
        self.notes.told = false;
        charge.set_down(true);
        self.enter(Phase::Down);
        // Before the report: the answer is a wake that this doesn't know.
        self.seen = header.far().state.look();
        if self.seen.is_final() || !charge.report(Report::Down(down)) {
            self.end_for_good(reason);
            return self.wind_up();
        }
        self.wait_for_word()
    }

    /// It is suspended without a handler: nobody is waited for that the census knows.
    fn wait_for_word(&mut self) -> End {
        edge::clear();
        self.suspend()
    }

    /// An actor that is down has been woken. Returns how the activation ended, if it did.
    #[cold]
    pub(super) fn reconsider(&mut self) -> Option<End> {
        let Some(charge) = self.charge() else { unreachable!("only a supervised actor is down") };
        self.seen = self.cell().far().state.resume();
        match charge.take_word() {
            Some(Word::Renew) if !self.seen.is_final() => self.renew(charge),
            Some(Word::End(Some(reason))) => {
                charge.set_told(false);
                self.end_for_good(reason);
                None
            }
            None if !self.seen.is_final() => Some(self.wait_for_word()),
            Some(Word::Renew | Word::End(None)) | None => {
                let reason = self.last_reason();
                self.end_for_good(reason);
                None
            }
        }
    }

    /// Begins the next run.
    fn renew(&mut self, charge: &Charge) -> Option<End> {
        let header = self.cell();
        let mut is_final = self.seen.is_final();
        // A stop that this run has come to its end by is over with it.
        if charge.take_stop() {
            self.reader().reopen();
            // RECHECK: whoever stops it for good says so first, and then closes the mailbox. A close that was undone was seen,
            // and what was said before.
            if header.far().state.look().is_final() {
                is_final = true;
            }
        }
        if is_final {
            let reason = self.last_reason();
            self.end_for_good(reason);
            return None;
        }
        charge.set_down(false);
        charge.set_told(false);
        charge.note_restart(self.last_reason());
        self.forget_reason();
        self.enter(Phase::New);
        self.begin()
    }

    /// Ends an actor that is down.
    #[cold]
    fn end_for_good(&mut self, reason: StopReason) {
        if let Some(charge) = self.charge() {
            charge.set_down(false);
        }
        self.never_lived(reason);
    }
}
