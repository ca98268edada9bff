//! What the handler that is being polled waits for.
//!
//! A future of this crate that has no limit and is pending says which actor it waits for, if it is polled by the actor
//! whose handler it is awaited in: with that actor's own waker. When the handler suspends, its runner publishes the
//! waits of that poll ([`super::waits`]); if there are more than [`MOST_WAITS`], the first ones.
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
use crate::sync::limits::MOST_WAITS;
use crate::sync::local;

local! {
    /// For whom the handler that is polled now waits,
    static TARGETS: [Cell<ActorId>; MOST_WAITS] = [const { Cell::new(ActorId::UNKNOWN) }; MOST_WAITS]
}

local! {
    /// and for how many.
    static COUNT: Cell<usize> = Cell::new(0)
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
    COUNT.with(|count| count.set(0));
}

/// Whether the handler waits for anybody whose poll has just ended.
#[inline(always)]
pub(super) fn is_any() -> bool {
    COUNT.with(Cell::get) != 0
}

/// Runs `look` on those that it waits for.
#[inline(always)]
pub(super) fn with_targets<R>(look: impl FnOnce(&[Cell<ActorId>]) -> R) -> R {
    TARGETS.with(|targets| look(&targets[..COUNT.with(Cell::get).min(MOST_WAITS)]))
}

/// Leaves a circle for the poll that follows.
#[cold]
pub(super) fn leave(found: Option<Found>) {
    IS_FOUND.with(|is_found| is_found.set(found.is_some()));
    FOUND.with(|place| place.set(found.map(Box::new)));
}

/// A pending future waits for a reply or for the start of `target`, which is of the system of the actor that is being run,
/// or unknown.
///
/// # Errors
///
/// The circle, if that wait can never end: then the future fails.
#[inline(always)]
pub(crate) fn wait_for(target: ActorId, context: &Context<'_>) -> Result<(), Circle> {
    if !target.is_known() || !current::is_polled_with(context.waker()) {
        return Ok(());
    }
    if current::has_id(target) { itself() } else { note(target) }
}

/// A pending future waits for room in the mailbox of `target`, as above. An actor's own mailbox may have room as soon as its
/// handler suspends, so that wait isn't hopeless yet.
///
/// # Errors
///
/// As above.
pub(crate) fn wait_for_room(target: ActorId, context: &Context<'_>) -> Result<(), Circle> {
    if target.is_known() && current::is_polled_with(context.waker()) { note(target) } else { Ok(()) }
}

#[inline(always)]
fn note(target: ActorId) -> Result<(), Circle> {
    if IS_FOUND.with(Cell::get) {
        close(target)?;
    }
    let count = COUNT.with(Cell::get);
    if count < MOST_WAITS {
        TARGETS.with(|targets| targets[count].set(target));
        COUNT.with(|place| place.set(count + 1));
    }
    Ok(())
}

/// An actor waits for itself.
#[cold]
fn itself() -> Result<(), Circle> {
    Err(Circle::new(current::info().into_iter().collect()))
}

/// The circle that was found may be another future's.
#[cold]
fn close(target: ActorId) -> Result<(), Circle> {
    match FOUND.with(Cell::take) {
        Some(found) if found.target == target => {
            IS_FOUND.with(|is_found| is_found.set(false));
            Err(found.circle)
        }
        other => {
            FOUND.with(|place| place.set(other));
            Ok(())
        }
    }
}

/// The circle that a wait for `target` is in whose time is up.
#[cold]
pub(crate) fn circle(target: ActorId, context: &Context<'_>) -> Option<Circle> {
    if target.is_known() && current::is_polled_with(context.waker()) { current::circle_over(target) } else { None }
}
