//! Messages that flow one way, of 8 bytes each, to actors that add them up.
//!
//! | row | what happens | what it stands for | what it does not |
//! |---|---|---|---|
//! | `tell` | an actor tells another; up to 2,000 are under way, and after each 1,000 the receiver lets it go on | the cost of a message from call to handler, in bursts as programs have them | latency, contention |
//! | `tell-outside` | a thread that is no worker floods an actor | input that comes from elsewhere | backpressure: nothing holds the flood back |
//! | `bounded` | as `tell`, the mailbox holds 1,024, and each call is awaited | backpressure by the mailbox alone | many senders that wait |
//! | `enqueue` | the calls alone, in batches of 1,000, while the receiver is kept from running | what the sender pays | anything of the receiver |
//! | `fan-in` | eight actors tell one, each as in `tell` | a busy receiver with many senders | senders on more than two cores |
//! | `fork-join-n` | an actor tells n actors 10,000 messages each, in turn; all are under way at once | Savina's fork-join throughput, without its arithmetic | steady state: mailboxes grow as far as they get |
//!
//! One operation is one message. Mailboxes are unbounded but in `bounded`. Timed is from the order to start, given by
//! the main thread, up to the last handler's report to it; in `enqueue`, from before the first call of a batch to after
//! its last. The sum of all messages is checked, and that each batch is complete.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use std::sync::mpsc;
use std::time::Duration;

use super::{Field, Load, Played, Unit, play};
use crate::framework::Framework;
use crate::measured::Found;

/// Messages after which a sink lets its source go on.
const BATCH: u64 = 1_000;

/// Batches under way from one source.
const AHEAD: u64 = 2;

/// Places of the bounded mailbox.
const CAPACITY: usize = 1_024;

const ONE_MESSAGE: &str = "one message";

pub const TELL: Load = Load {
    name: "tell",
    operation: ONE_MESSAGE,
    unit: Unit::Nanos,
    full: 2_000_000,
    tiny: 2_000,
    play: |framework, size| flood(framework, Flood { sources: 1, messages: size }),
};

pub const FAN_IN: Load = Load {
    name: "fan-in",
    play: |framework, size| flood(framework, Flood { sources: 8, messages: size / 8 }),
    full: 2_000_000,
    tiny: 16_000,
    ..TELL
};

pub const OUTSIDE: Load = Load {
    name: "tell-outside",
    full: 1_000_000,
    play: |framework, size| play(OUTSIDE_BY, framework, size, size, sum_below(size)),
    ..TELL
};

pub const BOUNDED: Load =
    Load { name: "bounded", play: |framework, size| play(BOUNDED_BY, framework, size, size, sum_below(size)), ..TELL };

pub const ENQUEUE: Load = Load {
    name: "enqueue",
    operation: "one call",
    full: 1_000_000,
    play: |framework, size| play(ENQUEUE_BY, framework, size, size, size / BATCH * sum_below(BATCH)),
    ..TELL
};

pub const FORK_1: Load = Load {
    name: "fork-join-1",
    full: 1_000_000,
    play: |framework, size| fork(framework, Fork { sinks: 1, messages: size }),
    ..TELL
};

pub const FORK_8: Load = Load {
    name: "fork-join-8",
    full: 1_000_000,
    play: |framework, size| fork(framework, Fork { sinks: 8, messages: size / 8 }),
    ..TELL
};

pub const FORK_60: Load = Load {
    name: "fork-join-60",
    full: 600_000,
    play: |framework, size| fork(framework, Fork { sinks: 60, messages: size / 60 }),
    ..TELL
};

/// How much flows to one sink.
#[derive(Debug, Clone, Copy)]
struct Flood {
    sources: u64,
    /// From each source: whole batches.
    messages: u64,
}

fn flood(framework: Framework, flood: Flood) -> Played {
    let expected =
        (0..flood.sources).map(|source| (source << NUMBER_BITS) * flood.messages + sum_below(flood.messages));
    play(FLOOD_BY, framework, flood, flood.sources * flood.messages, expected.sum())
}

/// How much flows from one source.
#[derive(Debug, Clone, Copy)]
struct Fork {
    sinks: u64,
    /// To each sink.
    messages: u64,
}

fn fork(framework: Framework, fork: Fork) -> Played {
    play(FORK_BY, framework, fork, fork.sinks * fork.messages, fork.sinks * sum_below(fork.messages))
}

const FLOOD_BY: &Field<Flood> = &[
    (Framework::Corecast, Ok(corecast::flood)),
    (Framework::Tokio, Ok(tokio::flood)),
    (Framework::Kompact, Ok(kompact::flood)),
    (Framework::Actix, Ok(actix::flood)),
    (Framework::Kameo, Ok(kameo::flood)),
    (Framework::Ractor, Ok(ractor::flood)),
];

