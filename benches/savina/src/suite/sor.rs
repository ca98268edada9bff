//! Successive Over-Relaxation (30): a grid of cells, each an actor, coloured like a chess board. Red cells compute from
//! their black neighbours, then black ones from the red, again and again. Two actors have a half of the grid each, and
//! tell each other who the cells along their border are.
//!
//! Stresses: the exchange with neighbours in step; many actors with a little to do, of which none can go far ahead.
//!
//! Parameters: 20 by 20 cells (the first size of the suite's list), 100 iterations, omega 1.25, seed 10,101,010. A
//! message is a cell's value for a neighbour, or its neighbours, or what it has in the end, or one that the two halves
//! exchange.
//!
//! Cells on the rim keep their values, and pass them on in each iteration as others do.
//!
//! Verified: against the same in sequence, cell by cell. A cell adds up what its neighbours have in a fixed order, not
//! in the order in which it came, so that the numbers are the same to the last bit.

use std::ops::Range;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 30,
    name: "sor",
    parameters: "20 x 20, 100 iterations, omega 1.25, seed 10,101,010",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    side: usize,
    iterations: u32,
    omega: f64,
    seed: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { side: 20, iterations: 100, omega: 1.25, seed: 10_101_010 };
        size.pick(suite, Self { side: 7, iterations: 10, ..suite })
    }

    /// The values at first, row by row.
    fn values(self) -> Vec<f64> {
        let mut random = Random::new(self.seed);
        (0..self.side * self.side).map(|_| random.unit()).collect()
    }

    fn is_on_rim(self, at: At) -> bool {
        let last = self.side - 1;
        at.row == 0 || at.column == 0 || at.row == last || at.column == last
    }

    /// A cell's value after one more iteration.
    fn relaxed(self, value: f64, neighbours: [f64; 4]) -> f64 {
        self.omega / 4.0 * neighbours.iter().sum::<f64>() + (1.0 - self.omega) * value
    }
}

/// Where a cell is.
#[derive(Clone, Copy)]
struct At {
    row: usize,
    column: usize,
}

impl At {
    fn is_red(self) -> bool {
        (self.row + self.column).is_multiple_of(2)
    }
}

struct Cell {
    parameters: Parameters,
    at: At,
    value: f64,
    /// Above, left, right, below.
    neighbours: [Option<ActorRef<Cell>>; 4],
    /// Values of this iteration.
    heard: [Option<f64>; 4],
    iteration: u32,
    half: ActorRef<Half>,
}

impl Actor for Cell {}

/// Whom a cell talks to; and it starts.
struct Neighbours([Option<ActorRef<Cell>>; 4]);

impl Message for Neighbours {
    type Result = ();
}

/// A neighbour's value: the neighbour above, left, right or below.
struct Value {
    from: usize,
    value: f64,
}

impl Message for Value {
    type Result = ();
}

impl Handler<Neighbours> for Cell {
    async fn handle(&mut self, Neighbours(neighbours): Neighbours, ctx: &mut ActorContext<Self>) {
        self.neighbours = neighbours;
        if !self.at.is_red() {
            self.share().await;
        }
        self.go_on(ctx).await;
    }
}

impl Handler<Value> for Cell {
    async fn handle(&mut self, Value { from, value }: Value, ctx: &mut ActorContext<Self>) {
        assert!(self.heard[from].is_none(), "a neighbour waits for this cell before it goes on");
        self.heard[from] = Some(value);
        self.go_on(ctx).await;
    }
}

impl Cell {
    async fn share(&self) {
        for (place, neighbour) in self.neighbours.iter().enumerate() {
            if let Some(neighbour) = neighbour {
                // To whom is above, this one is below.
                let value = Value { from: 3 - place, value: self.value };
                neighbour.tell(value).await.expect("a cell lives until its last iteration");
            }
        }
    }

    /// Computes and shares the next value, if those of all neighbours are here.
    async fn go_on(&mut self, ctx: &ActorContext<Self>) {
        let knows_neighbours = self.neighbours.iter().any(Option::is_some);
        let is_waiting = self.neighbours.iter().zip(&self.heard).any(|(one, heard)| one.is_some() && heard.is_none());
        if !knows_neighbours || is_waiting {
            return;
        }
        let heard = self.heard.map(Option::unwrap_or_default);
        self.heard = [None; 4];
        if !self.parameters.is_on_rim(self.at) {
            self.value = self.parameters.relaxed(self.value, heard);
        }
        self.iteration += 1;
        let is_last = self.iteration == self.parameters.iterations;
        if self.at.is_red() || !is_last {
            self.share().await;
        }
        if is_last {
            let settled = Settled { at: self.at, value: self.value };
            self.half.tell(settled).await.expect("a half waits for its cells");
            // Cells keep each other alive.
            ctx.stop();
        }
    }
}

/// A half of the grid: some columns of it.
struct Half {
    parameters: Parameters,
    columns: Range<usize>,
    /// Column by column.
    cells: Vec<Vec<ActorRef<Cell>>>,
    other: Option<ActorRef<Half>>,
    settled: Vec<(At, f64)>,
    report: mpsc::Sender<Vec<(At, f64)>>,
}

impl Half {
    fn new(parameters: Parameters, columns: Range<usize>, report: mpsc::Sender<Vec<(At, f64)>>) -> Self {
        Self { parameters, columns, cells: Vec::new(), other: None, settled: Vec::new(), report }
    }

    fn is_left(&self) -> bool {
        self.columns.start == 0
    }
}

