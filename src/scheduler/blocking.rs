//! A small, bounded pool of threads for closures that block.
//!
//! One lock, one condition variable, no cleverness: a closure that blocks costs more than both. Threads are
//! started when a closure finds none idle, up to the bound, and leave after some idle seconds. They belong to the
//! system: what they send counts as sent from inside, and closing the pool waits for them.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Scheduler, worker};
use crate::sync::Arc;
use crate::sync::lock::{Condvar, Mutex};
use crate::sync::thread::{self, JoinHandle, ThreadId};
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::task::director;

/// How long an idle thread stays.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// A closure, which doesn't unwind.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The pool.
#[derive(Debug)]
pub(crate) struct Blocking {
    name: String,
    most: usize,
    scheduler: Arc<Scheduler>,
    state: Mutex<State>,
    signal: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    idle: usize,
    /// Closures that are running.
    running: usize,
    threads: Vec<(ThreadId, JoinHandle<()>)>,
    closed: bool,
}

impl Blocking {
    pub(crate) fn new(name: String, most: usize, scheduler: Arc<Scheduler>) -> Arc<Self> {
        Arc::new(Self { name, most, scheduler, state: Mutex::new(State::default()), signal: Condvar::new() })
    }

    /// Runs `job` on one of the threads.
    ///
    /// # Errors
    ///
    /// The job back, if the pool is closed or the operating system has no thread for it.
    pub(crate) fn run(self: &Arc<Self>, job: Job) -> Result<(), Job> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(job);
        }
        state.jobs.push_back(job);
        #[cfg(any(corecast_loom, feature = "sim"))]
        if self.scheduler.clock().is_virtual() {
            drop(state);
            let pool = Arc::clone(self);
            director::with(|director| director.job(Box::new(move || pool.work_once())));
            return Ok(());
        }
        if state.idle >= state.jobs.len() {
            self.signal.notify_one();
        } else if state.threads.len() < self.most {
            let pool = Arc::clone(self);
            match thread::spawn(format!("{}-blocking", self.name), move || pool.work()) {
                Ok(thread) => state.threads.push((thread.thread().id(), thread)),
                // A thread that is there will come to it; without any, the job comes back.
                Err(_) if !state.threads.is_empty() => {}
                Err(_) => return state.jobs.pop_back().map_or(Ok(()), Err),
            }
        }
        Ok(())
    }

    /// Whether closures run or wait.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state.lock();
        state.running > 0 || !state.jobs.is_empty()
    }

    /// Drops what waits, and waits for what runs.
    pub(crate) fn close(&self) {
        for (_, thread) in self.detach() {
            let _ = thread.join();
        }
    }

    /// Drops what waits, and lets the threads leave by themselves.
    pub(crate) fn detach(&self) -> Vec<(ThreadId, JoinHandle<()>)> {
        let mut state = self.state.lock();
        state.closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        self.signal.notify_all();
        drop(jobs);
        threads
    }

    /// Runs the first closure that waits, on a thread that plays a simulation.
    #[cfg(any(corecast_loom, feature = "sim"))]
    fn work_once(&self) {
        let mut state = self.state.lock();
        if let Some(job) = state.jobs.pop_front() {
            state.running += 1;
            drop(state);
            worker::crew::run_beside(&self.scheduler, job);
            self.state.lock().running -= 1;
            self.scheduler.announce_lull();
        }
    }

    fn work(&self) {
        worker::enter(&self.scheduler);
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.running += 1;
                drop(state);
                job();
                state = self.state.lock();
                state.running -= 1;
                if state.running == 0 {
                    self.scheduler.announce_lull();
                }
                continue;
            }
            if state.closed {
                return;
            }
            state.idle += 1;
            let timed_out = self.wait(&mut state);
            state.idle -= 1;
            if timed_out && state.jobs.is_empty() {
                let here = thread::current().id();
                state.threads.retain(|(id, _)| *id != here);
                return;
            }
        }
    }

    /// Waits for a job. Returns whether none came for a long time.
    fn wait(&self, state: &mut crate::sync::lock::MutexGuard<'_, State>) -> bool {
        #[cfg(not(corecast_loom))]
        return self.signal.wait_for(state, KEEP_ALIVE).timed_out();
        #[cfg(corecast_loom)]
        return self.signal.wait_for(state, KEEP_ALIVE);
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("threads", &self.threads.len())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
