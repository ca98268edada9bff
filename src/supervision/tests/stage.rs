//! A supervisor without actors: what it does is a line of text, and what it hears is up to the test.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::supervision::action::{Action, Exit};
use crate::supervision::alarm::Alarm;
use crate::supervision::child::{Key, State};
use crate::supervision::error::SpecError;
use crate::supervision::event::{Event, Request};
use crate::supervision::incident::Incident;
use crate::supervision::policy::Policy;
use crate::supervision::restart::RestartType;
use crate::supervision::rules::{ChildKind, ChildRules, SupervisorRules};
use crate::sync::Arc;
use crate::task::reason::{ActorError, StopReason};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A supervisor, and the children that answer it.
pub(super) struct Stage {
    policy: Policy,
    now: Duration,
    ids: BTreeMap<Key, String>,
    /// What was armed last for each, by its id; the supervisor's own is that of nobody.
    alarms: BTreeMap<String, (Alarm, Duration)>,
    /// Those whose start fails.
    broken: BTreeSet<String>,
    /// What has happened to whom.
    pub(super) reports: Vec<String>,
}

impl Stage {
    pub(super) fn new(rules: SupervisorRules) -> Self {
        Self {
            policy: Policy::new(rules).expect("good rules"),
            now: Duration::ZERO,
            ids: BTreeMap::new(),
            alarms: BTreeMap::new(),
            broken: BTreeSet::new(),
            reports: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, id: &str, change: impl FnOnce(&mut ChildRules)) -> Result<Key, SpecError> {
        let mut rules = ChildRules::new(id, ChildKind::Worker);
        change(&mut rules);
        let key = self.policy.add(Arc::new(rules))?;
        self.ids.insert(key, id.to_owned());
        Ok(key)
    }

    /// With a child of that restart type.
    pub(super) fn child(self, id: &str, restart: RestartType) -> Self {
        self.special(id, |rules| rules.restart = restart)
    }

    pub(super) fn permanent(self, ids: &[&str]) -> Self {
        ids.iter().fold(self, |stage, id| stage.child(id, RestartType::Permanent))
    }

    pub(super) fn special(mut self, id: &str, change: impl FnOnce(&mut ChildRules)) -> Self {
        self.add(id, change).expect("good rules");
        self
    }

    /// All children are up.
    pub(super) fn begun(mut self) -> Self {
        self.play(Event::Begin);
        self.reports.clear();
        self
    }

    pub(super) fn key(&self, id: &str) -> Key {
        *self.ids.iter().find(|(_, other)| *other == id).expect("it was added").0
    }

    pub(super) fn breaks(&mut self, id: &str) {
        self.broken.insert(id.to_owned());
    }

    pub(super) fn mends(&mut self, id: &str) {
        self.broken.remove(id);
    }

    pub(super) fn passes(&mut self, time: Duration) {
        self.now += time;
    }

    /// Where all children are, by their ids.
    pub(super) fn states(&self) -> String {
        let states = self.policy.which_children().map(|(key, state)| format!("{} {state:?}", self.ids[&key]));
        states.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Those that are up.
    pub(super) fn up(&self) -> String {
        let up = self.policy.which_children().filter(|(_, state)| *state == State::Up);
        up.map(|(key, _)| self.ids[&key].as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What it does at this event, and nobody answers.
    pub(super) fn hear(&mut self, event: Event) -> String {
        let mut actions = Vec::new();
        self.policy.on(self.now, event, 0, &mut actions);
        let lines: Vec<_> = actions.iter().filter_map(|action| self.line(action)).collect();
        lines.join(", ")
    }

    /// What it does at this event and at the answers of children that do at once what they are told.
    pub(super) fn play(&mut self, event: Event) -> String {
        let mut lines = Vec::new();
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let mut actions = Vec::new();
            self.policy.on(self.now, event, 0, &mut actions);
            for action in &actions {
                lines.extend(self.line(action).filter(|_| !matches!(action, Action::Arm(..) | Action::Disarm(_))));
                events.extend(self.obey(action));
            }
        }
        lines.join(", ")
    }

    fn obey(&self, action: &Action) -> Option<Event> {
        match action {
            Action::Start(key) | Action::Restart(key) if self.broken.contains(&self.ids[key]) => {
                let reason = StopReason::StartFailed(ActorError::new("broken"));
                Some(Event::Down { child: *key, reason, had_success: false })
            }
            Action::Start(key) | Action::Restart(key) => Some(Event::Up(*key)),
            Action::Recall(key) => Some(Event::Down { child: *key, reason: StopReason::Stopped, had_success: false }),
            Action::Stop(key) | Action::End(key) => Some(Event::Ended { child: *key, reason: StopReason::Stopped }),
            _ => None,
        }
    }

    // --- what happens to whom ----------------------------------------------------------------------------------------

    pub(super) fn fails(&mut self, id: &str) -> String {
        self.play(self.failed(id))
    }

    /// A failure.
    pub(super) fn failed(&self, id: &str) -> Event {
        Event::Down { child: self.key(id), reason: StopReason::Killed, had_success: true }
    }

    /// A failure of one that has done nothing.
    pub(super) fn failed_at_once(&self, id: &str) -> Event {
        Event::Down { child: self.key(id), reason: StopReason::Killed, had_success: false }
    }

    /// An end in order of one that waits for the supervisor's word.
    pub(super) fn finished(&self, id: &str) -> Event {
        Event::Down { child: self.key(id), reason: StopReason::Stopped, had_success: true }
    }

    /// An end in order, for good.
    pub(super) fn gone(&self, id: &str) -> Event {
        Event::Ended { child: self.key(id), reason: StopReason::Stopped }
    }

    /// An end by a failure, for good.
    pub(super) fn killed(&self, id: &str) -> Event {
        Event::Ended { child: self.key(id), reason: StopReason::Killed }
    }

    /// The alarm that was armed last for that child, or the supervisor's own, at its time.
    pub(super) fn rung(&mut self, id: &str) -> Event {
        let (alarm, at) = self.alarms[id];
        self.now = self.now.max(at);
        Event::Alarm(alarm)
    }

    pub(super) fn rings(&mut self, id: &str) -> String {
        let event = self.rung(id);
        self.play(event)
    }

    pub(super) fn start(&self, id: &str) -> Event {
        Event::StartChild { child: self.key(id), request: Request(0) }
    }

    pub(super) fn terminate(&self, id: &str) -> Event {
        Event::TerminateChild { child: self.key(id), request: Request(0) }
    }

    pub(super) fn restart(&self, id: &str) -> Event {
        Event::RestartChild { child: self.key(id), request: Request(0) }
    }

    pub(super) fn delete(&self, id: &str) -> Event {
        Event::DeleteChild { child: self.key(id), request: Request(0) }
    }

    // --- text --------------------------------------------------------------------------------------------------------

    fn line(&mut self, action: &Action) -> Option<String> {
        let id = |key: &Key| self.ids[key].as_str();
        Some(match action {
            Action::Start(key) => format!("start {}", id(key)),
            Action::Restart(key) => format!("restart {}", id(key)),
            Action::End(key) => format!("end {}", id(key)),
            Action::Recall(key) => format!("recall {}", id(key)),
            Action::Stop(key) => format!("stop {}", id(key)),
            Action::Cut(key) => format!("cut {}", id(key)),
            Action::Arm(alarm, after) => {
                let whose = alarm.child.map_or(String::new(), |key| self.ids[&key].clone());
                self.alarms.insert(whose.clone(), (*alarm, self.now + *after));
                if whose.is_empty() { format!("arm {after:?}") } else { format!("arm {whose} {after:?}") }
            }
            Action::Disarm(Alarm { child: Some(key), .. }) => format!("disarm {}", id(key)),
            Action::Disarm(_) => "disarm".to_owned(),
            Action::Answer(_, Ok(())) => "ok".to_owned(),
            Action::Answer(_, Err(refusal)) => format!("refused as {refusal}"),
            Action::Ready => "ready".to_owned(),
            Action::Forget(key) => format!("forget {}", id(key)),
            Action::Exit(Exit::Shutdown) => "exit".to_owned(),
            Action::Exit(Exit::AutoShutdown) => "exit by itself".to_owned(),
            Action::Exit(Exit::GaveUp(..)) => "give up".to_owned(),
            Action::Exit(Exit::StartFailed(key, reason)) => format!("exit: {} did not start: {reason}", id(key)),
            Action::Exit(Exit::Escalated(key, reason)) => format!("exit: {} escalated: {reason}", id(key)),
            Action::Report(key, incident) => {
                let what = match incident {
                    Incident::BackingOff(pause) => format!("backs off for {pause:?}"),
                    other => format!("{other:?}").split('(').next().unwrap_or_default().to_lowercase(),
                };
                let line = format!("{} {what}", id(key));
                self.reports.push(line);
                return None;
            }
        })
    }
}
