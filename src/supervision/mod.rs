//! Supervision: what becomes of an actor's siblings, and of itself, when it fails. Strategies, restart types and the rest are
//! those of OTP.
//!
//! | file | noun |
//! |---|---|
//! | [`strategy`] | who is restarted |
//! | [`restart`] | which ends are followed by a restart |
//! | [`intensity`] | how often |
//! | [`backoff`] | when |
//! | [`shutdown`] | how long a child may take to stop |
//! | [`auto_shutdown`] | whether a supervisor ends by itself |
//! | [`rules`] | all of these, of a supervisor and of a child |
//! | [`error`] | what can be wrong with them |
//! | [`event`], [`action`] | what a supervisor hears and does |
//! | [`child`], [`children`] | where a child is; all of them |
//! | [`policy`] | its decisions: which event leads where |
//! | [`life`] | – about one child |
//! | [`alarm`] | – when a time is over |
//! | [`failure`] | – when one has failed |
//! | [`group`] | – when several are restarted |
//! | [`leave`] | – when it ends |
//! | [`command`] | – when it is asked for something |
//!
//! The decisions are a state machine without clock, actors or input and output. What feeds it, and does what it says, is to
//! come.
#![forbid(unsafe_code)]
#![allow(dead_code, reason = "the actor that feeds the policy is to come")]

mod action;
mod alarm;
pub(crate) mod auto_shutdown;
pub(crate) mod backoff;
mod child;
mod children;
mod command;
pub(crate) mod error;
mod event;
mod failure;
mod group;
pub(crate) mod intensity;
mod leave;
mod life;
mod policy;
pub(crate) mod restart;
mod rules;
pub(crate) mod shutdown;
pub(crate) mod strategy;
#[cfg(test)]
mod tests;
