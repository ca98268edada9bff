//! A request and its reply, one after the other, 8 bytes each way.
//!
//! | row | what happens | what it stands for | what it does not |
//! |---|---|---|---|
//! | `send` | an actor asks another and awaits the reply before it asks again | the length of a request within the runtime | requests that overlap |
//! | `send-outside` | the same by the main thread, which is no worker and blocks until the reply | calls from code that is no actor: two threads have to take notice | a thread that polls |
//!
//! One operation is one request. The figure of `send` is the mean of a pass that reads no clock in between; percentiles
//! are of a second pass that reads it once per request, which they include. The figure of `send-outside` is the median.
//! The sum of all replies is checked.

mod actix;
pub mod corecast;
pub mod kameo;
mod kompact;
pub mod ractor;
pub mod tokio;

use std::sync::mpsc;
use std::time::Instant;

use hdrhistogram::Histogram;

use super::{Field, Load, Unit, play};
use crate::framework::Framework;
use crate::measured::{Found, Latencies, histogram};

pub const SEND: Load = Load {
    name: "send",
    operation: "one request and its reply",
    unit: Unit::Nanos,
    full: 500_000,
    tiny: 1_000,
    play: |framework, size| play(SEND_BY, framework, size, size, (0..size).map(answer).fold(0, u64::wrapping_add)),
};

pub const OUTSIDE: Load = Load {
    name: "send-outside",
    full: 30_000,
    tiny: 300,
    play: |framework, size| {
        let expected = (0..size).map(answer).fold(0, u64::wrapping_add);
        let mut measured = play(OUTSIDE_BY, framework, size, size, expected)?;
        measured.figure = measured.latencies.expect("measured one by one").p50;
        Ok(measured)
    },
    ..SEND
};

const SEND_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::send)),
    (Framework::Tokio, Ok(tokio::send)),
    (Framework::Kompact, Ok(kompact::send)),
    (Framework::Actix, Ok(actix::send)),
    (Framework::Kameo, Ok(kameo::send)),
    (Framework::Ractor, Ok(ractor::send)),
];

const OUTSIDE_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::outside)),
    (Framework::Tokio, Ok(tokio::outside)),
    (Framework::Kompact, Ok(kompact::outside)),
    (Framework::Actix, Ok(actix::outside)),
    (Framework::Kameo, Ok(kameo::outside)),
    (Framework::Ractor, Ok(ractor::outside)),
];

/// What the replier makes of a question.
#[inline]
pub fn answer(question: u64) -> u64 {
    question.wrapping_mul(3) + 1
}

/// An asker's pass: so many requests, and what came back.
#[derive(Debug)]
struct Survey {
    requests: u64,
    sum: u64,
    /// Where each request is timed.
    clock: Option<Stopwatch>,
    report: mpsc::Sender<(u64, Option<Histogram<u64>>)>,
}

#[derive(Debug)]
struct Stopwatch {
    last: Instant,
    nanos: Histogram<u64>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { last: Instant::now(), nanos: histogram() }
    }

    #[inline]
    fn lap(&mut self) {
        let now = Instant::now();
        self.nanos.record((now - self.last).as_nanos().max(1) as u64).expect("shorter than a minute");
        self.last = now;
    }
}

impl Survey {
    #[inline]
    fn add(&mut self, reply: u64) {
        self.sum = self.sum.wrapping_add(reply);
        if let Some(clock) = &mut self.clock {
            clock.lap();
        }
    }

    fn end(self) {
        self.report.send((self.sum, self.clock.map(|clock| clock.nanos))).expect("the main thread waits");
    }
}

/// The passes of an asker that lives in the runtime: to warm up, for the mean, and for the percentiles.
fn survey(requests: u64, ask: impl Fn(Survey)) -> Found {
    let (report, replies) = mpsc::channel();
    let pass = |requests, clock| {
        ask(Survey { requests, sum: 0, clock, report: report.clone() });
        replies.recv().expect("the asker reports")
    };
    let found = Found::timed(requests / 10, requests, |requests| pass(requests, None).0);
    let (sum, nanos) = pass(requests, Some(Stopwatch::start()));
    assert_eq!(sum, found.checksum, "both passes ask the same");
    let nanos = nanos.expect("timed one by one");
    found.with_latencies(Latencies::from(&nanos))
}

/// The passes of the main thread, which asks by itself.
fn survey_outside(requests: u64, mut ask: impl FnMut(u64) -> u64) -> Found {
    let mut latencies = None;
    let found = Found::timed(requests / 10, requests, |requests| {
        let mut clock = Stopwatch::start();
        let sum = (0..requests).fold(0, |sum: u64, question| {
            let reply = ask(question);
            clock.lap();
            sum.wrapping_add(reply)
        });
        latencies = Some(Latencies::from(&clock.nanos));
        sum
    });
    found.with_latencies(latencies.expect("a pass was played"))
}
