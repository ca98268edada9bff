//! Doors to `crate::mailbox`: a ring with its line, for messages of one type.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::task::{Poll, Waker};

use crate::mailbox::envelope::{Opened, Packed, Payload, Vtable};
use crate::mailbox::ring::{self, Ring};
use crate::mailbox::waiters::{self, Joined, Line, Terms};
use crate::sync::lock::Mutex;

/// `ring::Duty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Duty {
    Nothing,
    Schedule,
}

/// `ring::Refusal`, and `waiters::Refused`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Full,
    Closed,
    Held,
}

/// `ring::Rest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Rest {
    Idle,
    Behind,
    Gated,
    Nudged,
    Drained,
}

/// `waiters::Joined`.
#[must_use]
pub enum Join<E> {
    Placed(Duty),
    Waiting(Ticket),
    Refused(E, Refusal),
}

/// `waiters::Ticket`.
pub struct Ticket(waiters::Ticket);

/// A ring and its line.
pub struct Mailbox<E> {
    ring: Ring<(), (), ()>,
    line: Mutex<Line>,
    message: PhantomData<fn(E)>,
}

// SAFETY: messages pass from thread to thread; the rest is the ring's protocol, which the models check.
unsafe impl<E: Send> Send for Mailbox<E> {}
// SAFETY: as above.
unsafe impl<E: Send> Sync for Mailbox<E> {}

/// The vtable of messages that are opened by moving them into an `Option<E>`.
struct Way<E>(PhantomData<E>);

impl<E> Way<E> {
    const VTABLE: &'static Vtable =
        &Vtable { message: std::any::type_name::<E>, reader: || "a model", open: Self::open, discard: Self::discard };

    unsafe fn open(payload: *mut Payload, user: NonNull<()>) -> Opened {
        // SAFETY: `next` below is the only caller: the payload holds an `E`, the user is an `Option<E>`.
        unsafe { *user.cast::<Option<E>>().as_mut() = Some(Packed::<E>::read(payload)) };
        Opened::Done
    }

    unsafe fn discard(payload: *mut Payload, _user: NonNull<()>) {
        // SAFETY: as in `open`.
        drop(unsafe { Packed::<E>::read(payload) });
    }
}

impl<E: Send + 'static> Mailbox<E> {
    pub fn new(capacity: u32) -> Self {
        Self { ring: Ring::new(capacity, (), (), ()), line: Mutex::new(Line::default()), message: PhantomData }
    }

    pub fn post(&self, message: E) -> Result<Duty, (E, Refusal)> {
        // SAFETY: the vtable is for `E`.
        match unsafe { self.ring.post(Packed::new(message), Way::<E>::VTABLE) } {
            Ok(duty) => Ok(duty.into()),
            Err((message, refusal)) => Err((message.unpack(), refusal.into())),
        }
    }

    pub fn join(&self, message: E, may_wait: bool, may_pass: bool) -> Join<E> {
        let terms = Terms { may_wait, may_pass };
        // SAFETY: the line is the ring's, and the vtable is for `E`.
        match unsafe { waiters::join(&self.ring, &self.line, Packed::new(message), Way::<E>::VTABLE, terms) } {
            Joined::Placed(duty) => Join::Placed(duty.into()),
            Joined::Waiting(ticket) => Join::Waiting(Ticket(ticket)),
            Joined::Refused(message, refused) => Join::Refused(message.unpack(), refused.into()),
        }
    }

    pub fn poll(&self, ticket: &mut Ticket, waker: &Waker) -> Poll<()> {
        ticket.0.poll(&self.line, waker)
    }

    pub fn leave(&self, ticket: Ticket) -> Option<E> {
        // SAFETY: the ticket is from `join`, of this mailbox.
        unsafe { ticket.0.leave(&self.ring, &self.line) }
    }

    pub fn serve(&self) -> bool {
        waiters::serve(&self.ring, &self.line).unwrap()
    }

    pub fn hold(&self) {
        waiters::hold(&self.ring, &self.line);
    }

    pub fn close(&self) -> Duty {
        self.ring.close().into()
    }

    pub fn nudge(&self) -> Duty {
        self.ring.nudge().into()
    }

    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    pub fn is_idle(&self) -> bool {
        self.ring.is_idle()
    }

    pub fn len(&self) -> u32 {
        self.ring.len()
    }

    /// # Safety
    ///
    /// As for `Ring::reader`: a model that breaks it fails, because the cursor is a cell of loom's.
    pub unsafe fn reader(&self) -> Reader<'_, E> {
        // SAFETY: the caller's promise.
        Reader(unsafe { self.ring.reader() }, PhantomData)
    }
}

/// `ring::Reader`.
pub struct Reader<'a, E>(ring::Reader<'a, (), (), ()>, PhantomData<fn(E)>);

impl<E> Reader<'_, E> {
    pub fn next(&mut self) -> Option<E> {
        let parcel = self.0.next()?;
        let mut message = None::<E>;
        // SAFETY: the vtables of this mailbox expect an `Option<E>`.
        let _ = unsafe { parcel.open(NonNull::from(&mut message).cast()) };
        message
    }

    pub fn credit(&mut self, all: bool) -> bool {
        self.0.credit(all)
    }

    pub fn rest(&mut self, served: bool) -> Rest {
        self.0.rest(served).into()
    }

    pub fn forget_nudge(&mut self) {
        self.0.forget_nudge();
    }

    pub fn finish(&mut self) {
        self.0.finish();
    }
}

/// Public twins of crate-internal enums, variant by variant.
macro_rules! twins {
    ($($from:path => $to:ident { $($variant:ident),* })*) => {
        $(impl From<$from> for $to {
            fn from(inner: $from) -> Self {
                use $from as Inner;
                match inner { $(Inner::$variant => Self::$variant),* }
            }
        })*
    };
}
twins! {
    ring::Duty => Duty { Nothing, Schedule }
    ring::Refusal => Refusal { Full, Closed }
    waiters::Refused => Refusal { Full, Closed, Held }
    ring::Rest => Rest { Idle, Behind, Gated, Nudged, Drained }
}
