//! The reply slot: a one-shot channel whose state word carries the waiter.
//!
//! The value lies in a recycled block beside one word. There is no spinning, no third state in which one
//! side waits for the other, and nobody looks at the slot after its own last step.
//!
//! | word | value | sender may | receiver may |
//! |---|---|---|---|
//! | EMPTY | – | write the value; swap to VALUE | swap to GONE; CAS to a waiter |
//! | waiter | – | the same; it gets the waiter out of the swap and wakes it | CAS to another waiter; swap to GONE, getting the waiter back |
//! | VALUE | set | nothing: it is done | take the value, free the block |
//! | GONE | – | free the block | nothing: it is done |
//!
//! A slot begins as EMPTY or, when its maker is a task that is about to wait for the value, with that task as its waiter:
//! such a task needn't register by a read-modify-write ([`awaited`]). Should the value come before it waits, it is woken once for
//! nothing.
//!
//! The sender always ends with exactly one `complete`; a sender that has no value completes with a failure.
//! So the last side to touch the block is known from the word alone, and it frees it.
//!
//! Rules, cited by SAFETY notes:
//! 1. Before its swap, the sender alone touches the value.
//! 2. After it has seen VALUE, the receiver alone touches the value and the block.
//! 3. A side that has swapped doesn't touch the block again, unless the swap returned VALUE (receiver) or
//!    GONE (sender): then it is the last one, and frees it.
//! 4. A waiter belongs to whoever got it out of the word.
//!
//! A waiter is one pointer: either a thin waker of the layer above (see [`Thin`]), which costs no memory, or
//! a [`Waker`](std::task::Waker) in a recycled block. It is the word's value, so the sender never reads a
//! waker out of a block that the receiver may free: the race that other one-shot channels spin for.
//!
//! Progress: both sides are wait-free, but for the waker itself.

mod slot;
mod waiter;

pub(crate) use slot::{Receiver, Sender, awaited, channel};
pub(crate) use waiter::Thin;
