//! Bare tokio: a `DelayQueue` of tokio-util, which the actor polls together with its channel. A task that sleeps for each
//! timer is slower.

use tokio::sync::mpsc::unbounded_channel;
use tokio_util::time::DelayQueue;

use super::{Order, orders};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn timers(timers: u64) -> Found {
    let runtime = runtimes::tokio();
    let (waiter, mut messages) = unbounded_channel::<Order>();
    runtime.spawn(async move {
        let mut queue = DelayQueue::new();
        loop {
            let order = tokio::select! {
                order = messages.recv() => order,
                Some(_) = std::future::poll_fn(|cx| queue.poll_expired(cx)) => panic!("no timer is due for an hour"),
            };
            let Some(order) = order else { break };
            let timers: Vec<_> = order.delays().map(|delay| queue.insert((), delay)).collect();
            let cancelled = timers.iter().filter_map(|timer| queue.try_remove(timer)).count();
            drop(timers);
            order.end(cancelled as u64);
        }
    });
    orders(timers, |order| waiter.send(order).expect("the actor lives"))
}
