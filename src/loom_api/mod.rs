//! What the models in `loom-tests/` call: thin public doors to crate-internal types, without logic of their own.
//!
//! Compiled only under `cfg(corecast_loom)`; no part of the crate's API.
#![allow(missing_docs, missing_debug_implementations, clippy::missing_safety_doc)]
#![allow(clippy::len_without_is_empty, clippy::should_implement_trait, clippy::type_complexity)]

pub mod mailbox;
pub mod memory;
pub mod reply;
pub mod scheduler;
pub mod snapshot;
pub mod system;
pub mod table;
pub mod task;

/// Whether loads of words count as writes in the models that the calling thread explores from now on.
pub fn set_keen_loads(keen: bool) {
    crate::sync::keen_loads(keen);
}
