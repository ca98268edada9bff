//! What the parts of a system share: the host of its actors.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use super::observer::{ActorFailure, MessageFailure, Observer, SlowHandler};
use super::registry::Registry;
use super::shutdown::Progress;
use super::snapshot::{self, Activity};
use crate::broker::MessageBroker;
use crate::broker::groups::Groups;
use crate::scheduler::blocking::Blocking;
use crate::scheduler::{Scheduler, Threads, worker};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::lock::Mutex;
use crate::sync::time::Moment;
use crate::sync::unwind::guard;
use crate::task::Runnable;
use crate::task::circle::Circle;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::task::director;
use crate::task::handle::Weak;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::lane::Name;
use crate::task::letter::{DeadLetter, Host};
use crate::task::lodging::{House, Lodging};
use crate::task::reason::StopReason;
use crate::task::seats::Seats;
use crate::task::trace::Slow;
use crate::task::waits::Census;

/// A system's inside. Actors hold it, and so do its threads.
pub(crate) struct Core {
    pub(super) name: String,
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) blocking: Arc<Blocking>,
    pub(super) registry: Registry,
    /// Emptied when the last actor has ended: a retained event may hold a reference to one, which holds this.
    pub(super) broker: MessageBroker,
    /// The same: members are kept alive.
    pub(super) groups: Groups,
    /// Who hears of failures, until the last actor has ended: an observer may hold references to actors, which hold
    /// this.
    observer: Mutex<Option<Arc<dyn Observer>>>,
    pub(super) shutdown_deadline: Duration,
    pub(super) post_stop_deadline: Duration,
    pub(super) send_timeout: Option<Duration>,
    /// Spawns from outside are refused.
    pub(super) refusing: AtomicBool,
    /// The workers leave when the last actor has ended.
    pub(super) leaving: AtomicBool,
    pub(super) progress: Mutex<Progress>,
    pub(super) threads: Mutex<Option<Threads>>,
    /// The core of each worker.
    pub(super) cores: Box<[Option<usize>]>,
    dead_letters: AtomicU64,
    /// Who keeps this: the system, and its actors' cells.
    pub(super) house: House,
}

/// What a core is made with.
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) threads: Threads,
    pub(super) blocking: Arc<Blocking>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) shutdown_deadline: Duration,
    pub(super) post_stop_deadline: Duration,
    pub(super) send_timeout: Option<Duration>,
}

impl Core {
    /// A core, and what keeps it.
    pub(super) fn new(parts: Parts) -> (Arc<Self>, Lodging) {
        let placement = parts.scheduler.placement();
        let cores = (0..parts.scheduler.workers()).map(|worker| placement.core(worker)).collect();
        let registry = Registry::new(Arc::clone(parts.scheduler.seats()));
        let core = Arc::new(Self {
            cores,
            name: parts.name,
            scheduler: parts.scheduler,
            blocking: parts.blocking,
            registry,
            broker: MessageBroker::new(),
            groups: Groups::new(),
            observer: Mutex::new(Some(parts.observer)),
            shutdown_deadline: parts.shutdown_deadline,
            post_stop_deadline: parts.post_stop_deadline,
            send_timeout: parts.send_timeout,
            refusing: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            progress: Mutex::new(Progress::default()),
            threads: Mutex::new(Some(parts.threads)),
            dead_letters: AtomicU64::new(0),
            house: House::new(),
        });
        let census: Arc<dyn Census> = core.clone();
        core.scheduler.waits().ask(Arc::downgrade(&census));
        let lodging = House::open(core.clone());
        (core, lodging)
    }

    /// The core that hosts an actor.
    #[inline]
    pub(super) fn of(host: &dyn Host) -> &Self {
        Self::found(host).unwrap_or_else(|| unreachable!("a system's actors are hosted by its core"))
    }

    /// The core that a host is, if it is one.
    #[inline]
    pub(super) fn found(host: &dyn Host) -> Option<&Self> {
        host.as_any().downcast_ref()
    }

    /// Ends an actor that was never scheduled.
    pub(super) fn refuse(&self, runnable: Runnable) {
        runnable.refuse(self.scheduler.common());
    }

    pub(super) fn dead_letters(&self) -> u64 {
        // ORDERING: Relaxed; a count for people.
        self.dead_letters.load(Ordering::Relaxed)
    }

