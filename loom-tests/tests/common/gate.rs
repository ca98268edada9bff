//! What a handler waits for.

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// Opened once. That it is open is ordered by the wake alone.
pub struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { open: AtomicBool::new(false), waker: Mutex::new(None) })
    }

    pub fn open(&self) {
        self.open.store(true, Relaxed);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Lets go of a waker that nobody wakes any more: whoever holds the gate may be held by it.
    pub fn forget(&self) {
        let waker = self.waker.lock().unwrap().take();
        drop(waker);
    }

    pub async fn opened(&self) {
        poll_fn(|context| {
            *self.waker.lock().unwrap() = Some(context.waker().clone());
            if self.open.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
