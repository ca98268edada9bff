//! The restart of several children: they are taken down, the last one first, wait for the end of a back-off, and are started
//! in their order.
//!
//! A failure of one that has been started again begins anew, from there on, and counts. A failure of one before the group, while
//! the group is down or about to be, makes the group larger, and counts.

use std::time::Duration;

use super::child::{Key, State};
use super::policy::{Mode, Policy};

impl Policy {
    /// Begins to restart the children from `from` on.
    pub(super) fn gather(&mut self, from: Key, pause: Duration) {
        self.mode = match self.mode {
            Mode::Gathering { from: other, at, pause: longer } => {
                Mode::Gathering { from: from.min(other), at, pause: pause.max(longer) }
            }
            Mode::Pausing { from: other, pause: longer } => {
                self.disarm(None);
                Mode::Gathering { from: from.min(other), at: None, pause: pause.max(longer) }
            }
            _ => Mode::Gathering { from, at: None, pause },
        };
        // Those that have ended before are started with the others.
        for (_, child) in self.children.since(from) {
            if child.state == State::Idle && !child.is_quarantined {
                child.state = State::Waiting;
            }
        }
    }

    /// Takes down the next one of the group, if the one before is down.
    pub(super) fn take_down(&mut self) {
        let Mode::Gathering { from, at, pause } = self.mode else { return };
        if at.and_then(|at| self.children.state(at)).is_some_and(|state| !state.is_at_rest()) {
            return;
        }
        if let Some(next) = self.children.last(from, at, |child| !child.state.is_at_rest()) {
            self.mode = Mode::Gathering { from, at: Some(next), pause };
            if let State::Starting | State::Up = self.children[next].state {
                self.recall(next);
            }
        } else if pause.is_zero() {
            self.rise_all();
            self.rise();
        } else {
            self.mode = Mode::Pausing { from, pause };
            self.arm(None, pause);
        }
    }

    /// Begins to start all that wait, once one is up that is being started by itself.
    pub(super) fn rise_all(&mut self) {
        let at = self.children.first(Key::FIRST, |child| child.state == State::Starting);
        self.mode = Mode::Rising { from: Key::FIRST, at };
    }

    /// Starts the next one that waits, if the one before has been started. One that backs off by itself isn't waited for.
    pub(super) fn rise(&mut self) {
        let Mode::Rising { from, at } = self.mode else { return };
        if at.and_then(|at| self.children.state(at)) == Some(State::Starting) {
            return;
        }
        match self.children.first(from, |child| child.state == State::Waiting && child.armed.is_none()) {
            Some(next) => {
                self.mode = Mode::Rising { from: next, at: Some(next) };
                self.start(next);
            }
            None => self.mode = Mode::Serving,
        }
    }
}