    /// The observer, to be called without the lock.
    fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.observer.lock().clone()
    }

    /// Lets go of the observer and of what the registry, the broker and the groups hold: nobody is left to be heard of.
    pub(super) fn dismiss_observer(&self) {
        self.registry.let_go();
        let observer = self.observer.lock().take();
        // UNWIND: its drop is user code, and so are those of filters and retained events.
        let _ = guard(|| drop(observer));
        let _ = guard(|| self.broker.close());
        let _ = guard(|| self.groups.close());
    }

    /// Whether spawns by the calling thread are refused.
    pub(super) fn refuses_spawns(&self) -> bool {
        // ORDERING: Acquire pairs with shutdown's Release; a spawn that misses it is seen by the shutdown's sweep, or
        // refused by the registry.
        self.refusing.load(Ordering::Acquire) && !worker::is_inside(&self.scheduler)
    }
}

impl Host for Core {
    #[inline]
    fn schedule(&self, runnable: Runnable) {
        self.scheduler.schedule(runnable);
    }

    fn is_inside(&self) -> bool {
        worker::is_inside(&self.scheduler)
    }

    fn message_failed(&self, actor: ActorInfo, message: &'static str, cause: &StopReason, observed: bool) {
        if let Some(observer) = self.observer() {
            observer.message_failed(&MessageFailure::new(actor, message, cause.clone(), observed));
        }
    }

    fn dead_letter(&self, letter: DeadLetter) {
        #[cfg(any(corecast_loom, feature = "sim"))]
        director::with(|director| director.left_over(&letter));
        // ORDERING: Relaxed; a count for people.
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
        if let Some(observer) = self.observer() {
            observer.dead_letter(letter);
        }
    }

    fn free_name(&self, name: &str) {
        self.registry.free_name(name);
    }

    fn actor_failed(&self, actor: ActorInfo, reason: &StopReason, observed: bool) {
        #[cfg(any(corecast_loom, feature = "sim"))]
        director::with(|director| director.failed(&actor, reason));
        if let Some(observer) = self.observer() {
            observer.actor_failed(&ActorFailure::new(actor, reason.clone(), observed));
        }
    }

    fn seats(&self) -> Option<&Seats> {
        Some(self.registry.seats())
    }

    fn ended(&self) {
        // ORDERING: Acquire pairs with the Release of whoever closes the system, who has closed the registry before. Who
        // doesn't see it has left its seat before the other looks whether anybody lives: leaving it passes a barrier.
        if self.leaving.load(Ordering::Acquire) && self.registry.len() == 0 {
            self.scheduler.close();
            self.dismiss_observer();
        }
        self.scheduler.announce_lull();
    }

    fn expire_later(&self, task: Weak) {
        self.scheduler.expire_later(self.post_stop_deadline, task);
    }

    fn look_later(&self, task: Weak, due: Moment) {
        self.scheduler.look_later(due, task);
    }

    fn check_later(&self, task: &Weak, timer: Option<Name>, due: Moment) -> Option<Name> {
        self.scheduler.check_later(task, timer, due)
    }

    fn handler_slow(&self, actor: ActorInfo, slow: Slow) {
        if let Some(observer) = self.observer() {
            let doing = self.registry.find_by_id(actor.id()).map(|actor| snapshot::activity(self, &actor));
            observer.handler_slow(&SlowHandler::new(actor, slow, doing.unwrap_or(Activity::Idle)));
        }
    }

    fn send_timeout(&self) -> Option<Duration> {
        self.send_timeout
    }

    fn circle(&self, member: ActorId, target: ActorId) -> Option<Circle> {
        self.scheduler.waits().circle(member, target)
    }

    fn timekeeper(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let scheduler = Arc::clone(&self.scheduler);
        Some(scheduler)
    }

    fn scheduler(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(&*self.scheduler)
    }

    fn house(&self) -> &House {
        &self.house
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Census for Core {
    fn is_suspended(&self, actor: ActorId) -> bool {
        self.registry.find_by_id(actor).is_some_and(|actor| actor.is_suspended())
    }

    fn info(&self, actor: ActorId) -> Option<ActorInfo> {
        Some(self.registry.find_by_id(actor)?.info())
    }

    fn break_wait(&self, actor: ActorId) -> bool {
        self.registry.find_by_id(actor).is_some_and(|actor| actor.break_wait())
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("name", &self.name).finish_non_exhaustive()
    }
}
