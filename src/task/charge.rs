//! What an actor has that is supervised: the maker of its state, and the way to its supervisor.
//!
//! A supervised actor's state can be made anew in its cell: references, name, subscriptions and the mailbox with what waits in
//! it belong to the cell, and stay. Its life is a row of runs. When one is over, the runner decides by itself whether that is
//! the end, or asks:
//!
//! | a run is over, and | then |
//! |---|---|
//! | the actor was dismissed, as its last reference's drop does, or its system shuts down | it ends for good |
//! | its kind of [`Renewal`] doesn't begin anew after such an end, and it doesn't escalate | it ends for good |
//! | its supervisor can't be reached any more | it ends for good |
//! | otherwise | it is down: it tells its supervisor why, and waits for a [`Word`] |
//!
//! While it is down it has no state. Its mailbox takes messages, unless it was closed by a stop: then it is opened again by
//! whoever begins anew, and closed at once if it was dismissed meanwhile. It is suspended without a handler, so that a word, a
//! dismissal and a kill wake it as they would a handler; whoever is woken looks for a word, and waits on if there is none.
//!
//! | field | whose |
//! |---|---|
//! | overseer, number, supervisor, renewal | everybody's, never written |
//! | word, down, back-off, past | everybody's: the supervisor leaves the word and says that it is put off, the runner writes the others |
//! | expiries | everybody's |
//! | [`Books`], [`Maker`] | the runner's (rule 1 of the task module); the maker goes with the actor's end |

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::ptr::{self, NonNull};

use super::hand;
use super::handle::Strong;
use super::header::{self, Header};
use super::identity::ActorId;
use super::reason::{ActorError, StopReason};
use super::state::Woken;
use crate::mailbox::ring::Duty;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::hint::will_write;
use crate::sync::lock::Mutex;
use crate::sync::unwind::guard;

/// After which ends an actor begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// After each.
    Always,
    /// After a failure or a kill.
    AfterFailure,
    /// After none.
    Never,
}

impl Renewal {
    fn follows(self, reason: &StopReason) -> bool {
        match self {
            Self::Always => true,
            Self::AfterFailure => reason.is_failure(),
            Self::Never => false,
        }
    }
}

/// What a supervisor is told of an actor.
#[derive(Debug)]
pub(crate) enum Report {
    /// It has started.
    Up,
    /// A run is over, and it waits for a word.
    Down(Down),
    /// It has ended for good.
    Ended(StopReason),
}

/// How a run was over.
#[derive(Debug)]
pub(crate) struct Down {
    pub(crate) reason: StopReason,
    /// It had handled a message in that run.
    pub(crate) has_worked: bool,
    /// It asks for its supervisor's failure.
    pub(crate) escalates: bool,
}

/// What a supervisor says to an actor that is down.
#[derive(Debug)]
pub(crate) enum Word {
    /// Begin anew.
    Renew,
    /// End for good: for this reason or, without one, for that of the run.
    End(Option<StopReason>),
}

/// Where reports go. Implemented above.
pub(crate) trait Overseer: Send + Sync + 'static {
    /// Takes a report of the actor that has this number. Whether there is anybody to hear it.
    fn hear(&self, number: u64, report: Report) -> bool;
}

/// Makes bodies.
pub(crate) struct Maker<B>(Box<dyn Fn() -> Making<B> + Send + Sync>);

impl<B> Maker<B> {
    pub(crate) fn new(make: impl Fn() -> Making<B> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self(Box::new(make)))
    }

    /// Calls user code.
    pub(super) fn make(&self) -> Making<B> {
        (self.0)()
    }
}

/// A body, or an error, now or later.
pub(crate) enum Making<B> {
    Made(Result<B, ActorError>),
    Later(Pin<Box<dyn Future<Output = Result<B, ActorError>> + Send>>),
}

/// What a supervised actor has.
pub(crate) struct Charge {
    overseer: Arc<dyn Overseer>,
    /// By which the overseer tells it from others.
    number: u64,
    supervisor: ActorId,
    renewal: Renewal,
    word: Mutex<Option<Word>>,
    is_down: AtomicBool,
    /// Its supervisor has put the word off.
    backs_off: AtomicBool,
    past: Mutex<Past>,
    /// How many times the time of a `post_stop` was up. See [`has_expired`].
    expiries: AtomicU32,
    books: UnsafeCell<Books>,
    /// A [`Maker`] of the body's type, until the actor ends: references to it may be kept for long after that.
    maker: UnsafeCell<Option<Arc<dyn Any + Send + Sync>>>,
}

