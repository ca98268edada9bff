//! All-Pairs Shortest Path (17): a matrix of distances in square blocks, one actor each, which run the algorithm of
//! Floyd and Warshall in step: before each round a block has those of its row and of its column.
//!
//! Stresses: phases. A block sends its 2,500 distances to ten others per round, shared, and can't go on before it has
//! heard from all ten. One that is a round ahead is heard early.
//!
//! Parameters: N = 300 nodes, every two of them linked; blocks of B = 50 by 50; weights from 1 to W = 100. A message is
//! a block's state for another block, or its last one for the collector, or its start.
//!
//! Verified: all distances against those that Dijkstra's algorithm finds in sequence.

use std::mem;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 17, name: "apsp", parameters: "N = 300, B = 50, W = 100", play, tokio: None };

#[derive(Clone, Copy)]
struct Parameters {
    /// Nodes.
    nodes: usize,
    /// Side of a block.
    block: usize,
    /// The largest weight.
    heaviest: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        size.pick(Self { nodes: 300, block: 50, heaviest: 100 }, Self { nodes: 24, block: 6, heaviest: 100 })
    }

    /// Blocks in a row.
    fn across(self) -> usize {
        self.nodes / self.block
    }

    /// The weights of a graph, row by row.
    fn weights(self) -> Vec<u32> {
        let mut random = Random::new(300);
        let mut weights = vec![0; self.nodes * self.nodes];
        for from in 0..self.nodes {
            for to in from + 1..self.nodes {
                let weight = 1 + random.below(self.heaviest) as u32;
                weights[from * self.nodes + to] = weight;
                weights[to * self.nodes + from] = weight;
            }
        }
        weights
    }
}

/// Row and column among the blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place(usize, usize);

impl Place {
    /// Whether the two exchange their states.
    fn is_neighbour(self, other: Self) -> bool {
        self != other && (self.0 == other.0 || self.1 == other.1)
    }
}

struct Block {
    parameters: Parameters,
    place: Place,
    distances: Arc<[u32]>,
    round: usize,
    neighbours: Vec<ActorRef<Block>>,
    /// What was heard for the rounds of even and of odd number: nobody is ahead by more than one.
    heard: [Vec<(Place, Arc<[u32]>)>; 2],
    collector: ActorRef<Collector>,
}

impl Actor for Block {}

/// Whom a block talks to; and it starts.
struct Neighbours(Vec<ActorRef<Block>>);

impl Message for Neighbours {
    type Result = ();
}

/// A block's distances before a round.
struct State {
    round: usize,
    of: Place,
    distances: Arc<[u32]>,
}

impl Message for State {
    type Result = ();
}

impl Handler<Neighbours> for Block {
    async fn handle(&mut self, Neighbours(neighbours): Neighbours, ctx: &mut ActorContext<Self>) {
        self.neighbours = neighbours;
        self.share().await;
        self.go_on(ctx).await;
    }
}

impl Handler<State> for Block {
    async fn handle(&mut self, State { round, of, distances }: State, ctx: &mut ActorContext<Self>) {
        assert!(round == self.round || round == self.round + 1, "nobody is ahead by two rounds");
        self.heard[round % 2].push((of, distances));
        self.go_on(ctx).await;
    }
}

impl Block {
    async fn share(&self) {
        for neighbour in &self.neighbours {
            let state = State { round: self.round, of: self.place, distances: Arc::clone(&self.distances) };
            neighbour.tell(state).await.expect("a block lives until its last round");
        }
    }

    /// Plays the rounds for which everything is here.
    async fn go_on(&mut self, ctx: &ActorContext<Self>) {
        while !self.neighbours.is_empty() && self.heard[self.round % 2].len() == self.neighbours.len() {
            let heard = mem::take(&mut self.heard[self.round % 2]);
            self.distances = self.shortened(&heard);
            self.round += 1;
            if self.round < self.parameters.nodes {
                self.share().await;
                continue;
            }
            let last = Last { of: self.place, distances: Arc::clone(&self.distances) };
            self.collector.tell(last).await.expect("the collector waits for all blocks");
            // Blocks keep each other alive.
            return ctx.stop();
        }
    }

