//! Doors to `crate::sync::table`.

use crate::sync::garbage::Garbage;
use crate::sync::table;

/// `table::Table`.
pub struct Table<T>(table::Table<T>);

/// `table::Retired`.
pub struct Retired<T>(table::Retired<T>);

impl<T: Send + Sync + 'static> Table<T> {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(table::Table::new())
    }

    pub fn look<R>(&self, name: &str, look: impl FnOnce(Option<&T>) -> R) -> R {
        self.0.with(name, |entry| look(entry.map(|entry| &entry.value)))
    }

    /// Among so many names that are known.
    pub fn add(&self, name: &str, value: T, known: usize, retired: &mut Retired<T>) {
        let _ = self.0.add(name.into(), value, known, &mut retired.0, &mut Garbage::default());
    }

    pub fn remove(&self, name: &str, retired: &mut Retired<T>) -> bool {
        self.0.remove(name, &mut retired.0)
    }
}

impl<T> Retired<T> {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(table::Retired::default())
    }
}