/// What has become of earlier runs, for those who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    pub(crate) restarts: u64,
    /// Why the last few were over, the latest last.
    pub(crate) reasons: Vec<StopReason>,
}

/// How many reasons are kept.
const REASONS: usize = 4;

/// What the runner notes of the run.
#[derive(Clone, Copy, Debug, Default)]
struct Books {
    /// There is a body.
    is_made: bool,
    /// After the present hooks it is down, not at its end.
    goes_down: bool,
    /// It asks for its supervisor's failure.
    escalates: bool,
    /// It has come to its end by a stop, whatever its reason is said to be after its last hooks.
    stopped: bool,
    /// The observer has heard of the failure that the last run was over by, which the actor may end with.
    is_told: bool,
    /// What the mailbox had given when the run began.
    taken_before: u32,
    /// What it has handled since that didn't come by the mailbox: messages of timers, and hooks that speak of a failure.
    apart: u32,
    /// How many messages have failed.
    failed: u32,
    /// How many times a `post_stop` was given a deadline.
    deadlines: u32,
}

// SAFETY: what isn't `Sync` is the runner's alone, and is `Send`.
unsafe impl Sync for Charge {}

impl Charge {
    /// What is supervised by `supervisor`, who hears by `overseer` of the actor with this `number`.
    pub(crate) fn new<B: 'static>(
        overseer: Arc<dyn Overseer>,
        number: u64,
        supervisor: ActorId,
        renewal: Renewal,
        maker: Arc<Maker<B>>,
    ) -> Self {
        Self {
            overseer,
            number,
            supervisor,
            renewal,
            word: Mutex::default(),
            is_down: AtomicBool::new(false),
            backs_off: AtomicBool::new(false),
            past: Mutex::default(),
            expiries: AtomicU32::new(0),
            books: UnsafeCell::new(Books::default()),
            maker: UnsafeCell::new(Some(maker)),
        }
    }

    /// The runner's notes.
    ///
    /// # Safety
    ///
    /// The caller is the runner, and `look` doesn't come here again.
    unsafe fn books<R>(&self, look: impl FnOnce(&mut Books) -> R) -> R {
        // SAFETY: the caller's promise.
        self.books.with_mut(|books| look(unsafe { &mut *books }))
    }

    /// Tells the supervisor. Returns whether anybody hears it.
    pub(super) fn report(&self, report: Report) -> bool {
        self.overseer.hear(self.number, report)
    }
}

/// What a supervised actor has; nothing if it isn't supervised.
#[inline(always)]
pub(super) fn of(header: &Header) -> Option<&Charge> {
    // SAFETY: then the cell is that of a ward, whose charge was written before the task was scheduled for the first time, and lives
    // as long as the cell.
    header.terms().is_ward().then(|| unsafe { header::charge(NonNull::from(header)).as_ref() })
}

/// The maker of its bodies, if it is supervised.
///
/// # Safety
///
/// The caller is the runner, and the actor doesn't end for as long as this is used.
pub(super) unsafe fn maker<'a, B: 'static>(header: NonNull<Header>) -> Option<&'a Maker<B>> {
    // SAFETY: the caller's promise.
    let charge: &'a Charge = of(unsafe { header.as_ref() })?;
    // SAFETY: as above: it is taken by the end alone.
    charge.maker.with(|maker| unsafe { (*maker).as_ref() })?.downcast_ref()
}

/// The runner's steps.
///
/// # Contract
///
/// The caller is the runner.
impl Charge {
    /// Whether a run that is over for this `reason` is to be reported, and isn't the last one.
    pub(super) fn continues(&self, header: &Header, reason: &StopReason) -> bool {
        let control = header.far().state.peek();
        // One that ends after a stop does so whether or not it was called back as well.
        let is_recalled = control.is_recalled() && !matches!(reason, StopReason::Stopped);
        // One that escalates has its supervisor hear of it as a run that is over, of whichever kind it is.
        // SAFETY: the contract.
        let escalates = unsafe { self.books(|books| books.escalates) };
        !control.is_final() && (is_recalled || escalates || self.renewal.follows(reason))
    }

