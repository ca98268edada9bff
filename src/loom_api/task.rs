//! Doors to `crate::task`: the task word, a worker's hand, and an actor under a host of the model's own.

use std::any::Any;
use std::cell::Cell;
use std::time::Duration;

use super::scheduler::Scheduler;
use super::system::Registry;
use crate::actor::reference::{ActorRef, WeakActorRef};
use crate::actor::{Actor, Body, Handler, Message};
use crate::sync::Arc;
use crate::sync::barrier::Barrier;
use crate::sync::time::{Clock, Moment};
use crate::task::charge::{self, Charge, Maker, Making};
use crate::task::checkup::{Checkup, Regimen};
use crate::task::circle::Circle;
use crate::task::handle::Weak;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::lane::Name;
use crate::task::letter::{self, DeadLetter};
use crate::task::lodging::{House, Lodging};
use crate::task::reason::StopReason;
use crate::task::seats::{Desk, Seats};
use crate::task::startup::Startup;
use crate::task::trace::Slow;
use crate::task::typed::Task;
use crate::task::{self, Fittings, Plan, Scratch, SendLimit, current, hand, held, run, state, waits};

/// `state::State`.
pub struct State(state::State);

impl State {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(state::State::new())
    }

    /// Whether the caller schedules.
    #[must_use]
    pub fn wake(&self) -> bool {
        self.0.wake() == state::Woken::Schedule
    }

    /// Whether the caller schedules.
    #[must_use]
    pub fn kill(&self) -> bool {
        self.0.kill() == state::Woken::Schedule
    }

    /// Before the first poll.
    #[must_use]
    pub fn look(&self) -> Seen {
        Seen(self.0.look())
    }

    /// Whether it is suspended; otherwise it was woken meanwhile.
    #[must_use]
    pub fn suspend(&self, seen: Seen) -> bool {
        self.0.suspend(seen.0) == state::Suspend::Suspended
    }

    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.0.is_suspended()
    }

    /// Whether it was suspended, and the caller schedules.
    #[must_use]
    pub fn break_wait(&self) -> bool {
        self.0.break_wait() == Some(state::Woken::Schedule)
    }

    /// Before another poll.
    #[must_use]
    pub fn resume(&self) -> Seen {
        Seen(self.0.resume())
    }
}

/// `state::Snapshot`.
#[derive(Clone, Copy)]
pub struct Seen(state::Snapshot);

impl Seen {
    #[must_use]
    pub fn is_killed(self) -> bool {
        self.0.is_killed()
    }
}

/// `letter::Host`, as far as a model cares.
pub trait Host: Send + Sync + 'static {
    fn schedule(&self, runnable: Runnable);
    fn is_inside(&self) -> bool {
        true
    }
    fn message_failed(&self, cause: &StopReason);
    fn dead_letter(&self, letter: DeadLetter);
    fn actor_failed(&self, reason: &StopReason);
    fn ended(&self);
    fn expire_later(&self, task: Weakly);

    /// A timer is to look at a handler, where that matters.
    fn look_later(&self, _task: Weakly) {}

    /// This handler has taken long; whether it was over.
    fn handler_slow(&self, _what: &'static str, _is_over: bool) {}

    /// Who lives, where that matters.
    fn registry(&self) -> Option<&Registry> {
        None
    }

    /// Who has which name, where that matters.
    fn names(&self) -> Option<&Registry> {
        None
    }

    /// Who keeps the time, where that matters.
    fn timekeeper(&self) -> Option<&Scheduler> {
        None
    }
}

/// Makes a public [`Host`] one of the crate's.
struct Bridge<H>(H, House);

impl<H: Host> letter::Host for Bridge<H> {
    fn schedule(&self, runnable: task::Runnable) {
        self.0.schedule(Runnable(runnable));
    }

    fn is_inside(&self) -> bool {
        self.0.is_inside()
    }

    fn message_failed(&self, _actor: ActorInfo, _message: &'static str, cause: &StopReason, _observed: bool) {
        self.0.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.0.dead_letter(letter);
    }

