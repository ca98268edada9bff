//! An observer that keeps what it hears, and one that keeps quiet.

use std::sync::mpsc::{self, Receiver, Sender};

use corecast::{ActorFailure, ActorInfo, ActorSystem, DeadLetter, MessageFailure, Observer, StopReason};

use super::{LIMIT, recv, within};

/// Hears nothing and says nothing, so that expected failures leave no lines on stderr.
pub(crate) struct Quiet;

impl Observer for Quiet {
    fn actor_failed(&self, _failure: &ActorFailure) {}
}

/// The observer's half.
pub(crate) struct Recorder(Sender<Record>);

/// The test's half.
pub(crate) struct Records(Receiver<Record>);

/// Something that was observed.
pub(crate) enum Record {
    Message(FailedMessage),
    Actor(FailedActor),
    Letter(DeadLetter),
}

/// A message that failed with its handler.
pub(crate) struct FailedMessage {
    pub(crate) actor: ActorInfo,
    pub(crate) message_type: String,
    pub(crate) cause: StopReason,
    pub(crate) observed: bool,
}

/// An actor that failed.
pub(crate) struct FailedActor {
    pub(crate) actor: ActorInfo,
    pub(crate) reason: StopReason,
}

/// Everything that was observed, by kind, in order.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) messages: Vec<FailedMessage>,
    pub(crate) actors: Vec<FailedActor>,
    pub(crate) letters: Vec<DeadLetter>,
}

impl Recorder {
    pub(crate) fn new() -> (Recorder, Records) {
        let (sender, receiver) = mpsc::channel();
        (Recorder(sender), Records(receiver))
    }

    /// The test may be over.
    fn keep(&self, record: Record) {
        let _ = self.0.send(record);
    }
}

impl Observer for Recorder {
    fn message_failed(&self, failure: &MessageFailure) {
        self.keep(Record::Message(FailedMessage {
            actor: failure.actor().clone(),
            message_type: failure.message_type().to_owned(),
            cause: failure.cause().clone(),
            observed: failure.observed(),
        }));
    }

    fn actor_failed(&self, failure: &ActorFailure) {
        self.keep(Record::Actor(FailedActor { actor: failure.actor().clone(), reason: failure.reason().clone() }));
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.keep(Record::Letter(letter));
    }
}

impl Records {
    /// The next dead letter; what comes before it is dropped.
    #[track_caller]
    pub(crate) fn letter(&self) -> DeadLetter {
        loop {
            if let Record::Letter(letter) = recv(&self.0) {
                return letter;
            }
        }
    }
}

/// Ends `system`, and with it all observations.
#[track_caller]
pub(crate) fn close(system: ActorSystem, records: &Records) -> Book {
    within(LIMIT, move || drop(system));
    let mut book = Book::default();
    for record in records.0.try_iter() {
        match record {
            Record::Message(message) => book.messages.push(message),
            Record::Actor(actor) => book.actors.push(actor),
            Record::Letter(letter) => book.letters.push(letter),
        }
    }
    book
}
