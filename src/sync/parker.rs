//! Puts a thread to sleep until a token arrives: the shape of `std::thread::park`, on parking_lot.
//!
//! | state | who may leave it | how |
//! |---|---|---|
//! | EMPTY | the sleeper, to PARKED; a waker, to NOTIFIED | CAS under the lock; swap |
//! | PARKED | a waker, to NOTIFIED | swap, then lock and signal |
//! | NOTIFIED | the sleeper, to EMPTY | swap |
//!
//! The token carries data: a waker's swap releases what it did before, the sleeper's swap acquires it.
//! A waker that finds NOTIFIED still swaps, or its data would not travel with the token.
//!
//! Wait-free for the waker unless the sleeper is parked; then it takes the sleeper's lock.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ptr;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::Arc;
use super::atomic::{AtomicBool, AtomicU32, Ordering};
use super::hint::spin_loop;
use super::limits::{LEAST_BLOCK_SPINS, MOST_BLOCK_SPINS, OWING_SPINS};
use super::local;
use super::lock::{Condvar, Mutex, register_sleeper};
use super::time::{Clock, Moment};

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const NOTIFIED: u32 = 2;

/// One thread's place to sleep.
#[derive(Debug)]
pub(crate) struct Parker {
    state: AtomicU32,
    lock: Mutex<()>,
    signal: Condvar,
}

impl Parker {
    /// A parker without a token.
    pub(crate) fn new() -> Self {
        Self { state: AtomicU32::new(EMPTY), lock: Mutex::new(()), signal: Condvar::new() }
    }

