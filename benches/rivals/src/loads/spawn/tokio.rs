//! Bare tokio: a task with an unbounded channel, which ends after its message.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Census, Lives, passes};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn spawn(lives: u64) -> Found {
    let runtime = runtimes::tokio();
    let (driver, mut orders) = unbounded_channel();
    let me = driver.clone();
    runtime.spawn(async move {
        let mut running = None;
        while let Some(order) = orders.recv().await {
            if let ToDriver::Live(new) = order {
                running = Some(new);
            }
            let lives: &mut Lives = running.as_mut().expect("begun");
            for n in lives.batch() {
                let (to_mayfly, mut messages) = unbounded_channel();
                let mayfly = Mayfly { census: Arc::clone(&lives.census), driver: me.clone() };
                tokio::spawn(async move {
                    if let Some(n) = messages.recv().await {
                        mayfly.census.handled(n);
                    }
                });
                to_mayfly.send(n).expect("it waits for its message");
            }
        }
    });
    passes(lives, |lives| assert!(driver.send(ToDriver::Live(lives)).is_ok(), "the driver lives"))
}

enum ToDriver {
    Live(Lives),
    /// The last one of a batch is gone.
    Gone,
}

struct Mayfly {
    census: Arc<Census>,
    driver: UnboundedSender<ToDriver>,
}

impl Drop for Mayfly {
    fn drop(&mut self) {
        if self.census.gone() {
            assert!(self.driver.send(ToDriver::Gone).is_ok(), "the driver lives");
        }
    }
}
