//! What all that takes part in a run shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use corecast::{
    ActorId, ActorInfo, ActorRef, ActorSystem, Incident, RestartType, Sleep, StopReason, SupervisionEvent, WeakActorRef,
};

use super::books::Books;
use super::census::{Census, Place, Token, What, actor_id};
use super::deed::Omen;
use super::leaf::Leaf;

/// What all share.
#[derive(Clone)]
pub(super) struct World(Arc<Shared>);

struct Shared {
    system: Weak<ActorSystem>,
    books: Books,
    census: Mutex<Census>,
}

/// A leaf's state, or what becomes of it. Its drop is the end of the run.
pub(super) struct Life {
    world: World,
    pub(super) run: usize,
    /// Of the brood.
    _token: Token,
}

impl Drop for Life {
    fn drop(&mut self) {
        let now = self.world.now();
        self.world.census().dropped(self.run, now);
    }
}

impl World {
    pub(super) fn new(system: &Arc<ActorSystem>, places: Vec<Place>) -> Self {
        let census = Mutex::new(Census::new(places));
        Self(Arc::new(Shared { system: Arc::downgrade(system), books: Books::default(), census }))
    }

    /// Leaves panic, but not while they have it.
    pub(super) fn census(&self) -> MutexGuard<'_, Census> {
        self.0.census.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn books(&self) -> &Books {
        &self.0.books
    }

    fn now(&self) -> Duration {
        self.0.system.upgrade().map_or(Duration::MAX, |system| system.uptime())
    }

    pub(super) fn pause(&self, time: Duration) -> Option<Sleep> {
        Some(self.0.system.upgrade()?.sleep(time))
    }

    pub(super) fn place<T>(&self, place: usize, look: impl FnOnce(&Place) -> T) -> T {
        look(&self.census().places[place])
    }

    pub(super) fn path(&self, place: usize) -> String {
        self.place(place, |place| place.path.clone())
    }

    /// The name of a child's supervisor.
    pub(super) fn above(&self, place: usize) -> String {
        let census = self.census();
        census.places[place].parent.map(|above| census.places[above].path.clone()).unwrap_or_default()
    }

    pub(super) fn breach(&self, what: impl FnOnce() -> String) {
        self.census().fail(what);
    }

    /// What has been found so far.
    pub(super) fn verdict(&self) -> Result<(), String> {
        self.0.books.breach()?;
        let census = self.census();
        let Some(breach) = &census.breach else { return Ok(()) };
        Err(format!("{breach}\n{}", census.log.join("\n")))
    }

    /// A leaf that has started at this place.
    pub(super) fn leaf(&self, place: usize) -> Option<(ActorId, ActorRef<Leaf>)> {
        let phone = self.census().phones.get(&place).cloned()?;
        Some((phone.id(), phone.upgrade()?))
    }

    pub(super) fn ask_to_stop(&self, place: usize) {
        self.census().asked.insert(place);
    }

    pub(super) fn omen(&self, place: usize, omen: Omen) {
        self.census().omens.entry(place).or_default().push_back(omen);
    }

    // --- what happens ------------------------------------------------------------------------------------------------

    pub(super) fn begin_brood(&self, place: usize, above: Option<&Token>) -> Token {
        let now = self.now();
        self.census().begin_brood(place, above, now)
    }

    /// That of the brood that a supervisor has now.
    pub(super) fn token(&self, place: usize) -> Option<Token> {
        let census = self.census();
        Some(census.token(census.brood_at(place)?))
    }

    pub(super) fn begin_run(&self, place: usize, token: &Token) -> (Life, Option<Omen>) {
        let now = self.now();
        let (run, omen) = self.census().begin_run(place, token.brood, now);
        (Life { world: self.clone(), run, _token: token.clone() }, omen)
    }

    pub(super) fn ignored(&self, life: &Life) {
        self.census().ignored(life.run);
    }

    pub(super) fn starts(&self, life: &Life, actor: WeakActorRef<Leaf>) {
        self.census().starts(life.run, actor.id(), actor);
    }

