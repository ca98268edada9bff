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
use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::Arc;
use super::atomic::{AtomicU32, Ordering};
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
    alarms: Mutex<Alarms>,
}

#[derive(Debug, Default)]
struct Alarms {
    last: u64,
    waiting: BTreeMap<(Moment, u64), Waker>,
}

impl Sleeper {
    fn new() -> Self {
        register_sleeper();
        Self { parker: Parker::new(), clock: Clock::new(), alarms: Mutex::default() }
    }

    /// Sleeps until there is a token or an alarm, and wakes those whose time has come.
    fn sleep(&self) {
        let first = self.alarms.lock().waiting.first_key_value().map(|(&(due, _), _)| due);
        let Some(first) = first else {
            self.parker.park(None);
            return;
        };
        self.parker.park(Some(first.until(self.clock.now())));
        let now = self.clock.now();
        loop {
            let mut alarms = self.alarms.lock();
            let due = alarms.waiting.first_entry().filter(|first| first.key().0 <= now).map(OccupiedEntry::remove);
            drop(alarms);
            // UNWIND: a waker is user code; its panic is that of whoever drives the future.
            let Some(waker) = due else { return };
            waker.wake();
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

/// A wake by the thread that drives the future which asked for it. Dropped, it is taken back.
#[derive(Debug)]
pub(crate) struct Alarm {
    sleeper: Arc<Sleeper>,
    key: (Moment, u64),
}

impl Alarm {
    /// Wakes `waker` after so long, if this thread is in [`block_on`].
    pub(crate) fn set(after: Duration, waker: &Waker) -> Option<Self> {
        let sleeper = DRIVER.try_with(Cell::take).ok().flatten()?;
        let _ = DRIVER.try_with(|driver| driver.set(Some(Arc::clone(&sleeper))));
        let waker = waker.clone();
        let mut alarms = sleeper.alarms.lock();
        alarms.last += 1;
        let key = (sleeper.clock.now().after(after), alarms.last);
        alarms.waiting.insert(key, waker);
        drop(alarms);
        Some(Self { sleeper, key })
    }

    /// Lets it wake `waker` instead of another one. Returns false if its time has come.
    pub(crate) fn renew(&self, waker: &Waker) -> bool {
        let alarms = &self.sleeper.alarms;
        match alarms.lock().waiting.get(&self.key) {
            Some(armed) if armed.will_wake(waker) => return true,
            Some(_) => {}
            None => return false,
        }
        // Cloned and dropped without the lock: both are user code.
        let mut other = waker.clone();
        let is_set = alarms.lock().waiting.get_mut(&self.key).map(|armed| std::mem::swap(armed, &mut other)).is_some();
        drop(other);
        is_set
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let waker = self.sleeper.alarms.lock().waiting.remove(&self.key);
        drop(waker);
    }
}

local! {
    /// This thread's sleeper and its waker, when no `block_on` of this thread uses them.
    static SPARE: Cell<Option<(Arc<Sleeper>, Waker)>> = Cell::new(None)
}

local! {
    /// The sleeper of the `block_on` that this thread is in.
    static DRIVER: Cell<Option<Arc<Sleeper>>> = Cell::new(None)
}

/// A `block_on` under way, and what was under way before it.
struct Driving(Option<Arc<Sleeper>>);

impl Drop for Driving {
    fn drop(&mut self) {
        let former = self.0.take();
        let _ = DRIVER.try_with(|driver| driver.set(former));
    }
}

/// Drives `future` on this thread, sleeping between its polls. Blocking.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    // A token that is left over from an earlier call costs one spurious poll.
    let (sleeper, waker) = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(|| {
        let sleeper = Arc::new(Sleeper::new());
        (Arc::clone(&sleeper), Waker::from(sleeper))
    });
    let former = DRIVER.try_with(|driver| driver.replace(Some(Arc::clone(&sleeper)))).ok().flatten();
    let driving = Driving(former);
    let output = loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            break output;
        }
        sleeper.sleep();
    };
    drop(driving);
    let _ = SPARE.try_with(|spare| spare.set(Some((sleeper, waker))));
    output
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Arc, Duration, Parker};
    use crate::sync::testing::spawn;

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
}
