//! Trees: some of the swarm's actors are children of supervisors, which come and go.
//!
//! Supervisors are of all strategies, with static children, dynamic ones, and other supervisors below them. Children come of
//! factories of all kinds, which may fail; they are restarted or not, after back-offs, up to an intensity or a quarantine. When
//! a tree has ended, none of its actors lives: that is looked at when its end is heard of. The rest of what has to be right about
//! supervision is in [`register`](crate::register).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{
    ActorError, ActorRef, AutoShutdown, Backoff, ChildError, ChildSpec, DynamicSupervisor, DynamicSupervisorBuilder,
    Ignore, Mailbox, RestartType, ShutdownPolicy, SpawnError, Strategy, Supervisor, SupervisorBuilder,
};

use crate::growth::{Growth, Leaf, Level, LevelKind};
use crate::ledger::explode;
use crate::lock::lock;
use crate::player::{NAMES, yield_once};
use crate::random::Random;
use crate::worker::Worker;
use crate::world::World;

/// Trees that stand at the same time.
const MOST: usize = 3;

/// How many levels of supervisors a tree has at most.
const DEPTH: u32 = 3;

/// In which time so many restarts are one too many.
const PERIOD: Duration = Duration::from_millis(50);

/// The longest time that a child has to stop, where it may fail.
const PATIENCE: Duration = Duration::from_millis(50);

/// A supervisor of dynamic children.
type Nursery = DynamicSupervisor<Worker, u64>;

/// The trees that stand.
#[derive(Default)]
pub(crate) struct Grove(Mutex<Vec<Tree>>);

/// A tree that stands.
#[derive(Clone)]
pub(crate) struct Tree {
    root: ActorRef<Supervisor>,
    growth: Arc<Growth>,
}

impl Grove {
    /// Some tree.
    pub(crate) fn any(&self, random: &mut Random) -> Option<Tree> {
        let trees = lock(&self.0);
        if trees.is_empty() { None } else { Some(random.pick(&trees).clone()) }
    }

    /// Takes some tree out.
    pub(crate) fn take(&self, random: &mut Random) -> Option<Tree> {
        let mut trees = lock(&self.0);
        if trees.is_empty() {
            return None;
        }
        let place = random.below(trees.len() as u64) as usize;
        Some(trees.remove(place))
    }

    /// Puts a tree in. If there are enough, another one isn't reached any more.
    pub(crate) fn put(&self, tree: Tree) {
        let mut trees = lock(&self.0);
        let former = if trees.len() < MOST { None } else { Some(trees.remove(0)) };
        trees.push(tree);
        drop(trees);
        drop(former);
    }

    /// Lets go of all.
    pub(crate) fn clear(&self) {
        let trees = std::mem::take(&mut *lock(&self.0));
        drop(trees);
    }
}

impl Tree {
    /// Starts a tree.
    pub(crate) async fn plant(world: &Arc<World>, random: &mut Random) -> Option<Self> {
        let growth = Arc::<Growth>::default();
        let supervisor = match supervisor(world, &growth, random, DEPTH).build() {
            Ok(supervisor) => supervisor,
            Err(error) => {
                world.ledger.breach(format!("a tree that can't be: {error}"));
                return None;
            }
        };
        match world.system.spawn(supervisor).await {
            Ok(root) => Some(Self { root, growth }),
            Err(SpawnError::ShutDown) => None,
            Err(error @ SpawnError::PreStart { .. }) => {
                look_after(world, &growth, &format!("whose start failed: {error}"));
                None
            }
            Err(error) => {
                world.ledger.breach(error.to_string());
                None
            }
        }
    }

    pub(crate) fn root(&self) -> &ActorRef<Supervisor> {
        &self.root
    }

    /// Stops it or lets go of it, and waits for its end.
    pub(crate) async fn fell(self, world: &World, random: &mut Random) {
        let (stopped, growth) = (self.root.stopped(), Arc::clone(&self.growth));
        if random.one_in(2) {
            self.root.stop();
        }
        // Others who have it do so for a moment.
        drop(self);
        let reason = stopped.await;
        look_after(world, &growth, &format!("that has ended: {reason}"));
    }

    /// Kills its root.
    pub(crate) async fn chop(self, world: &World) {
        self.root.kill();
        let reason = self.root.stopped().await;
        look_after(world, &self.growth, &format!("that was killed: {reason}"));
    }

