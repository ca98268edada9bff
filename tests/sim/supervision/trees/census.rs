//! Who is where: the places of the trees, the runs of leaves, and the broods of supervisors, a brood being what one run of a
//! supervisor is responsible for.
//!
//! | check | holds that | looked at |
//! |---|---|---|
//! | start | children are started in their order, in a group one at a time, and when those behind are down | when a factory is called |
//! | stop | they are stopped in reverse | when a `post_stop` begins whose supervisor asked for it |
//! | outliving | no leaf below a supervisor lives when that has ended, or begins anew | at its event, at its next factory call |
//! | rest | each child is up, or has a reason not to be | when nobody can act |

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use corecast::{ActorId, ChildInfo, ChildState, Incident, RestartType, StopReason, Strategy, WeakActorRef};

use super::deed::Omen;
use super::leaf::Leaf;
use super::plan::Rules;
use super::tale::Tale;

/// Somewhere in a tree.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its name and its id.
    pub(super) path: String,
    pub(super) parent: Option<usize>,
    /// Which of its supervisor's children it is; none if it came by request.
    pub(super) index: Option<usize>,
    pub(super) rules: Rules,
    pub(super) intensity: (u32, Duration),
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Leaf,
    /// A supervisor.
    Group(Strategy),
    /// A dynamic one, with the rules of its children.
    Pool(Rules),
}

/// Held by all that belongs to a brood.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) brood: usize,
    _held: Arc<()>,
}

/// One run of a supervisor.
#[derive(Debug)]
pub(super) struct Brood {
    pub(super) place: usize,
    above: Option<usize>,
    /// Its supervisor has told that it is up.
    pub(super) is_up: bool,
    is_over: bool,
    held: Arc<()>,
    pub(super) tale: Tale,
}

/// One run of a leaf, from the call of its factory on.
#[derive(Debug)]
struct Run {
    place: usize,
    brood: usize,
    actor: Option<ActorId>,
    is_up: bool,
    /// By which it ended.
    end: Option<Finish>,
    /// When its state was dropped.
    dropped: Option<Duration>,
}

/// How a run of a leaf ended, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finish {
    Orderly,
    Failed,
    Restarting,
    Ignored,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) places: Vec<Place>,
    pub(super) broods: Vec<Brood>,
    runs: Vec<Run>,
    pub(super) omens: BTreeMap<usize, VecDeque<Omen>>,
    pub(super) phones: BTreeMap<usize, WeakActorRef<Leaf>>,
    /// How many failures of a leaf its supervisor has told, by brood and place.
    failures: BTreeMap<(usize, usize), usize>,
    /// Leaves that somebody else than their supervisor has asked to stop.
    pub(super) asked: BTreeSet<usize>,
    /// Children that their supervisors were asked to terminate.
    pub(super) terminated: BTreeSet<usize>,
    pub(super) breach: Option<String>,
    /// What supervisors have told, and which runs began and ended, for whoever reads of a breach.
    pub(super) log: Vec<String>,
    /// The end of all is forced: nothing but what is left over matters.
    pub(super) is_over: bool,
}

impl Census {
    pub(super) fn new(places: Vec<Place>) -> Self {
        Self {
            places,
            broods: Vec::new(),
            runs: Vec::new(),
            omens: BTreeMap::new(),
            phones: BTreeMap::new(),
            failures: BTreeMap::new(),
            asked: BTreeSet::new(),
            terminated: BTreeSet::new(),
            breach: None,
            log: Vec::new(),
            is_over: false,
        }
    }

    pub(super) fn fail(&mut self, what: impl FnOnce() -> String) {
        if !self.is_over && self.breach.is_none() {
            self.breach = Some(what());
        }
    }

    /// The brood that a supervisor has now.
    pub(super) fn brood_at(&self, place: usize) -> Option<usize> {
        self.broods.iter().rposition(|brood| brood.place == place)
    }

    fn path(&self, place: usize) -> &str {
        &self.places[place].path
    }

    fn strategy(&self, brood: usize) -> Option<Strategy> {
        match self.places[self.broods[brood].place].what {
            What::Group(strategy) => Some(strategy),
            What::Pool(_) | What::Leaf => None,
        }
    }

    /// Whether a brood is another one, or below it.
    fn is_below(&self, mut brood: usize, other: usize) -> bool {
        loop {
            if brood == other {
                return true;
            }
            match self.broods[brood].above {
                Some(above) => brood = above,
                None => return false,
            }
        }
    }

