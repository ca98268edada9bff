//! What follows when a run of a child has ended and nobody had asked it to.
//!
//! The first line that holds:
//!
//! | the child | then |
//! |---|---|
//! | is one of a supervisor that is leaving | it waits until it is its turn to end |
//! | hasn't been started before | who asked for the start hears; if that was the supervisor's own start, it leaves |
//! | is of a group that is being taken down | as if it had been taken down: that counts for nothing |
//! | isn't restarted after such an end, by its restart type | it ends; if it is significant, the supervisor may leave |
//! | has failed too often without a success | it ends, is quarantined, and so on as above |
//! | is one restart too many | the supervisor gives up, and leaves |
//! | | it is restarted, by itself or with its group, after its back-off |

use std::time::Duration;

use super::action::Exit;
use super::auto_shutdown::AutoShutdown;
use super::child::{Debut, Key, Rest, State};
use super::error::Refusal;
use super::incident::Incident;
use super::policy::{Mode, Policy};
use super::strategy::Strategy;
use crate::task::reason::StopReason;

impl Policy {
    /// Judges a run of a child that was starting or up. If its actor is still there it is down.
    pub(super) fn judge(&mut self, key: Key, reason: StopReason, had_success: bool) {
        if reason.is_failure() {
            self.report(key, Incident::Failed(reason.clone()));
        }
        let now = self.now;
        self.children[key].leave_up(now);
        self.wait(key);
        if self.is_leaving() {
            if !self.children[key].has_actor {
                self.dismiss(key, self.rest(key), reason);
            }
            return;
        }
        if let Some(debut) = self.children[key].debut {
            return self.fail_debut(key, debut, reason);
        }
        if self.is_gathered(key) {
            if self.children[key].is_temporary() {
                self.dismiss(key, Rest::Nothing, reason);
            }
            return;
        }
        if !self.children[key].rules.restart.restarts(!reason.is_failure()) {
            return self.retire(key, self.rest(key), reason);
        }
        if self.children[key].is_hopeless(had_success) {
            self.report(key, Incident::Quarantined(reason.clone()));
            let rest = if self.rules.dynamic.is_some() { Rest::Nothing } else { Rest::Quarantine };
            return self.retire(key, rest, reason);
        }
        if !self.history.admit(now, self.rules.intensity) {
            self.report(key, Incident::GaveUp(reason.clone()));
            return self.leave(Exit::GaveUp(key, reason));
        }
        let random = self.random;
        let pause = self.children[key].back_off(random);
        if !pause.is_zero() {
            self.report(key, Incident::BackingOff(pause));
        }
        match self.rules.strategy {
            Strategy::OneForOne => self.restart_alone(key, pause),
            Strategy::OneForAll => self.gather(Key::FIRST, pause),
            Strategy::RestForOne => self.gather(key, pause),
        }
    }

    fn restart_alone(&mut self, key: Key, pause: Duration) {
        if pause.is_zero() { self.start(key) } else { self.arm(key, pause) }
    }

    /// A child failed that says that this is more than its supervisor can put right. It waits.
    pub(super) fn escalated(&mut self, key: Key, reason: StopReason) {
        if self.is_leaving() || self.children.state(key).is_none_or(State::is_at_rest) {
            return self.down(key, reason, false);
        }
        self.report(key, Incident::Escalated(reason.clone()));
        match self.children[key].state {
            State::Leaving(_) => self.down(key, reason.clone(), false),
            _ => self.wait(key),
        }
        self.leave(Exit::Escalated(key, reason));
    }

    /// A child that hadn't been started before didn't start.
    fn fail_debut(&mut self, key: Key, debut: Debut, reason: StopReason) {
        self.end_debut(key, &Err(Refusal::StartFailed(reason.clone())));
        match debut {
            Debut::Begin => self.leave(Exit::StartFailed(key, reason)),
            Debut::StartChild => self.dismiss(key, Rest::Nothing, reason),
            Debut::RestartChild => self.dismiss(key, self.rest(key), reason),
        }
    }

    /// A child that waited, and was down, has ended for good. If it backed off by itself, that may be the end of it.
    pub(super) fn ended_while_waiting(&mut self, key: Key, reason: StopReason) {
        let child = &self.children[key];
        if child.armed.is_some() && !child.rules.restart.restarts(reason.is_orderly()) && !self.is_leaving() {
            self.retire(key, self.rest(key), reason);
        }
    }

    /// A child ends for good, which may be what its supervisor ends with.
    fn retire(&mut self, key: Key, rest: Rest, reason: StopReason) {
        let is_significant = self.children[key].rules.significant;
        self.dismiss(key, rest, reason);
        let is_due = match self.rules.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => {
                self.children.first(Key::FIRST, |child| child.rules.significant && child.is_active()).is_none()
            }
        };
        if is_significant && is_due {
            self.leave(Exit::AutoShutdown);
        }
    }

    /// Whether a child is of a group that is being taken down.
    fn is_gathered(&self, key: Key) -> bool {
        matches!(self.mode, Mode::Gathering { from, .. } if key >= from)
    }
}
