//! The benchmarks, one file each, in the order of the suite's table.

mod busy;
mod fork_join;

pub mod bank_transaction;
pub mod big;
pub mod bounded_buffer;
pub mod chameneos;
pub mod cigarette_smokers;
pub mod concurrent_dictionary;
pub mod concurrent_sorted_list;
pub mod counting;
pub mod dining_philosophers;
pub mod fibonacci;
pub mod fork_join_create;
pub mod fork_join_throughput;
pub mod fork_join_throughput_full;
pub mod logistic_map;
pub mod ping_pong;
pub mod sleeping_barber;
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
    concurrent_sorted_list::BENCHMARK,
    bounded_buffer::BENCHMARK,
    dining_philosophers::BENCHMARK,
    sleeping_barber::BENCHMARK,
    cigarette_smokers::BENCHMARK,
    logistic_map::BENCHMARK,
    bank_transaction::BENCHMARK,
];
