//! Publishing with ractor: a loop over references, `cast`. Its `OutputPort` has a task for each subscriber, which takes
//! the event from a broadcast channel and casts it, so that each event wakes two tasks.

use std::sync::mpsc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{Edition, Publication, Reader, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn publish(Publication { subscribers, events }: Publication) -> Found {
    let runtime = runtimes::tokio();
    let publisher = ractor_actor(&runtime, Publisher, subscribers);
    let readers: Vec<_> = (0..subscribers).map(|_| ractor_actor(&runtime, Subscriber, publisher.clone())).collect();
    publisher.cast(ToPublisher::Meet(readers.clone())).expect("the publisher lives");
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &readers {
            subscriber.cast(ToSubscriber::Begin(Box::new(Reader::new(events, &report)))).expect("the subscriber lives");
        }
        publisher.cast(ToPublisher::Go(Edition::new(events, subscribers))).expect("the publisher lives");
        sums.iter().take(readers.len()).sum()
    })
}

enum ToPublisher {
    Meet(Vec<ActorRef<ToSubscriber>>),
    Go(Edition),
    /// A subscriber has had the batch that this event ends.
    Done(u64),
}

struct Publisher;

struct Publishing {
    subscribers: Vec<ActorRef<ToSubscriber>>,
    edition: Edition,
}

impl Actor for Publisher {
    type Msg = ToPublisher;
    type State = Publishing;
    type Arguments = u64;

    async fn pre_start(&self, _: ActorRef<ToPublisher>, subscribers: u64) -> Result<Publishing, ActorProcessingErr> {
        Ok(Publishing { subscribers: Vec::new(), edition: Edition::new(0, subscribers) })
    }

    async fn handle(
        &self,
        _: ActorRef<ToPublisher>,
        message: ToPublisher,
        Publishing { subscribers, edition }: &mut Publishing,
    ) -> Result<(), ActorProcessingErr> {
        let publish = |n| subscribers.iter().try_for_each(|subscriber| subscriber.cast(ToSubscriber::Event(n)));
        match message {
            ToPublisher::Meet(new) => *subscribers = new,
            ToPublisher::Go(new) => {
                *edition = new;
                edition.first().try_for_each(publish)?;
            }
            ToPublisher::Done(event) => edition.batch(event).try_for_each(publish)?,
        }
        Ok(())
    }
}

enum ToSubscriber {
    Begin(Box<Reader>),
    Event(u64),
}

struct Subscriber;

struct Subscribed {
    reader: Option<Box<Reader>>,
    publisher: ActorRef<ToPublisher>,
}

impl Actor for Subscriber {
    type Msg = ToSubscriber;
    type State = Subscribed;
    type Arguments = ActorRef<ToPublisher>;

    async fn pre_start(
        &self,
        _: ActorRef<ToSubscriber>,
        publisher: ActorRef<ToPublisher>,
    ) -> Result<Subscribed, ActorProcessingErr> {
        Ok(Subscribed { reader: None, publisher })
    }

    async fn handle(
        &self,
        _: ActorRef<ToSubscriber>,
        message: ToSubscriber,
        state: &mut Subscribed,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToSubscriber::Begin(reader) => state.reader = Some(reader),
            ToSubscriber::Event(n) => {
                if state.reader.as_mut().is_some_and(|reader| reader.read(n)) {
                    state.publisher.cast(ToPublisher::Done(n))?;
                }
            }
        }
        Ok(())
    }
}
