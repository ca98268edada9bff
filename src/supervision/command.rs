//! What others ask a supervisor for, child by child. The names and the rules are those of OTP.
//!
//! | command | the child is | then |
//! |---|---|---|
//! | `StartChild` | added just now | started, behind all others; forgotten if that fails |
//! | `TerminateChild` | running, or about to | stopped; its place is kept, unless it is temporary |
//! | | idle | – |
//! | `RestartChild` | idle | started; idle if that fails |
//! | `DeleteChild` | idle | forgotten |
//!
//! None of them counts as a restart, and a child that is terminated isn't restarted by itself, nor does its supervisor end by
//! that. It is started again when its group is, unless it is terminated while its group is down.

use super::action::Action;
use super::child::{Debut, Key, State};
use super::error::Refusal;
use super::event::Request;
use super::policy::Policy;
use crate::task::reason::StopReason;

impl Policy {
    pub(super) fn start_child(&mut self, key: Key, request: Request) {
        if self.children.state(key).is_none() {
            return self.answer(request, Err(Refusal::NotFound));
        }
        if self.is_leaving() {
            self.answer(request, Err(Refusal::ShuttingDown));
            return self.forget(key);
        }
        self.debut(key, Debut::StartChild, request);
    }

    pub(super) fn restart_child(&mut self, key: Key, request: Request) {
        match self.children.state(key) {
            _ if self.is_leaving() => self.answer(request, Err(Refusal::ShuttingDown)),
            None => self.answer(request, Err(Refusal::NotFound)),
            Some(State::Idle) => {
                let child = &mut self.children[key];
                child.is_quarantined = false;
                (child.failures, child.fruitless) = (0, 0);
                self.debut(key, Debut::RestartChild, request);
            }
            Some(State::Waiting | State::Starting) => self.answer(request, Err(Refusal::Restarting)),
            Some(State::Up | State::Recalled | State::Leaving(_)) => self.answer(request, Err(Refusal::Running)),
        }
    }

    pub(super) fn delete_child(&mut self, key: Key, request: Request) {
        match self.children.state(key) {
            None => self.answer(request, Err(Refusal::NotFound)),
            Some(State::Idle) => {
                self.forget(key);
                self.answer(request, Ok(()));
            }
            Some(State::Waiting | State::Starting) => self.answer(request, Err(Refusal::Restarting)),
            Some(State::Up | State::Recalled | State::Leaving(_)) => self.answer(request, Err(Refusal::Running)),
        }
    }

    pub(super) fn terminate_child(&mut self, key: Key, request: Request) {
        let Some(state) = self.children.state(key) else { return self.answer(request, Err(Refusal::NotFound)) };
        if state == State::Idle {
            return self.answer(request, Ok(()));
        }
        self.end_debut(key, &Err(Refusal::Terminated));
        self.children[key].callers.push(request);
        match state {
            // It is its turn soon, with all others.
            _ if self.is_leaving() => {}
            State::Waiting => self.dismiss(key, self.rest(key), StopReason::Stopped),
            State::Starting | State::Up | State::Recalled => self.stop(key, self.rest(key)),
            State::Idle | State::Leaving(_) => {}
        }
    }

    fn debut(&mut self, key: Key, debut: Debut, request: Request) {
        let child = &mut self.children[key];
        child.debut = Some(debut);
        child.callers.push(request);
        self.start_in_order(key);
    }

    fn answer(&mut self, request: Request, outcome: Result<(), Refusal>) {
        self.act(Action::Answer(request, outcome));
    }
}