    /// Sleeps until there is a token, and takes it; or until `timeout` has passed. Blocking.
    ///
    /// One thread at a time may call this.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        if self.take_token() {
            return;
        }
        let mut guard = self.lock.lock();
        // ORDERING: Relaxed on success: a waker that finds PARKED takes the lock, which orders it after our wait; on
        // failure the state is NOTIFIED and `take_token` does the acquiring.
        if self.state.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            self.take_token();
            return;
        }
        loop {
            match timeout {
                Some(timeout) => {
                    let _ = self.signal.wait_for(&mut guard, timeout);
                    // ORDERING: Acquire pairs with `unpark`'s Release, in case the token came with the timeout.
                    self.state.swap(EMPTY, Ordering::Acquire);
                    return;
                }
                None => {
                    self.signal.wait(&mut guard);
                    if self.take_token() {
                        return;
                    }
                }
            }
        }
    }

    /// Waits for a token for so many pauses. Returns whether there was one, which it took.
    fn spin(&self, pauses: u32) -> bool {
        for _ in 0..pauses {
            // ORDERING: Relaxed; `take_token` acquires.
            if self.state.load(Ordering::Relaxed) == NOTIFIED {
                return self.take_token();
            }
            spin_loop();
        }
        false
    }

    /// Leaves a token, and wakes the sleeper if there is one.
    pub(crate) fn unpark(&self) {
        // ORDERING: Release pairs with the sleeper's Acquire in `take_token`; a swap even over NOTIFIED, so
        // that what this waker did is released too.
        if self.state.swap(NOTIFIED, Ordering::Release) == PARKED {
            // The sleeper set PARKED under the lock and is in `wait` once we get it: the signal can't be early.
            drop(self.lock.lock());
            self.signal.notify_one();
        }
    }

    fn take_token(&self) -> bool {
        // ORDERING: Acquire pairs with `unpark`'s Release; Relaxed on failure, nothing was received.
        self.state.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

/// What a thread sleeps in while it drives a future: a parker, and the alarms of what it drives.
#[derive(Debug)]
struct Sleeper {
    parker: Parker,
    clock: Clock,
    /// Pauses before it sleeps. Only the thread that sleeps here touches it.
    spins: AtomicU32,
    /// There may be alarms. Only the thread that sleeps here touches it: it is that thread's polls that set alarms.
    has_alarms: AtomicBool,
    alarms: Mutex<Alarms>,
}

/// When to wake. Each is removed by whoever holds the [`Alarm`], or by the sleeper when its time has come.
#[derive(Debug, Default)]
struct Alarms {
    last: u64,
    waiting: BTreeSet<Time>,
}

/// A moment, and a number that tells those of one moment apart.
type Time = (Moment, u64);

impl Sleeper {
    fn new() -> Self {
        register_sleeper();
        Self {
            parker: Parker::new(),
            clock: Clock::new(),
            spins: AtomicU32::new(MOST_BLOCK_SPINS),
            has_alarms: AtomicBool::new(false),
            alarms: Mutex::default(),
        }
    }

    /// Sleeps until there is a token or an alarm. The caller polls next.
    ///
    /// The reply of an actor at rest is there sooner than a thread falls asleep and is woken, so it spins first: for longer
    /// if that has paid of late, for a moment if not.
    fn sleep(&self) {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if let Some(stage) = super::stage::here() {
            return self.watch(&*stage);
        }
        // ORDERING: Relaxed, both; this thread alone touches it.
        let spins = self.spins.load(Ordering::Relaxed);
        let found = self.parker.spin(spins);
        let next =
            if found { spins.saturating_mul(2).min(MOST_BLOCK_SPINS) } else { (spins / 2).max(LEAST_BLOCK_SPINS) };
        self.spins.store(next, Ordering::Relaxed);
        if found {
            return;
        }
        // ORDERING: Relaxed; this thread alone writes it.
        if self.has_alarms.load(Ordering::Relaxed) {
            self.sleep_by_the_clock();
        } else {
            self.parker.park(None);
        }
    }

    /// In a simulation: lets others act instead of sleeping. Panics if that would be for ever.
    #[cfg(any(corecast_loom, feature = "sim"))]
    #[cold]
    fn watch(&self, stage: &dyn super::stage::Stage) {
        // ORDERING: Relaxed; a simulation has one thread.
        if let Err(stuck) = stage.pause(&|| self.parker.state.load(Ordering::Relaxed) == NOTIFIED) {
            panic!("{stuck}");
        }
        self.parker.take_token();
    }

    #[cold]
    fn sleep_by_the_clock(&self) {
        let first = self.alarms.lock().waiting.first().copied();
        let Some((due, _)) = first else {
            // ORDERING: Relaxed; as in `sleep`.
            self.has_alarms.store(false, Ordering::Relaxed);
            self.parker.park(None);
            return;
        };
        self.parker.park(Some(due.until(self.clock.now())));
        let now = self.clock.now();
        let mut alarms = self.alarms.lock();
        while alarms.waiting.first().is_some_and(|&(due, _)| due <= now) {
            alarms.waiting.pop_first();
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.parker.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.parker.unpark();
    }
}

/// A wake, at a certain time, of a thread that is in [`block_on`]. Dropped, it is taken back.
///
/// The thread keeps the time itself, while it sleeps: nobody else has to be awake. So it is good for as long as the
/// future is polled with the waker of that `block_on`, and for no other: one that some combinator made wakes by other
/// means, and somebody else's by whatever it likes.
#[derive(Debug)]
pub(crate) struct Alarm {
    sleeper: Arc<Sleeper>,
    time: Time,
}

/// What an [`Alarm`] is worth to whoever polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its time will come, and it wakes the right one.
    Set,
    /// Its time has come.
    Over,
    /// It wakes somebody else: so much is left, for another one to keep.
    Foreign(Duration),
}

impl Alarm {
    /// Wakes this thread after so long, if it is in [`block_on`] and `waker` is the one of that.
    pub(crate) fn set(after: Duration, waker: &Waker) -> Option<Self> {
        // In a simulation nobody but the system's wheels keeps the time.
        #[cfg(any(corecast_loom, feature = "sim"))]
        if super::stage::is_here() {
            return None;
        }
        let sleeper = with_driver(|driver| driver.waker.will_wake(waker).then(|| Arc::clone(&driver.sleeper)))??;
        // ORDERING: Relaxed; as in `Sleeper::sleep`, by the same thread.
        sleeper.has_alarms.store(true, Ordering::Relaxed);
        let mut alarms = sleeper.alarms.lock();
        alarms.last += 1;
        let time = (sleeper.clock.now().after(after), alarms.last);
        alarms.waiting.insert(time);
        drop(alarms);
        Some(Self { sleeper, time })
    }

    /// What it is worth to somebody who polls with `waker`.
    pub(crate) fn standing(&self, waker: &Waker) -> Standing {
        if !self.sleeper.alarms.lock().waiting.contains(&self.time) {
            return Standing::Over;
        }
        let wakes = |driver: &Driver| Arc::ptr_eq(&driver.sleeper, &self.sleeper) && driver.waker.will_wake(waker);
        if with_driver(wakes) == Some(true) {
            return Standing::Set;
        }
        match self.time.0.until(self.sleeper.clock.now()) {
            Duration::ZERO => Standing::Over,
            left => Standing::Foreign(left),
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.sleeper.alarms.lock().waiting.remove(&self.time);
    }
}

/// A sleeper and its waker, which wakes whoever sleeps there.
#[derive(Debug)]
struct Driver {
    sleeper: Arc<Sleeper>,
    waker: Waker,
}

impl Driver {
    fn new() -> Self {
        let sleeper = Arc::new(Sleeper::new());
        Self { waker: Waker::from(Arc::clone(&sleeper)), sleeper }
    }
}

local! {
    /// This thread's driver, when no `block_on` of this thread uses it.
    static SPARE: Cell<Option<Driver>> = Cell::new(None)
}

local! {
    /// The driver of the `block_on` that this thread is in; null if it is in none.
    static DRIVER: Cell<*const Driver> = Cell::new(ptr::null())
}

/// Runs `look` on the driver of the `block_on` that this thread is in.
fn with_driver<R>(look: impl FnOnce(&Driver) -> R) -> Option<R> {
    let driver = DRIVER.try_with(Cell::get).ok()?;
    // SAFETY: `Driving` sets the pointer for as long as it borrows the driver, and puts the former one back when it ends,
    // on this thread: so it is null or points to a driver that is borrowed further up the stack.
    unsafe { driver.as_ref() }.map(look)
}

/// A `block_on` under way.
struct Driving<'a> {
    driver: &'a Driver,
    /// The one that was under way before.
    former: *const Driver,
}

impl<'a> Driving<'a> {
    fn begin(driver: &'a Driver) -> Self {
        let former = DRIVER.try_with(|place| place.replace(driver)).unwrap_or(ptr::null());
        Self { driver, former }
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        let _ = DRIVER.try_with(|place| place.set(self.former));
    }
}

/// Drives `future` on this thread, sleeping between its polls. Blocking.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    drive(future, None::<fn()>).0
}

