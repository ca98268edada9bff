//! A node of kompact: a component that tells the next one through a strong reference.

use std::sync::mpsc;

use kompact::prelude::{
    Actor, ActorRefStrong, Component, ComponentContext, ComponentDefinition, ComponentLifecycle, DynamicPortAccess,
    ExecuteResult, Handled, HandlerResult,
};

use super::{Ball, Pass, Rings, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn rings(Rings { rings, nodes, hops }: Rings) -> Found {
    let system = runtimes::kompact();
    let (report, hashes) = mpsc::channel();
    let node = |index| {
        let ctx = ComponentContext::uninitialised();
        kompact_actor(&system, || Node { ctx, index, next: None, report: report.clone() })
    };
    let firsts: Vec<_> = (0..rings)
        .map(|_| {
            let ring: Vec<_> = (0..nodes).map(node).collect();
            for (node, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                node.tell(ToNode::Next(next.clone()));
            }
            ring[0].clone()
        })
        .collect();
    Found::timed(warm_up(hops), hops, |hops| {
        for first in &firsts {
            first.tell(ToNode::Ball(Ball::new(hops)));
        }
        hashes.iter().take(firsts.len()).sum()
    })
}

#[derive(Debug)]
enum ToNode {
    Next(ActorRefStrong<ToNode>),
    Ball(Ball),
}

#[derive(ComponentDefinition)]
struct Node {
    ctx: ComponentContext<Self>,
    index: u64,
    next: Option<ActorRefStrong<ToNode>>,
    report: mpsc::Sender<u64>,
}

impl ComponentLifecycle for Node {}

impl Actor for Node {
    type Message = ToNode;

    fn receive_local(&mut self, message: ToNode) -> HandlerResult {
        match message {
            ToNode::Next(next) => self.next = Some(next),
            ToNode::Ball(ball) => match ball.pass(self.index) {
                Pass::On(ball) => self.next.as_ref().expect("in a ring").tell(ToNode::Ball(ball)),
                Pass::End(hash) => self.report.send(hash).expect("the main thread waits"),
            },
        }
        Handled::OK
    }
}
