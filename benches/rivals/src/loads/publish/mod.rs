//! An actor publishes events of 8 bytes to 1, 10, 100 or 1,000 subscribers.
//!
//! It publishes batches of 200 events; up to two batches are under way, and each subscriber says when it has had one.
//! That stands for topics with few and with many subscribers that keep up. It says nothing of subscribers that don't, of
//! patterns, nor of how subscriptions come and go.
//!
//! One operation is one event for one subscriber, up to the end of its handler. Who has publish and subscribe uses it,
//! unless a loop over references, one message to each, is faster; the framework's file says which. Timed is from the
//! order to start up to the last subscriber's report. The sum of all events, over all subscribers, is checked.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use std::sync::mpsc;

use super::{Field, Load, Played, Unit, play};
use crate::framework::Framework;

/// Events of a batch.
const BATCH: u64 = 200;

/// Batches under way.
const AHEAD: u64 = 2;

pub const TO_1: Load = Load {
    name: "publish-1",
    operation: "one event for one subscriber",
    unit: Unit::Nanos,
    full: 1_000_000,
    tiny: 4_000,
    play: |framework, size| publish(framework, Publication { subscribers: 1, events: size }),
};

pub const TO_10: Load = Load {
    name: "publish-10",
    full: 2_000_000,
    tiny: 20_000,
    play: |framework, size| publish(framework, Publication { subscribers: 10, events: size / 10 }),
    ..TO_1
};

pub const TO_100: Load = Load {
    name: "publish-100",
    full: 2_000_000,
    tiny: 60_000,
    play: |framework, size| publish(framework, Publication { subscribers: 100, events: size / 100 }),
    ..TO_1
};

pub const TO_1000: Load = Load {
    name: "publish-1000",
    full: 4_000_000,
    tiny: 600_000,
    play: |framework, size| publish(framework, Publication { subscribers: 1_000, events: size / 1_000 }),
    ..TO_1
};

const PUBLISH_BY: &Field<Publication> = &[
    (Framework::Corecast, Ok(corecast::publish)),
    (Framework::Tokio, Ok(tokio::publish)),
    (Framework::Broadcast, Ok(tokio::broadcast)),
    (Framework::Kompact, Ok(kompact::publish)),
    (Framework::Actix, Ok(actix::publish)),
    (Framework::Kameo, Ok(kameo::publish)),
    (Framework::Ractor, Ok(ractor::publish)),
];

#[derive(Debug, Clone, Copy)]
struct Publication {
    subscribers: u64,
    /// To each: whole batches.
    events: u64,
}

fn publish(framework: Framework, publication: Publication) -> Played {
    let Publication { subscribers, events } = publication;
    let expected = subscribers * (events * (events - 1) / 2);
    play(PUBLISH_BY, framework, publication, subscribers * events, expected)
}

/// What a publisher still has to publish.
#[derive(Debug)]
struct Edition {
    next: u64,
    end: u64,
    subscribers: u64,
    /// Subscribers that have had their batch, for each of those under way.
    done: [u64; AHEAD as usize],
}

impl Edition {
    fn new(events: u64, subscribers: u64) -> Self {
        Self { next: 0, end: events, subscribers, done: [0; AHEAD as usize] }
    }

    /// What may be published at first.
    fn first(&mut self) -> impl Iterator<Item = u64> + use<> {
        self.take(AHEAD * BATCH)
    }

    /// What may follow now that one more subscriber has had the batch that this event ends.
    fn batch(&mut self, event: u64) -> impl Iterator<Item = u64> + use<> {
        let done = &mut self.done[(event / BATCH % AHEAD) as usize];
        *done += 1;
        if *done < self.subscribers {
            return self.take(0);
        }
        *done = 0;
        self.take(BATCH)
    }

    fn take(&mut self, events: u64) -> impl Iterator<Item = u64> + use<> {
        let from = self.next;
        self.next = self.end.min(from + events);
        from..self.next
    }
}

/// What a subscriber does with its events.
#[derive(Debug)]
struct Reader {
    left: u64,
    /// So many events: the batches after them are under way by then.
    answered: u64,
    sum: u64,
    report: mpsc::Sender<u64>,
}

impl Reader {
    /// `report` gets the sum of so many events.
    fn new(events: u64, report: &mpsc::Sender<u64>) -> Self {
        let answered = events.saturating_sub(AHEAD * BATCH);
        Self { left: events, answered, sum: 0, report: report.clone() }
    }

    /// Whether the publisher has to hear of it.
    #[inline]
    fn read(&mut self, event: u64) -> bool {
        self.sum = self.sum.wrapping_add(event);
        self.left -= 1;
        if self.left == 0 {
            self.report.send(self.sum).expect("the main thread waits");
        }
        event < self.answered && (event + 1).is_multiple_of(BATCH)
    }
}

/// What is played to warm up: a tenth, in whole batches.
fn warm_up(events: u64) -> u64 {
    (events / 10).next_multiple_of(BATCH)
}
