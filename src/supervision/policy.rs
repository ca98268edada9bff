//! The supervisor's decisions: a state machine that hears events and says what is to be done. It reads no clock, knows no
//! actor and waits for nothing.
//!
//! Each event changes the children that it is about. Then what is in progress for several of them goes on as far as it can,
//! which is the supervisor's mode:
//!
//! | mode | in progress | goes on when | then |
//! |---|---|---|---|
//! | Serving | nothing, or each child by itself | – | Gathering, Rising, Leaving |
//! | Rising | children that wait are started, in their order, each when the one before is up | the child has been started | Serving, Gathering, Leaving |
//! | Gathering | a group is taken down, the last one first, each when the one before is down | the child is down | Pausing, Rising, Leaving |
//! | Pausing | the group waits for the end of a back-off | the alarm | Rising, Gathering, Leaving |
//! | Leaving | all children are stopped, the last one first; dynamic ones together | the child has ended | Gone |
//! | Gone | – | – | – |
//!
//! What happens to one child is in [`life`](super::life). Failures are judged in [`failure`](super::failure), a group's restart is in [`group`](super::group), the end of all in
//! [`leave`](super::leave), and what others ask for in [`command`](super::command).

use std::time::Duration;

use super::action::{Action, Exit};
use super::child::{Child, Debut, Key, State};
use super::children::Children;
use super::error::SpecError;
use super::event::Event;
use super::incident::Incident;
use super::intensity::History;
use super::rules::{ChildKind, ChildRules, SupervisorRules};
use crate::sync::Arc;

/// What is in progress for several children; see the module.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    Serving,
    /// Nobody before `from` waits. `at` is the one that is waited for, or was.
    Rising {
        from: Key,
        at: Option<Key>,
    },
    /// The group is those from `from` on. `at` is the one that was taken down last; all behind it are at rest.
    Gathering {
        from: Key,
        at: Option<Key>,
        pause: Duration,
    },
    Pausing {
        from: Key,
        pause: Duration,
    },
    /// `at` is the one that was stopped last; all behind it have ended.
    Leaving {
        exit: Exit,
        at: Option<Key>,
    },
    Gone,
}

/// A supervisor's decisions.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(super) rules: SupervisorRules,
    pub(super) children: Children,
    pub(super) mode: Mode,
    pub(super) history: History,
    /// Whether all children have been started for the first time.
    is_ready: bool,
    /// The turn of the alarm that was armed last.
    pub(super) turns: u64,
    /// The turn of the supervisor's own alarm, while it is armed.
    pub(super) armed: Option<u64>,
    /// What came with the present event: the time since any fixed moment, and a random number.
    pub(super) now: Duration,
    pub(super) random: u64,
    /// What the present event leads to.
    actions: Vec<Action>,
}

impl Policy {
    #[cfg(test)]
    pub(crate) fn new(rules: SupervisorRules) -> Result<Self, SpecError> {
        rules.check()?;
        Ok(Self::with(rules, Children::default()))
    }

    /// That of a supervisor that goes by these rules, which have been checked with those of its children.
    pub(super) fn with(rules: SupervisorRules, children: Children) -> Self {
        Self {
            rules,
            children,
            mode: Mode::Serving,
            history: History::default(),
            is_ready: false,
            turns: 0,
            armed: None,
            now: Duration::ZERO,
            random: 0,
            actions: Vec::new(),
        }
    }

    /// Adds a child behind all others. It is started by [`Event::Begin`], or, after that, by [`Event::StartChild`], which has to
    /// follow at once.
    pub(crate) fn add(&mut self, rules: Arc<ChildRules>) -> Result<Key, SpecError> {
        rules.check(&self.rules)?;
        if !rules.id.is_empty() && self.find(&rules.id).is_some() {
            return Err(SpecError::DuplicateId { id: rules.id.to_string() });
        }
        Ok(self.children.add(Child::new(rules)))
    }

    /// The child of that id.
    pub(crate) fn find(&self, id: &str) -> Option<Key> {
        self.children.find(id)
    }

    /// All children in the order in which they are started, and where they are.
    pub(crate) fn which_children(&self) -> impl Iterator<Item = (Key, State)> {
        self.children.iter().map(|(key, child)| (key, child.state))
    }

    pub(crate) fn count_children(&self) -> Count {
        let mut count = Count::default();
        for (_, child) in self.children.iter() {
            count.specs += 1;
            count.active += usize::from(child.state == State::Up);
            match child.rules.kind {
                ChildKind::Worker => count.workers += 1,
                ChildKind::Supervisor => count.supervisors += 1,
            }
        }
        count
    }

    /// Hears an event, and adds what is to be done to `actions`. `now` never goes back, whatever it counts from.
    pub(crate) fn on(&mut self, now: Duration, event: Event, random: u64, actions: &mut Vec<Action>) {
        std::mem::swap(&mut self.actions, actions);
        self.now = now;
        self.random = random;
        match event {
            Event::Begin => self.begin(),
            Event::Up(child) => self.up(child),
            Event::Down { child, reason, had_success } => self.down(child, reason, had_success),
            Event::Ended { child, reason } => self.ended(child, reason),
            Event::Resigned { child, reason } => self.resigned(child, reason),
            Event::Ignored(child) => self.ignored(child),
            Event::Escalated { child, reason } => self.escalated(child, reason),
            Event::Alarm(alarm) => self.alarm(alarm),
            Event::StartChild { child, request } => self.start_child(child, request),
            Event::TerminateChild { child, request } => self.terminate_child(child, request),
            Event::RestartChild { child, request } => self.restart_child(child, request),
            Event::DeleteChild { child, request } => self.delete_child(child, request),
            Event::Shutdown => self.leave(Exit::Shutdown),
        }
        self.go_on();
        std::mem::swap(&mut self.actions, actions);
    }

    fn begin(&mut self) {
        for (_, child) in self.children.since(Key::FIRST) {
            child.state = State::Waiting;
            child.debut = Some(Debut::Begin);
        }
        self.mode = Mode::Rising { from: Key::FIRST, at: None };
    }

    /// What is in progress goes on as far as it can.
    fn go_on(&mut self) {
        match &self.mode {
            Mode::Serving | Mode::Pausing { .. } | Mode::Gone => {}
            Mode::Rising { .. } => self.rise(),
            Mode::Gathering { .. } => self.take_down(),
            Mode::Leaving { .. } if self.rules.dynamic.is_some() => self.exit_if_empty(),
            Mode::Leaving { .. } => self.stop_next(),
        }
        if !self.is_ready && matches!(self.mode, Mode::Serving) {
            self.is_ready = true;
            self.act(Action::Ready);
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(super) fn report(&mut self, key: Key, incident: Incident) {
        self.act(Action::Report(key, incident));
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.mode, Mode::Leaving { .. } | Mode::Gone)
    }
}

/// How many children there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// All of them, running or not.
    pub(crate) specs: usize,
    /// Those that are up.
    pub(crate) active: usize,
    pub(crate) workers: usize,
    pub(crate) supervisors: usize,
}
