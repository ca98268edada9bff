//! The budget of awaits that succeed at once, so that a loop over them can't keep its worker for ever.
//!
//! corecast's own futures ask [`proceed`] before they are ready. Within one poll of a handler that is granted a
//! limited number of times; then the future wakes its task and waits, and the actor goes to the back of the
//! queue. On other executors there is no limit. Futures of others aren't counted: a loop over nothing but
//! `std::future::ready` is a loop like any other.
//!
//! What an await stands for may be long by itself: an event for many subscribers. It is [charged](charge) for when it is done.

use std::cell::Cell;
use std::task::{Context, Poll};

use super::current;
use crate::sync::limits::COOP_BUDGET;
use crate::sync::local;

local! {
    /// What is left of this poll's budget; below zero when it is used up. Means nothing where no task is run.
    static LEFT: Cell<i32> = Cell::new(COOP_BUDGET)
}

#[cfg(any(corecast_loom, feature = "sim"))]
local! {
    /// What a poll may take without asking: nothing, in a simulation.
    static BUDGET: Cell<i32> = Cell::new(COOP_BUDGET)
}

/// In a simulation the director is asked about each await.
#[cfg(any(corecast_loom, feature = "sim"))]
pub(super) fn ask_always(always: bool) {
    BUDGET.with(|budget| budget.set(if always { 0 } else { COOP_BUDGET }));
    refill();
}

#[cfg(any(corecast_loom, feature = "sim"))]
fn budget() -> i32 {
    BUDGET.with(Cell::get)
}

#[cfg(not(any(corecast_loom, feature = "sim")))]
#[inline(always)]
const fn budget() -> i32 {
    COOP_BUDGET
}

/// A handler is about to be polled.
#[inline(always)]
pub(super) fn refill() {
    LEFT.with(|left| left.set(budget()));
}

/// Whether a future that is ready may say so now. If not, the task has been woken and the caller waits.
#[inline(always)]
pub(crate) fn proceed(context: &mut Context<'_>) -> Poll<()> {
    let left = LEFT.with(|place| {
        let left = place.get().wrapping_sub(1);
        place.set(left);
        left
    });
    if left >= 0 { Poll::Ready(()) } else { exhausted(context) }
}

/// So many deliveries count as an await. A delivery may take as long as an await does. But subscribers handle best what has
/// come in a row, and with fewer to an await each of many would get a few events at a time; with 32, what a poll delivers
/// takes half a mebibyte of mailboxes, which a core's cache holds.
const DELIVERIES: usize = 32;

/// So many deliveries were made at one call. They are taken from this poll's budget, whether anything is awaited for them or not.
#[inline(always)]
pub(crate) fn charge(deliveries: usize) {
    LEFT.with(|left| left.set(left.get().wrapping_sub((deliveries / DELIVERIES) as i32)));
}

#[cold]
fn exhausted(context: &mut Context<'_>) -> Poll<()> {
    // Where the handler itself drives an executor, the next poll is not the worker's: it goes on.
    refill();
    #[cfg(any(corecast_loom, feature = "sim"))]
    if let Some(yields) = super::director::with(|director| director.yields()) {
        if !yields {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        return Poll::Pending;
    }
    if !current::is_any() {
        // Nobody's budget.
        return Poll::Ready(());
    }
    context.waker().wake_by_ref();
    Poll::Pending
}
