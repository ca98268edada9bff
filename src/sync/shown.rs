//! A value that one thread at a time writes, and everybody may look at.
//!
//! It belongs to whoever has some right, which passes from thread to thread with an order of its own. That one reads it as
//! a plain value, and writes it by a relaxed store, which costs what a plain one does. Others see what it was a moment ago,
//! and nothing else follows from that: it is for people to look at, and for no decision.
//!
//! Under loom others look at an atomic that loom doesn't know. Two cells beside it tell whether the owner's accesses are
//! ordered, and whether anybody looks at a value that is gone.

use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU64, Ordering};

#[cfg(corecast_loom)]
use super::cell::UnsafeCell;

/// The value.
pub(crate) struct Shown<T: Small> {
    value: T::Atomic,
    #[cfg(corecast_loom)]
    traces: Traces,
}

/// What the model checker sees.
#[cfg(corecast_loom)]
struct Traces {
    /// Read by the owner's looks, written by its changes.
    owner: UnsafeCell<()>,
    /// Read by everybody's looks, written when the value goes.
    present: UnsafeCell<()>,
}

#[cfg(corecast_loom)]
impl Traces {
    fn new() -> Self {
        Self { owner: UnsafeCell::new(()), present: UnsafeCell::new(()) }
    }
}

#[cfg(corecast_loom)]
impl Drop for Traces {
    fn drop(&mut self) {
        // An execution that fails drops its thread-locals when it is over: there is nothing to be seen any more.
        if super::thread::panicking() {
            return;
        }
        self.owner.with_mut(|_| ());
        self.present.with_mut(|_| ());
    }
}

/// What fits into an atomic.
pub(crate) trait Small: Copy {
    /// The atomic.
    type Atomic;

    /// The atomic with this value.
    fn wrap(self) -> Self::Atomic;

    /// Its value, by an atomic load.
    fn load(from: &Self::Atomic) -> Self;

    /// Its value, by a plain load.
    ///
    /// # Safety
    ///
    /// Nobody else writes it meanwhile.
    unsafe fn read(from: &Self::Atomic) -> Self;

    /// Replaces its value, by an atomic store.
    fn store(self, to: &Self::Atomic);
}

impl<T: Small> Shown<T> {
    #[inline(always)]
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: value.wrap(),
            #[cfg(corecast_loom)]
            traces: Traces::new(),
        }
    }

    /// The value, for its owner.
    ///
    /// # Safety
    ///
    /// The caller is that: nobody else writes it meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> T {
        #[cfg(corecast_loom)]
        self.traces.owner.with(|_| ());
        // SAFETY: the caller's promise.
        unsafe { T::read(&self.value) }
    }

    /// Replaces it, for its owner.
    #[inline(always)]
    pub(crate) fn set(&self, value: T) {
        #[cfg(corecast_loom)]
        self.traces.owner.with_mut(|_| ());
        value.store(&self.value);
    }

    /// It goes with memory of which nothing is dropped: so the model checker sees whether anybody still owns it, or looks.
    #[inline(always)]
    pub(crate) fn finish(&self) {
        #[cfg(corecast_loom)]
        {
            self.traces.owner.with_mut(|_| ());
            self.traces.present.with_mut(|_| ());
        }
    }

    /// What it was a moment ago, for everybody.
    #[inline(always)]
    pub(crate) fn look(&self) -> T {
        #[cfg(corecast_loom)]
        self.traces.present.with(|_| ());
        T::load(&self.value)
    }
}

impl<T> Shown<*mut T> {
    /// No address. For thread-local values.
    #[cfg(not(corecast_loom))]
    pub(crate) const fn null() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()) }
    }

    /// No address.
    #[cfg(corecast_loom)]
    pub(crate) fn null() -> Self {
        Self::new(ptr::null_mut())
    }
}

impl Shown<u64> {
    /// Zero. For thread-local values.
    #[cfg(not(corecast_loom))]
    pub(crate) const fn zero() -> Self {
        Self { value: AtomicU64::new(0) }
    }

    /// Zero.
    #[cfg(corecast_loom)]
    pub(crate) fn zero() -> Self {
        Self::new(0)
    }
}

/// Numbers and addresses, by the atomics of their size.
macro_rules! small {
    ($(($($generics:tt)*) $ty:ty, $atomic:ty;)*) => {
        $(impl<$($generics)*> Small for $ty {
            type Atomic = $atomic;

            #[inline(always)]
            fn wrap(self) -> $atomic {
                <$atomic>::new(self)
            }

            #[inline(always)]
            fn load(from: &$atomic) -> Self {
                // ORDERING: Relaxed; who looks concludes nothing from it.
                from.load(Ordering::Relaxed)
            }

            #[inline(always)]
            unsafe fn read(from: &$atomic) -> Self {
                // SAFETY: the caller's promise; others' loads are no writes.
                unsafe { from.as_ptr().read() }
            }

            #[inline(always)]
            fn store(self, to: &$atomic) {
                // ORDERING: Relaxed; as above.
                to.store(self, Ordering::Relaxed);
            }
        })*
    };
}

small! {
    () u8, AtomicU8;
    () u16, AtomicU16;
    () u64, AtomicU64;
    (T) *mut T, AtomicPtr<T>;
}

impl<T: Small + fmt::Debug> fmt::Debug for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shown").field(&self.look()).finish()
    }
}
