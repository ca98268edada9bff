//! What the models in `loom-tests/` call: thin public doors to crate-internal types, without logic of their own.
//!
//! Compiled only under `cfg(corecast_loom)`; no part of the crate's API.
#![allow(missing_docs, missing_debug_implementations, clippy::missing_safety_doc)]

pub mod mailbox;
pub mod memory;
pub mod reply;
pub mod scheduler;
pub mod system;
pub mod task;
