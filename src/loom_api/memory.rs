//! Doors to `crate::memory`.
