//! One activation of a task: what a worker does with the right to run it.
//!
//! | phase | entered by | what runs | left to |
//! |---|---|---|---|
//! | New | creation; a word to begin anew | – | Making, Starting; Unborn if it was killed |
//! | Making | first activation of a run, if the actor is supervised | its factory | Starting; Unborn, Down |
//! | Starting | first activation of a run | `pre_start` | Running; Unborn, Down; Clearing or Pausing if it was killed, and waits for others |
//! | Running | a start that succeeded | messages, in order | Clearing, Pausing |
//! | Hearing | a notice | `on_terminated`: of the end of one that it watches | Running; Clearing, Pausing |
//! | Checking | a notice | `health_check`, which is due | Running; Clearing, Pausing |
//! | Pausing | as Clearing, if it is supervised and may begin anew | – | Stopping |
//! | Clearing | stop, kill, panic, or nobody can reach it | the mailbox is closed; leftovers become dead letters | Stopping |
//! | Stopping | an empty, closed mailbox; Pausing | `post_stop` | Ending; Expiring when it waits and the actor is killed |
//! | Expiring | a kill | `post_stop`, until its deadline | Ending |
//! | Ending | `post_stop` done, expired or panicked | the body is dropped, the end announced | –; Down, after Pausing |
//! | Down | the end of a run that isn't the last | nothing: it waits for its supervisor's word | New; Unborn |
//! | Unborn | a start that failed, panicked or was killed; a word to end | leftovers become dead letters, then as Ending | – |
//!
//! How messages are handled is in [`draining`], what a notice has the runner do in [`notices`]. The phases after Running are in
//! [`ending`], what is between two runs in [`renewal`].
//!
//! An activation ends in one of four ways, each with its last access to the cell: the idle CAS, the end, or with the
//! right to run still in hand, to be put into a run queue or, if the handler waits, to be [held](super::held) or
//! suspended.

mod draining;
mod ending;
mod notices;
mod renewal;

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use super::charge::Charge;
use super::current;
use super::edge;
use super::frame::{self, Frame, Scratch};
use super::handle::Weak;
use super::header::{self, Far, Header, Near, Terms};
use super::held::Waiting;
use super::identity::ActorId;
use super::reason::{ActorError, Panic, Place, ReplyErrorReason, StopReason};
use super::runnable::Runnable;
use super::seats::Desk;
use super::state::{Snapshot, Suspend};
use super::waits::{Found, Waits};
use super::waker;
use crate::mailbox::envelope::Opened;
use crate::mailbox::ring::Reader;
use crate::sync::limits::DEFER_SPINS;
use crate::sync::shown::Small;
use crate::sync::time::{Clock, Moment};
use crate::sync::unwind::{Text, guard};
use draining::Drained;
pub(super) use ending::reason_of;

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    New,
    Making,
    Starting,
    Running,
    Hearing,
    Checking,
    Pausing,
    Clearing,
    Stopping,
    Expiring,
    Ending,
    Down,
    Unborn,
}

impl Small for Phase {
    type Atomic = <u8 as Small>::Atomic;

    #[inline(always)]
    fn wrap(self) -> Self::Atomic {
        (self as u8).wrap()
    }

    #[inline(always)]
    fn load(from: &Self::Atomic) -> Self {
        // SAFETY: `wrap` and `store` put phases there.
        unsafe { std::mem::transmute::<u8, Self>(u8::load(from)) }
    }

    #[inline(always)]
    unsafe fn read(from: &Self::Atomic) -> Self {
        // SAFETY: as above, and the caller's promise.
        unsafe { std::mem::transmute::<u8, Self>(u8::read(from)) }
    }

    #[inline(always)]
    fn store(self, to: &Self::Atomic) {
        (self as u8).store(to);
    }
}

/// What all workers of a system share, as far as activations are concerned.
#[derive(Debug)]
pub(crate) struct Common {
    /// The system's clock.
    pub(crate) clock: Clock,
    /// Who waits for whom.
    pub(crate) waits: Waits,
    /// How long a handler may take before somebody hears of it, if anybody wants to.
    pub(crate) slow: Option<Duration>,
}

/// What a worker brings to its activations. They use it one after the other, so that each finds it as it needs it, and has
/// little to prepare.
#[derive(Debug)]
pub(crate) struct Bench<'a>(Turn<'a>);

