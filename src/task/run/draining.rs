//! What an actor does while it runs: it handles messages until there is a reason not to.
//!
//! | looked at before each message, in this order | if it is there |
//! |---|---|
//! | a kill, a recall, a failure that the actor has told of | it stops, or goes on as `on_error` says |
//! | notices | it hears of each |
//! | messages of timers | it handles some: [`ACTIVATION_TICKS`] of both kinds in an activation |
//! | the mailbox | it handles the oldest message |
//! | nothing of all that | it rests, or learns from [`Rest`] why it can't |
//!
//! The clock, the room to give back and the share of time are looked at after some messages alone. They have a stage of their
//! own: most activations end before it.

use std::ptr::NonNull;

use super::{TaskReader, Turn};
use crate::mailbox::envelope::{Opened, Parcel};
use crate::mailbox::ring::Rest;
use crate::mailbox::waiters;
use crate::sync::hint::spin_loop;
use crate::sync::limits::{ACTIVATION_MESSAGES, ACTIVATION_TICKS, BUSY_SPINS, FIRST_LOOK};
use crate::sync::unwind::{Text, guard};
use crate::task::header::{self, Failing, Header, Side};
use crate::task::lane;
use crate::task::post::Aside;
use crate::task::reason::{Directive, Panic, Place, StopReason};
use crate::task::share::Share;
use crate::task::watches;

/// How draining the mailbox ended.
#[derive(Clone, Copy)]
pub(super) enum Drained {
    Idle,
    Suspended,
    /// The share is used up.
    Share,
    /// The next message is claimed but not there yet.
    Behind,
    /// The stop has begun.
    Stopped,
}

