//! kameo: `send_after`, which starts a task that sleeps, and `abort`; the task's end is awaited. Tasks that no worker has
//! come to yet have no timer of tokio's, which makes them cheaper.

use kameo::actor::Spawn;
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Order, orders};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn timers(timers: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let waiter = Waiter::spawn_with_mailbox(Waiter, mailbox::unbounded());
    orders(timers, |order| waiter.tell(order).try_send().expect("the actor lives"))
}

#[derive(kameo::Actor)]
struct Waiter;

struct Due;

impl Message<Due> for Waiter {
    type Reply = ();

    async fn handle(&mut self, _: Due, _: &mut Context<Self, ()>) {
        panic!("no timer is due for an hour");
    }
}

impl Message<Order> for Waiter {
    type Reply = ();

    async fn handle(&mut self, order: Order, ctx: &mut Context<Self, ()>) {
        let me = ctx.actor_ref();
        let timers: Vec<_> = order.delays().map(|delay| me.tell(Due).send_after(delay)).collect();
        timers.iter().for_each(|timer| timer.abort());
        let mut cancelled = 0;
        for timer in timers {
            cancelled += u64::from(timer.await.is_err_and(|error| error.is_cancelled()));
        }
        order.end(cancelled);
    }
}