impl<'a> Bench<'a> {
    /// With the block for the next frame, what this worker shares, when it last looked at the clock, and where those who end
    /// leave their seats, if it has a desk.
    pub(crate) fn new(scratch: Scratch, common: &'a Common, looked: Moment, desk: Option<&'a Desk>) -> Self {
        Self(Turn {
            header: NonNull::dangling(),
            scratch,
            common,
            looked,
            desk,
            seen: Snapshot::UNTOUCHED,
            patience: 0,
            started: None,
            is_noted: false,
            notes: Notes::default(),
        })
    }

    /// Another core is feeding the actor that is run next: more messages are likely to come in a moment.
    pub(crate) fn expect_more(&mut self) {
        self.0.patience = DEFER_SPINS;
    }

    /// When this worker last looked at the clock.
    pub(crate) fn looked(&self) -> Moment {
        self.0.looked
    }

    /// The block for the next frame, and the last look at the clock.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn clear(self) -> (Scratch, Moment) {
        (self.0.scratch, self.0.looked)
    }
}

/// What the worker does next.
#[derive(Debug)]
#[must_use = "the right to run may be in it"]
pub(crate) enum After {
    /// The task rests, is suspended or has ended: it isn't the worker's any more.
    Rested,
    /// Its handler waits. It is to be suspended, or held.
    Waits(Waiting),
    /// It has more to do, and goes to the back of the queue.
    Again(Runnable),
    /// A message that it must handle next is claimed but not there yet: whoever sends it needs the processor.
    Behind(Runnable),
}

/// The reader of a task's mailbox.
type TaskReader<'a> = Reader<'a, Terms, Near, Far>;

/// One activation, and then the next one of the same worker.
pub(crate) struct Turn<'a> {
    /// The task; of the last activation, while there is none.
    header: NonNull<Header>,
    scratch: Scratch,
    common: &'a Common,
    /// When this worker last looked at the clock.
    looked: Moment,
    desk: Option<&'a Desk>,
    /// The task word as it was before the present handler was polled.
    seen: Snapshot,
    /// Pauses that it may still spend on an empty mailbox. None are left between two activations.
    patience: u32,
    /// What `pre_start` or the factory returned, until that has been seen to.
    started: Option<Result<(), ActorError>>,
    /// There is something in the notes.
    is_noted: bool,
    notes: Notes,
}

/// What few activations have to remember. Empty before each.
#[derive(Debug, Default)]
struct Notes {
    /// Messages of timers, and notices, that it has handled ahead of the mailbox.
    ticks: u32,
    panic: Option<Text>,
    /// An asker has been told of the failure.
    told: bool,
    /// It was the last activation.
    ended: bool,
    /// And nobody refers to the task.
    alone: bool,
}

/// What [`After`] is made of: all but the task, which is the turn's.
#[derive(Clone, Copy)]
#[must_use = "the right to run may be left"]
enum End {
    Rested,
    Waits,
    Again,
    Behind,
}

/// Runs a task.
///
/// # Safety
///
/// The caller has the right to run it, which this uses up.
#[inline(always)]
pub(super) unsafe fn activation(header: NonNull<Header>, worker: &mut Bench<'_>) -> After {
    let turn = &mut worker.0;
    turn.header = header;
    let end = {
        let _running = current::enter(header);
        turn.activate()
    };
    if turn.is_noted {
        let Notes { ended, alone, .. } = turn.forget_notes();
        if ended {
            // Only now: freeing the cell runs user code, which must not take the task for one that is being run.
            // SAFETY: the spare references are the runner's, and the living actor's own is given up once: with the memory,
            // if there are no others.
            unsafe {
                if alone {
                    header::free(header);
                } else {
                    waker::release_spare(header);
                    header::release(header);
                }
            }
        }
    }
    if matches!(end, End::Rested) {
        // By far the most frequent.
        debug_assert_eq!(turn.patience, 0, "who rests has waited");
        return After::Rested;
    }
    turn.patience = 0;
    // SAFETY: the right to run is still ours, in all of these cases but the first.
    let task = || unsafe { Runnable::from_header(header) };
    match end {
        End::Rested => After::Rested,
        End::Waits => After::Waits(Waiting::new(task(), turn.seen)),
        End::Again => After::Again(task()),
        End::Behind => After::Behind(task()),
    }
}

