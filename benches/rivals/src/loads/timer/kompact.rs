//! kompact: `schedule_once` and `cancel_timer`, which doesn't say whether it came in time. A last timer, due at once,
//! tells that the timers' thread has done it all.

use std::time::Duration;

use kompact::prelude::{
    Actor, Component, ComponentContext, ComponentDefinition, ComponentLifecycle, DynamicPortAccess, ExecuteResult,
    Handled, HandlerResult, Timer,
};

use super::{Order, orders};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn timers(timers: u64) -> Found {
    let system = runtimes::kompact();
    let waiter = kompact_actor(&system, || Waiter { ctx: ComponentContext::uninitialised() });
    orders(timers, |order| waiter.tell(order))
}

#[derive(ComponentDefinition)]
struct Waiter {
    ctx: ComponentContext<Self>,
}

impl ComponentLifecycle for Waiter {}

impl Actor for Waiter {
    type Message = Order;

    fn receive_local(&mut self, order: Order) -> HandlerResult {
        let timers: Vec<_> = order
            .delays()
            .map(|delay| self.schedule_once(delay, |_, _| panic!("no timer is due for an hour")))
            .collect();
        let cancelled = timers.len();
        timers.into_iter().for_each(|timer| self.cancel_timer(timer));
        // Calls go to the timers' thread in order: when it has come to this one, all before it are done.
        self.schedule_once(Duration::ZERO, move |_, _| {
            order.end(cancelled as u64);
            Handled::OK
        });
        Handled::OK
    }
}
