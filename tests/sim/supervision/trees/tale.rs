//! What a run of a supervisor has told of its children, and an independent count of its restarts.
//!
//! Which attempts there were, the events tell, and the calls of factories. Where a time isn't known, or whether something
//! counted at all, both are kept: what counted for certain is never more than the intensity allows, unless the supervisor gives up;
//! and it gives up only if what may have counted is too much.

use std::collections::BTreeMap;
use std::time::Duration;

use corecast::{Incident, RestartType};

/// The events of a run of a supervisor.
#[derive(Debug)]
pub(super) struct Tale {
    restarts: u32,
    period: Duration,
    children: BTreeMap<String, Child>,
    attempts: Vec<Attempt>,
    /// A failure of this child, of which it isn't known yet what follows.
    pending: Option<(String, Duration)>,
    end: Option<&'static str>,
}

#[derive(Debug, Default)]
struct Child {
    stage: Stage,
    /// Since it was up there was an attempt to restart it.
    is_attempted: bool,
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
#[derive(Debug)]
struct Attempt {
    earliest: Duration,
    latest: Duration,
    is_certain: bool,
}

impl Tale {
    pub(super) fn new((restarts, period): (u32, Duration)) -> Self {
        Self { restarts, period, children: BTreeMap::new(), attempts: Vec::new(), pending: None, end: None }
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

    /// Hears what the supervisor has told at a time.
    pub(super) fn hear(
        &mut self,
        id: &str,
        restart: RestartType,
        incident: &Incident,
        now: Duration,
    ) -> Option<String> {
        let pending = self.pending.take();
        let was_failure = pending.as_ref().is_some_and(|(failed, _)| failed == id);
        let mut breach = None;
        match (&pending, incident) {
            (Some(_), Incident::Quarantined(_)) if was_failure => {}
            (_, Incident::GaveUp(_)) => breach = self.give_up(id, now),
            // It had resigned, or was terminated while it was being restarted.
            (Some((_, at)), Incident::Stopped(_)) if was_failure => {
                self.attempts.push(Attempt { earliest: *at, latest: *at, is_certain: false });
            }
            (Some((_, at)), _) => breach = self.admit(*at),
            (None, _) => {}
        }
        if let Some(end) = self.end
            && !matches!(incident, Incident::Stopped(_) | Incident::Overdue)
        {
            breach = breach.or(Some(format!("the supervisor of `{id}` {end}, and then the child {incident}")));
        }
        let is_temporary = restart == RestartType::Temporary;
        let child = self.child(id);
        match incident {
            Incident::Started | Incident::Restarted => {
                (child.stage, child.is_attempted, child.is_given_up) = (Stage::Up, false, false);
            }
            Incident::Failed(_) => {
                let stage = std::mem::replace(&mut child.stage, Stage::Failing);
                child.is_attempted = true;
                match stage {
                    _ if is_temporary => {}
                    // Its first start: no attempt to restart it.
                    Stage::Fresh => child.stage = Stage::Fresh,
                    Stage::Up | Stage::Failing => self.pending = Some((id.to_owned(), now)),
                    // Its group was started, or somebody asked for it.
                    Stage::Idle => {
                        self.attempts.push(Attempt { earliest: now, latest: now, is_certain: false });
                    }
                }
            }
            Incident::BackingOff(_) => {
                if !std::mem::replace(&mut child.is_attempted, true) {
                    child.stage = Stage::Failing;
                    breach = breach.or_else(|| self.admit(now));
                }
            }
            Incident::Stopped(_) => child.stage = Stage::Idle,
            Incident::Quarantined(_) => child.is_given_up = true,
            Incident::GaveUp(_) => self.end = Some("gave up"),
            Incident::Escalated(_) => self.end = Some("escalated"),
            _ => {}
        }
        breach
    }

    /// The factory of a child is called. `ended` is when its state was dropped, if that is known.
    pub(super) fn remade(
        &mut self,
        id: &str,
        restart: RestartType,
        is_alone: bool,
        ended: Option<Duration>,
        now: Duration,
    ) -> Option<String> {
        let child = self.child(id);
        if child.stage != Stage::Up || std::mem::replace(&mut child.is_attempted, true) {
            return None;
        }
        // It was restarted after an end that was in order, or with its group.
        if is_alone && restart != RestartType::Permanent {
            return Some(format!("`{id}` is {restart:?}, and is restarted after an end in order"));
        }
        let earliest = ended.unwrap_or(Duration::ZERO);
        self.attempts.push(Attempt { earliest, latest: now, is_certain: is_alone });
        None
    }

    /// Enters an attempt that was admitted: all in the time before, and it, were allowed.
    fn admit(&mut self, now: Duration) -> Option<String> {
        self.attempts.push(Attempt { earliest: now, latest: now, is_certain: true });
        let since = now.saturating_sub(self.period);
        let is_in = |attempt: &&Attempt| attempt.is_certain && attempt.earliest >= since && attempt.latest <= now;
        let count = self.attempts.iter().filter(is_in).count();
        (count > self.restarts as usize)
            .then(|| format!("{count} restarts within {:?}, where {} are allowed", self.period, self.restarts))
    }

    /// The supervisor has given up: there may have been one attempt too many.
    fn give_up(&mut self, id: &str, now: Duration) -> Option<String> {
        let since = now.saturating_sub(self.period);
        let is_in = |attempt: &&Attempt| attempt.latest >= since && attempt.earliest <= now;
        let count = 1 + self.attempts.iter().filter(is_in).count();
        (count <= self.restarts as usize).then(|| {
            format!("it gave up on `{id}` at {now:?} at restart {count} of {}: {:?}", self.restarts, self.attempts)
        })
    }
}
