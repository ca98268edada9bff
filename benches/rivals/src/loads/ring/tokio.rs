//! A node on bare tokio: a task, and an unbounded channel to the next one.

use std::sync::mpsc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Ball, Pass, Rings, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn rings(Rings { rings, nodes, hops }: Rings) -> Found {
    let runtime = runtimes::tokio();
    let (report, hashes) = mpsc::channel();
    let firsts: Vec<_> = (0..rings)
        .map(|_| {
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..nodes).map(|_| unbounded_channel()).unzip();
            let nexts: Vec<UnboundedSender<Ball>> =
                senders.iter().cycle().skip(1).take(senders.len()).cloned().collect();
            for ((index, mut balls), next) in (0..).zip(receivers).zip(nexts) {
                let report = report.clone();
                runtime.spawn(async move {
                    while let Some(ball) = balls.recv().await {
                        match Ball::pass(ball, index) {
                            Pass::On(ball) => assert!(next.send(ball).is_ok(), "the node lives"),
                            Pass::End(hash) => report.send(hash).expect("the main thread waits"),
                        }
                    }
                });
            }
            senders[0].clone()
        })
        .collect();
    Found::timed(warm_up(hops), hops, |hops| {
        for first in &firsts {
            assert!(first.send(Ball::new(hops)).is_ok(), "the node lives");
        }
        hashes.iter().take(firsts.len()).sum()
    })
}
