//! A barrier between one thread that passes it all the time and others that pass it rarely.
//!
//! Where two threads each write a word and then read the other's, at least one of them must see what the other wrote.
//! That takes a full barrier on both sides, which costs as much as a read-modify-write. Linux lets the rare side pay
//! for both: its `membarrier` makes every running thread of the process pass a full barrier. Where it is missing, both
//! sides pass a fence of their own.
//!
//! Source: the asymmetric Dekker synchronization of Dice, Huang and Yang; liburcu and folly use the same system call.

#[cfg(not(corecast_loom))]
use std::sync::atomic::compiler_fence;

use super::atomic::{Ordering, fence};

/// A full barrier right behind a read-modify-write of the same thread. Wait-free.
///
/// On x86 such an operation is a full barrier already: nothing is left to do but to tell the compiler. Elsewhere it is
/// a fence. (Linux knows the pair as `smp_mb__after_atomic`.)
#[inline(always)]
pub(crate) fn after_swap() {
    #[cfg(all(target_arch = "x86_64", not(corecast_loom)))]
    // ORDERING: SeqCst for the compiler; a locked instruction lets no later load pass any earlier store (Intel's manual,
    // volume 3, 9.2.3.9; AMD's, volume 2, 7.4.2).
    compiler_fence(Ordering::SeqCst);
    // ORDERING: SeqCst pairs with another thread's call of this.
    #[cfg(not(all(target_arch = "x86_64", not(corecast_loom))))]
    fence(Ordering::SeqCst);
}

/// The two sides agree on who pays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Barrier {
    rare_side_pays: bool,
}

impl Barrier {
    /// The best barrier of this machine.
    pub(crate) fn new() -> Self {
        Self { rare_side_pays: kernel::register() }
    }

    /// The frequent side. Wait-free.
    #[inline(always)]
    pub(crate) fn light(self) {
        #[cfg(not(corecast_loom))]
        if self.rare_side_pays {
            // ORDERING: SeqCst for the compiler, which must not exchange what is before and behind; the processor is
            // told by `heavy`.
            compiler_fence(Ordering::SeqCst);
            return;
        }
        // ORDERING: SeqCst pairs with the fence in `heavy`.
        fence(Ordering::SeqCst);
    }

    /// The rare side: some microseconds. Returns whether there was a barrier; without it nothing may be concluded.
    pub(crate) fn heavy(self) -> bool {
        if self.rare_side_pays {
            return kernel::interrupt_all();
        }
        // ORDERING: SeqCst pairs with the fence in `light`.
        fence(Ordering::SeqCst);
        true
    }
}

#[cfg(all(target_os = "linux", not(corecast_loom)))]
mod kernel {
    //! Linux's `membarrier`.
    use rustix::thread::{MembarrierCommand, membarrier};

    /// Says that this process will ask for barriers; as often as one likes.
    pub(super) fn register() -> bool {
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    /// A full barrier on every thread of this process that is running now; one that isn't running passed one when it
    /// stopped.
    pub(super) fn interrupt_all() -> bool {
        let ask = || membarrier(MembarrierCommand::PrivateExpedited).is_ok();
        // A process that was restored from a checkpoint has to register again.
        ask() || (register() && ask())
    }
}

#[cfg(not(all(target_os = "linux", not(corecast_loom))))]
mod kernel {
    //! No such call.
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn interrupt_all() -> bool {
        false
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Barrier, Ordering};
    use crate::sync::atomic::AtomicBool;
    use crate::sync::testing::spawn;
    use std::sync::{Arc, Barrier as Start};

    #[test]
    fn one_of_two_sees_the_other() {
        for barrier in [Barrier::new(), Barrier { rare_side_pays: false }] {
            for _ in 0..2_000 {
                let words = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
                let start = Arc::new(Start::new(2));
                let (others, ready) = (Arc::clone(&words), Arc::clone(&start));
                let frequent = spawn(move || {
                    ready.wait();
                    others[0].store(true, Ordering::Relaxed);
                    barrier.light();
                    others[1].load(Ordering::Relaxed)
                });
                start.wait();
                words[1].store(true, Ordering::Relaxed);
                let passed = barrier.heavy();
                let seen = words[0].load(Ordering::Relaxed);
                assert!(frequent.join().unwrap() || seen || !passed);
            }
        }
    }
}
