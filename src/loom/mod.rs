//! A model checker for your actors: all orders of a small case, none left out. With `--cfg corecast_loom`.
//!
#![doc = include_str!("../../docs/model-checking.md")]
#![allow(clippy::test_attr_in_doctest, reason = "a user's test is shown as it is")]
#![forbid(unsafe_code)]

mod error;
mod model;

pub use error::{Limit, ModelError};
pub use model::{MAX_ACTORS, MAX_PREEMPTIONS, MAX_THREADS, Model, Report, model};
