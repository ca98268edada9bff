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
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::Arc;
use super::atomic::{AtomicU32, Ordering};
use super::local;
use super::lock::{Condvar, Mutex, register_sleeper};

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

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

local! {
    /// This thread's parker and its waker, when no `block_on` of this thread uses them.
    static SPARE: Cell<Option<(Arc<Parker>, Waker)>> = Cell::new(None)
}

/// Drives `future` on this thread, sleeping between its polls. Blocking.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    // A token that is left over from an earlier call costs one spurious poll.
    let (parker, waker) = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(|| {
        let parker = Arc::new(Parker::new());
        register_sleeper();
        (Arc::clone(&parker), Waker::from(parker))
    });
    let output = loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            break output;
        }
        parker.park(None);
    };
    let _ = SPARE.try_with(|spare| spare.set(Some((parker, waker))));
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
