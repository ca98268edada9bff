//! A node of ractor: `cast` to the next one.

use std::sync::mpsc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{Ball, Pass, Rings, warm_up};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn rings(Rings { rings, nodes, hops }: Rings) -> Found {
    let runtime = runtimes::tokio();
    let (report, hashes) = mpsc::channel();
    let firsts: Vec<_> = (0..rings)
        .map(|_| {
            let node = |index| ractor_actor(&runtime, Node { index }, report.clone());
            let ring: Vec<_> = (0..nodes).map(node).collect();
            for (node, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                node.cast(ToNode::Next(next.clone())).expect("the node lives");
            }
            ring[0].clone()
        })
        .collect();
    Found::timed(warm_up(hops), hops, |hops| {
        for first in &firsts {
            first.cast(ToNode::Ball(Ball::new(hops))).expect("the node lives");
        }
        hashes.iter().take(firsts.len()).sum()
    })
}

enum ToNode {
    Next(ActorRef<ToNode>),
    Ball(Ball),
}

struct Node {
    index: u64,
}

struct State {
    next: Option<ActorRef<ToNode>>,
    report: mpsc::Sender<u64>,
}

impl Actor for Node {
    type Msg = ToNode;
    type State = State;
    type Arguments = mpsc::Sender<u64>;

    async fn pre_start(&self, _: ActorRef<ToNode>, report: mpsc::Sender<u64>) -> Result<State, ActorProcessingErr> {
        Ok(State { next: None, report })
    }

    async fn handle(&self, _: ActorRef<ToNode>, message: ToNode, state: &mut State) -> Result<(), ActorProcessingErr> {
        match message {
            ToNode::Next(next) => state.next = Some(next),
            ToNode::Ball(ball) => match ball.pass(self.index) {
                Pass::On(ball) => state.next.as_ref().expect("in a ring").cast(ToNode::Ball(ball))?,
                Pass::End(hash) => state.report.send(hash).expect("the main thread waits"),
            },
        }
        Ok(())
    }
}
