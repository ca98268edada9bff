//! The line of senders that wait for room, in the order of their calls.
//!
//! The cold side of a mailbox: a lock and a list of nodes, each of which holds a whole message. While the
//! line isn't empty the mailbox is gated, so nobody overtakes it. Whoever makes room places the waiting
//! messages itself ([`serve`]); the sender needn't be polled. The sender owns its node and frees it; the line
//! only links it.
//!
//! | node | in the line | its message | left by |
//! |---|---|---|---|
//! | WAITING | yes | in the node | serve, close or leave, under the lock |
//! | PLACED | no | in the mailbox | – |
//! | RETURNED | no | in the node | – |
//!
//! All of a node but its message's type is touched under the lock alone. No user code runs under it: wakers
//! are cloned before, and woken and dropped after it.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::{Poll, Waker};

use super::envelope::{Packed, Payload, Vtable};
use super::ring::{Duty, Knock, Refusal, Ring};
use crate::memory::{self, Layout};
use crate::sync::lock::Mutex;
use crate::sync::planted::{self, Mutant};
use crate::sync::unwind::{Text, guard};

/// How many wakers are collected under the lock at once.
const WAKE_BATCH: usize = 16;

/// The line. It belongs to one mailbox.
#[derive(Debug, Default)]
pub(crate) struct Line {
    first: Option<NonNull<Node>>,
    last: Option<NonNull<Node>>,
    /// The gate stays up when the line is empty: shutdown wants to see who sends.
    held: bool,
}

// SAFETY: the nodes are reached under the lock that holds the line, whichever thread has it; their
// messages are `Send` (asked for by `join`) and wakers are.
unsafe impl Send for Line {}

/// A waiting sender's place in the line, in a recycled block.
struct Node {
    state: State,
    previous: Option<NonNull<Node>>,
    next: Option<NonNull<Node>>,
    waker: Option<Waker>,
    vtable: &'static Vtable,
    payload: MaybeUninit<Payload>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Placed,
    Returned,
}

/// How an attempt to send by way of the line ended.
#[must_use = "a message is in it, or a duty"]
pub(crate) enum Joined<E> {
    /// There was room after all.
    Placed(Duty),
    /// The sender waits.
    Waiting(Ticket),
    /// The mailbox is closed, or the caller may not send any more.
    Refused(Packed<E>, Refused),
}

/// Why the line didn't take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no room and the caller doesn't wait.
    Full,
    /// The mailbox is closed.
    Closed,
    /// The gate is held and the caller is not let through.
    Held,
}

/// The ownership of a node. It must be given back to [`leave`](Ticket::leave).
#[must_use = "a node is freed by leaving the line"]
#[derive(Debug)]
pub(crate) struct Ticket(NonNull<Node>);

// SAFETY: a node is only reached through the line's lock, and its message is `Send` (asked for by `join`).
unsafe impl Send for Ticket {}
// SAFETY: a shared ticket gives no access: its methods take it by `&mut` or by value.
unsafe impl Sync for Ticket {}

impl Ticket {
    /// Its node's address, which tells it from other waiting senders.
    pub(crate) fn key(&self) -> usize {
        self.0.addr().get()
    }
}

/// What a sender that wants to use the line may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Wait if there is no room.
    pub(crate) may_wait: bool,
    /// Pass a gate that is held.
    pub(crate) may_pass: bool,
}

/// Sends by way of the line: places the message if there is room after all, or waits in line.
///
/// # Safety
///
/// `line` is the line of `ring`, and `vtable` is for messages of type `E` and for the ring's reader.
#[cold]
pub(crate) unsafe fn join<E: Send, C, S, O>(
    ring: &Ring<C, S, O>,
    line: &Mutex<Line>,
    message: Packed<E>,
    vtable: &'static Vtable,
    terms: Terms,
) -> Joined<E> {
    let mut line = line.lock();
    if line.held && !terms.may_pass {
        return Joined::Refused(message, Refused::Held);
    }
    match ring.knock() {
        Knock::Closed => {
            line.lower(ring);
            return Joined::Refused(message, Refused::Closed);
        }
        // SAFETY: the caller's promise.
        Knock::Room if line.first.is_none() => match unsafe { ring.post_past_gate(message, vtable) } {
            Ok(duty) => {
                line.lower(ring);
                return Joined::Placed(duty);
            }
            Err((message, Refusal::Closed)) => {
                line.lower(ring);
                return Joined::Refused(message, Refused::Closed);
            }
            Err((_, Refusal::Full)) => unreachable!("room doesn't go away while the gate is up and the lock is ours"),
        },
        Knock::Room | Knock::Full => {}
    }
    if !terms.may_wait {
        line.lower(ring);
        return Joined::Refused(message, Refused::Full);
    }
    let node: NonNull<Node> = memory::acquire(Layout::new::<Node>()).cast();
    let mut payload = MaybeUninit::<Payload>::uninit();
    // SAFETY: the payload and the fresh block are ours.
    unsafe {
        message.write(payload.as_mut_ptr());
        node.write(Node { state: State::Waiting, previous: line.last, next: None, waker: None, vtable, payload });
    }
    line.push(node);
    Joined::Waiting(Ticket(node))
}

