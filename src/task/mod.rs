//! Tasks: an actor's cell, and one activation of it.
//!
//! A task is a [`header`] (mailbox, counts, task word) and a body whose type only its vtable knows. Whoever
//! schedules it hands the right to run it to a run queue as a [`Runnable`]; a worker turns that right into one
//! activation ([`run`]), which handles messages until the actor is idle, waits or has used up its share.
//!
//! # Who may touch what
//!
//! 1. Body, frame, phase, verdict and the mailbox's reader side belong to the runner: the holder of the
//!    `Runnable`, and then the activation. There is at most one, because SCHEDULED is set in the mailbox word
//!    as long as it exists or the actor is suspended or has ended.
//! 2. The right passes: idle CAS (Release) → scheduling claim, close or nudge (Acquire) → run queue; or suspension
//!    CAS (Release) → wake, kill or expiry (Acquire) → run queue. Each is the former runner's last access.
//! 3. A suspended handler borrows the body. Its frame is polled, or dropped, before anything else touches the body;
//!    the body is dropped last.
//! 4. The living actor owns a weak reference to its own cell until its end; so a `Runnable` needs none.
//! 5. Counts: see [`handle`]. The cell is freed by whoever gives up the last weak reference.
//!
//! User code (handlers, hooks, drops, wakers, observers) runs behind `guard` with no lock held; each call is marked
//! `UNWIND`.

pub(crate) mod coop;
pub(crate) mod current;
mod frame;
pub(crate) mod handle;
mod header;
pub(crate) mod identity;
pub(crate) mod letter;
pub(crate) mod reason;
pub(crate) mod run;
pub(crate) mod state;
mod waker;

pub(crate) use frame::{Completion, Scratch};
pub(crate) use handle::Runnable;
pub(crate) use header::Header;
pub(crate) use run::Turn;
pub(crate) use waker::TaskWaiter;
