//! Messages for later that are taken back: an actor sets timers and cancels them before they are due.
//!
//! A driver's handler sets 1,000 timers of an hour and more, a second apart, and then cancels them in the order in which
//! they were set, as a program does whose requests are answered in time. Timed is all that the one worker does from before
//! the first timer to after the last. Nothing is due meanwhile.

use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, Timer};

use super::Load;
use super::clock::Clock;

/// Timers of a round.
const TIMERS: usize = 1_000;

/// How far ahead the first of them is.
const AHEAD: Duration = Duration::from_secs(3_600);

/// The load. One operation is a timer: set, and cancelled.
pub struct Timers {
    driver: ActorRef<Driver>,
    /// Held so that it lives as long as the load, and ends with it.
    _system: ActorSystem,
}

/// Sets the load up on one worker.
pub fn load() -> Timers {
    let system = ActorSystem::builder().workers(1).build().expect("one worker");
    let driver = system.spawn(Driver { timers: Vec::with_capacity(TIMERS) }).start().expect("the driver starts");
    let mut timers = Timers { driver, _system: system };
    // Twice, to warm up.
    timers.rounds(2);
    timers
}

impl Load for Timers {
    const ROUND: u64 = TIMERS as u64;

    fn rounds(&mut self, rounds: u64) -> Duration {
        self.driver.blocking_send(Run { rounds }).expect("the driver replies")
    }
}

/// Sets the timers, and reads the clock.
struct Driver {
    timers: Vec<Timer>,
}

impl Actor for Driver {}

struct Run {
    rounds: u64,
}

impl Message for Run {
    type Result = Duration;
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, Run { rounds }: Run, ctx: &mut ActorContext<Self>) -> Duration {
        let started = Clock::ThreadCpu.now();
        for _ in 0..rounds {
            let timers = (0..TIMERS as u64).map(|number| ctx.tell_after(AHEAD + Duration::from_secs(number), Due));
            self.timers.extend(timers);
            for timer in self.timers.drain(..) {
                assert!(timer.cancel(), "nothing is due");
            }
        }
        Clock::ThreadCpu.now() - started
    }
}

/// The time has come.
struct Due;

impl Message for Due {
    type Result = ();
}

impl Handler<Due> for Driver {
    async fn handle(&mut self, _: Due, _: &mut ActorContext<Self>) {
        unreachable!("every timer is cancelled before it is due");
    }
}
