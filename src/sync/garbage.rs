//! Drops of what users gave: after all locks, and each by itself, so that one that panics takes nothing along.

use std::any::Any;
use std::fmt;

use super::unwind::guard;

/// A value whose drop is user code. If that panics, the panic ends here.
pub(crate) struct Careful<T>(Option<T>);

impl<T> Careful<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        let Some(value) = &self.0 else { unreachable!("taken by the drop alone") };
        value
    }
}

impl<T> Drop for Careful<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        // UNWIND: the value is gone either way, and nothing else hangs on it.
        let _ = guard(|| drop(value));
    }
}

impl<T> fmt::Debug for Careful<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Careful")
    }
}

/// Drops a value at once, in the same way.
#[cold]
pub(crate) fn discard<T>(value: T) {
    drop(Careful::new(value));
}

/// What is let go of when the locks are free: its drop may be user code. Made before a lock is taken, it is dropped
/// after.
#[derive(Default)]
pub(crate) struct Garbage(Vec<Box<dyn Any + Send>>);

impl Garbage {
    pub(crate) fn push(&mut self, value: impl Any + Send) {
        self.0.push(Box::new(value));
    }
}

impl Drop for Garbage {
    fn drop(&mut self) {
        for value in self.0.drain(..) {
            // UNWIND: as above; the others follow.
            let _ = guard(|| drop(value));
        }
    }
}

impl fmt::Debug for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Garbage").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Careful, Garbage, discard};

    struct Trap;

    impl Drop for Trap {
        fn drop(&mut self) {
            panic!("from the drop");
        }
    }

    #[test]
    fn drops_that_panic_do_no_harm() {
        drop(Careful::new(Trap));
        discard(Trap);
        let mut garbage = Garbage::default();
        garbage.push(Trap);
        garbage.push(vec![Careful::new(Trap), Careful::new(Trap)]);
        garbage.push(Trap);
        drop(garbage);
    }
}