    fn free_name(&self, name: &str) {
        if let Some(registry) = self.0.names() {
            registry.free_name(name);
        }
    }

    fn actor_failed(&self, _actor: ActorInfo, reason: &StopReason, _observed: bool) {
        self.0.actor_failed(reason);
    }

    fn seats(&self) -> Option<&Seats> {
        self.0.registry().map(Registry::seats)
    }

    fn ended(&self) {
        self.0.ended();
    }

    fn expire_later(&self, task: Weak) {
        self.0.expire_later(Weakly(task));
    }

    fn look_later(&self, task: Weak, _due: Moment) {
        self.0.look_later(Weakly(task));
    }

    fn check_later(&self, task: &Weak, timer: Option<Name>, due: Moment) -> Option<Name> {
        self.0.timekeeper()?.inner().check_later(task, timer, due)
    }

    fn handler_slow(&self, _actor: ActorInfo, slow: Slow) {
        self.0.handler_slow(slow.what, slow.is_over);
    }

    fn send_timeout(&self) -> Option<Duration> {
        None
    }

    fn circle(&self, _member: ActorId, _target: ActorId) -> Option<Circle> {
        None
    }

    fn timekeeper(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let scheduler = self.0.timekeeper()?.shared();
        Some(scheduler)
    }

    fn scheduler(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self.0.timekeeper()?.inner())
    }

    fn house(&self) -> &House {
        &self.1
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `handle::Weak`.
pub struct Weakly(Weak);

impl Weakly {
    pub fn expire(&self) {
        self.0.expire();
    }

    /// `Strong::hold_gate`.
    pub fn hold_gate(&self) {
        self.0.grasp().hold_gate();
    }

    /// Whether the lane of the actor's timers is sealed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.0.is_lane_sealed()
    }

    /// `Weak::bonds`: its watches and links, the notices that wait for it, and those who hear of its end.
    #[must_use]
    pub fn bonds(&self) -> (usize, usize, usize) {
        self.0.bonds()
    }

    /// `Weak::look_at_handler`: as the timer that was armed for it.
    pub fn look_at_handler(&self) {
        self.0.look_at_handler(Clock::new().now());
    }

    /// `Weak::see_to_check`, at this moment.
    pub fn see_to_check(&self, now: u64) {
        self.0.see_to_check(Moment::from_nanos(now));
    }

    /// `Weak::grasp`, until it is dropped.
    pub fn grasp_and_drop(&self) {
        drop(self.0.grasp());
    }
}

/// The memory reference behind an actor's reference.
pub fn weakly<A: Actor>(actor: &ActorRef<A>) -> Weakly {
    Weakly(actor.strong().downgrade())
}

/// `Strong::reason`, without a watcher.
pub fn reason(task: &Weakly) -> Option<StopReason> {
    task.0.reason()
}

/// `runnable::Runnable`.
#[must_use]
pub struct Runnable(pub(super) task::Runnable);

/// `run::After`.
#[must_use]
pub enum After {
    Rested,
    Waits(Waiting),
    Again(Runnable),
    Behind(Runnable),
}

impl After {
    fn of(after: run::After) -> Self {
        match after {
            run::After::Rested => Self::Rested,
            run::After::Waits(waiting) => Self::Waits(Waiting(waiting)),
            run::After::Again(task) => Self::Again(Runnable(task)),
            run::After::Behind(task) => Self::Behind(Runnable(task)),
        }
    }
}

/// `held::Waiting`.
#[must_use]
pub struct Waiting(held::Waiting);

impl Waiting {
    pub fn suspend(self, bench: &Bench) -> Option<Runnable> {
        self.0.suspend(&bench.1).map(Runnable)
    }

    pub fn hold(self, hand: &Hand) {
        self.0.hold(&hand.0.held);
    }
}

/// `hand::Hand`.
pub struct Hand(hand::Hand);

