//! Doors to `crate::task`.
