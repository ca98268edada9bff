//! kompact: children are created and started in `on_start`, and a child tells its parent.

use kompact::prelude::{
    Actor, ActorRefFactory, ActorRefStrong, Component, ComponentContext, ComponentDefinition, ComponentLifecycle,
    DynamicPortAccess, ExecuteResult, Handled, HandlerResult, SystemHandle,
};

use super::{Parent, Part, Sum, trees};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn skynet(leaves: u64) -> Found {
    let system = runtimes::kompact();
    trees(leaves, |part, parent| {
        let root = system.create(|| Node::new(part, parent));
        system.start(&root);
    })
}

#[derive(ComponentDefinition)]
struct Node {
    ctx: ComponentContext<Self>,
    part: Part,
    parent: Parent<ActorRefStrong<u64>>,
    sum: Sum,
}

impl Node {
    fn new(part: Part, parent: Parent<ActorRefStrong<u64>>) -> Self {
        Self { ctx: ComponentContext::uninitialised(), part, parent, sum: Sum::default() }
    }

    fn end(&self, sum: u64) -> HandlerResult {
        self.parent.bring(sum, |parent| parent.tell(sum));
        Handled::SHUTDOWN
    }
}

impl ComponentLifecycle for Node {
    fn on_start(&mut self) -> HandlerResult {
        if self.part.is_leaf() {
            return self.end(self.part.first);
        }
        let (system, me) = (self.ctx.system(), self.actor_ref().hold().expect("it runs"));
        for part in self.part.children() {
            let child = system.create(|| Self::new(part, Parent::Actor(me.clone())));
            system.start(&child);
        }
        Handled::OK
    }
}

impl Actor for Node {
    type Message = u64;

    fn receive_local(&mut self, sum: u64) -> HandlerResult {
        match self.sum.add(sum) {
            Some(sum) => self.end(sum),
            None => Handled::OK,
        }
    }
}
