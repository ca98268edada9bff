//! Who is where: the places of the trees, the runs of leaves, and the broods of supervisors, a brood being what one run of a
//! supervisor is responsible for.
//!
//! | check | holds that | looked at |
//! |---|---|---|
//! | start | children are started in their order, in a group one at a time, and when those behind are down | when a factory is called |
//! | stop | they are stopped in reverse | when a `post_stop` begins whose supervisor asked for it |
//! | outliving | no leaf below a supervisor lives when that has ended, or begins anew | at its event, at its next factory call |
//! | rest | each child is up, or has a reason not to be; each failure was told; who gave up has ended | when nobody can act |

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
    /// It has said of itself that it is to end for good.
    has_resigned: bool,
    /// It ended when its supervisor may have been ending it: nobody need have been told of a failure.
    is_excused: bool,
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
    /// How many failures of leaves a supervisor has told, by brood and, but for pools, place.
    failures: BTreeMap<(usize, Option<usize>), usize>,
    /// Leaves that somebody else than their supervisor has asked to stop, of which that has come nothing yet.
    pub(super) asked: BTreeSet<usize>,
    /// How many requests to terminate it may be on their way to a child's supervisor.
    dismissals: BTreeMap<usize, usize>,
    /// How many requests to restart it: a start that somebody asked for isn't tried again.
    revivals: BTreeMap<usize, usize>,
    /// How many of these requests may lead to a start yet.
    wanted: BTreeMap<usize, usize>,
    /// Those that have failed meanwhile.
    unrevived: BTreeSet<usize>,
    /// Children that have ended for good, with a reason, and haven't begun anew.
    laid_down: BTreeSet<usize>,
    /// Places whose leaves have been linked, at any time.
    links: BTreeSet<(usize, usize)>,
    pub(super) breach: Option<String>,
    /// What supervisors have told, and which runs began and ended, for whoever reads of a breach.
    pub(super) log: Vec<String>,
    /// The end of all is forced: nothing but what is left over matters.
    pub(super) is_over: bool,
}

