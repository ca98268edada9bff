//! The simulator: runs under a seed, in virtual time.

mod actors;
mod bugs;
mod doer;
mod faults;
mod finds;
mod groups;
mod held;
mod kit;
mod ledger;
mod runs;
mod schedules;
mod slow;
mod supervision;
mod time;
mod watch;
