//! Tasks: an actor's cell, and one activation of it.
//!
//! A task is a [`header`] (mailbox, counts, task word) and a body whose type only its vtable knows. Whoever
//! schedules it hands the right to run it to a run queue as a [`Runnable`]; a worker turns that right into one
//! activation ([`run`]), which handles messages until the actor is idle, waits or has used up its share.
//!
//! | file | noun |
//! |---|---|
//! | [`header`] | an actor's cell, and its memory |
//! | [`state`] | the task word |
//! | [`handle`] | the references to a cell |
//! | [`refs`] | their counts |
//! | [`startup`] | who waits for a start |
//! | [`runnable`] | the right to run a task, and the making of one |
//! | [`typed`] | references that know the body's type, or two kinds of letters that it reads |
//! | [`glance`] | what others may see of a task |
//! | [`letter`] | what a message brings with it, and what those above do for a task |
//! | [`seats`] | who lives |
//! | [`lodging`] | how a host is kept |
//! | [`charge`] | what an actor has that is supervised |
//! | [`checkup`] | an actor's health checks |
//! | [`lane`] | messages of timers, beside the mailbox |
//! | [`post`] | a letter on its way into the mailbox |
//! | [`run`] | one activation |
//! | [`share`] | how long it may last |
//! | [`hand`] | what a worker runs next, and what it holds |
//! | [`held`] | the task that a worker holds back from being suspended |
//! | [`run_slot`] | a place for one runnable task, cheap for its worker |
//! | [`watches`] | whom an actor watches or is linked to |
//! | [`farewell`] | who strikes an actor off a list before its end is heard of |
//! | [`hooks`] | `pre_start`, `on_terminated`, `health_check`, `post_stop` and the drop of a body |
//! | [`trace`] | what an actor is in the middle of, where that is noted |
//! | [`frame`] | a handler's future, and where it lives |
//! | [`waker`] | the wakers of a suspended handler |
//! | [`edge`] | what the handler that is being polled waits for |
//! | [`waits`] | who waits for whom, and the circles in it |
//! | [`circle`] | actors that wait for one another |
//! | [`coop`] | the budget of awaits that succeed at once |
//! | [`current`] | the task that this thread is running |
//! | `director` | what a simulation decides, and hears of |
//! | [`identity`] | who an actor is |
//! | [`reason`] | why an actor ended |
//!
//! # Who may touch what
//!
//! 1. Body, frame, startup, phase, verdict, spare references, the flag of waits, the maker of bodies and the mailbox's reader side belong to the runner:
//!    the holder of the `Runnable`, and then the activation. There is at most one, because SCHEDULED is set in the mailbox word
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

/// `Debug` by name alone.
macro_rules! debug_as {
    ($(($($generics:tt)*) $ty:ty => $name:literal;)*) => {
        $(impl<$($generics)*> std::fmt::Debug for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($name)
            }
        })*
    };
}

pub(crate) mod charge;
pub(crate) mod checkup;
pub(crate) mod circle;
pub(crate) mod coop;
pub(crate) mod current;
#[cfg(any(corecast_loom, feature = "sim"))]
pub(crate) mod director;
pub(crate) mod edge;
pub(crate) mod farewell;
mod frame;
pub(crate) mod glance;
pub(crate) mod hand;
pub(crate) mod handle;
pub(crate) mod header;
pub(crate) mod held;
mod hooks;
pub(crate) mod identity;
pub(crate) mod lane;
pub(crate) mod letter;
pub(crate) mod lodging;
pub(crate) mod post;
pub(crate) mod reason;
mod refs;
pub(crate) mod run;
pub(crate) mod run_slot;
mod runnable;
pub(crate) mod seats;
mod share;
pub(crate) mod startup;
pub(crate) mod state;
pub(crate) mod trace;
pub(crate) mod typed;
pub(crate) mod waits;
mod waker;
pub(crate) mod watches;

pub(crate) use frame::{Completion, Scratch};
pub(crate) use header::Header;
pub(crate) use run::Turn;
pub(crate) use runnable::{Fittings, Plan, Runnable, SendLimit};
pub(crate) use waker::TaskWaiter;
