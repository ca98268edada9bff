//! Farewells: how those who keep lists of actors strike one off before anybody hears of its end.
//!
//! They are wakers on the actor's side, woken by the end after the mailbox was closed and before the end is announced, as the
//! name is freed. An actor that takes no more messages takes no more farewells, so none comes behind the announcement:
//!
//! | who lists a farewell | the runner that ends the actor |
//! |---|---|
//! | makes the side, if there is none, and puts the farewell there | closes the mailbox, or finds it closed |
//! | looks at the mailbox word, by a read-modify-write | looks for the side, takes all farewells and wakes them |
//! | it is open: the close comes later, and the runner sees the side and what is there | |
//! | it is closed: takes the farewell back, unless the runner has taken it; either way it is refused | |
//!
//! A supervised actor's mailbox may be opened again. What was listed before it was closed stays.

use std::task::Waker;

use super::handle::Weak;
use super::header::{self, Side};
use crate::sync::unwind::guard;

impl Weak {
    /// Has `farewell` woken by the end, before anybody hears of that. Returns whether it will be; an actor that takes no more
    /// messages may or may not wake it.
    #[must_use = "an actor that is ending may have forgotten the farewell"]
    pub(crate) fn list(&self, farewell: &Waker) -> bool {
        let header = self.header();
        header::side(header).ending.lock().farewells.push(farewell.clone());
        // RECHECK: the end may have looked for farewells before this one was there.
        if header.is_closed_already() {
            drop(take(header::side(header), farewell));
            return false;
        }
        true
    }

    /// Takes a farewell off the list again. One that is woken right now isn't on it any more.
    pub(crate) fn unlist(&self, farewell: &Waker) {
        if let Some(side) = header::known_side(self.header()) {
            drop(take(side, farewell));
        }
    }
}

/// Takes one off the list. It is dropped without the lock.
fn take(side: &Side, farewell: &Waker) -> Option<Waker> {
    let mut ending = side.ending.lock();
    let at = ending.farewells.iter().position(|listed| listed.will_wake(farewell))?;
    Some(ending.farewells.swap_remove(at))
}

/// Wakes all farewells. Called by the runner, whose mailbox is closed.
pub(super) fn say(side: &Side) {
    let farewells = std::mem::take(&mut side.ending.lock().farewells);
    for farewell in farewells {
        // UNWIND: lists hold what users gave, and are careful with it; nothing else hangs on it.
        let _ = guard(|| farewell.wake());
    }
}
