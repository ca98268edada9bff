//! What the runtime does, a file per behaviour.

mod api;
mod bad_input;
mod blocking;
mod bounded;
mod broker;
mod dead_letters;
mod death;
mod executors;
mod ledger;
mod life;
mod mission;
mod order;
mod panic;
mod panic_drop;
mod pipeline;
mod promises;
mod repoll;
mod report;
mod schedule;
mod shutdown;
mod shutdown_drop;
mod source;
mod stress;
mod time;
mod traits;
mod verbs;
