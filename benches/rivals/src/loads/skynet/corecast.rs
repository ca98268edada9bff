//! corecast: children are started in `pre_start`, and a child tells its parent.

use corecast::{Actor, ActorContext, ActorError, ActorRef, Handler, Message};

use super::{Parent, Part, Sum, trees};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn skynet(leaves: u64) -> Found {
    let system = runtimes::corecast();
    trees(leaves, |part, parent| {
        system.spawn(Node { part, parent, sum: Sum::default() }).start().expect("the system runs");
    })
}

struct Node {
    part: Part,
    parent: Parent<ActorRef<Node>>,
    sum: Sum,
}

impl Node {
    fn end(&self, sum: u64, ctx: &mut ActorContext<Self>) {
        self.parent.bring(sum, |parent| parent.try_tell(Brought(sum)).expect("room"));
        ctx.stop();
    }
}

impl Actor for Node {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        if self.part.is_leaf() {
            self.end(self.part.first, ctx);
            return Ok(());
        }
        let (system, parent) = (ctx.system(), ctx.actor_ref());
        for part in self.part.children() {
            let parent = Parent::Actor(parent.clone());
            system.spawn(Node { part, parent, sum: Sum::default() }).start()?;
        }
        Ok(())
    }
}

struct Brought(u64);

impl Message for Brought {
    type Result = ();
}

impl Handler<Brought> for Node {
    async fn handle(&mut self, Brought(sum): Brought, ctx: &mut ActorContext<Self>) {
        if let Some(sum) = self.sum.add(sum) {
            self.end(sum, ctx);
        }
    }
}
