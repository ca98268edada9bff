//! Models of the reply slot: every pair of a sender's end and a receiver's path, with boxed and with thin wakers, and with a
//! slot that begins with its waiter.
//!
//! What has to hold: the value is dropped once, the block is freed once (loom sees leaks), a receiver that was left
//! pending is woken once, through the waker of its last poll and no other, and no waker's clone is left over.

use corecast::loom_api::reply::{Receiver, Sender, Thin, awaited, channel};
use loom::cell::UnsafeCell;
use loom::thread;
use loom_tests::{Bounds, Outcomes, model};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// Counts outside the model: reading and writing them orders nothing.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn take_away(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What wakers of one name did.
#[derive(Default)]
struct Ledger {
    alive: Count,
    woken: Count,
    /// Clones that have ended. Their blocks stay to the end: a receiver that saw an old word compares with them.
    ended: Mutex<Vec<AtomicPtr<Clone>>>,
}

impl Ledger {
    /// Frees what has ended. All threads have been joined.
    fn bury(&self) {
        for ended in self.ended.lock().unwrap().drain(..) {
            // SAFETY: a box of `Clone::make`, here once since its end, and nobody is left to look at it.
            drop(unsafe { Box::from_raw(ended.into_inner()) });
        }
    }
}

/// One clone of a waker: its own block, so that a clone that is seen too early shows as a race.
#[repr(align(64))]
struct Clone {
    ledger: Arc<Ledger>,
    contents: UnsafeCell<u32>,
}

impl Clone {
    fn make(ledger: &Arc<Ledger>) -> *const () {
        ledger.alive.add();
        let made = Box::new(Self { ledger: Arc::clone(ledger), contents: UnsafeCell::new(0) });
        // SAFETY: nobody else knows of it yet.
        made.contents.with_mut(|contents| unsafe { *contents = 7 });
        Box::into_raw(made).cast()
    }

    /// Takes the clone back. Its contents have to be visible by now.
    ///
    /// # Safety
    ///
    /// `raw` came from `make`, and is given up by this call.
    unsafe fn end(raw: *const ()) -> Arc<Ledger> {
        let raw = raw.cast_mut().cast::<Self>();
        // SAFETY: the caller's promise: the block stays until `bury`.
        let clone = unsafe { &*raw };
        // SAFETY: loom checks it: whoever ends the clone comes after who made it, and is alone.
        clone.contents.with_mut(|contents| assert_eq!(unsafe { *contents }, 7));
        clone.ledger.alive.take_away();
        let ledger = Arc::clone(&clone.ledger);
        ledger.ended.lock().unwrap().push(AtomicPtr::new(raw));
        ledger
    }
}

/// The ledger of the clone behind a waker's pointer.
///
/// # Safety
///
/// `raw` came from `Clone::make`, and its block outlives what the caller does with the ledger.
unsafe fn ledger<'a>(raw: *const ()) -> &'a Arc<Ledger> {
    // SAFETY: the caller's promise; the name of the ledger never changes.
    unsafe { &(*raw.cast::<Clone>()).ledger }
}

const VTABLE: RawWakerVTable = RawWakerVTable::new(
    // SAFETY: the waker that is cloned keeps its clone.
    |raw| unsafe { RawWaker::new(Clone::make(ledger(raw)), VTABLE_OF_ALL) },
    // SAFETY: a waker that wakes by value gives its clone up.
    |raw| unsafe { Clone::end(raw).woken.add() },
    // SAFETY: the waker that wakes by reference keeps its clone.
    |raw| unsafe { ledger(raw).woken.add() },
    // SAFETY: a waker that is dropped gives its clone up.
    |raw| drop(unsafe { Clone::end(raw) }),
);
static VTABLE_OF_ALL: &RawWakerVTable = &VTABLE;

fn waker(ledger: &Arc<Ledger>) -> Waker {
    // SAFETY: the vtable is for what `make` returns, and any thread may call it.
    unsafe { Waker::from_raw(RawWaker::new(Clone::make(ledger), VTABLE_OF_ALL)) }
}

/// Wakers go into a box.
struct Boxed;
/// Wakers are their own pointer.
struct Slim;

// SAFETY: `retain` returns no pointer.
unsafe impl Thin for Boxed {
    fn retain(_: &Waker) -> Option<NonNull<()>> {
        None
    }

    fn is_same(_: NonNull<()>, _: &Waker) -> bool {
        unreachable!("there are no thin wakers")
    }

