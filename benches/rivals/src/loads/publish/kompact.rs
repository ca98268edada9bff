//! Publishing with kompact: a loop over strong references. Its ports, which deliver what is triggered to whatever is
//! connected, are the other way; they were not tried.

use std::sync::mpsc;

use kompact::prelude::{
    Actor, ActorRefStrong, Component, ComponentContext, ComponentDefinition, ComponentLifecycle, DynamicPortAccess,
    ExecuteResult, Handled, HandlerResult,
};

use super::{Edition, Publication, Reader, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn publish(Publication { subscribers, events }: Publication) -> Found {
    let system = runtimes::kompact();
    let publisher = kompact_actor(&system, || Publisher {
        ctx: ComponentContext::uninitialised(),
        subscribers: Vec::new(),
        edition: Edition::new(0, subscribers),
    });
    let readers: Vec<_> = (0..subscribers)
        .map(|_| {
            let publisher = publisher.clone();
            let ctx = ComponentContext::uninitialised();
            kompact_actor(&system, || Subscriber { ctx, reader: None, publisher })
        })
        .collect();
    publisher.tell(ToPublisher::Meet(readers.clone()));
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &readers {
            subscriber.tell(ToSubscriber::Begin(Box::new(Reader::new(events, &report))));
        }
        publisher.tell(ToPublisher::Go(Edition::new(events, subscribers)));
        sums.iter().take(readers.len()).sum()
    })
}

#[derive(Debug)]
enum ToSubscriber {
    Begin(Box<Reader>),
    Event(u64),
}

#[derive(ComponentDefinition)]
struct Subscriber {
    ctx: ComponentContext<Self>,
    reader: Option<Box<Reader>>,
    publisher: ActorRefStrong<ToPublisher>,
}

impl ComponentLifecycle for Subscriber {}

impl Actor for Subscriber {
    type Message = ToSubscriber;

    fn receive_local(&mut self, message: ToSubscriber) -> HandlerResult {
        match message {
            ToSubscriber::Begin(reader) => self.reader = Some(reader),
            ToSubscriber::Event(n) => {
                if self.reader.as_mut().is_some_and(|reader| reader.read(n)) {
                    self.publisher.tell(ToPublisher::Done(n));
                }
            }
        }
        Handled::OK
    }
}

#[derive(Debug)]
enum ToPublisher {
    Meet(Vec<ActorRefStrong<ToSubscriber>>),
    Go(Edition),
    /// A subscriber has had the batch that this event ends.
    Done(u64),
}

#[derive(ComponentDefinition)]
struct Publisher {
    ctx: ComponentContext<Self>,
    subscribers: Vec<ActorRefStrong<ToSubscriber>>,
    edition: Edition,
}

impl ComponentLifecycle for Publisher {}

impl Publisher {
    fn publish(&self, events: impl Iterator<Item = u64>) {
        for n in events {
            self.subscribers.iter().for_each(|subscriber| subscriber.tell(ToSubscriber::Event(n)));
        }
    }
}

impl Actor for Publisher {
    type Message = ToPublisher;

    fn receive_local(&mut self, message: ToPublisher) -> HandlerResult {
        match message {
            ToPublisher::Meet(subscribers) => self.subscribers = subscribers,
            ToPublisher::Go(edition) => {
                self.edition = edition;
                let events = self.edition.first();
                self.publish(events);
            }
            ToPublisher::Done(event) => {
                let events = self.edition.batch(event);
                self.publish(events);
            }
        }
        Handled::OK
    }
}
