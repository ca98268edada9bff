//! The simulator: runs under a seed, in virtual time.

mod actors;
mod faults;
mod finds;
mod kit;
mod runs;
mod schedules;
