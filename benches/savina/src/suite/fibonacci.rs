//! Fibonacci (8): an actor for each call of the naive recursion.
//!
//! Stresses: starting actors, a binary tree of them, and their end.
//!
//! Parameters: N = 25, where fib(1) = fib(2) = 1. Counted are the actors, as in the last column of the table of Verona BoC:
//! 150,049. Messages are twice as many: each actor is asked, and replies.
//!
//! Verified: the number, computed by doubling; and the actors, which add themselves up on the way.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 8, name: "fibonacci", parameters: "N = 25", play, tokio: Some(play_tokio) };

fn index(size: Size) -> u32 {
    size.pick(25, 12)
}

/// The number of an index, by doubling: F(2k) and F(2k + 1) from F(k) and F(k + 1), bit by bit of the index.
fn fibonacci(n: u32) -> u64 {
    let (mut this, mut next) = (0, 1);
    for bit in (0..u32::BITS - n.leading_zeros()).rev() {
        (this, next) = (this * (2 * next - this), this * this + next * next);
        if n >> bit & 1 == 1 {
            (this, next) = (next, this + next);
        }
    }
    this
}

/// The number of a subtree, and its actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subtree {
    number: u64,
    actors: u64,
}

impl Subtree {
    const LEAF: Self = Self { number: 1, actors: 1 };

    fn of(left: Self, right: Self) -> Self {
        Self { number: left.number + right.number, actors: left.actors + right.actors + 1 }
    }

    /// The whole tree: each leaf is a one of the sum, and there is a node less than leaves that has two children.
    fn expected(n: u32) -> Self {
        Self { number: fibonacci(n), actors: 2 * fibonacci(n) - 1 }
    }
}

/// To whom a node replies.
enum Parent {
    Node(ActorRef<Node>),
    /// The root's.
    Outside(mpsc::Sender<Subtree>),
}

struct Node {
    parent: Parent,
    /// The child that has replied.
    first: Option<Subtree>,
}

impl Node {
    fn of(parent: Parent) -> Self {
        Self { parent, first: None }
    }

    async fn reply(&self, tree: Subtree) {
        match &self.parent {
            Parent::Node(parent) => parent.tell(tree).await.expect("the parent lives"),
            // An error would mean that nobody waits for the result any more.
            Parent::Outside(report) => drop(report.send(tree)),
        }
    }
}

impl Actor for Node {}

struct Compute(u32);

impl Message for Compute {
    type Result = ();
}

impl Handler<Compute> for Node {
    async fn handle(&mut self, Compute(n): Compute, ctx: &mut ActorContext<Self>) {
        if n <= 2 {
            return self.reply(Subtree::LEAF).await;
        }
        let system = ctx.system();
        for n in [n - 1, n - 2] {
            let child = system.spawn(Node::of(Parent::Node(ctx.actor_ref()))).start().expect("the system runs");
            child.tell(Compute(n)).await.expect("the child lives");
        }
    }
}

impl Message for Subtree {
    type Result = ();
}

impl Handler<Subtree> for Node {
    async fn handle(&mut self, tree: Subtree, _: &mut ActorContext<Self>) {
        match self.first.take() {
            None => self.first = Some(tree),
            // Nobody reaches it any more, so it ends after this.
            Some(first) => self.reply(Subtree::of(first, tree)).await,
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let n = index(size);
    let expected = Subtree::expected(n);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    system.spawn(Node::of(Parent::Outside(report))).start()?.blocking_tell(Compute(n))?;
    let (outcome, tree) = outcome(started, expected.actors, &result)?;
    verify("the tree", expected, tree)?;
    Ok(outcome)
}

/// Starts the task of a node, which computes what it is asked for first, and asks it.
fn ask(n: u32) -> oneshot::Receiver<Subtree> {
    let (node, mut orders) = tokio_mpsc::channel::<(u32, oneshot::Sender<Subtree>)>(1);
    tokio::spawn(async move {
        let (n, reply) = orders.recv().await.expect("a node is asked");
        let tree = if n <= 2 {
            Subtree::LEAF
        } else {
            let (left, right) = (ask(n - 1), ask(n - 2));
            Subtree::of(left.await.expect("a child replies"), right.await.expect("a child replies"))
        };
        reply.send(tree).expect("the parent waits");
    });
    let (reply, tree) = oneshot::channel();
    node.try_send((n, reply)).expect("room for the only order");
    tree
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let n = index(size);
    let expected = Subtree::expected(n);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    runtime.spawn(async move {
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(ask(n).await.expect("the root replies"));
    });
    let (outcome, tree) = outcome(started, expected.actors, &result)?;
    verify("the tree", expected, tree)?;
    Ok(outcome)
}