/// The same for a thread that owes somebody something: it pays before it sleeps, unless a moment's spinning makes the future
/// ready. If it hasn't paid by the end, `pay` comes back.
pub(crate) fn block_on_owing<F: Future, P: FnOnce()>(future: F, pay: P) -> (F::Output, Option<P>) {
    drive(future, Some(pay))
}

fn drive<F: Future, P: FnOnce()>(future: F, mut pay: Option<P>) -> (F::Output, Option<P>) {
    let mut future = std::pin::pin!(future);
    // A token that is left over from an earlier call costs one spurious poll.
    let driver = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(Driver::new);
    #[cfg(feature = "sim")]
    if super::stage::is_here() {
        // In a simulation a poll is a decision, and what an earlier run has left must not take any.
        driver.sleeper.parker.take_token();
    }
    let driving = Driving::begin(&driver);
    let mut context = Context::from_waker(&driving.driver.waker);
    let output = loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            break output;
        }
        let sleeper = &driving.driver.sleeper;
        if pay.is_some()
            && sleeper.parker.spin(OWING_SPINS)
            && let Poll::Ready(output) = future.as_mut().poll(&mut context)
        {
            break output;
        }
        if let Some(pay) = pay.take() {
            pay();
        }
        sleeper.sleep();
    };
    drop(driving);
    let _ = SPARE.try_with(|spare| spare.set(Some(driver)));
    (output, pay)
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Alarm, Arc, Context, DRIVER, Duration, Parker, Poll, Standing, Waker, block_on};
    use crate::sync::testing::spawn;
    use std::future::poll_fn;

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_token_left_early_is_kept_and_two_are_one() {
        let parker = Parker::new();
        parker.unpark();
        parker.unpark();
        parker.park(None);
        parker.park(Some(Duration::ZERO));
    }

    #[test]
    fn a_token_ends_a_sleep() {
        let parker = Arc::new(Parker::new());
        let other = Arc::clone(&parker);
        let waker = spawn(move || other.unpark());
        parker.park(None);
        waker.join().unwrap();
    }

    #[test]
    fn an_alarm_ends_the_sleep_of_who_set_it_and_is_over_then() {
        let mut alarm = None;
        block_on(poll_fn(|context| {
            let alarm = alarm.get_or_insert_with(|| Alarm::set(Duration::from_millis(1), context.waker()).unwrap());
            match alarm.standing(context.waker()) {
                Standing::Over => Poll::Ready(()),
                standing => {
                    assert_eq!(standing, Standing::Set);
                    Poll::Pending
                }
            }
        }));
    }

    #[test]
    fn an_alarm_is_for_the_waker_of_the_block_on_that_the_thread_is_in() {
        assert!(Alarm::set(LONG, Waker::noop()).is_none(), "in none");
        block_on(poll_fn(|context| {
            assert!(Alarm::set(LONG, Waker::noop()).is_none(), "not its waker");
            let outer = context.waker();
            let alarm = Alarm::set(LONG, outer).unwrap();
            assert_eq!(alarm.standing(outer), Standing::Set);
            let is_foreign = |waker: &Waker| matches!(alarm.standing(waker), Standing::Foreign(left) if left <= LONG);
            assert!(is_foreign(Waker::noop()));
            block_on(poll_fn(|context| {
                assert!(is_foreign(context.waker()) && is_foreign(outer), "another one is under way");
                assert!(Alarm::set(LONG, outer).is_none());
                Poll::Ready(())
            }));
            assert_eq!(alarm.standing(outer), Standing::Set);
            Poll::Ready(())
        }));
        assert!(DRIVER.with(std::cell::Cell::get).is_null());
    }

    #[test]
    fn an_alarm_that_is_taken_back_is_not_waited_for() {
        let mut polls = 0;
        let parker = Arc::new(Parker::new());
        block_on(poll_fn(|context: &mut Context<'_>| {
            polls += 1;
            drop(Alarm::set(Duration::ZERO, context.waker()).unwrap());
            if polls < 3 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            parker.unpark();
            Poll::Ready(())
        }));
        parker.park(None);
        assert_eq!(polls, 3);
    }
}