/// Leaves a task whose handler waits for `targets` to its wakers, unless it has been woken since the poll that found the
/// task word as in `seen`: then it comes back.
pub(super) fn suspend(task: Runnable, seen: Snapshot, common: &Common, targets: &[Cell<ActorId>]) -> Option<Runnable> {
    let header = task.into_header();
    // SAFETY: the living actor's own weak reference keeps the cell, and we have the right to run it.
    let cell = unsafe { header.as_ref() };
    let member = if targets.is_empty() { ActorId::UNKNOWN } else { header::id(cell) };
    if member.is_known() {
        // SAFETY: the flag is the runner's.
        cell.far().waits.with_mut(|waits| unsafe { *waits = true });
        common.waits.publish(member, targets);
    }
    match cell.far().state.suspend(seen) {
        Suspend::Suspended => {
            // The actor is its wakers' from here on: it may be run elsewhere, or have ended.
            if member.is_known() {
                common.waits.look(member, targets);
            }
            None
        }
        // SAFETY: the right to run is still ours.
        Suspend::Notified => Some(unsafe { Runnable::from_header(header) }),
    }
}

impl<'a> Turn<'a> {
    /// The task that is being run.
    #[inline(always)]
    pub(super) fn header(&self) -> NonNull<Header> {
        self.header
    }

    #[inline(always)]
    pub(super) fn scratch(&mut self) -> &mut Scratch {
        &mut self.scratch
    }

    /// The notes, to write something down.
    #[inline(always)]
    fn notes(&mut self) -> &mut Notes {
        self.is_noted = true;
        &mut self.notes
    }

    #[inline(always)]
    fn forget_notes(&mut self) -> Notes {
        self.is_noted = false;
        self.patience = 0;
        std::mem::take(&mut self.notes)
    }

