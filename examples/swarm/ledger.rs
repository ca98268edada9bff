//! The ledger of an episode: what becomes of each message, by the message's number.
//!
//! | end | who books it |
//! |---|---|
//! | handled | the handler, when it is done |
//! | failed | the drop of a parcel whose handler had begun |
//! | returned | whoever took it out of the verb's error |
//! | dead | the observer, out of the dead letter |
//! | withdrawn | the drop of a parcel with the future or the timer that it waited in |
//! | shed | the drop of an event by the broker: a policy's, a filter's, or the last copy's |
//! | lost | the drop of a parcel before its handler could say that it began, where a fault of the simulator does that |
//! | vanished | any other drop: a breach of the delivery contract |
//!
//! Beside that it holds what else has to be right at the end: nobody lives who was made, failures were reported, events that
//! reached a subscription ended, and nobody heard of anything that isn't so.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};

use crate::lock::lock;
use crate::register::Record;
use crate::tally::Tally;

/// Entries of a page, and pages: as many messages as an episode may have.
const PAGE: usize = 1 << 13;
const PAGES: usize = 1 << 11;

/// How many breaches are told.
const TOLD: usize = 20;

/// The books of an episode.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Books>);

struct Books {
    next: AtomicU32,
    pages: Box<[OnceLock<Box<[AtomicU32]>>]>,
    /// The numbers of those who send.
    senders: AtomicU32,
    /// Messages, results and actors that were made and not dropped yet.
    live: AtomicI64,
    /// Panics of wakers and of results: each may be one more failure of a message that was handled.
    explosions: AtomicU64,
    /// Failures of messages that the observer heard of.
    failures: AtomicU64,
    circles: AtomicU64,
    refusals: AtomicU64,
    timeouts: AtomicU64,
    /// News that reached a subscription, and those that a subscription shed after that.
    reached: AtomicU64,
    missed: AtomicU64,
    breaches: Mutex<Vec<String>>,
    /// A fault may panic before a handler has begun.
    loses: bool,
    progress: Arc<AtomicU64>,
}

/// Where a message may end beside a handler or a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whoever sends it hears what came of it.
    Heard = 1,
    /// It may be withdrawn with the future that it waits in.
    Nested = 2,
    /// It may be withdrawn with its timer, which passes ahead of others.
    Timer = 3,
    /// An event that is counted.
    News = 4,
    /// An event that isn't: whoever publishes it may not hear how that went.
    Rumour = 5,
}

const KINDS: [Kind; 5] = [Kind::Heard, Kind::Nested, Kind::Timer, Kind::News, Kind::Rumour];

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Handled = 1,
    Failed = 2,
    Returned = 3,
    Dead = 4,
    Withdrawn = 5,
    Shed = 6,
    Lost = 7,
    Vanished = 8,
}

pub(crate) const FATES: [Fate; 8] =
    [Fate::Handled, Fate::Failed, Fate::Returned, Fate::Dead, Fate::Withdrawn, Fate::Shed, Fate::Lost, Fate::Vanished];

/// An entry: its fate in four bits, its kind in three, and what was said of it.
#[derive(Clone, Copy)]
struct Entry(u32);

impl Entry {
    const FATE: u32 = 0b1111;
    const KIND: u32 = 0b111 << 4;
    /// It had an end already.
    const TWICE: u32 = 1 << 8;
    /// The verb accepted it.
    const ACCEPTED: u32 = 1 << 9;
    /// Whoever sent it heard that its handler failed.
    const SAID_FAILED: u32 = 1 << 10;
    /// Whoever sent it heard that its actor had ended before.
    const SAID_DEAD: u32 = 1 << 11;
    /// Whoever sent it had a reply.
    const ANSWERED: u32 = 1 << 12;

    fn new(kind: Kind) -> Self {
        Self((kind as u32) << 4)
    }

    fn fate(self) -> Option<Fate> {
        FATES.into_iter().find(|&fate| fate as u32 == self.0 & Self::FATE)
    }

    fn kind(self) -> Option<Kind> {
        KINDS.into_iter().find(|&kind| (kind as u32) << 4 == self.0 & Self::KIND)
    }

    fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    /// What is wrong with it, at the end.
    fn breach(self) -> Option<&'static str> {
        let Some(fate) = self.fate() else { return Some("has no end") };
        let is_failed = matches!(fate, Fate::Failed | Fate::Lost);
        let was_accepted = matches!(fate, Fate::Handled | Fate::Failed | Fate::Lost | Fate::Dead);
        let is_heard = self.kind() == Some(Kind::Heard);
        match () {
            () if self.has(Self::TWICE) => Some("ended twice"),
            () if fate == Fate::Vanished => Some("vanished"),
            () if self.has(Self::ACCEPTED) && !was_accepted => Some("was accepted, and ended otherwise"),
            () if is_heard && was_accepted && !self.has(Self::ACCEPTED) => Some("ended as if it had been accepted"),
            () if self.has(Self::SAID_FAILED) && !is_failed => Some("was said to have failed"),
            () if self.has(Self::SAID_DEAD) && fate != Fate::Dead => Some("was said to be left over"),
            () if self.has(Self::ANSWERED) && fate != Fate::Handled => Some("was answered, and not handled"),
            () => None,
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (Self::TWICE, "twice"),
            (Self::ACCEPTED, "accepted"),
            (Self::SAID_FAILED, "said to have failed"),
            (Self::SAID_DEAD, "said to be left over"),
            (Self::ANSWERED, "answered"),
        ];
        write!(f, "{:?}, {:?}", self.kind(), self.fate())?;
        flags.into_iter().filter(|(flag, _)| self.has(*flag)).try_for_each(|(_, name)| write!(f, ", {name}"))
    }
}

/// Whoever sends: its messages to one actor come in the order of its calls.
#[derive(Debug)]
pub(crate) struct Sender {
    number: u32,
    next: u32,
}

/// A message's entry, which books its end.
pub(crate) struct Parcel {
    ledger: Ledger,
    number: u32,
    kind: Kind,
    begun: bool,
    is_bomb: bool,
    sender: u32,
    order: u32,
}

/// What whoever sends a parcel keeps of it.
pub(crate) struct Receipt {
    ledger: Ledger,
    number: u32,
}

/// Something that has to be dropped once.
pub(crate) struct Live(Ledger);

/// What a handler returns.
pub(crate) struct Answer {
    number: u32,
    is_bomb: bool,
    live: Live,
}

/// A future that is given up when it is dropped, with the message that waits in it.
pub(crate) struct Forgetful<F>(Option<F>);

thread_local! {
    /// Whether this thread drops a future that it gives up.
    static GIVES_UP: Cell<bool> = const { Cell::new(false) };
}

/// Drops a future that is given up, and with it a message that waits for room.
pub(crate) fn give_up<F>(future: F) {
    let before = GIVES_UP.replace(true);
    let dropped = quietly(|| drop(future));
    GIVES_UP.set(before);
    dropped.unwrap_or_default();
}

/// Panics without a word.
pub(crate) fn explode(why: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(why))
}

/// Runs what may explode.
pub(crate) fn quietly<R>(user: impl FnOnce() -> R) -> Option<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(user)).ok()
}

fn add(count: &AtomicU64, more: u64) {
    // ORDERING: Relaxed; the sums are read when all threads that add have ended.
    count.fetch_add(more, Ordering::Relaxed);
}

fn sum(count: &AtomicU64) -> u64 {
    // ORDERING: Relaxed; as in `add`.
    count.load(Ordering::Relaxed)
}

impl Ledger {
    /// Empty books. With `loses`, a fault may panic before a handler begins.
    pub(crate) fn new(loses: bool, progress: Arc<AtomicU64>) -> Self {
        Self(Arc::new(Books {
            next: AtomicU32::new(0),
            pages: (0..PAGES).map(|_| OnceLock::new()).collect(),
            senders: AtomicU32::new(0),
            live: AtomicI64::new(0),
            explosions: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            circles: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            reached: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            breaches: Mutex::default(),
            loses,
            progress,
        }))
    }

    pub(crate) fn sender(&self) -> Sender {
        // ORDERING: Relaxed; a number.
        Sender { number: self.0.senders.fetch_add(1, Ordering::Relaxed), next: 0 }
    }

    /// The next message of a sender.
    pub(crate) fn offer(&self, sender: &mut Sender, kind: Kind) -> Parcel {
        sender.next += 1;
        self.parcel(kind, sender.number, sender.next)
    }

    fn parcel(&self, kind: Kind, sender: u32, order: u32) -> Parcel {
        // ORDERING: Relaxed; a number.
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        // ORDERING: Relaxed, as for all entries: they are read when all threads have ended.
        self.entry(number).store(Entry::new(kind).0, Ordering::Relaxed);
        self.begin_life();
        Parcel { ledger: self.clone(), number, kind, begun: false, is_bomb: false, sender, order }
    }

    fn entry(&self, number: u32) -> &AtomicU32 {
        let (page, place) = (number as usize / PAGE, number as usize % PAGE);
        &self.0.pages[page].get_or_init(|| (0..PAGE).map(|_| AtomicU32::new(0)).collect())[place]
    }

    fn mark(&self, number: u32, flags: u32) {
        // ORDERING: Relaxed; as in `parcel`.
        self.entry(number).fetch_or(flags, Ordering::Relaxed);
    }

