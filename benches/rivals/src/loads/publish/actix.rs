//! Publishing with actix: a loop over addresses, `do_send`. The publisher is in one arbiter, subscribers are in both by
//! turns, the first of them in the other one. It was faster than one arbiter for all when both were tried, by
//! the wall clock of a busy machine.

use std::sync::mpsc;

use actix::{Actor, Addr, Context, Handler, Message};

use super::{Edition, Publication, Reader, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn publish(Publication { subscribers, events }: Publication) -> Found {
    let actix = runtimes::actix();
    let publisher = Publisher { subscribers: Vec::new(), edition: Edition::new(0, subscribers) };
    let publisher = Publisher::start_in_arbiter(&actix.arbiters[0], |_| publisher);
    let readers: Vec<_> = (0..subscribers)
        .zip(actix.arbiters.iter().cycle().skip(1))
        .map(|(_, arbiter)| {
            let publisher = publisher.clone();
            Subscriber::start_in_arbiter(arbiter, |_| Subscriber { reader: None, publisher })
        })
        .collect();
    publisher.do_send(Meet(readers.clone()));
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &readers {
            subscriber.do_send(Begin(Reader::new(events, &report)));
        }
        publisher.do_send(Go(Edition::new(events, subscribers)));
        sums.iter().take(readers.len()).sum()
    })
}

#[derive(Message)]
#[rtype("()")]
struct Event(u64);

struct Publisher {
    subscribers: Vec<Addr<Subscriber>>,
    edition: Edition,
}

impl Actor for Publisher {
    type Context = Context<Self>;
}

impl Publisher {
    fn publish(&self, events: impl Iterator<Item = u64>) {
        for n in events {
            self.subscribers.iter().for_each(|subscriber| subscriber.do_send(Event(n)));
        }
    }
}

#[derive(Message)]
#[rtype("()")]
struct Meet(Vec<Addr<Subscriber>>);

impl Handler<Meet> for Publisher {
    type Result = ();

    fn handle(&mut self, Meet(subscribers): Meet, _: &mut Context<Self>) {
        self.subscribers = subscribers;
    }
}

#[derive(Message)]
#[rtype("()")]
struct Go(Edition);

impl Handler<Go> for Publisher {
    type Result = ();

    fn handle(&mut self, Go(edition): Go, _: &mut Context<Self>) {
        self.edition = edition;
        let events = self.edition.first();
        self.publish(events);
    }
}

/// A subscriber has had the batch that this event ends.
#[derive(Message)]
#[rtype("()")]
struct Done(u64);

impl Handler<Done> for Publisher {
    type Result = ();

    fn handle(&mut self, Done(event): Done, _: &mut Context<Self>) {
        let events = self.edition.batch(event);
        self.publish(events);
    }
}

struct Subscriber {
    reader: Option<Reader>,
    publisher: Addr<Publisher>,
}

impl Actor for Subscriber {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype("()")]
struct Begin(Reader);

impl Handler<Begin> for Subscriber {
    type Result = ();

    fn handle(&mut self, Begin(reader): Begin, _: &mut Context<Self>) {
        self.reader = Some(reader);
    }
}

impl Handler<Event> for Subscriber {
    type Result = ();

    fn handle(&mut self, Event(n): Event, _: &mut Context<Self>) {
        if self.reader.as_mut().is_some_and(|reader| reader.read(n)) {
            self.publisher.do_send(Done(n));
        }
    }
}
