//! A healthy child's requests, while its 1,000 siblings fail together again and again, and while they don't.
//!
//! A thread of its own asks the healthy child one thing after the other and notes how long each reply takes: the round trip from
//! outside, with two workers. Meanwhile another thread has all siblings fail at once, waits until each has been restarted, and
//! begins again. It says nothing about a machine with fewer cores than workers and threads, which share them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corecast::{
    Actor, ActorContext, ActorError, ActorRef, ActorSystem, ChildSpec, Handler, Message, Strategy, Supervisor,
};

use super::samples::Samples;

/// Children that fail.
const SIBLINGS: usize = 1_000;

#[derive(Default)]
struct Child {
    sum: u64,
}

impl Actor for Child {}

struct Add;

impl Message for Add {
    type Result = u64;
}

impl Handler<Add> for Child {
    async fn handle(&mut self, _: Add, _: &mut ActorContext<Self>) -> u64 {
        self.sum += 1;
        self.sum
    }
}

struct Fail;

impl Message for Fail {
    type Result = ();
}

impl Handler<Fail> for Child {
    async fn handle(&mut self, _: Fail, ctx: &mut ActorContext<Self>) {
        ctx.fail(ActorError::new("as it should"));
    }
}

/// What the 99th of a hundred requests took while siblings failed, as a multiple of what it took before.
pub fn ratio(times: usize, requests: usize) -> Result<Samples, String> {
    let system = ActorSystem::builder().workers(2).build().map_err(|error| error.to_string())?;
    let (supervisor, healthy, siblings) = system.block_on(start(&system)).map_err(|error| error.to_string())?;
    let ratios = (0..times).map(|_| {
        let calm = p99(&healthy, requests);
        let stormy = AtomicBool::new(true);
        let (failing, rounds) = thread::scope(|scope| {
            let storm = scope.spawn(|| storm(&system, &siblings, &stormy));
            let failing = p99(&healthy, requests);
            stormy.store(false, Ordering::Relaxed);
            (failing, storm.join().expect("the storm ends"))
        });
        assert!(rounds > 0, "nobody failed");
        failing / calm
    });
    let ratios = ratios.collect();
    supervisor.stop();
    Ok(ratios)
}

type Family = (ActorRef<Supervisor>, ActorRef<Child>, Vec<ActorRef<Child>>);

async fn start(system: &ActorSystem) -> Result<Family, Box<dyn std::error::Error + Send + Sync>> {
    let mut builder = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, Duration::from_nanos(1));
    builder = builder.child(ChildSpec::new("healthy", Child::default));
    for number in 0..SIBLINGS {
        builder = builder.child(ChildSpec::new(format!("sibling {number}"), Child::default));
    }
    let supervisor = system.spawn(builder.build()?).await?;
    let healthy = supervisor.child("healthy").await?;
    let mut siblings = Vec::new();
    for number in 0..SIBLINGS {
        siblings.push(supervisor.child(&format!("sibling {number}")).await?);
    }
    Ok((supervisor, healthy, siblings))
}

fn p99(healthy: &ActorRef<Child>, requests: usize) -> f64 {
    let took = |_| {
        let start = Instant::now();
        healthy.blocking_send(Add).expect("a reply");
        start.elapsed().as_nanos() as f64
    };
    (0..requests).map(took).collect::<Samples>().percentile(99)
}

/// Has all fail at once, again and again. How many times.
fn storm(system: &ActorSystem, siblings: &[ActorRef<Child>], goes_on: &AtomicBool) -> usize {
    let mut rounds = 0;
    while goes_on.load(Ordering::Relaxed) || rounds == 0 {
        for sibling in siblings {
            sibling.blocking_tell(Fail).expect("room");
        }
        for sibling in siblings {
            assert_eq!(system.block_on(sibling.send(Add)).expect("a reply"), 1, "its state is a new one");
        }
        rounds += 1;
    }
    rounds
}
