//! A simulator: the user's actors and the shipped runtime on one thread, under a seed.
#![forbid(unsafe_code)]

mod check;
mod choice;
mod engine;
mod error;
mod fault;
mod play;
mod shrink;
mod trace;

pub use check::{Cause, Check, Failure, Outcome, Report, check};
pub use choice::Strategy;
pub use engine::LeftOver;
pub use error::{SimError, Wait};
pub use fault::Fault;
pub use play::Sim;
pub use trace::Trace;
