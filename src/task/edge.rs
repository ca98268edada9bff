//! What the handler that is being polled waits for.
//!
//! A future of this crate that has no limit and is pending notes the actor that it waits for, if it is polled by an actor of
//! the same system whose handler it is awaited in: with that actor's own waker. When the handler suspends, its runner
//! publishes the waits of that poll ([`super::waits`]); if there are more than [`MOST_WAITS`], the first ones. A future that
//! is dropped before the end of its poll takes its note back.
//!
//! A future that is polled by something between (an executor of its own, with wakers of its own) notes nothing: such an
//! executor may wait for any of several things, and nobody can tell which. `select!` doesn't show: there a wait counts
//! though another one would do. So does one that was polled and is kept for later.

use std::cell::Cell;
use std::task::Context;

use super::circle::Circle;
use super::current;
use super::identity::{ActorId, Whom};
use super::waits::Found;
use crate::sync::limits::MOST_WAITS;
use crate::sync::local;

local! {
    /// For whom the handler that is polled now waits,
    static TARGETS: [Cell<ActorId>; MOST_WAITS] = [const { Cell::new(ActorId::UNKNOWN) }; MOST_WAITS]
}

local! {
    /// by which futures,
    static KEYS: [Cell<usize>; MOST_WAITS] = [const { Cell::new(0) }; MOST_WAITS]
}

local! {
    /// in which cell the first of them is,
    static CELL: Cell<usize> = Cell::new(0)
}

local! {
    /// and how many they are.
    static COUNT: Cell<usize> = Cell::new(0)
}

local! {
    /// For whom the handler of the held task waits,
    static ASIDE: [Cell<ActorId>; MOST_WAITS] = [const { Cell::new(ActorId::UNKNOWN) }; MOST_WAITS]
}

local! {
    /// and how many they are.
    static ASIDE_COUNT: Cell<usize> = Cell::new(0)
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

/// The cell of the one actor that the handler waits for whose poll has just ended, if it waits for one.
#[inline(always)]
pub(super) fn only_cell() -> Option<usize> {
    (COUNT.with(Cell::get) == 1).then(|| CELL.with(Cell::get))
}

/// Runs `look` on those that the handler waits for whose poll has just ended.
#[inline(always)]
pub(super) fn with_targets<R>(look: impl FnOnce(&[Cell<ActorId>]) -> R) -> R {
    TARGETS.with(|targets| look(&targets[..COUNT.with(Cell::get).min(MOST_WAITS)]))
}

/// The handler whose poll has just ended is held: another one is polled before it is suspended.
#[inline(always)]
pub(super) fn set_aside() {
    let count = COUNT.with(Cell::get);
    ASIDE_COUNT.with(|aside| aside.set(count));
    TARGETS.with(|targets| ASIDE.with(|aside| aside[0].set(targets[0].get())));
    if count > 1 {
        // Mostly there is only one.
        set_others_aside();
    }
}

#[cold]
fn set_others_aside() {
    TARGETS.with(|targets| {
        ASIDE.with(|aside| aside.iter().zip(targets).for_each(|(aside, target)| aside.set(target.get())))
    });
}

/// Runs `look` on those that the handler of the held task waits for.
#[inline(always)]
pub(super) fn with_aside<R>(look: impl FnOnce(&[Cell<ActorId>]) -> R) -> R {
    ASIDE.with(|targets| look(&targets[..ASIDE_COUNT.with(Cell::get).min(MOST_WAITS)]))
}

/// For whom the handler of a held task waits, and how many they are.
#[cfg(any(corecast_loom, feature = "sim"))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Aside([ActorId; MOST_WAITS], usize);

/// For whom the handler of the held task waits.
#[cfg(any(corecast_loom, feature = "sim"))]
pub(super) fn aside() -> Aside {
    let targets = ASIDE.with(|aside| std::array::from_fn(|place| aside[place].get()));
    Aside(targets, ASIDE_COUNT.with(Cell::get))
}

/// The held task is another worker's, whose handler waits for these.
#[cfg(any(corecast_loom, feature = "sim"))]
pub(super) fn put_aside(Aside(targets, count): Aside) {
    ASIDE.with(|aside| aside.iter().zip(targets).for_each(|(aside, target)| aside.set(target)));
    ASIDE_COUNT.with(|aside| aside.set(count));
}

/// Leaves a circle for the poll that follows, or takes it back.
#[cold]
pub(super) fn leave(found: Option<Found>) {
    IS_FOUND.with(|is_found| is_found.set(found.is_some()));
    FOUND.with(|place| place.set(found.map(Box::new)));
}

/// A pending future waits for a reply of `whom`, or for its start. `key` tells it from others of the same poll.
///
/// # Errors
///
/// The circle, if that wait can never end: then the future fails.
#[inline(always)]
pub(crate) fn wait_for(whom: Whom, key: usize, context: &Context<'_>) -> Result<(), Circle> {
    if !is_own(whom, context) {
        return Ok(());
    }
    if current::has_id(whom.id) { itself() } else { note(whom, key) }
}

/// A pending future waits for room in the mailbox of `whom`, as above. An actor's own mailbox may have room as soon as its
/// handler suspends, so that wait isn't hopeless yet.
///
/// # Errors
///
/// As above.
pub(crate) fn wait_for_room(whom: Whom, key: usize, context: &Context<'_>) -> Result<(), Circle> {
    if is_own(whom, context) { note(whom, key) } else { Ok(()) }
}

/// Whether the handler that is polled with this context waits for an actor of its own system.
#[inline(always)]
fn is_own(whom: Whom, context: &Context<'_>) -> bool {
    whom.id.is_known() && current::is_polled_with(context.waker()) && current::has_host(whom.host)
}

#[inline(always)]
fn note(whom: Whom, key: usize) -> Result<(), Circle> {
    let target = whom.id;
    if IS_FOUND.with(Cell::get) {
        close(target)?;
    }
    let count = COUNT.with(Cell::get);
    if count == 0 {
        // Mostly there is only one.
        set(0, target, key);
        CELL.with(|cell| cell.set(whom.cell));
        COUNT.with(|place| place.set(1));
    } else {
        note_another(count, target, key);
    }
    Ok(())
}

#[inline(always)]
fn set(place: usize, target: ActorId, key: usize) {
    TARGETS.with(|targets| targets[place].set(target));
    KEYS.with(|keys| keys[place].set(key));
}

/// A future that is polled again in the same poll is noted once.
#[cold]
fn note_another(count: usize, target: ActorId, key: usize) {
    if count < MOST_WAITS && place_of(count, key).is_none() {
        set(count, target, key);
        COUNT.with(|place| place.set(count + 1));
    }
}

fn place_of(count: usize, key: usize) -> Option<usize> {
    KEYS.with(|keys| keys[..count].iter().position(|noted| noted.get() == key))
}

/// A pending future is dropped: if it was noted in this poll, its actor doesn't wait for it any more.
pub(super) fn forget(key: usize) {
    let count = COUNT.with(Cell::get).min(MOST_WAITS);
    if count != 0
        && let Some(place) = place_of(count, key)
    {
        let last = count - 1;
        set(place, TARGETS.with(|targets| targets[last].get()), KEYS.with(|keys| keys[last].get()));
        COUNT.with(|place| place.set(last));
    }
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

/// The circle that a wait for `whom` is in whose time is up.
#[cold]
pub(crate) fn circle(whom: Whom, context: &Context<'_>) -> Option<Circle> {
    if is_own(whom, context) { current::circle_over(whom.id) } else { None }
}
