//! Doors to `crate::scheduler`, and to the parker that its workers sleep in.

use std::task::Waker;
use std::time::Duration;

use super::task::Runnable;
use crate::scheduler::affinity::Placement;
use crate::scheduler::{self, fresh, idle, inject, keeper, pending, queue, timer, worker};
use crate::sync::barrier::Barrier;
use crate::sync::time::{Clock, Moment};
use crate::sync::{Arc, parker};

/// `parker::block_on`.
pub fn block_on<F: Future>(future: F) -> F::Output {
    parker::block_on(future)
}

/// `parker::Parker`.
pub struct Parker(parker::Parker);

impl Parker {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(parker::Parker::new())
    }

    pub fn park(&self) {
        self.0.park(None);
    }

    /// With a timeout that comes at once.
    pub fn park_briefly(&self) {
        self.0.park(Some(Duration::ZERO));
    }

    pub fn unpark(&self) {
        self.0.unpark();
    }
}

/// `inject::Inbox`.
pub struct Inbox(inject::Inbox);

impl Inbox {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(inject::Inbox::new())
    }

    pub fn push(&self, runnable: Runnable) {
        self.0.push(runnable.0);
    }

    pub fn take(&self, most: usize, mut each: impl FnMut(Runnable)) -> usize {
        self.0.take(most, |runnable| each(Runnable(runnable)))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `queue::Local`.
pub struct Local(queue::Local);

/// `queue::Stealable`.
pub struct Stealable(queue::Stealable);

/// `queue::queue`.
pub fn queue() -> (Local, Stealable) {
    let (local, stealable) = queue::queue(Barrier::new());
    (Local(local), Stealable(stealable))
}

impl Local {
    pub fn push(&self, runnable: Runnable) -> Result<(), Runnable> {
        self.0.push(runnable.0).map_err(Runnable)
    }

    pub fn pop(&self) -> Option<Runnable> {
        self.0.pop().map(Runnable)
    }
}

impl Stealable {
    pub fn put_next(&self, runnable: Runnable) -> Option<Runnable> {
        self.0.hand().next.put(runnable.0).map(Runnable)
    }

    pub fn take_next(&self) -> Option<Runnable> {
        self.0.hand().next.take().map(Runnable)
    }

    pub fn steal_next(&self) -> Option<Runnable> {
        self.0.hand().next.steal().map(Runnable)
    }

    pub fn has_next(&self) -> bool {
        !self.0.hand().next.is_empty()
    }

    pub fn steal_half(&self, to: &Local) -> Option<Runnable> {
        self.0.steal_half(&to.0).map(Runnable)
    }
}

/// `idle::Idle`.
pub struct Idle(idle::Idle);

impl Idle {
    pub fn new(workers: usize) -> Self {
        Self(idle::Idle::new(workers))
    }

    pub fn worker_to_wake(&self) -> Option<usize> {
        self.0.worker_to_wake()
    }

    pub fn has_sleepers_after_all(&self) -> bool {
        self.0.has_sleepers_after_all()
    }

    pub fn must_wake(&self, worker: usize) -> bool {
        self.0.must_wake(worker)
    }

    pub fn start_searching(&self) -> bool {
        self.0.start_searching()
    }

    #[must_use]
    pub fn stop_searching(&self) -> bool {
        self.0.stop_searching()
    }

    pub fn fall_asleep(&self, worker: usize, searching: bool) -> bool {
        self.0.fall_asleep(worker, searching)
    }

    pub fn wake_up(&self, worker: usize) -> bool {
        self.0.wake_up(worker)
    }

    pub fn all_asleep(&self) -> bool {
        self.0.all_asleep()
    }

    pub fn become_sentinel(&self) -> bool {
        self.0.become_sentinel()
    }

    pub fn dismiss_sentinel(&self) {
        self.0.dismiss_sentinel();
    }

    pub fn sentinel_to_wake(&self) -> Option<usize> {
        self.0.sentinel_to_wake()
    }
}

/// `timer::Timers`, in ticks.
pub struct Timers(timer::Timers);

/// `timer::Key`.
#[derive(Clone, Copy)]
pub struct Key(timer::Key);

/// A closure as an errand.
struct Call<F>(F);

impl<F: FnOnce() + Send> timer::Errand for Call<F> {
    fn run(self: Box<Self>) {
        self.0();
    }
}

impl Timers {
    pub fn new(workers: usize) -> Self {
        Self(timer::Timers::new(workers, Clock::new()))
    }

    /// Whether it is the first of its wheel now.
    pub fn call(&self, place: usize, tick: u64, call: impl FnOnce() + Send + 'static) -> Option<(Key, bool)> {
        let action = timer::Action::Run(Box::new(Call(call)));
        self.0.arm(place, moment(tick), action).ok().map(|(key, is_first)| (Key(key), is_first))
    }

    pub fn wake(&self, place: usize, tick: u64, waker: Waker) -> Option<Key> {
        self.0.arm(place, moment(tick), timer::Action::Wake(waker)).ok().map(|(key, _)| Key(key))
    }

    /// Whether there was anything to take back.
    pub fn disarm(&self, key: Key) -> bool {
        self.0.disarm(key.0).is_some()
    }

    /// Whether it hasn't fired; then it wakes `waker` now.
    pub fn renew(&self, key: Key, waker: &Waker) -> bool {
        self.0.renew(key.0, waker)
    }

    pub fn earliest(&self) -> Option<u64> {
        self.0.earliest().map(|moment| moment.as_nanos() >> 16)
    }

    /// Fires a batch of each wheel. Whether that was all.
    pub fn fire(&self, tick: u64) -> bool {
        self.0.fire(moment(tick))
    }

    pub fn close(&self) {
        self.0.close();
    }
}

/// `keeper::Keeper`, in ticks.
pub struct Keeper(keeper::Keeper);

impl Keeper {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(keeper::Keeper::new())
    }

    pub fn keep(&self, worker: usize, until: u64) -> bool {
        self.0.keep(worker, moment(until))
    }

    pub fn leave(&self, worker: usize) {
        self.0.leave(worker);
    }

    pub fn is_up_by(&self, due: u64) -> bool {
        self.0.is_up_by(moment(due))
    }
}

