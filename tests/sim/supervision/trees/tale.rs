//! What a run of a supervisor has told of its children, and an independent count of its restarts.
//!
//! Which attempts there were, the events tell, and the calls of factories. Where it isn't known when one was decided, or whether it
//! was one at all, both are kept: those that are certain are never more than the intensity allows, and the supervisor gives up
//! only if those that are possible are too many.
//!
//! | what is seen | attempt |
//! |---|---|
//! | a failure of a child that was up, or has failed before | possible, and certain when the child backs off; in one-for-one also when it is made anew |
//! | a child ends in order that is permanent | possible, from then on; certain in one-for-one when it is made anew, at some time between |
//! | a child that is a supervisor may have ended in order, which nobody sees | possible at any time |
//! | a child of a group is made for the second time in a wave, which begins another one | certain, at some time since the wave began |
//! | a first start that fails, an end of a temporary child, a quarantine | none |
//!
//! When the supervisor has given up, no child is made anew but those to whom that had been said before.

use std::collections::BTreeMap;
use std::time::Duration;

use corecast::{Incident, RestartType};

/// The events of a run of a supervisor.
#[derive(Debug)]
pub(super) struct Tale {
    restarts: u32,
    period: Duration,
    /// Children are restarted by themselves.
    is_alone: bool,
    children: BTreeMap<String, Child>,
    attempts: Vec<Attempt>,
    /// In a group: those that were made in the present wave of starts, and when it began.
    wave: (Vec<String>, Duration),
    waves: Vec<Attempt>,
    end: Option<&'static str>,
    /// Those that were made anew behind that.
    late: Vec<String>,
    /// Permanent children that are supervisors.
    branches: usize,
}

#[derive(Debug, Default)]
struct Child {
    stage: Stage,
    /// The attempt that its last failure was, or may have been.
    attempt: Option<usize>,
    /// That of its last end in order, until it is made anew.
    orderly: Option<usize>,
    is_given_up: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Fresh,
    Up,
    Failing,
    Idle,
}

/// An attempt to restart, between these times.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    earliest: Duration,
    latest: Duration,
    certainty: Certainty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    None,
    Possible,
    Certain,
}

impl Tale {
    pub(super) fn new((restarts, period): (u32, Duration), is_alone: bool, branches: usize, now: Duration) -> Self {
        Self {
            restarts,
            period,
            is_alone,
            children: BTreeMap::new(),
            attempts: Vec::new(),
            wave: (Vec::new(), now),
            waves: Vec::new(),
            end: None,
            late: Vec::new(),
            branches,
        }
    }

    fn child(&mut self, id: &str) -> &mut Child {
        self.children.entry(id.to_owned()).or_default()
    }

    /// Nobody runs there, and nobody is about to start it.
    pub(super) fn is_idle(&self, id: &str) -> bool {
        self.children.get(id).is_some_and(|child| child.stage == Stage::Idle)
    }

    /// It isn't restarted, for a reason that the events told.
    pub(super) fn is_given_up(&self, id: &str) -> bool {
        self.children.get(id).is_some_and(|child| child.is_given_up)
    }

    pub(super) fn ignored(&mut self, id: &str) {
        let child = self.child(id);
        (child.stage, child.is_given_up) = (Stage::Idle, true);
    }

