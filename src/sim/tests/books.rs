//! The books of a run: who offered which message to whom, and how it ended.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Breach, Check};
use crate::Message;
use crate::sync::Arc;
use crate::sync::lock::Mutex;

/// What a parcel has its handler do.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Nothing,
    /// Sleep for so many microseconds.
    Pause(u64),
    /// Tell the next actor these: all calls first, then all awaits.
    PassOn(Vec<Deed>),
    /// Ask the next actor, within so many microseconds if that is said.
    Ask(Box<Deed>, Option<u64>),
    Panic,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Handled,
    /// Its handler panicked or was killed.
    Failed,
    /// Out of an error.
    Returned,
    /// Its sender waits no more.
    Withdrawn,
    Dead,
}

/// A message that books its own end.
pub(super) struct Parcel {
    books: Books,
    number: usize,
    end: Option<End>,
    pub(super) deed: Deed,
}

impl Message for Parcel {
    type Result = ();
}

#[derive(Clone, Debug)]
struct Entry {
    from: usize,
    to: usize,
    end: Option<End>,
}

/// The books, in the order of the calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Books(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    /// The last one that was handled, for each sender and receiver.
    last: BTreeMap<(usize, usize), usize>,
    /// The one whose future is being dropped.
    withdrawn: Option<usize>,
    breach: Option<Breach>,
}

impl Books {
    /// A message from one to another, who is about to be sent it.
    pub(super) fn offer(&self, from: usize, to: usize, deed: Deed) -> Parcel {
        let mut pages = self.0.lock();
        pages.entries.push(Entry { from, to, end: None });
        Parcel { books: self.clone(), number: pages.entries.len() - 1, end: None, deed }
    }

    pub(super) fn report(&self, check: Check, what: String) {
        self.0.lock().breach.get_or_insert(Breach(check, what));
    }

    /// What has been found so far.
    pub(super) fn breach(&self) -> Result<(), Breach> {
        self.0.lock().breach.take().map_or(Ok(()), Err)
    }

    /// That each message has an end. When all that could hold one is gone.
    pub(super) fn close(&self) -> Result<(), Breach> {
        self.breach()?;
        let pages = self.0.lock();
        assert!(!pages.entries.is_empty(), "books that nothing was written in hold nothing");
        match pages.entries.iter().position(|entry| entry.end.is_none()) {
            Some(number) => Err(Breach(Check::Ledger, format!("no end of {number}: {:?}", pages.entries[number]))),
            None => Ok(()),
        }
    }
}

impl Parcel {
    /// Its handler has begun.
    pub(super) fn begin(&mut self) {
        self.end = Some(End::Failed);
        let mut pages = self.books.0.lock();
        let Entry { from, to, .. } = pages.entries[self.number];
        if let Some(before) = pages.last.insert((from, to), self.number)
            && before > self.number
        {
            let what = format!("{} of {from} came to {to} before {}", before, self.number);
            pages.breach.get_or_insert(Breach(Check::Order, what));
        }
    }

    /// Sends it.
    pub(super) fn sent<F: Future + Unpin>(self, send: impl FnOnce(Self) -> F) -> Sent<F> {
        let (books, number) = (self.books.clone(), self.number);
        Sent { books, number, future: Some(send(self)) }
    }

    pub(super) fn settle(mut self, end: End) {
        self.end = Some(end);
    }

    pub(super) fn books(&self) -> &Books {
        &self.books
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        let mut pages = self.books.0.lock();
        let is_withdrawn = pages.withdrawn == Some(self.number);
        let entry = &mut pages.entries[self.number];
        let what = match (entry.end, self.end.or(is_withdrawn.then_some(End::Withdrawn))) {
            (None, Some(end)) => {
                entry.end = Some(end);
                return;
            }
            (None, None) => format!("{} was dropped: {entry:?}", self.number),
            (Some(_), other) => format!("{} ended again, {other:?}: {entry:?}", self.number),
        };
        pages.breach.get_or_insert(Breach(Check::Ledger, what));
    }
}

/// The future of a parcel that was sent. Dropped, it withdraws the parcel if that still waits for room.
pub(super) struct Sent<F> {
    books: Books,
    number: usize,
    future: Option<F>,
}

impl<F: Future + Unpin> Future for Sent<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let future = self.future.as_mut().expect("there until the drop");
        Pin::new(future).poll(context)
    }
}

impl<F> Drop for Sent<F> {
    fn drop(&mut self) {
        let former = self.books.0.lock().withdrawn.replace(self.number);
        self.future = None;
        self.books.0.lock().withdrawn = former;
    }
}
