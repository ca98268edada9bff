//! Waiting that ends: for a future, a channel, a closure or a condition, with a panic at the limit.

use std::future::IntoFuture;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// What is taken for a hang. Generous, for sanitizers and busy machines.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Wakes a parked thread. The flag carries the happens-before that a sanitizer can see.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ORDERING: Release pairs with the swap in `wait`: what was done before the wake is seen by the poll.
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Drives `future` on this thread; panics at the limit.
#[track_caller]
pub(crate) fn wait<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let unpark = Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut context = Context::from_waker(&waker);
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        // ORDERING: Acquire pairs with the store in `wake_by_ref`.
        while !unpark.woken.swap(false, Ordering::Acquire) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "a future isn't ready after {LIMIT:?}");
            thread::park_timeout(left);
        }
    }
}

/// The next value of `channel`; panics at the limit.
#[track_caller]
pub(crate) fn recv<T>(channel: &Receiver<T>) -> T {
    match channel.recv_timeout(LIMIT) {
        Ok(value) => value,
        Err(error) => panic!("nothing came from the channel: {error}"),
    }
}

/// Runs `closure` on a thread of its own; panics when it hasn't returned after `limit`, and as it panics.
#[track_caller]
pub(crate) fn within<T: Send + 'static>(limit: Duration, closure: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        let _ = sender.send(closure());
    });
    match receiver.recv_timeout(limit) {
        Ok(output) => output,
        Err(RecvTimeoutError::Timeout) => panic!("still running after {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => unreachable!("the closure returned without a result"),
        },
    }
}

/// Waits for something that another thread is about to make true; panics at the limit.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::yield_now();
    }
}

/// One poll, by nobody who could be woken.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct CountWakes(AtomicUsize);

impl CountWakes {
    pub(crate) fn count(&self) -> usize {
        // ORDERING: Acquire; who sees a wake sees what was done before it.
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        // ORDERING: Release pairs with the load in `count`.
        self.0.fetch_add(1, Ordering::Release);
    }
}