    /// Why the supervisor ends, if it has said so.
    pub(super) fn end(&self) -> Option<&'static str> {
        self.end
    }

    fn attempt(&mut self, earliest: Duration, latest: Duration, certainty: Certainty) -> usize {
        self.attempts.push(Attempt { earliest, latest, certainty });
        self.attempts.len() - 1
    }

    /// Hears what the supervisor has told at a time.
    pub(super) fn hear(
        &mut self,
        id: &str,
        restart: RestartType,
        incident: &Incident,
        now: Duration,
    ) -> Option<String> {
        let is_end = matches!(incident, Incident::Failed(_) | Incident::Stopped(_) | Incident::Overdue);
        // One that was being started may still come up.
        let is_start = matches!(incident, Incident::Started | Incident::Restarted);
        if let Some(end) = self.end.filter(|_| !is_end && !is_start) {
            return Some(format!("the supervisor of `{id}` {end}, and then the child {incident}"));
        }
        let stage = self.child(id).stage;
        match incident {
            Incident::Started | Incident::Restarted => {
                // It may have ended in order since.
                let orderly = self.child(id).orderly;
                *self.child(id) = Child { stage: Stage::Up, attempt: None, orderly, is_given_up: false };
            }
            Incident::Failed(_) if restart == RestartType::Temporary || stage == Stage::Fresh => {}
            Incident::Failed(_) => {
                let attempt = self.attempt(now, now, Certainty::Possible);
                let child = self.child(id);
                (child.stage, child.attempt) = (Stage::Failing, Some(attempt));
            }
            Incident::BackingOff(_) => {
                let child = self.child(id);
                let attempt = match child.attempt.or_else(|| child.orderly.take()) {
                    Some(attempt) => attempt,
                    None => self.attempt(now, now, Certainty::Possible),
                };
                let Attempt { latest, certainty, .. } = &mut self.attempts[attempt];
                (*latest, *certainty) = (now, Certainty::Certain);
                let child = self.child(id);
                (child.stage, child.attempt) = (Stage::Failing, Some(attempt));
            }
            Incident::Quarantined(_) => {
                if let Some(attempt) = self.child(id).attempt.take() {
                    self.attempts[attempt].certainty = Certainty::None;
                }
                self.child(id).is_given_up = true;
            }
            Incident::GaveUp(_) => {
                let attempt = self.child(id).attempt;
                self.end = Some("gave up");
                return self.give_up(id, attempt, now);
            }
            Incident::Escalated(_) => self.end = Some("escalated"),
            Incident::Stopped(_) => {
                let child = self.child(id);
                (child.stage, child.attempt) = (Stage::Idle, None);
            }
            _ => {}
        }
        None
    }

    /// A run of a child has ended in order.
    pub(super) fn ended_in_order(&mut self, id: &str, restart: RestartType, now: Duration) {
        if restart == RestartType::Permanent {
            let attempt = self.attempt(now, Duration::MAX, Certainty::Possible);
            self.child(id).orderly = Some(attempt);
        }
    }

    /// The factory of a child is called.
    pub(super) fn remade(&mut self, id: &str, restart: RestartType, now: Duration) -> Option<String> {
        if let Some(end) = self.end {
            if self.late.iter().any(|other| other == id) {
                return Some(format!("the supervisor of `{id}` {end}, and then the child is made twice"));
            }
            self.late.push(id.to_owned());
        }
        let stage = self.child(id).stage;
        if matches!(stage, Stage::Fresh | Stage::Idle) {
            return None;
        }
        if !self.is_alone {
            if self.wave.0.iter().any(|other| other == id) || self.waves.is_empty() {
                let attempt = Attempt { earliest: self.wave.1, latest: now, certainty: Certainty::Certain };
                self.waves.push(attempt);
                self.wave = (Vec::new(), now);
            }
            self.wave.0.push(id.to_owned());
        }
        let child = self.child(id);
        let orderly = child.orderly.take();
        match (stage, child.attempt.take().or(orderly)) {
            (_, Some(attempt)) => {
                let attempt = &mut self.attempts[attempt];
                attempt.latest = attempt.latest.min(now);
                if self.is_alone {
                    attempt.certainty = Certainty::Certain;
                }
                self.child(id).stage = Stage::Failing;
            }
            (Stage::Up, None) => {
                // It is restarted after an end that was in order, or with its group.
                if self.is_alone && restart != RestartType::Permanent {
                    return Some(format!("`{id}` is {restart:?}, and is restarted after an end in order"));
                }
                let certainty = if self.is_alone { Certainty::Certain } else { Certainty::Possible };
                self.attempt(Duration::ZERO, now, certainty);
                self.child(id).stage = Stage::Failing;
            }
            _ => {}
        }
        None
    }

    /// The supervisor has given up: there may have been one attempt too many.
    fn give_up(&self, id: &str, last: Option<usize>, now: Duration) -> Option<String> {
        let since = now.saturating_sub(self.period);
        let others = self.attempts.iter().enumerate().filter(|(nth, attempt)| {
            let is_possible = attempt.certainty != Certainty::None && Some(*nth) != last;
            is_possible && attempt.latest >= since && attempt.earliest <= now
        });
        let count = 1 + others.count() + self.branches;
        (count <= self.restarts as usize)
            .then(|| format!("it gave up on `{id}` at restart {count}, where {} are allowed", self.restarts))
    }

    /// That it has never restarted more often than it may.
    pub(super) fn check(&self) -> Option<String> {
        let all = if self.is_alone { &self.attempts } else { &self.waves };
        let certain: Vec<_> = all.iter().filter(|attempt| attempt.certainty == Certainty::Certain).collect();
        let most = certain.iter().map(|last| {
            let since = last.latest.saturating_sub(self.period);
            let is_in = |other: &&&Attempt| other.earliest >= since && other.latest <= last.latest;
            certain.iter().filter(is_in).count()
        });
        let most = most.max().unwrap_or(0);
        (most > self.restarts as usize)
            .then(|| format!("{most} restarts within {:?}, where {} are allowed", self.period, self.restarts))
    }
}
