//! The benchmarks, one file each, in the order of the suite's table.

pub mod ping_pong;

use crate::benchmark::Benchmark;

/// All of them.
pub const ALL: &[Benchmark] = &[ping_pong::BENCHMARK];
