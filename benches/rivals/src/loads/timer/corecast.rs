//! corecast: `ctx.tell_after`, and `Timer::cancel`.

use corecast::{Actor, ActorContext, Handler, Message};

use super::{Order, orders};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn timers(timers: u64) -> Found {
    let system = runtimes::corecast();
    let waiter = system.spawn(Waiter).start().expect("the system runs");
    orders(timers, |order| waiter.blocking_tell(order).expect("the actor lives"))
}

struct Waiter;

impl Actor for Waiter {}

struct Due;

impl Message for Due {
    type Result = ();
}

impl Handler<Due> for Waiter {
    async fn handle(&mut self, _: Due, _: &mut ActorContext<Self>) {
        panic!("no timer is due for an hour");
    }
}

impl Message for Order {
    type Result = ();
}

impl Handler<Order> for Waiter {
    async fn handle(&mut self, order: Order, ctx: &mut ActorContext<Self>) {
        let timers: Vec<_> = order.delays().map(|delay| ctx.tell_after(delay, Due)).collect();
        let cancelled = timers.iter().filter(|timer| timer.cancel()).count();
        drop(timers);
        order.end(cancelled as u64);
    }
}
