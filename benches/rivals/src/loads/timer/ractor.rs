//! ractor: `send_after`, which starts a task that sleeps, and `abort`; the task's end is awaited. Tasks that no worker has
//! come to yet have no timer of tokio's, which makes them cheaper.

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{Order, orders};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn timers(timers: u64) -> Found {
    let runtime = runtimes::tokio();
    let waiter = ractor_actor(&runtime, Waiter, ());
    orders(timers, |order| waiter.cast(ToWaiter::Order(order)).expect("the actor lives"))
}

enum ToWaiter {
    Order(Order),
    Due,
}

struct Waiter;

impl Actor for Waiter {
    type Msg = ToWaiter;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<ToWaiter>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, me: ActorRef<ToWaiter>, message: ToWaiter, (): &mut ()) -> Result<(), ActorProcessingErr> {
        let ToWaiter::Order(order) = message else { panic!("no timer is due for an hour") };
        let timers: Vec<_> = order.delays().map(|delay| me.send_after(delay, || ToWaiter::Due)).collect();
        timers.iter().for_each(|timer| timer.abort());
        let mut cancelled = 0;
        for timer in timers {
            cancelled += u64::from(timer.await.is_err_and(|error| error.is_cancelled()));
        }
        order.end(cancelled);
        Ok(())
    }
}
