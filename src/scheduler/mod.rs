//! The scheduler: workers, their queues, and who sleeps.
//!
//! One worker per core runs activations of tasks. A task that a worker schedules goes into that worker's
//! next-slot and pushes the former one into its deque, which others steal from; what comes from outside goes into
//! a shared inbox; what is placed on a worker goes into that worker's own. How workers fall asleep and are woken
//! without losing work, and without waking anybody for work that is done at once, is in `README.md` beside this
//! file.
//!
//! | file | noun |
//! |---|---|
//! | [`worker`] | the loop, and the thread's own state |
//! | [`queue`] | next-slot and deque |
//! | [`inject`] | the queue that any thread fills |
//! | [`few`] | how long a few wait for their own worker |
//! | [`idle`] | the words of the sleep protocol |
//! | [`driver`] | how a worker waits |
//! | [`owed`] | a wake that is put off |
//! | [`affinity`] | cores |
//! | [`timer`] | what is to be done at a certain time |
//! | [`wheel`] | a timing wheel |
//! | [`fresh`] | slots for limits whose time hasn't begun |
//! | [`pending`] | a wake to come |
//! | [`armed`] | a timer of an actor |
//! | [`living`] | the systems that live |
//! | [`keeper`] | who of the sleepers is up in time |
//! | [`blocking`] | threads for closures that block |

pub(crate) mod affinity;
pub(crate) mod armed;
pub(crate) mod blocking;
mod driver;
mod few;
pub(crate) mod fresh;
pub(crate) mod idle;
pub(crate) mod inject;
pub(crate) mod keeper;
mod living;
pub(crate) mod owed;
pub(crate) mod pending;
pub(crate) mod queue;
#[cfg(all(test, not(corecast_loom)))]
mod tests;
pub(crate) mod timer;
mod wheel;
pub(crate) mod worker;

use std::time::Duration;

use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::barrier::Barrier;
use crate::sync::lock::{Condvar, Mutex};
use crate::sync::padded::Padded;
use crate::sync::parker::Parker;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::sync::stage;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::sync::thread::ThreadId;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::time::{Clock, Moment};
use crate::task::Runnable;
use crate::task::current::{self, Window};
use crate::task::handle::Weak;
use crate::task::identity::ActorId;
use crate::task::lane::Name;
use crate::task::run::Common;
use crate::task::seats::{ClosedError, Seats};
use crate::task::waits::Waits;
use affinity::Placement;
use driver::Driver;
use idle::Idle;
use inject::Inbox;
use keeper::Keeper;
use queue::{Local, Stealable};
use timer::{Action, Fired, Key, Timers};

/// What the workers of one system share. What stands here as it is is read by everybody and hardly ever written; the
/// rest is padded.
#[derive(Debug)]
pub(crate) struct Scheduler {
    /// No other system of this process has or had it.
    number: u64,
    /// The thread whose simulation it is part of.
    #[cfg(any(corecast_loom, feature = "sim"))]
    player: Option<ThreadId>,
    /// Another thread has scheduled something then.
    #[cfg(any(corecast_loom, feature = "sim"))]
    trespassed: AtomicBool,
    workers: Box<[Remote]>,
    /// Tasks that were scheduled by threads which are no workers.
    outside: Padded<Inbox>,
    idle: Padded<Idle>,
    common: Common,
    /// Those of the actors that run here.
    seats: Arc<Seats>,
    timers: Timers,
    keeper: Padded<Keeper>,
    /// What shows which task each worker is running, while its thread is there.
    windows: Mutex<Box<[Option<Window>]>>,
    placement: Placement,
    /// Workers leave when they find nothing to do.
    closing: AtomicBool,
    /// Somebody wants to know when a worker runs out of work.
    watched: AtomicBool,
    lull: Lull,
    closed: Closed,
}

/// What other threads may touch of a worker. On lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Remote {
    queue: Stealable,
    /// How many activations it has begun. Written by the worker alone.
    activations: AtomicU32,
    /// Apart from what the worker writes at each activation.
    door: Padded<Door>,
}

impl Remote {
    /// How many activations it has begun.
    fn ticks(&self) -> u32 {
        // ORDERING: Relaxed; for other threads a hint, as in `Scheduler::activations`.
        self.activations.load(Ordering::Relaxed)
    }
}

/// Where other threads leave something for a worker, or fetch it.
#[derive(Debug)]
struct Door {
    /// What didn't fit into the deque. Others may take it.
    overflow: Inbox,
    /// Tasks that are placed on this worker. Nobody else takes them.
    placed: Inbox,
    driver: Box<dyn Driver>,
}

/// Where somebody waits for a worker to run out of work.
#[derive(Debug)]
struct Lull {
    count: Mutex<u64>,
    signal: Condvar,
}