    unsafe fn wake(_: NonNull<()>) {
        unreachable!("there are no thin wakers")
    }

    unsafe fn release(_: NonNull<()>) {
        unreachable!("there are no thin wakers")
    }
}

// SAFETY: clones are aligned to 64 bytes; the retained one is nobody else's until `wake` or `release` ends it.
unsafe impl Thin for Slim {
    fn retain(waker: &Waker) -> Option<NonNull<()>> {
        let retained = ManuallyDrop::new(waker.clone());
        NonNull::new(retained.data().cast_mut())
    }

    fn is_same(thin: NonNull<()>, waker: &Waker) -> bool {
        // SAFETY: both are from `Clone::make`; blocks stay until `bury`, even if the sender has ended `thin` by now.
        unsafe { Arc::ptr_eq(ledger(thin.as_ptr()), ledger(waker.data())) }
    }

    unsafe fn wake(thin: NonNull<()>) {
        // SAFETY: `retain` took this clone of a waker with this vtable; the caller gives it up.
        unsafe { Waker::from_raw(RawWaker::new(thin.as_ptr(), VTABLE_OF_ALL)) }.wake();
    }

    unsafe fn release(thin: NonNull<()>) {
        // SAFETY: as in `wake`.
        drop(unsafe { Waker::from_raw(RawWaker::new(thin.as_ptr(), VTABLE_OF_ALL)) });
    }
}

/// As [`Slim`], and the maker of a slot has the first waker at hand.
struct AtHand;

thread_local! {
    /// What its maker has at hand. All of loom's threads are on one of std's.
    static HAND: RefCell<Option<Arc<Ledger>>> = const { RefCell::new(None) };
}

// SAFETY: as for `Slim`; what is at hand is a clone of its own.
unsafe impl Thin for AtHand {
    fn retain(waker: &Waker) -> Option<NonNull<()>> {
        Slim::retain(waker)
    }

    fn at_hand() -> Option<NonNull<()>> {
        HAND.take().and_then(|ledger| NonNull::new(Clone::make(&ledger).cast_mut()))
    }

    fn is_same(thin: NonNull<()>, waker: &Waker) -> bool {
        Slim::is_same(thin, waker)
    }

    unsafe fn wake(thin: NonNull<()>) {
        // SAFETY: the caller's promise.
        unsafe { Slim::wake(thin) };
    }

    unsafe fn release(thin: NonNull<()>) {
        // SAFETY: the caller's promise.
        unsafe { Slim::release(thin) };
    }
}

/// A slot's two sides; and whom it wakes, if it begins with its waiter.
type Begun<T> = (Sender<Answer, T>, Receiver<Answer, T>, Option<Arc<Ledger>>);

/// How a slot begins.
trait Begin: Thin + Sized {
    fn begin(_first: &Arc<Ledger>) -> Begun<Self> {
        let (sender, receiver) = channel();
        (sender, receiver, None)
    }
}

impl Begin for Boxed {}
impl Begin for Slim {}
impl Begin for AtHand {
    fn begin(first: &Arc<Ledger>) -> Begun<Self> {
        HAND.set(Some(Arc::clone(first)));
        let (sender, receiver) = awaited();
        (sender, receiver, Some(Arc::clone(first)))
    }
}

/// A reply: loom sees who touches it, and its drops are counted.
struct Value {
    number: UnsafeCell<u32>,
    alive: Arc<Count>,
}

impl Value {
    fn new(number: u32, alive: &Arc<Count>) -> Self {
        alive.add();
        let value = Self { number: UnsafeCell::new(0), alive: Arc::clone(alive) };
        // SAFETY: nobody else knows of it yet.
        value.number.with_mut(|place| unsafe { *place = number });
        value
    }

    fn number(&self) -> u32 {
        // SAFETY: loom checks it: writes come before the value is sent, and with its drop.
        self.number.with(|place| unsafe { *place })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: loom checks it: whoever drops is alone.
        self.number.with_mut(|place| unsafe { *place += 1 });
        self.alive.take_away();
    }
}

/// What comes: a reply, or why there is none.
type Answer = Result<Value, Value>;

/// How the sender ends.
trait End {
    fn answer(value: Value) -> Answer;
}
struct Replies;
struct Fails;

impl End for Replies {
    fn answer(value: Value) -> Answer {
        Ok(value)
    }
}
impl End for Fails {
    fn answer(value: Value) -> Answer {
        Err(value)
    }
}

