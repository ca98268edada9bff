//! The books of a run: who offered which message to whom, and how it ended.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use corecast::{ActorId, Message};

use super::deed::Deed;

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Handled,
    /// Its handler panicked or was killed.
    Failed,
    /// Out of an error.
    Returned,
    /// Its sender waits no more, or its timer has ended.
    Withdrawn,
    Dead,
    /// Dropped before its handler could say that it has begun: by a fault.
    Lost,
}

/// A message that books its own end.
pub(super) struct Parcel {
    books: Books,
    number: usize,
    end: Option<End>,
    /// The run whose timer brings it.
    run: Option<usize>,
    pub(super) deed: Deed,
}

impl Message for Parcel {
    type Result = ();
}

#[derive(Clone, Debug)]
struct Entry {
    from: usize,
    to: ActorId,
    /// It comes by a timer.
    is_timed: bool,
    end: Option<End>,
}

/// The books, in the order of the calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Books(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    /// The last one that was handled, for each sender and receiver.
    last: BTreeMap<(usize, ActorId), usize>,
    /// The one whose future is being dropped.
    withdrawn: Option<usize>,
    breach: Option<String>,
}

impl Books {
    /// A message from one to another, who is about to be sent it.
    pub(super) fn offer(&self, from: usize, to: ActorId, deed: Deed) -> Parcel {
        self.enter(Entry { from, to, is_timed: false, end: None }, None, deed)
    }

    /// A message that a timer of this run brings.
    pub(super) fn offer_later(&self, to: ActorId, run: usize, deed: Deed) -> Parcel {
        self.enter(Entry { from: usize::MAX, to, is_timed: true, end: None }, Some(run), deed)
    }

    fn enter(&self, entry: Entry, run: Option<usize>, deed: Deed) -> Parcel {
        let mut pages = self.0.lock().unwrap();
        pages.entries.push(entry);
        Parcel { books: self.clone(), number: pages.entries.len() - 1, end: None, run, deed }
    }

    /// What has been found so far.
    pub(super) fn breach(&self) -> Result<(), String> {
        self.0.lock().unwrap().breach.clone().map_or(Ok(()), Err)
    }

    /// That each message has an end, when all that could hold one is gone, and as many have failed as were heard of.
    pub(super) fn close(&self, failures: usize) -> Result<(), String> {
        self.breach()?;
        let pages = self.0.lock().unwrap();
        if let Some(number) = pages.entries.iter().position(|entry| entry.end.is_none()) {
            return Err(format!("no end of message {number}: {:?}", pages.entries[number]));
        }
        let count = |is_meant: &dyn Fn(&Entry) -> bool| pages.entries.iter().filter(|entry| is_meant(entry)).count();
        let failed = count(&|entry| matches!(entry.end, Some(End::Failed | End::Lost)));
        // A fault may take a timer's message before it has begun.
        let unclear = count(&|entry| entry.is_timed && entry.end == Some(End::Withdrawn));
        if !(failed..=failed + unclear).contains(&failures) {
            return Err(format!("{failed} messages have failed, {failures} were heard of"));
        }
        Ok(())
    }
}

impl Parcel {
    /// Its handler has begun.
    pub(super) fn begin(&mut self, actor: ActorId, run: usize) {
        self.end = Some(End::Failed);
        let mut pages = self.books.0.lock().unwrap();
        let Entry { from, to, is_timed, .. } = pages.entries[self.number];
        if to != actor {
            pages.breach.get_or_insert(format!("message {} came to another actor", self.number));
        }
        if self.run.is_some_and(|armed| armed != run) {
            pages.breach.get_or_insert(format!("run {run} hears a timer of run {:?}", self.run));
        }
        if !is_timed
            && let Some(before) = pages.last.insert((from, to), self.number)
            && before > self.number
        {
            let what = format!("message {before} of {from} came to {to:?} before {}", self.number);
            pages.breach.get_or_insert(what);
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
}

impl Drop for Parcel {
    fn drop(&mut self) {
        let mut pages = self.books.0.lock().unwrap();
        let is_withdrawn = pages.withdrawn == Some(self.number);
        let entry = &mut pages.entries[self.number];
        let end = match self.end {
            Some(end) => end,
            None if is_withdrawn || entry.is_timed => End::Withdrawn,
            None => End::Lost,
        };
        if entry.end.is_some() {
            let what = format!("message {} ended again, {end:?}: {entry:?}", self.number);
            pages.breach.get_or_insert(what);
            return;
        }
        entry.end = Some(end);
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
        let former = self.books.0.lock().unwrap().withdrawn.replace(self.number);
        self.future = None;
        self.books.0.lock().unwrap().withdrawn = former;
    }
}