impl Hand {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(hand::Hand::new(Barrier::new()))
    }

    /// `lend`, for as long as `work` takes.
    pub fn lend<R>(&self, work: impl FnOnce() -> R) -> R {
        let _lent = self.0.lend();
        work()
    }

    pub fn learn_host(&self, task: &Runnable) {
        self.0.learn_host(&task.0);
    }

    pub fn put_next(&self, task: Runnable) -> Option<Runnable> {
        self.0.next.put(task.0).map(Runnable)
    }

    pub fn take_next(&self) -> Option<Runnable> {
        self.0.next.take().map(Runnable)
    }

    pub fn has_next(&self) -> bool {
        !self.0.next.is_empty()
    }

    pub fn has_held(&self) -> bool {
        !self.0.held.is_empty()
    }

    pub fn steal_held(&self) -> Option<Runnable> {
        self.0.held.steal().map(Runnable)
    }

    /// `held::let_go`.
    pub fn let_go(&self, bench: &Bench) -> Option<Runnable> {
        held::let_go(&self.0.held, &bench.1).map(Runnable)
    }
}

/// What a worker brings to an activation.
pub struct Bench(Option<Scratch>, Arc<run::Common>, Option<Desk>);

impl Bench {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(None, Arc::new(common()), None)
    }

    /// Of a thread that has the desk of `worker`.
    pub fn with_desk(registry: &Registry, worker: usize) -> Self {
        Self(None, Arc::new(common()), Some(registry.desk(worker)))
    }

    /// `Desk::sit`, or `Seats::sit` where there is none: whether the actor lives now, for nobody has closed the registry.
    #[must_use]
    pub fn seat(&self, registry: &Registry, runnable: &Runnable) -> bool {
        match &self.2 {
            Some(desk) => desk.sit(&runnable.0).is_ok(),
            None => registry.seats().sit(&runnable.0).is_ok(),
        }
    }

    /// In a system that wants to hear of each handler, as soon as it has begun.
    pub fn watched() -> Self {
        Self(None, Arc::new(run::Common { slow: Some(Duration::ZERO), ..common() }), None)
    }

    /// Another worker's of the same system.
    #[must_use]
    pub fn another(&self) -> Self {
        Self(None, Arc::clone(&self.1), None)
    }

    /// `Waits::ask`. The census is asked as long as the returned value lives.
    #[must_use]
    pub fn ask(&self, census: impl Census) -> Asked {
        let census = Arc::new(Count(census)) as Arc<dyn waits::Census>;
        self.1.waits.ask(Arc::downgrade(&census));
        Asked { _census: census }
    }
}

/// A census that is asked.
pub struct Asked {
    _census: Arc<dyn waits::Census>,
}

fn common() -> run::Common {
    run::Common { clock: Clock::new(), waits: waits::Waits::new(), slow: None }
}

/// `waits::Census`, as far as a model cares.
pub trait Census: Send + Sync + 'static {
    fn is_suspended(&self, member: Member) -> bool;
    fn break_wait(&self, member: Member) -> bool;
}

/// Makes a public [`Census`] one of the crate's.
struct Count<C>(C);

impl<C: Census> waits::Census for Count<C> {
    fn is_suspended(&self, actor: ActorId) -> bool {
        self.0.is_suspended(Member::of(actor))
    }

    fn info(&self, actor: ActorId) -> Option<ActorInfo> {
        Some(ActorInfo::new(actor, || "a member", None))
    }

