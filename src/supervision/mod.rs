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
//! | [`child`], [`children`], [`row`] | where a child is; all of them |
//! | [`policy`] | its decisions: which event leads where |
//! | [`life`] | – about one child |
//! | [`alarm`] | – when a time is over |
//! | [`failure`] | – when one has failed |
//! | [`group`] | – when several are restarted |
//! | [`leave`] | – when it ends |
//! | [`command`] | – when it is asked for something |
//! | [`supervisor`], [`dynamic`] | the supervisors, which are actors |
//! | [`spec`], [`blueprint`] | what they know of a child, and of all that they have from the beginning |
//! | [`office`] | what feeds the decisions, and does what they say |
//! | [`inbox`] | what children have reported |
//! | [`alarms`] | when which alarm is due |
//! | [`control`] | what others ask |
//! | [`incident`] | what those hear who listen |
//!
//! The decisions are a state machine without clock, actors or input and output, which the office of a supervisor feeds.
#![forbid(unsafe_code)]

mod action;
mod alarm;
mod alarms;
pub(crate) mod auto_shutdown;
pub(crate) mod backoff;
mod blueprint;
mod child;
mod children;
mod command;
pub(crate) mod control;
pub(crate) mod dynamic;
pub(crate) mod error;
mod event;
mod failure;
mod group;
mod inbox;
pub(crate) mod incident;
pub(crate) mod intensity;
mod leave;
mod life;
mod office;
mod policy;
pub(crate) mod restart;
mod row;
mod rules;
pub(crate) mod shutdown;
pub(crate) mod spec;
pub(crate) mod strategy;
pub(crate) mod supervisor;
#[cfg(test)]
mod tests;
