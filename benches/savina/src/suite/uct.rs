//! Unbalanced Cobwebbed Tree (26): a tree grows at random, every node an actor: each asks the root whether it may have
//! children, until there are enough. Then the tree is walked, and each node computes for a while.
//!
//! Stresses: spawning 200,000 actors from everywhere, one actor that all ask, and a load that depends on chance.
//!
//! Parameters: 200,000 nodes at most, a normal distribution of work with mean 500 and deviation 100 (here: steps of a
//! linear congruence), 10 children, of half of the families one child that is urgent. A
//! message is one of a node's way: that it may try, its question, the root's consent, the walk on its way down and up.
//!
//! All mailboxes are the usual ones: a node that asks waits for room at the root, and the root never waits, since a node
//! has few messages.
//!
//! Priorities: a parent sends the walk to its urgent child first; mailboxes have none.
//!
//! Verified: the tree is built once more in sequence, by the order in which the root was asked; all its nodes have
//! asked once, and their number, work and height, the urgent ones and the sum of what they computed are what the walk
//! has found.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, Recipient};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 26,
    name: "uct",
    parameters: "200,000 nodes, work 500 +- 100, 10 children, 50 % urgent",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    /// The most that there may be, with the root.
    nodes: usize,
    work: f64,
    deviation: f64,
    children: usize,
    /// Of a hundred families, those with an urgent child.
    urgent: u64,
    seed: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { nodes: 200_000, work: 500.0, deviation: 100.0, children: 10, urgent: 50, seed: 2 };
        size.pick(suite, Self { nodes: 500, work: 50.0, deviation: 10.0, ..suite })
    }
}

/// What the root allows a node, and how it decides.
struct Growth {
    parameters: Parameters,
    random: Random,
    /// Nodes, with the root.
    size: usize,
}

/// The children that a node may have.
#[derive(Clone, Copy)]
struct Family {
    /// The number of the first; the others follow.
    first: usize,
    work: u64,
    urgent: Option<usize>,
}

impl Growth {
    fn new(parameters: Parameters) -> Self {
        Self { parameters, random: Random::new(parameters.seed), size: 1 }
    }

    /// Whether there is room for one more family.
    fn has_room(&self) -> bool {
        self.size + self.parameters.children <= self.parameters.nodes
    }

    fn family(&mut self) -> Family {
        let Parameters { work, deviation, children, urgent, .. } = self.parameters;
        let work = (work + deviation * self.normal()).max(0.0) as u64;
        let is_urgent = self.random.below(100) < urgent;
        let urgent = is_urgent.then(|| self.random.below(children as u64) as usize);
        let first = self.size;
        self.size += children;
        Family { first, work, urgent }
    }

    /// Decides on a node's question.
    fn decide(&mut self) -> Option<Family> {
        (self.has_room() && self.random.below(2) == 0).then(|| self.family())
    }

    /// A number of the normal distribution (Box and Muller, 1958).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.random.unit(), self.random.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

/// What a node does when the walk comes: something that depends on every step of it.
fn compute(number: usize, work: u64) -> u64 {
    (0..work).fold(number as u64, |sum, _| {
        sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
    })
}

/// What the walk finds in a part of the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    nodes: usize,
    urgent: usize,
    work: u64,
    height: usize,
    sum: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.urgent += other.urgent;
        self.work += other.work;
        self.height = self.height.max(other.height);
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Traits {
    number: usize,
    height: usize,
    work: u64,
    is_urgent: bool,
}

impl Traits {
    /// Those of a family's children.
    fn of(family: Family, height: usize, children: usize) -> impl Iterator<Item = Self> {
        let Family { first, work, urgent } = family;
        (0..children).map(move |child| Self { number: first + child, height, work, is_urgent: urgent == Some(child) })
    }

    fn tally(self) -> Tally {
        let Self { number, height, work, is_urgent } = self;
        Tally { nodes: 1, urgent: is_urgent.into(), work, height, sum: compute(number, work) }
    }
}

/// Children, and what is known of the part of the tree below.
#[derive(Default)]
struct Below {
    /// The urgent one first.
    children: Vec<ActorRef<Node>>,
    unvisited: usize,
    tally: Tally,
}

impl Below {
    /// Sends the walk down.
    async fn walk(&mut self) {
        self.unvisited = self.children.len();
        for child in &self.children {
            child.tell(Walk).await.expect("a node lives until it was visited");
        }
    }

