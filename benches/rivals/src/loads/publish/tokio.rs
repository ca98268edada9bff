//! Publishing on bare tokio: a loop over unbounded channels; and `sync::broadcast`, whose subscribers read one ring.

use std::sync::mpsc;

use tokio::sync::broadcast::Sender;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{AHEAD, BATCH, Edition, Publication, Reader, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn publish(Publication { subscribers, events }: Publication) -> Found {
    let runtime = runtimes::tokio();
    let (publisher, orders) = unbounded_channel();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..subscribers).map(|_| unbounded_channel()).unzip();
    let to = senders.clone();
    runtime.spawn(edit(orders, move |n| to.iter().for_each(|to| tell(to, ToSubscriber::Event(n)))));
    for mut messages in receivers {
        let publisher = publisher.clone();
        runtime.spawn(async move {
            let mut reader = None;
            while let Some(message) = messages.recv().await {
                match message {
                    ToSubscriber::Begin(new) => reader = Some(new),
                    ToSubscriber::Event(n) => {
                        if reader.as_mut().is_some_and(|reader| reader.read(n)) {
                            tell(&publisher, ToPublisher::Done(n));
                        }
                    }
                }
            }
        });
    }
    let (report, sums) = mpsc::channel();
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &senders {
            tell(subscriber, ToSubscriber::Begin(Box::new(Reader::new(events, &report))));
        }
        tell(&publisher, ToPublisher::Go(Edition::new(events, subscribers)));
        sums.iter().take(senders.len()).sum()
    })
}

pub(super) fn broadcast(Publication { subscribers, events }: Publication) -> Found {
    let runtime = runtimes::tokio();
    let topic = Sender::new((AHEAD * BATCH).next_power_of_two() as usize);
    let (report, sums) = mpsc::channel();
    let mut readers = Vec::new();
    let (publisher, orders) = unbounded_channel();
    for _ in 0..subscribers {
        let (begin, mut begins) = unbounded_channel::<Reader>();
        let (mut topic, publisher) = (topic.subscribe(), publisher.clone());
        runtime.spawn(async move {
            while let Some(mut reader) = begins.recv().await {
                while reader.left > 0 {
                    let n = topic.recv().await.expect("it keeps up");
                    if reader.read(n) {
                        tell(&publisher, ToPublisher::Done(n));
                    }
                }
            }
        });
        readers.push(begin);
    }
    runtime.spawn(edit(orders, move |n| assert!(topic.send(n).is_ok(), "there are subscribers")));
    Found::timed(warm_up(events), events, |events| {
        for subscriber in &readers {
            tell(subscriber, Reader::new(events, &report));
        }
        tell(&publisher, ToPublisher::Go(Edition::new(events, subscribers)));
        sums.iter().take(readers.len()).sum()
    })
}

fn tell<M>(to: &UnboundedSender<M>, message: M) {
    assert!(to.send(message).is_ok(), "the actor lives");
}

enum ToSubscriber {
    Begin(Box<Reader>),
    Event(u64),
}

enum ToPublisher {
    Go(Edition),
    /// A subscriber has had the batch that this event ends.
    Done(u64),
}

async fn edit(mut orders: UnboundedReceiver<ToPublisher>, publish: impl Fn(u64)) {
    let mut edition = Edition::new(0, 1);
    while let Some(order) = orders.recv().await {
        match order {
            ToPublisher::Go(new) => {
                edition = new;
                edition.first().for_each(&publish);
            }
            ToPublisher::Done(event) => edition.batch(event).for_each(&publish),
        }
    }
}
