//! The integration tests, one binary with a module per behaviour.
//!
//! Each test is named for what must be true. No test orders threads by time: they meet through channels,
//! replies and the mailbox itself, and a hang ends in a panic after [`support::LIMIT`].

mod behaviour;
mod support;
