//! Doors to `crate::sync::snapshot`.

use crate::sync::{Arc, snapshot};

/// `snapshot::Snapshot`.
pub struct Snapshot<T>(snapshot::Snapshot<T>);

impl<T> Snapshot<T> {
    pub fn new(value: Arc<T>) -> Self {
        Self(snapshot::Snapshot::new(value))
    }

    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.read())
    }

    pub fn swap(&self, value: Arc<T>) -> Vec<Arc<T>> {
        self.0.swap(value)
    }
}
