//! Models of the mailbox: the ring, its segments, and the line of waiting senders.
//!
//! The right to run the actor passes from thread to thread through the ring's word alone: whoever gets
//! `Duty::Schedule` runs the actor at once, on its own thread. A queue between them would order what the word has to.

mod actor;
mod close;
mod gate;
mod growth;
mod length;
mod rest;
mod waiting;
