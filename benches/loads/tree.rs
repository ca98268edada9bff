//! The start and the stop of a tree of actors, beside that of as many without a tree.
//!
//! The tree is a root, supervisors below it, and 1,000 workers below each: all are started in order, each when the one before has
//! started, and stopped in reverse. Without the tree an actor spawns as many, awaiting the start of each, and stops them, the last one
//! first, awaiting each end. That is what the tree promises, done by hand.

use std::time::{Duration, Instant};

use corecast::{
    Actor, ActorContext, ActorError, ActorRef, ActorSystem, ChildSpec, Handler, Message, Strategy, Supervisor,
};

use super::samples::Samples;

/// Workers below each supervisor.
const EACH: usize = 1_000;

#[derive(Default)]
struct Worker {
    _sum: u64,
}

impl Actor for Worker {}

/// The time for a tree with so many supervisors, as a multiple of that without.
pub fn ratio(times: usize, supervisors: usize) -> Result<Samples, String> {
    let system = ActorSystem::builder().workers(2).build().map_err(|error| error.to_string())?;
    // Once each, to warm up.
    plain(&system, supervisors * EACH)?;
    tree(&system, supervisors)?;
    (0..times)
        .map(|_| {
            let plain = plain(&system, supervisors * EACH)?;
            let tree = tree(&system, supervisors)?;
            Ok(tree.as_nanos() as f64 / plain.as_nanos() as f64)
        })
        .collect::<Result<Vec<f64>, String>>()
        .map(|ratios| ratios.into_iter().collect())
}

fn tree(system: &ActorSystem, supervisors: usize) -> Result<Duration, String> {
    let started = Instant::now();
    let mut branch = Supervisor::builder(Strategy::OneForOne);
    for number in 0..EACH {
        branch = branch.child(ChildSpec::new(number.to_string(), Worker::default));
    }
    let mut root = Supervisor::builder(Strategy::OneForOne);
    for number in 0..supervisors {
        let branch = branch.clone();
        root = root.child(ChildSpec::supervisor(number.to_string(), move || branch.clone().build()));
    }
    let root = root.build().map_err(|error| error.to_string())?;
    let root = system.block_on(async { system.spawn(root).await }).map_err(|error| error.to_string())?;
    assert_eq!(system.actor_count(), 1 + supervisors * (EACH + 1));
    root.stop();
    system.block_on(root.stopped());
    let took = started.elapsed();
    until_empty(system);
    Ok(took)
}

fn plain(system: &ActorSystem, actors: usize) -> Result<Duration, String> {
    let started = Instant::now();
    let parent = Parent { actors, children: Vec::new() };
    let parent = system.block_on(async { system.spawn(parent).await }).map_err(|error| error.to_string())?;
    parent.blocking_send(StopAll).map_err(|error| error.to_string())?;
    let took = started.elapsed();
    parent.stop();
    system.block_on(parent.stopped());
    until_empty(system);
    Ok(took)
}

/// An end is heard a moment before its actor isn't counted any more.
fn until_empty(system: &ActorSystem) {
    while system.actor_count() > 0 {
        std::thread::yield_now();
    }
}

/// Has children without supervising them.
struct Parent {
    actors: usize,
    children: Vec<ActorRef<Worker>>,
}

impl Actor for Parent {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let system = ctx.system();
        for _ in 0..self.actors {
            self.children.push(system.spawn(Worker::default()).await?);
        }
        Ok(())
    }
}

struct StopAll;

impl Message for StopAll {
    type Result = ();
}

impl Handler<StopAll> for Parent {
    async fn handle(&mut self, _: StopAll, _: &mut ActorContext<Self>) {
        while let Some(child) = self.children.pop() {
            child.stop();
            child.stopped().await;
        }
    }
}
