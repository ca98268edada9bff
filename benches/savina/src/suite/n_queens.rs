//! N-Queens (19): a master and its workers place queens on a board, row by row. A worker takes a board a row further
//! and hands each way to do so back, until the threshold; from there on it finds all solutions itself.
//!
//! Stresses: divide and conquer by way of one master, with priorities.
//!
//! Parameters: 20 workers, a board of 12 by 12, a threshold of 4 rows, 10 priorities, at most 1,500,000 solutions. A
//! message is a board, to the master or to a worker, a solution, or a worker's word that it is done.
//!
//! The master keeps the boards by priority (see [`crew`](crate::crew)), those with more queens first, so that few wait.
//!
//! Verified: each solution has every row, column and diagonal for itself, no two are the same, and there are as many as
//! another algorithm counts in sequence.

use std::mem;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::crew::Crew;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 19,
    name: "n-queens",
    parameters: "20 workers, size 12, threshold 4, 10 priorities, limit 1,500,000",
    play,
    tokio: None,
};

/// Rows of the largest board.
const MOST_ROWS: usize = 16;

#[derive(Clone, Copy)]
struct Parameters {
    workers: usize,
    rows: usize,
    /// Rows that are placed by way of the master.
    threshold: usize,
    priorities: u32,
    /// Solutions after which to stop.
    limit: usize,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { workers: 20, rows: 12, threshold: 4, priorities: 10, limit: 1_500_000 };
        size.pick(suite, Self { rows: 7, threshold: 3, ..suite })
    }
}

/// Queens in the first rows of a board, by their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Board {
    columns: [u8; MOST_ROWS],
    queens: usize,
}

impl Board {
    const EMPTY: Self = Self { columns: [0; MOST_ROWS], queens: 0 };

    /// With one more queen, unless another one could take it.
    fn with(mut self, column: u8) -> Option<Self> {
        let row = self.queens;
        let is_taken = |(other, &at): (usize, &u8)| at == column || usize::from(at.abs_diff(column)) == row - other;
        if self.columns[..row].iter().enumerate().any(is_taken) {
            return None;
        }
        self.columns[row] = column;
        self.queens += 1;
        Some(self)
    }

    /// All ways to place one more queen on a board of so many rows.
    fn next(self, rows: usize) -> impl Iterator<Item = Self> {
        (0..rows as u8).filter_map(move |column| self.with(column))
    }

    /// All ways to complete it.
    fn complete(self, rows: usize, solutions: &mut Vec<Self>) {
        if self.queens == rows {
            return solutions.push(self);
        }
        for next in self.next(rows) {
            next.complete(rows, solutions);
        }
    }
}

struct Worker {
    number: usize,
    parameters: Parameters,
    master: ActorRef<Master>,
}

impl Actor for Worker {}

/// A board to go on with.
struct Extend(Board);

impl Message for Extend {
    type Result = ();
}

impl Handler<Extend> for Worker {
    async fn handle(&mut self, Extend(board): Extend, _: &mut ActorContext<Self>) {
        let Parameters { rows, threshold, .. } = self.parameters;
        // Errors mean that the master has enough solutions.
        if board.queens < threshold {
            for next in board.next(rows) {
                let _ = self.master.tell(Candidate(next)).await;
            }
        } else {
            let mut solutions = Vec::new();
            board.complete(rows, &mut solutions);
            for solution in solutions {
                let _ = self.master.tell(Solution(solution)).await;
            }
        }
        let _ = self.master.tell(Done(self.number)).await;
    }
}

struct Master {
    parameters: Parameters,
    crew: Option<Crew<Worker, Extend>>,
    solutions: Vec<Board>,
    messages: u64,
    /// None when the result is out.
    report: Option<mpsc::Sender<Found>>,
}

/// How a search ended.
struct Found {
    solutions: Vec<Board>,
    messages: u64,
}

impl Actor for Master {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let parameters = self.parameters;
        let mut workers = Vec::new();
        for number in 0..parameters.workers {
            let worker = Worker { number, parameters, master: ctx.actor_ref() };
            workers.push(ctx.system().spawn(worker).start()?);
        }
        let crew = self.crew.insert(Crew::new(workers));
        crew.add(0, Extend(Board::EMPTY));
        crew.hand_out().await;
        Ok(())
    }
}

/// A board with one more queen.
struct Candidate(Board);

impl Message for Candidate {
    type Result = ();
}

/// A board with all its queens.
struct Solution(Board);

impl Message for Solution {
    type Result = ();
}

/// The worker of this number has done its piece.
struct Done(usize);

impl Message for Done {
    type Result = ();
}

impl Master {
    /// Counts a message that has come.
    fn received(&mut self) -> &mut Crew<Worker, Extend> {
        self.messages += 1;
        self.crew.as_mut().expect("hired at the start")
    }

