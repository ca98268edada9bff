//! corecast's topics: subscriptions of a broker, and `publish` through the topic's handle.

use std::sync::mpsc;

use corecast::{Actor, ActorContext, Handler, Message, Recipient, Topic};

use super::{Edition, Publication, Reader, warm_up};
use crate::measured::Found;
use crate::runtimes;

const TOPIC: &str = "rivals.event";

pub(super) fn publish(Publication { subscribers, events }: Publication) -> Found {
    let system = runtimes::corecast();
    let broker = system.broker();
    let topic = broker.topic(TOPIC).expect("a topic");
    let publisher = Publisher { topic, edition: Edition::new(0, subscribers) };
    let publisher = system.spawn(publisher).start().expect("the system runs");
    let (report, sums) = mpsc::channel();
    let readers: Vec<_> = (0..subscribers)
        .map(|_| {
            let subscriber = Subscriber { reader: Reader::new(0, &report), publisher: publisher.recipient() };
            let subscriber = system.spawn(subscriber).start().expect("the system runs");
            broker.subscribe(TOPIC, subscriber.recipient::<Event>()).start().expect("a subscription");
            subscriber
        })
        .collect();
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &readers {
            subscriber.blocking_send(Begin(Reader::new(events, &report))).expect("the subscriber lives");
        }
        publisher.blocking_tell(Go(Edition::new(events, subscribers))).expect("the publisher lives");
        sums.iter().take(readers.len()).sum()
    })
}

#[derive(Clone)]
struct Event(u64);

impl Message for Event {
    type Result = ();
}

struct Publisher {
    topic: Topic<Event>,
    edition: Edition,
}

impl Actor for Publisher {}

struct Go(Edition);

impl Message for Go {
    type Result = ();
}

impl Handler<Go> for Publisher {
    async fn handle(&mut self, Go(edition): Go, _: &mut ActorContext<Self>) {
        self.edition = edition;
        for n in self.edition.first() {
            self.topic.publish(Event(n)).await.expect("the topic is there");
        }
    }
}

/// A subscriber has had the batch that this event ends.
struct Done(u64);

impl Message for Done {
    type Result = ();
}

impl Handler<Done> for Publisher {
    async fn handle(&mut self, Done(event): Done, _: &mut ActorContext<Self>) {
        for n in self.edition.batch(event) {
            self.topic.publish(Event(n)).await.expect("the topic is there");
        }
    }
}

struct Subscriber {
    reader: Reader,
    publisher: Recipient<Done>,
}

impl Actor for Subscriber {}

struct Begin(Reader);

impl Message for Begin {
    type Result = ();
}

impl Handler<Begin> for Subscriber {
    async fn handle(&mut self, Begin(reader): Begin, _: &mut ActorContext<Self>) {
        self.reader = reader;
    }
}

impl Handler<Event> for Subscriber {
    async fn handle(&mut self, Event(n): Event, _: &mut ActorContext<Self>) {
        if self.reader.read(n) {
            self.publisher.tell(Done(n)).await.expect("the publisher lives");
        }
    }
}