const OUTSIDE_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::outside)),
    (Framework::Tokio, Ok(tokio::outside)),
    (Framework::Kompact, Ok(kompact::outside)),
    (Framework::Actix, Ok(actix::outside)),
    (Framework::Kameo, Ok(kameo::outside)),
    (Framework::Ractor, Ok(ractor::outside)),
];

const BOUNDED_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::bounded)),
    (Framework::Tokio, Ok(tokio::bounded)),
    (Framework::Kompact, Err("its mailboxes have no bound")),
    (Framework::Actix, Ok(actix::bounded)),
    (Framework::Kameo, Ok(kameo::bounded)),
    (Framework::Ractor, Err("its mailboxes have no bound")),
];

const ENQUEUE_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::enqueue)),
    (Framework::Tokio, Ok(tokio::enqueue)),
    (Framework::Kompact, Ok(kompact::enqueue)),
    (Framework::Actix, Ok(actix::enqueue)),
    (Framework::Kameo, Ok(kameo::enqueue)),
    (Framework::Ractor, Ok(ractor::enqueue)),
];

const FORK_BY: &Field<Fork> = &[
    (Framework::Corecast, Ok(corecast::fork)),
    (Framework::Tokio, Ok(tokio::fork)),
    (Framework::Kompact, Ok(kompact::fork)),
    (Framework::Actix, Ok(actix::fork)),
    (Framework::Kameo, Ok(kameo::fork)),
    (Framework::Ractor, Ok(ractor::fork)),
];

fn sum_below(messages: u64) -> u64 {
    messages * (messages - 1) / 2
}

/// The low bits of a message are its number, those above say from which source it is.
const NUMBER_BITS: u32 = 40;

/// What a source still has to send.
#[derive(Debug)]
struct Supply {
    next: u64,
    end: u64,
}

impl Supply {
    fn new(source: u64, messages: u64) -> Self {
        let next = source << NUMBER_BITS;
        Self { next, end: next + messages }
    }

    /// What may be under way at first.
    fn first(&mut self) -> impl Iterator<Item = u64> + use<> {
        self.take(AHEAD * BATCH)
    }

    /// What may follow when a batch has arrived.
    fn batch(&mut self) -> impl Iterator<Item = u64> + use<> {
        self.take(BATCH)
    }

    fn take(&mut self, messages: u64) -> impl Iterator<Item = u64> + use<> {
        let from = self.next;
        self.next = self.end.min(from + messages);
        from..self.next
    }
}

/// What a sink does with its messages.
#[derive(Debug)]
struct Tally {
    left: u64,
    /// Of each source, so many messages: the batches after them are under way by then.
    answered: u64,
    sum: u64,
    report: mpsc::Sender<u64>,
}

/// Whom a sink has to answer.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Nobody,
    /// The source of this number may send its next batch.
    Source(usize),
}

impl Tally {
    /// `report` gets the sum of so many messages from each of so many sources, which want to be answered.
    fn new(messages: u64, sources: u64, report: &mpsc::Sender<u64>) -> Self {
        let answered = messages.saturating_sub(AHEAD * BATCH);
        Self { answered, ..Self::silent(messages * sources, report) }
    }

    /// The same where nobody wants to be answered.
    fn silent(messages: u64, report: &mpsc::Sender<u64>) -> Self {
        Self { left: messages, answered: 0, sum: 0, report: report.clone() }
    }

    #[inline]
    fn add(&mut self, message: u64) -> Next {
        self.sum = self.sum.wrapping_add(message);
        self.left -= 1;
        if self.left == 0 {
            self.report.send(self.sum).expect("the main thread waits");
        }
        let number = message & ((1 << NUMBER_BITS) - 1);
        if number < self.answered && (number + 1).is_multiple_of(BATCH) {
            Next::Source((message >> NUMBER_BITS) as usize)
        } else {
            Next::Nobody
        }
    }
}

/// Batch after batch by `enqueue`, which returns how long the calls took and the sum of what has then arrived.
fn batches(messages: u64, mut enqueue: impl FnMut() -> (Duration, u64)) -> Found {
    // Some to warm up.
    for _ in 0..messages.div_ceil(10 * BATCH) {
        enqueue();
    }
    let all = (0..messages / BATCH).map(|_| enqueue());
    let (elapsed, checksum) = all.fold((Duration::ZERO, 0), |(time, sum), (calls, batch)| (time + calls, sum + batch));
    Found { elapsed, cpu: None, checksum, latencies: None, bytes: None }
}

/// What is played to warm up: a tenth, in whole batches.
fn warm_up(messages: u64) -> u64 {
    (messages / 10).next_multiple_of(BATCH)
}
