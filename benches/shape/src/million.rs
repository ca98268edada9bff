//! A million actors: spawned, told once each, stopped; the time of each step, and the most memory that it took.
//!
//! A driver's handler does it on one of two workers; the other one takes over what it can. A step is over when the last
//! actor has started, handled its message, or is gone.
//!
//! Who has come so far is counted in many counters, an actor's number says in which, so that counting costs the workers
//! nothing that they would have to share. All of them have to come to the number of actors, in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, StopReason};
use serde_json::{Value, json};

use crate::Failure;
use crate::measure::{Clock, peak_memory};

const COUNTERS: usize = 1_024;

/// What has happened, on a line of its own.
#[repr(align(64))]
#[derive(Default)]
struct Counter {
    started: AtomicU64,
    told: AtomicU64,
    gone: AtomicU64,
}

type Counters = Arc<[Counter]>;

/// Which of the counts is meant.
type Which = fn(&Counter) -> &AtomicU64;

fn count(which: &AtomicU64) {
    // ORDERING: Release pairs with the Acquire of `sum`.
    which.fetch_add(1, Ordering::Release);
}

fn sum(counters: &Counters, which: Which) -> u64 {
    // ORDERING: Acquire pairs with the Release of `count`.
    counters.iter().map(|counter| which(counter).load(Ordering::Acquire)).sum()
}

/// One of the million.
struct Leaf {
    number: usize,
    counters: Counters,
}

impl Leaf {
    fn counter(&self) -> &Counter {
        &self.counters[self.number % COUNTERS]
    }
}

impl Actor for Leaf {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        count(&self.counter().started);
        Ok(())
    }

    async fn post_stop(&mut self, _reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        count(&self.counter().gone);
    }
}

struct Visit;

impl Message for Visit {
    type Result = ();
}

impl Handler<Visit> for Leaf {
    async fn handle(&mut self, _: Visit, _ctx: &mut ActorContext<Self>) {
        count(&self.counter().told);
    }
}

/// Has a million actors, and reads the clock.
struct Driver {
    actors: usize,
    counters: Counters,
}

impl Actor for Driver {}

/// The steps in their order.
struct Steps([Duration; 3]);

struct Run;

impl Message for Run {
    type Result = Result<Steps, String>;
}

impl Driver {
    /// Lets the others run until so many have come.
    async fn wait(&self, which: Which, ctx: &mut ActorContext<Self>) {
        while sum(&self.counters, which) < self.actors as u64 {
            for _ in 0..COUNTERS {
                ctx.yield_now().await;
            }
        }
    }
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, _: Run, ctx: &mut ActorContext<Self>) -> Result<Steps, String> {
        let system = ctx.system();
        let mut leaves: Vec<ActorRef<Leaf>> = Vec::with_capacity(self.actors);
        let began = Clock::Wall.now();
        for number in 0..self.actors {
            let leaf = system.spawn(Leaf { number, counters: Arc::clone(&self.counters) }).start();
            leaves.push(leaf.map_err(|error| error.to_string())?);
        }
        self.wait(|counter| &counter.started, ctx).await;
        let spawned = Clock::Wall.now();
        for leaf in &leaves {
            leaf.tell(Visit).await.map_err(|error| error.to_string())?;
        }
        self.wait(|counter| &counter.told, ctx).await;
        let told = Clock::Wall.now();
        leaves.iter().for_each(ActorRef::stop);
        self.wait(|counter| &counter.gone, ctx).await;
        let gone = Clock::Wall.now();
        Ok(Steps([spawned - began, told - spawned, gone - told]))
    }
}

/// Measures, prints, and returns what was found.
pub(crate) fn measure(actors: usize) -> Result<Value, Failure> {
    let system = ActorSystem::builder().workers(2).build()?;
    let counters: Counters = (0..COUNTERS).map(|_| Counter::default()).collect();
    let before = peak_memory()?;
    let driver = system.spawn(Driver { actors, counters: Arc::clone(&counters) }).start()?;
    let Steps(steps) = driver.blocking_send(Run)??;
    let peak = peak_memory()?;
    let whiches: [Which; 3] = [|counter| &counter.started, |counter| &counter.told, |counter| &counter.gone];
    for which in whiches {
        assert_eq!(sum(&counters, which), actors as u64, "each actor starts, is told and ends once");
    }
    let each = steps.map(|step| step.as_nanos() as f64 / actors as f64);
    let bytes = (peak - before) as f64 / actors as f64;
    println!("### {actors} actors, 2 workers\n");
    println!("| step | all | each |\n|---|---:|---:|");
    for ((step, all), each) in
        ["spawn, up to the last `pre_start`", "tell, up to the last handler", "stop, up to the last `post_stop`"]
            .iter()
            .zip(steps)
            .zip(each)
    {
        println!("| {step} | {:.0} ms | {each:.0} ns |", all.as_secs_f64() * 1e3);
    }
    println!("\nPeak memory: {} MiB, {bytes:.0} bytes for each actor, its reference included.\n", peak >> 20);
    Ok(json!({
        "actors": actors,
        "spawn_ns": each[0],
        "tell_ns": each[1],
        "stop_ns": each[2],
        "peak_bytes": peak,
        "bytes_each": bytes,
    }))
}
