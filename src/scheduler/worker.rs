//! A worker: one thread that runs activations until the system closes.
//!
//! Where it looks for the next task, in this order:
//!
//! 1. after an activation that used up its share, if the last time is long ago: what a stuck worker holds;
//! 2. every 61 activations: the shared queues first, so that nobody starves behind local traffic;
//! 3. its next-slot, at most three times in a row while others wait;
//! 4. its deque and its placed tasks, in turns;
//! 5. what is due of the timers, and what they schedule;
//! 6. its inboxes, then the one for the world outside;
//! 7. the other workers: half of a deque, or of an overflow; a [few](super::few) are left to their worker.
//!
//! Then it sleeps, as the README beside this file explains. While others are awake, one of the sleepers is the
//! sentinel: it wakes up by itself now and then and takes over what a worker holds that makes no progress,
//! because its handler computes for long or blocks the thread.

#[cfg(any(corecast_loom, feature = "sim"))]
pub(crate) mod crew;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr::{self, NonNull};
use std::time::Duration;

use super::few::{Few, is_few};
use super::queue::Local;
use super::timer::Fired;
use super::{Remote, Scheduler, affinity};
use crate::sync::atomic::Ordering;
use crate::sync::deque::register_thief;
use crate::sync::hint::spin_loop;
use crate::sync::limits::{
    BEHIND_RUNS, FIRE_BATCH, NEXT_SLOT_RUNS, QUIET_ROUNDS, RESCUE_INTERVAL, SEARCH_ROUNDS, SHARED_INTERVAL, TAKE_BATCH,
};
use crate::sync::lock::register_sleeper;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::time::{Moment, Random};
use crate::sync::{Arc, local};
use crate::task::current::Window;
use crate::task::hand::Hand;
use crate::task::held;
use crate::task::lodging;
use crate::task::run::{After, Bench};
use crate::task::seats::Desk;
use crate::task::{Runnable, Scratch};

/// Placed tasks that a worker has room for from the start; more call the allocator, now and then.
const PLACED_ROOM: usize = 256;

/// How long a worker that doesn't sleep lets pass between two looks after stuck workers, if its activations last.
const ROUND_NANOS: u64 = 250_000;

/// The sentinel's first and longest rounds.
const VIGIL: (Duration, Duration) = (Duration::from_micros(250), Duration::from_millis(2));

local! {
    /// The worker that this thread is.
    static WORKER: Cell<*const Worker> = Cell::new(ptr::null())
}

local! {
    /// The scheduler whose thread this is: a worker's, or a blocking one's.
    static HOME: Cell<*const Scheduler> = Cell::new(ptr::null())
}

/// What belongs to a worker's thread alone.
pub(crate) struct Worker {
    scheduler: Arc<Scheduler>,
    index: usize,
    /// What the others see of this worker; in `scheduler`.
    me: NonNull<Remote>,
    queue: Local,
    /// Where actors that it spawns get their seats, and leave them at their end.
    desk: Desk,
    /// Tasks placed on this worker, scheduled by itself or taken from its inbox.
    placed: RefCell<VecDeque<Runnable>>,
    /// After which activation the shared queues are looked at, and after stuck workers if a round is due. No activation begins
    /// without a comparison with this one, so it isn't missed.
    next_look: Cell<u32>,
    /// How often they were.
    looks: Cell<u32>,
    /// Runs out of the next-slot since the others had their turn.
    streak: Cell<u32>,
    /// The last activation that was behind, and how many were in a row.
    behind: Cell<(u32, u32)>,
    /// When this worker last looked after stuck ones because its own activations last, and whether it is to do so again.
    round: Cell<Moment>,
    is_round_due: Cell<bool>,
    few: Few,
    searching: Cell<bool>,
    sentinel: Cell<bool>,
    quiet: Cell<u32>,
    vigil: Cell<Duration>,
    /// The activations of each worker when this one last looked.
    seen: RefCell<Vec<u32>>,
    /// The same when it began to search.
    passed: RefCell<Vec<u32>>,
    random: RefCell<Random>,
}

