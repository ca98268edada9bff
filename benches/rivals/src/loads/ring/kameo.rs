//! A node of kameo: `tell` to the next one, into an unbounded mailbox.

use std::sync::mpsc;

use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Ball, Pass, Rings, warm_up};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn rings(Rings { rings, nodes, hops }: Rings) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let (report, hashes) = mpsc::channel();
    let node = |index| {
        let node = Node { index, next: None, report: report.clone() };
        Node::spawn_with_mailbox(node, mailbox::unbounded())
    };
    let firsts: Vec<_> = (0..rings)
        .map(|_| {
            let ring: Vec<_> = (0..nodes).map(node).collect();
            for (node, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                node.tell(Next(next.clone())).try_send().expect("the node lives");
            }
            ring[0].clone()
        })
        .collect();
    Found::timed(warm_up(hops), hops, |hops| {
        for first in &firsts {
            first.tell(Ball::new(hops)).try_send().expect("the node lives");
        }
        hashes.iter().take(firsts.len()).sum()
    })
}

#[derive(kameo::Actor)]
struct Node {
    index: u64,
    next: Option<ActorRef<Node>>,
    report: mpsc::Sender<u64>,
}

struct Next(ActorRef<Node>);

impl Message<Next> for Node {
    type Reply = ();

    async fn handle(&mut self, Next(next): Next, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

impl Message<Ball> for Node {
    type Reply = ();

    async fn handle(&mut self, ball: Ball, _: &mut Context<Self, ()>) {
        match ball.pass(self.index) {
            Pass::On(ball) => {
                self.next.as_ref().expect("in a ring").tell(ball).try_send().expect("the node lives");
            }
            Pass::End(hash) => self.report.send(hash).expect("the main thread waits"),
        }
    }
}
