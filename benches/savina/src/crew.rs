//! A master's workers, and the pieces of work that wait for one of them.
//!
//! The suite's masters send every piece to a worker at once, and mailboxes with priorities have the worker take the
//! most important one first. Messages have no priorities here: those of one sender are handled in the order in which
//! they were sent. So the master keeps the pieces itself, in a heap, and a worker has one at a time. The master
//! therefore always finds room in a worker's mailbox, and a worker may wait for room in the master's: nobody waits in a
//! circle.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use corecast::{ActorRef, Handler, Message};

/// Workers of type `W`, numbered from 0, and their pieces of work of type `T`.
pub struct Crew<W: Handler<T>, T: Message<Result = ()>> {
    workers: Vec<ActorRef<W>>,
    idle: Vec<usize>,
    waiting: BinaryHeap<Ranked<T>>,
    handed_out: u64,
    received: u64,
}

impl<W: Handler<T>, T: Message<Result = ()>> Crew<W, T> {
    /// Workers without work.
    pub fn new(workers: Vec<ActorRef<W>>) -> Self {
        let idle = (0..workers.len()).collect();
        Self { workers, idle, waiting: BinaryHeap::new(), handed_out: 0, received: 0 }
    }

    /// A piece that waits: the highest rank is next, and among equals the oldest.
    pub fn add(&mut self, rank: u32, piece: T) {
        self.waiting.push(Ranked { rank, age: Reverse(self.received), piece });
        self.received += 1;
    }

    /// This worker is done with its piece.
    pub fn free(&mut self, worker: usize) {
        self.idle.push(worker);
    }

    /// Gives pieces to workers as long as there are both.
    pub async fn hand_out(&mut self) {
        while !self.waiting.is_empty()
            && let Some(worker) = self.idle.pop()
            && let Some(next) = self.waiting.pop()
        {
            self.handed_out += 1;
            self.workers[worker].tell(next.piece).await.expect("workers live as long as their master");
        }
    }

    /// Whether no piece waits and none is being worked on.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.idle.len() == self.workers.len()
    }

    /// How many pieces workers have got so far.
    pub fn handed_out(&self) -> u64 {
        self.handed_out
    }
}

struct Ranked<T> {
    rank: u32,
    age: Reverse<u64>,
    piece: T,
}

impl<T> Ranked<T> {
    fn key(&self) -> (u32, Reverse<u64>) {
        (self.rank, self.age)
    }
}

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Ranked<T> {}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};

    use super::Crew;

    struct Recorder(mpsc::Sender<&'static str>);

    impl Actor for Recorder {}

    struct Piece(&'static str);

    impl Message for Piece {
        type Result = ();
    }

    impl Handler<Piece> for Recorder {
        async fn handle(&mut self, Piece(name): Piece, _: &mut ActorContext<Self>) {
            self.0.send(name).expect("the test listens");
        }
    }

    #[test]
    fn the_highest_rank_is_first_and_the_oldest_among_equals() {
        let system = ActorSystem::new().expect("a system");
        let (sender, handled) = mpsc::channel();
        let worker = system.spawn(Recorder(sender)).start().expect("a worker");
        let mut crew = Crew::new(vec![worker]);
        for (rank, name) in [(1, "third"), (2, "first"), (0, "last"), (2, "second")] {
            crew.add(rank, Piece(name));
        }
        for left in (0..4).rev() {
            system.block_on(crew.hand_out());
            assert!(!crew.is_done(), "a worker has a piece");
            assert_eq!(crew.handed_out(), 4 - left);
            crew.free(0);
        }
        assert!(crew.is_done());
        drop(crew);
        assert_eq!(handled.iter().collect::<Vec<_>>(), ["first", "second", "third", "last"]);
    }
}