/// Places waiting messages as far as there is room, and lowers the gate behind the last. Returns whether the
/// line is empty. The caller has made room, or found the mailbox closed; then the messages are returned.
///
/// # Errors
///
/// The text of the first panic, if wakers panicked. All are woken, and the line is served, all the same.
#[cold]
pub(crate) fn serve<C, S, O>(ring: &Ring<C, S, O>, line: &Mutex<Line>) -> Result<bool, Text> {
    let mut outcome = Ok(());
    loop {
        let mut guarded = line.lock();
        if guarded.first.is_none() {
            guarded.lower(ring);
            return outcome.map(|()| true);
        }
        let mut wakers: [Option<Waker>; WAKE_BATCH] = Default::default();
        let mut woken = 0;
        let empty = loop {
            let first = if planted::is(Mutant::LineOvertaken) { guarded.last } else { guarded.first };
            let Some(first) = first else {
                guarded.lower(ring);
                break true;
            };
            if woken == WAKE_BATCH {
                break false;
            }
            let state = match ring.claim_for_waiting() {
                Ok(place) => {
                    // SAFETY: the node is in the line and we hold the lock: its payload is a message for its
                    // vtable, which moves into the place.
                    let duty = unsafe {
                        let node = first.as_ref();
                        place.publish(node.vtable, |payload| payload.write(node.payload.assume_init()))
                    };
                    debug_assert_eq!(duty, Duty::Nothing, "whoever serves the line is running the actor");
                    State::Placed
                }
                Err(Refusal::Closed) => State::Returned,
                Err(Refusal::Full) => break false,
            };
            wakers[woken] = guarded.remove(first, state);
            woken += 1;
        };
        drop(guarded);
        outcome = outcome.and(wake(&mut wakers[..woken]));
        if empty || woken < WAKE_BATCH {
            return outcome.map(|()| empty);
        }
    }
}

/// Holds the gate up for good. From now on only those with [`Terms::may_pass`] send.
pub(crate) fn hold<C, S, O>(ring: &Ring<C, S, O>, line: &Mutex<Line>) {
    let mut line = line.lock();
    line.held = true;
    let _ = ring.knock();
}

/// Whether the gate is held up.
#[cold]
pub(crate) fn is_held(line: &Mutex<Line>) -> bool {
    line.lock().held
}

/// Wakes, with care: a waker is user code.
fn wake(wakers: &mut [Option<Waker>]) -> Result<(), Text> {
    let mut outcome = Ok(());
    for waker in wakers.iter_mut().filter_map(Option::take) {
        // UNWIND: the line is consistent and unlocked.
        outcome = outcome.and(guard(|| waker.wake()));
    }
    outcome
}

impl Line {
    fn push(&mut self, node: NonNull<Node>) {
        match self.last {
            // SAFETY: nodes in the line are alive, and ours while we hold the lock.
            Some(mut last) => unsafe { last.as_mut() }.next = Some(node),
            None => self.first = Some(node),
        }
        self.last = Some(node);
    }

    /// Takes `node` out of the line and returns its waker.
    fn remove(&mut self, mut node: NonNull<Node>, state: State) -> Option<Waker> {
        // SAFETY: nodes in the line are alive, and ours while we hold the lock.
        let node = unsafe { node.as_mut() };
        match node.previous {
            // SAFETY: as above, and another node than ours.
            Some(mut previous) => unsafe { previous.as_mut() }.next = node.next,
            None => self.first = node.next,
        }
        match node.next {
            // SAFETY: as above, and another node than ours.
            Some(mut next) => unsafe { next.as_mut() }.previous = node.previous,
            None => self.last = node.previous,
        }
        node.state = state;
        node.waker.take()
    }

    /// Lowers the gate if nobody waits and nobody holds it.
    fn lower<C, S, O>(&mut self, ring: &Ring<C, S, O>) {
        if self.first.is_none() && !self.held {
            ring.ungate();
        }
    }
}

impl Ticket {
    /// Whether the wait is over; if not, `waker` will be woken when it is.
    pub(crate) fn poll(&mut self, line: &Mutex<Line>, waker: &Waker) -> Poll<()> {
        let mut mine = Some(waker.clone());
        let guarded = line.lock();
        // SAFETY: the node is ours and alive, and its fields are touched under the lock.
        let node = unsafe { self.0.as_mut() };
        let poll = if node.state == State::Waiting {
            std::mem::swap(&mut node.waker, &mut mine);
            Poll::Pending
        } else {
            Poll::Ready(())
        };
        drop(guarded);
        // The old waker goes after the lock: its drop is user code.
        drop(mine);
        poll
    }

    /// Leaves the line and frees the node. Returns the message unless it was placed.
    ///
    /// # Safety
    ///
    /// `line` and `E` are those that [`join`] was called with.
    pub(crate) unsafe fn leave<E, C, S, O>(self, ring: &Ring<C, S, O>, line: &Mutex<Line>) -> Option<E> {
        let mut guarded = line.lock();
        // SAFETY: the node is ours and alive.
        let state = unsafe { self.0.as_ref() }.state;
        let mut waker = None;
        if state == State::Waiting {
            waker = guarded.remove(self.0, State::Returned);
            guarded.lower(ring);
        }
        drop(guarded);
        drop(waker);
        // SAFETY: out of the line, the node is ours alone; its message is an `E` unless it was placed.
        unsafe {
            let mut node = self.0.read();
            memory::release(self.0.cast(), Layout::new::<Node>());
            (state != State::Placed).then(|| Packed::<E>::read(node.payload.as_mut_ptr()))
        }
    }
}

impl<E> fmt::Debug for Joined<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Placed(_) => "Placed",
            Self::Waiting(_) => "Waiting",
            Self::Refused(..) => "Refused",
        })
    }
}