    /// The walk is back from a child. Returns whether it was the last.
    fn visited(&mut self, tally: Tally) -> bool {
        self.tally.add(tally);
        self.unvisited -= 1;
        self.unvisited == 0
    }
}

/// Spawns children and has them ask.
async fn grow<A: Actor>(
    parent: &Recipient<Visited>,
    root: &ActorRef<Root>,
    traits: impl Iterator<Item = Traits>,
    ctx: &ActorContext<A>,
) -> Below {
    let mut below = Below::default();
    for traits in traits {
        let node = Node { traits, parent: parent.clone(), root: root.clone(), below: Below::default() };
        let node = ctx.system().spawn(node).start().expect("the system runs");
        node.tell(Try).await.expect("it has just started");
        below.children.push(node);
        if traits.is_urgent {
            let last = below.children.len() - 1;
            below.children.swap(0, last);
        }
    }
    below
}

struct Node {
    traits: Traits,
    parent: Recipient<Visited>,
    root: ActorRef<Root>,
    below: Below,
}

impl Actor for Node {}

/// The node may ask for children.
struct Try;

impl Message for Try {
    type Result = ();
}

impl Handler<Try> for Node {
    async fn handle(&mut self, _: Try, ctx: &mut ActorContext<Self>) {
        let ask = Ask { number: self.traits.number, height: self.traits.height, from: ctx.actor_ref() };
        self.root.tell(ask).await.expect("the root waits for all");
    }
}

/// The node has children. It comes before the walk: the root has sent it before it let the walk begin, and a message
/// has its place when it was sent to somebody who has room.
struct Grow {
    family: Family,
    children: usize,
}

impl Message for Grow {
    type Result = ();
}

impl Handler<Grow> for Node {
    async fn handle(&mut self, Grow { family, children }: Grow, ctx: &mut ActorContext<Self>) {
        let traits = Traits::of(family, self.traits.height + 1, children);
        self.below = grow(&ctx.actor_ref().recipient(), &self.root, traits, ctx).await;
    }
}

/// The walk, on its way down.
struct Walk;

impl Message for Walk {
    type Result = ();
}

impl Handler<Walk> for Node {
    async fn handle(&mut self, _: Walk, ctx: &mut ActorContext<Self>) {
        // Urgent or not, children get it first, and may compute at the same time.
        self.below.walk().await;
        self.below.tally.add(self.traits.tally());
        if self.below.children.is_empty() {
            self.finish(ctx).await;
        }
    }
}

/// The walk, on its way up.
struct Visited(Tally);

impl Message for Visited {
    type Result = ();
}

impl Handler<Visited> for Node {
    async fn handle(&mut self, Visited(tally): Visited, ctx: &mut ActorContext<Self>) {
        if self.below.visited(tally) {
            self.finish(ctx).await;
        }
    }
}

impl Node {
    async fn finish(&mut self, ctx: &ActorContext<Self>) {
        self.parent.tell(Visited(self.below.tally)).await.expect("a parent waits for its children");
        // Parents and children keep each other alive.
        ctx.stop();
    }
}

struct Root {
    growth: Growth,
    below: Below,
    asked: Vec<Asked>,
    walks: bool,
    report: mpsc::Sender<Tree>,
}

/// A question that the root had.
#[derive(Clone, Copy, Debug)]
struct Asked {
    number: usize,
    height: usize,
}

/// What is known of the tree in the end.
struct Tree {
    tally: Tally,
    /// In the order in which the root answered.
    asked: Vec<Asked>,
    size: usize,
}

impl Actor for Root {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let children = self.growth.parameters.children;
        let traits = Traits::of(self.growth.family(), 2, children);
        self.below = grow(&ctx.actor_ref().recipient(), &ctx.actor_ref(), traits, ctx).await;
        Ok(())
    }
}

