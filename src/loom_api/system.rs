//! Doors to `crate::system`.