    fn end(&mut self, ctx: &ActorContext<Self>) {
        let messages = self.messages + self.crew.as_ref().map_or(0, Crew::handed_out);
        let found = Found { solutions: mem::take(&mut self.solutions), messages };
        if let Some(report) = self.report.take() {
            // An error would mean that nobody waits for the result any more.
            let _ = report.send(found);
        }
        // The workers and their master keep each other alive.
        ctx.stop();
    }
}

impl Handler<Candidate> for Master {
    async fn handle(&mut self, Candidate(board): Candidate, _: &mut ActorContext<Self>) {
        let priority = (board.queens as u32).min(self.parameters.priorities - 1);
        let crew = self.received();
        crew.add(priority, Extend(board));
        crew.hand_out().await;
    }
}

impl Handler<Solution> for Master {
    async fn handle(&mut self, Solution(board): Solution, ctx: &mut ActorContext<Self>) {
        if self.report.is_none() {
            // It was on its way when there were enough.
            return;
        }
        self.received();
        self.solutions.push(board);
        if self.solutions.len() == self.parameters.limit {
            self.end(ctx);
        }
    }
}

impl Handler<Done> for Master {
    async fn handle(&mut self, Done(worker): Done, ctx: &mut ActorContext<Self>) {
        let crew = self.received();
        crew.free(worker);
        if crew.is_done() {
            return self.end(ctx);
        }
        crew.hand_out().await;
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, solutions) = run(system, parameters)?;
    check(parameters, solutions)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Vec<Board>), Failure> {
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    system
        .spawn(Master { parameters, crew: None, solutions: Vec::new(), messages: 0, report: Some(report) })
        .start()?;
    let (outcome, Found { solutions, messages }) = outcome(started, 0, &result)?;
    Ok((Outcome { messages, ..outcome }, solutions))
}

fn check(parameters: Parameters, mut solutions: Vec<Board>) -> Result<(), Failure> {
    let rows = parameters.rows;
    for solution in &solutions {
        verify(&format!("whether {solution:?} is a solution"), true, is_solution(solution, rows))?;
    }
    let found = solutions.len();
    solutions.sort_unstable();
    solutions.dedup();
    verify("how many solutions differ", found, solutions.len())?;
    verify("how many solutions there are", count((1 << rows) - 1, 0, 0, 0).min(parameters.limit), found)
}

/// Whether all columns and all diagonals of the board's queens differ.
fn is_solution(board: &Board, rows: usize) -> bool {
    let different = |key: fn((usize, i32)) -> i32| {
        let queens = board.columns[..rows].iter().map(|&column| i32::from(column)).enumerate();
        let mut keys: Vec<_> = queens.map(key).collect();
        keys.sort_unstable();
        keys.windows(2).all(|pair| pair[0] != pair[1])
    };
    board.queens == rows
        && board.columns[..rows].iter().all(|&column| usize::from(column) < rows)
        && different(|(_, column)| column)
        && different(|(row, column)| column + row as i32)
        && different(|(row, column)| column - row as i32)
}

/// Counts the ways to complete a board, whose columns and diagonals in two directions are bits that are set where a
/// queen stands.
fn count(all: u32, columns: u32, left: u32, right: u32) -> usize {
    if columns == all {
        return 1;
    }
    let mut free = all & !(columns | left | right);
    let mut solutions = 0;
    while free != 0 {
        let queen = free & free.wrapping_neg();
        free ^= queen;
        solutions += count(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    solutions
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, check, count, run};
    use crate::benchmark::Size;

    #[test]
    fn missing_doubled_and_wrong_solutions_are_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, solutions) = run(&system, parameters).expect("a result");
        check(parameters, solutions.clone()).expect("right");

        assert!(check(parameters, solutions[1..].to_vec()).is_err());
        let mut doubled = solutions.clone();
        doubled[0] = doubled[1];
        assert!(check(parameters, doubled).is_err());
        let mut wrong = solutions;
        wrong[0].columns.swap(0, 1);
        assert!(check(parameters, wrong).is_err());
    }

    #[test]
    fn the_search_ends_at_the_limit() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters { limit: 5, ..Parameters::new(Size::Test) };
        let (_, solutions) = run(&system, parameters).expect("a result");
        assert_eq!(solutions.len(), 5);
        check(parameters, solutions).expect("right");
    }

    /// <https://oeis.org/A000170>
    #[test]
    fn the_count_is_the_known_one() {
        for (rows, known) in [(1, 1), (2, 0), (3, 0), (4, 2), (5, 10), (6, 4), (7, 40), (8, 92), (12, 14_200)] {
            assert_eq!(count((1 << rows) - 1, 0, 0, 0), known, "{rows} rows");
        }
    }
}