/// A node asks for children.
struct Ask {
    number: usize,
    height: usize,
    from: ActorRef<Node>,
}

impl Message for Ask {
    type Result = ();
}

impl Handler<Ask> for Root {
    async fn handle(&mut self, Ask { number, height, from }: Ask, _: &mut ActorContext<Self>) {
        self.asked.push(Asked { number, height });
        if let Some(family) = self.growth.decide() {
            let children = self.growth.parameters.children;
            from.tell(Grow { family, children }).await.expect("a node lives until it was visited");
        }
        let all_have_asked = self.asked.len() == self.growth.size - 1;
        if !self.walks && (all_have_asked || !self.growth.has_room()) {
            self.walks = true;
            self.below.walk().await;
        }
    }
}

impl Handler<Visited> for Root {
    async fn handle(&mut self, Visited(tally): Visited, ctx: &mut ActorContext<Self>) {
        if self.below.visited(tally) {
            let asked = std::mem::take(&mut self.asked);
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(Tree { tally: self.below.tally, asked, size: self.growth.size });
            ctx.stop();
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, tree) = run(system, parameters)?;
    check(parameters, &tree)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Tree), Failure> {
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let growth = Growth::new(parameters);
    system.spawn(Root { growth, below: Below::default(), asked: Vec::new(), walks: false, report }).start()?;
    let (outcome, tree) = outcome(started, 0, &result)?;
    // Of each node four, and one per family but the first.
    let messages = 4 * (tree.size - 1) + (tree.size - 1) / parameters.children - 1;
    Ok((Outcome { messages: messages as u64, ..outcome }, tree))
}

fn check(parameters: Parameters, tree: &Tree) -> Result<(), Failure> {
    let mut growth = Growth::new(parameters);
    let mut nodes: Vec<_> = Traits::of(growth.family(), 2, parameters.children).collect();
    let mut have_asked = HashSet::new();
    for &Asked { number, height } in &tree.asked {
        // Number 1 is the first one: the root doesn't ask.
        let node = number.checked_sub(1).and_then(|index| nodes.get(index));
        verify(&format!("node {number} and its height"), Some((number, height)), node.map(|n| (n.number, n.height)))?;
        verify(&format!("whether node {number} asks for the first time"), true, have_asked.insert(number))?;
        if let Some(family) = growth.decide() {
            nodes.extend(Traits::of(family, height + 1, parameters.children));
        }
    }
    verify("how many nodes there are", growth.size, tree.size)?;
    verify("how many have asked", tree.size - 1, tree.asked.len())?;
    let mut tally = Tally::default();
    nodes.iter().for_each(|node| tally.add(node.tally()));
    verify("what the walk finds", tally, tree.tally)
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, Tree, check, run};
    use crate::benchmark::Size;

    #[test]
    fn lost_nodes_and_wrong_work_are_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, tree) = run(&system, parameters).expect("a result");
        check(parameters, &tree).expect("right");
        let changed = |change: fn(&mut Tree)| {
            let mut changed = Tree { asked: tree.asked.clone(), ..tree };
            change(&mut changed);
            check(parameters, &changed)
        };
        changed(|_| {}).expect("right");
        assert!(changed(|tree| tree.tally.nodes -= 1).is_err());
        assert!(changed(|tree| tree.tally.sum ^= 1).is_err());
        assert!(changed(|tree| tree.tally.urgent += 1).is_err());
        assert!(changed(|tree| tree.size -= 1).is_err());
        assert!(changed(|tree| tree.asked.truncate(300)).is_err());
        assert!(changed(|tree| tree.asked[200] = tree.asked[100]).is_err());
        assert!(changed(|tree| tree.asked[400].height += 1).is_err());
    }

    #[test]
    fn a_tree_that_stops_growing_is_walked() {
        let system = ActorSystem::new().expect("a system");
        // One child each: half of the trees end at the first question.
        for seed in 0..8 {
            let parameters = Parameters { children: 1, seed, ..Parameters::new(Size::Test) };
            let (_, tree) = run(&system, parameters).expect("a result");
            check(parameters, &tree).expect("right");
            assert!(tree.size < parameters.nodes, "or the test tests nothing");
        }
    }
}
