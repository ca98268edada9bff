//! actix: children are started in `started`, and a child tells its parent. The root's children have the arbiters in turn,
//! and whoever is below them shares theirs.

use actix::{Actor, ActorContext, Addr, ArbiterHandle, AsyncContext, Context, Handler, Message};

use super::{Parent, Part, Sum, trees};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn skynet(leaves: u64) -> Found {
    let actix = runtimes::actix();
    trees(leaves, |part, parent| {
        let node = Node { part, parent, sum: Sum::default(), arbiters: actix.arbiters.to_vec() };
        Node::start_in_arbiter(&actix.arbiters[0], |_| node);
    })
}

struct Node {
    part: Part,
    parent: Parent<Addr<Node>>,
    sum: Sum,
    /// Where its children are started, by turns; none for its own arbiter.
    arbiters: Vec<ArbiterHandle>,
}

impl Node {
    fn end(&self, sum: u64, ctx: &mut Context<Self>) {
        self.parent.bring(sum, |parent| parent.do_send(Brought(sum)));
        ctx.stop();
    }
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if self.part.is_leaf() {
            return self.end(self.part.first, ctx);
        }
        let mut arbiters = self.arbiters.iter().cycle();
        for part in self.part.children() {
            let parent = Parent::Actor(ctx.address());
            let child = Self { part, parent, sum: Sum::default(), arbiters: Vec::new() };
            match arbiters.next() {
                Some(arbiter) => Self::start_in_arbiter(arbiter, |_| child),
                None => child.start(),
            };
        }
    }
}

#[derive(Message)]
#[rtype("()")]
struct Brought(u64);

impl Handler<Brought> for Node {
    type Result = ();

    fn handle(&mut self, Brought(sum): Brought, ctx: &mut Context<Self>) {
        if let Some(sum) = self.sum.add(sum) {
            self.end(sum, ctx);
        }
    }
}
