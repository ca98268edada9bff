//! Workers without threads: a simulation is each of them in turn.
//!
//! The simulation takes over what they decide: which task is next, and where. Their queues are emptied into its own after
//! each step, so that they serve as what they are to a task: a way to be scheduled. What an activation leaves to be done
//! is done as by a worker that has a thread; a task that waits for the one in the next-slot is held until its worker has run
//! that one, or anything else.

use std::cell::Cell;
use std::fmt;
use std::ptr;

use super::{HOME, Local, Scheduler, WORKER, Worker};
use crate::scheduler::timer::Fired;
use crate::sync::Arc;
use crate::sync::time::Moment;
use crate::task::current;
use crate::task::hand::Hand;
use crate::task::held::Beside;
use crate::task::run::{After, Bench};
use crate::task::{Runnable, Scratch};

/// All workers of a system.
pub(crate) struct Crew {
    scheduler: Arc<Scheduler>,
    workers: Vec<Worker>,
    /// What each worker keeps beside a task that it holds.
    beside: Vec<Cell<Option<Beside>>>,
    /// The block for the next frame, unless an activation is under way.
    scratch: Cell<Option<Scratch>>,
    looked: Cell<Moment>,
}

/// What came of an activation.
#[derive(Debug)]
#[must_use = "the right to run may be in it"]
pub(crate) enum Ran {
    /// The task rests, or has ended.
    Rested,
    /// Its handler waits.
    Waits,
    /// It is held.
    Held,
    /// It has more to do.
    Again(Runnable),
    /// Its handler waits, and has been woken already.
    Woken(Runnable),
}

/// This thread is a worker.
struct Acting {
    worker: *const Worker,
    home: *const Scheduler,
    hand: *const Hand,
}

impl Acting {
    fn begin(worker: &Worker) -> Self {
        Self {
            worker: WORKER.with(|place| place.replace(worker)),
            home: HOME.with(|home| home.replace(Arc::as_ptr(&worker.scheduler))),
            hand: Hand::lend_in_turn(worker.hand()),
        }
    }

    /// A thread of the system's that is no worker.
    fn beside(scheduler: &Arc<Scheduler>) -> Self {
        Self {
            worker: WORKER.with(|place| place.replace(ptr::null())),
            home: HOME.with(|home| home.replace(Arc::as_ptr(scheduler))),
            hand: Hand::lend_in_turn(ptr::null()),
        }
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        WORKER.with(|place| place.set(self.worker));
        HOME.with(|home| home.set(self.home));
        Hand::lend_in_turn(self.hand);
    }
}

impl Crew {
    /// The workers of `scheduler`, who own these queues.
    pub(crate) fn new(scheduler: Arc<Scheduler>, locals: Vec<Local>) -> Self {
        let workers = (0..).zip(locals).map(|(index, local)| Worker::new(Arc::clone(&scheduler), index, local));
        let workers: Vec<_> = workers.collect();
        Self {
            beside: workers.iter().map(|_| Cell::new(None)).collect(),
            workers,
            scheduler,
            scratch: Cell::new(None),
            looked: Cell::new(Moment::from_nanos(0)),
        }
    }

    /// What they share.
    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    /// Hands over all that is scheduled, with the worker that holds another task for it.
    #[inline]
    pub(crate) fn gather(&self, mut take: impl FnMut(Runnable, Option<usize>)) {
        for worker in &self.workers {
            if let Some(task) = worker.hand().next.take() {
                take(task, (!worker.hand().held.is_empty()).then_some(worker.index));
            }
            while let Some(task) = worker.queue.pop().or_else(|| worker.pop_placed()) {
                take(task, None);
            }
            let door = &worker.me().door;
            door.placed.take(usize::MAX, |task| take(task, None));
            door.overflow.take(usize::MAX, |task| take(task, None));
        }
        self.scheduler.outside.take(usize::MAX, |task| take(task, None));
    }

    /// Runs one activation on `worker`. What that worker holds is let go of before, unless it is for this task; and after.
    pub(crate) fn run(&self, worker: usize, task: Runnable, is_held_for: bool) -> Ran {
        let worker = &self.workers[worker];
        let _acting = Acting::begin(worker);
        if !is_held_for {
            self.let_go_of(worker);
        }
        worker.hand().learn_host(&task);
        let scratch = self.scratch.take().unwrap_or_else(Scratch::new);
        let common = &self.scheduler.common;
        if common.slow.is_some() {
            task.trace();
        }
        let mut bench = Bench::new(scratch, common, self.looked.get(), Some(&worker.desk));
        let after = {
            // Who plays may be an actor itself.
            let _aside = current::set_aside();
            task.run(&mut bench)
        };
        let (scratch, looked) = bench.clear();
        self.looked.set(looked);
        self.scratch.set(Some(scratch));
        self.let_go_of(worker);
        match after {
            After::Rested => Ran::Rested,
            After::Waits(waiting) if waiting.is_for(&worker.hand().next) => {
                waiting.hold(&worker.hand().held);
                self.beside[worker.index].set(Some(Beside::take()));
                Ran::Held
            }
            After::Waits(waiting) => waiting.suspend(common).map_or(Ran::Waits, Ran::Woken),
            After::Again(task) | After::Behind(task) => Ran::Again(task),
        }
    }

    /// Suspends what is held. Returns whether anything was.
    pub(crate) fn let_go(&self) -> bool {
        let mut holders = self.workers.iter().filter(|worker| !worker.hand().held.is_empty()).peekable();
        let is_any = holders.peek().is_some();
        holders.for_each(|worker| {
            let _acting = Acting::begin(worker);
            self.let_go_of(worker);
        });
        is_any
    }

    /// Suspends what `worker`, which this thread is, holds.
    fn let_go_of(&self, worker: &Worker) {
        if !worker.hand().held.is_empty() {
            // Another worker may have held something since: on this thread, too.
            self.beside[worker.index].take().into_iter().for_each(Beside::put);
            worker.let_go();
        }
    }

    /// Fires what is due. Returns whether anything may have been.
    #[inline]
    pub(crate) fn fire(&self) -> bool {
        if self.scheduler.timers.earliest().is_none_or(|due| due > self.scheduler.common.clock.now()) {
            return false;
        }
        let _acting = Acting::begin(&self.workers[0]);
        while self.scheduler.fire_timers() != Fired::Nothing {}
        true
    }

    /// When to look after the timers: nothing is due before.
    pub(crate) fn earliest(&self) -> Option<Moment> {
        self.scheduler.timers.earliest()
    }

    /// Whether nothing is scheduled.
    pub(crate) fn is_idle(&self) -> bool {
        let is_idle =
            |worker: &Worker| worker.hand().next.is_empty() && worker.placed.borrow().is_empty() && !worker.sees_work();
        self.workers.iter().all(is_idle)
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.workers.len()
    }
}

/// Runs a closure as one of the system's own threads that is no worker does.
pub(in crate::scheduler) fn run_beside(scheduler: &Arc<Scheduler>, job: impl FnOnce()) {
    let _acting = Acting::beside(scheduler);
    job();
}

impl Drop for Crew {
    fn drop(&mut self) {
        if let Some(worker) = self.workers.first() {
            // This thread has no host any more.
            drop(worker.hand().lend());
        }
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("workers", &self.workers).finish_non_exhaustive()
    }
}
