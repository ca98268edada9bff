//! actix: tasks of the arbiter that sleep, and `abort`; the task's end is awaited.
//!
//! `ctx.notify_later` and `ctx.cancel_future` are what an actor would use for a few. An actor polls all of its timers
//! whenever it is woken, and looks through all of them to cancel one, so that a million would never be done. Tasks that
//! the arbiter has not come to yet have no timer of tokio's, which makes them cheaper.

use actix::clock::sleep;
use actix::{Actor, AsyncContext, Context, Handler, Message, ResponseFuture, spawn};

use super::{Order, orders};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn timers(timers: u64) -> Found {
    let actix = runtimes::actix();
    let waiter = Waiter::start_in_arbiter(&actix.arbiters[0], |_| Waiter);
    orders(timers, |order| waiter.do_send(order))
}

struct Waiter;

impl Actor for Waiter {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype("()")]
struct Due;

impl Handler<Due> for Waiter {
    type Result = ();

    fn handle(&mut self, _: Due, _: &mut Context<Self>) {
        panic!("no timer is due for an hour");
    }
}

impl Message for Order {
    type Result = ();
}

impl Handler<Order> for Waiter {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, order: Order, ctx: &mut Context<Self>) -> ResponseFuture<()> {
        let me = ctx.address();
        let arm = |delay| {
            let me = me.clone();
            spawn(async move {
                sleep(delay).await;
                me.do_send(Due);
            })
        };
        let timers: Vec<_> = order.delays().map(arm).collect();
        Box::pin(async move {
            timers.iter().for_each(|timer| timer.abort());
            let mut cancelled = 0;
            for timer in timers {
                cancelled += u64::from(timer.await.is_err_and(|error| error.is_cancelled()));
            }
            order.end(cancelled);
        })
    }
}
