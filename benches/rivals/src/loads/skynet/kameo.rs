//! kameo: children are spawned in `on_start`, and a child tells its parent. A leaf ends since nothing refers to it.

use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Parent, Part, Sum, trees};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn skynet(leaves: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    trees(leaves, |part, parent| {
        Node::spawn_with_mailbox((part, parent), mailbox::unbounded());
    })
}

struct Node {
    parent: Parent<ActorRef<Node>>,
    sum: Sum,
}

impl Node {
    fn bring(&self, sum: u64) {
        self.parent.bring(sum, |parent| parent.tell(Brought(sum)).try_send().expect("the parent waits"));
    }
}

impl Actor for Node {
    type Args = (Part, Parent<ActorRef<Self>>);
    type Error = Infallible;

    async fn on_start((part, parent): Self::Args, me: ActorRef<Self>) -> Result<Self, Infallible> {
        let node = Self { parent, sum: Sum::default() };
        if part.is_leaf() {
            node.bring(part.first);
        } else {
            for part in part.children() {
                Self::spawn_with_mailbox((part, Parent::Actor(me.clone())), mailbox::unbounded());
            }
        }
        Ok(node)
    }
}

struct Brought(u64);

impl Message<Brought> for Node {
    type Reply = ();

    async fn handle(&mut self, Brought(sum): Brought, ctx: &mut Context<Self, ()>) {
        if let Some(sum) = self.sum.add(sum) {
            self.bring(sum);
            ctx.stop();
        }
    }
}