/// Starts worker `index`.
///
/// # Errors
///
/// The operating system's, when it has no thread to give.
pub(super) fn start(
    name: &str,
    index: usize,
    queue: Local,
    scheduler: &Arc<Scheduler>,
) -> std::io::Result<JoinHandle<()>> {
    let scheduler = Arc::clone(scheduler);
    thread::spawn(format!("{name}-{index}"), move || {
        if let Some(core) = scheduler.placement.core(index) {
            affinity::pin(core);
        }
        enter(&scheduler);
        register_thief();
        register_sleeper();
        let worker = Worker::new(scheduler, index, queue);
        WORKER.with(|place| place.set(&raw const worker));
        let lent = worker.hand().lend();
        let abort = AbortOnPanic;
        worker.scheduler.show(index, Some(Window::here()));
        let is_watched = worker.scheduler.common.slow.is_some();
        lodging::keep_stock(|| if is_watched { worker.work_watched() } else { worker.work::<false>() });
        worker.scheduler.show(index, None);
        std::mem::forget(abort);
        drop(lent);
        WORKER.with(|place| place.set(ptr::null()));
        // A limit that was set when the system had closed: what ends with the last actor may have polled something.
        if worker.scheduler.timers.slots(index).are_unseen() {
            worker.scheduler.timers.close();
        }
    })
}

/// Makes this thread one of the system's own.
pub(super) fn enter(scheduler: &Arc<Scheduler>) {
    HOME.with(|home| home.set(Arc::as_ptr(scheduler)));
}

/// Whether this thread is a worker, of whatever system.
#[inline(always)]
pub(crate) fn is_any() -> bool {
    !WORKER.with(Cell::get).is_null()
}

/// Whether this thread is one of the system's own.
pub(crate) fn is_inside(scheduler: &Scheduler) -> bool {
    HOME.with(Cell::get) == ptr::from_ref(scheduler)
}

/// The worker that this thread is, if it is one of `scheduler`'s.
#[inline(always)]
pub(super) fn here(scheduler: &Scheduler) -> Option<&Worker> {
    let worker = WORKER.with(Cell::get);
    // SAFETY: the pointer is set while the worker's loop runs on this thread, and the reference, which isn't
    // `Send`, can't leave the thread.
    let worker = unsafe { worker.as_ref() }?;
    ptr::eq(Arc::as_ptr(&worker.scheduler), scheduler).then_some(worker)
}

/// Runs `look` on the worker that this thread is, of whatever system.
#[inline(always)]
pub(crate) fn with_any<R>(look: impl FnOnce(&Worker) -> R) -> Option<R> {
    let worker = WORKER.with(Cell::get);
    // SAFETY: as in `here`.
    unsafe { worker.as_ref() }.map(look)
}

