//! Work that fills the CPU: 64 actors with something to compute, on two workers and on one.
//!
//! Each actor gets four messages of some 50 µs of dependent arithmetic, and then a request for its
//! result. Timed by the wall clock, from a thread outside: from the first message to the last reply.

use std::hint::black_box;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use futures::future::join_all;

use super::Load;
use super::clock::Clock;
use super::samples::Samples;

const ACTORS: usize = 64;
const MESSAGES: usize = 4;
const STEPS: u64 = 50_000;

/// The load. One operation is all the work of the 64 actors.
pub struct Crunching {
    actors: Vec<ActorRef<Cruncher>>,
    system: ActorSystem,
}

/// Sets the load up on that many workers.
pub fn load(workers: usize) -> Crunching {
    let system = ActorSystem::builder().workers(workers).build().expect("the workers");
    let actors = (0..ACTORS as u64).map(|n| system.spawn(Cruncher(n)).start().expect("the actors start")).collect();
    let mut crunching = Crunching { actors, system };
    // Once, to warm up.
    crunching.rounds(1);
    crunching
}

/// How many times sooner two workers are done than one; both measured in turns.
pub fn speedup(times: usize, rounds: u64) -> Samples {
    let mut one = load(1);
    let mut two = load(2);
    (0..times)
        .map(|_| {
            let one = one.rounds(rounds);
            one.div_duration_f64(two.rounds(rounds))
        })
        .collect()
}

/// The same with two bare threads and half the work each: as much as the machine has to give.
pub fn speedup_of_threads(times: usize) -> Samples {
    const WORK: u64 = 64 * 4 * STEPS;
    (0..times)
        .map(|_| {
            let started = Clock::Wall.now();
            crunch(1, WORK);
            let one = Clock::Wall.now() - started;
            let started = Clock::Wall.now();
            std::thread::scope(|scope| {
                scope.spawn(|| crunch(1, WORK / 2));
                scope.spawn(|| crunch(2, WORK / 2));
            });
            one.div_duration_f64(Clock::Wall.now() - started)
        })
        .collect()
}

impl Load for Crunching {
    const ROUND: u64 = 1;

    fn rounds(&mut self, rounds: u64) -> Duration {
        let started = Clock::Wall.now();
        for _ in 0..rounds {
            for _ in 0..MESSAGES {
                for actor in &self.actors {
                    actor.try_tell(Crunch).expect("room");
                }
            }
            let results = self.system.block_on(join_all(self.actors.iter().map(|actor| actor.send(Take))));
            for result in results {
                black_box(result.expect("a result"));
            }
        }
        Clock::Wall.now() - started
    }
}

/// A chain of operations of which each needs the one before: it keeps a core busy and leaves memory alone.
fn crunch(seed: u64, steps: u64) -> u64 {
    (0..steps).fold(seed, |x, n| black_box(x ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17))
}

/// Computes when told.
struct Cruncher(u64);

impl Actor for Cruncher {}

struct Crunch;

impl Message for Crunch {
    type Result = ();
}

impl Handler<Crunch> for Cruncher {
    async fn handle(&mut self, _: Crunch, _: &mut ActorContext<Self>) {
        self.0 = crunch(self.0, STEPS);
    }
}

struct Take;

impl Message for Take {
    type Result = u64;
}

impl Handler<Take> for Cruncher {
    async fn handle(&mut self, _: Take, _: &mut ActorContext<Self>) -> u64 {
        self.0
    }
}
