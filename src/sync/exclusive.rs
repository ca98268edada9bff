//! A value that a shared reference can't reach, and which is therefore `Sync` whatever it is.

use std::fmt;

/// Carries a `T` that only its owner can get at.
///
/// An error that holds a message must be `Sync` to fit into `Box<dyn Error + Send + Sync>`, while the
/// message need not be. No method hands out a `&T`, so sharing the wrapper shares nothing.
pub(crate) struct Exclusive<T>(T);

// SAFETY: `&Exclusive<T>` gives no access to the `T`: no method, `Debug` included, looks at it through
// a shared reference.
unsafe impl<T> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    /// Wraps `value`.
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value back.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Exclusive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
