//! Doors to `crate::mailbox`.