impl Worker {
    pub(crate) fn new(scheduler: Arc<Scheduler>, index: usize, queue: Local) -> Self {
        let workers = scheduler.workers.len();
        Self {
            me: NonNull::from(&scheduler.workers[index]),
            desk: scheduler.seats.desk(index),
            scheduler,
            index,
            queue,
            placed: RefCell::new(VecDeque::with_capacity(PLACED_ROOM)),
            next_look: Cell::new(SHARED_INTERVAL),
            looks: Cell::new(0),
            streak: Cell::new(0),
            behind: Cell::new((0, 0)),
            round: Cell::new(Moment::from_nanos(0)),
            is_round_due: Cell::new(false),
            few: Few::new(),
            searching: Cell::new(false),
            sentinel: Cell::new(false),
            quiet: Cell::new(0),
            vigil: Cell::new(VIGIL.0),
            seen: RefCell::new(vec![0; workers]),
            passed: RefCell::new(vec![0; workers]),
            random: RefCell::new(Random::new(index as u64 + 1)),
        }
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    #[inline(always)]
    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    #[inline(always)]
    pub(super) fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    #[inline(always)]
    fn me(&self) -> &Remote {
        // SAFETY: in the scheduler's slice of workers, which is never changed and which we keep.
        unsafe { self.me.as_ref() }
    }

    #[inline(always)]
    fn hand(&self) -> &Hand {
        self.me().queue.hand()
    }

    /// Schedules a task that may run anywhere: next on this worker. Nobody is woken for it.
    #[inline(always)]
    pub(crate) fn schedule_next(&self, runnable: Runnable) {
        if let Some(displaced) = self.hand().next.put(runnable) {
            self.push_back(displaced);
        }
    }

    /// Schedules a task that is placed on this worker.
    pub(super) fn schedule_placed(&self, runnable: Runnable) {
        self.placed.borrow_mut().push_back(runnable);
    }

    #[inline(always)]
    fn push_back(&self, runnable: Runnable) {
        if let Err(runnable) = self.queue.push(runnable) {
            self.me().door.overflow.push(runnable);
        }
    }

    /// The same in a system that wants to hear of slow handlers.
    #[cold]
    #[inline(never)]
    fn work_watched(&self) {
        self.work::<true>();
    }

    /// Runs what there is, with a mark on each task if its handlers are WATCHED.
    #[inline(always)]
    fn work<const WATCHED: bool>(&self) {
        let common = &self.scheduler.common;
        let mut bench = Bench::new(Scratch::new(), common, common.clock.now(), Some(&self.desk));
        loop {
            let task = match self.find_here() {
                // By far the most frequent.
                Some(task) => task,
                None => match self.find_or_sleep(&mut bench) {
                    Some(task) => task,
                    None => return,
                },
            };
            if WATCHED {
                task.trace();
            }
            self.execute(task, &mut bench);
        }
    }

    /// Activations that this worker has begun.
    #[inline(always)]
    fn ticks(&self) -> u32 {
        // ORDERING: Relaxed; we alone write it.
        self.me().activations.load(Ordering::Relaxed)
    }

    /// Runs one activation.
    #[inline(always)]
    fn execute(&self, task: Runnable, bench: &mut Bench<'_>) {
        debug_assert!(!self.searching.get(), "whoever finds something has ended its search");
        // ORDERING: Relaxed; see `Scheduler::activations`.
        self.me().activations.store(self.ticks().wrapping_add(1), Ordering::Relaxed);
        let after = task.run(bench);
        self.let_go();
        if !matches!(after, After::Rested) {
            self.see_to(after, bench.looked());
        }
        // One look per activation, not per push.
        self.ask_for_help();
    }

    /// Wakes a sleeper for what waits behind the activation that has just ended, if it could run there sooner.
    #[inline(always)]
    pub(super) fn ask_for_help(&self) {
        if self.queue.may_hold_some()
            && self.scheduler.idle.has_sleepers()
            && !self.queue.is_empty()
            && self.few.wait_long(self.queue.len(), || self.scheduler.common.clock.now())
        {
            self.scheduler.wake_one();
        }
    }

    /// Does what an activation leaves to be done.
    #[inline(always)]
    fn see_to(&self, after: After, looked: Moment) {
        match after {
            After::Rested => {}
            After::Waits(waiting) if waiting.is_for(&self.hand().next) => waiting.hold(&self.hand().held),
            After::Waits(waiting) => self.put_back_woken(waiting.suspend(&self.scheduler.common)),
            After::Again(task) => {
                self.put_back(task);
                // It may have lasted.
                if looked.nanos_since(self.round.get()) > ROUND_NANOS {
                    self.is_round_due.set(true);
                    self.next_look.set(self.ticks());
                }
            }
            After::Behind(task) => self.put_back_behind(task),
        }
    }

    /// Puts a task back that was woken before it could be suspended.
    #[inline(always)]
    fn put_back_woken(&self, task: Option<Runnable>) {
        if let Some(task) = task {
            self.put_back(task);
        }
    }

    /// Suspends the task that is held, if there is one: it has had its one activation.
    #[inline(always)]
    fn let_go(&self) {
        let held = &self.hand().held;
        if !held.is_empty() {
            self.suspend_held();
        }
    }

    #[cold]
    fn suspend_held(&self) {
        self.put_back_woken(held::let_go(&self.hand().held, &self.scheduler.common));
    }

    /// Puts a task back whose next message is claimed but not published.
    #[cold]
    fn put_back_behind(&self, task: Runnable) {
        self.put_back(task);
        // In a row, if the ticks are: then the sender was interrupted between claim and publication. Let it run.
        let (last, row) = self.behind.get();
        let row = if last.wrapping_add(1) == self.ticks() { row + 1 } else { 1 };
        self.behind.set((self.ticks(), row));
        if row > BEHIND_RUNS {
            thread::yield_now();
        }
    }

    /// This worker has found something to do. If nobody else searches, somebody is woken for what else there is.
    #[cold]
    fn end_search(&self) {
        self.searching.set(false);
        if self.scheduler.idle.stop_searching() && self.sees_work() {
            self.scheduler.wake_one();
        }
    }

    fn put_back(&self, task: Runnable) {
        if task.placed().is_some() {
            self.schedule_placed(task);
        } else {
            self.push_back(task);
        }
    }

    /// The next task, and whether another core scheduled it.
    pub(crate) fn find(&self) -> Option<(Runnable, bool)> {
        let found = match self.find_here() {
            Some(task) => Some((task, false)),
            None => self.find_with_care(),
        };
        if found.is_some() && self.searching.get() {
            self.end_search();
        }
        found
    }

    /// The next task, if there is one on this worker, and no time to look elsewhere before.
    #[inline(always)]
    fn find_here(&self) -> Option<Runnable> {
        if self.ticks() == self.next_look.get() { None } else { self.take_here() }
    }

    /// The next task, for a worker that has found [none here](Self::find_here). Sleeps until there is one. Nothing, when the
    /// system has closed.
    #[cold]
    #[inline(never)]
    fn find_or_sleep(&self, bench: &mut Bench<'_>) -> Option<Runnable> {
        loop {
            if let Some((task, is_fed)) = self.find() {
                if is_fed {
                    bench.expect_more();
                }
                return Some(task);
            }
            if !self.sleep() {
                return None;
            }
        }
    }

    /// What waits on this worker: mostly the next-slot. The others have their turn after [`NEXT_SLOT_RUNS`] out of it.
    #[inline(always)]
    fn take_here(&self) -> Option<Runnable> {
        let nobody_waits = || self.queue.is_empty() && self.placed.borrow().is_empty();
        let streak = self.streak.get();
        if (streak < NEXT_SLOT_RUNS || nobody_waits())
            && let Some(task) = self.hand().next.take()
        {
            self.streak.set(if streak < NEXT_SLOT_RUNS { streak + 1 } else { 0 });
            return Some(task);
        }
        self.streak.set(0);
        self.let_go();
        self.take_own()
    }

    /// The same as [`find`](Self::find), where nothing is here; or when it is time to look elsewhere. First after stuck workers, if
    /// a round is due: the shared queues may have something without end.
    #[cold]
    fn find_with_care(&self) -> Option<(Runnable, bool)> {
        if self.ticks() != self.next_look.get() {
            return self.find_elsewhere();
        }
        if self.is_round_due.get()
            && let Some(task) = self.make_a_round()
        {
            self.look_after(1);
            return Some((task, true));
        }
        let here = || self.take_here().map(|task| (task, false));
        self.find_shared().or_else(here).or_else(|| self.find_elsewhere())
    }

    /// What waits on this worker: the deque and the placed tasks in turns, then the next-slot.
    #[inline(always)]
    fn take_own(&self) -> Option<Runnable> {
        // Not at each other activation: while the next-slot is full, this is asked after each fourth alone.
        let local = if (self.ticks() / (NEXT_SLOT_RUNS + 1)).is_multiple_of(2) {
            self.queue.pop().or_else(|| self.pop_placed())
        } else {
            self.pop_placed().or_else(|| self.queue.pop())
        };
        local.or_else(|| self.hand().next.take())
    }

    fn pop_placed(&self) -> Option<Runnable> {
        self.placed.borrow_mut().pop_front()
    }

    /// The shared queues are looked at when so many activations have begun from now on.
    fn look_after(&self, activations: u32) {
        self.next_look.set(self.ticks().wrapping_add(activations));
    }

    /// Looks at the shared queues, and now and then after stuck workers.
    #[cold]
    fn find_shared(&self) -> Option<(Runnable, bool)> {
        self.look_after(SHARED_INTERVAL);
        let looks = self.looks.get().wrapping_add(1);
        self.looks.set(looks);
        if self.fire_timers() == Fired::Some {
            // One activation for each that was fired, then the next ones.
            self.look_after(SHARED_INTERVAL.min(FIRE_BATCH as u32));
        }
        if looks.is_multiple_of(RESCUE_INTERVAL)
            && let Some(task) = self.rescue()
        {
            return Some((task, true));
        }
        self.take_inboxes()
    }

    /// Fires some of what is due.
    fn fire_timers(&self) -> Fired {
        // It may be user code, and take its time: nobody may rely on this worker's search meanwhile.
        if self.searching.get() && self.scheduler.timers.due().is_some() {
            self.end_search();
        }
        self.scheduler.fire_timers()
    }

    /// Takes from the inboxes: a batch into the own queue, the first of it to run. Says whether another core scheduled it.
    fn take_inboxes(&self) -> Option<(Runnable, bool)> {
        let me = self.me();
        let mut first = None;
        me.door.placed.take(TAKE_BATCH, |task| self.placed.borrow_mut().push_back(task));
        let mut keep = |task| {
            if first.is_none() {
                first = Some(task);
            } else {
                self.push_back(task);
            }
        };
        // One at a time from the own overflow while the deque is full, or it would go round in circles.
        let room = if self.queue.is_empty() { TAKE_BATCH } else { 1 };
        let share = |waiting: usize| waiting.clamp(1, room);
        let own = me.door.overflow.take(share(TAKE_BATCH), &mut keep);
        if own == 0 {
            // A fair share: others are about to look for work, too.
            self.scheduler.outside.take(share(self.scheduler.outside.len() / self.scheduler.workers.len() + 1), keep);
        }
        first.or_else(|| self.pop_placed()).map(|task| (task, own == 0))
    }

    /// Has nothing to do: fires what is due, then searches.
    #[cold]
    fn find_elsewhere(&self) -> Option<(Runnable, bool)> {
        // What a batch of timers schedules here, or anything else, comes before the next batch.
        while self.fire_timers() != Fired::Nothing {
            if let Some(task) = self.take_own() {
                return Some((task, false));
            }
            if let Some(found) = self.take_inboxes() {
                return Some(found);
            }
        }
        let found = self.search()?;
        self.hand().learn_host(&found.0);
        Some(found)
    }

    /// Searches everywhere else, for a few microseconds.
    fn search(&self) -> Option<(Runnable, bool)> {
        if let Some(found) = self.take_inboxes() {
            return Some(found);
        }
        if self.scheduler.workers.len() > 1 && !self.searching.get() {
            self.searching.set(self.scheduler.idle.start_searching());
        }
        self.note_activations();
        for round in 1..=SEARCH_ROUNDS {
            if let Some(found) = self.take_inboxes() {
                return Some(found);
            }
            if self.searching.get()
                && let Some(task) = self.steal(round == SEARCH_ROUNDS)
            {
                return Some((task, true));
            }
            spin_loop();
        }
        None
    }

    /// Notes how far everybody is.
    pub(super) fn note_activations(&self) {
        for (seen, now) in self.passed.borrow_mut().iter_mut().zip(self.scheduler.activations()) {
            *seen = now;
        }
    }

    /// Takes half of what some other worker has waiting. A few are its own, unless the search has `lasted` and it has begun
    /// no activation meanwhile.
    pub(super) fn steal(&self, lasted: bool) -> Option<Runnable> {
        let workers = &self.scheduler.workers;
        let start = self.random.borrow_mut().below(workers.len());
        (0..workers.len())
            .map(|offset| (start + offset) % workers.len())
            .filter(|&victim| victim != self.index)
            .find_map(|victim| {
                let passed = self.passed.borrow()[victim];
                let victim = &workers[victim];
                let may_take = !is_few(victim.queue.len()) || (lasted && victim.ticks() == passed);
                let stolen = if may_take { victim.queue.steal_half(&self.queue) } else { None };
                stolen.or_else(|| {
                    let mut first = None;
                    victim.door.overflow.take(TAKE_BATCH, |task| match first {
                        None => first = Some(task),
                        Some(_) => self.push_back(task),
                    });
                    first
                })
            })
    }

    /// Looks after stuck workers: nobody else may, since whoever would sleep in rounds is awake.
    #[cold]
    fn make_a_round(&self) -> Option<Runnable> {
        self.is_round_due.set(false);
        self.round.set(self.scheduler.common.clock.now());
        self.rescue()
    }

    /// Takes the next task of a worker that has begun no activation since the last look, or half of its deque.
    pub(super) fn rescue(&self) -> Option<Runnable> {
        let mut seen = self.seen.borrow_mut();
        let mut found = None;
        for (victim, (seen, now)) in seen.iter_mut().zip(self.scheduler.activations()).enumerate() {
            let stuck = std::mem::replace(seen, now) == now;
            let victim = &self.scheduler.workers[victim];
            if found.is_none() && stuck && !ptr::eq(victim, self.me()) {
                let hand = victim.queue.hand();
                let next = if hand.is_empty() { None } else { hand.steal() };
                found = next.or_else(|| victim.queue.steal_half(&self.queue));
            }
        }
        // A placed task may be held, but run by its worker only.
        let elsewhere = found.take_if(|task| task.placed().is_some());
        if let Some(task) = elsewhere {
            self.scheduler.schedule(task);
        }
        found
    }

    /// Whether there is work that this worker could get at, and that its owner doesn't come to by itself.
    pub(super) fn sees_work(&self) -> bool {
        let me = self.me();
        !me.door.placed.is_empty()
            || !self.scheduler.outside.is_empty()
            || self
                .scheduler
                .workers
                .iter()
                .any(|worker| !is_few(worker.queue.len()) || !worker.door.overflow.is_empty())
    }

    /// Sleeps until there is work. Returns false when the system has closed.
    #[cold]
    pub(crate) fn sleep(&self) -> bool {
        let scheduler = &*self.scheduler;
        let mut all = scheduler.idle.fall_asleep(self.index, self.searching.replace(false));
        let mut running = true;
        loop {
            // RECHECK: work may have been pushed before this worker was listed as asleep.
            if self.sees_work() {
                break;
            }
            // ORDERING: Relaxed; `close` leaves a token after it, without which we don't get past `park`.
            if scheduler.closing.load(Ordering::Relaxed) {
                running = false;
                break;
            }
            scheduler.announce_lull();
            // What is due is done by somebody who isn't listed as asleep: wakers, errands and drops are user code.
            let Some(deadline) = self.bedtime() else { break };
            self.me().door.driver.park(self.vigilance(all, deadline));
            // Before the next read-modify-write of `asleep`, or somebody would rely on one who keeps the time no more.
            scheduler.keeper.leave(self.index);
            if !scheduler.idle.is_asleep(self.index) {
                break;
            }
            if self.sentinel.get()
                && let Some(task) = self.rescue()
            {
                self.vigil.set(VIGIL.0);
                self.schedule_next(task);
                break;
            }
            all = scheduler.idle.all_asleep();
        }
        if self.sentinel.replace(false) {
            scheduler.idle.dismiss_sentinel();
        }
        let woken = scheduler.idle.wake_up(self.index);
        self.searching.set(woken);
        self.few.forget();
        if running && scheduler.workers.len() > 1 {
            // Somebody who sleeps should look after this worker.
            if let Some(sentinel) = scheduler.idle.sentinel_to_wake() {
                scheduler.workers[sentinel].door.driver.unpark();
            }
        }
        running
    }

    /// How long this worker may sleep if it is to keep the time, or for good; nothing if something is due.
    fn bedtime(&self) -> Option<Option<Duration>> {
        let Some(due) = self.scheduler.timers.earliest() else { return Some(None) };
        let now = self.scheduler.common.clock.now();
        // RECHECK: it may have been armed before this worker was listed as asleep.
        if due <= now {
            return None;
        }
        Some(self.scheduler.keeper.keep(self.index, due).then(|| due.until(now)))
    }

    /// How long to sleep: for good, to a deadline, or for one round of the sentinel's.
    fn vigilance(&self, all: bool, deadline: Option<Duration>) -> Option<Duration> {
        let idle = &self.scheduler.idle;
        if self.scheduler.workers.len() == 1 {
            return deadline;
        }
        if !self.sentinel.get() {
            if !idle.become_sentinel() {
                return deadline;
            }
            self.sentinel.set(true);
            self.quiet.set(0);
        }
        self.quiet.set(if all { self.quiet.get() + 1 } else { 0 });
        if self.quiet.get() > QUIET_ROUNDS {
            self.sentinel.set(false);
            idle.dismiss_sentinel();
            // RECHECK: a worker that was woken before the dismissal relied on it.
            if !idle.all_asleep() {
                self.sentinel.set(idle.become_sentinel());
            }
            self.quiet.set(0);
            if !self.sentinel.get() {
                self.vigil.set(VIGIL.0);
                return deadline;
            }
        }
        let round = self.vigil.get();
        self.vigil.set((round * 2).min(VIGIL.1));
        Some(deadline.map_or(round, |deadline| deadline.min(round)))
    }
}

/// Ends the process when a worker's own code panics: its queues would be lost, silently.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        #[cfg(corecast_loom)]
        crate::sync::explore::last_word();
        eprintln!("corecast: a worker panicked outside of user code; this is a defect of corecast");
        std::process::abort();
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).finish_non_exhaustive()
    }
}
