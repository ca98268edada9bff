//! A worker by hand: what `scheduler/worker.rs` does with its hand and its own queue, and nothing else. It looks nowhere
//! else, and ends when it has nothing to do.

use super::drive_on;
use super::inline::Inline;
use super::ledger::Ledger;
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{After, Bench, Hand, Host, Runnable, Weakly};
use corecast::{DeadLetter, StopReason};
use loom::thread::{self, ThreadId};
use loom_tests::linger;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Where tasks wait behind a hand. Outside of the model: the worker's thread alone fills and empties it.
type Queue = Arc<Mutex<VecDeque<Runnable>>>;

/// A worker as its host knows it.
type Entry = (ThreadId, Arc<Hand>, Queue);

/// A worker, on the thread that made it.
pub struct Manual {
    hand: Arc<Hand>,
    queue: Queue,
    pub bench: Bench,
}

/// A host whose tasks go to the worker that schedules them; on a thread that is none, they are run there and then.
#[derive(Clone)]
pub struct Home {
    ledger: Inline,
    registry: Option<Arc<Registry>>,
    workers: Arc<Mutex<Vec<Entry>>>,
}

impl Home {
    pub fn new(ledger: &Ledger) -> Self {
        Self { ledger: Inline(ledger.clone()), registry: None, workers: Arc::default() }
    }

    /// The same for actors that have seats.
    pub fn with(registry: &Arc<Registry>, ledger: &Ledger) -> Self {
        Self { registry: Some(Arc::clone(registry)), ..Self::new(ledger) }
    }

    /// The calling thread, as a worker of this host's.
    pub fn worker(&self, bench: Bench) -> Manual {
        let worker = Manual { hand: Arc::new(Hand::new()), queue: Queue::default(), bench };
        let entry = (thread::current().id(), Arc::clone(&worker.hand), Arc::clone(&worker.queue));
        self.workers.lock().unwrap().push(entry);
        worker
    }

    /// The hand and the queue of the calling thread.
    fn here(&self) -> Option<(Arc<Hand>, Queue)> {
        let workers = self.workers.lock().unwrap();
        let here = workers.iter().find(|(thread, ..)| *thread == thread::current().id());
        here.map(|(_, hand, queue)| (Arc::clone(hand), Arc::clone(queue)))
    }
}

impl Host for Home {
    fn schedule(&self, runnable: Runnable) {
        match self.here() {
            Some((hand, queue)) => {
                let displaced = hand.put_next(runnable);
                queue.lock().unwrap().extend(displaced);
            }
            None => self.ledger.schedule(runnable),
        }
    }

    fn message_failed(&self, cause: &StopReason) {
        self.ledger.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        drop(letter);
    }

    fn actor_failed(&self, reason: &StopReason) {
        self.ledger.actor_failed(reason);
    }

    fn ended(&self) {
        self.ledger.ended();
    }

    fn registry(&self) -> Option<&Registry> {
        self.registry.as_deref()
    }

    fn expire_later(&self, task: Weakly) {
        self.ledger.expire_later(task);
    }
}

impl Manual {
    /// Does `work` with its hand.
    pub fn lend<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let hand = Arc::clone(&self.hand);
        hand.lend(|| work(self))
    }

    pub fn hand(&self) -> &Arc<Hand> {
        &self.hand
    }

    /// Runs a task for the first time, to the end of its start.
    pub fn begin(&mut self, task: Runnable) {
        self.hand.learn_host(&task);
        drive_on(&mut self.bench, task);
    }

    /// Runs what there is until there is nothing left. Its `find` and `execute` are those of the worker.
    pub fn work(&mut self) {
        while let Some(task) = self.find() {
            self.execute(task);
        }
    }

    /// The same, with a task that others have scheduled first.
    pub fn work_on(&mut self, task: Runnable) {
        self.hand.learn_host(&task);
        self.execute(task);
        self.work();
    }

    /// Runs the next task, which there is.
    pub fn step(&mut self) {
        let task = self.find().expect("there is a task");
        self.execute(task);
    }

    fn find(&self) -> Option<Runnable> {
        linger();
        self.hand.take_next().or_else(|| {
            self.let_go();
            self.pop().or_else(|| self.hand.take_next())
        })
    }

    fn pop(&self) -> Option<Runnable> {
        self.queue.lock().unwrap().pop_front()
    }

    fn let_go(&self) {
        let woken = self.hand.let_go(&self.bench);
        self.queue.lock().unwrap().extend(woken);
    }

    fn execute(&mut self, task: Runnable) {
        let after = task.run(&mut self.bench);
        self.let_go();
        let woken = match after {
            After::Rested => None,
            After::Waits(waiting) if self.hand.has_next() => {
                waiting.hold(&self.hand);
                None
            }
            After::Waits(waiting) => waiting.suspend(&self.bench),
            After::Again(task) => Some(task),
            After::Behind(task) => {
                thread::yield_now();
                Some(task)
            }
        };
        self.queue.lock().unwrap().extend(woken);
    }
}