    /// Notes that there is a body, or none.
    pub(super) fn set_made(&self, is_made: bool) {
        // SAFETY: as above; here and below.
        unsafe { self.books(|books| books.is_made = is_made) };
    }

    pub(super) fn is_made(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.books(|books| books.is_made) }
    }

    /// The run is over, and isn't the last one.
    pub(super) fn set_goes_down(&self) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.goes_down = true) };
    }

    /// Whether it is down next. Asked once.
    pub(super) fn take_goes_down(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.books(|books| std::mem::take(&mut books.goes_down)) }
    }

    /// The run is over because of a stop.
    pub(super) fn note_stop(&self) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.stopped = true) };
    }

    /// Whether the run that is over came to its end by a stop. Asked once.
    pub(super) fn take_stop(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.books(|books| std::mem::take(&mut books.stopped)) }
    }

    /// Notes whether the observer has heard of the reason that the actor has at present.
    pub(super) fn set_told(&self, is_told: bool) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.is_told = is_told) };
    }

    pub(super) fn is_told(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.books(|books| books.is_told) }
    }

    pub(super) fn set_escalates(&self) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.escalates = true) };
    }

    /// A message has failed.
    pub(super) fn note_failed(&self) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.failed = books.failed.wrapping_add(1)) };
    }

    /// A message of a timer is about to be handled, or what fails next is no message.
    pub(super) fn note_apart(&self) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.apart = books.apart.wrapping_add(1)) };
    }

    /// A `post_stop` is given its deadline.
    pub(super) fn note_deadline(&self) {
        // SAFETY: as above.
        unsafe { self.books(|books| books.deadlines += 1) };
    }

    /// Whether the deadline of the present `post_stop` has passed: all that were ever set have, for those of earlier runs may
    /// come now.
    pub(super) fn has_expired(&self) -> bool {
        // ORDERING: Relaxed; it only has to be the value that came before the wake, which the runner has acquired.
        // SAFETY: as above.
        self.expiries.load(Ordering::Relaxed) == unsafe { self.books(|books| books.deadlines) }
    }

    /// How the run is over, whose mailbox has given so much. The next one begins.
    pub(super) fn close_books(&self, reason: StopReason, taken: u32) -> Down {
        // SAFETY: as above.
        unsafe {
            self.books(|books| {
                let handled = taken.wrapping_sub(books.taken_before).wrapping_add(books.apart);
                let down = Down { reason, has_worked: handled > books.failed, escalates: books.escalates };
                let Books { stopped, is_told, deadlines, .. } = *books;
                *books = Books { stopped, is_told, taken_before: taken, deadlines, ..Books::default() };
                down
            })
        }
    }

    /// The actor makes no more bodies: what they were made of goes.
    pub(super) fn drop_maker(&self) {
        // SAFETY: as above; no frame borrows it.
        let maker = self.maker.with_mut(|maker| unsafe { (*maker).take() });
        // UNWIND: it may hold the last of a user's factory, and of what that has captured.
        let _ = guard(|| drop(maker));
    }

    /// From now on a word is waited for; one that is left over is forgotten.
    pub(super) fn set_down(&self, is_down: bool) {
        if is_down {
            let left = self.word.lock().take();
            // UNWIND: its reason may hold the last of a user's error.
            let _ = guard(|| drop(left));
        }
        // ORDERING: Relaxed; for a shutdown that asks whether anything is left to be done, which asks again.
        self.is_down.store(is_down, Ordering::Relaxed);
        if !is_down {
            // ORDERING: Relaxed; for people to look at.
            self.backs_off.store(false, Ordering::Relaxed);
        }
    }

    /// Notes that the next run begins, after one that was over for this reason.
    pub(super) fn note_restart(&self, reason: StopReason) {
        let mut past = self.past.lock();
        past.restarts += 1;
        let oldest = (past.reasons.len() == REASONS).then(|| past.reasons.remove(0));
        past.reasons.push(reason);
        drop(past);
        // UNWIND: it may hold the last of a user's error.
        let _ = guard(|| drop(oldest));
    }

    /// The word that was left, if there is one.
    pub(super) fn take_word(&self) -> Option<Word> {
        self.word.lock().take()
    }
}

