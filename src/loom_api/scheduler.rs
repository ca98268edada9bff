//! Doors to `crate::scheduler`.
