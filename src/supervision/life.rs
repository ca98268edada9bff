//! The life of one child: what its supervisor hears of it and does with it, one step each. The table of its states is in
//! [`child`](super::child).

use super::action::Action;
use super::child::{Key, Rest, State};
use super::error::Refusal;
use super::incident::Incident;
use super::policy::{Mode, Policy};
use super::strategy::Strategy;
use crate::task::reason::StopReason;

impl Policy {
    pub(super) fn up(&mut self, key: Key) {
        // One that was told to go down or away meanwhile does so.
        if self.children.state(key) != Some(State::Starting) {
            return;
        }
        self.disarm(key);
        let now = self.now;
        let child = &mut self.children[key];
        child.state = State::Up;
        child.up_since = Some(now);
        let incident = if child.debut.is_some() { Incident::Started } else { Incident::Restarted };
        self.report(key, incident);
        self.end_debut(key, &Ok(()));
    }

    pub(super) fn down(&mut self, key: Key, reason: StopReason, had_success: bool) {
        match self.children.state(key) {
            Some(State::Starting | State::Up) => self.judge(key, reason, had_success),
            Some(State::Recalled) => self.wait(key),
            Some(State::Leaving(_)) => self.act(Action::End(key)),
            // It is down already.
            Some(State::Idle | State::Waiting) | None => {}
        }
    }

    pub(super) fn ended(&mut self, key: Key, reason: StopReason) {
        let Some(state) = self.children.state(key) else { return };
        self.children[key].has_actor = false;
        match state {
            State::Starting | State::Up => self.judge(key, reason, state == State::Up),
            State::Recalled => self.wait(key),
            State::Leaving(rest) => self.settle(key, rest, reason),
            State::Waiting => self.ended_while_waiting(key, reason),
            State::Idle => {}
        }
    }

    pub(super) fn resigned(&mut self, key: Key, reason: StopReason) {
        if let Some(child) = self.children.get_mut(key) {
            child.has_resigned = true;
        }
        self.ended(key, reason);
    }

    pub(super) fn ignored(&mut self, key: Key) {
        let Some(state) = self.children.state(key) else { return };
        self.children[key].has_actor = false;
        match state {
            State::Starting => {
                self.end_debut(key, &Ok(()));
                self.lay_down(key, self.rest(key));
            }
            State::Recalled => self.wait(key),
            State::Leaving(rest) => self.settle(key, rest, StopReason::Stopped),
            State::Idle | State::Waiting | State::Up => {}
        }
    }

    /// Starts a child that waits, in place if it has run before.
    pub(super) fn start(&mut self, key: Key) {
        self.disarm(key);
        let child = &mut self.children[key];
        child.state = State::Starting;
        child.is_told_of = false;
        child.has_resigned = false;
        let limit = child.rules.start_limit;
        if std::mem::replace(&mut child.has_actor, true) {
            self.act(Action::Restart(key));
        } else {
            self.act(Action::Start(key));
        }
        if let Some(limit) = limit {
            self.arm(key, limit);
        }
    }

    /// Leaves a child, of which nothing runs, to wait for its start.
    pub(super) fn wait(&mut self, key: Key) {
        self.disarm(key);
        self.children[key].state = State::Waiting;
    }

    /// Starts a child that waits when those before it are up, or at once if they need not be.
    pub(super) fn start_in_order(&mut self, key: Key) {
        self.wait(key);
        match &mut self.mode {
            Mode::Serving if self.rules.strategy == Strategy::OneForOne => self.start(key),
            Mode::Serving => self.mode = Mode::Rising { from: key, at: None },
            Mode::Rising { from, .. } => *from = key.min(*from),
            // Comes up with the group, or not at all.
            Mode::Gathering { .. } | Mode::Pausing { .. } | Mode::Leaving { .. } | Mode::Gone => {}
        }
    }

    /// Takes a child down that runs, for a restart.
    pub(super) fn recall(&mut self, key: Key) {
        if self.children[key].is_temporary() {
            self.end_debut(key, &Err(Refusal::Terminated));
            return self.stop(key, Rest::Nothing);
        }
        let now = self.now;
        let child = &mut self.children[key];
        child.leave_up(now);
        child.state = State::Recalled;
        self.act(Action::Recall(key));
        self.arm_budget(key);
    }

    /// Stops a child for good that runs.
    pub(super) fn stop(&mut self, key: Key, rest: Rest) {
        let before = std::mem::replace(&mut self.children[key].state, State::Leaving(rest));
        self.act(Action::Stop(key));
        // One that was recalled has its budget already.
        if before != State::Recalled {
            self.arm_budget(key);
        }
    }

    /// Lets go for good of a child of which nothing runs.
    pub(super) fn dismiss(&mut self, key: Key, rest: Rest, reason: StopReason) {
        self.disarm(key);
        if self.children[key].has_actor {
            self.children[key].state = State::Leaving(rest);
            self.act(Action::End(key));
        } else {
            self.settle(key, rest, reason);
        }
    }

    /// A child has ended for good. One that had ended before, and whose place waits to be filled again, has been told of.
    fn settle(&mut self, key: Key, rest: Rest, reason: StopReason) {
        if !std::mem::replace(&mut self.children[key].is_told_of, true) {
            self.report(key, Incident::Stopped(reason));
        }
        self.lay_down(key, rest);
    }

    /// What remains of a child that has no actor any more.
    fn lay_down(&mut self, key: Key, rest: Rest) {
        self.disarm(key);
        let child = &mut self.children[key];
        child.state = State::Idle;
        child.is_quarantined = rest == Rest::Quarantine;
        for request in std::mem::take(&mut child.callers) {
            self.act(Action::Answer(request, Ok(())));
        }
        if rest == Rest::Nothing {
            self.forget(key);
        }
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.children.remove(key);
        self.act(Action::Forget(key));
    }

    /// What remains of a child that isn't quarantined.
    pub(super) fn rest(&self, key: Key) -> Rest {
        if self.children[key].is_temporary() || self.rules.dynamic.is_some() { Rest::Nothing } else { Rest::Place }
    }

    /// A first start has come to its end: those who wait for it hear.
    pub(super) fn end_debut(&mut self, key: Key, outcome: &Result<(), Refusal>) {
        let child = &mut self.children[key];
        if child.debut.take().is_some() {
            for request in std::mem::take(&mut child.callers) {
                self.act(Action::Answer(request, outcome.clone()));
            }
        }
    }
}
