//! What the handler that is being polled waits for.
//!
//! A future of this crate that has no limit and is pending says which actor it waits for, if it is polled by the actor
//! whose handler it is awaited in: with that actor's own waker. Of several the last one counts. When the handler
//! suspends, its runner publishes that wait ([`super::waits`]).
//!
//! A future that is polled by something between (an executor of its own, with wakers of its own) says nothing: such an
//! executor may wait for any of several things, and nobody can tell which. `select!` doesn't show: there a wait counts
//! though another one would do.

use std::cell::Cell;
use std::task::Context;

use super::circle::Circle;
use super::current;
use super::identity::ActorId;
use super::waits::Found;
use crate::sync::local;

local! {
    /// For whom the handler that is polled now waits.
    static TARGET: Cell<ActorId> = Cell::new(ActorId::UNKNOWN)
}

local! {
    /// Whether there is a circle for this poll to break.
    static IS_FOUND: Cell<bool> = Cell::new(false)
}

local! {
    /// The circle that this poll is to break.
    static FOUND: Cell<Option<Box<Found>>> = Cell::new(None)
}

/// A handler is about to be polled.
#[inline(always)]
pub(super) fn clear() {
    TARGET.with(|target| target.set(ActorId::UNKNOWN));
}

/// For whom the handler waits whose poll has just ended.
#[inline(always)]
pub(super) fn target() -> ActorId {
    TARGET.with(Cell::get)
}

/// Leaves a circle for the poll that follows.
#[cold]
pub(super) fn leave(found: Option<Found>) {
    IS_FOUND.with(|is_found| is_found.set(found.is_some()));
    FOUND.with(|place| place.set(found.map(Box::new)));
}

/// A pending future waits for `target`, which is of the system of the actor that is being run, or unknown.
///
/// # Errors
///
/// The circle, if that wait can never end: then the future fails.
#[inline(always)]
pub(crate) fn wait_for(target: ActorId, context: &Context<'_>) -> Result<(), Circle> {
    if target.is_known() && current::is_polled_with(context.waker()) { note(target) } else { Ok(()) }
}

#[inline(always)]
fn note(target: ActorId) -> Result<(), Circle> {
    TARGET.with(|place| place.set(target));
    if current::has_id(target) {
        return itself();
    }
    if IS_FOUND.with(Cell::get) { close(target) } else { Ok(()) }
}

/// An actor waits for itself.
#[cold]
fn itself() -> Result<(), Circle> {
    clear();
    Err(Circle::new(current::info().into_iter().collect()))
}

/// The circle that was found may be another future's.
#[cold]
fn close(target: ActorId) -> Result<(), Circle> {
    match FOUND.with(Cell::take) {
        Some(found) if found.target == target => {
            IS_FOUND.with(|is_found| is_found.set(false));
            clear();
            Err(found.circle)
        }
        other => {
            FOUND.with(|place| place.set(other));
            Ok(())
        }
    }
}