    pub(super) fn common(&self) -> &'a Common {
        self.common
    }

    #[inline(always)]
    pub(super) fn cell(&self) -> &'a Header {
        // SAFETY: the living actor's own weak reference keeps the cell, and we have the right to run it.
        unsafe { self.header.as_ref() }
    }

    #[inline(always)]
    fn reader(&self) -> TaskReader<'a> {
        // SAFETY: whoever has the right to run is the only reader.
        unsafe { self.cell().reader() }
    }

    #[inline(always)]
    fn phase(&self) -> Phase {
        // SAFETY: the phase is the runner's.
        unsafe { self.cell().far().phase.get() }
    }

    fn enter(&mut self, next: Phase) {
        self.cell().far().phase.set(next);
    }

    #[inline(always)]
    fn take_frame(&mut self) -> Option<Frame> {
        // Mostly there is none: then nothing is written.
        // SAFETY: the frame is the runner's.
        self.cell().far().frame.with_mut(|frame| unsafe { if (*frame).is_some() { (*frame).take() } else { None } })
    }

    /// Whether its handler was suspended.
    #[cfg(any(corecast_loom, feature = "sim"))]
    fn has_frame(&self) -> bool {
        // SAFETY: the frame is the runner's.
        self.cell().far().frame.with(|frame| unsafe { (*frame).is_some() })
    }

    /// Notes what `pre_start` returned.
    pub(super) fn start_returned(&mut self, outcome: Result<(), ActorError>) {
        self.started = Some(outcome);
    }

    /// Leaves a frame that waits with the actor.
    pub(super) fn keep_frame(&mut self, kept: Frame) {
        // SAFETY: the frame is the runner's.
        self.cell().far().frame.with_mut(|frame| unsafe { *frame = Some(kept) });
    }

    /// Notes a panic of user code. `message` is the one that failed with it.
    #[cold]
    pub(super) fn panicked(&mut self, text: Text, message: Option<&'static str>, told: bool) {
        if let Some(message) = message {
            let cause = StopReason::Panicked(Panic::new(Place::Handler, text.clone()));
            self.message_failed(message, &cause, told);
        }
        let notes = self.notes();
        notes.told |= told;
        notes.panic = Some(text);
    }

    fn message_failed(&self, message: &'static str, cause: &StopReason, told: bool) {
        let header = self.cell();
        if let Some(charge) = self.charge() {
            charge.note_failed();
        }
        // UNWIND: an observer is user code.
        let _ = guard(|| header.near().host.message_failed(header::info(header), message, cause, told));
    }

    #[inline(always)]
    fn activate(&mut self) -> End {
        #[cfg(any(corecast_loom, feature = "sim"))]
        let goes_on = self.common.clock.is_virtual() && (self.phase() != Phase::Running || self.has_frame());
        if let Some(frame) = self.take_frame() {
            if let Some(end) = self.resume(frame) {
                return end;
            }
        } else if self.phase() != Phase::Running
            && let Some(end) = self.begin_to_run()
        {
            return end;
        }
        if self.phase() == Phase::Running {
            // In a simulation its start, or the rest of a handler, is a step of its own.
            #[cfg(any(corecast_loom, feature = "sim"))]
            if goes_on && self.cell().len() > 0 {
                return self.again();
            }
            match self.drain::<false>() {
                // By far the most frequent.
                Drained::Idle => return End::Rested,
                Drained::Suspended => return self.suspend(),
                Drained::Share => return self.again(),
                Drained::Behind => return self.behind(),
                Drained::Stopped => {}
            }
        }
        self.wind_up()
    }

    /// Sees to an actor that isn't running, and has no handler that waits. Returns how the activation ended, if it did.
    #[inline(always)]
    fn begin_to_run(&mut self) -> Option<End> {
        self.seen = self.cell().far().state.look();
        match self.phase() {
            Phase::New => self.begin(),
            Phase::Down => self.reconsider(),
            _ => None,
        }
    }

    /// Begins a run: with the factory, if the actor has one, and `pre_start`.
    #[inline(always)]
    fn begin(&mut self) -> Option<End> {
        let control = self.cell().far().state.peek();
        if control.is_marked() {
            return self.begin_marked(control);
        }
        match self.begin_to_make() {
            Some(opened) => self.hook_returned(opened),
            None => self.begin_to_start(),
        }
    }

    /// The same for one that was killed or called back before, or is traced.
    #[cold]
    fn begin_marked(&mut self, control: Snapshot) -> Option<End> {
        if control.is_killed() || control.is_recalled() {
            let reason = self.why_killed();
            self.fail_to_start(reason);
            return None;
        }
        let opened = self.begin_to_make().unwrap_or_else(|| self.traced(|| "pre_start", Self::open_start));
        self.hook_returned_apart(opened)
    }

    #[inline(always)]
    fn begin_to_start(&mut self) -> Option<End> {
        let opened = self.open_start();
        self.hook_returned(opened)
    }

    /// Goes on after a `pre_start` that succeeded.
    #[inline(always)]
    fn has_started(&mut self) {
        self.enter(Phase::Running);
        self.announce_start(Ok(()));
        self.report_start();
    }

    #[inline(always)]
    fn open_start(&mut self) -> Opened {
        self.enter(Phase::Starting);
        // SAFETY: the vtable is that of the body.
        unsafe { (self.cell().far().vtable.start)(self) }
    }

    #[cold]
    fn start_what_was_made(&mut self) -> Option<End> {
        let is_traced = self.cell().far().state.peek().is_traced();
        let opened = if is_traced { self.traced(|| "pre_start", Self::open_start) } else { self.open_start() };
        self.hook_returned_apart(opened)
    }

    /// Polls the frame of an actor that was suspended, or drops it if that is asked for.
    #[inline(always)]
    fn resume(&mut self, frame: Frame) -> Option<End> {
        let control = self.cell().far().state.resume();
        self.seen = control;
        self.withdraw_waits();
        let opened = if control.diverts() {
            self.resume_diverted(frame)?
        } else {
            // SAFETY: the frame is this task's.
            unsafe { frame::resume(self, frame) }
        };
        if self.phase() == Phase::Running {
            match opened {
                Opened::Done => None,
                Opened::Suspended => Some(self.suspend()),
                Opened::Panicked => {
                    let reason = self.panic_reason(Place::Handler);
                    self.begin_to_stop(reason);
                    None
                }
            }
        } else {
            self.hook_returned_apart(opened)
        }
    }

    /// Polls the frame of a task that was killed, has had its time, waits in a circle or is traced. None if it was dropped.
    #[cold]
    fn resume_diverted(&mut self, frame: Frame) -> Option<Opened> {
        let control = self.seen;
        let stopping = matches!(self.phase(), Phase::Stopping | Phase::Expiring);
        if (control.is_killed() && !stopping) || (control.is_expired() && stopping && self.has_expired()) {
            let cause = if stopping { StopReason::Killed } else { self.why_killed() };
            self.abort(frame, cause, ReplyErrorReason::Killed);
            return None;
        }
        if control.is_killed() && self.phase() == Phase::Stopping {
            self.let_expire();
        }
        let go_on = |turn: &mut Self| {
            if control.is_circle() {
                turn.resume_in_circle(frame)
            } else {
                // SAFETY: the frame is this task's.
                unsafe { frame::resume(turn, frame) }
            }
        };
        Some(if control.is_traced() { self.traced_on(go_on) } else { go_on(self) })
    }

    /// Gives the `post_stop` of a killed actor its deadline.
    #[cold]
    fn let_expire(&mut self) {
        if self.waits_for_others() {
            return;
        }
        self.enter(Phase::Expiring);
        let header = self.cell();
        if let Some(charge) = self.charge() {
            charge.note_deadline();
        }
        header::retain(header);
        header.near().host.expire_later(Weak::from_retained(self.header));
    }

    /// Whether it ends after others, for which its `post_stop` waits.
    #[cold]
    fn waits_for_others(&self) -> bool {
        header::known_side(self.cell()).is_some_and(|side| side.ending.lock().waits_for_others)
    }

    /// Whether it is this `post_stop` whose time is up, not that of an earlier run.
    #[cold]
    fn has_expired(&self) -> bool {
        self.charge().is_none_or(Charge::has_expired)
    }

    /// Drops a suspended frame at its await point.
    #[cold]
    fn abort(&mut self, frame: Frame, cause: StopReason, answer: ReplyErrorReason) {
        if self.seen.is_circle() {
            // Nobody hears of it.
            drop(self.take_found());
        }
        let message = frame.message();
        // SAFETY: the frame is this task's, and used up by this.
        let aborted = unsafe { frame::abort(self, frame, answer) };
        self.notes().told |= aborted.told;
        let (place, next) = match self.phase() {
            Phase::Making => (Place::Factory, Phase::Unborn),
            // What it has others for is there already: it has to wait for them, as if it had started.
            Phase::Starting if self.waits_for_others() => (Place::PreStart, Phase::Clearing),
            Phase::Starting => (Place::PreStart, Phase::Unborn),
            Phase::Hearing => (Place::OnTerminated, Phase::Clearing),
            Phase::Checking => (Place::HealthCheck, Phase::Clearing),
            Phase::Stopping | Phase::Expiring => (Place::PostStop, Phase::Ending),
            _ => (Place::Handler, Phase::Clearing),
        };
        let reason = match aborted.panic {
            Some(text) => StopReason::Panicked(Panic::new(place, text)),
            None => cause,
        };
        if self.seen.is_traced() {
            self.end_trace();
        }
        if let Some(message) = message {
            self.message_failed(message, &reason, aborted.told);
        }
        match next {
            Phase::Clearing => self.begin_to_stop(reason),
            Phase::Unborn => self.fail_to_start(reason),
            _ => self.enter(Phase::Ending),
        }
    }

    /// Goes on after `pre_start`, `on_terminated`, `health_check` or `post_stop`. Returns how the activation ended, if it did.
    #[inline(always)]
    fn hook_returned(&mut self, opened: Opened) -> Option<End> {
        // By far the most frequent: no call for these.
        match (opened, self.phase()) {
            (Opened::Done, Phase::Starting) if matches!(self.started, Some(Ok(()))) => {
                self.started = None;
                self.has_started();
                None
            }
            (Opened::Done, Phase::Stopping) => {
                self.enter(Phase::Ending);
                None
            }
            _ => self.hook_returned_apart(opened),
        }
    }

    /// The same for all cases, where it needn't be quick.
    #[cold]
    #[inline(never)]
    fn hook_returned_apart(&mut self, opened: Opened) -> Option<End> {
        match (opened, self.phase()) {
            (Opened::Suspended, _) => return Some(self.suspend()),
            (Opened::Done, Phase::Making) => match self.started.take() {
                Some(Ok(())) => return self.start_what_was_made(),
                Some(Err(error)) => self.fail_to_start(StopReason::StartFailed(error)),
                None => unreachable!("a factory returned without an outcome"),
            },
            (Opened::Panicked, Phase::Making) => {
                let reason = self.panic_reason(Place::Factory);
                self.fail_to_start(reason);
            }
            (Opened::Done, Phase::Starting) => match self.started.take() {
                Some(Ok(())) => self.has_started(),
                Some(Err(error)) => self.fail_to_start(StopReason::StartFailed(error)),
                None => unreachable!("`pre_start` returned without an outcome"),
            },
            (Opened::Panicked, Phase::Starting) => {
                let reason = self.panic_reason(Place::PreStart);
                self.fail_to_start(reason);
            }
            (opened, Phase::Hearing | Phase::Checking) => drop(self.go_on_after_notice(opened)),
            (Opened::Done, _) => self.enter(Phase::Ending),
            (Opened::Panicked, _) => {
                let reason = self.panic_reason(Place::PostStop);
                self.worsen(reason);
                self.enter(Phase::Ending);
            }
        }
        None
    }

    #[inline(always)]
    fn announce_start(&mut self, outcome: Result<(), &StopReason>) {
        if self.is_start_awaited() {
            self.tell_of_start(outcome);
        }
    }

    /// Whether somebody waits for the outcome of its start, who hasn't heard of it.
    #[inline(always)]
    fn is_start_awaited(&self) -> bool {
        // SAFETY: the runner's.
        self.cell().near().startup.with(|startup| unsafe { (*startup).is_awaited() })
    }

    #[inline(never)]
    fn tell_of_start(&mut self, outcome: Result<(), &StopReason>) {
        // SAFETY: the runner's.
        let startup = self.cell().near().startup.with_mut(|startup| unsafe { (*startup).take() });
        // UNWIND: the waker of whoever waits for the start.
        let told = guard(|| startup.announce(outcome));
        // Somebody who heard of a start that succeeded knows nothing of a failure to come.
        if outcome.is_err() && told.unwrap_or(false) {
            self.notes().told = true;
        }
    }

    /// The handler waits.
    #[inline(always)]
    fn suspend(&mut self) -> End {
        if let Err(text) = self.credit_all()
            && let Some(frame) = self.take_frame()
        {
            let panic = Panic::new(Place::Handler, text);
            self.abort(frame, StopReason::Panicked(panic.clone()), ReplyErrorReason::Panicked(panic));
            return self.wind_up();
        }
        End::Waits
    }

    /// Says that the handler waits no more, if that was said.
    #[inline]
    fn withdraw_waits(&mut self) {
        // SAFETY: the flag is the runner's.
        if self.cell().far().waits.with_mut(|waits| unsafe { std::mem::take(&mut *waits) }) {
            self.common.waits.withdraw(header::id(self.cell()));
        }
    }

    /// Polls the frame of an actor that waits in a circle: its future fails, if it still waits as it did.
    #[cold]
    fn resume_in_circle(&mut self, frame: Frame) -> Opened {
        // For this poll alone, whatever becomes of it.
        edge::leave(self.take_found());
        // SAFETY: the frame is this task's.
        let opened = unsafe { frame::resume(self, frame) };
        edge::leave(None);
        opened
    }

    /// The circle that the handler waits in, if it still does.
    fn take_found(&mut self) -> Option<Found> {
        let header = self.cell();
        // `seen` keeps the bit: `suspend` asks for the wakes alone, and a kill that comes now is one that it doesn't know.
        header.far().state.forget_circle();
        self.common.waits.take_found(header::id(header))
    }

    #[inline(never)]
    fn again(&mut self) -> End {
        if let Err(text) = self.credit_all() {
            self.begin_to_stop(StopReason::Panicked(Panic::new(Place::Handler, text)));
            return self.wind_up();
        }
        End::Again
    }

    #[inline(never)]
    fn behind(&mut self) -> End {
        if let (Err(text), Phase::Running) = (self.credit_all(), self.phase()) {
            self.begin_to_stop(StopReason::Panicked(Panic::new(Place::Handler, text)));
            return self.wind_up();
        }
        End::Behind
    }
}

impl fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not of the task: between two activations it may be gone.
        f.debug_struct("Turn").field("looked", &self.looked).finish_non_exhaustive()
    }
}
