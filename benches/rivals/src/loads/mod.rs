//! The loads: what each framework is asked to do.
//!
//! | folder | rows |
//! |---|---|
//! | [`stream`] | messages that flow one way: `tell`, `tell-outside`, `bounded`, `enqueue`, `fan-in`, `fork-join-*` |
//! | [`ask`] | a request and its reply: `send`, `send-outside` |
//! | [`ring`] | one message that goes round: `ping-pong`, `ring-100`, `pairs-64` |
//! | [`publish`] | one event to many: `publish-1` to `publish-1000` |
//! | [`spawn`] | short lives: `spawn` |
//! | [`restart`] | a failure and the restart: `restart` |
//! | [`skynet`] | a tree of actors: `skynet` |
//! | [`idle`] | memory: `idle` |
//! | [`timer`] | timers that never fire: `timers` |
//!
//! A folder's `mod.rs` says what its rows stand for, what they count and what comes out; one file for each framework is
//! the program. What isn't the framework's is shared: counting, checking, and when to go on.
//!
//! The clock is wall time everywhere; beside it, CPU time of the process is taken. Two workers each: two threads of a runtime, or two arbiters.

pub mod ask;
pub mod idle;
pub mod publish;
pub mod restart;
pub mod ring;
pub mod skynet;
pub mod spawn;
pub mod stream;
pub mod timer;

use std::fmt;

use crate::framework::Framework;
use crate::measured::{Found, Measured};
use crate::resident;

/// Threads that run actors.
pub const WORKERS: usize = 2;

/// A row of the table.
#[derive(Debug)]
pub struct Load {
    pub name: &'static str,
    /// What one operation is.
    pub operation: &'static str,
    pub unit: Unit,
    /// How much there is to do: for figures, and to see that it runs.
    pub full: u64,
    pub tiny: u64,
    pub play: fn(Framework, u64) -> Played,
}

impl Load {
    pub fn named(name: &str) -> Result<&'static Self, String> {
        ALL.iter().find(|load| load.name == name).ok_or_else(|| format!("no load: {name}"))
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Nanos,
    Bytes,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nanos => "ns",
            Self::Bytes => "bytes",
        })
    }
}

/// All rows, in the order of the table.
pub static ALL: &[Load] = &[
    stream::TELL,
    stream::OUTSIDE,
    stream::BOUNDED,
    stream::ENQUEUE,
    ask::SEND,
    ask::OUTSIDE,
    ring::PING_PONG,
    ring::RING,
    ring::PAIRS,
    stream::FAN_IN,
    stream::FORK_1,
    stream::FORK_8,
    stream::FORK_60,
    publish::TO_1,
    publish::TO_10,
    publish::TO_100,
    publish::TO_1000,
    spawn::SPAWN,
    restart::RESTART,
    skynet::SKYNET,
    idle::IDLE,
    timer::TIMERS,
];

/// What came of it.
pub type Played = Result<Measured, Refusal>;

/// Why there is no figure.
#[derive(Debug)]
pub enum Refusal {
    /// The framework has nothing to do it with.
    Absent(&'static str),
    /// It computed something else than it should have.
    Wrong { computed: u64, expected: u64 },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(reason) => write!(f, "absent: {reason}"),
            Self::Wrong { computed, expected } => write!(f, "computed {computed} instead of {expected}"),
        }
    }
}

/// A framework's program for a load, or why there is none.
pub type Program<P> = Result<fn(P) -> Found, &'static str>;

/// Who takes part in a load. Who isn't named has nothing to do with it.
pub type Field<P> = [(Framework, Program<P>)];

/// Runs a framework's program and holds what it computed against `expected`.
pub fn play<P>(field: &Field<P>, framework: Framework, scale: P, operations: u64, expected: u64) -> Played {
    let (_, program) =
        field.iter().find(|(entered, _)| *entered == framework).ok_or(Refusal::Absent("for other loads only"))?;
    let found = program.map_err(Refusal::Absent)?(scale);
    if found.checksum != expected {
        return Err(Refusal::Wrong { computed: found.checksum, expected });
    }
    let figure = found.bytes.unwrap_or(found.elapsed.as_nanos() as f64 / operations as f64);
    let cpu = found.cpu.map(|cpu| cpu.as_nanos() as f64 / operations as f64);
    Ok(Measured { figure, cpu, operations, peak: resident::peak(), latencies: found.latencies })
}
