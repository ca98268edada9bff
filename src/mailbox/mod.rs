//! The mailbox: a lock-free MPSC ring of messages by value, and the line of those who wait for room.
//!
//! | aspect | answer |
//! |---|---|
//! | producers | any number, any thread |
//! | consumer | one at a time: whoever runs the actor |
//! | bound | 1 to 2^30 messages; unbounded means 2^31 − 1 |
//! | order | first in, first out, in the order of the claims; waiting senders in the order of their calls |
//! | progress | a post that finds room is lock-free; without room it takes the line's lock |
//! | memory | one inline place; segments while more is queued, of `SEGMENT_SLOTS` places each; none of them when idle |
//!
//! The protocol, its races and its arguments are in `README.md` beside this file. [`word`] holds the state
//! and its transitions, [`ring`] the two sides, [`segment`] the memory, [`envelope`] the erased message,
//! [`waiters`] the line and [`depth`] what is kept of its greatest length.

mod depth;
pub(crate) mod envelope;
pub(crate) mod ring;
mod segment;
pub(crate) mod waiters;
mod word;