    /// Kills or stops one of its supervisors.
    pub(crate) async fn prune(&self, random: &mut Random) {
        let supervisor = self.some_supervisor(random).await;
        if random.one_in(2) { supervisor.kill() } else { supervisor.stop() }
    }

    /// One of its supervisors, as often as not its root.
    async fn some_supervisor(&self, random: &mut Random) -> ActorRef<Supervisor> {
        let mut supervisor = self.root.clone();
        while random.one_in(2) {
            match supervisor.child(&random.below(4).to_string()).await {
                Ok(below) => supervisor = below,
                Err(_) => break,
            }
        }
        supervisor
    }

    /// Asks one of its supervisors for something.
    pub(crate) async fn tend(&self, world: &Arc<World>, random: &mut Random) {
        let supervisor = self.some_supervisor(random).await;
        let some = random.below(4).to_string();
        let asked = match random.below(8) {
            0 | 1 => {
                let id = format!("graft {}", self.growth.graft());
                let level = self.growth.level(LevelKind::Graft);
                let spec = child(world, &level, random, id, AutoShutdown::Never);
                supervisor.start_child(spec).await.map(drop)
            }
            2 => supervisor.terminate_child(&some).await,
            3 => supervisor.restart_child::<Worker>(&some).await.map(drop),
            4 => supervisor.delete_child(&some).await,
            5 => supervisor.which_children().await.map(drop),
            _ => match supervisor.child::<Nursery>(&some).await {
                Ok(nursery) => sow(&nursery, random).await,
                Err(_) => Ok(()),
            },
        };
        if let Err(error @ ChildError::Spec(_)) = asked {
            world.ledger.breach(format!("a child that can't be: {error}"));
        }
    }
}

/// Has some dynamic children start, and perhaps one of them end.
async fn sow(nursery: &ActorRef<Nursery>, random: &mut Random) -> Result<(), ChildError> {
    for seed in 0..1 + random.below(3) {
        let child = nursery.start_child(seed).await?;
        if random.one_in(3) {
            nursery.terminate_child(&child).await?;
        }
    }
    nursery.count_children().await.map(drop)
}

/// None of a tree's actors lives.
fn look_after(world: &World, growth: &Growth, what: &str) {
    let live = growth.live();
    if live != 0 {
        world.ledger.breach(format!("{live} actors live on a tree {what}"));
    }
}

/// A supervisor, and what is below it.
fn supervisor(world: &Arc<World>, growth: &Arc<Growth>, random: &mut Random, depth: u32) -> SupervisorBuilder {
    let settings = &world.settings;
    let strategy = *random.pick(&settings.strategies);
    let kind = if strategy == Strategy::OneForOne { LevelKind::Alone } else { LevelKind::Grouped };
    let level = growth.level(kind);
    let auto_shutdown = match random.below(6) {
        0 => AutoShutdown::AnySignificant,
        1 => AutoShutdown::AllSignificant,
        _ => AutoShutdown::Never,
    };
    let mut supervisor = Supervisor::builder(strategy)
        .intensity(*random.pick(&settings.intensities), PERIOD)
        .auto_shutdown(auto_shutdown)
        .child(first_child(world, &level, random));
    for number in 1..1 + random.below(4) {
        let id = number.to_string();
        supervisor = match random.below(6) {
            0 | 1 if depth > 1 => {
                let (kept, growth) = (Arc::clone(world), Arc::clone(growth));
                let below = move || self::supervisor(&kept, &growth, &mut kept.random(), depth - 1).build();
                supervisor.child(below_another(world, random, ChildSpec::supervisor(id, below)))
            }
            2 => {
                let (kept, growth) = (Arc::clone(world), Arc::clone(growth));
                let below = move || nursery(&kept, &growth, &mut kept.random()).build();
                supervisor.child(below_another(world, random, ChildSpec::supervisor(id, below)))
            }
            _ => supervisor.child(child(world, &level, random, id, auto_shutdown)),
        };
    }
    supervisor
}

/// What goes for a supervisor that is a child.
fn below_another<S: corecast::Actor>(world: &World, random: &mut Random, spec: ChildSpec<S>) -> ChildSpec<S> {
    let spec = spec.restart(*random.pick(&world.settings.restarts));
    if random.one_in(4) { spec.backoff(backoff(world, random)) } else { spec }
}

