//! What players and actors of an episode share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{ActorRef, ActorSystem, SystemRef, WeakActorRef};

use crate::ledger::Ledger;
use crate::lock::lock;
use crate::random::Random;
use crate::register::Register;
use crate::settings::Settings;
use crate::tree::Grove;
use crate::watcher::Watchers;
use crate::worker::Worker;

/// An episode's world.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) ledger: Ledger,
    pub(crate) register: Arc<Register>,
    pub(crate) watchers: Option<Watchers>,
    pub(crate) field: Field,
    pub(crate) system: SystemRef,
    pub(crate) grove: Grove,
    /// Nobody fails, nor ends but by the end of the system.
    pub(crate) is_safe: bool,
    /// The system, for an actor that drops it.
    pub(crate) own: Mutex<Option<ActorSystem>>,
    /// How many states of actors were made.
    pub(crate) spawned: AtomicU64,
}

/// The actors that are sent to, by their places.
#[derive(Default)]
pub(crate) struct Field {
    places: Mutex<Vec<Inhabitant>>,
    /// All that ever were, for a watchdog.
    all: Mutex<Vec<WeakActorRef<Worker>>>,
}

/// An actor in its place.
#[derive(Clone)]
pub(crate) struct Inhabitant {
    pub(crate) actor: ActorRef<Worker>,
    /// It has a supervisor, so that a stop need not be its end.
    pub(crate) is_ward: bool,
}

impl World {
    /// A time up to the longest of the episode.
    pub(crate) fn time(&self, random: &mut Random) -> Duration {
        Duration::from_micros(1 + random.below(self.settings.longest))
    }

    /// Some random numbers for an actor.
    pub(crate) fn random(&self) -> Random {
        // ORDERING: Relaxed; a number.
        Random::new(self.settings.seed, 1_000 + self.spawned.fetch_add(1, Ordering::Relaxed))
    }
}

impl Field {
    /// Puts an actor into a place: a new one while there are fewer than `most`.
    pub(crate) fn put(&self, actor: ActorRef<Worker>, random: &mut Random, most: usize) {
        self.enter(Inhabitant { actor, is_ward: false }, random, most);
    }

    /// Puts a supervised actor into a place, unless it has one.
    pub(crate) fn settle(&self, actor: ActorRef<Worker>, random: &mut Random, most: usize) {
        let is_there = lock(&self.places).iter().any(|inhabitant| inhabitant.actor == actor);
        if !is_there {
            self.enter(Inhabitant { actor, is_ward: true }, random, most);
        }
    }

    fn enter(&self, new: Inhabitant, random: &mut Random, most: usize) {
        lock(&self.all).push(new.actor.downgrade());
        let mut places = lock(&self.places);
        if places.len() < most {
            places.push(new);
            return;
        }
        let place = random.below(places.len() as u64) as usize;
        let former = std::mem::replace(&mut places[place], new);
        drop(places);
        // It may have been the last reference.
        drop(former);
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.places).len()
    }

    pub(crate) fn inhabitant(&self, place: usize) -> Inhabitant {
        lock(&self.places)[place].clone()
    }

    pub(crate) fn get(&self, place: usize) -> ActorRef<Worker> {
        self.inhabitant(place).actor
    }

    /// Some actor.
    pub(crate) fn any(&self, random: &mut Random) -> ActorRef<Worker> {
        self.get(random.below(self.len() as u64) as usize)
    }

    /// The same, where there may be none any more.
    pub(crate) fn some(&self, random: &mut Random) -> Option<ActorRef<Worker>> {
        let places = lock(&self.places);
        if places.is_empty() { None } else { Some(random.pick(&places).actor.clone()) }
    }

    /// Lets go of all.
    pub(crate) fn clear(&self) {
        let places = std::mem::take(&mut *lock(&self.places));
        drop(places);
    }

    /// The same, when everything has ended: also of those that are known to a watchdog alone.
    pub(crate) fn close(&self) {
        self.clear();
        let all = std::mem::take(&mut *lock(&self.all));
        drop(all);
    }

    /// What there is to say of those who live.
    pub(crate) fn show(&self) -> Vec<String> {
        let all: Vec<_> = lock(&self.all).iter().filter_map(WeakActorRef::upgrade).collect();
        all.iter().map(|actor| format!("{}: {} messages wait", actor.info(), actor.mailbox_size())).collect()
    }
}