/// Where somebody waits for the system to close.
#[derive(Debug)]
struct Closed {
    is_so: Mutex<bool>,
    signal: Condvar,
}

impl Closed {
    fn raise(&self) {
        *self.is_so.lock() = true;
        self.signal.notify_all();
    }

    fn wait(&self, most: Duration) -> bool {
        let mut is_so = self.is_so.lock();
        if !*is_so {
            let _ = self.signal.wait_for(&mut is_so, most);
        }
        *is_so
    }
}

/// The threads of a scheduler that has been started.
#[derive(Debug)]
pub(crate) struct Threads(Vec<JoinHandle<()>>);

/// The scheduler of this number, of a system that lives.
pub(crate) fn find(number: u64) -> Option<Arc<Scheduler>> {
    living::find(number)
}

impl Scheduler {
    /// Starts `workers` threads, named after the system. Handlers that last as long as `slow` are told of.
    ///
    /// # Errors
    ///
    /// The operating system's, when it has no thread to give. Threads that were started have ended by then.
    pub(crate) fn start(
        name: &str,
        workers: usize,
        placement: Placement,
        slow: Option<Duration>,
    ) -> std::io::Result<(Arc<Self>, Threads)> {
        let (scheduler, locals) = Self::new(workers, placement, slow);
        let mut threads = Vec::with_capacity(workers);
        for (index, local) in locals.into_iter().enumerate() {
            match worker::start(name, index, local, &scheduler) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    scheduler.close();
                    Threads(threads).join();
                    return Err(error);
                }
            }
        }
        Ok((scheduler, Threads(threads)))
    }

    /// What `workers` threads share, and what each of them owns.
    pub(crate) fn new(workers: usize, placement: Placement, slow: Option<Duration>) -> (Arc<Self>, Vec<Local>) {
        let drivers = (0..workers).map(|_| Box::new(Parker::new()) as Box<dyn Driver>);
        Self::driven_by(drivers.collect(), placement, slow)
    }

    /// The same for workers that wait each in its driver.
    fn driven_by(
        drivers: Vec<Box<dyn Driver>>,
        placement: Placement,
        slow: Option<Duration>,
    ) -> (Arc<Self>, Vec<Local>) {
        let barrier = Barrier::new();
        let workers = drivers.len();
        let (locals, remotes): (Vec<_>, Vec<_>) = drivers
            .into_iter()
            .map(|driver| {
                let (local, queue) = queue::queue(barrier);
                let door = Padded(Door { overflow: Inbox::new(), placed: Inbox::new(), driver });
                (local, Remote { queue, activations: AtomicU32::new(0), door })
            })
            .unzip();
        let clock = Clock::new();
        let scheduler = Arc::new(Self {
            number: living::number(),
            #[cfg(any(corecast_loom, feature = "sim"))]
            player: stage::player(),
            #[cfg(any(corecast_loom, feature = "sim"))]
            trespassed: AtomicBool::new(false),
            workers: remotes.into(),
            outside: Padded(Inbox::new()),
            idle: Padded(Idle::new(workers)),
            common: Common { clock, waits: Waits::new(), slow },
            seats: Seats::new(workers),
            timers: Timers::new(workers, clock),
            keeper: Padded(Keeper::new()),
            windows: Mutex::new((0..workers).map(|_| None).collect()),
            placement,
            closing: AtomicBool::new(false),
            watched: AtomicBool::new(false),
            lull: Lull { count: Mutex::new(0), signal: Condvar::new() },
            closed: Closed { is_so: Mutex::new(false), signal: Condvar::new() },
        });
        living::enter(&scheduler);
        (scheduler, locals)
    }

    /// Puts a task into the queue where it belongs, and wakes whoever has to be woken.
    #[inline]
    pub(crate) fn schedule(&self, runnable: Runnable) {
        let here = worker::here(self);
        match (runnable.placed(), here) {
            (None, Some(here)) => here.schedule_next(runnable),
            (None, None) => {
                self.outside.push(runnable);
                #[cfg(any(corecast_loom, feature = "sim"))]
                self.note_trespass();
                if !owed::put_off(self) {
                    self.wake_one();
                }
            }
            (Some(worker), Some(here)) if here.index() == worker => here.schedule_placed(runnable),
            (Some(worker), _) => {
                let door = &self.workers[worker].door;
                door.placed.push(runnable);
                if self.idle.must_wake(worker) {
                    door.driver.unpark();
                }
            }
        }
    }

    /// Gives a task its seat, and its number with it. Called before it is scheduled for the first time.
    ///
    /// # Errors
    ///
    /// If nobody gets a seat any more.
    #[inline]
    pub(crate) fn seat(&self, runnable: &Runnable) -> Result<(), ClosedError> {
        match worker::here(self) {
            Some(here) => here.desk().sit(runnable),
            None => self.seats.sit(runnable),
        }
    }

    /// Wakes a worker for what was just pushed, if one has to be woken.
    fn wake_one(&self) {
        if let Some(worker) = self.idle.worker_to_wake() {
            self.workers[worker].door.driver.unpark();
        }
    }

    /// Whether a push would leave it to `worker`, or to a searcher, to look.
    #[cfg(corecast_loom)]
    pub(crate) fn relies_on(&self, worker: usize) -> bool {
        self.idle.is_asleep(worker) || self.idle.searchers() != 0
    }

    /// Whether all workers are asleep, or about to be.
    #[cfg(corecast_loom)]
    pub(crate) fn is_asleep(&self) -> bool {
        self.idle.all_asleep()
    }

    /// No other system of this process has or had it.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Where they run.
    pub(crate) fn placement(&self) -> &Placement {
        &self.placement
    }

    /// How long it has been there.
    pub(crate) fn uptime(&self) -> Duration {
        Duration::from_nanos(self.common.clock.now().as_nanos())
    }

    /// What its workers share.
    pub(crate) fn common(&self) -> &Common {
        &self.common
    }

    /// Who lives.
    pub(crate) fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    /// Who waits for whom.
    pub(crate) fn waits(&self) -> &Waits {
        &self.common.waits
    }

    /// The system's clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.common.clock
    }

    /// The moment `after` from now; the far end of time needs no look at the clock.
    pub(crate) fn due(&self, after: Duration) -> Moment {
        if after.as_nanos() >= u128::from(u64::MAX) { Moment::NEVER } else { self.common.clock.now().after(after) }
    }

    /// Does something at `due`: no earlier, and as soon as a worker is free. Returns nothing where that is never.
    ///
    /// # Errors
    ///
    /// The action back, if the system has closed.
    pub(crate) fn arm(&self, due: Moment, action: Action) -> Result<Option<Key>, Action> {
        if due == Moment::NEVER {
            return Ok(None);
        }
        let place = worker::here(self).map_or(self.workers.len(), |worker| worker.index());
        let (key, is_first) = self.timers.arm(place, due, action)?;
        if is_first {
            self.look_after(due);
        }
        Ok(Some(key))
    }

    /// Sees to it that somebody is up at `due`, which this thread has just made the first moment of a wheel.
    fn look_after(&self, due: Moment) {
        // On a worker nobody is woken: it looks at all timers before it sleeps; if it doesn't come to that, the sentinel
        // does.
        if worker::here(self).is_none() && self.idle.has_sleepers_after_all() && !self.keeper.is_up_by(due) {
            self.wake_one();
        }
    }

    /// Fires some of what is due. If there is more, somebody is woken to fire it, too.
    #[inline]
    pub(crate) fn fire_timers(&self) -> Fired {
        match self.timers.due() {
            Some(now) => self.fire(now),
            None => Fired::Nothing,
        }
    }

    #[cold]
    fn fire(&self, now: Moment) -> Fired {
        if self.timers.fire(now) {
            return Fired::All;
        }
        self.wake_one();
        Fired::Some
    }

    /// Expires `task` when `after` has passed.
    pub(crate) fn expire_later(&self, after: Duration, task: Weak) {
        // In a system that has closed nobody is left to run `task`.
        drop(self.arm(self.due(after), Action::Expire(task)));
    }

    /// Looks at `due` how long a handler of this actor's takes.
    pub(crate) fn look_later(&self, due: Moment, task: Weak) {
        // As above.
        drop(self.arm(due, Action::Look(task)));
    }

    /// See [`Host::check_later`](crate::task::letter::Host::check_later).
    pub(crate) fn check_later(&self, task: &Weak, timer: Option<Name>, due: Moment) -> Option<Name> {
        armed::check_later(self, task, timer, due)
    }

    /// Lets the workers leave as soon as they find nothing to do. What waits for its time is done now, if it is a wake,
    /// and dropped otherwise.
    pub(crate) fn close(&self) {
        // First, so that who is woken by it goes elsewhere.
        living::leave(self.number);
        self.timers.close();
        // ORDERING: Relaxed; the token that follows releases it, and a worker looks again when it has got its token.
        self.closing.store(true, Ordering::Relaxed);
        for worker in &self.workers {
            worker.door.driver.unpark();
        }
        if self.common.slow.is_some() {
            self.closed.raise();
        }
    }

    /// Waits until the system has closed, or for `most`. Returns whether it has. Blocking. For systems that want to hear of slow
    /// handlers.
    pub(crate) fn wait_for_close(&self, most: Duration) -> bool {
        self.closed.wait(most)
    }

    /// The activations that each worker has begun.
    pub(crate) fn activations(&self) -> impl Iterator<Item = u32> {
        // ORDERING: Relaxed. For the sentinel it is a hint. `shutdown::is_quiet` has acquired, by the mailbox word of each
        // actor that it found idle, the activations that it came to rest in.
        self.workers.iter().map(Remote::ticks)
    }

    /// The addresses of the tasks that the workers are running, each as it was at some moment of the call.
    pub(crate) fn running(&self) -> Vec<Option<usize>> {
        // What a worker did before is seen, so that no window shows a task that had its address before another one.
        self.seats.catch_up();
        let windows = self.windows.lock();
        // SAFETY: a worker takes its window away, under the lock, before its thread ends.
        let mut running: Vec<_> = windows.iter().map(|window| unsafe { window.as_ref()?.look() }).collect();
        drop(windows);
        if let Some(here) = worker::here(self) {
            // In a simulation a worker has no thread.
            running[here.index()] = current::address();
        }
        running
    }

    /// The numbers of the actors whose handlers the workers are in, as far as those are traced.
    pub(crate) fn traced(&self) -> Vec<ActorId> {
        let windows = self.windows.lock();
        // SAFETY: as above.
        windows.iter().filter_map(|window| unsafe { window.as_ref()?.look_at_traced() }).collect()
    }

    /// The calling thread is this worker from now on, or ceases to be it.
    fn show(&self, worker: usize, window: Option<Window>) {
        self.windows.lock()[worker] = window;
    }

    /// From now on, `wait_for_lull` hears of workers that run out of work.
    pub(crate) fn watch_lulls(&self) {
        // ORDERING: Relaxed; a hint: whoever waits for a lull looks again after a while.
        self.watched.store(true, Ordering::Relaxed);
    }

    /// How many lulls there were; a ticket for `wait_for_lull`.
    pub(crate) fn lulls(&self) -> u64 {
        *self.lull.count.lock()
    }

    /// Waits until there was a lull after `seen`, or for `most`. Blocking.
    pub(crate) fn wait_for_lull(&self, seen: u64, most: Duration) {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if let Some(stage) = self.stage() {
            let until = self.common.clock.now().after(most);
            let is_over = || self.lulls() != seen || self.common.clock.now() >= until;
            if stage.wind_down(&is_over).is_err() {
                // Nobody can act: time passes.
                stage::set_now(stage::now().unwrap_or(Moment::NEVER).after(most));
            }
            return;
        }
        let mut count = self.lull.count.lock();
        if *count == seen {
            let _ = self.lull.signal.wait_for(&mut count, most);
        }
    }

    /// Notes that a thread outside has scheduled something, if that isn't the one that plays it.
    #[cfg(any(corecast_loom, feature = "sim"))]
    fn note_trespass(&self) {
        if self.player.is_some() && self.player != stage::player() {
            // ORDERING: Relaxed; a warning, which may come late.
            self.trespassed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether another thread than the one that plays it has scheduled something.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn was_trespassed(&self) -> bool {
        // ORDERING: Relaxed; as above.
        self.trespassed.load(Ordering::Relaxed)
    }

    /// The simulation that this scheduler is part of, on the thread that plays it.
    #[cfg(any(corecast_loom, feature = "sim"))]
    fn stage(&self) -> Option<std::rc::Rc<dyn stage::Stage>> {
        stage::here().filter(|_| self.common.clock.is_virtual())
    }

    /// Somebody ran out of work, or an actor has ended.
    pub(crate) fn announce_lull(&self) {
        // ORDERING: Relaxed; see `watch_lulls`.
        if self.watched.load(Ordering::Relaxed) {
            *self.lull.count.lock() += 1;
            self.lull.signal.notify_all();
        }
    }
}

impl Threads {
    /// A simulation's.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether there are any.
    pub(crate) fn are_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Starts one more, which is the system's own, but no worker.
    ///
    /// # Errors
    ///
    /// The operating system's, when it has no thread to give.
    pub(crate) fn add(
        &mut self,
        name: &str,
        scheduler: &Arc<Scheduler>,
        work: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let scheduler = Arc::clone(scheduler);
        self.0.push(thread::spawn(format!("{name}-watch"), move || {
            worker::enter(&scheduler);
            work();
        })?);
        Ok(())
    }

    /// Waits for the threads to end. Blocking.
    pub(crate) fn join(self) {
        for thread in self.0 {
            // A worker that panicked has a bug; the others are still waited for.
            let _ = thread.join();
        }
    }
}
