//! parking_lot's `Mutex` and `Condvar` in front of loom's: no poisoning, and timeouts that come at once.

use std::time::Duration;

/// `parking_lot::Mutex`.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

/// `parking_lot::MutexGuard`.
pub(crate) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// `parking_lot::Condvar`.
#[derive(Debug)]
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        replace(guard, |guard| self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// loom has no time: the wait ends at once, as if the timeout had been zero. Others are let through first, or a
    /// loop of such waits would never end.
    pub(crate) fn wait_for<T>(&self, _guard: &mut MutexGuard<'_, T>, _timeout: Duration) -> bool {
        loom::thread::yield_now();
        true
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Moves a guard out of its place and another one in: std's condition variable takes guards by value,
/// parking_lot's by reference.
fn replace<'a, T>(place: &mut MutexGuard<'a, T>, with: impl FnOnce(MutexGuard<'a, T>) -> MutexGuard<'a, T>) {
    // SAFETY: the guard is read out once and a guard is written back before anybody can look; loom's
    // `wait` unwinds only when the model has failed, and then the process of the model ends.
    unsafe {
        let guard = std::ptr::read(place);
        std::ptr::write(place, with(guard));
    }
}
