//! The loads: what is measured, once for criterion and once for the check of the targets.
//!
//! | load | clock | what one operation is |
//! |---|---|---|
//! | [`enqueue`] | CPU time of the worker | one `try_tell`, up to its return |
//! | [`tell`] | CPU time of the worker | one `tell`, up to the end of its handler |
//! | [`hop`] | CPU time of the worker | one turn of a ping-pong |
//! | [`send`] | CPU time of the worker | one `send` and its reply |
//! | [`publish`] | CPU time of the worker | one event for one subscriber, up to the end of its handler |
//! | [`spawn`] | CPU time of the worker | an actor's life: start, one message, stop |
//! | [`timer`] | CPU time of the worker | a timer that is set and cancelled |
//! | [`subscribe`] | CPU time of the caller | a subscription at a broker with 10,000 others, or its end |
//! | [`ping_pong`] | wall | one turn, with all workers and with one |
//! | [`scaling`] | wall | the work of 64 actors, with two workers and with one |
//! | [`cross`] | wall | one `tell` from one core to another, up to the end of its handler |
//! | [`restart`] | wall | from the end of a handler that failed to the first message of the next state |
//! | [`siblings`] | wall | a `send` to a child whose 1,000 siblings fail |
//! | [`tree`] | wall | the start and the stop of an actor in a tree of 100,000, and without a tree |
//! | [`memory`] | none | resident bytes |
//! | [`idle`] | none | CPU time and context switches of a system without work |
//!
//! CPU time of the worker is read inside handlers of the one worker that does all the work. It
//! therefore holds everything that the worker did in between, the scheduler included, and nothing
//! that other programs did on the core. It says nothing about waiting, so what waits is measured by
//! the wall clock.
//!
//! Everything goes through the public API. Unless a load says otherwise it plays on 1,000 actors of
//! several types, with two types of messages ([`cast`]).

#![allow(dead_code, reason = "each bench uses its own part of the loads")]
#![allow(unreachable_pub, reason = "`pub` says what the benches use; a binary has no other public")]

pub mod alone;
pub mod batch;
pub mod cast;
pub mod clock;
pub mod company;
pub mod cross;
pub mod enqueue;
pub mod hop;
pub mod idle;
pub mod memory;
pub mod ping_pong;
pub mod publish;
pub mod resident;
pub mod restart;
pub mod samples;
pub mod scaling;
pub mod send;
pub mod siblings;
pub mod size;
pub mod spawn;
pub mod subscribe;
pub mod tell;
pub mod timer;
pub mod tree;

use std::time::Duration;

use criterion::Criterion;

use samples::Samples;

/// A load that can be played again and again.
pub trait Load {
    /// Operations of one round.
    const ROUND: u64;

    /// Plays this many rounds and returns the time that they took by the load's clock.
    fn rounds(&mut self, rounds: u64) -> Duration;

    /// The time of this many operations: of as many rounds as hold them, in proportion.
    fn operations(&mut self, operations: u64) -> Duration {
        let rounds = operations.div_ceil(Self::ROUND);
        self.rounds(rounds).mul_f64(operations as f64 / (rounds * Self::ROUND) as f64)
    }

    /// Nanoseconds of one operation, measured `times` times over `rounds` rounds, after as many to warm up.
    fn nanos(&mut self, times: usize, rounds: u64) -> Samples {
        self.rounds(rounds);
        (0..times).map(|_| self.rounds(rounds).as_nanos() as f64 / (rounds * Self::ROUND) as f64).collect()
    }
}

/// Criterion as all benches use it: a figure in a few seconds, since the loads are long and steady.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}