/// `fresh::Number`, and whose it is.
pub struct Limit(usize, fresh::Number);

impl Timers {
    /// `Slots::arm`: a limit of no length, which is due when its time begins. The caller is `worker`.
    pub fn limit(&self, worker: usize, waker: &Waker) -> Option<Limit> {
        // SAFETY: the caller is the worker.
        let number = unsafe { self.0.slots(worker).arm(0, waker) };
        number.map(|number| Limit(worker, number))
    }

    pub fn take_back(&self, Limit(worker, number): Limit) {
        // SAFETY: the number is from there.
        unsafe { self.0.take_back(worker, number) }
    }

    /// Whether it hasn't fired; then it wakes `waker` now.
    pub fn renew_limit(&self, Limit(worker, number): &Limit, waker: &Waker) -> bool {
        // SAFETY: as above.
        unsafe { self.0.renew_slot(*worker, number, waker) }
    }
}

fn moment(tick: u64) -> Moment {
    Moment::from_nanos(tick << 16)
}

/// `scheduler::Scheduler`, with its threads.
pub struct Scheduler(Arc<scheduler::Scheduler>);

/// `scheduler::Threads`.
pub struct Threads(scheduler::Threads);

/// `worker::Worker`, driven by hand.
pub struct Worker(worker::Worker);

/// What two workers share, and the two.
pub fn two_workers() -> (Arc<Scheduler>, [(Arc<Scheduler>, usize, Local); 2]) {
    let (scheduler, locals) = scheduler::Scheduler::new(2, Placement::Free, None);
    let scheduler = Arc::new(Scheduler(scheduler));
    let mut parts = locals.into_iter().enumerate().map(|(index, local)| (scheduler.clone(), index, Local(local)));
    let parts = std::array::from_fn(|_| parts.next().unwrap());
    (scheduler, parts)
}

impl Worker {
    /// On the thread that it is for.
    pub fn new((scheduler, index, local): (Arc<Scheduler>, usize, Local)) -> Self {
        Self(worker::Worker::new(scheduler.0.clone(), index, local.0))
    }

    pub fn sleep(&self) -> bool {
        self.0.sleep()
    }

    pub fn find(&self) -> Option<Runnable> {
        self.0.find().map(|(runnable, _)| Runnable(runnable))
    }

    pub fn schedule_next(&self, runnable: Runnable) {
        self.0.schedule_next(runnable.0);
    }
}

impl Scheduler {
    pub fn start(workers: usize) -> (Arc<Self>, Threads) {
        let (scheduler, threads) = scheduler::Scheduler::start("model", workers, Placement::Free, None).unwrap();
        (Arc::new(Self(scheduler)), Threads(threads))
    }

    pub(super) fn shared(&self) -> Arc<scheduler::Scheduler> {
        Arc::clone(&self.0)
    }

    pub(super) fn inner(&self) -> &scheduler::Scheduler {
        &self.0
    }

    pub fn schedule(&self, runnable: Runnable) {
        self.0.schedule(runnable.0);
    }

    /// `arm`, for a time that has come.
    pub fn arm_due(&self, call: impl FnOnce() + Send + 'static) {
        let action = timer::Action::Run(Box::new(Call(call)));
        assert!(self.0.arm(moment(0), action).is_ok(), "it isn't closed");
    }

    pub fn relies_on(&self, worker: usize) -> bool {
        self.0.relies_on(worker)
    }

    /// `Worker::find_shared`, as far as timers go.
    pub fn fire(&self) {
        let _ = self.0.fire_timers();
    }

    pub fn close(&self) {
        self.0.close();
    }

    /// `running`.
    pub fn running(&self) -> Vec<Option<usize>> {
        self.0.running()
    }
}

/// `pending::Pending`.
pub struct Pending(pending::Pending);

impl Pending {
    /// `pending::anywhere`, in an hour.
    pub fn anywhere(home: Option<&Scheduler>, waker: &Waker) -> Option<Self> {
        let home = home.map(Scheduler::shared);
        pending::anywhere(home, Duration::from_secs(3_600), waker).map(Self)
    }

    /// Whether it hasn't woken anybody; then it wakes `waker` now.
    pub fn renew(&self, waker: &Waker) -> bool {
        self.0.renew(waker)
    }

    pub fn is_lost(&self) -> bool {
        self.0.is_lost()
    }
}

impl Threads {
    pub fn join(self) {
        self.0.join();
    }
}
