//! Local `send` and its reply, one after the other.
//!
//! A driver's handler awaits a request to each of 1,000 actors in turn. Each time it suspends, the
//! other actor is scheduled, runs, replies, and the driver is resumed. Timed is all that the one
//! worker does from before the first request to after the last reply.

use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use super::Load;
use super::cast::{ACTORS, Share};
use super::clock::Clock;
use super::company::{Company, Troupe};
use super::samples::Samples;

/// The load. One operation is one request and its reply.
pub struct Requests {
    driver: ActorRef<Driver>,
    /// Held so that it lives as long as the load, and ends with it.
    _system: ActorSystem,
}

/// Sets the load up on one worker.
pub fn load() -> Requests {
    load_in(Company::Nobody)
}

/// The same with actors in this company.
pub fn load_in(company: Company) -> Requests {
    let system = ActorSystem::builder().workers(1).build().expect("one worker");
    let driver = system
        .block_on(async { system.spawn(Driver { company, troupe: Troupe::default() }).await })
        .expect("the cast starts");
    let mut requests = Requests { driver, _system: system };
    // Both types of message to each actor, to warm up.
    requests.rounds(2);
    requests
}

/// The load. One operation is one request with a limit that isn't reached, and its reply.
pub struct RequestsWithin(Requests);

/// Sets it up on one worker.
pub fn load_within() -> RequestsWithin {
    let mut requests = RequestsWithin(load());
    requests.rounds(2);
    requests
}

/// What a limit that isn't reached costs a request: nanoseconds beyond those of a request without one. Both are measured
/// in turns, so that both have the same weather.
pub fn nanos_of_a_limit(times: usize, rounds: u64) -> Samples {
    let mut requests = load_within();
    let mut difference = || {
        let without = requests.0.rounds(rounds);
        let with = requests.rounds(rounds);
        (with.as_nanos() as f64 - without.as_nanos() as f64) / (rounds * Requests::ROUND) as f64
    };
    difference();
    (0..times).map(|_| difference()).collect()
}

impl Load for Requests {
    const ROUND: u64 = ACTORS as u64;

    fn rounds(&mut self, rounds: u64) -> Duration {
        self.driver.blocking_send(Run { rounds }).expect("the driver replies")
    }
}

impl Load for RequestsWithin {
    const ROUND: u64 = ACTORS as u64;

    fn rounds(&mut self, rounds: u64) -> Duration {
        self.0.driver.blocking_send(RunWithin { rounds, limit: LIMIT }).expect("the driver replies")
    }
}

/// Asks, and reads the clock.
struct Driver {
    company: Company,
    troupe: Troupe,
}

impl Actor for Driver {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.troupe = Troupe::start(self.company, ctx, &Share::unlimited()).await?;
        Ok(())
    }
}

struct Run {
    rounds: u64,
}

impl Message for Run {
    type Result = Duration;
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, Run { rounds }: Run, _: &mut ActorContext<Self>) -> Duration {
        let started = Clock::ThreadCpu.now();
        for round in 0..rounds {
            for quartet in &self.troupe.quartets {
                quartet.send(round).await;
            }
        }
        Clock::ThreadCpu.now() - started
    }
}

/// A limit that no request reaches.
const LIMIT: Duration = Duration::from_secs(60);

/// As [`Run`], with a limit for each request.
struct RunWithin {
    rounds: u64,
    limit: Duration,
}

impl Message for RunWithin {
    type Result = Duration;
}

impl Handler<RunWithin> for Driver {
    async fn handle(&mut self, RunWithin { rounds, limit }: RunWithin, _: &mut ActorContext<Self>) -> Duration {
        let started = Clock::ThreadCpu.now();
        for round in 0..rounds {
            for quartet in &self.troupe.quartets {
                quartet.send_within(round, limit).await;
            }
        }
        Clock::ThreadCpu.now() - started
    }
}