    pub(super) fn up(&self, life: &Life) {
        self.census().up(life.run);
    }

    pub(super) fn stopping(&self, life: &Life, reason: &StopReason) {
        self.census().stopping(life.run, reason);
    }

    pub(super) fn heard(&self, life: &Life, who: &ActorInfo) {
        self.census().heard(life.run, who.id(), who.name().unwrap_or("somebody"));
    }

    pub(super) fn resigns(&self, life: &Life) {
        self.census().resigns(life.run);
    }

    pub(super) fn spoils(&self, life: &Life) {
        self.census().spoils(life.run);
    }

    pub(super) fn link(&self, place: usize, other: usize) {
        self.census().link(place, other);
    }

    /// A root has come up.
    pub(super) fn root_is_up(&self, place: usize) {
        let mut census = self.census();
        if let Some(brood) = census.brood_at(place) {
            census.broods[brood].is_up = true;
        }
    }

    /// A root hasn't come up, and is gone.
    pub(super) fn root_has_failed(&self, place: usize) {
        let mut census = self.census();
        if let Some(brood) = census.brood_at(place) {
            census.brood_is_over(brood, "hasn't started");
        }
    }

    /// A root's end is heard of.
    pub(super) fn root_has_ended(&self, place: usize, reason: &StopReason) {
        let mut census = self.census();
        let Some(brood) = census.brood_at(place) else { return };
        census.brood_is_over(brood, "has ended");
        let said = census.broods[brood].tale.end();
        let is_right = match reason {
            StopReason::GaveUp { .. } => said == Some("gave up"),
            StopReason::Escalated { .. } => said == Some("escalated"),
            _ => true,
        };
        if !is_right {
            census.fail(|| format!("a supervisor ends, {reason}, and has told: {said:?}"));
        }
    }

    /// A supervisor tells of a child.
    pub(super) fn told(&self, event: &SupervisionEvent) {
        let now = self.now();
        let mut census = self.census();
        let name = event.supervisor().name().unwrap_or_default();
        let Some(place) = census.places.iter().position(|place| place.path == name) else { return };
        let Some(brood) = census.brood_at(place) else { return };
        let actor = event.child().map(ActorInfo::id);
        let below = census.place_of(event.child_id(), actor);
        let id = match (event.child_id(), actor) {
            ("", Some(actor)) => actor_id(actor),
            (id, _) => id.to_owned(),
        };
        let restart = match (below, census.places[place].what) {
            (Some(below), _) => census.places[below].rules.restart,
            (None, What::Pool(rules)) => rules.restart,
            _ => RestartType::Permanent,
        };
        census.log.push(format!("{now:?} {name}: `{id}` {}", event.incident()));
        if let Some(breach) = census.broods[brood].tale.hear(&id, restart, event.incident(), now) {
            census.fail(|| format!("{name}: {breach}"));
        }
        if let Incident::Failed(StopReason::StartFailed(error)) = event.incident()
            && error.to_string().contains("name")
        {
            census.fail(|| format!("`{id}` finds its name in use: {error}"));
        }
        let is_leaf = below.is_none_or(|below| matches!(census.places[below].what, What::Leaf));
        if let Incident::Failed(reason) = event.incident()
            && is_leaf
        {
            census.told_of_failure(below, brood, reason);
        }
        if let Some(below) = below {
            census.told(below, brood, event.incident());
        }
        if let (Some(below), true, Incident::Failed(_) | Incident::Stopped(_)) = (below, is_leaf, event.incident()) {
            census.told_of_end(below, brood, event.incident());
        }
        let Some(other) = below.and_then(|below| census.brood_at(below)) else { return };
        match event.incident() {
            Incident::Started | Incident::Restarted => census.broods[other].is_up = true,
            Incident::Failed(_) | Incident::Stopped(_) => census.brood_is_over(other, "is said to have ended"),
            _ => {}
        }
    }
}
