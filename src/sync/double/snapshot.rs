//! arc-swap's `ArcSwap`: a mutex around the `Arc`. The original's loads and swaps are `SeqCst` read-modify-writes and
//! synchronize with one another as lock and unlock do.

use super::lock::Mutex;
use crate::sync::Arc;

/// `arc_swap::ArcSwap`.
pub(crate) struct Snapshot<T>(Mutex<Arc<T>>);

impl<T> Snapshot<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        Arc::clone(&self.0.lock())
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        std::mem::replace(&mut *self.0.lock(), value)
    }
}
