//! Timers that never fire: an actor arms a million of them, an hour and more from now, and cancels them all.
//!
//! It stands for limits that are hardly ever reached, of which servers have one per request or connection. It says
//! nothing of timers that fire, nor of many that are armed and cancelled while few are pending.
//!
//! One operation is one timer that is armed, is pending together with all others, and is cancelled in the order of
//! arming. Timed is from the order to start up to the actor's report, which it gives when it is told that it did all of
//! that, and where tasks hold the timers, when these are gone. Checked is how many were cancelled, where the framework
//! says so, and that none has fired.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use std::sync::mpsc;
use std::time::Duration;

use super::{Field, Load, Unit, play};
use crate::framework::Framework;
use crate::measured::Found;

pub const TIMERS: Load = Load {
    name: "timers",
    operation: "one timer, armed and cancelled",
    unit: Unit::Nanos,
    full: 1_000_000,
    tiny: 1_000,
    play: |framework, size| play(TIMERS_BY, framework, size, size, size),
};

const TIMERS_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::timers)),
    (Framework::Tokio, Ok(tokio::timers)),
    (Framework::Kompact, Ok(kompact::timers)),
    (Framework::Actix, Ok(actix::timers)),
    (Framework::Kameo, Ok(kameo::timers)),
    (Framework::Ractor, Ok(ractor::timers)),
];

/// So many timers, and who hears how many were cancelled.
#[derive(Debug)]
struct Order {
    timers: u64,
    report: mpsc::Sender<u64>,
}

impl Order {
    /// When each is due: from an hour on, a millisecond apart.
    fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        (0..self.timers).map(|n| Duration::from_secs(3_600) + Duration::from_millis(n))
    }

    fn end(self, cancelled: u64) {
        self.report.send(cancelled).expect("the main thread waits");
    }
}

fn orders(timers: u64, give: impl Fn(Order)) -> Found {
    let (report, cancelled) = mpsc::channel();
    Found::timed(timers / 10, timers, |timers| {
        give(Order { timers, report: report.clone() });
        cancelled.recv().expect("the actor reports")
    })
}
