//! The facade over std and loom: the only place that names `std::sync`, `std::thread` or `loom`.
//!
//! Everything above builds on these names, so that under `--cfg corecast_loom` the shipped code itself
//! runs in the model checker. crossbeam and parking_lot are not known to loom: under that cfg they are
//! replaced by the doubles in `double/`, each no stronger than the original (listed in
//! ARCHITECTURE.md). Sizes that a model must be able to exhaust are constants of [`limits`].

pub(crate) mod barrier;
pub(crate) mod cell;
#[cfg(corecast_loom)]
mod double;
pub(crate) mod exclusive;
#[cfg(corecast_loom)]
pub(crate) mod explore;
pub(crate) mod garbage;
pub(crate) mod halt;
pub(crate) mod limits;
mod marks;
#[cfg(not(corecast_loom))]
pub(crate) mod once;
pub(crate) mod padded;
pub(crate) mod parker;
pub(crate) mod planted;
pub(crate) mod seldom;
pub(crate) mod shown;
pub(crate) mod snapshot;
#[cfg(any(corecast_loom, feature = "sim"))]
pub(crate) mod stage;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod unwind;

pub(crate) mod atomic {
    //! Atomics, either std's or loom's. `AtomicWord64` is for words that are changed by read-modify-writes only.
    #[cfg(corecast_loom)]
    pub(crate) use super::double::loads::AtomicU64 as AtomicWord64;
    #[cfg(corecast_loom)]
    pub(crate) use loom::sync::atomic::fence;
    #[cfg(corecast_loom)]
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
    #[cfg(not(corecast_loom))]
    pub(crate) use std::sync::atomic::AtomicU64 as AtomicWord64;
    pub(crate) use std::sync::atomic::Ordering;
    #[cfg(not(corecast_loom))]
    pub(crate) use std::sync::atomic::fence;
    #[cfg(not(corecast_loom))]
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
}

pub(crate) mod hint {
    //! What a thread tells the processor.
    #[cfg(corecast_loom)]
    pub(crate) use loom::hint::spin_loop;
    #[cfg(not(corecast_loom))]
    pub(crate) use std::hint::spin_loop;

    /// This thread is about to write to the line of `address`, which another core may have. Any address will do.
    #[inline(always)]
    pub(crate) fn will_write<T>(address: *const T) {
        #[cfg(all(target_arch = "x86_64", not(any(corecast_loom, miri))))]
        // SAFETY: a hint, which touches neither memory nor registers and never faults. Processors that don't know it do
        // nothing.
        unsafe {
            std::arch::asm!("prefetchw [{}]", in(reg) address.addr(), options(nomem, nostack, preserves_flags));
        }
        #[cfg(not(all(target_arch = "x86_64", not(any(corecast_loom, miri)))))]
        let _ = address;
    }
}

pub(crate) mod thread {
    //! Threads by name.
    #[cfg(not(corecast_loom))]
    #[cfg(not(corecast_loom))]
    pub(crate) use std::thread::{JoinHandle, ThreadId, available_parallelism, current, yield_now};

    #[cfg(corecast_loom)]
    pub(crate) use loom::thread::{JoinHandle, ThreadId, current, yield_now};
    #[cfg(corecast_loom)]
    pub(crate) use std::thread::available_parallelism;
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) use std::thread::panicking;

    /// Starts a named thread.
    ///
    /// # Errors
    ///
    /// The operating system's, when it has no thread to give.
    pub(crate) fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        #[cfg(not(corecast_loom))]
        return std::thread::Builder::new().name(name).spawn(body);
        #[cfg(corecast_loom)]
        return super::explore::spawn(name, body);
    }
}

/// Thread-local values: a plain `Cell`-like value per thread, either std's or loom's.
#[cfg(not(corecast_loom))]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr) => {
        std::thread_local! { $(#[$meta])* static $name: $ty = const { $init } }
    };
}
#[cfg(corecast_loom)]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr) => {
        loom::thread_local! { $(#[$meta])* static $name: $ty = $init }
    };
}
pub(crate) use local;

/// A process-wide value made at its first use; under loom, once per execution of a model.
#[cfg(not(corecast_loom))]
macro_rules! lazy {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr) => {
        $(#[$meta])* static $name: $crate::sync::once::Lazy<$ty> = $crate::sync::once::Lazy::new(|| $init);
    };
}
#[cfg(corecast_loom)]
macro_rules! lazy {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr) => {
        loom::lazy_static! { $(#[$meta])* static ref $name: $ty = $init; }
    };
}
pub(crate) use lazy;

/// A process-wide value with a constant initializer; under loom, made anew in each execution.
#[cfg(not(corecast_loom))]
macro_rules! constant {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr) => {
        $(#[$meta])* static $name: $ty = $init;
    };
}
#[cfg(corecast_loom)]
macro_rules! constant {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr) => {
        loom::lazy_static! { $(#[$meta])* static ref $name: $ty = $init; }
    };
}
pub(crate) use constant;

/// Shared ownership above the hot paths. Always std's: its own races are not ours to check, and loom's
/// has no weak side.
pub(crate) use std::sync::{Arc, Weak};

pub(crate) mod lock {
    //! Cold-path locks: parking_lot, or its double.
    #[cfg(corecast_loom)]
    pub(crate) use super::double::lock::{Condvar, Mutex, MutexGuard};
    #[cfg(not(corecast_loom))]
    pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};

    /// Lets the calling thread wait once, for no time: parking_lot calls the allocator at a thread's first wait.
    pub(crate) fn register_sleeper() {
        #[cfg(not(corecast_loom))]
        let _ = Condvar::new().wait_for(&mut Mutex::new(()).lock(), std::time::Duration::ZERO);
    }
}

pub(crate) mod deque {
    //! The stealable run queue: crossbeam-deque, or its double.
    #[cfg(corecast_loom)]
    pub(crate) use super::double::deque::{Steal, Stealer, Worker};
    #[cfg(not(corecast_loom))]
    pub(crate) use crossbeam_deque::{Steal, Stealer, Worker};

    /// Registers the calling thread with the deques' memory reclamation, which otherwise calls the allocator at the
    /// thread's first theft.
    pub(crate) fn register_thief() {
        #[cfg(not(corecast_loom))]
        drop(crossbeam_epoch::pin());
    }
}

pub(crate) mod queue {
    //! The bounded queue for cold exchange: crossbeam-queue, or its double.
    #[cfg(corecast_loom)]
    pub(crate) use super::double::queue::ArrayQueue;
    #[cfg(not(corecast_loom))]
    pub(crate) use crossbeam_queue::ArrayQueue;
}

pub(crate) mod recent {
    //! The bounded queue that displaces its oldest element: crossbeam-queue, or its double.
    #[cfg(corecast_loom)]
    pub(crate) use super::double::recent::Recent;
    #[cfg(not(corecast_loom))]
    pub(crate) use crossbeam_queue::ArrayQueue as Recent;
}

pub(crate) mod heap {
    //! The system allocator; under loom its tracked twin, so that leaks fail the model. An execution by itself is no model of
    //! that: nothing is tracked there.
    #[cfg(corecast_loom)]
    pub(crate) use super::explore::{alloc, dealloc};
    pub(crate) use std::alloc::{Layout, handle_alloc_error};
    #[cfg(not(corecast_loom))]
    pub(crate) use std::alloc::{alloc, alloc_zeroed, dealloc};
}

#[cfg(corecast_loom)]
pub(crate) use double::loads::set_keen as keen_loads;

#[cfg(test)]
pub(crate) mod testing {
    //! What unit tests need of the standard library.
    pub(crate) use std::thread::spawn;
}
