//! What is to be done at a certain time: many sleeps, timers that are set and cancelled, and health checks.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, Timer};

use crate::counting::allocations;
use crate::direct::Extent;

/// Timers at once.
const ALARMS: usize = 100;

/// Nothing is due before that.
const LATER: Duration = Duration::from_secs(3_600);

/// Sets timers and cancels them.
pub(crate) struct Clerk;

impl Actor for Clerk {}

/// Falls due.
struct Due;

impl Message for Due {
    type Result = ();
}

impl Handler<Due> for Clerk {
    async fn handle(&mut self, _: Due, _ctx: &mut ActorContext<Self>) {}
}

/// Sets and cancels, and asks how many allocations there were.
struct Alarms(Extent);

impl Message for Alarms {
    type Result = u64;
}

impl Handler<Alarms> for Clerk {
    async fn handle(&mut self, Alarms(extent): Alarms, ctx: &mut ActorContext<Self>) -> u64 {
        let mut timers: Vec<Timer> = Vec::with_capacity(ALARMS);
        let mut rounds = |operations: u64| {
            for _ in 0..operations / ALARMS as u64 {
                timers.extend((0..ALARMS).map(|_| ctx.tell_after(LATER, Due)));
                timers.drain(..).for_each(|timer| assert!(timer.cancel(), "nothing is due"));
            }
        };
        rounds(extent.warm_up);
        let before = allocations();
        rounds(extent.operations);
        allocations() - before
    }
}

/// Sleeps again and again, as briefly as it gets, and asks how many allocations there were.
struct Sleeps(Extent);

impl Message for Sleeps {
    type Result = u64;
}

impl Handler<Sleeps> for Clerk {
    async fn handle(&mut self, Sleeps(extent): Sleeps, ctx: &mut ActorContext<Self>) -> u64 {
        const MOMENT: Duration = Duration::from_nanos(1);
        for _ in 0..extent.warm_up / 100 {
            ctx.sleep(MOMENT).await;
        }
        let before = allocations();
        for _ in 0..extent.operations / 1_000 {
            ctx.sleep(MOMENT).await;
        }
        allocations() - before
    }
}

fn clerk(system: &ActorSystem) -> ActorRef<Clerk> {
    system.spawn(Clerk).on_worker(0).start().expect("a clerk starts")
}

/// Timers that are set and cancelled.
pub(crate) fn of_alarms(system: &ActorSystem, extent: Extent) -> u64 {
    clerk(system).blocking_send(Alarms(extent)).expect("answered")
}

/// Sleeps that end; a thousandth of the operations, for each takes a tick of the wheel.
pub(crate) fn of_sleeps(system: &ActorSystem, extent: Extent) -> u64 {
    clerk(system).blocking_send(Sleeps(extent)).expect("answered")
}

/// Counts its checks, and tells how many allocations there were in those that count.
struct Patient {
    checks: u64,
    before: u64,
    extent: Extent,
    told: Sender<u64>,
}

impl Actor for Patient {
    async fn health_check(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let (warm_up, operations) = (self.extent.warm_up / 100, self.extent.operations / 1_000);
        if self.checks == warm_up {
            self.before = allocations();
        }
        if self.checks == warm_up + operations {
            let _ = self.told.send(allocations() - self.before);
        }
        self.checks += 1;
        Ok(())
    }
}

/// Health checks, one after the other; as many as sleeps.
pub(crate) fn of_checks(system: &ActorSystem, extent: Extent) -> u64 {
    const MOMENT: Duration = Duration::from_nanos(1);
    let (told, allocated) = channel();
    let patient = Patient { checks: 0, before: 0, extent, told };
    let _kept =
        system.spawn(patient).on_worker(0).health_check(MOMENT, Duration::from_secs(60)).start().expect("it starts");
    allocated.recv().expect("it is checked")
}