impl Turn<'_> {
    /// Handles messages until there is a reason not to; notes each of them if the task is `TRACED`, which is found out before
    /// the first one.
    #[inline(always)]
    pub(super) fn drain<const TRACED: bool>(&mut self) -> Drained {
        let (cell, mut reader) = (self.cell(), self.reader());
        let mut left = Self::first_stage(&reader);
        loop {
            if let Some(end) = self.handle_next::<TRACED>(cell, &mut reader) {
                return end;
            }
            #[cfg(any(corecast_loom, feature = "sim"))]
            if self.common.clock.is_virtual() {
                // One message at a time.
                if self.cell().len() > 0 {
                    return Drained::Share;
                }
                continue;
            }
            left -= 1;
            if left == 0 {
                return self.drain_on::<TRACED>();
            }
        }
    }

    /// How many messages are handled before anything is looked at that needn't be looked at after each.
    #[inline(always)]
    fn first_stage(reader: &TaskReader<'_>) -> u32 {
        reader.credit_interval().min(FIRST_LOOK)
    }

    /// Goes on after the first stage: now and then it looks at everything that needn't be looked at after each message.
    #[inline(never)]
    fn drain_on<const TRACED: bool>(&mut self) -> Drained {
        let (cell, mut reader) = (self.cell(), self.reader());
        let mut handled = Self::first_stage(&reader);
        let mut share = Share::new();
        loop {
            if reader.credit(false)
                && let Err(text) = self.serve()
            {
                return self.waker_panicked(text);
            }
            if share.is_used_up(handled, &self.common.clock, &mut self.looked) {
                return Drained::Share;
            }
            let stage = reader.credit_interval().min(share.next_look.min(ACTIVATION_MESSAGES) - handled);
            for _ in 0..stage {
                if let Some(end) = self.handle_next::<TRACED>(cell, &mut reader) {
                    return end;
                }
            }
            handled += stage;
        }
    }

    /// Handles the next message, after what comes ahead of it. Returns how the draining ended, if it did.
    #[inline(always)]
    fn handle_next<const TRACED: bool>(&mut self, cell: &Header, reader: &mut TaskReader<'_>) -> Option<Drained> {
        let mut seen = cell.far().state.look();
        if seen.calls() {
            self.seen = seen;
            if let Some(end) = self.answer::<TRACED>() {
                return Some(end);
            }
            seen = self.seen;
        }
        let parcel = match reader.next() {
            Some(parcel) => {
                self.seen = seen;
                parcel
            }
            None => {
                let mut found = None;
                if self.patience == 0 && !seen.is_ringing() {
                    match reader.rest(false) {
                        // By far the most frequent.
                        Rest::Idle => return Some(Drained::Idle),
                        rest => found = Some(rest),
                    }
                }
                self.seen = seen;
                match self.wait_for_more::<TRACED>(cell, reader, found) {
                    Ok(parcel) => parcel,
                    Err(end) => return Some(end),
                }
            }
        };
        let what = parcel.what();
        // SAFETY: the ring's vtables are made for this task's body, and expect a turn.
        let open = |turn: &mut Self| unsafe { parcel.open(NonNull::from(turn).cast()) };
        match if TRACED { self.traced(what, open) } else { open(self) } {
            Opened::Done => None,
            Opened::Suspended => Some(Drained::Suspended),
            Opened::Panicked => {
                let reason = self.panic_reason(Place::Handler);
                Some(self.stop(reason))
            }
        }
    }

    /// Before each message: notes the task word, and whether there is a kill, a notice or a timer's message to be seen to.
    #[inline(always)]
    pub(super) fn is_called(&mut self) -> bool {
        self.is_called_to(self.cell())
    }

    /// The same for one who has the cell at hand.
    #[inline(always)]
    fn is_called_to(&mut self, cell: &Header) -> bool {
        self.seen = cell.far().state.look();
        self.seen.calls()
    }

    /// The same as [`drain`](Self::drain) for a task that is traced.
    #[cold]
    #[inline(never)]
    fn drain_traced(&mut self) -> Drained {
        self.drain::<true>()
    }

    /// Sees to a kill, a recall and a failure, to all notices, and to messages of timers as long as there are ticks left. Returns
    /// how the draining ended, if it did; that of a task that is traced, as it turns out, goes on elsewhere.
    #[cold]
    fn answer<const TRACED: bool>(&mut self) -> Option<Drained> {
        loop {
            if self.seen.is_marked() {
                if self.seen.is_killed() {
                    let reason = self.why_killed();
                    return Some(self.stop(reason));
                }
                if !TRACED {
                    return Some(self.drain_traced());
                }
            }
            if self.seen.is_recalled() {
                return Some(self.stop(StopReason::Restarting));
            }
            if self.seen.is_failing() {
                if let Some(end) = self.judge_failure() {
                    return Some(end);
                }
                let _ = self.is_called();
                continue;
            }
            if self.seen.is_noticed() {
                if !self.take_tick() {
                    // The rest of them comes before the next message, too.
                    return Some(Drained::Share);
                }
                if let Some(end) = self.hear() {
                    return Some(end);
                }
                let _ = self.is_called();
                continue;
            }
            if !self.seen.is_ringing() || !self.take_tick() {
                return None;
            }
            if let Some(fired) = lane::take(self.cell()) {
                if let Some(charge) = self.charge() {
                    charge.note_apart();
                }
                let what = fired.what();
                // UNWIND: a message that comes again is cloned.
                let open = |turn: &mut Self| match guard(|| fired.take()) {
                    // SAFETY: a source of this task brings letters for its body, which expect a turn.
                    Ok(letter) => unsafe { letter.open(NonNull::from(turn).cast()) },
                    Err(text) => {
                        // It was accepted, and is gone.
                        turn.panicked(text, Some(what()), false);
                        Opened::Panicked
                    }
                };
                match if TRACED { self.traced(what, open) } else { open(self) } {
                    Opened::Done => {}
                    Opened::Suspended => return Some(Drained::Suspended),
                    Opened::Panicked => {
                        let reason = self.panic_reason(Place::Handler);
                        return Some(self.stop(reason));
                    }
                }
            }
            let _ = self.is_called();
        }
    }

    /// Whether it may handle one more message of a timer, or notice, ahead of the mailbox. Then it does.
    #[inline]
    fn take_tick(&mut self) -> bool {
        #[cfg(not(any(corecast_loom, feature = "sim")))]
        let most = ACTIVATION_TICKS;
        // One at a time, and the mailbox's next after it.
        #[cfg(any(corecast_loom, feature = "sim"))]
        let most = if self.common.clock.is_virtual() { 1 } else { ACTIVATION_TICKS };
        let notes = self.notes();
        let is_left = notes.ticks < most;
        notes.ticks += u32::from(is_left);
        is_left
    }

    /// Sees to what the actor has said of itself. Returns how the draining ended, if it did.
    #[cold]
    #[inline(never)]
    fn judge_failure(&mut self) -> Option<Drained> {
        let header = self.cell();
        header.far().state.forget_failing();
        let failing = header::known_side(header)?.failing.lock().take()?;
        let error = match failing {
            Failing::End(reason) => return Some(self.stop(reason)),
            Failing::Judge(error) => error,
        };
        // UNWIND: `on_error` is user code.
        // SAFETY: the vtable is that of the body, and no frame borrows it: its handler has returned.
        let directive = match guard(|| unsafe { (header.far().vtable.judge)(self.header, &error) }) {
            Ok(directive) => directive,
            Err(text) => return Some(self.stop(StopReason::Panicked(Panic::new(Place::OnError, text)))),
        };
        if directive == Directive::Resume {
            return None;
        }
        if let Some(charge) = self.charge() {
            charge.note_failed();
            match directive {
                Directive::Escalate => charge.set_escalates(),
                // The runner has it, so it isn't suspended.
                Directive::Stop => drop(header.far().state.dismiss()),
                Directive::Restart | Directive::Resume => {}
            }
        }
        Some(self.stop(StopReason::Failed(error)))
    }

    /// Rests, unless there is another message after all. What was `found` by an attempt to rest comes first.
    ///
    /// # Errors
    ///
    /// How the draining ended, if there is none.
    #[inline(never)]
    fn wait_for_more<'r, const TRACED: bool>(
        &mut self,
        cell: &Header,
        reader: &mut TaskReader<'r>,
        mut found: Option<Rest>,
    ) -> Result<Parcel<'r>, Drained> {
        let (mut served, mut pauses) = (false, 0);
        loop {
            // Nothing more comes into a mailbox that is closed.
            if found.is_none() && self.patience > 0 && !cell.is_closed() {
                self.patience -= 1;
                spin_loop();
            } else if found.is_none() && self.seen.is_ringing() {
                // This activation has had its share of them.
                return Err(Drained::Share);
            } else {
                match found.take().unwrap_or_else(|| reader.rest(served)) {
                    Rest::Idle => return Err(Drained::Idle),
                    Rest::Behind if pauses < BUSY_SPINS => {
                        pauses += 1;
                        spin_loop();
                    }
                    Rest::Behind => return Err(Drained::Behind),
                    Rest::Gated => match self.serve() {
                        Ok(empty) => served = empty,
                        Err(text) => return Err(self.waker_panicked(text)),
                    },
                    Rest::Nudged if Self::is_reachable(self.cell()) => {
                        reader.forget_nudge();
                        // RECHECK: that may have been the last reference's.
                        if Self::is_reachable(self.cell()) {
                            lane::unseal(self.cell());
                            watches::unseal(self.cell());
                        } else {
                            // The right to run is ours, so the nudge never hands it over.
                            let _ = self.cell().nudge();
                        }
                    }
                    // RECHECK: the last reference may have sent something since `rest` looked. It is handled first, and
                    // the nudge stays. So is a timer's message that is in the lane by now, and a notice; those that come later
                    // are not waited for.
                    Rest::Nudged if self.cell().len() > 0 || lane::seal(self.cell()) || watches::seal(self.cell()) => {}
                    Rest::Nudged => return Err(self.stop(StopReason::Unreachable)),
                    // RECHECK: a timer's message that fired before the close is handled before the end.
                    Rest::Drained if self.is_called() && self.seen.asks() => {}
                    Rest::Drained => return Err(self.go_on_aside()),
                }
            }
            if self.is_called_to(cell)
                && let Some(end) = self.answer::<TRACED>()
            {
                return Err(end);
            }
            if let Some(parcel) = reader.next_after_all() {
                return Ok(parcel);
            }
        }
    }

    /// Opens the next letter that was put aside, or stops if there is none. The others have their turn after each.
    #[inline(never)]
    fn go_on_aside(&mut self) -> Drained {
        match self.take_aside() {
            Some(aside) => self.open_aside(aside),
            None => {
                self.begin_to_stop_as_asked();
                Drained::Stopped
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn open_aside(&mut self, mut aside: Aside) -> Drained {
        let what = aside.vtable.message;
        // SAFETY: put aside for this task's body, and read once; its vtable expects a turn.
        let mut open =
            |turn: &mut Self| unsafe { (aside.vtable.open)(aside.payload.as_mut_ptr(), NonNull::from(turn).cast()) };
        match if self.seen.is_traced() { self.traced(what, open) } else { open(self) } {
            Opened::Done => Drained::Share,
            Opened::Suspended => Drained::Suspended,
            Opened::Panicked => {
                let reason = self.panic_reason(Place::Handler);
                self.stop(reason)
            }
        }
    }

    #[inline(always)]
    pub(super) fn take_aside(&self) -> Option<Aside> {
        header::known_side(self.cell()).and_then(Self::take_aside_of)
    }

    #[cold]
    #[inline(never)]
    fn take_aside_of(side: &Side) -> Option<Aside> {
        side.ending.lock().aside.pop_front()
    }

    /// Places waiting messages. Returns whether the line is empty.
    ///
    /// # Errors
    ///
    /// The text of the panic, if a waiting sender's waker panicked.
    #[cold]
    pub(super) fn serve(&self) -> Result<bool, Text> {
        let header = self.cell();
        match header::known_side(header) {
            Some(side) => waiters::serve(header, &side.line),
            None => Ok(true),
        }
    }

    /// Why the actor stops when a waiting sender's waker has panicked.
    #[cold]
    pub(super) fn waker_panicked(&mut self, text: Text) -> Drained {
        self.stop(StopReason::Panicked(Panic::new(Place::Handler, text)))
    }

    /// Begins to stop, and says so.
    #[cold]
    pub(super) fn stop(&mut self, reason: StopReason) -> Drained {
        self.begin_to_stop(reason);
        Drained::Stopped
    }

    /// Gives room back, and lets waiting senders have it.
    ///
    /// # Errors
    ///
    /// As for [`serve`](Self::serve).
    pub(super) fn credit_all(&mut self) -> Result<(), Text> {
        if self.reader().credit(true) { self.serve().map(drop) } else { Ok(()) }
    }
}
