//! A* Search (18): a master and its workers look for a path through a grid of three dimensions. A worker goes on from a
//! node as far as its threshold allows, and hands the nodes back that it has found and not visited.
//!
//! Stresses: a master that is asked and answers all the time, pieces of uneven work, and priorities.
//!
//! Parameters: 20 workers, a grid of 30 by 30 by 30 nodes, a threshold of 1,024 nodes per piece, 30 priorities. (The
//! runner of Lingua Franca has a threshold of 2,014.) The origin is one corner, and the target lies at four fifths of
//! each side. A node is linked to some of the six next ones, away from the origin, by the toss of a coin. A message is
//! a piece of work, to the master or to a worker, or a worker's word that it is done.
//!
//! As in the suite the nodes' parents are shared memory, set by whoever comes first, and any path will do: the first
//! that reaches the target ends the search. The master keeps the pieces by priority (see [`crew`](crate::crew)): the
//! nearer to the target the higher, in 30 steps.
//!
//! Verified: that there is a path if and only if a search by breadth finds one, that each of its steps is a link of the
//! grid, from the origin to the target, and that it isn't shorter than the shortest.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::crew::Crew;
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 18,
    name: "a-star",
    parameters: "20 workers, grid 30, threshold 1,024, 30 priorities",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    workers: usize,
    /// Nodes along a side.
    side: u32,
    /// Nodes that a worker visits for one piece.
    threshold: usize,
    priorities: u32,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { workers: 20, side: 30, threshold: 1_024, priorities: 30 };
        size.pick(suite, Self { side: 12, threshold: 32, ..suite })
    }

    fn target(self) -> u32 {
        let along = self.side * 4 / 5;
        (along * self.side + along) * self.side + along
    }
}

/// The links of a node.
const DIRECTIONS: [[u32; 3]; 6] = [[0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0]];

/// The grid's origin.
const ORIGIN: u32 = 0;

/// No parent yet.
const NOBODY: u32 = u32::MAX;

struct Grid {
    parameters: Parameters,
    links: Vec<Vec<u32>>,
    parents: Vec<AtomicU32>,
}

impl Grid {
    fn new(parameters: Parameters) -> Self {
        let side = parameters.side;
        let mut random = Random::new(30);
        let mut links = Vec::new();
        for node in 0..side.pow(3) {
            let at = [node / side / side, node / side % side, node % side];
            let mut linked = Vec::new();
            for direction in DIRECTIONS {
                let [x, y, z] = [0, 1, 2].map(|axis| (at[axis] + direction[axis]).min(side - 1));
                let next = (x * side + y) * side + z;
                let is_last_chance = direction == [1, 1, 0] && linked.is_empty();
                if (is_last_chance || random.below(2) == 0) && next != node && !linked.contains(&next) {
                    linked.push(next);
                }
            }
            links.push(linked);
        }
        let parents = links.iter().map(|_| AtomicU32::new(NOBODY)).collect();
        Self { parameters, links, parents }
    }

    /// Whether this is the first way to `node`.
    fn reach(&self, node: u32, from: u32) -> bool {
        // ORDERING: Relaxed, twice; a parent says nothing but its number. Whoever follows the parents has got the
        // message that the target was reached, which came after them.
        let parent = &self.parents[node as usize];
        node != ORIGIN && parent.compare_exchange(NOBODY, from, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The nodes from the origin to the target, by the parents; not that far if they don't lead there.
    fn path(&self) -> Vec<u32> {
        let mut path = vec![self.parameters.target()];
        while path.len() < self.parents.len()
            && let Some(parent) = path.last().and_then(|&node| self.parents.get(node as usize))
            && path.last() != Some(&ORIGIN)
        {
            // ORDERING: Relaxed; see `reach`.
            path.push(parent.load(Ordering::Relaxed));
        }
        path.reverse();
        path
    }

    /// How early a node is to be visited.
    fn priority(&self, node: u32) -> u32 {
        let Parameters { side, priorities, .. } = self.parameters;
        let least = (node / side / side).min(node / side % side).min(node % side);
        least * priorities / side
    }
}

struct Worker {
    number: usize,
    grid: Arc<Grid>,
    master: ActorRef<Master>,
}

impl Actor for Worker {}

/// The node to go on from.
struct Visit(u32);

impl Message for Visit {
    type Result = ();
}

impl Handler<Visit> for Worker {
    async fn handle(&mut self, Visit(node): Visit, _: &mut ActorContext<Self>) {
        let mut open = VecDeque::from([node]);
        let target = self.grid.parameters.target();
        for _ in 0..self.grid.parameters.threshold {
            let Some(node) = open.pop_front() else { break };
            for &next in &self.grid.links[node as usize] {
                if !self.grid.reach(next, node) {
                    continue;
                }
                if next == target {
                    // An error would mean that another worker has found a path, too.
                    let _ = self.master.tell(Reached).await;
                    return;
                }
                open.push_back(next);
            }
        }
        for node in open {
            if self.master.tell(Open(node)).await.is_err() {
                // The search is over.
                return;
            }
        }
        let _ = self.master.tell(Done(self.number)).await;
    }
}

struct Master {
    grid: Arc<Grid>,
    crew: Option<Crew<Worker, Visit>>,
    messages: u64,
    report: mpsc::Sender<Found>,
}

/// How a search ended.
struct Found {
    path: Option<Vec<u32>>,
    messages: u64,
}

impl Actor for Master {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let mut workers = Vec::new();
        for number in 0..self.grid.parameters.workers {
            let worker = Worker { number, grid: Arc::clone(&self.grid), master: ctx.actor_ref() };
            workers.push(ctx.system().spawn(worker).start()?);
        }
        let crew = self.crew.insert(Crew::new(workers));
        crew.add(0, Visit(ORIGIN));
        crew.hand_out().await;
        Ok(())
    }
}

/// A node that is to be visited.
struct Open(u32);

impl Message for Open {
    type Result = ();
}

/// The target was reached.
struct Reached;

impl Message for Reached {
    type Result = ();
}

/// The worker of this number has done its piece.
struct Done(usize);

impl Message for Done {
    type Result = ();
}

impl Master {
    /// Counts a message that has come.
    fn received(&mut self) -> &mut Crew<Worker, Visit> {
        self.messages += 1;
        self.crew.as_mut().expect("hired at the start")
    }

