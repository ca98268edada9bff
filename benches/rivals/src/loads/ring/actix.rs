//! A node of actix: `do_send` to the next one, in the same arbiter. Several rings have the arbiters in turn.

use std::sync::mpsc;

use actix::{Actor, Addr, Context, Handler, Message};

use super::{Ball, Pass, Rings, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn rings(Rings { rings, nodes, hops }: Rings) -> Found {
    let actix = runtimes::actix();
    let (report, hashes) = mpsc::channel();
    let firsts: Vec<_> = (0..rings as usize)
        .map(|ring| {
            let node = |index| {
                let node = Node { index, next: None, report: report.clone() };
                Node::start_in_arbiter(&actix.arbiters[ring % actix.arbiters.len()], |_| node)
            };
            let ring: Vec<_> = (0..nodes).map(node).collect();
            for (node, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                node.do_send(Next(next.clone()));
            }
            ring[0].clone()
        })
        .collect();
    Found::timed(warm_up(hops), hops, |hops| {
        for first in &firsts {
            first.do_send(Ball::new(hops));
        }
        hashes.iter().take(firsts.len()).sum()
    })
}

struct Node {
    index: u64,
    next: Option<Addr<Node>>,
    report: mpsc::Sender<u64>,
}

impl Actor for Node {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype("()")]
struct Next(Addr<Node>);

impl Handler<Next> for Node {
    type Result = ();

    fn handle(&mut self, Next(next): Next, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Message for Ball {
    type Result = ();
}

impl Handler<Ball> for Node {
    type Result = ();

    fn handle(&mut self, ball: Ball, _: &mut Context<Self>) {
        match ball.pass(self.index) {
            Pass::On(ball) => self.next.as_ref().expect("in a ring").do_send(ball),
            Pass::End(hash) => self.report.send(hash).expect("the main thread waits"),
        }
    }
}
