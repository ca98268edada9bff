//! Bare tokio: a task for each node, and an unbounded channel for each that has children.

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Parent, Part, Sum, trees};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn skynet(leaves: u64) -> Found {
    let runtime = runtimes::tokio();
    trees(leaves, |part, parent| {
        runtime.spawn(root(part, parent));
    })
}

/// The root, which is polled as its own task; its children are tasks that it starts.
async fn root(part: Part, parent: Parent<UnboundedSender<u64>>) {
    start(part, parent);
}

fn start(part: Part, parent: Parent<UnboundedSender<u64>>) {
    tokio::spawn(async move {
        if part.is_leaf() {
            return parent.bring(part.first, |parent| parent.send(part.first).expect("the parent waits"));
        }
        let (me, mut sums) = unbounded_channel();
        part.children().for_each(|part| start(part, Parent::Actor(me.clone())));
        let mut all = Sum::default();
        while let Some(sum) = sums.recv().await {
            if let Some(sum) = all.add(sum) {
                return parent.bring(sum, |parent| parent.send(sum).expect("the parent waits"));
            }
        }
    });
}
