//! Trees: some of the swarm's actors are children of supervisors, which come and go.
//!
//! When a tree was stopped, and nobody killed any of its supervisors, none of its actors lives any more; that is looked at when
//! its end is heard of.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{
    ActorRef, Backoff, ChildError, ChildSpec, Mailbox, RestartType, ShutdownPolicy, SpawnError, StopReason, Strategy,
    Supervisor, SupervisorBuilder,
};

use crate::lock::lock;
use crate::random::Random;
use crate::worker::Worker;
use crate::world::World;

/// Trees that stand at the same time.
const MOST: usize = 3;

/// How many levels of supervisors a tree has at most.
const DEPTH: u32 = 3;

/// The trees that stand.
#[derive(Default)]
pub(crate) struct Grove(Mutex<Vec<Tree>>);

/// A tree that stands.
#[derive(Clone)]
pub(crate) struct Tree {
    root: ActorRef<Supervisor>,
    growth: Arc<Growth>,
}

/// What grows on a tree.
#[derive(Default)]
struct Growth {
    /// States of its actors.
    live: AtomicI64,
    /// Somebody has killed its root.
    is_hurt: AtomicBool,
    /// Children that came later, so far.
    grafts: AtomicU64,
}

/// Held by each state of an actor of a tree.
pub(crate) struct Leaf(Arc<Growth>);

impl Drop for Leaf {
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire of `look_after`.
        self.0.live.fetch_sub(1, Ordering::Release);
    }
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
        let supervisor = match level(world, &growth, random, DEPTH).build() {
            Ok(supervisor) => supervisor,
            Err(error) => {
                world.ledger.breach(format!("a tree that can't be: {error}"));
                return None;
            }
        };
        match world.system.spawn(supervisor).await {
            Ok(root) => Some(Self { root, growth }),
            Err(SpawnError::ShutDown) => None,
            Err(SpawnError::PreStart { .. }) => {
                look_after(world, &growth, "whose start failed");
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
        if !matches!(stopped.await, StopReason::Killed) {
            look_after(world, &growth, "that has ended");
        }
    }

    /// Kills its root.
    pub(crate) async fn chop(self) {
        // ORDERING: Relaxed; whoever hears of the end reads it behind that.
        self.growth.is_hurt.store(true, Ordering::Relaxed);
        self.root.kill();
        self.root.stopped().await;
    }

    /// Asks its root for something.
    pub(crate) async fn tend(&self, world: &Arc<World>, random: &mut Random) {
        let root = &self.root;
        let some = format!("{}", random.below(4));
        let asked = match random.below(6) {
            0 | 1 => {
                // ORDERING: Relaxed; a number.
                let number = self.growth.grafts.fetch_add(1, Ordering::Relaxed);
                let spec = child(world, &self.growth, random, format!("graft {number}"), Strategy::OneForOne);
                root.start_child(spec).await.map(drop)
            }
            2 => root.terminate_child(&some).await,
            3 => root.restart_child::<Worker>(&some).await.map(drop),
            4 => root.delete_child(&some).await,
            _ => root.which_children().await.map(drop),
        };
        if let Err(error @ ChildError::Spec(_)) = asked {
            world.ledger.breach(format!("a child that can't be: {error}"));
        }
    }
}

/// None of a tree's actors lives.
fn look_after(world: &World, growth: &Growth, what: &str) {
    // ORDERING: Acquire pairs with the Release of each drop; Relaxed, as where it is set.
    let (live, is_hurt) = (growth.live.load(Ordering::Acquire), growth.is_hurt.load(Ordering::Relaxed));
    // A system that ends may kill any supervisor, and has said so before.
    if live != 0 && !is_hurt && !world.kills && world.system.is_running() {
        world.ledger.breach(format!("{live} actors live on a tree {what}"));
    }
}

/// A supervisor, and what is below it.
fn level(world: &Arc<World>, growth: &Arc<Growth>, random: &mut Random, depth: u32) -> SupervisorBuilder {
    let strategy = *random.pick(&[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
    let restarts = *random.pick(&[1, 5, 1_000]);
    let mut supervisor = Supervisor::builder(strategy).intensity(restarts, Duration::from_millis(50));
    for number in 0..1 + random.below(3) {
        let id = number.to_string();
        supervisor = if depth > 1 && random.one_in(3) {
            let (world, growth) = (Arc::clone(world), Arc::clone(growth));
            let spec =
                ChildSpec::supervisor(id, move || level(&world, &growth, &mut world.random(), depth - 1).build());
            supervisor.child(spec.restart(*random.pick(&[RestartType::Permanent, RestartType::Transient])))
        } else {
            supervisor.child(child(world, growth, random, id, strategy))
        };
    }
    supervisor
}

/// A child that is an actor of the swarm.
fn child(
    world: &Arc<World>,
    growth: &Arc<Growth>,
    random: &mut Random,
    id: String,
    strategy: Strategy,
) -> ChildSpec<Worker> {
    let settings = &world.settings;
    let mailbox: Mailbox = *random.pick(&settings.mailboxes);
    let short = world.time(random);
    let (kept, growth) = (Arc::clone(world), Arc::clone(growth));
    let spec = ChildSpec::new(id, move || {
        // ORDERING: Relaxed; a count.
        growth.live.fetch_add(1, Ordering::Relaxed);
        let leaf = Leaf(Arc::clone(&growth));
        Worker::draw(&kept, None).grow(leaf)
    });
    let mut spec = spec.mailbox(mailbox);
    // Where nobody fails, all that was accepted is handled, however long it takes. Otherwise it must have an end: who waits for
    // one that is down is waited for by the restart of both.
    let patience = [ShutdownPolicy::Brutal, ShutdownPolicy::Within(short), ShutdownPolicy::default()];
    spec = spec.shutdown(if settings.is_calm && !world.kills {
        ShutdownPolicy::Infinity
    } else if strategy == Strategy::OneForOne {
        *random.pick(&patience)
    } else {
        *random.pick(&patience[..2])
    });
    spec = spec.restart(*random.pick(&[
        RestartType::Permanent,
        RestartType::Permanent,
        RestartType::Transient,
        RestartType::Temporary,
    ]));
    if random.one_in(3) {
        spec = spec.backoff(Backoff::new(short, 4 * short));
    }
    if random.one_in(4) {
        spec = spec.quarantine_after(1 + random.below(4) as u32);
    }
    if !settings.is_calm && random.one_in(4) {
        spec = spec.start_limit(short);
    }
    if random.below(1_000) < settings.placed {
        spec = spec.on_worker(random.below(settings.workers as u64) as usize);
    }
    spec
}
