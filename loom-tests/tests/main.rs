//! All models, one binary with a module per protocol.
#![cfg(corecast_loom)]

mod behind;
mod broker;
mod circles;
mod common;
mod groups;
mod handles;
mod held;
mod idle;
mod limits;
mod mailbox;
mod memory;
mod names;
mod parker;
mod queue;
mod reply;
mod scheduler;
mod seats;
mod snapshot;
mod system;
mod table;
mod task;
mod timer;
mod trace;
mod tree;
mod wakers;
mod ward;
mod watch;