    fn book(&self, number: u32, fate: Fate) {
        // ORDERING: Relaxed; as in `parcel`.
        let before = Entry(self.entry(number).fetch_or(fate as u32, Ordering::Relaxed));
        if before.fate().is_some() {
            self.mark(number, Entry::TWICE);
        }
        add(&self.0.progress, 1);
    }

    fn begin_life(&self) {
        // ORDERING: Relaxed; as in `add`.
        self.0.live.fetch_add(1, Ordering::Relaxed);
    }

    fn end_life(&self) {
        // ORDERING: Release pairs with the Acquire of `is_over`.
        self.0.live.fetch_sub(1, Ordering::Release);
    }

    /// Something that has to be dropped once.
    pub(crate) fn live(&self) -> Live {
        self.begin_life();
        Live(self.clone())
    }

    /// Whether all that was made is dropped.
    pub(crate) fn is_over(&self) -> bool {
        // ORDERING: Acquire pairs with the Releases of `end_life`.
        self.0.live.load(Ordering::Acquire) == 0
    }

    /// A panic that may be one more failure of a message.
    pub(crate) fn exploded(&self) {
        add(&self.0.explosions, 1);
    }

    /// The observer heard of a message that failed.
    pub(crate) fn failure(&self) {
        add(&self.0.failures, 1);
    }

    pub(crate) fn circle(&self) {
        add(&self.0.circles, 1);
    }

    pub(crate) fn timeout(&self) {
        add(&self.0.timeouts, 1);
    }

    /// News reached so many subscriptions.
    pub(crate) fn reached(&self, subscriptions: usize) {
        add(&self.0.reached, subscriptions as u64);
    }

    /// A subscription whose events wait outside of the mailbox has shed so many.
    pub(crate) fn missed(&self, events: u64) {
        add(&self.0.missed, events);
    }

    /// Something goes on, whatever it is.
    pub(crate) fn progress(&self) {
        add(&self.0.progress, 1);
    }

    /// Something isn't as it has to be.
    pub(crate) fn breach(&self, what: impl Into<String>) {
        lock(&self.0.breaches).push(what.into());
    }

    /// Messages that have no end yet, as a watchdog shows them.
    pub(crate) fn open(&self) -> Vec<String> {
        let open = self.entries().filter(|(_, entry)| entry.fate().is_none());
        open.map(|(number, entry)| format!("message {number}: {entry:?}")).collect()
    }

    fn entries(&self) -> impl Iterator<Item = (u32, Entry)> {
        // ORDERING: Relaxed, twice; as in `parcel`.
        let next = self.0.next.load(Ordering::Relaxed);
        (0..next).map(|number| (number, Entry(self.entry(number).load(Ordering::Relaxed))))
    }

    /// Holds the books against one another, when everything has ended. `is_calm` says that nobody was to fail, or to end
    /// before its messages.
    pub(crate) fn check(&self, is_calm: bool) -> Result<Tally, String> {
        let books = &*self.0;
        let mut tally = Tally::default();
        let mut breaches = std::mem::take(&mut *lock(&books.breaches));
        let mut heard = 0;
        for (number, entry) in self.entries() {
            if let Some(breach) = entry.breach() {
                breaches.push(format!("message {number} {breach}: {entry:?}"));
            }
            if let Some(fate) = entry.fate() {
                tally.add(fate);
                if is_calm && entry.kind() != Some(Kind::Timer) && matches!(fate, Fate::Failed | Fate::Dead) {
                    breaches.push(format!("message {number} wasn't handled, and nothing went wrong: {entry:?}"));
                }
                let is_heard = matches!(fate, Fate::Handled | Fate::Failed | Fate::Lost | Fate::Dead);
                heard += u64::from(entry.kind() == Some(Kind::News) && is_heard);
            }
        }
        let (reached, missed) = (sum(&books.reached), sum(&books.missed));
        if reached != heard + missed {
            breaches.push(format!("news reached {reached} subscriptions, but {heard} ended and {missed} were shed"));
        }
        let failed = tally.count(Fate::Failed) + tally.count(Fate::Lost);
        let (failures, explosions) = (sum(&books.failures), sum(&books.explosions));
        // A fault before the handler of what a timer sent shows as a drop of the timer.
        let unsure = if books.loses { explosions + tally.count(Fate::Withdrawn) } else { explosions };
        if !(failed..=failed + unsure).contains(&failures) {
            breaches.push(format!("{failed} messages failed, {failures} were reported, {explosions} others panicked"));
        }
        // ORDERING: Acquire; as in `is_over`.
        let live = books.live.load(Ordering::Acquire);
        if live != 0 {
            breaches.push(format!("{live} messages, results or actors weren't dropped, or were dropped twice"));
        }
        tally.refused = sum(&books.refusals);
        tally.circles = sum(&books.circles);
        tally.timeouts = sum(&books.timeouts);
        tally.explosions = explosions;
        if breaches.is_empty() {
            return Ok(tally);
        }
        let others = breaches.len().saturating_sub(TOLD);
        breaches.truncate(TOLD);
        if others > 0 {
            breaches.push(format!("and {others} others"));
        }
        Err(format!("{}\n{tally}", breaches.join("\n")))
    }
}

