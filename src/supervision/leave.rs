//! The end of a supervisor: it stops its children, the last one first, each with its budget, and ends after the last.
//! Dynamic children are stopped all together, in any order, with one budget for all.

use super::action::{Action, Exit};
use super::child::{Key, State};
use super::error::Refusal;
use super::policy::{Mode, Policy};
use super::shutdown::ShutdownPolicy;
use crate::task::reason::StopReason;

impl Policy {
    /// Begins to end, unless that has begun before.
    pub(super) fn leave(&mut self, exit: Exit) {
        if self.is_leaving() {
            return;
        }
        self.disarm(None);
        self.mode = Mode::Leaving { exit, at: None };
        let unborn: Vec<_> =
            self.children.iter().filter(|(_, child)| child.debut.is_some()).map(|(key, _)| key).collect();
        for key in unborn {
            self.end_debut(key, &Err(Refusal::ShuttingDown));
        }
        if let Some(shutdown) = self.rules.dynamic {
            self.stop_all(shutdown);
        }
    }

    /// Stops the next child, if the one before has ended.
    pub(super) fn stop_next(&mut self) {
        let Mode::Leaving { at, .. } = self.mode else { return };
        let mut last = at;
        // One that has no actor has ended at once.
        while last.and_then(|last| self.children.state(last)).is_none_or(|state| state == State::Idle) {
            let Some(next) = self.children.last(Key::FIRST, last, |child| child.state != State::Idle) else {
                return self.exit();
            };
            last = Some(next);
            self.let_go(next);
        }
        if let Mode::Leaving { at, .. } = &mut self.mode {
            *at = last;
        }
    }

    /// Ends a child, whatever it is doing.
    fn let_go(&mut self, key: Key) {
        let rest = self.rest(key);
        match self.children[key].state {
            State::Waiting => self.dismiss(key, rest, StopReason::Stopped),
            State::Starting | State::Up | State::Recalled => self.stop(key, rest),
            State::Idle | State::Leaving(_) => {}
        }
    }

    /// Stops all children at once.
    fn stop_all(&mut self, shutdown: ShutdownPolicy) {
        for key in self.keys() {
            self.let_go(key);
        }
        match shutdown {
            ShutdownPolicy::Brutal => self.cut_all(),
            ShutdownPolicy::Within(budget) => self.arm(None, budget),
            ShutdownPolicy::Infinity => {}
        }
    }

    /// The budget of all children is over, or they have none.
    pub(super) fn cut_all(&mut self) {
        for key in self.keys() {
            self.act(Action::Cut(key));
        }
    }

    pub(super) fn exit_if_empty(&mut self) {
        if self.children.is_empty() {
            self.exit();
        }
    }

    fn exit(&mut self) {
        self.disarm(None);
        if let Mode::Leaving { exit, .. } = std::mem::replace(&mut self.mode, Mode::Gone) {
            self.act(Action::Exit(exit));
        }
    }

    fn keys(&self) -> Vec<Key> {
        self.children.iter().map(|(key, _)| key).collect()
    }
}