fn backoff(world: &World, random: &mut Random) -> Backoff {
    let first = world.time(random);
    Backoff::new(first, 4 * first)
}

/// A supervisor of dynamic children.
fn nursery(world: &Arc<World>, growth: &Growth, random: &mut Random) -> DynamicSupervisorBuilder<Worker, u64> {
    let settings = &world.settings;
    let (level, kept) = (growth.level(LevelKind::Dynamic), Arc::clone(world));
    let nursery = DynamicSupervisor::fallible(move |_| make(&kept, &level))
        .intensity(*random.pick(&settings.intensities), PERIOD)
        .restart(*random.pick(&settings.restarts))
        .mailbox(*random.pick(&settings.mailboxes))
        .shutdown(patience(world, random));
    let nursery = if random.one_in(3) { nursery.backoff(backoff(world, random)) } else { nursery };
    if random.one_in(4) { nursery.quarantine_after(1 + random.below(4) as u32) } else { nursery }
}

/// How long children have to stop. Where nobody fails, all that was accepted is handled, however long it takes. Otherwise it must
/// have an end: who waits for one that is down is waited for by the restart of both.
fn patience(world: &World, random: &mut Random) -> ShutdownPolicy {
    if world.is_safe {
        return ShutdownPolicy::Infinity;
    }
    let short = ShutdownPolicy::Within(world.time(random));
    *random.pick(&[ShutdownPolicy::Brutal, short, ShutdownPolicy::Within(PATIENCE)])
}

/// What a factory makes, if it does.
fn make(world: &Arc<World>, level: &Arc<Level>) -> Result<Worker, ActorError> {
    let leaf = Leaf::new(level);
    let mut random = world.random();
    if random.below(1_000) < world.settings.frail {
        match random.below(8) {
            0 => return Err(ActorError::new("nothing to make it of")),
            1 => return Err(Ignore.into()),
            2 => explode("a factory"),
            _ => {}
        }
    }
    let friend = if random.one_in(3) { world.field.some(&mut random) } else { None };
    Ok(Worker::draw_from(random, world, friend).grow(leaf, false))
}

/// The first child of a supervisor, which starts without fail.
fn first_child(world: &Arc<World>, level: &Arc<Level>, random: &mut Random) -> ChildSpec<Worker> {
    let (kept, level) = (Arc::clone(world), Arc::clone(level));
    let spec = ChildSpec::new("0", move || {
        let leaf = Leaf::new(&level);
        Worker::draw(&kept, None).grow(leaf, true)
    });
    spec.shutdown(patience(world, random))
}

/// A child that is an actor of the swarm.
fn child(
    world: &Arc<World>,
    level: &Arc<Level>,
    random: &mut Random,
    id: String,
    auto_shutdown: AutoShutdown,
) -> ChildSpec<Worker> {
    let settings = &world.settings;
    let mailbox: Mailbox = *random.pick(&settings.mailboxes);
    let (kept, level) = (Arc::clone(world), Arc::clone(level));
    let mut spec = match random.below(3) {
        0 => ChildSpec::new(id, move || make(&kept, &level).unwrap_or_else(|_| explode("a factory that can't fail"))),
        1 => ChildSpec::fallible(id, move || make(&kept, &level)),
        _ => ChildSpec::asynchronous(id, move || {
            let (world, level) = (Arc::clone(&kept), Arc::clone(&level));
            async move {
                yield_once().await;
                make(&world, &level)
            }
        }),
    };
    let restart = *random.pick(&settings.restarts);
    spec = spec.mailbox(mailbox).shutdown(patience(world, random)).restart(restart);
    if auto_shutdown != AutoShutdown::Never && restart != RestartType::Permanent && random.one_in(2) {
        spec = spec.significant();
    }
    if random.one_in(3) {
        spec = spec.backoff(backoff(world, random));
    }
    if random.one_in(4) {
        spec = spec.quarantine_after(1 + random.below(4) as u32);
    }
    if !settings.is_calm && random.one_in(4) {
        spec = spec.start_limit(world.time(random));
    }
    if random.below(1_000) < settings.placed {
        spec = spec.on_worker(random.below(settings.workers as u64) as usize);
    }
    if random.one_in(8) {
        spec = spec.name(*random.pick(&NAMES));
    }
    if random.one_in(10) {
        spec = spec.send_timeout(world.time(random));
    }
    spec
}
