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
//! Failures are judged in [`failure`](super::failure), a group's restart is in [`group`](super::group), the end of all in
//! [`leave`](super::leave), and what others ask for in [`command`](super::command).

use std::time::Duration;

use super::action::{Action, Exit};
use super::child::{Child, Debut, Key, Rest, State};
use super::children::Children;
use super::error::{Refusal, SpecError};
use super::event::{Alarm, Event};
use super::incident::Incident;
use super::intensity::History;
use super::rules::{ChildKind, ChildRules, SupervisorRules};
use super::shutdown::ShutdownPolicy;
use super::strategy::Strategy;
use crate::sync::Arc;
use crate::task::reason::StopReason;

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
    turns: u64,
    /// The turn of the supervisor's own alarm, while it is armed.
    armed: Option<u64>,
    /// What came with the present event: the time since any fixed moment, and a random number.
    pub(super) now: Duration,
    pub(super) random: u64,
    /// What the present event leads to.
    actions: Vec<Action>,
}

impl Policy {
    pub(crate) fn new(rules: SupervisorRules) -> Result<Self, SpecError> {
        rules.check()?;
        Ok(Self {
            rules,
            children: Children::default(),
            mode: Mode::Serving,
            history: History::default(),
            is_ready: false,
            turns: 0,
            armed: None,
            now: Duration::ZERO,
            random: 0,
            actions: Vec::new(),
        })
    }

    /// Adds a child behind all others. It is started by [`Event::Begin`], or, after that, by [`Event::StartChild`], which has to
    /// follow at once.
    pub(crate) fn add(&mut self, rules: Arc<ChildRules>) -> Result<Key, SpecError> {
        rules.check(&self.rules)?;
        if self.find(&rules.id).is_some() {
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

    // --- one child ---------------------------------------------------------------------------------------------------

    fn up(&mut self, key: Key) {
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

    fn ended(&mut self, key: Key, reason: StopReason) {
        let Some(state) = self.children.state(key) else { return };
        self.children[key].has_actor = false;
        match state {
            State::Starting | State::Up => self.judge(key, reason, state == State::Up),
            State::Recalled => self.wait(key),
            State::Leaving(rest) => self.settle(key, rest, reason),
            State::Idle | State::Waiting => {}
        }
    }

    fn resigned(&mut self, key: Key, reason: StopReason) {
        if let Some(child) = self.children.get_mut(key) {
            child.has_resigned = true;
        }
        self.ended(key, reason);
    }

    fn ignored(&mut self, key: Key) {
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

    fn alarm(&mut self, alarm: Alarm) {
        let armed = match alarm.child {
            None => &mut self.armed,
            Some(key) if self.children.get(key).is_some() => &mut self.children[key].armed,
            Some(_) => return,
        };
        // One that was disarmed on its way isn't listened to.
        if *armed != Some(alarm.turn) {
            return;
        }
        *armed = None;
        let Some(key) = alarm.child else { return self.own_alarm() };
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

    /// Starts a child that waits, in place if it has run before.
    pub(super) fn start(&mut self, key: Key) {
        self.disarm(key);
        let child = &mut self.children[key];
        child.state = State::Starting;
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

    /// A child has ended for good.
    fn settle(&mut self, key: Key, rest: Rest, reason: StopReason) {
        self.report(key, Incident::Stopped(reason));
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

    // --- alarms and actions ------------------------------------------------------------------------------------------

    /// Gives a child that was asked to stop its time, unless there is one budget for all.
    fn arm_budget(&mut self, key: Key) {
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

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    pub(super) fn arm(&mut self, key: Key, after: Duration) {
        self.disarm(key);
        let turn = self.next_turn();
        self.children[key].armed = Some(turn);
        self.act(Action::Arm(Alarm { child: Some(key), turn }, after));
    }

    pub(super) fn disarm(&mut self, key: Key) {
        if let Some(turn) = self.children[key].armed.take() {
            self.act(Action::Disarm(Alarm { child: Some(key), turn }));
        }
    }

    pub(super) fn arm_own(&mut self, after: Duration) {
        self.disarm_own();
        let turn = self.next_turn();
        self.armed = Some(turn);
        self.act(Action::Arm(Alarm { child: None, turn }, after));
    }

    pub(super) fn disarm_own(&mut self) {
        if let Some(turn) = self.armed.take() {
            self.act(Action::Disarm(Alarm { child: None, turn }));
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
