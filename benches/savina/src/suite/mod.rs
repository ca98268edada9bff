//! The benchmarks, one file each, in the order of the suite's table.

mod fork_join;

pub mod bank_transaction;
pub mod big;
pub mod chameneos;
pub mod concurrent_dictionary;
pub mod counting;
pub mod fibonacci;
pub mod fork_join_create;
pub mod fork_join_throughput;
pub mod fork_join_throughput_full;
pub mod ping_pong;
pub mod thread_ring;

use crate::benchmark::Benchmark;

/// All of them.
pub const ALL: &[Benchmark] = &[
    ping_pong::BENCHMARK,
    counting::BENCHMARK,
    fork_join_throughput::BENCHMARK,
    fork_join_throughput_full::BENCHMARK,
    fork_join_create::BENCHMARK,
    thread_ring::BENCHMARK,
    chameneos::BENCHMARK,
    big::BENCHMARK,
    fibonacci::BENCHMARK,
    concurrent_dictionary::BENCHMARK,
    bank_transaction::BENCHMARK,
];