    fn break_wait(&self, actor: ActorId) -> bool {
        self.0.break_wait(Member::of(actor))
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// `waits::Waits`, and whom it asks.
pub struct Waits {
    table: Arc<waits::Waits>,
    /// The table holds it weakly, as it does a system, which owns the table.
    _census: Arc<dyn waits::Census>,
}

impl Waits {
    pub fn new(census: impl Census) -> Self {
        let (table, census) = (Arc::new(waits::Waits::new()), Arc::new(Count(census)) as Arc<dyn waits::Census>);
        table.ask(Arc::downgrade(&census));
        Self { table, _census: census }
    }

    pub fn publish(&self, member: Member, targets: &[Member]) {
        self.table.publish(member.id(), &cells(targets));
    }

    pub fn withdraw(&self, member: Member) {
        self.table.withdraw(member.id());
    }

    pub fn look(&self, member: Member, targets: &[Member]) {
        self.table.look(member.id(), &cells(targets));
    }

    /// Whether there was word of a circle for its present wait.
    #[must_use]
    pub fn take_found(&self, member: Member) -> bool {
        self.table.take_found(member.id()).is_some()
    }

    /// How many circles wait to be heard of.
    pub fn left(&self) -> usize {
        self.table.left()
    }
}

/// An actor by its seat, and whose turn it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member(pub u32, pub u32);

impl Member {
    fn id(self) -> ActorId {
        ActorId::of(self.0, self.1)
    }

    /// The number of an actor that has a seat.
    #[must_use]
    pub fn of(id: ActorId) -> Self {
        Self(id.get() as u32, (id.get() >> 32) as u32)
    }
}

fn cells(members: &[Member]) -> Vec<Cell<ActorId>> {
    members.iter().map(|member| Cell::new(member.id())).collect()
}

/// `Strong::look_at_handler`.
pub fn look_at_handler<A: Actor>(actor: &ActorRef<A>) {
    actor.strong().look_at_handler(Clock::new().now());
}

/// `Strong::is_suspended`.
#[must_use]
pub fn is_suspended<A: Actor>(actor: &ActorRef<A>) -> bool {
    actor.strong().is_suspended()
}

/// `Strong::break_wait`.
#[must_use]
pub fn break_wait<A: Actor>(actor: &ActorRef<A>) -> bool {
    actor.strong().break_wait()
}

impl Runnable {
    /// `Runnable::trace`.
    pub fn trace(&self) {
        self.0.trace();
    }

    /// `Runnable::refuse`.
    pub fn refuse(self) {
        self.0.refuse(&common());
    }

    /// One activation.
    pub fn run(self, bench: &mut Bench) -> After {
        let common = &*bench.1;
        let scratch = bench.0.take().unwrap_or_else(Scratch::new);
        // A host may run what it schedules at once, in the middle of an activation.
        let _aside = current::set_aside();
        let mut whole = run::Bench::new(scratch, common, common.clock.now(), bench.2.as_ref());
        let after = After::of(self.0.run(&mut whole));
        bench.0 = Some(whole.clear().0);
        after
    }
}

/// An actor, placed or not, under a host of its own, and the right to run it for the first time.
pub fn actor<A: Actor>(host: impl Host, placed: Option<u16>, actor: A) -> (ActorRef<A>, Runnable) {
    Shared::new(host).actor(placed, actor)
}

/// The same for one that has a name, or is to have it.
pub fn named<A: Actor>(host: impl Host, name: &str, actor: A) -> (ActorRef<A>, Runnable) {
    let shared = Shared::new(host);
    let fittings = Fittings { name: Some(name.into()), ..Fittings::default() };
    shared.make(Plan { fittings: Some(Box::new(fittings)), ..shared.plan(4) }, actor)
}

/// A host of several actors.
pub struct Shared(Lodging);

impl Shared {
    pub fn new(host: impl Host) -> Self {
        Self(House::open(Arc::new(Bridge(host, House::new()))))
    }

    /// As the function of this name.
    pub fn actor<A: Actor>(&self, placed: Option<u16>, actor: A) -> (ActorRef<A>, Runnable) {
        self.make(Plan { placed, ..self.plan(4) }, actor)
    }

    fn make<A: Actor>(&self, plan: Plan, actor: A) -> (ActorRef<A>, Runnable) {
        let (task, runnable) = Task::create(plan, Body::new(actor));
        (ActorRef::new(task), Runnable(runnable))
    }

    /// A supervised actor with so large a mailbox, and the right to run it for the first time.
    pub fn ward<A: Actor>(
        &self,
        capacity: u32,
        renewal: Renewal,
        overseer: impl Overseer,
        maker: impl Fn() -> A + Send + Sync + 'static,
    ) -> (ActorRef<A>, Runnable) {
        self.ward_of(self.plan(capacity), renewal, overseer, maker)
    }

    /// The same for one with health checks, at moments of the model's own.
    pub fn checked_ward<A: Actor>(
        &self,
        (every, budget): (u64, u64),
        capacity: u32,
        renewal: Renewal,
        overseer: impl Overseer,
        maker: impl Fn() -> A + Send + Sync + 'static,
    ) -> (ActorRef<A>, Runnable) {
        let regimen = Regimen { every: Duration::from_nanos(every), budget: Duration::from_nanos(budget) };
        let fittings = Fittings { checkup: Some(Checkup::new(regimen)), ..Fittings::default() };
        let plan = Plan { fittings: Some(Box::new(fittings)), ..self.plan(capacity) };
        self.ward_of(plan, renewal, overseer, maker)
    }

    fn ward_of<A: Actor>(
        &self,
        plan: Plan,
        renewal: Renewal,
        overseer: impl Overseer,
        maker: impl Fn() -> A + Send + Sync + 'static,
    ) -> (ActorRef<A>, Runnable) {
        let maker = Maker::new(move || Making::Made(Ok(Body::new(maker()))));
        let renewal = match renewal {
            Renewal::Always => charge::Renewal::Always,
            Renewal::AfterFailure => charge::Renewal::AfterFailure,
        };
        let charge = Charge::new(Arc::new(Ear(overseer)), 0, ActorId::UNKNOWN, renewal, maker);
        let (task, runnable) = Task::create_ward(plan, charge);
        (ActorRef::new(task), Runnable(runnable))
    }

    fn plan(&self, capacity: u32) -> Plan {
        let Some(host) = Lodging::with(self.0.house()) else { unreachable!("we lodge there") };
        Plan {
            capacity,
            placed: None,
            keep_alive: false,
            limit: SendLimit::None,
            host,
            startup: Startup::nobody(),
            fittings: None,
        }
    }
}

/// `charge::Renewal`.
#[derive(Clone, Copy)]
pub enum Renewal {
    Always,
    AfterFailure,
}

/// `charge::Report`, of a run that is over its reason.
pub enum Report {
    Up,
    Down(StopReason),
    Ended(StopReason),
}

/// `charge::Overseer`.
pub trait Overseer: Send + Sync + 'static {
    fn hear(&self, report: Report) -> bool;
}

/// Makes a public [`Overseer`] one of the crate's.
struct Ear<O>(O);

impl<O: Overseer> charge::Overseer for Ear<O> {
    fn hear(&self, _: u64, report: charge::Report) -> bool {
        self.0.hear(match report {
            charge::Report::Up => Report::Up,
            charge::Report::Down(down) => Report::Down(down.reason),
            charge::Report::Ended(reason) => Report::Ended(reason),
        })
    }
}

/// `Strong::say`: it begins anew.
pub fn say_renew<A: Actor>(ward: &ActorRef<A>) {
    ward.strong().say(charge::Word::Renew);
}

/// `Strong::say`: it ends for good, for the reason of its last run.
pub fn say_end<A: Actor>(ward: &ActorRef<A>) {
    ward.strong().say(charge::Word::End(None));
}

/// `Strong::recall`.
pub fn recall<A: Actor>(ward: &ActorRef<A>) {
    ward.strong().recall();
}

/// `Strong::cut`.
pub fn cut<A: Actor>(ward: &ActorRef<A>) {
    ward.strong().cut();
}

/// `Strong::dismiss`.
pub fn dismiss<A: Actor>(ward: &ActorRef<A>) {
    ward.strong().dismiss();
}

/// `Strong::stop_for_shutdown`.
pub fn stop_for_shutdown<A: Actor>(actor: &ActorRef<A>) {
    actor.strong().stop_for_shutdown();
}

/// `Strong::is_at_rest`.
#[must_use]
pub fn is_at_rest<A: Actor>(ward: &ActorRef<A>) -> bool {
    ward.strong().is_at_rest()
}

/// `WeakActorRef::signal`.
#[must_use]
pub fn signal<A: Handler<M>, M: Message>(actor: &WeakActorRef<A>, message: M) -> bool {
    actor.signal(message)
}
