//! What players and actors of an episode share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{ActorRef, ActorSystem, SystemRef, WeakActorRef};

use crate::ledger::Ledger;
use crate::lock::lock;
use crate::random::Random;
use crate::settings::Settings;
use crate::worker::Worker;

/// An episode's world.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) ledger: Ledger,
    pub(crate) field: Field,
    pub(crate) system: SystemRef,
    /// The system, for an actor that drops it.
    pub(crate) own: Mutex<Option<ActorSystem>>,
    /// How many actors were spawned.
    pub(crate) spawned: AtomicU64,
}

/// The actors that are sent to, by their places.
#[derive(Default)]
pub(crate) struct Field {
    places: Mutex<Vec<Inhabitant>>,
    /// All that ever were, for a watchdog.
    all: Mutex<Vec<WeakActorRef<Worker>>>,
}

/// An actor in its place. It subscribes once to each type of event, so that these come in order.
#[derive(Clone)]
pub(crate) struct Inhabitant {
    pub(crate) actor: ActorRef<Worker>,
    pub(crate) subscribed: [Arc<AtomicBool>; 2],
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
        lock(&self.all).push(actor.downgrade());
        let new = Inhabitant { actor, subscribed: Default::default() };
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

    /// Lets go of all.
    pub(crate) fn clear(&self) {
        let places = std::mem::take(&mut *lock(&self.places));
        drop(places);
    }

    /// What there is to say of those who live.
    pub(crate) fn show(&self) -> Vec<String> {
        let all: Vec<_> = lock(&self.all).iter().filter_map(WeakActorRef::upgrade).collect();
        all.iter().map(|actor| format!("{}: {} messages wait", actor.info(), actor.mailbox_size())).collect()
    }
}
