//! The benchmarks, one file each, in the order of the suite's table.

mod busy;
mod fork_join;

pub mod a_star;
pub mod apsp;
pub mod bank_transaction;
pub mod big;
pub mod bitonic_sort;
pub mod bounded_buffer;
pub mod chameneos;
pub mod cigarette_smokers;
pub mod concurrent_dictionary;
pub mod concurrent_sorted_list;
pub mod counting;
pub mod dining_philosophers;
pub mod facility_location;
pub mod fibonacci;
pub mod filter_bank;
pub mod fork_join_create;
pub mod fork_join_throughput;
pub mod fork_join_throughput_full;
pub mod logistic_map;
pub mod n_queens;
pub mod pi_precision;
pub mod ping_pong;
pub mod quicksort;
pub mod radix_sort;
pub mod recursive_matmul;
pub mod sieve;
pub mod sleeping_barber;
pub mod sor;
pub mod thread_ring;
pub mod trapezoid;
pub mod uct;

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
    apsp::BENCHMARK,
    a_star::BENCHMARK,
    n_queens::BENCHMARK,
    recursive_matmul::BENCHMARK,
    quicksort::BENCHMARK,
    radix_sort::BENCHMARK,
    filter_bank::BENCHMARK,
    bitonic_sort::BENCHMARK,
    sieve::BENCHMARK,
    uct::BENCHMARK,
    facility_location::BENCHMARK,
    trapezoid::BENCHMARK,
    pi_precision::BENCHMARK,
    sor::BENCHMARK,
];