impl Actor for Half {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let parameters = self.parameters;
        let values = parameters.values();
        for column in self.columns.clone() {
            let mut cells = Vec::new();
            for row in 0..parameters.side {
                let (value, half) = (values[row * parameters.side + column], ctx.actor_ref());
                let (at, neighbours, heard) = (At { row, column }, [const { None }; 4], [None; 4]);
                let cell = Cell { parameters, at, value, neighbours, heard, iteration: 0, half };
                cells.push(ctx.system().spawn(cell).start()?);
            }
            self.cells.push(cells);
        }
        Ok(())
    }
}

/// Who has the other half.
struct Meet(ActorRef<Half>);

impl Message for Meet {
    type Result = ();
}

impl Handler<Meet> for Half {
    async fn handle(&mut self, Meet(other): Meet, _: &mut ActorContext<Self>) {
        let border = if self.is_left() { self.cells.last() } else { self.cells.first() };
        other.tell(Border(border.cloned().unwrap_or_default())).await.expect("a half waits for the other");
        self.other = Some(other);
    }
}

/// The other half's cells along the border.
struct Border(Vec<ActorRef<Cell>>);

impl Message for Border {
    type Result = ();
}

impl Handler<Border> for Half {
    async fn handle(&mut self, Border(border): Border, _: &mut ActorContext<Self>) {
        let (left, right) = if self.is_left() { (None, Some(&border)) } else { (Some(&border), None) };
        for (column, cells) in self.cells.iter().enumerate() {
            let left = column.checked_sub(1).map_or(left, |column| self.cells.get(column));
            let right = self.cells.get(column + 1).or(right);
            for (row, cell) in cells.iter().enumerate() {
                let above = row.checked_sub(1).map(|row| &cells[row]);
                let [left, right] = [left, right].map(|cells| cells.map(|cells| &cells[row]));
                let neighbours = [above, left, right, cells.get(row + 1)].map(Option::<&_>::cloned);
                cell.tell(Neighbours(neighbours)).await.expect("a cell lives until its last iteration");
            }
        }
    }
}

/// What a cell has in the end.
struct Settled {
    at: At,
    value: f64,
}

impl Message for Settled {
    type Result = ();
}

impl Handler<Settled> for Half {
    async fn handle(&mut self, Settled { at, value }: Settled, ctx: &mut ActorContext<Self>) {
        self.settled.push((at, value));
        if self.is_left() {
            self.finish(ctx);
        } else if self.settled.len() == self.columns.len() * self.parameters.side {
            let other = self.other.take().expect("met before there were values");
            other.tell(Rest(std::mem::take(&mut self.settled))).await.expect("the left half waits for the right one");
            ctx.stop();
        }
    }
}

/// What the cells of the right half have in the end.
struct Rest(Vec<(At, f64)>);

impl Message for Rest {
    type Result = ();
}

impl Handler<Rest> for Half {
    async fn handle(&mut self, Rest(mut rest): Rest, ctx: &mut ActorContext<Self>) {
        self.settled.append(&mut rest);
        self.finish(ctx);
    }
}

impl Half {
    fn finish(&mut self, ctx: &ActorContext<Self>) {
        if self.settled.len() == self.parameters.side * self.parameters.side {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(std::mem::take(&mut self.settled));
            ctx.stop();
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, values) = run(system, parameters)?;
    check(parameters, &values)?;
    Ok(outcome)
}

/// The values in the end are row by row.
fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<f64>), Failure> {
    let Parameters { side, iterations, .. } = parameters;
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let left = system.spawn(Half::new(parameters, 0..side / 2, report.clone())).start()?;
    let right = system.spawn(Half::new(parameters, side / 2..side, report)).start()?;
    left.blocking_tell(Meet(right.clone()))?;
    right.blocking_tell(Meet(left))?;
    // In each direction once per iteration, two per cell, and between the halves.
    let messages = 2 * iterations as usize * 2 * side * (side - 1) + 2 * side * side + 5;
    let (outcome, mut settled) = outcome(started, messages as u64, &result)?;
    settled.sort_unstable_by_key(|(at, _)| (at.row, at.column));
    Ok((outcome, settled.into_iter().map(|(_, value)| value).collect()))
}

fn check(parameters: Parameters, values: &[f64]) -> Result<(), Failure> {
    let side = parameters.side;
    let mut expected = parameters.values();
    for _ in 0..parameters.iterations {
        for is_red in [true, false] {
            for (row, column) in (1..side - 1).flat_map(|row| (1..side - 1).map(move |column| (row, column))) {
                let here = row * side + column;
                if (At { row, column }).is_red() == is_red {
                    let neighbours = [here - side, here - 1, here + 1, here + side].map(|other| expected[other]);
                    expected[here] = parameters.relaxed(expected[here], neighbours);
                }
            }
        }
    }
    verify("how many cells there are", expected.len(), values.len())?;
    for (index, (&expected, &got)) in expected.iter().zip(values).enumerate() {
        verify(&format!("row {}, column {}", index / side, index % side), expected, got)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, check, run};
    use crate::benchmark::Size;

    #[test]
    fn a_wrong_cell_is_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, mut values) = run(&system, parameters).expect("a result");
        check(parameters, &values).expect("right");
        values[10] += 1e-12;
        assert!(check(parameters, &values).is_err());
        // One iteration less is something else, too.
        let fewer = Parameters { iterations: parameters.iterations - 1, ..parameters };
        let (_, values) = run(&system, fewer).expect("a result");
        assert!(check(parameters, &values).is_err());
    }
}
