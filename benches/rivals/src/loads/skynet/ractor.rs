//! ractor: children are spawned in `pre_start` by `spawn_instant`, and a child casts its sum to its parent.

use ractor::{Actor, ActorProcessingErr, ActorRef, ActorRuntime};

use super::{Parent, Part, Sum, trees};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn skynet(leaves: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    trees(leaves, |part, parent| {
        ActorRuntime::spawn_instant(None, Node(parent), part).expect("it has no name that others have");
    })
}

struct Node(Parent<ActorRef<u64>>);

impl Node {
    fn end(&self, sum: u64, me: &ActorRef<u64>) {
        self.0.bring(sum, |parent| parent.cast(sum).expect("the parent waits"));
        me.stop(None);
    }
}

impl Actor for Node {
    type Msg = u64;
    type State = Sum;
    type Arguments = Part;

    async fn pre_start(&self, me: ActorRef<u64>, part: Part) -> Result<Sum, ActorProcessingErr> {
        if part.is_leaf() {
            self.end(part.first, &me);
        } else {
            for part in part.children() {
                ActorRuntime::spawn_instant(None, Self(Parent::Actor(me.clone())), part)?;
            }
        }
        Ok(Sum::default())
    }

    async fn handle(&self, me: ActorRef<u64>, sum: u64, state: &mut Sum) -> Result<(), ActorProcessingErr> {
        if let Some(sum) = state.add(sum) {
            self.end(sum, &me);
        }
        Ok(())
    }
}