    /// A leaf that lives below the child at `place` of a brood, or is it.
    fn lives_at(&self, place: usize, brood: usize) -> Option<&Run> {
        let is_there = |run: &&Run| {
            run.dropped.is_none()
                && (run.place == place && run.brood == brood
                    || self.broods.iter().enumerate().any(|(below, other)| {
                        other.place == place && other.above == Some(brood) && self.is_below(run.brood, below)
                    }))
        };
        self.runs.iter().find(is_there)
    }

    /// The static children of a supervisor that come before one, or behind it.
    fn siblings(&self, place: usize, is_meant: impl Fn(usize, usize) -> bool) -> Vec<usize> {
        let Place { parent, index: Some(index), .. } = self.places[place] else { return Vec::new() };
        let is_one = |other: &usize| {
            let other = &self.places[*other];
            other.parent == parent && other.index.is_some_and(|other| is_meant(other, index))
        };
        (0..self.places.len()).filter(is_one).collect()
    }

    // --- supervisors -------------------------------------------------------------------------------------------------

    pub(super) fn begin_brood(&mut self, place: usize, above: Option<&Token>, now: Duration) -> Token {
        if let Some(before) = self.brood_at(place) {
            self.brood_is_over(before, "begins anew");
        }
        let above = above.map(|token| token.brood);
        if let Some(above) = above {
            let path = self.path(place).to_owned();
            self.remade(above, &path, place, None, now);
        }
        self.log.push(format!("{now:?} `{}` is made, a supervisor", self.path(place)));
        let held = Arc::new(());
        let is_alone = matches!(self.places[place].what, What::Pool(_) | What::Group(Strategy::OneForOne));
        let tale = Tale::new(self.places[place].intensity, is_alone, now);
        let brood = Brood { place, above, is_up: false, is_over: false, held: Arc::clone(&held), tale };
        self.broods.push(brood);
        Token { brood: self.broods.len() - 1, _held: held }
    }

    pub(super) fn token(&self, brood: usize) -> Token {
        Token { brood, _held: Arc::clone(&self.broods[brood].held) }
    }

    /// That no supervisor has restarted its children more often than it may.
    pub(super) fn check_tales(&mut self) {
        let breach = self.broods.iter().find_map(|brood| Some((brood.place, brood.tale.check()?)));
        if let Some((place, breach)) = breach {
            let what = format!("`{}`: {breach}", self.path(place));
            self.fail(|| what);
        }
    }

    /// A supervisor's run is over. None of its leaves lives, unless it was killed before it was up: then they are being killed.
    pub(super) fn brood_is_over(&mut self, brood: usize, how: &str) {
        if std::mem::replace(&mut self.broods[brood].is_over, true) || !self.broods[brood].is_up {
            return;
        }
        let left = self.runs.iter().find(|run| run.dropped.is_none() && self.is_below(run.brood, brood));
        if let Some(left) = left {
            let (leaf, supervisor) = (self.path(left.place), self.path(self.broods[brood].place));
            let what = format!("`{leaf}` lives, and its supervisor `{supervisor}` {how}");
            self.fail(|| what);
        }
    }

    /// A factory is called for a child that was there before, or for the first time.
    fn remade(&mut self, brood: usize, id: &str, place: usize, ended: Option<Duration>, now: Duration) {
        let restart = self.places[place].rules.restart;
        if let Some(breach) = self.broods[brood].tale.remade(id, restart, ended, now) {
            self.fail(|| breach);
        }
    }

    // --- leaves ------------------------------------------------------------------------------------------------------

    /// The factory of a leaf is called.
    pub(super) fn begin_run(&mut self, place: usize, brood: usize, now: Duration) -> (usize, Option<Omen>) {
        if let Some(other) = self.runs.iter().find(|run| run.place == place && run.dropped.is_none()) {
            let same = other.brood == brood;
            let path = self.path(place).to_owned();
            // Those of a brood that was killed before it was up are on their way out.
            if same || self.broods[other.brood].is_up {
                self.fail(|| format!("`{path}` is made, and there is one that lives"));
            }
        }
        if self.broods[brood].is_over {
            let path = self.path(place).to_owned();
            self.fail(|| format!("`{path}` is made, and its supervisor has ended"));
        }
        let before = self.runs.iter().rposition(|run| run.place == place && run.brood == brood);
        if !matches!(self.places[self.broods[brood].place].what, What::Pool(_)) {
            self.check_start(place, brood, before);
            let ended = before.and_then(|before| self.runs[before].dropped);
            let path = self.path(place).to_owned();
            self.remade(brood, &path, place, ended, now);
        }
        self.runs.push(Run { place, brood, actor: None, is_up: false, end: None, dropped: None });
        self.log.push(format!("{now:?} `{}` is made", self.path(place)));
        let omen = self.omens.get_mut(&place).and_then(VecDeque::pop_front);
        (self.runs.len() - 1, omen)
    }

