//! An episode: a system that starts, is used by several at once, and ends.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{ActorSystem, BuildError, FindError};

use crate::ledger::{Forgetful, Kind, Ledger};
use crate::lock::lock;
use crate::message::Job;
use crate::observer::Bookkeeper;
use crate::plan::Plan;
use crate::player::{Doing, NAMES, Player};
use crate::register::Register;
use crate::settings::{Ending, Settings};
use crate::tally::Tally;
use crate::tree::Grove;
use crate::watcher::Watchers;
use crate::worker::{Worker, book_answer};
use crate::world::{Field, World};

/// How long a shutdown may take that nobody hurries.
const LONG: Duration = Duration::from_secs(600);

/// An episode that has begun.
pub(crate) struct Episode {
    pub(crate) world: Arc<World>,
    pub(crate) doing: Vec<Arc<Doing>>,
    system: ActorSystem,
}

impl Episode {
    /// Builds the system, called `name`. With `loses`, a fault may panic before a handler begins; with `kills`, one may kill
    /// anybody.
    pub(crate) fn begin(
        settings: &Settings,
        name: &str,
        loses: bool,
        kills: bool,
        progress: &Arc<AtomicU64>,
    ) -> Result<Self, BuildError> {
        let ledger = Ledger::new(loses, Arc::clone(progress));
        let panics = if settings.frail > 0 { 1 + settings.seed % 5 } else { 0 };
        let register = Arc::new(Register::new(&ledger));
        let observer =
            Bookkeeper { ledger: ledger.clone(), register: Arc::clone(&register), calls: AtomicU64::new(0), panics };
        let mut builder = ActorSystem::builder()
            .name(name)
            .workers(settings.workers)
            .pin_cores(settings.pinned)
            .blocking_threads(settings.blocking_threads)
            .shutdown_deadline(LONG)
            .post_stop_deadline(settings.post_stop_deadline)
            .observer(observer);
        if let Some(timeout) = settings.send_timeout {
            builder = builder.send_timeout(timeout);
        }
        let system = builder.build()?;
        let world = World {
            settings: settings.clone(),
            ledger,
            watchers: Watchers::begin(&system, &register),
            register,
            field: Field::default(),
            grove: Grove::default(),
            is_safe: settings.is_calm && !loses && !kills,
            system: system.handle(),
            own: Mutex::new(None),
            spawned: AtomicU64::new(0),
        };
        let doing = (0..settings.players).map(|_| Arc::default()).collect();
        Ok(Self { world: Arc::new(world), doing, system })
    }

    /// The players, who find the first actors there.
    pub(crate) fn players(&self) -> Vec<Player> {
        let players = (0..).zip(&self.doing).map(|(number, doing)| Player::new(&self.world, number, Arc::clone(doing)));
        let mut players: Vec<_> = players.collect();
        players[0].people();
        players
    }

    /// Plays the first player, and ends the system. `others` are the other players, when they are done.
    pub(crate) async fn lead(self, mut first: Player, others: impl Future<Output = Vec<Player>>) {
        let Self { world, doing, system } = self;
        let (settings, ledger) = (&world.settings, &world.ledger);
        let mut others = Some(others);
        let mut players = Vec::new();
        if settings.ending.is_behind() {
            first.play(settings.steps).await;
            players.extend(others.take().expect("they are awaited once").await);
        } else {
            first.play(settings.last_step).await;
        }
        doing[0].done();
        ledger.progress();
        if settings.ending.is_behind()
            && let Some(watchers) = &world.watchers
        {
            watchers.look_after(&world).await;
        }
        if settings.seed.is_multiple_of(2) && settings.ending.is_behind() {
            // Who is reached by nobody ends by itself.
            world.field.clear();
            world.grove.clear();
        }
        match settings.ending {
            Ending::Finish | Ending::Shutdown => {
                let report = system.shutdown().await;
                if !report.is_clean() {
                    ledger.breach(format!("the shutdown killed {:?}", report.killed));
                }
                look_after_shutdown(&world, &system);
                drop(system);
            }
            Ending::Deadline(deadline) => {
                system.shutdown_within(deadline).await;
                look_after_shutdown(&world, &system);
                drop(system);
            }
            Ending::Drop | Ending::DropBehind => drop(system),
            Ending::Overtake => {
                drop(system.shutdown());
                drop(system);
            }
            Ending::Inside => end_inside(&world, system).await,
        }
        ledger.progress();
        if let Some(others) = others {
            players.extend(others.await);
        }
        players.push(first);
        world.field.clear();
        world.grove.clear();
        for watched in players.into_iter().flat_map(Player::rest) {
            watched.await;
            ledger.progress();
        }
    }
}

/// What there must not be any more.
fn look_after_shutdown(world: &World, system: &ActorSystem) {
    if system.actor_count() != 0 {
        world.ledger.breach(format!("{} actors live after a shutdown", system.actor_count()));
    }
    let waits = system.waits();
    if !waits.is_empty() {
        world.ledger.breach(format!("somebody waits after a shutdown: {waits:?}"));
    }
    for name in NAMES {
        let found = system.find::<Worker>(name);
        if !matches!(found, Err(FindError::NotFound { .. })) {
            world.ledger.breach(format!("{name} is taken after a shutdown: {found:?}"));
        }
    }
}

/// Has an actor drop the system, or does it if that doesn't come to it.
async fn end_inside(world: &Arc<World>, system: ActorSystem) {
    *lock(&world.own) = Some(system);
    let mut sender = world.ledger.sender();
    let parcel = world.ledger.offer(&mut sender, Kind::Heard);
    let receipt = parcel.receipt();
    let job = Job { parcel, plan: Plan::End };
    let asked = world.field.get(0);
    book_answer(&world.ledger, &receipt, Forgetful::new(asked.send(job)).await);
    let own = lock(&world.own).take();
    drop(own);
}

/// Looks at the books of an episode that is over.
pub(crate) fn close(world: &World, is_calm: bool) -> Result<Tally, String> {
    // One that was made anew at the end may have come there once more.
    world.field.close();
    world.grove.clear();
    let settings = &world.settings;
    let restarts = world.register.close();
    let is_drained = matches!(settings.ending, Ending::Finish | Ending::Shutdown);
    let mut tally = world.ledger.check(is_calm && is_drained)?;
    tally.episodes = 1;
    tally.restarts = restarts.had;
    tally.told = restarts.told;
    // ORDERING: Relaxed; the threads that add have ended.
    tally.actors = world.spawned.load(std::sync::atomic::Ordering::Relaxed);
    tally.ended(settings.ending.name(), 1);
    Ok(tally)
}