    /// The distances by way of the round's node, where that is shorter.
    fn shortened(&self, heard: &[(Place, Arc<[u32]>)]) -> Arc<[u32]> {
        let side = self.parameters.block;
        let (block, within) = (self.round / side, self.round % side);
        let find = |place: Place| {
            let other = heard.iter().find(|(of, _)| *of == place);
            other.map_or(&self.distances, |(_, distances)| distances)
        };
        let to_node = find(Place(self.place.0, block));
        let from_node = &find(Place(block, self.place.1))[within * side..][..side];
        let rows = self.distances.chunks_exact(side).zip(to_node.chunks_exact(side));
        let mut shorter = Vec::with_capacity(side * side);
        for (direct, row) in rows {
            let to = row[within];
            shorter.extend(direct.iter().zip(from_node).map(|(&direct, &from)| direct.min(to + from)));
        }
        shorter.into()
    }
}

struct Collector {
    parameters: Parameters,
    distances: Vec<u32>,
    missing: usize,
    report: mpsc::Sender<Vec<u32>>,
}

impl Actor for Collector {}

/// A block's distances in the end.
struct Last {
    of: Place,
    distances: Arc<[u32]>,
}

impl Message for Last {
    type Result = ();
}

impl Handler<Last> for Collector {
    async fn handle(&mut self, Last { of, distances }: Last, _: &mut ActorContext<Self>) {
        let Parameters { nodes, block, .. } = self.parameters;
        for (row, distances) in distances.chunks_exact(block).enumerate() {
            self.distances[(of.0 * block + row) * nodes + of.1 * block..][..block].copy_from_slice(distances);
        }
        self.missing -= 1;
        if self.missing == 0 {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(mem::take(&mut self.distances));
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, distances) = run(system, parameters)?;
    check(parameters, &distances)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<u32>), Failure> {
    let Parameters { nodes, block, .. } = parameters;
    let across = parameters.across();
    let places: Vec<_> = (0..across * across).map(|number| Place(number / across, number % across)).collect();
    let weights = parameters.weights();
    let (report, result) = mpsc::channel();

    let started = Instant::now();
    let distances = vec![0; nodes * nodes];
    let collector = system.spawn(Collector { parameters, distances, missing: places.len(), report }).start()?;
    let mut blocks = Vec::new();
    for &place in &places {
        let rows = place.0 * block..(place.0 + 1) * block;
        let distances = rows.flat_map(|row| &weights[row * nodes + place.1 * block..][..block]).copied().collect();
        let (heard, collector) = ([Vec::new(), Vec::new()], collector.clone());
        let block = Block { parameters, place, distances, round: 0, neighbours: Vec::new(), heard, collector };
        blocks.push(system.spawn(block).start()?);
    }
    for (place, block) in places.iter().zip(&blocks) {
        let others = places.iter().zip(&blocks);
        let neighbours = others.filter(|(other, _)| place.is_neighbour(**other)).map(|(_, block)| block.clone());
        block.blocking_tell(Neighbours(neighbours.collect()))?;
    }
    let messages = places.len() * (2 * (across - 1) * nodes + 2);
    outcome(started, messages as u64, &result)
}

fn check(parameters: Parameters, distances: &[u32]) -> Result<(), Failure> {
    let Parameters { nodes, .. } = parameters;
    let weights = parameters.weights();
    verify("how many distances there are", weights.len(), distances.len())?;
    for (from, row) in distances.chunks_exact(nodes).enumerate() {
        for (to, (&got, expected)) in row.iter().zip(shortest(&weights, nodes, from)).enumerate() {
            verify(&format!("the distance from {from} to {to}"), expected, got)?;
        }
    }
    Ok(())
}

/// The distances from a node by Dijkstra's algorithm, for a graph in which all nodes are linked.
fn shortest(weights: &[u32], nodes: usize, from: usize) -> Vec<u32> {
    let mut distances = vec![u32::MAX; nodes];
    distances[from] = 0;
    let mut open: Vec<_> = (0..nodes).collect();
    while let Some(nearest) = (0..open.len()).min_by_key(|&index| distances[open[index]]) {
        let node = open.swap_remove(nearest);
        for &other in &open {
            distances[other] = distances[other].min(distances[node] + weights[node * nodes + other]);
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, check, run};
    use crate::benchmark::Size;

    #[test]
    fn one_wrong_distance_is_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, mut distances) = run(&system, parameters).expect("a result");
        check(parameters, &distances).expect("right");
        distances[parameters.nodes + 7] += 1;
        assert!(check(parameters, &distances).is_err());
    }

    #[test]
    fn some_shortest_paths_have_several_links() {
        let parameters = Parameters::new(Size::Test);
        assert!(check(parameters, &parameters.weights()).is_err(), "or there would be nothing to find");
    }
}
