//! Publishing with kameo: a loop over references, `tell` with `try_send` into unbounded mailboxes.
//!
//! The `PubSub` of kameo_actors awaits boxed subscribers out of a hash map one by one, which is more work for each event;
//! and that crate switches on kameo's spans for every message, which would slow down all other loads.

use std::sync::mpsc;

use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Edition, Publication, Reader, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn publish(Publication { subscribers, events }: Publication) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let publisher = Publisher { subscribers: Vec::new(), edition: Edition::new(0, subscribers) };
    let publisher = Publisher::spawn_with_mailbox(publisher, mailbox::unbounded());
    let readers: Vec<_> = (0..subscribers)
        .map(|_| {
            let subscriber = Subscriber { reader: None, publisher: publisher.clone() };
            Subscriber::spawn_with_mailbox(subscriber, mailbox::unbounded())
        })
        .collect();
    publisher.tell(Meet(readers.clone())).try_send().expect("the publisher lives");
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &readers {
            subscriber.tell(Begin(Reader::new(events, &report))).try_send().expect("the subscriber lives");
        }
        publisher.tell(Go(Edition::new(events, subscribers))).try_send().expect("the publisher lives");
        sums.iter().take(readers.len()).sum()
    })
}

struct Event(u64);

#[derive(kameo::Actor)]
struct Publisher {
    subscribers: Vec<ActorRef<Subscriber>>,
    edition: Edition,
}

impl Publisher {
    fn publish(&self, events: impl Iterator<Item = u64>) {
        for n in events {
            for subscriber in &self.subscribers {
                subscriber.tell(Event(n)).try_send().expect("the subscriber lives");
            }
        }
    }
}

struct Meet(Vec<ActorRef<Subscriber>>);

impl Message<Meet> for Publisher {
    type Reply = ();

    async fn handle(&mut self, Meet(subscribers): Meet, _: &mut Context<Self, ()>) {
        self.subscribers = subscribers;
    }
}

struct Go(Edition);

impl Message<Go> for Publisher {
    type Reply = ();

    async fn handle(&mut self, Go(edition): Go, _: &mut Context<Self, ()>) {
        self.edition = edition;
        let events = self.edition.first();
        self.publish(events);
    }
}

/// A subscriber has had the batch that this event ends.
struct Done(u64);

impl Message<Done> for Publisher {
    type Reply = ();

    async fn handle(&mut self, Done(event): Done, _: &mut Context<Self, ()>) {
        let events = self.edition.batch(event);
        self.publish(events);
    }
}

#[derive(kameo::Actor)]
struct Subscriber {
    reader: Option<Reader>,
    publisher: ActorRef<Publisher>,
}

struct Begin(Reader);

impl Message<Begin> for Subscriber {
    type Reply = ();

    async fn handle(&mut self, Begin(reader): Begin, _: &mut Context<Self, ()>) {
        self.reader = Some(reader);
    }
}

impl Message<Event> for Subscriber {
    type Reply = ();

    async fn handle(&mut self, Event(n): Event, _: &mut Context<Self, ()>) {
        if self.reader.as_mut().is_some_and(|reader| reader.read(n)) {
            self.publisher.tell(Done(n)).try_send().expect("the publisher lives");
        }
    }
}