/// The time of a `post_stop` is up.
pub(super) fn note_expiry(header: &Header) {
    if let Some(charge) = of(header) {
        // ORDERING: Relaxed; the wake that follows releases it.
        charge.expiries.fetch_add(1, Ordering::Relaxed);
    }
}

/// A supervisor's steps.
impl Strong {
    /// Whether the actor is supervised.
    pub(crate) fn is_ward(&self) -> bool {
        self.header().terms().is_ward()
    }

    /// Who supervises it.
    pub(crate) fn supervisor(&self) -> Option<ActorId> {
        of(self.header()).map(|charge| charge.supervisor)
    }

    /// Fetches what a stop and the end after it write to, for one that is told to stop soon: its lines may not have been touched
    /// since it started.
    #[inline]
    pub(crate) fn fetch(&self) {
        let header = ptr::from_ref(self.header());
        will_write(header.cast::<Charge>().wrapping_sub(1));
        will_write(header);
        will_write(&raw const self.header().far().state);
    }

    /// Its supervisor puts the word off.
    pub(crate) fn back_off(&self) {
        if let Some(charge) = of(self.header()) {
            // ORDERING: Relaxed; for people to look at.
            charge.backs_off.store(true, Ordering::Relaxed);
        }
    }

    /// Whether its supervisor has put the word off.
    pub(crate) fn backs_off(&self) -> bool {
        // ORDERING: Relaxed; as above.
        of(self.header()).is_some_and(|charge| charge.backs_off.load(Ordering::Relaxed))
    }

    /// What has become of earlier runs.
    pub(crate) fn past(&self) -> Past {
        of(self.header()).map_or_else(Past::default, |charge| charge.past.lock().clone())
    }

    /// Whether it is down, and nothing waits for it.
    pub(crate) fn is_at_rest(&self) -> bool {
        // ORDERING: Relaxed; see `set_down`.
        of(self.header()).is_some_and(|charge| charge.is_down.load(Ordering::Relaxed)) && self.len() == 0
    }

    /// Says its word to an actor that has reported that it is down.
    pub(crate) fn say(&self, word: Word) {
        let Some(charge) = of(self.header()) else { return };
        if matches!(word, Word::Renew) {
            // First: a kill or a recall that comes after the word is one of the next run.
            self.header().far().state.renew();
        }
        let before = charge.word.lock().replace(word);
        if self.header().far().state.wake() == Woken::Schedule {
            self.schedule();
        }
        drop(before);
    }

    /// Has the run end behind the present handler, and the actor wait for a word. What waits in its mailbox stays there.
    pub(crate) fn recall(&self) {
        self.header().far().state.recall();
        self.perform(self.header().nudge());
    }

    /// Has its handler dropped at its await point: the run is over.
    pub(crate) fn cut(&self) {
        cut(self.header());
    }

    /// Makes its next end one for good. If it is down, that is now.
    pub(crate) fn dismiss(&self) {
        if self.header().far().state.dismiss() == Woken::Schedule {
            self.schedule();
        }
    }
}

/// Kills a supervised actor. Its mailbox stays open, since it may begin anew: its runner closes it otherwise.
pub(super) fn cut(header: &Header) {
    call_for_kill(header, header.far().state.kill());
}

/// What is left to be done when the task word says that a supervised actor is killed, which has `woken` it or not.
pub(super) fn call_for_kill(header: &Header, woken: Woken) {
    // The one is for a handler that waits, the other for an actor that is idle.
    let is_woken = woken == Woken::Schedule;
    let is_called = header.nudge() == Duty::Schedule;
    debug_assert!(!(is_woken && is_called), "an actor whose handler waits is scheduled");
    if is_woken || is_called {
        // SAFETY: the step handed the right to us.
        unsafe { hand::schedule(NonNull::from(header)) };
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge").field("renewal", &self.renewal).field("word", &self.word).finish_non_exhaustive()
    }
}

debug_as! {
    (B) Maker<B> => "Maker";
    (B) Making<B> => "Making";
}
