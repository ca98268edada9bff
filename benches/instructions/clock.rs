//! A clock that counts its readings, in place of the operating system's.
//!
//! The runtime looks at the clock now and then: an activation that has taken too long ends. Under callgrind everything
//! takes fifty times as long, and not twice the same, so that activations would end where they never do otherwise, now here
//! and now there. This clock lets [`STEP`] pass from one reading to the next, whatever happens in between: then a run of the
//! same operations takes the same course.
//!
//! It is the C library's function by name. The linker takes the first definition that it finds, and this one stands before
//! the library. What waits for a certain time is none of the loads' business, so nobody compares this clock with another.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, Ordering};

use rustix::time::Timespec;

/// Nanoseconds from one reading to the next: less than an activation may take.
const STEP: i64 = 1_000;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// Readings so far.
static READINGS: AtomicI64 = AtomicI64::new(0);

/// As the C library's: writes the time to `time` and returns 0.
///
/// # Safety
///
/// `time` is valid for a write.
// SAFETY: the C library's function of this name has this signature, and this one keeps its contract.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(_clock: c_int, time: *mut Timespec) -> c_int {
    // ORDERING: Relaxed; the count stands for itself.
    let nanos = SECOND + READINGS.fetch_add(1, Ordering::Relaxed) * STEP;
    // SAFETY: the caller's promise.
    unsafe { time.write(Timespec { tv_sec: nanos / SECOND, tv_nsec: nanos % SECOND }) };
    0
}

/// Whether the process reads this clock: each reading of the standard library's is one of this clock's.
pub(crate) fn is_in_place() -> bool {
    // ORDERING: Relaxed; as above.
    let readings = || READINGS.load(Ordering::Relaxed);
    let before = readings();
    let now = std::time::Instant::now();
    readings() > before && now.elapsed().as_nanos() > 0
}
