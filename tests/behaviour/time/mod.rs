//! Time: limits of replies, sleeping, messages that an actor sends to itself later.
//!
//! Here stands what only real threads can show: workers that are blocked, other executors, threads that wait. When
//! something comes is told in virtual time, by `tests/sim/time`. No test here says how late something may come, beyond the
//! limit at which it counts as lost; several say that it doesn't come early.

mod ends;
mod firing;
mod limits;
mod messages;
mod sleeping;

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use corecast::{Actor, ActorContext, Handler, Message, MissedTicks, Timer, ZeroInterval};

/// Short, and longer than anything that is ready takes.
const SHORT: Duration = Duration::from_millis(10);

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3_600);

#[derive(Clone)]
struct Tick;

impl Message for Tick {
    type Result = ();
}

/// Counts ticks, and reports each with the time since its start.
struct Clock(Instant, Sender<Duration>);

impl Actor for Clock {}

impl Handler<Tick> for Clock {
    async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {
        let _ = self.1.send(self.0.elapsed());
    }
}

struct Begin(Duration, MissedTicks);

impl Message for Begin {
    type Result = Result<Timer, ZeroInterval>;
}

impl Handler<Begin> for Clock {
    async fn handle(&mut self, begin: Begin, ctx: &mut ActorContext<Self>) -> Result<Timer, ZeroInterval> {
        self.0 = Instant::now();
        ctx.tell_every_with(begin.0, Tick, begin.1)
    }
}
