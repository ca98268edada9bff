//! The result of a closure that blocks.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::core::Core;
use crate::error::BlockingError;
use crate::reply;
use crate::sync::unwind::guard;
use crate::task::reason::{Panic, Place};
use crate::task::{TaskWaiter, coop};

type Outcome<T> = Result<T, BlockingError>;

/// The future of a blocking closure.
///
/// # Cancel safety
///
/// Dropping it doesn't stop a closure that runs or waits for its thread; its result is dropped.
#[must_use = "the result arrives only when this is awaited"]
pub struct Blocking<T>(reply::Receiver<Outcome<T>, TaskWaiter>);

/// The closure's side. Dropped without a result, it says so.
struct Promise<T>(Option<reply::Sender<Outcome<T>, TaskWaiter>>);

impl<T> Promise<T> {
    fn keep(mut self, outcome: Outcome<T>) {
        if let Some(sender) = self.0.take() {
            // A result that nobody wants is dropped here, on the blocking thread.
            drop(sender.complete(outcome));
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            drop(sender.complete(Err(BlockingError::ShutDown)));
        }
    }
}

impl<T: Send + 'static> Blocking<T> {
    pub(super) fn start(core: Option<&Core>, closure: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, receiver) = reply::channel();
        let promise = Promise(Some(sender));
        if let Some(core) = core {
            // A job that comes back is dropped, and its promise with it.
            drop(core.blocking.run(Box::new(move || {
                // UNWIND: the closure, and the drop of a result that nobody wants.
                let _ = guard(|| {
                    promise.keep(
                        guard(closure).map_err(|text| BlockingError::Panicked(Panic::new(Place::Blocking, text))),
                    );
                });
            })));
        }
        Self(receiver)
    }
}

impl<T> Future for Blocking<T> {
    type Output = Outcome<T>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::proceed(context));
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}