    fn check_start(&mut self, place: usize, brood: usize, before: Option<usize>) {
        let is_group = self.strategy(brood).is_some_and(|strategy| strategy != Strategy::OneForOne);
        let path = self.path(place).to_owned();
        match before {
            None => {
                let before = self.siblings(place, |other, index| other < index);
                if let Some(early) = before.into_iter().find(|&other| !self.has_risen(other, brood)) {
                    let other = self.path(early).to_owned();
                    self.fail(|| format!("`{path}` is started, and `{other}` before it isn't up"));
                }
            }
            Some(before) => {
                let was_taken = matches!(self.runs[before].end, Some(Finish::Failed | Finish::Restarting));
                let is_restarted = is_group && was_taken && !self.broods[brood].tale.is_idle(&path);
                let behind = self.siblings(place, |other, index| other > index);
                if is_restarted
                    && let Some(late) = behind.into_iter().find(|&other| self.lives_at(other, brood).is_some())
                {
                    let other = self.path(late).to_owned();
                    self.fail(|| format!("`{path}` is restarted, and `{other}` behind it isn't down"));
                }
            }
        }
        let begins = |run: &&Run| run.brood == brood && run.place != place && !run.is_up && run.dropped.is_none();
        if is_group && let Some(other) = self.runs.iter().find(begins) {
            let other = self.path(other.place).to_owned();
            self.fail(|| format!("`{path}` is started, and so is `{other}`"));
        }
    }

    /// Whether a child has been up in this brood, with all below it.
    fn has_risen(&self, place: usize, brood: usize) -> bool {
        let is_child = |other: &usize| self.places[*other].parent == Some(place) && self.places[*other].index.is_some();
        match self.places[place].what {
            What::Leaf => self
                .runs
                .iter()
                .any(|run| run.place == place && run.brood == brood && (run.is_up || run.end == Some(Finish::Ignored))),
            _ => self.broods.iter().enumerate().any(|(below, other)| {
                other.place == place
                    && other.above == Some(brood)
                    && (0..self.places.len()).filter(is_child).all(|child| self.has_risen(child, below))
            }),
        }
    }

    pub(super) fn ignored(&mut self, run: usize) {
        self.runs[run].end = Some(Finish::Ignored);
        let Run { place, brood, .. } = self.runs[run];
        let path = self.path(place).to_owned();
        self.broods[brood].tale.ignored(&path);
    }

    pub(super) fn starts(&mut self, run: usize, actor: ActorId, phone: WeakActorRef<Leaf>) {
        let place = self.runs[run].place;
        self.runs[run].actor = Some(actor);
        self.phones.insert(place, phone);
    }

    pub(super) fn up(&mut self, run: usize) {
        self.runs[run].is_up = true;
    }

    /// A `post_stop` begins.
    pub(super) fn stopping(&mut self, run: usize, reason: &StopReason) {
        let Run { place, brood, .. } = self.runs[run];
        self.log.push(format!("`{}` stops: {reason}", self.path(place)));
        let is_asked = self.asked.contains(&place) || self.terminated.contains(&place);
        self.runs[run].end = Some(match reason {
            StopReason::Restarting => Finish::Restarting,
            reason if reason.is_orderly() => Finish::Orderly,
            _ => Finish::Failed,
        });
        let by_supervisor = match reason {
            StopReason::Restarting => true,
            StopReason::Stopped | StopReason::SystemShutdown => !is_asked,
            _ => false,
        };
        if !by_supervisor || self.strategy(brood).is_none() {
            return;
        }
        let behind = self.siblings(place, |other, index| other > index);
        if let Some(late) = behind.into_iter().find(|&other| self.lives_at(other, brood).is_some()) {
            let what =
                format!("`{}` is stopped, and `{}` behind it lives: {reason}", self.path(place), self.path(late));
            self.fail(|| what);
        }
    }