    fn end(&self, path: Option<Vec<u32>>, ctx: &ActorContext<Self>) {
        let messages = self.messages + self.crew.as_ref().map_or(0, Crew::handed_out);
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(Found { path, messages });
        // The workers and their master keep each other alive.
        ctx.stop();
    }
}

impl Handler<Open> for Master {
    async fn handle(&mut self, Open(node): Open, _: &mut ActorContext<Self>) {
        let priority = self.grid.priority(node);
        let crew = self.received();
        crew.add(priority, Visit(node));
        crew.hand_out().await;
    }
}

impl Handler<Done> for Master {
    async fn handle(&mut self, Done(worker): Done, ctx: &mut ActorContext<Self>) {
        let crew = self.received();
        crew.free(worker);
        if crew.is_done() {
            return self.end(None, ctx);
        }
        crew.hand_out().await;
    }
}

impl Handler<Reached> for Master {
    async fn handle(&mut self, _: Reached, ctx: &mut ActorContext<Self>) {
        self.received();
        self.end(Some(self.grid.path()), ctx);
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, path) = run(system, parameters)?;
    check(parameters, path.as_deref())?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Option<Vec<u32>>), Failure> {
    let grid = Arc::new(Grid::new(parameters));
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    system.spawn(Master { grid, crew: None, messages: 0, report }).start()?;
    let (outcome, Found { path, messages }) = outcome(started, 0, &result)?;
    Ok((Outcome { messages, ..outcome }, path))
}

fn check(parameters: Parameters, path: Option<&[u32]>) -> Result<(), Failure> {
    // A grid of its own, in which nobody has set a parent.
    let grid = Grid::new(parameters);
    let steps = fewest_steps(&grid.links, parameters.target());
    verify("whether there is a path", steps.is_some(), path.is_some())?;
    let (Some(steps), Some(path)) = (steps, path) else { return Ok(()) };
    verify("the first and the last node", (Some(&ORIGIN), Some(&parameters.target())), (path.first(), path.last()))?;
    for step in path.windows(2) {
        let linked = &grid.links[step[0] as usize];
        verify(&format!("whether {step:?} is a link"), true, linked.contains(&step[1]))?;
    }
    verify("whether it has enough steps", true, path.len() > steps)
}

/// How many steps the shortest path has.
fn fewest_steps(links: &[Vec<u32>], target: u32) -> Option<usize> {
    let mut steps = vec![None; links.len()];
    steps[ORIGIN as usize] = Some(0);
    let mut open = VecDeque::from([ORIGIN]);
    while let Some(node) = open.pop_front() {
        let next = steps[node as usize].map(|steps: usize| steps + 1);
        for &other in &links[node as usize] {
            if steps[other as usize].is_none() {
                steps[other as usize] = next;
                open.push_back(other);
            }
        }
    }
    steps[target as usize]
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Grid, Parameters, check, fewest_steps, run};
    use crate::benchmark::Size;

    #[test]
    fn a_path_that_jumps_or_ends_early_is_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, path) = run(&system, parameters).expect("a result");
        let path = path.expect("a path");
        check(parameters, Some(&path)).expect("right");

        assert!(check(parameters, None).is_err());
        assert!(check(parameters, Some(&path[..path.len() - 1])).is_err());
        assert!(check(parameters, Some(&path[1..])).is_err());
        let mut jump = path.clone();
        jump.remove(path.len() / 2);
        assert!(check(parameters, Some(&jump)).is_err());
    }

    #[test]
    fn the_suites_grid_has_a_path() {
        let parameters = Parameters::new(Size::Suite);
        let grid = Grid::new(parameters);
        let along = parameters.side * 4 / 5;
        let steps = fewest_steps(&grid.links, parameters.target()).expect("a path");
        // A step adds one to two of the three coordinates at most.
        assert!(steps as u32 >= along * 3 / 2);
    }
}
