//! The ledger: what becomes of each message that a test offered, counted by the message itself.
//!
//! | column | who books it |
//! |---|---|
//! | offered | the test, by making a [`Parcel`] |
//! | accepted | the verb's answer; for a future that the test may drop, the parcel's later fate |
//! | handled | the handler, at its end |
//! | failed | the parcel's drop after its handler began |
//! | returned | the test, with the parcel out of the error |
//! | dead | the observer, with the parcel out of the dead letter |
//! | withdrawn | the drop of a parcel with its waiting future, on the thread that gives the future up; or with its timer, which ended before it fired |
//! | vanished | any other drop: a breach of the delivery contract |

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// What a test's messages came to.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Columns>);

#[derive(Debug, Default)]
struct Columns {
    offered: AtomicU64,
    accepted: AtomicU64,
    handled: AtomicU64,
    failed: AtomicU64,
    returned: AtomicU64,
    dead: AtomicU64,
    withdrawn: AtomicU64,
    vanished: AtomicU64,
    twice: AtomicU64,
    circles: AtomicU64,
    reached: AtomicU64,
    heard: AtomicU64,
    shed: AtomicU64,
}

/// Where a parcel ended, as far as somebody else has to say so.
pub(crate) enum Fate {
    Handled,
    Returned,
    Dead,
}

/// A message's entry in the ledger.
pub(crate) struct Parcel {
    ledger: Ledger,
    /// Whether the verb's answer is known to the test.
    answer: Answer,
    begun: bool,
    /// Shared, so that a parcel that came out twice would be seen.
    booked: Arc<AtomicBool>,
}

/// What a test hears of a verb.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Heard,
    /// The future may be dropped.
    Unheard,
    /// It is a timer's, which accepts it when it fires.
    Later,
}

/// A future that gives its parcel up when it is dropped.
pub(crate) struct Forgetful<F>(Ledger, Option<F>);

impl<F: Future + Unpin> Future for Forgetful<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(self.1.as_mut().expect("not dropped yet")).poll(context)
    }
}

impl<F> Drop for Forgetful<F> {
    fn drop(&mut self) {
        let future = self.1.take();
        self.0.give_up(future);
    }
}

thread_local! {
    /// Whether this thread is dropping a future that it gives up: only then may a parcel be withdrawn.
    static GIVING_UP: Cell<bool> = const { Cell::new(false) };
}

fn add(column: &AtomicU64) {
    // ORDERING: Relaxed; the sums are read after all threads that add have been joined.
    column.fetch_add(1, Ordering::Relaxed);
}

fn sum(column: &AtomicU64) -> u64 {
    // ORDERING: Relaxed; as in `add`.
    column.load(Ordering::Relaxed)
}

impl Ledger {
    /// A parcel whose verb's answer the test will hear.
    pub(crate) fn offer(&self) -> Parcel {
        self.parcel(Answer::Heard)
    }

    /// A parcel whose future the test may drop.
    pub(crate) fn offer_and_forget(&self) -> Parcel {
        self.parcel(Answer::Unheard)
    }

    /// A parcel for a timer.
    pub(crate) fn offer_later(&self) -> Parcel {
        self.parcel(Answer::Later)
    }

    fn parcel(&self, answer: Answer) -> Parcel {
        add(&self.0.offered);
        Parcel { ledger: self.clone(), answer, begun: false, booked: Arc::default() }
    }

    /// The future of a parcel of [`offer_and_forget`](Self::offer_and_forget), in a handler that may be killed.
    pub(crate) fn forgetful<F: IntoFuture>(&self, future: F) -> Forgetful<F::IntoFuture> {
        Forgetful(self.clone(), Some(future.into_future()))
    }

    /// The verb accepted a parcel of [`offer`](Self::offer).
    pub(crate) fn accepted(&self) {
        add(&self.0.accepted);
    }