    pub(super) fn dropped(&mut self, run: usize, now: Duration) {
        let path = self.path(self.runs[run].place).to_owned();
        self.log.push(format!("{now:?} `{path}` is dropped"));
        let run = &mut self.runs[run];
        let end = if run.end == Some(Finish::Restarting) { Finish::Restarting } else { Finish::Failed };
        run.end.get_or_insert(end);
        if run.dropped.replace(now).is_some() {
            self.fail(|| format!("`{path}` was dropped twice"));
        }
    }

    /// A leaf hears of the end of another.
    pub(super) fn heard(&mut self, who: ActorId, name: &str) {
        if self.runs.iter().any(|run| run.actor == Some(who) && run.dropped.is_none()) {
            self.fail(|| format!("the end of {name} is heard of, and it lives"));
        }
    }

    /// A supervisor tells that a leaf has failed, or ended.
    pub(super) fn told_of_end(&mut self, place: usize, brood: usize, incident: &Incident) {
        if matches!(incident, Incident::Failed(_)) {
            *self.failures.entry((brood, place)).or_default() += 1;
        }
        if self.runs.iter().any(|run| run.place == place && run.brood == brood && run.dropped.is_none()) {
            let what = format!("`{}` {incident}, and lives", self.path(place));
            self.fail(|| what);
        }
    }

    // --- at rest -----------------------------------------------------------------------------------------------------

    /// How many leaves live.
    pub(super) fn count(&self) -> usize {
        self.runs.iter().filter(|run| run.dropped.is_none()).count()
    }

    /// Nobody can act: no leaf is without a supervisor.
    pub(super) fn check_orphans(&mut self, is_alive: impl Fn(&str) -> bool) {
        let is_orphan = |run: &&Run| {
            let above = self.broods[run.brood].place;
            run.dropped.is_none() && (self.brood_at(above) != Some(run.brood) || !is_alive(self.path(above)))
        };
        if let Some(orphan) = self.runs.iter().find(is_orphan) {
            let what = format!("`{}` lives, and its supervisor doesn't", self.path(orphan.place));
            self.fail(|| what);
        }
    }

    /// Nobody can act: what a supervisor says of its children is what they are.
    pub(super) fn check_children(&mut self, place: usize, children: &[ChildInfo], is_alive: impl Fn(&str) -> bool) {
        let Some(brood) = self.brood_at(place) else { return };
        for child in children {
            let Some(place) = self.places.iter().position(|place| place.path == child.id) else { continue };
            let lives = match self.places[place].what {
                What::Leaf => {
                    let live = |run: &&Run| run.place == place && run.dropped.is_none() && run.is_up;
                    self.runs.iter().filter(live).count()
                }
                _ => usize::from(is_alive(&child.id)),
            };
            let is_right = match child.state {
                ChildState::Running => lives == 1,
                ChildState::Stopped => lives == 0,
                _ => false,
            };
            let is_alone = self.strategy(brood) == Some(Strategy::OneForOne);
            if is_alone && !self.terminated.contains(&place) && matches!(self.places[place].what, What::Leaf) {
                let failed = |run: &&Run| run.place == place && run.brood == brood && run.end == Some(Finish::Failed);
                let failed = self.runs.iter().filter(failed).count();
                let told = self.failures.get(&(brood, place)).copied().unwrap_or(0);
                if failed != told {
                    self.fail(|| format!("`{}` has failed {failed} times, and {told} were told", child.id));
                }
            }
            if !is_right {
                self.fail(|| format!("`{}` is {:?}, and {lives} live", child.id, child.state));
            }
            let is_explained = self.terminated.contains(&place) || self.broods[brood].tale.is_given_up(&child.id);
            if child.state == ChildState::Stopped && child.restart == RestartType::Permanent && !is_explained {
                self.fail(|| format!("`{}` is permanent, and nobody restarts it", child.id));
            }
        }
    }

    /// How many children of a pool live.
    pub(super) fn count_in(&self, place: usize) -> usize {
        let brood = self.brood_at(place);
        self.runs.iter().filter(|run| Some(run.brood) == brood && run.dropped.is_none()).count()
    }

    /// All is gone: nothing is left of a brood.
    pub(super) fn check_leaks(&self) -> Result<(), String> {
        if let Some(left) = self.runs.iter().find(|run| run.dropped.is_none()) {
            return Err(format!("`{}` was never dropped", self.path(left.place)));
        }
        match self.broods.iter().find(|brood| Arc::strong_count(&brood.held) > 1) {
            Some(left) => Err(format!("something is left of `{}`", self.path(left.place))),
            None => Ok(()),
        }
    }
}
