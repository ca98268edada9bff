//! A letter on its way into a task's mailbox: how it is sent, and what becomes of it.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::task::{Context, Poll};

use super::circle::Circle;
use super::edge;
use super::handle::{Strong, Weak};
use super::header;
use super::letter::{Letter, Receive, Route};
use crate::mailbox::envelope::{Packed, Payload, Vtable};
use crate::mailbox::ring::{Duty, Refusal};
use crate::mailbox::waiters::{self, Joined, Refused, Terms, Ticket};
use crate::sync::halt::{self, Spot};

/// Whether a sender that finds no room waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It waits.
    Wait,
    /// It doesn't.
    Try,
    /// It waits, and passes a gate that is held: what it brings was let in before.
    Pass,
}

/// What became of a letter.
#[must_use = "the letter may be in it"]
pub(crate) enum Posted<L: Send + 'static> {
    /// It has its place.
    Accepted,
    /// It waits for one.
    Waiting(Waiting<L>),
    /// It is not accepted.
    Refused(L, Refused),
}

/// The vtable of letters of type `L`, and the promise that the task it is used with can read them.
#[derive(Debug)]
pub(super) struct Way<L>(&'static Vtable, PhantomData<fn(L)>);

impl<L> Clone for Way<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Way<L> {}

impl<L: Letter> Way<L> {
    /// The way to bodies of type `B`.
    ///
    /// # Safety
    ///
    /// It is used with tasks of body `B` only.
    #[inline(always)]
    pub(super) const unsafe fn to<B: Receive<L::Message, Output = L::Output>>() -> Self {
        Self(Route::<B, L>::VTABLE, PhantomData)
    }

    /// The path of the type of those bodies.
    #[inline(always)]
    pub(super) fn reader(self) -> fn() -> &'static str {
        self.0.reader
    }
}

impl Strong {
    /// Sends a letter. Lock-free if there is room.
    ///
    /// # Safety
    ///
    /// `way` is for this task's body.
    #[inline(always)]
    pub(super) unsafe fn post<L: Letter>(&self, way: Way<L>, letter: L, patience: Patience) -> Posted<L> {
        // SAFETY: `way` is for letters of type `L` and this task's body.
        match unsafe { self.header().post(Packed::new(letter), way.0) } {
            Ok(Duty::Nothing) => Posted::Accepted,
            Ok(Duty::Schedule) => {
                halt::pass(Spot::Published);
                self.schedule();
                Posted::Accepted
            }
            Err((letter, Refusal::Closed)) => Posted::Refused(letter.unpack(), Refused::Closed),
            // SAFETY: as above.
            Err((letter, Refusal::Full)) => unsafe { self.join(way, letter, patience) },
        }
    }

    #[cold]
    unsafe fn join<L: Letter>(&self, way: Way<L>, letter: Packed<L>, patience: Patience) -> Posted<L> {
        let header = self.header();
        let terms = Terms {
            may_wait: patience != Patience::Try,
            may_pass: patience == Patience::Pass || header.near().host.is_inside(),
        };
        // SAFETY: the line is this ring's; `way` is as in `post`.
        match unsafe { waiters::join(header, &header::side(header).line, letter, way.0, terms) } {
            Joined::Placed(duty) => {
                self.perform(duty);
                Posted::Accepted
            }
            Joined::Waiting(ticket) => {
                Posted::Waiting(Waiting { task: self.downgrade(), ticket: Some(ticket), letter: PhantomData })
            }
            Joined::Refused(letter, refused) => Posted::Refused(letter.unpack(), refused),
        }
    }
}

/// A letter that the runner has put aside, since its mailbox is closed. It must be opened or discarded.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) vtable: &'static Vtable,
    pub(super) payload: MaybeUninit<Payload>,
}

impl Weak {
    /// Puts a letter aside. The runner opens it when the mailbox has been drained, or discards it with what is left.
    ///
    /// # Safety
    ///
    /// `way` is for this task's body.
    ///
    /// # Contract
    ///
    /// The caller is a handler of this task, and found its mailbox closed: the runner looks for such letters then.
    pub(super) unsafe fn put_aside<L: Letter>(&self, way: Way<L>, letter: L) {
        let mut payload = MaybeUninit::uninit();
        // SAFETY: the payload is ours.
        unsafe { Packed::new(letter).write(payload.as_mut_ptr()) };
        let mut ending = header::side(self.header()).ending.lock();
        ending.aside.push_back(Aside { vtable: way.0, payload });
    }
}

/// A letter that waits for room, in the line of its mailbox.
pub(crate) struct Waiting<L: Send + 'static> {
    task: Weak,
    ticket: Option<Ticket>,
    letter: PhantomData<L>,
}

// SAFETY: the letter is in the node, reached through the line's lock, and is `Send`.
unsafe impl<L: Send + 'static> Sync for Waiting<L> {}

impl<L: Send + 'static> Waiting<L> {
    /// Waits for the place. A letter that comes back wasn't accepted: its actor stopped.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), L>> {
        let Some(ticket) = &mut self.ticket else {
            return Poll::Ready(Ok(()));
        };
        let header = self.task.header();
        let Some(side) = header::known_side(header) else {
            unreachable!("a waiting letter has a line");
        };
        if ticket.poll(&side.line, context.waker()).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.leave().map_or(Ok(()), Err))
    }

    /// Whether the wait is over, one way or the other; if not, the context's waker will be woken when it is. The
    /// letter stays here.
    pub(crate) fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let (Some(ticket), Some(side)) = (&mut self.ticket, header::known_side(self.task.header())) else {
            return true;
        };
        ticket.poll(&side.line, context.waker()).is_ready()
    }

    /// Waits no more. The letter comes back, unless it has been placed.
    pub(crate) fn withdraw(mut self) -> Option<L> {
        self.leave()
    }

    /// Notes that the handler which is being polled waits for room.
    ///
    /// # Errors
    ///
    /// The circle, if there will never be any.
    pub(crate) fn note(&self, context: &Context<'_>) -> Result<(), Circle> {
        let key = self.ticket.as_ref().map_or(0, Ticket::key);
        edge::wait_for_room(self.task.whom(), key, context)
    }

    /// The task that it waits for.
    pub(crate) fn task(&self) -> &Weak {
        &self.task
    }

    /// Withdraws the letter. Nothing comes back if it has been placed.
    pub(crate) fn leave(&mut self) -> Option<L> {
        let ticket = self.ticket.take()?;
        edge::forget(ticket.key());
        let header = self.task.header();
        let side = header::known_side(header)?;
        // SAFETY: the line and the letter's type are those of the join.
        unsafe { ticket.leave::<L, _, _, _>(header, &side.line) }
    }
}

impl<L: Send + 'static> Drop for Waiting<L> {
    /// Withdraws the letter, unless it has been placed.
    fn drop(&mut self) {
        drop(self.leave());
    }
}

debug_as! {
    (L: Send + 'static) Waiting<L> => "Waiting";
    (L: Send + 'static) Posted<L> => "Posted";
}