    /// Drops the future of a parcel of [`offer_and_forget`](Self::offer_and_forget).
    pub(crate) fn give_up<F>(&self, future: F) {
        GIVING_UP.set(true);
        drop(future);
        GIVING_UP.set(false);
    }

    pub(crate) fn offered_so_far(&self) -> u64 {
        sum(&self.0.offered)
    }

    /// Somebody heard that it waits in a circle. That is no fate of a parcel.
    pub(crate) fn circle(&self) {
        add(&self.0.circles);
    }

    pub(crate) fn circles_so_far(&self) -> u64 {
        sum(&self.0.circles)
    }

    /// A publish reached so many subscriptions with its event.
    pub(crate) fn reached(&self, subscriptions: usize) {
        // ORDERING: Relaxed; as in `add`.
        self.0.reached.fetch_add(subscriptions as u64, Ordering::Relaxed);
    }

    /// An event was handled, failed with its handler, or became a dead letter.
    pub(crate) fn heard(&self) {
        add(&self.0.heard);
    }

    /// A subscription shed so many events that had reached it.
    pub(crate) fn shed(&self, events: u64) {
        // ORDERING: Relaxed; as in `add`.
        self.0.shed.fetch_add(events, Ordering::Relaxed);
    }

    pub(crate) fn shed_so_far(&self) -> u64 {
        sum(&self.0.shed)
    }

    pub(crate) fn failed_so_far(&self) -> u64 {
        sum(&self.0.failed)
    }

    pub(crate) fn dead_so_far(&self) -> u64 {
        sum(&self.0.dead)
    }

    /// Holds the books against one another. All threads that book must have been joined.
    #[track_caller]
    pub(crate) fn check(&self) {
        let books = &self.0;
        let [handled, failed, dead] = [&books.handled, &books.failed, &books.dead].map(sum);
        let [returned, withdrawn] = [&books.returned, &books.withdrawn].map(sum);
        assert_eq!(sum(&books.vanished), 0, "messages vanished: {books:?}");
        assert_eq!(sum(&books.twice), 0, "messages came out twice: {books:?}");
        assert_eq!(sum(&books.accepted), handled + failed + dead, "accepted doesn't add up: {books:?}");
        let [reached, heard, shed] = [&books.reached, &books.heard, &books.shed].map(sum);
        assert_eq!(reached, heard + shed, "events don't add up: {books:?}");
        let ended = handled + failed + dead + returned + withdrawn;
        assert_eq!(sum(&books.offered), ended, "offered doesn't add up: {books:?}");
    }
}

impl Parcel {
    /// Its handler begins.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
    }

    /// Books where the parcel ended.
    pub(crate) fn settle(self, fate: Fate) {
        let books = &self.ledger.0;
        match fate {
            Fate::Handled => self.book(&books.handled, true),
            Fate::Returned => self.book(&books.returned, false),
            Fate::Dead => self.book(&books.dead, true),
        }
    }

    /// The same parcel once more, as a double delivery would bring it: for the ledger's own test.
    pub(crate) fn twin(&self) -> Parcel {
        Parcel { ledger: self.ledger.clone(), booked: Arc::clone(&self.booked), ..*self }
    }

    fn book(&self, column: &AtomicU64, was_accepted: bool) {
        // ORDERING: Relaxed; only the flag itself is asked for.
        if self.booked.swap(true, Ordering::Relaxed) {
            add(&self.ledger.0.twice);
            return;
        }
        add(column);
        if was_accepted && self.answer != Answer::Heard {
            add(&self.ledger.0.accepted);
        }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        // ORDERING: Relaxed; `settle` consumed the parcel, so its booking was on this thread.
        if self.booked.load(Ordering::Relaxed) {
            return;
        }
        let books = &self.ledger.0;
        if self.begun {
            self.book(&books.failed, true);
        } else if self.answer == Answer::Later || (self.answer == Answer::Unheard && GIVING_UP.get()) {
            self.book(&books.withdrawn, false);
        } else {
            self.book(&books.vanished, false);
        }
    }
}
