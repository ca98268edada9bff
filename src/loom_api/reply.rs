//! Doors to `crate::reply`.