/// What stands for the id of a child that has none.
pub(super) fn actor_id(actor: ActorId) -> String {
    format!("{actor:?}")
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
            dismissals: BTreeMap::new(),
            revivals: BTreeMap::new(),
            wanted: BTreeMap::new(),
            unrevived: BTreeSet::new(),
            laid_down: BTreeSet::new(),
            links: BTreeSet::new(),
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

    fn is_pool(&self, brood: usize) -> bool {
        matches!(self.places[self.broods[brood].place].what, What::Pool(_))
    }

    /// By what the events call the child of this run: its id or, in a pool, its actor.
    fn tale_id(&self, run: usize) -> Option<String> {
        let Run { place, brood, actor, .. } = &self.runs[run];
        if self.is_pool(*brood) { actor.map(actor_id) } else { Some(self.path(*place).to_owned()) }
    }

    /// Where the child is that an event is about.
    pub(super) fn place_of(&self, id: &str, actor: Option<ActorId>) -> Option<usize> {
        if id.is_empty() {
            return self.runs.iter().rfind(|run| actor.is_some() && run.actor == actor).map(|run| run.place);
        }
        self.places.iter().position(|place| place.path == id)
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
            self.remade(above, &path, place, now);
        }
        self.log.push(format!("{now:?} `{}` is made, a supervisor", self.path(place)));
        self.laid_down.remove(&place);
        let held = Arc::new(());
        let is_alone = matches!(self.places[place].what, What::Pool(_) | What::Group(Strategy::OneForOne));
        let is_branch = |other: &&Place| {
            other.parent == Some(place)
                && other.rules.restart == RestartType::Permanent
                && !matches!(other.what, What::Leaf)
        };
        let branches = self.places.iter().filter(is_branch).count();
        let tale = Tale::new(self.places[place].intensity, is_alone, branches, now);
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

    /// A supervisor's run is over. None of its leaves lives.
    pub(super) fn brood_is_over(&mut self, brood: usize, how: &str) {
        if std::mem::replace(&mut self.broods[brood].is_over, true) {
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
    fn remade(&mut self, brood: usize, id: &str, place: usize, now: Duration) {
        let restart = self.places[place].rules.restart;
        if let Some(breach) = self.broods[brood].tale.remade(id, restart, now) {
            self.fail(|| breach);
        }
    }

    // --- leaves ------------------------------------------------------------------------------------------------------

    /// The factory of a leaf is called.
    pub(super) fn begin_run(&mut self, place: usize, brood: usize, now: Duration) -> (usize, Option<Omen>) {
        if self.runs.iter().any(|run| run.place == place && run.dropped.is_none()) {
            let path = self.path(place).to_owned();
            self.fail(|| format!("`{path}` is made, and there is one that lives"));
        }
        self.check_rest(place, brood);
        self.laid_down.remove(&place);
        if self.broods[brood].is_over {
            let path = self.path(place).to_owned();
            self.fail(|| format!("`{path}` is made, and its supervisor has ended"));
        }
        let before = self.runs.iter().rposition(|run| run.place == place && run.brood == brood);
        if !self.is_pool(brood) {
            self.check_start(place, brood, before);
        }
        if let Some(id) = before.map_or_else(|| Some(self.path(place).to_owned()), |before| self.tale_id(before)) {
            self.remade(brood, &id, place, now);
        }
        let (has_resigned, is_excused) = (false, false);
        self.runs.push(Run {
            place,
            brood,
            actor: None,
            is_up: false,
            end: None,
            dropped: None,
            has_resigned,
            is_excused,
        });
        self.log.push(format!("{now:?} `{}` is made", self.path(place)));
        let omen = self.omens.get_mut(&place).and_then(VecDeque::pop_front);
        (self.runs.len() - 1, omen)
    }

    /// One that has ended for good stays so, unless somebody asks for its restart, or its group is restarted.
    fn check_rest(&mut self, place: usize, brood: usize) {
        let last = self.runs.iter().rfind(|run| run.place == place && run.brood == brood);
        let has_resigned = last.is_some_and(|run| run.has_resigned);
        let is_alone = self.strategy(brood) == Some(Strategy::OneForOne);
        if !is_alone || !has_resigned && !self.has_ended(place, brood) {
            return;
        }
        // Each request is good for one start, which may come when it has been answered.
        let wanted = self.wanted.entry(place).or_default();
        if *wanted > 0 {
            *wanted -= 1;
        } else {
            let path = self.path(place).to_owned();
            self.fail(|| format!("`{path}` has ended for good, and is made anew"));
        }
    }

    fn check_start(&mut self, place: usize, brood: usize, before: Option<usize>) {
        let is_group = self.strategy(brood).is_some_and(|strategy| strategy != Strategy::OneForOne);
        let path = self.path(place).to_owned();
        match before {
            None => {
                let before = self.siblings(place, |other, index| other < index);
                // One that was given up before it was up isn't waited for.
                let is_due = |&other: &usize| !self.has_risen(other, brood) && !self.has_ended(other, brood);
                if let Some(early) = before.into_iter().find(is_due) {
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
        // One that is on its way out isn't waited for, nor does it wait.
        let is_awaited = is_group && !self.may_be_dismissed(place);
        let begins = |run: &&Run| {
            let is_there = run.brood == brood && run.place != place && !run.is_up && run.dropped.is_none();
            is_there && !self.may_be_dismissed(run.place)
        };
        if is_awaited && let Some(other) = self.runs.iter().find(begins) {
            let other = self.path(other.place).to_owned();
            self.fail(|| format!("`{path}` is started, and so is `{other}`"));
        }
    }

    /// Whether a supervisor has told that a child has ended for good, and it hasn't been made anew since.
    fn has_ended(&self, place: usize, brood: usize) -> bool {
        self.broods[brood].tale.is_idle(self.path(place))
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
        let is_asked = self.asked.contains(&place) || self.may_be_dismissed(place);
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
        let (at, place) = (run, self.runs[run].place);
        let path = self.path(place).to_owned();
        self.log.push(format!("{now:?} `{path}` is dropped"));
        let is_excused = self.may_be_dismissed(place);
        let run = &mut self.runs[run];
        run.is_excused = is_excused;
        let end = *run.end.get_or_insert(Finish::Failed);
        let (brood, was_there) = (run.brood, run.dropped.replace(now).is_some());
        if was_there {
            self.fail(|| format!("`{path}` was dropped twice"));
        }
        if end == Finish::Orderly {
            self.asked.remove(&place);
            let (id, restart) = (self.tale_id(at).unwrap_or(path), self.places[place].rules.restart);
            self.broods[brood].tale.ended_in_order(&id, restart, now);
        }
    }

    /// Somebody asks for the end of a child, for good.
    pub(super) fn ask_to_dismiss(&mut self, place: usize) {
        *self.dismissals.entry(place).or_default() += 1;
    }

    /// That has been answered.
    pub(super) fn is_dismissed(&mut self, place: usize) {
        *self.dismissals.entry(place).or_default() -= 1;
    }

    /// Somebody asks for the restart of a child that has ended for good.
    pub(super) fn ask_to_revive(&mut self, place: usize) {
        *self.revivals.entry(place).or_default() += 1;
        *self.wanted.entry(place).or_default() += 1;
    }

    /// That has been answered.
    pub(super) fn is_revived(&mut self, place: usize) {
        *self.revivals.entry(place).or_default() -= 1;
    }

    fn may_be_revived(&self, place: usize) -> bool {
        self.revivals.get(&place).is_some_and(|count| *count > 0)
    }

    fn may_be_dismissed(&self, place: usize) -> bool {
        self.dismissals.get(&place).is_some_and(|count| *count > 0)
    }

    /// A leaf says that it is to end for good.
    pub(super) fn resigns(&mut self, run: usize) {
        self.runs[run].has_resigned = true;
    }

    /// The last hook of a leaf panics, or its drop: then it has failed, if it hadn't been to begin anew.
    pub(super) fn spoils(&mut self, run: usize) {
        let Run { place, end, .. } = &mut self.runs[run];
        if *end == Some(Finish::Orderly) {
            *end = Some(Finish::Failed);
            self.asked.remove(place);
        }
    }

    pub(super) fn link(&mut self, place: usize, other: usize) {
        self.links.insert((place.min(other), place.max(other)));
    }

    /// A leaf hears of the end of another: of a run, if it has been linked to it.
    pub(super) fn heard(&mut self, run: usize, who: ActorId, name: &str) {
        let place = self.runs[run].place;
        let mut runs = self.runs.iter().filter(|run| run.actor == Some(who)).peekable();
        let is_linked =
            runs.peek().is_some_and(|other| self.links.contains(&(place.min(other.place), place.max(other.place))));
        let is_over = |run: &Run| run.dropped.is_some();
        if if is_linked { !runs.any(is_over) } else { !runs.all(is_over) } {
            self.fail(|| format!("the end of {name} is heard of, and it lives"));
        }
    }

    /// A supervisor tells of a child: has it ended for good, and with a reason?
    pub(super) fn told(&mut self, place: usize, brood: usize, incident: &Incident) {
        let may_be_revived = self.may_be_revived(place);
        match incident {
            Incident::Failed(_) if may_be_revived => drop(self.unrevived.insert(place)),
            Incident::Started | Incident::Restarted => drop(self.unrevived.remove(&place)),
            Incident::Stopped(_) => {
                let last = self.runs.iter().rfind(|run| run.place == place && run.brood == brood);
                let has_resigned = last.is_some_and(|run| run.has_resigned);
                let is_unrevived = self.unrevived.remove(&place) || may_be_revived;
                if has_resigned || is_unrevived || self.may_be_dismissed(place) {
                    self.laid_down.insert(place);
                }
            }
            _ => {}
        }
    }

    /// A supervisor tells that a leaf has failed.
    pub(super) fn told_of_failure(&mut self, place: Option<usize>, brood: usize, reason: &StopReason) {
        let place = place.filter(|_| !self.is_pool(brood));
        let failed = self.failed(place, brood).count();
        let told = self.failures.entry((brood, place)).or_default();
        // One that is killed before its factory is called has had no run here.
        if !matches!(reason, StopReason::Killed | StopReason::Linked(_)) || *told < failed {
            *told += 1;
        }
    }

    /// A supervisor tells that a run of a leaf is over.
    pub(super) fn told_of_end(&mut self, place: usize, brood: usize, incident: &Incident) {
        if self.runs.iter().any(|run| run.place == place && run.brood == brood && run.dropped.is_none()) {
            let what = format!("`{}` {incident}, and lives", self.path(place));
            self.fail(|| what);
        }
    }

    /// The runs that have failed of a leaf, or of all children of a pool.
    fn failed(&self, place: Option<usize>, brood: usize) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| {
            run.brood == brood && run.end == Some(Finish::Failed) && place.is_none_or(|place| run.place == place)
        })
    }

    // --- at rest -----------------------------------------------------------------------------------------------------

    /// How many leaves live.
    pub(super) fn count(&self) -> usize {
        self.runs.iter().filter(|run| run.dropped.is_none()).count()
    }

    /// Nobody can act: no leaf is without a supervisor, and no supervisor that has given up is there.
    pub(super) fn check_orphans(&self, is_alive: impl Fn(&str) -> bool) -> Result<(), String> {
        let is_orphan = |run: &&Run| {
            let above = self.broods[run.brood].place;
            run.dropped.is_none() && (self.brood_at(above) != Some(run.brood) || !is_alive(self.path(above)))
        };
        if let Some(orphan) = self.runs.iter().find(is_orphan) {
            return Err(format!("`{}` lives, and its supervisor doesn't", self.path(orphan.place)));
        }
        match self.broods.iter().find(|brood| brood.tale.end().is_some() && !brood.is_over) {
            Some(left) => {
                Err(format!("`{}` {}, and is there", self.path(left.place), left.tale.end().unwrap_or_default()))
            }
            None => Ok(()),
        }
    }

    /// Nobody can act: what a supervisor says of its children is what they are.
    pub(super) fn check_children(
        &self,
        place: usize,
        children: &[ChildInfo],
        is_alive: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let Some(brood) = self.brood_at(place) else { return Ok(()) };
        for child in children {
            let Some(place) = self.places.iter().position(|place| place.path == child.id) else { continue };
            let is_leaf = matches!(self.places[place].what, What::Leaf);
            let lives = if is_leaf {
                let live = |run: &&Run| run.place == place && run.dropped.is_none() && run.is_up;
                self.runs.iter().filter(live).count()
            } else {
                usize::from(is_alive(&child.id))
            };
            let is_right = match child.state {
                ChildState::Running => lives == 1,
                ChildState::Stopped => lives == 0,
                _ => false,
            };
            if !is_right {
                return Err(format!("`{}` is {:?}, and {lives} live", child.id, child.state));
            }
            if is_leaf {
                self.check_failures(Some(place), brood)?;
            }
            let is_explained = self.laid_down.contains(&place)
                || self.may_be_dismissed(place)
                || self.broods[brood].tale.is_given_up(&child.id);
            if child.state == ChildState::Stopped && child.restart == RestartType::Permanent && !is_explained {
                return Err(format!("`{}` is permanent, and nobody restarts it", child.id));
            }
        }
        Ok(())
    }

    /// Nobody can act: of each failure of a leaf, or of all in a pool, its supervisor has told. In a group, one that fails on its
    /// way down counts for nothing.
    fn check_failures(&self, place: Option<usize>, brood: usize) -> Result<(), String> {
        let most = self.failed(place, brood).count();
        let is_alone = matches!(self.strategy(brood), None | Some(Strategy::OneForOne));
        let least = if is_alone { self.failed(place, brood).filter(|run| !run.is_excused).count() } else { 0 };
        let told = self.failures.get(&(brood, place)).copied().unwrap_or(0);
        if (least..=most).contains(&told) {
            return Ok(());
        }
        let path = self.path(place.unwrap_or(self.broods[brood].place));
        Err(format!("`{path}` has failed {least} to {most} times, and {told} were told"))
    }

    /// Nobody can act: each failure of a pool's children was told.
    pub(super) fn check_pool(&self, place: usize) -> Result<(), String> {
        self.brood_at(place).map_or(Ok(()), |brood| self.check_failures(None, brood))
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
