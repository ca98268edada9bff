//! The budget of awaits that succeed at once, so that a loop over them can't keep its worker for ever.
//!
//! corecast's own futures ask [`proceed`] before they are ready. Within one poll of a handler that is granted a
//! limited number of times; then the future wakes its task and waits, and the actor goes to the back of the
//! queue. On other executors there is no limit. Futures of others aren't counted: a loop over nothing but
//! `std::future::ready` is a loop like any other.

use std::cell::Cell;
use std::task::{Context, Poll};

use crate::sync::limits::COOP_BUDGET;
use crate::sync::local;

/// What the counter holds on a thread that is no worker.
const UNLIMITED: u32 = u32::MAX;

local! {
    /// What is left of this poll's budget.
    static LEFT: Cell<u32> = Cell::new(UNLIMITED)
}

/// A handler is about to be polled.
#[inline(always)]
pub(super) fn refill() {
    LEFT.with(|left| left.set(COOP_BUDGET));
}

/// The worker's thread is done with handlers.
pub(crate) fn lift() {
    LEFT.with(|left| left.set(UNLIMITED));
}

/// Whether a future that is ready may say so now. If not, the task has been woken and the caller waits.
#[inline(always)]
pub(crate) fn proceed(context: &mut Context<'_>) -> Poll<()> {
    LEFT.with(|place| {
        let left = place.get();
        // One comparison for both: what is unlimited isn't counted down, and zero wraps.
        if left.wrapping_sub(1) < COOP_BUDGET {
            place.set(left - 1);
            Poll::Ready(())
        } else {
            exhausted(left, context)
        }
    })
}

#[cold]
fn exhausted(left: u32, context: &mut Context<'_>) -> Poll<()> {
    if left == UNLIMITED {
        return Poll::Ready(());
    }
    context.waker().wake_by_ref();
    Poll::Pending
}
