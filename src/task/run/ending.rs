//! How an actor ends: the phases after Running, and the reason that is kept until everybody may hear of it.
//!
//! The table of phases is that of [`super`]. The order of the end is this: the mailbox is closed, the reason judged, what
//! is left is made dead letters of, `post_stop` runs, the body is dropped, the name is free and those who list the actor have
//! struck it off, the end is announced.

use std::ptr::NonNull;

use super::End;
use super::{Phase, Turn};
use crate::mailbox::envelope::Opened;
use crate::mailbox::ring::Rest;
use crate::sync::hint::spin_loop;
use crate::sync::limits::BUSY_SPINS;
use crate::sync::unwind::guard;
use crate::task::charge::{Charge, Report};
use crate::task::checkup;
use crate::task::farewell;
use crate::task::handle::Strong;
use crate::task::header::{self, Header, Side};
use crate::task::lane;
use crate::task::letter::Undertaker;
use crate::task::reason::{Panic, Place, StopReason};
use crate::task::watches;

/// Verdicts that tell the whole reason; any other reason is kept on the side.
const STOPPED: u8 = 0;
const UNREACHABLE: u8 = 1;
const KILLED: u8 = 2;
const SHUTDOWN: u8 = 3;
const TOLD: u8 = 4;

impl Turn<'_> {
    #[cold]
    pub(super) fn fail_to_start(&mut self, reason: StopReason) {
        if self.continues_after(&reason) {
            self.judge(reason);
            self.enter(Phase::Ending);
        } else {
            self.never_lived(reason);
        }
    }

    /// Ends an actor that has no state, or whose state has never lived.
    #[cold]
    pub(super) fn never_lived(&mut self, reason: StopReason) {
        self.close_mailbox();
        self.judge(reason);
        // The actor never lived: no `post_stop`, but its messages are accounted for.
        self.enter(Phase::Unborn);
    }

    fn why_closed(&self) -> u8 {
        // The close that we acquired came after the mark.
        let control = self.cell().far().state.peek();
        if control.is_killed() {
            KILLED
        } else if control.is_shutdown() {
            SHUTDOWN
        } else {
            STOPPED
        }
    }

    /// Why it was killed: by somebody who may, by its supervisor to begin anew, by the end of one that it is linked to, or by its
    /// health check.
    #[cold]
    pub(super) fn why_killed(&self) -> StopReason {
        let control = self.cell().far().state.peek();
        if control.is_recalled() && !control.is_final() {
            return StopReason::Restarting;
        }
        if let Some(who) = watches::fate(self.cell()) {
            return StopReason::Linked(who);
        }
        checkup::failure(self.cell()).map_or(StopReason::Killed, |overdue| StopReason::Failed(overdue.into()))
    }

    pub(super) fn panic_reason(&mut self, place: Place) -> StopReason {
        let text = self.notes.panic.take().unwrap_or_default();
        StopReason::Panicked(Panic::new(place, text))
    }

    fn close_mailbox(&mut self) {
        // The right to run is ours, so the close never hands it over.
        let _ = self.cell().close();
        // A waker that panics now changes nothing: the actor is about to end.
        let _ = self.serve();
    }

    pub(super) fn begin_to_stop(&mut self, reason: StopReason) {
        if self.continues_after(&reason) {
            self.judge(reason);
            self.enter(Phase::Pausing);
            return;
        }
        self.close_mailbox();
        self.judge(reason);
        self.enter(Phase::Clearing);
    }

    /// The same for an actor whose mailbox was closed by somebody, and is empty.
    pub(super) fn begin_to_stop_as_asked(&mut self) {
        let _ = self.serve();
        match self.why_closed() {
            STOPPED if self.continues_after(&StopReason::Stopped) => {
                self.note_stop();
                self.pronounce(STOPPED);
                return self.enter(Phase::Pausing);
            }
            // As one that is seen before the mailbox is found empty: it may begin anew after that.
            KILLED => {
                let reason = self.why_killed();
                return self.begin_to_stop(reason);
            }
            verdict => self.pronounce(verdict),
        }
        self.enter(Phase::Clearing);
    }

    /// Keeps the reason until the end is announced.
    fn judge(&mut self, reason: StopReason) {
        let verdict = match reason {
            StopReason::Stopped => STOPPED,
            StopReason::Unreachable => UNREACHABLE,
            StopReason::Killed => KILLED,
            StopReason::SystemShutdown => SHUTDOWN,
            _ => {
                header::side(self.cell()).ending.lock().reason = Some(reason);
                TOLD
            }
        };
        self.pronounce(verdict);
    }

    fn pronounce(&mut self, verdict: u8) {
        // SAFETY: the verdict is the runner's.
        self.cell().far().verdict.with_mut(|place| unsafe { *place = verdict });
    }

    /// Replaces an orderly reason by a panic; the first panic stays.
    pub(super) fn worsen(&mut self, reason: StopReason) {
        if self.verdict() != TOLD {
            self.judge(reason);
        } else {
            let header = self.cell();
            // UNWIND: an observer is user code.
            let _ = guard(|| header.near().host.actor_failed(header::info(header), &reason, false));
        }
    }

    /// Why the run was over that was the last so far.
    pub(super) fn last_reason(&self) -> StopReason {
        reason_of(self.cell(), self.verdict())
    }

    /// The next run has no reason yet.
    pub(super) fn forget_reason(&mut self) {
        if let Some(side) = header::known_side(self.cell()) {
            let (reason, failing) = (side.ending.lock().reason.take(), side.failing.lock().take());
            // UNWIND: both may hold the last of a user's error.
            let _ = guard(|| drop((reason, failing)));
        }
        self.pronounce(STOPPED);
    }

    pub(super) fn verdict(&self) -> u8 {
        // SAFETY: the verdict is the runner's.
        self.cell().far().verdict.with(|verdict| unsafe { *verdict })
    }

    /// The phases after Running.
    pub(super) fn wind_up(&mut self) -> End {
        if matches!(self.phase(), Phase::Clearing | Phase::Pausing) {
            if self.phase() == Phase::Clearing && !self.clear() {
                return self.behind();
            }
            self.enter(Phase::Stopping);
            let reason = reason_of(self.cell(), self.verdict());
            // Whatever the reason is. A kill from here on is a wake that `seen` doesn't know.
            self.seen = self.cell().far().state.look();
            // SAFETY: the vtable is that of the body.
            let stop = |turn: &mut Self| unsafe { (turn.cell().far().vtable.stop)(turn, reason) };
            let opened = if self.seen.is_marked() { self.stop_marked(stop) } else { stop(self) };
            if let Some(end) = self.hook_returned(opened) {
                return end;
            }
        }
        if self.goes_down() {
            return self.go_down();
        }
        // The mailbox of an actor that lived has been cleared, and is closed. Where there is a side, `post_stop` may
        // have left something there.
        let is_clear = self.phase() != Phase::Unborn && header::known_side(self.cell()).is_none();
        if !is_clear && !self.clear() {
            return self.behind();
        }
        self.end();
        End::Rested
    }

    /// Begins the `post_stop` of an actor that was killed, or is traced.
    #[cold]
    fn stop_marked(&mut self, stop: impl FnOnce(&mut Self) -> Opened) -> Opened {
        let control = self.seen;
        let opened = if control.is_traced() { self.traced(|| "post_stop", stop) } else { stop(self) };
        if opened == Opened::Suspended && control.is_killed() {
            self.let_expire();
        }
        opened
    }

    /// Turns leftover messages into dead letters. Returns false while a claimed place isn't published yet.
    #[inline(always)]
    fn clear(&mut self) -> bool {
        // Nearly always nothing is left, and where there is no side nothing is anywhere else.
        (header::known_side(self.cell()).is_none() && self.reader().is_drained()) || self.clear_away()
    }

    /// The same where there may be something.
    #[cold]
    #[inline(never)]
    fn clear_away(&mut self) -> bool {
        // Where there is no lane there is no side, and there are no watches.
        if let Some(left) = lane::close(self.cell()) {
            watches::close(self.cell());
            checkup::close(self.cell());
            self.bury_what_fired(left);
        }
        let mut reader = self.reader();
        if reader.is_drained() {
            self.discard_aside();
            return true;
        }
        let mut pauses = 0;
        loop {
            if let Some(parcel) = reader.next() {
                // SAFETY: the ring's vtables expect an undertaker here.
                self.bury(|undertaker| unsafe { parcel.discard(undertaker) });
                continue;
            }
            match reader.rest(true) {
                Rest::Drained => {
                    self.discard_aside();
                    return true;
                }
                _ if pauses == BUSY_SPINS => return false,
                _ => {
                    pauses += 1;
                    spin_loop();
                }
            }
        }
    }

    /// The same for what timers have left in the lane. Ends them.
    pub(super) fn bury_what_fired(&self, mut left: lane::Left) {
        for fired in left.fired.drain(..) {
            // SAFETY: a letter's vtable expects an undertaker here.
            self.bury(|undertaker| unsafe { fired.leave().discard(undertaker) });
        }
        left.drop_the_rest();
    }

    /// The same for letters that were put aside.
    fn discard_aside(&self) {
        while let Some(mut aside) = self.take_aside() {
            // SAFETY: as for those in the ring, and read once.
            self.bury(|undertaker| unsafe { (aside.vtable.discard)(aside.payload.as_mut_ptr(), undertaker) });
        }
    }

    /// Makes a dead letter of what `discard` disposes of.
    fn bury(&self, discard: impl FnOnce(NonNull<()>)) {
        let header = self.cell();
        let cause = reason_of(header, self.verdict());
        let undertaker = Undertaker { host: &*header.near().host, actor: &header::info(header), cause: &cause };
        discard(NonNull::from(&undertaker).cast());
    }

    /// Drops the body and announces the end. The living actor's reference is left to `activation`.
    fn end(&mut self) {
        let header = self.cell();
        let host = &header.near().host;
        let unborn = self.phase() == Phase::Unborn;
        self.reader().finish();
        if !unborn {
            self.drop_body();
        }
        if let Some(side) = header::known_side(header) {
            self.leave_lists(side);
        }
        // Also that of one that was killed while it started, and has waited for others.
        if self.is_start_awaited() {
            let reason = reason_of(header, self.verdict());
            self.announce_start(Err(&reason));
        }
        if unborn && self.has_body() {
            self.drop_body();
        }
        let verdict = self.verdict();
        // One that was down has failed before, and that was told then.
        if verdict == TOLD && !self.charge().is_some_and(Charge::is_told) {
            let observed = self.notes.told || header.far().state.peek().is_watched();
            // UNWIND: an observer is user code.
            let _ = guard(|| host.actor_failed(header::info(header), &reason_of(header, verdict), observed));
        }
        if header.terms().keeps_itself() {
            // SAFETY: counted when the task was made, and given up once.
            drop(unsafe { Strong::from_counted(self.header) });
        }
        // If nobody refers to it, nobody will hear of the end, and nobody can come to do so but visitors of its seat.
        let mut alone = !header.terms().is_ward() && self.is_alone();
        if !alone {
            self.announce_end();
        }
        match self.desk {
            Some(desk) => {
                debug_assert!(
                    host.seats().is_none_or(|seats| desk.is_at(seats)),
                    "a worker runs its own system's actors"
                );
                desk.leave(header);
            }
            None => {
                if let Some(seats) = host.seats() {
                    seats.leave(header);
                }
            }
        }
        // RECHECK: a visitor may have come before it left its seat.
        if alone && !self.is_alone() {
            alone = false;
            self.announce_end();
        }
        host.ended();
        let notes = self.notes();
        notes.alone = alone;
        notes.ended = true;
    }

    /// The name is free, and the actor on nobody's list, before anybody hears of the end.
    #[cold]
    fn leave_lists(&self, side: &Side) {
        let mut ending = side.ending.lock();
        let (name, own) = (ending.name.clone(), ending.own.take());
        drop(ending);
        if let Some(name) = name {
            self.cell().near().host.free_name(&name);
        }
        drop(own);
        farewell::say(side);
    }

    /// Whether nobody but its runner refers to the task.
    fn is_alone(&self) -> bool {
        let header = self.cell();
        // SAFETY: the spare references are the runner's.
        let spare = header.far().spare.with(|spare| unsafe { *spare });
        header.near().refs.are_only(u32::from(spare) + 1)
    }

    /// Says that the actor has ended, and wakes who waits for that.
    fn announce_end(&mut self) {
        let header = self.cell();
        let (verdict, charge) = (self.verdict(), self.charge());
        if let Some(charge) = charge {
            charge.drop_maker();
        }
        if header.far().state.end(verdict).is_watched()
            && let Some(side) = header::known_side(header)
        {
            let watchers = std::mem::take(&mut side.ending.lock().watchers);
            for waker in watchers {
                // UNWIND: a watcher's waker is user code.
                let _ = guard(|| waker.wake());
            }
            watches::tell_audience(header, side, verdict);
        }
        if let Some(charge) = charge {
            charge.report(Report::Ended(reason_of(header, verdict)));
        }
    }

    pub(super) fn drop_body(&mut self) {
        self.set_made(false);
        // UNWIND: the actor's drop. It counts as dropped after a panic.
        // SAFETY: the body is alive, and dropped once: by `end`, which no phase follows.
        if let Err(text) = guard(|| unsafe { (self.cell().far().vtable.drop_body)(self.header) }) {
            self.worsen(StopReason::Panicked(Panic::new(Place::Drop, text)));
        }
    }
}

/// The reason behind a verdict.
#[inline]
pub(in crate::task) fn reason_of(header: &Header, verdict: u8) -> StopReason {
    match verdict {
        STOPPED => StopReason::Stopped,
        UNREACHABLE => StopReason::Unreachable,
        KILLED => StopReason::Killed,
        SHUTDOWN => StopReason::SystemShutdown,
        _ => told_reason(header),
    }
}

/// The one that is kept on the side.
#[cold]
fn told_reason(header: &Header) -> StopReason {
    let told = header::known_side(header).and_then(|side| side.ending.lock().reason.clone());
    told.unwrap_or(StopReason::Stopped)
}
