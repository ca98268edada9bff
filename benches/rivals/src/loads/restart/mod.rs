//! A failure, and the restart: a supervised actor fails, its supervisor starts it again, and it handles its first message.
//!
//! The actor fails by an error, not by a panic, so that no panic is caught: that is the library's work, and takes longer than all
//! the rest. When it has started again it tells itself something; whoever handles that tells a driver, which has it fail once more. That
//! stands for one actor that fails while the others are calm. It says nothing of what survives: corecast's and kameo's actors keep
//! their references and their mailboxes, ractor's supervisor makes another actor.
//!
//! One operation is one failure, from the driver's message that leads to it up to the word of the new state. Timed is all of that, one
//! after the other. Checked is how many states there have been.
//!
//! Those without supervisors are absent.

mod corecast;
mod kameo;
mod ractor;

use std::sync::mpsc;

use super::{Field, Load, Unit, play};
use crate::framework::Framework;
use crate::measured::Found;

pub const RESTART: Load = Load {
    name: "restart",
    operation: "one failure and restart",
    unit: Unit::Nanos,
    full: 100_000,
    tiny: 100,
    play: |framework, size| play(RESTART_BY, framework, size, size, size),
};

const RESTART_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::restart)),
    (Framework::Tokio, Err("no supervisors")),
    (Framework::Kompact, Err("no restarts")),
    (Framework::Actix, Err("restarts what stops, not what fails")),
    (Framework::Kameo, Ok(kameo::restart)),
    (Framework::Ractor, Ok(ractor::restart)),
];

/// What the driver still has to see.
#[derive(Debug)]
struct Pass {
    left: u64,
    seen: u64,
    report: mpsc::Sender<u64>,
}

impl Pass {
    /// A new state has handled its first message. Whether it is to fail.
    fn goes_on(&mut self) -> bool {
        if self.left == 0 {
            self.report.send(self.seen).expect("the main thread waits");
            return false;
        }
        self.left -= 1;
        self.seen += 1;
        true
    }
}

fn passes(size: u64, play: impl Fn(Pass)) -> Found {
    let (report, seen) = mpsc::channel();
    Found::timed(size / 10, size, |size| {
        play(Pass { left: size, seen: 0, report: report.clone() });
        seen.recv().expect("the driver reports")
    })
}