/// The receiver's side of one execution.
struct Side<T: Thin> {
    receiver: Receiver<Answer, T>,
    first: Arc<Ledger>,
    second: Arc<Ledger>,
    /// Who has to be woken, if the answer comes later than the last poll.
    waiting: Option<Arc<Ledger>>,
}

impl<T: Thin> Side<T> {
    /// Polls with the first or the second waker. Returns the answer, if it is there.
    fn poll(&mut self, second: bool) -> Option<Answer> {
        let ledger = if second { &self.second } else { &self.first };
        let waker = waker(ledger);
        let polled = Pin::new(&mut self.receiver).poll(&mut Context::from_waker(&waker));
        match polled {
            Poll::Pending => {
                self.waiting = Some(Arc::clone(ledger));
                None
            }
            Poll::Ready(answer) => Some(answer),
        }
    }
}

/// What a path of the receiver came to.
enum Came<T: Thin> {
    /// It took the answer.
    Took(Answer),
    /// It was left pending: the receiver lives on.
    Pending(Side<T>),
    /// It dropped the receiver.
    Left(Option<Arc<Ledger>>),
}

/// Runs one pair. The sender has a thread of its own; the receiver has one, too (see feasibility.md, 1a).
fn pair<T: Begin + 'static, E: End + 'static>(
    name: &str,
    expected: &[&'static str],
    path: fn(Side<T>, &Outcomes) -> Came<T>,
) {
    model(name, Bounds::default(), expected, move |outcomes| {
        let (first, second) = (Arc::new(Ledger::default()), Arc::new(Ledger::default()));
        let (sender, receiver, waiting) = T::begin(&first);
        let alive = Arc::new(Count::default());
        let side = Side { receiver, first: first.clone(), second: second.clone(), waiting };
        let their_alive = Arc::clone(&alive);
        let sending = thread::spawn(move || {
            let answer = E::answer(Value::new(40, &their_alive));
            match sender.complete(answer) {
                Ok(()) => true,
                Err(answer) => {
                    let (Ok(value) | Err(value)) = answer;
                    assert_eq!(value.number(), 40);
                    false
                }
            }
        });
        let seen = Arc::clone(outcomes);
        let receiving = thread::spawn(move || path(side, &seen));
        let delivered = sending.join().unwrap();
        let came = receiving.join().unwrap();
        let woken = || first.woken.get() + second.woken.get();
        match came {
            Came::Took(answer) => {
                assert!(delivered);
                assert_eq!(answer.is_ok(), E::answer(Value::new(0, &Arc::default())).is_ok());
                let (Ok(value) | Err(value)) = answer;
                assert_eq!(value.number(), 40);
                assert!(woken() <= 1, "woken twice");
            }
            Came::Pending(mut side) => {
                assert!(delivered, "the receiver is there");
                let waiting = side.waiting.clone().expect("it has a waiter");
                assert_eq!((waiting.woken.get(), woken()), (1, 1), "woken once, and nobody else");
                let answer = side.poll(false).expect("it was woken");
                let (Ok(value) | Err(value)) = answer;
                assert_eq!(value.number(), 40);
            }
            Came::Left(waiting) => {
                outcomes.saw(if delivered { "dropped with the answer" } else { "answer returned" });
                let by_name = waiting.map_or(0, |waiting| waiting.woken.get());
                assert_eq!(by_name, woken(), "only the last poll's waker may be woken");
                assert!(woken() <= usize::from(delivered));
            }
        }
        assert_eq!(alive.get(), 0, "each value is dropped once");
        assert_eq!((first.alive.get(), second.alive.get()), (0, 0), "each waker is dropped once");
        first.bury();
        second.bury();
    });
}

fn polls_once<T: Thin>(mut side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    thread::yield_now();
    match side.poll(false) {
        Some(answer) => {
            outcomes.saw("at once");
            Came::Took(answer)
        }
        None => {
            outcomes.saw("pending");
            Came::Pending(side)
        }
    }
}

fn polls_twice<T: Thin>(mut side: Side<T>, outcomes: &Outcomes, other: bool) -> Came<T> {
    if let Some(answer) = side.poll(false) {
        outcomes.saw("at once");
        return Came::Took(answer);
    }
    thread::yield_now();
    if let Some(answer) = side.poll(other) {
        outcomes.saw("at the second poll");
        return Came::Took(answer);
    }
    outcomes.saw("pending");
    Came::Pending(side)
}

fn polls_again<T: Thin>(side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    polls_twice(side, outcomes, false)
}

fn polls_with_another<T: Thin>(side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    polls_twice(side, outcomes, true)
}

fn drops_unpolled<T: Thin>(side: Side<T>, _: &Outcomes) -> Came<T> {
    thread::yield_now();
    drop(side.receiver);
    Came::Left(side.waiting)
}

/// Nobody polls it before the answer is there.
fn polls_never<T: Thin>(side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    outcomes.saw("not polled");
    Came::Pending(side)
}

fn polls_with_another_only<T: Thin>(mut side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    thread::yield_now();
    match side.poll(true) {
        Some(answer) => {
            outcomes.saw("at once");
            Came::Took(answer)
        }
        None => {
            outcomes.saw("pending");
            Came::Pending(side)
        }
    }
}

fn drops_polled_with_another<T: Thin>(mut side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    if let Some(answer) = side.poll(true) {
        outcomes.saw("at once");
        return Came::Took(answer);
    }
    thread::yield_now();
    drop(side.receiver);
    Came::Left(side.waiting)
}

fn drops_polled<T: Thin>(mut side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    if let Some(answer) = side.poll(false) {
        outcomes.saw("at once");
        return Came::Took(answer);
    }
    thread::yield_now();
    drop(side.receiver);
    Came::Left(side.waiting)
}

fn drops_repolled<T: Thin>(mut side: Side<T>, outcomes: &Outcomes) -> Came<T> {
    for second in [false, true] {
        if let Some(answer) = side.poll(second) {
            outcomes.saw("at once");
            return Came::Took(answer);
        }
    }
    drop(side.receiver);
    Came::Left(side.waiting)
}

/// All paths against one end with one kind of waker.
macro_rules! pairs {
    ($($module:ident: $end:ident, $waker:ident;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            fn poll() {
                pair::<$waker, $end>(
                    concat!(stringify!($module), " poll"), &["at once", "pending"], polls_once);
            }

            #[test]
            fn poll_again() {
                pair::<$waker, $end>(
                    concat!(stringify!($module), " poll again"),
                    &["at once", "at the second poll", "pending"], polls_again);
            }

            #[test]
            fn poll_with_another_waker() {
                pair::<$waker, $end>(
                    concat!(stringify!($module), " poll with another waker"),
                    &["at once", "at the second poll", "pending"], polls_with_another);
            }

            #[test]
            fn drop_before_a_poll() {
                pair::<$waker, $end>(
                    concat!(stringify!($module), " drop before a poll"),
                    &["dropped with the answer", "answer returned"], drops_unpolled);
            }

            #[test]
            fn drop_after_a_poll() {
                pair::<$waker, $end>(
                    concat!(stringify!($module), " drop after a poll"),
                    &["at once", "dropped with the answer", "answer returned"], drops_polled);
            }

            #[test]
            fn drop_after_two_polls() {
                pair::<$waker, $end>(
                    concat!(stringify!($module), " drop after two polls"),
                    &["at once", "dropped with the answer", "answer returned"], drops_repolled);
            }
        }
    )*};
}
pairs! {
    reply_boxed: Replies, Boxed;
    reply_thin: Replies, Slim;
    failure_boxed: Fails, Boxed;
    failure_thin: Fails, Slim;
    reply_awaited: Replies, AtHand;
    failure_awaited: Fails, AtHand;
}

/// What else may befall a slot that begins with its waiter.
macro_rules! awaited_pairs {
    ($($module:ident: $end:ident;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            fn never_poll() {
                pair::<AtHand, $end>(concat!(stringify!($module), " never poll"), &["not polled"], polls_never);
            }

            #[test]
            fn poll_with_another_waker_only() {
                pair::<AtHand, $end>(
                    concat!(stringify!($module), " poll with another waker only"),
                    &["at once", "pending"], polls_with_another_only);
            }

            #[test]
            fn drop_after_a_poll_with_another_waker() {
                pair::<AtHand, $end>(
                    concat!(stringify!($module), " drop after a poll with another waker"),
                    &["at once", "dropped with the answer", "answer returned"], drops_polled_with_another);
            }
        }
    )*};
}
awaited_pairs! {
    reply_at_hand: Replies;
    failure_at_hand: Fails;
}
