//! Ping-pong with all workers against one: whether actors that talk to each other stay together.
//!
//! The hops of [`hop`](super::hop), by the wall clock, since here the players could be anywhere.

use corecast::ActorSystem;

use super::Load;
use super::clock::Clock;
use super::hop::Hops;
use super::samples::Samples;

/// The load with one worker.
pub fn one_worker() -> Hops {
    Hops::new(ActorSystem::builder().workers(1).build().expect("one worker"), Clock::Wall)
}

/// The load with as many workers as the system starts by itself.
pub fn all_workers() -> Hops {
    Hops::new(ActorSystem::new().expect("a worker for each core"), Clock::Wall)
}

/// Time with all workers, divided by that with one; both measured in turns, so that both have the same weather.
pub fn ratio(times: usize, rounds: u64) -> Result<Samples, String> {
    let mut one = one_worker();
    let mut all = all_workers();
    if all.workers() < 2 {
        return Err("there is only one core".to_owned());
    }
    Ok((0..times)
        .map(|_| {
            let one = one.rounds(rounds);
            all.rounds(rounds).div_duration_f64(one)
        })
        .collect())
}
