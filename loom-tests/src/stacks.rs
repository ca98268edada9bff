//! The stacks of loom's threads, kept for the next execution.
//!
//! loom gives each thread of each execution a stack of its own: it maps one, takes away the page at its end, and unmaps it
//! when the execution is over. With a fault for each page that is used that is a quarter of the models' time. So the
//! models' binary has the three calls itself, before libc's:
//!
//! | call | of a stack | of anything else |
//! |---|---|---|
//! | `mmap` | one of that length that is free, or a new one | the system's |
//! | `mprotect` | nothing, if it was kept: its last page has been taken away | the system's |
//! | `munmap` | it is free | the system's |
//!
//! A stack that was kept isn't blank. Nobody expects that: a generator writes whatever it reads there.

use std::ffi::{c_int, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};

use libc::{SYS_mmap, SYS_mprotect, SYS_munmap, off_t, size_t, syscall};

/// A stack that was mapped once.
struct Stack {
    start: usize,
    length: size_t,
    is_guarded: bool,
    is_free: bool,
}

/// All that were. As many as the threads of a model, since a model has a process of its own.
static STACKS: Mutex<Vec<Stack>> = Mutex::new(Vec::new());

fn stacks() -> MutexGuard<'static, Vec<Stack>> {
    // Nothing panics while it is locked.
    STACKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As libc's.
///
/// # Safety
///
/// As for libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap(
    start: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    let is_stack = flags & libc::MAP_STACK != 0;
    if is_stack && let Some(stack) = stacks().iter_mut().find(|stack| stack.is_free && stack.length == length) {
        stack.is_free = false;
        return stack.start as *mut c_void;
    }
    // SAFETY: the caller's arguments, for what the caller wants.
    let start = unsafe { syscall(SYS_mmap, start, length, protection, flags, file, offset) } as *mut c_void;
    if is_stack && start != libc::MAP_FAILED {
        stacks().push(Stack { start: start as usize, length, is_guarded: false, is_free: false });
    }
    start
}

/// As libc's.
///
/// # Safety
///
/// As for libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mprotect(start: *mut c_void, length: size_t, protection: c_int) -> c_int {
    if let Some(stack) = stacks().iter_mut().find(|stack| stack.start == start as usize)
        && std::mem::replace(&mut stack.is_guarded, true)
    {
        return 0;
    }
    // SAFETY: the caller's arguments, for what the caller wants.
    unsafe { syscall(SYS_mprotect, start, length, protection) as c_int }
}

/// As libc's.
///
/// # Safety
///
/// As for libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn munmap(start: *mut c_void, length: size_t) -> c_int {
    if let Some(stack) = stacks().iter_mut().find(|stack| stack.start == start as usize) {
        stack.is_free = true;
        return 0;
    }
    // SAFETY: the caller's arguments, for what the caller wants.
    unsafe { syscall(SYS_munmap, start, length) as c_int }
}
