//! Alarms: one at most for each child, and one for all.

use std::time::Duration;

use super::action::Action;
use super::child::{Key, State};
use super::incident::Incident;
use super::policy::{Mode, Policy};
use super::shutdown::ShutdownPolicy;

/// An alarm: whose it is and which turn of it. What it is for, the state of the child says, or the mode of the supervisor.
/// One that comes though it was disarmed isn't listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Alarm {
    /// None for the supervisor's own.
    pub(super) child: Option<Key>,
    pub(super) turn: u64,
}

impl Policy {
    pub(super) fn alarm(&mut self, alarm: Alarm) {
        match self.armed(alarm.child) {
            Some(armed) if *armed == Some(alarm.turn) => *armed = None,
            // It was disarmed, and on its way already.
            Some(_) | None => return,
        }
        match alarm.child {
            Some(key) => self.alarm_of(key),
            None => self.own_alarm(),
        }
    }

    fn alarm_of(&mut self, key: Key) {
        match self.children[key].state {
            State::Waiting if !self.is_leaving() => self.start(key),
            State::Starting | State::Recalled | State::Leaving(_) => {
                self.report(key, Incident::Overdue);
                self.act(Action::Cut(key));
            }
            State::Idle | State::Waiting | State::Up => {}
        }
    }

    fn own_alarm(&mut self) {
        match self.mode {
            Mode::Pausing { .. } => self.rise_all(),
            Mode::Leaving { .. } => self.cut_all(),
            Mode::Serving | Mode::Rising { .. } | Mode::Gathering { .. } | Mode::Gone => {}
        }
    }

    /// Gives a child that was asked to stop its time, unless there is one budget for all.
    pub(super) fn arm_budget(&mut self, key: Key) {
        self.disarm(key);
        if self.rules.dynamic.is_some() && self.is_leaving() {
            return;
        }
        match self.children[key].rules.shutdown {
            ShutdownPolicy::Brutal => self.act(Action::Cut(key)),
            ShutdownPolicy::Within(budget) => self.arm(key, budget),
            ShutdownPolicy::Infinity => {}
        }
    }

    /// Arms the alarm of a child, or the supervisor's own, in place of the one that was armed before.
    pub(super) fn arm(&mut self, whose: impl Into<Option<Key>>, after: Duration) {
        let child = whose.into();
        self.disarm(child);
        self.turns += 1;
        let turn = self.turns;
        if let Some(armed) = self.armed(child) {
            *armed = Some(turn);
        }
        self.act(Action::Arm(Alarm { child, turn }, after));
    }

    /// Disarms the alarm of a child, or the supervisor's own, if it is armed.
    pub(super) fn disarm(&mut self, whose: impl Into<Option<Key>>) {
        let child = whose.into();
        if let Some(turn) = self.armed(child).and_then(Option::take) {
            self.act(Action::Disarm(Alarm { child, turn }));
        }
    }

    /// The turn of an alarm, while it is armed. None for a child that isn't there.
    fn armed(&mut self, whose: Option<Key>) -> Option<&mut Option<u64>> {
        match whose {
            Some(key) => self.children.get_mut(key).map(|child| &mut child.armed),
            None => Some(&mut self.armed),
        }
    }
}
