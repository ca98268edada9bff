//! A node of corecast: `try_tell` to the next one.

use std::sync::mpsc;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use super::{Ball, Pass, Rings, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn rings(Rings { rings, nodes, hops }: Rings) -> Found {
    let system = runtimes::corecast();
    let (report, hashes) = mpsc::channel();
    let node = |index| {
        let node = Node { index, next: None, report: report.clone() };
        system.spawn(node).start().expect("the system runs")
    };
    let firsts: Vec<_> = (0..rings)
        .map(|_| {
            let ring: Vec<_> = (0..nodes).map(node).collect();
            for (node, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                node.blocking_send(Next(next.clone())).expect("the node lives");
            }
            ring[0].clone()
        })
        .collect();
    Found::timed(warm_up(hops), hops, |hops| {
        for first in &firsts {
            first.try_tell(Ball::new(hops)).expect("room");
        }
        hashes.iter().take(firsts.len()).sum()
    })
}

struct Node {
    index: u64,
    next: Option<ActorRef<Node>>,
    report: mpsc::Sender<u64>,
}

impl Actor for Node {}

struct Next(ActorRef<Node>);

impl Message for Next {
    type Result = ();
}

impl Handler<Next> for Node {
    async fn handle(&mut self, Next(next): Next, _: &mut ActorContext<Self>) {
        self.next = Some(next);
    }
}

impl Message for Ball {
    type Result = ();
}

impl Handler<Ball> for Node {
    async fn handle(&mut self, ball: Ball, _: &mut ActorContext<Self>) {
        match ball.pass(self.index) {
            Pass::On(ball) => self.next.as_ref().expect("in a ring").try_tell(ball).expect("room"),
            Pass::End(hash) => self.report.send(hash).expect("the main thread waits"),
        }
    }
}
