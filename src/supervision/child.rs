//! One child, and where it is.
//!
//! | state | what is there | it waits for | its alarm | then |
//! |---|---|---|---|---|
//! | Idle | its rules alone | `RestartChild`, or a restart of its group | – | Waiting |
//! | Waiting | its rules; an actor that is down, and its mailbox, if it has run before | its turn, or the alarm | end of the back-off | Starting, Leaving |
//! | Starting | an actor in `pre_start` | `Up`, or a failure | limit of the start | Up, Waiting, Recalled, Leaving |
//! | Up | an actor | – | – | Waiting, Recalled, Leaving |
//! | Recalled | an actor on its way down, for a restart of its group | `Down` | budget | Waiting, Leaving |
//! | Leaving | an actor on its way out | `Ended` | budget | Idle, or forgotten |
//!
//! A child has one alarm at most, which is disarmed when it leaves the state that the alarm is for. `Ended` may come instead
//! of `Down`: then there is no actor any more, and the next start makes another one.

use std::time::Duration;

use super::event::Request;
use super::restart::RestartType;
use super::rules::ChildRules;
use crate::sync::Arc;

/// A child's number. Never used again, and in the order in which children were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(super) u64);

impl Key {
    /// That of the first child.
    pub(super) const FIRST: Self = Self(0);

    /// That of the child that was added before this one.
    pub(super) fn before(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

/// Where a child is; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not running, and nobody is about to start it.
    Idle,
    /// To be started, when its time comes.
    Waiting,
    /// In `pre_start`.
    Starting,
    /// Running.
    Up,
    /// Going down, to be started again.
    Recalled,
    /// Going away.
    Leaving(Rest),
}

impl State {
    /// Whether nothing of it runs, nor is about to stop.
    pub(super) fn is_at_rest(self) -> bool {
        matches!(self, Self::Idle | Self::Waiting)
    }
}

/// What remains of a child that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Its place.
    Place,
    /// Its place, which no restart of its group fills.
    Quarantine,
    /// Nothing.
    Nothing,
}

/// Who asked for a start that hasn't succeeded yet, and hears if it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Debut {
    /// The supervisor's own start, which fails with it.
    Begin,
    /// `StartChild`: the child is forgotten if it fails.
    StartChild,
    /// `RestartChild`.
    RestartChild,
}

/// One child.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) rules: Arc<ChildRules>,
    pub(super) state: State,
    /// Whether there is an actor, up or down. What is restarted in place is it.
    pub(super) has_actor: bool,
    /// Whether those who listen know that it has ended for good, since it was started last.
    pub(super) is_told_of: bool,
    /// Whether it has ended for good by its own account.
    pub(super) has_resigned: bool,
    /// Whether it was quarantined, until somebody asks for a restart.
    pub(super) is_quarantined: bool,
    pub(super) debut: Option<Debut>,
    /// The turn of its alarm, while one is armed.
    pub(super) armed: Option<u64>,
    /// Since when it is up.
    pub(super) up_since: Option<Duration>,
    /// Failures in a row, by its back-off.
    pub(super) failures: u32,
    /// Failures since it last handled a message.
    pub(super) fruitless: u32,
    /// Who waits for its start, while it has a debut, or for its end.
    pub(super) callers: Vec<Request>,
}

impl Child {
    pub(super) fn new(rules: Arc<ChildRules>) -> Self {
        Self {
            rules,
            state: State::Idle,
            has_actor: false,
            is_told_of: false,
            has_resigned: false,
            is_quarantined: false,
            debut: None,
            armed: None,
            up_since: None,
            failures: 0,
            fruitless: 0,
            callers: Vec::new(),
        }
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.rules.restart == RestartType::Temporary
    }

    /// Whether the supervisor has to wait for its end when it ends by itself at the last significant one.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.state, State::Waiting | State::Starting | State::Up | State::Recalled)
    }

    /// Ends a time of being up, if it was up: its failures are forgotten if that was long enough.
    pub(super) fn leave_up(&mut self, now: Duration) {
        let up_for = self.up_since.take().map(|since| now.saturating_sub(since));
        if let (Some(up_for), Some(backoff)) = (up_for, &self.rules.backoff)
            && backoff.forgets(up_for)
        {
            self.failures = 0;
        }
    }

    /// Enters a failure. For how long it backs off.
    pub(super) fn back_off(&mut self, random: u64) -> Duration {
        let Some(backoff) = &self.rules.backoff else { return Duration::ZERO };
        self.failures = self.failures.saturating_add(1);
        backoff.delay(self.failures, random)
    }

    /// Enters a failure. Whether it is one too many without a success.
    pub(super) fn is_hopeless(&mut self, had_success: bool) -> bool {
        self.fruitless = if had_success { 1 } else { self.fruitless.saturating_add(1) };
        self.rules.quarantine_after.is_some_and(|limit| self.fruitless >= limit)
    }
}