impl Parcel {
    /// Its handler begins. `record` is that of its actor.
    pub(crate) fn begin(&mut self, record: &Record) {
        self.begun = true;
        let Self { number, kind, sender, order, .. } = *self;
        if let Some(before) = record.admit(kind, sender, order) {
            self.ledger
                .breach(format!("message {number} ({kind:?}) of {sender}, number {order} there, came after {before}"));
        }
    }

    /// It panics when it is dropped by a handler or an observer.
    pub(crate) fn arm(&mut self) {
        self.is_bomb = true;
    }

    pub(crate) fn receipt(&self) -> Receipt {
        Receipt { ledger: self.ledger.clone(), number: self.number }
    }

    /// Its handler is done.
    pub(crate) fn handled(mut self, is_bomb: bool) -> Answer {
        let answer = Answer { number: self.number, is_bomb, live: self.ledger.live() };
        self.end(Fate::Handled);
        answer
    }

    /// It came out of an error.
    pub(crate) fn returned(mut self) {
        add(&self.ledger.0.refusals, 1);
        self.end(Fate::Returned);
    }

    /// Whether a timer has brought it, or would have.
    pub(crate) fn is_of_timer(&self) -> bool {
        self.kind == Kind::Timer
    }

    /// It came out of a dead letter.
    pub(crate) fn died(mut self) {
        self.end(Fate::Dead);
        if self.is_bomb {
            explode("a message that panics when it is dropped");
        }
    }

    fn end(&mut self, fate: Fate) {
        self.ledger.book(self.number, fate);
        self.begun = true;
        self.is_ended();
    }

    /// The drop has nothing to book any more.
    fn is_ended(&mut self) {
        self.number = u32::MAX;
    }
}

impl Clone for Parcel {
    /// A copy is a message of its own.
    fn clone(&self) -> Self {
        self.ledger.parcel(self.kind, self.sender, self.order)
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.ledger.end_life();
        if self.number == u32::MAX {
            return;
        }
        let fate = match self.kind {
            _ if self.begun => Fate::Failed,
            Kind::Timer => Fate::Withdrawn,
            Kind::Nested if GIVES_UP.get() => Fate::Withdrawn,
            Kind::News | Kind::Rumour => Fate::Shed,
            Kind::Heard | Kind::Nested if self.ledger.0.loses => Fate::Lost,
            Kind::Heard | Kind::Nested => Fate::Vanished,
        };
        self.ledger.book(self.number, fate);
        if self.is_bomb && self.begun && !std::thread::panicking() {
            explode("a message that panics when it is dropped");
        }
    }
}

impl Receipt {
    /// The verb accepted it.
    pub(crate) fn accepted(&self) {
        self.ledger.mark(self.number, Entry::ACCEPTED);
    }

    /// The reply came.
    pub(crate) fn answered(&self, answer: Answer) {
        self.ledger.mark(self.number, Entry::ACCEPTED | Entry::ANSWERED);
        if answer.number != self.number {
            self.ledger.breach(format!("message {} has the reply of message {}", self.number, answer.number));
        }
        answer.hear();
    }

    /// It was accepted, and its handler failed.
    pub(crate) fn said_failed(&self) {
        self.ledger.mark(self.number, Entry::ACCEPTED | Entry::SAID_FAILED);
    }

    /// It was accepted, and left over.
    pub(crate) fn said_dead(&self) {
        self.ledger.mark(self.number, Entry::ACCEPTED | Entry::SAID_DEAD);
    }
}

impl Answer {
    /// Somebody has it: it doesn't panic any more.
    pub(crate) fn hear(mut self) {
        self.is_bomb = false;
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.is_bomb && !std::thread::panicking() {
            self.live.0.exploded();
            explode("a result that panics when it is dropped");
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.end_life();
    }
}

impl<F> Forgetful<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(future))
    }
}

impl<F: Future + Unpin> Future for Forgetful<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.0 {
            Some(future) => Pin::new(future).poll(context),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Forgetful<F> {
    fn drop(&mut self) {
        give_up(self.0.take());
    }
}
